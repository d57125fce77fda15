import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.overlay.bidi import drawable_text, graphemes, language, levels, required_codepoints, visual_order

ANYTHING = st.text(alphabet=st.characters(), max_size=40)
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


def shown(text: str) -> str:
    """The letters as they stand, from left to right."""
    written = graphemes(text)
    return "".join(written[at] for at in visual_order(levels(written)))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("abc", ["a", "b", "c"]),
        ("", []),
        ("e\u0331\u0301x", ["e\u0331\u0301", "x"]),
        (f"a{FAMILY}b", ["a", FAMILY, "b"]),
        ("\U0001f44d\U0001f3fd!", ["\U0001f44d\U0001f3fd", "!"]),
        ("❤\ufe0f❤", ["❤\ufe0f", "❤"]),
        ("\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7", ["\U0001f1e9\U0001f1ea", "\U0001f1eb\U0001f1f7"]),
        ("น้ำใจ", ["น้ำ", "ใ", "จ"]),
        ("हिन्दी", ["हि", "न्दी"]),
        ("\u1112\u1161\u11ab\u1100", ["\u1112\u1161\u11ab", "\u1100"]),
        ("می\u200cخواهم", ["م", "ی\u200c", "خ", "و", "ا", "ه", "م"]),  # noqa: RUF001 Persian
        ("\u0301a", ["\u0301", "a"]),
    ],
)
def test_what_a_reader_takes_for_one_letter_stays_together(text: str, parts: list[str]) -> None:
    assert graphemes(text) == parts


@given(ANYTHING)
def test_the_letters_of_a_text_are_the_text(text: str) -> None:
    assert "".join(graphemes(text)) == text
    assert all(graphemes(text))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("e\u0301", "é"),
        ("a\nb\x00c\u2028d\u3000e", "a b c d e"),
        ("\u202eevil\u202c \u2066x\u2069 soft\u00adhyphen \ufeffmark", "evil x softhyphen mark"),
        (FAMILY, FAMILY),
        ("\ud800", " "),
    ],
)
def test_only_what_can_be_seen_is_left_and_nothing_that_turns_the_words_around_it(text: str, plain: str) -> None:
    assert drawable_text(text) == plain


def test_a_font_need_not_have_what_only_joins_and_shapes() -> None:
    assert required_codepoints(FAMILY) == "\U0001f468\U0001f469\U0001f467"
    assert required_codepoints("❤\ufe0f") == "❤"


@pytest.mark.parametrize(
    ("text", "tongue"), [("初恋 ヒカル", "ja"), ("봄날", "ko"), ("青花瓷", ""), ("First Love", ""), ("초恋の", "ko")]
)
def test_characters_that_only_one_language_has_tell_it(text: str, tongue: str) -> None:
    assert language(text) == tongue


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Fairuz – live 1975", "Fairuz – live 1975"),
        ("שלום", "םולש"),
        ("Idan – שלום עולם", "Idan – םלוע םולש"),
        ("Idan – שלום (live)", "Idan – םולש (live)"),
        ("שלום – Idan", "Idan – םולש"),
        ("שלום 2005", "2005 םולש"),
        ("נעמי 12:30, 7%", "7% ,12:30 ימענ"),
        ("سنة 1,5", "1,5 ةنس"),
        ("a שב 12 c", "a 12 בש c"),
        # Drawn with the brackets turned round
        ("שיר (feat. Noa) 12:30", "12:30 )feat. Noa( ריש"),
        ("Song (שיר) live", "Song (ריש) live"),
        ("שיר [שיר 2] end", "end ]2 ריש[ ריש"),
        ("ab (שיר", "ab (ריש"),
        ("שיר )(", "() ריש"),
        # A bracket that closes nothing leaves the pair around it a pair
        ("א.[a)]a", "a])a[.א"),
        ("שיר  ", "  ריש"),
        ("a שיר  ", "a ריש  "),
        ("123", "123"),
        ("", ""),
    ],
)
def test_words_of_both_directions_stand_as_they_are_read(text: str, line: str) -> None:
    assert shown(text) == line


@given(ANYTHING)
def test_a_line_has_every_letter_once(text: str) -> None:
    written = graphemes(text)
    depths = levels(written)
    assert len(depths) == len(written)
    assert sorted(visual_order(depths)) == list(range(len(written)))


@given(st.text(alphabet="abאבا12(),.% –[]", max_size=12))  # noqa: RUF001 letters of both directions
def test_a_line_of_two_directions_has_every_letter_once(text: str) -> None:
    assert sorted(shown(text)) == sorted(text)
