from collections import Counter

import pytest

from realtime.cards import COLOURS, Bar, Cap, Card, Dot, Word
from realtime.domain import EXPRESSIONS, Box, Expression, Face, Mood
from realtime.panels import HINTS, KEYS, SMALLEST, help_card, hints_card, label, mood_card, sentence, top_three


def shares(**named: float) -> tuple[float, ...]:
    rest = (1 - sum(named.values())) / (len(EXPRESSIONS) - len(named))
    return tuple(named.get(expression.value, rest) for expression in EXPRESSIONS)


def said(card: Card) -> list[str]:
    return [" ".join(cell.text for cell in row if isinstance(cell, Word | Cap)) for row in card.rows]


def face(probabilities: tuple[float, ...], reason: str | None = None) -> Face:
    return Face(Box(10, 10, 50, 50), probabilities, reason=reason)


def test_a_sure_face() -> None:
    assert said(label(face(shares(happy=0.93)), 16)) == ["happy 93%"]


def test_an_unsure_face_says_so_first() -> None:
    assert said(label(face(shares(happy=0.41), "low confidence"), 16)) == ["not sure", "maybe happy 41%"]


def test_the_three_most_probable_in_order() -> None:
    card = top_three(face(shares(happy=0.6, sad=0.2, fear=0.1)), 16)
    assert said(card) == ["happy 60%", "sad 20%", "fear 10%"]
    assert [cell.share for row in card.rows for cell in row if isinstance(cell, Bar)] == pytest.approx([0.6, 0.2, 0.1])


@pytest.mark.parametrize(
    ("mood", "words"),
    [
        (None, ["no mood yet"]),
        (Mood(shares(happy=0.63), Expression.HAPPY), ["mood: happy 63%", ""]),
        (Mood(shares(sad=1), Expression.SAD, "hand"), ["mood: sad", "chosen by hand"]),
        (Mood(shares(happy=0.34, sad=0.31), None), ["mood: mixed", "happy 34%", "sad 31%", "angry 7%"]),
        (Mood(shares(happy=0.44, sad=0.5), None), ["mood: mixed", "sad 50%", "happy 44%"]),
    ],
)
def test_the_mood(mood: Mood | None, words: list[str]) -> None:
    assert said(mood_card(mood, 16)) == words


def test_the_shares_of_a_mixed_mood_have_bars_in_their_colours() -> None:
    card = mood_card(Mood(shares(happy=0.34, sad=0.31, fear=0.3), None), 16)
    bars = [cell for row in card.rows for cell in row if isinstance(cell, Bar)]
    assert [bar.share for bar in bars] == pytest.approx([0.34, 0.31, 0.3])
    assert [bar.colour for bar in bars] == [COLOURS[name] for name in (Expression.HAPPY, Expression.SAD, Expression.FEAR)]


@pytest.mark.parametrize("size", [SMALLEST, 16, 40])
def test_the_largest_mixed_mood_leaves_room_in_its_corner(size: int) -> None:
    width, height = mood_card(Mood(shares(surprise=0.4, neutral=0.3, disgust=0.2), None), size).extent()
    # A frame of 640×480 is lettered in 16 pixels
    assert width <= 0.32 * size * 40
    assert height <= 0.2 * size * 30


def test_every_key_is_named_once() -> None:
    names = Counter(name for key in KEYS for name in key.names)
    assert set(names) == {*"qh?pmbifsrc01234567", "Esc", "space"}
    assert set(names.values()) == {1}


def test_the_moods_are_numbered_in_the_order_of_the_network() -> None:
    does = {name: key.does for key in KEYS for name in key.names}
    assert [does[str(number)] for number in range(1, 8)] == [expression.value for expression in EXPRESSIONS]


def test_help_shows_every_key_and_what_it_does() -> None:
    card = help_card(16)
    caps = {cell.text for row in card.rows for cell in row if isinstance(cell, Cap)}
    words = {cell.text for row in card.rows for cell in row if isinstance(cell, Word)}
    assert caps == {name for key in KEYS for name in key.names}
    assert words >= {key.does for key in KEYS}
    assert sum(isinstance(cell, Dot) for row in card.rows for cell in row) == len(EXPRESSIONS)


def test_help_fits_where_people_will_see_it() -> None:
    width, height = help_card(16).extent()
    assert width <= 620
    assert height <= 460


def test_hints_drop_the_first_where_room_is_scarce() -> None:
    all_of_them, few = hints_card(16, 2000), hints_card(16, 200)
    assert all_of_them is not None
    assert few is not None
    assert said(all_of_them) == [" ".join(f"{name} {does}" for name, does in HINTS)]
    assert said(few)[0].endswith("h help q quit")
    assert few.extent()[0] <= 200
    assert hints_card(16, 20) is None


def test_a_long_sentence_takes_several_lines() -> None:
    card = sentence("the snapshot was saved in a folder with quite a long name", 16, 200)
    assert 1 < len(card.rows) <= 4
