import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.overlay.bidi import graphemes
from realtime.overlay.fonts import fallback_font
from realtime.overlay.shaping import MISSING_GLYPH
from realtime.overlay.text import MAX_CACHED_SIZE, Mask, ellipsize, line_height, preload_fonts, text_mask, text_width, wrap

ANYTHING = st.text(alphabet=st.characters(), max_size=40)


def missing_glyph_mask(size: int) -> Mask:
    return text_mask("\U0010fffd", size)


@pytest.mark.parametrize("character", "éèüößñçåøłőŠžÀ…·×’")
def test_a_letter_with_an_accent_differs_from_the_plain_one(character: str) -> None:
    plain = {"é": "e", "è": "e", "ü": "u", "ö": "o", "ñ": "n", "ç": "c", "å": "a", "À": "A", "ž": "z", "Š": "S"}
    mask = text_mask(character, 40)
    assert mask.any()
    assert not np.array_equal(mask, missing_glyph_mask(40))
    if character in plain:
        assert not np.array_equal(mask, text_mask(plain[character], 40))


def test_decomposed_and_composed_letters_look_alike() -> None:
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


def test_masks_are_cached_and_read_only() -> None:
    mask = text_mask("happy", 16)
    assert mask is text_mask("happy", 16)
    assert not mask.flags.writeable


def test_large_text_is_not_cached() -> None:
    assert text_mask("happy", MAX_CACHED_SIZE + 1) is not text_mask("happy", MAX_CACHED_SIZE + 1)


def test_bold_is_heavier() -> None:
    assert text_mask("happy", 40, bold=True).sum() > text_mask("happy", 40).sum()


def test_no_ink_is_cut_off_at_the_sides() -> None:
    wide = text_mask("  fjÅ  ", 40)
    assert wide.sum() == text_mask("fjÅ", 40).sum()


@given(text=ANYTHING, size=st.integers(8, 40), width=st.integers(60, 400), lines=st.integers(1, 4))
def test_wrapped_lines_fit_and_are_few(text: str, size: int, width: int, lines: int) -> None:
    broken = wrap(text, size, width, lines)
    assert len(broken) <= lines
    assert all(text_width(line, size) <= width for line in broken if len(graphemes(line)) > 2)


def test_a_wrapped_sentence_is_complete() -> None:
    sentence = "snapshot saved in /home/geneviève/pictures/emodj.png; press s again for another"
    broken = wrap(sentence, 16, 300, 4)
    assert len(broken) > 1
    assert " ".join(broken) == sentence


def test_a_word_wider_than_a_line_is_broken() -> None:
    path = "/pictures/" + "emodj" * 12
    broken = wrap(path, 16, 200, 9)
    assert len(broken) > 1
    assert "".join(broken) == path


def test_a_text_of_too_many_lines_ends_in_an_ellipsis() -> None:
    broken = wrap("word " * 80, 16, 200, 2)
    assert len(broken) == 2
    assert broken[1].endswith("…")


def test_a_text_of_any_length_is_cut() -> None:
    assert len(wrap("x" * 1_000_000, 16, 300, 4)) == 4
    assert text_width("x" * 1_000_000, 16) == text_width("x" * 1_000, 16)


TITLES = [
    "宇多田ヒカル – 初恋 (First Love)",
    "방탄소년단 – 봄날",
    "فيروز – نسّم علينا الهوى",
    "Idan – ממעמקים (live) 2005",
    "तुझसे नाराज़ नहीं",
    "น้ำใต้ดิน กำลังใจ",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f468\u200d\U0001f469\u200d\U0001f467 ❤\ufe0f 😀",
]


@pytest.mark.parametrize("title", TITLES)
def test_the_mask_of_any_script_has_the_text_width(title: str) -> None:
    preload_fonts(title)
    mask = text_mask(title, 24)
    assert mask.shape == (line_height(24), text_width(title, 24))
    assert mask.any()


def test_a_character_without_a_font_is_a_box() -> None:
    rare = (chr(code) for code in range(0x16E40, 0x18000))
    missing = next((character for character in rare if character.isprintable() and fallback_font(character) is None), None)
    if missing is None:
        pytest.skip("the fonts here have every character")
    assert np.array_equal(text_mask(missing, 30), text_mask(MISSING_GLYPH, 30))


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("width", [40, 90, 160, 1000])
def test_ellipsize_cuts_between_clusters(title: str, width: int) -> None:
    short = ellipsize(title, 16, width)
    assert text_width(short, 16) <= width
    if short == title:
        return
    start = short.removesuffix("…")
    assert start != short
    clusters = graphemes(title)
    assert any(start == "".join(clusters[:count]).rstrip() for count in range(len(clusters)))


@given(text=ANYTHING, size=st.integers(8, 40), width=st.integers(-5, 400))
def test_ellipsize_fits_any_text(text: str, size: int, width: int) -> None:
    short = ellipsize(text, size, width)
    assert text_width(short, size) <= width or len(graphemes(short)) <= 2


def test_direction_overrides_are_ignored() -> None:
    assert np.array_equal(text_mask("\u202eabc\u202c", 20), text_mask("abc", 20))
