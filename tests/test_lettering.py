from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import AssetError
from realtime.lettering import (
    LARGEST_KEPT,
    MEDIUM,
    SEMIBOLD,
    Mask,
    line_height,
    read_font,
    text_mask,
    text_width,
    wrapped,
)

ANYTHING = st.text(alphabet=st.characters(), max_size=40)


def box_of_a_missing_letter(size: int) -> Mask:
    return text_mask("\U0010fffd", size)


@pytest.mark.parametrize("letter", "éèüößñçåøłőŠžÀ…·×’")
def test_accents_are_letters_of_their_own(letter: str) -> None:
    plain = {"é": "e", "è": "e", "ü": "u", "ö": "o", "ñ": "n", "ç": "c", "å": "a", "À": "A", "ž": "z", "Š": "S"}
    mask = text_mask(letter, 40)
    assert mask.any()
    assert not np.array_equal(mask, box_of_a_missing_letter(40))
    if letter in plain:
        assert not np.array_equal(mask, text_mask(plain[letter], 40))


def test_a_letter_and_its_accent_apart_look_like_the_two_together() -> None:
    assert np.array_equal(text_mask("e\u0301", 30), text_mask("\u00e9", 30))


@pytest.mark.parametrize(
    "text", ["", "\n", "a\nb", "\x00", "\ud800", "\u2028", "你好", "مرحبا", "🙂", "Z" + "\u0335\u0321" * 50]
)
def test_awkward_strings_give_a_line(text: str) -> None:
    mask = text_mask(text, 20)
    assert mask.shape == (line_height(20), text_width(text, 20))


@given(text=ANYTHING, size=st.integers(1, 90), bold=st.booleans())
def test_any_string_gives_a_line_of_the_same_height(text: str, size: int, bold: bool) -> None:  # noqa: FBT001 drawn by hypothesis
    mask = text_mask(text, size, bold=bold)
    assert mask.dtype == np.uint8
    assert mask.shape == (line_height(size), text_width(text, size, bold=bold))


def test_masks_are_shared_and_so_read_only() -> None:
    mask = text_mask("happy", 16)
    assert mask is text_mask("happy", 16)
    assert not mask.flags.writeable


def test_large_text_is_not_kept() -> None:
    assert text_mask("happy", LARGEST_KEPT + 1) is not text_mask("happy", LARGEST_KEPT + 1)


def test_bold_is_heavier() -> None:
    assert text_mask("happy", 40, bold=True).sum() > text_mask("happy", 40).sum()


def test_no_ink_is_cut_off_at_the_sides() -> None:
    wide = text_mask("  fjÅ  ", 40)
    assert wide.sum() == text_mask("fjÅ", 40).sum()


@given(text=ANYTHING, size=st.integers(8, 40), width=st.integers(60, 400), lines=st.integers(1, 4))
def test_wrapped_lines_fit_and_are_few(text: str, size: int, width: int, lines: int) -> None:
    broken = wrapped(text, size, width, lines)
    assert len(broken) <= lines
    assert all(text_width(line, size) <= width for line in broken if len(line) > 2)


def test_nothing_is_lost_where_there_is_room() -> None:
    sentence = "snapshot saved in /home/geneviève/pictures/emodj.png; press s again for another"
    broken = wrapped(sentence, 16, 300, 4)
    assert len(broken) > 1
    assert " ".join(broken) == sentence


def test_a_word_wider_than_a_line_is_broken() -> None:
    path = "/pictures/" + "emodj" * 12
    broken = wrapped(path, 16, 200, 9)
    assert len(broken) > 1
    assert "".join(broken) == path


def test_what_does_not_fit_ends_in_an_ellipsis() -> None:
    broken = wrapped("word " * 80, 16, 200, 2)
    assert len(broken) == 2
    assert broken[1].endswith("…")


def test_a_text_of_any_length_is_cut() -> None:
    assert len(wrapped("x" * 1_000_000, 16, 300, 4)) == 4
    assert text_width("x" * 1_000_000, 16) == text_width("x" * 1_000, 16)


def test_a_missing_font_is_an_asset_error(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"gone\.otf"):
        read_font(tmp_path / "gone.otf", 16)


def test_a_file_that_is_no_font_is_an_asset_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.otf"
    path.write_bytes(MEDIUM.read_bytes()[:100])
    with pytest.raises(AssetError, match="cannot be read") as caught:
        read_font(path, 16)
    assert isinstance(caught.value.__cause__, OSError)


def test_the_licence_lies_beside_the_fonts() -> None:
    licence = (MEDIUM.parent / "LICENSE.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "The Inter Project Authors" in licence
    assert SEMIBOLD.is_file()
