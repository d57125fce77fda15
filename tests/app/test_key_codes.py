"""Codes as they were seen from OpenCV's window under X11, and as its sources have them for macOS and Windows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.app.key_codes import read_key

SYSTEMS = ("linux", "darwin", "win32")


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize(
    ("code", "key"), [(27, "escape"), (32, "space"), (ord("a"), "a"), (ord("A"), "a"), (ord("7"), "7"), (ord("?"), "?")]
)
def test_ascii_is_the_same_on_each_system(system: str, code: int, key: str) -> None:
    assert read_key(code, system, "cp1251") == key


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("code", [-1, -55, 0, 8, 9, 13, 127])
def test_no_key_and_keys_without_a_character_are_none(system: str, code: int) -> None:
    assert read_key(code, system, "cp1252") is None


@pytest.mark.parametrize(
    ("code", "key"),
    [
        # Cyrillic of both cases, Greek, Hebrew, Arabic; letters without an old keysym
        (0x6CA, "й"),
        (0x6EA, "й"),
        (0x6A4, "є"),
        (0x6A6, "\N{CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I}"),
        (0x7F2, "\N{GREEK SMALL LETTER SIGMA}"),
        (0x7D2, "\N{GREEK SMALL LETTER SIGMA}"),
        (0x7F3, "\N{GREEK SMALL LETTER FINAL SIGMA}"),
        (0xCF9, "ש"),
        (0x5CB, "ث"),
        (0x100FEFB, "\ufefb"),
        (0x100067E, "پ"),
        # A keypad with Num Lock and without
        (0xFFB7, "7"),
        (0xFF95, "7"),
        (0xFF9E, "0"),
        (0xFFAB, "+"),
        (0xFFAD, "-"),
        (0xFFAE, "."),
        (0xFF9F, "."),
        (0xFFAC, ","),
        # Left, Home, Delete, Shift, F1; a mark of the Cyrillic page; an accent
        (0xFF51, None),
        (0xFF50, None),
        (0xFFFF, None),
        (0xFFE1, None),
        (0xFFBE, None),
        (0x6A1, None),
        (0x5EE, None),
        (0x1002024, None),
    ],
)
def test_a_keysym_of_x11(code: int, key: str | None) -> None:
    assert read_key(code, "linux") == key


@pytest.mark.parametrize(
    ("code", "key"), [(0x439, "й"), (0x419, "й"), (0x5E9, "ש"), (0xE9, "é"), (0xF702, None), (0xD800, None)]
)
def test_a_utf_16_unit_of_macos(code: int, key: str | None) -> None:
    assert read_key(code, "darwin") == key


@pytest.mark.parametrize(
    ("code", "code_page", "key"),
    [
        (0xE9, "cp1251", "й"),
        (0xC9, "cp1251", "й"),
        (0xF9, "cp1255", "ש"),
        (0xE9, "cp1252", "é"),
        (0xE9, "utf-8", None),
        (0x250000, "cp1251", None),
    ],
)
def test_a_byte_of_the_code_page_of_windows(code: int, code_page: str, key: str | None) -> None:
    assert read_key(code, "win32", code_page) == key


@given(st.integers(-(2**31), 2**31 - 1), st.sampled_from(SYSTEMS))
def test_any_code_is_one_character_that_a_person_can_type_or_nothing(code: int, system: str) -> None:
    key = read_key(code, system, "cp1253")
    if key is not None:
        assert key == key.lower()
        assert key.isprintable()
        assert not key.isspace()
