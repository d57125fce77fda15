"""Rows of keyboards from xkeyboard-config; tests/app/test_window.py presses some of their keys in a real window."""

import string
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.session.keyboard_layouts import LAYOUTS, QWERTY, latin_key

CONFLICTS = {("ir", "ز"): "."}
"""Letters that an earlier layout has in another place, and the Latin key for both layouts."""

LETTERS = [
    (layout, letter, latin)
    for layout, rows in LAYOUTS.items()
    for row, latin_row in zip(rows, QWERTY, strict=True)
    for letter, latin in zip(row, latin_row, strict=True)
]


@pytest.mark.parametrize(("layout", "letter", "latin"), LETTERS)
def test_a_letter_maps_to_the_latin_one_in_its_place_and_a_sign_to_itself(layout: str, letter: str, latin: str) -> None:
    expected = letter if letter.isascii() else CONFLICTS.get((layout, letter), latin)
    assert latin_key(letter) == expected
    if letter.upper().lower() == letter:
        assert latin_key(letter.upper()) == expected


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_layout_has_a_letter_twice(layout: str) -> None:
    letters = "".join(LAYOUTS[layout])
    assert len(set(letters)) == len(letters)


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("йцукенгшщзфывапролдячсмитьбю", "qwertyuiopasdfghjklzxcvbnm,."),
        ("ЙЦУКЕН", "qwerty"),
        ("\N{CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I}\N{CYRILLIC CAPITAL LETTER BYELORUSSIAN-UKRAINIAN I}", "ss"),
        ("ςσΣ", "wss"),
        ("٠١٩", "019"),
        ("۰۱۹", "019"),
        ("०१९", "019"),
        ("019", "019"),
    ],
)
def test_typed_text_maps_to_latin_keys(typed: str, keys: str) -> None:
    assert "".join(map(latin_key, typed)) == keys


@pytest.mark.parametrize("key", [*string.printable, "space", "escape", "", "йц", "²", "½", "é", "ß", "љ", "日"])
def test_any_other_key_maps_to_itself_in_lower_case(key: str) -> None:
    assert latin_key(key) == key.lower()


@given(st.characters())
def test_latin_key_is_idempotent_and_a_digit_only_for_a_digit(typed: str) -> None:
    key = latin_key(typed)
    assert latin_key(key) == key
    assert (key in set(string.digits)) == (unicodedata.decimal(typed, None) is not None)
