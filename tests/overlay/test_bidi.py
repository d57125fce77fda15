import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.overlay.bidi import drawable_text, graphemes, language, levels, required_codepoints, visual_order

ANYTHING = st.text(alphabet=st.characters(), max_size=40)
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


def visual_text(text: str) -> str:
    """The grapheme clusters in visual order, from left to right."""
    clusters = graphemes(text)
    return "".join(clusters[index] for index in visual_order(levels(clusters)))


@pytest.mark.parametrize(
    ("text", "clusters"),
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
def test_graphemes_keeps_a_cluster_together(text: str, clusters: list[str]) -> None:
    assert graphemes(text) == clusters


@given(ANYTHING)
def test_graphemes_joined_are_the_text(text: str) -> None:
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
def test_drawable_text_has_no_control_characters(text: str, plain: str) -> None:
    assert drawable_text(text) == plain


def test_a_font_needs_no_joiners_and_variation_selectors() -> None:
    assert required_codepoints(FAMILY) == "\U0001f468\U0001f469\U0001f467"
    assert required_codepoints("❤\ufe0f") == "❤"


@pytest.mark.parametrize(
    ("text", "expected"), [("初恋 ヒカル", "ja"), ("봄날", "ko"), ("青花瓷", ""), ("First Love", ""), ("초恋の", "ko")]
)
def test_characters_of_one_language_give_the_language(text: str, expected: str) -> None:
    assert language(text) == expected


@pytest.mark.parametrize(
    ("text", "visual"),
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
        # Brackets are mirrored when they are drawn
        ("שיר (feat. Noa) 12:30", "12:30 )feat. Noa( ריש"),
        ("Song (שיר) live", "Song (ריש) live"),
        ("שיר [שיר 2] end", "end ]2 ריש[ ריש"),
        ("ab (שיר", "ab (ריש"),
        ("שיר )(", "() ריש"),
        # An unmatched closing bracket does not break the pair around it
        ("א.[a)]a", "a])a[.א"),
        ("שיר  ", "  ריש"),
        ("a שיר  ", "a ריש  "),
        ("123", "123"),
        ("", ""),
    ],
)
def test_visual_order_of_mixed_directions(text: str, visual: str) -> None:
    assert visual_text(text) == visual


@given(ANYTHING)
def test_visual_order_is_a_permutation(text: str) -> None:
    clusters = graphemes(text)
    cluster_levels = levels(clusters)
    assert len(cluster_levels) == len(clusters)
    assert sorted(visual_order(cluster_levels)) == list(range(len(clusters)))


@given(st.text(alphabet="abאבا12(),.% –[]", max_size=12))  # noqa: RUF001 letters of both directions
def test_visual_order_of_two_directions_keeps_every_cluster(text: str) -> None:
    assert sorted(visual_text(text)) == sorted(text)
