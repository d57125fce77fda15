import pytest

from realtime.domain import EXPRESSIONS, Box, Expression, Face, Mood
from realtime.music.songs import NowPlaying
from realtime.overlay.panels import (
    SMALLEST,
    help_card,
    hints_card,
    label_card,
    mood_card,
    playing_card,
    sentence_card,
    top_three_card,
)
from realtime.overlay.widgets import EXPRESSION_COLOURS, Bar, Card, Dot, Icon, KeyCap, Word
from realtime.session.keymap import Group, help_rows, window_hints


def shares(**named: float) -> tuple[float, ...]:
    rest = (1 - sum(named.values())) / (len(EXPRESSIONS) - len(named))
    return tuple(named.get(expression.value, rest) for expression in EXPRESSIONS)


def said(card: Card) -> list[str]:
    return [" ".join(cell.text for cell in row if isinstance(cell, Word | KeyCap)) for row in card.rows]


def face(probabilities: tuple[float, ...], reason: str | None = None) -> Face:
    return Face(Box(10, 10, 50, 50), probabilities, reason=reason)


def test_a_sure_face() -> None:
    assert said(label_card(face(shares(happy=0.93)), 16)) == ["happy 93%"]


def test_an_unsure_face_says_so_first() -> None:
    assert said(label_card(face(shares(happy=0.41), "low confidence"), 16)) == ["not sure", "maybe happy 41%"]


def test_a_face_that_cannot_be_read_says_why_and_not_what_it_looks_like() -> None:
    assert said(label_card(face(shares(happy=0.93), "too dark"), 16)) == ["not sure:", "too dark"]


def test_the_three_most_probable_in_order() -> None:
    card = top_three_card(face(shares(happy=0.6, sad=0.2, fear=0.1)), 16)
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
    assert [bar.colour for bar in bars] == [
        EXPRESSION_COLOURS[name] for name in (Expression.HAPPY, Expression.SAD, Expression.FEAR)
    ]


@pytest.mark.parametrize("size", [SMALLEST, 16, 40])
def test_the_largest_mixed_mood_leaves_room_in_its_corner(size: int) -> None:
    width, height = mood_card(Mood(shares(surprise=0.4, neutral=0.3, disgust=0.2), None), size).size_px()
    # A frame of 640×480 is lettered in 16 pixels
    assert width <= 0.32 * size * 40
    assert height <= 0.2 * size * 30


@pytest.mark.parametrize("tall", [False, True])
def test_help_shows_every_key_and_what_it_does(*, tall: bool) -> None:
    card = help_card(16, tall=tall)
    caps = {cell.text for row in card.rows for cell in row if isinstance(cell, KeyCap)}
    words = {cell.text for row in card.rows for cell in row if isinstance(cell, Word)}
    rows = [row for group in Group for row in help_rows(group)]
    assert caps == {key for row in rows for key in row.keys}
    assert words >= {row.does for row in rows} | {group.value for group in Group}
    assert sum(isinstance(cell, Dot) for row in card.rows for cell in row) == len(EXPRESSIONS)


def test_help_fits_where_people_will_see_it() -> None:
    width, height = help_card(16).size_px()
    assert width <= 620
    # Below it there is room for the song and a notice
    assert height <= 370


def test_help_of_an_upright_picture_is_higher_than_wide() -> None:
    width, height = help_card(11, tall=True).size_px()
    assert width <= 240
    assert height <= 470


def test_hints_drop_the_first_where_room_is_scarce() -> None:
    all_of_them, few = hints_card(16, 2000), hints_card(16, 200)
    assert all_of_them is not None
    assert few is not None
    assert said(all_of_them) == [" ".join(f"{hint.keys} {hint.word}" for hint in window_hints())]
    assert said(few)[0].endswith("h help q quit")
    assert few.size_px()[0] <= 200
    assert hints_card(16, 20) is None


def test_a_long_sentence_takes_several_lines() -> None:
    card = sentence_card("the snapshot was saved in a folder with quite a long name", 16, 200)
    assert 1 < len(card.rows) <= 4


LONG = NowPlaying("A Title That Goes on and on Until Nobody Reads It " * 2, "The Orchestra of Long Names " * 3, 31_415, 100_000)


def marks(card: Card) -> list[str]:
    return [cell.sign for row in card.rows for cell in row if isinstance(cell, Icon)]


def playing(what: NowPlaying, size: int = 16, width: int = 620) -> Card:
    card = playing_card(what, size, width)
    assert card is not None
    return card


def test_a_song_is_shown_with_its_artist_its_number_and_the_volume() -> None:
    card = playing(NowPlaying("Halo", "Beyoncé", 3, 12, volume=0.4))
    assert said(card) == ["Halo – Beyoncé 3/12"]
    assert marks(card) == ["play", "volume"]
    assert [cell.share for cell in card.rows[0] if isinstance(cell, Bar)] == [0.4]


def test_what_is_not_known_of_a_song_is_left_out() -> None:
    assert said(playing(NowPlaying("Halo", None, 1, 1))) == ["Halo"]
    assert said(playing(NowPlaying("  ", " ", 1, 1))) == ["no title"]


def test_signs_say_that_a_song_stands_still_and_that_the_next_is_a_random_one() -> None:
    assert marks(playing(NowPlaying("Halo", None, 1, 2, paused=True, shuffled=True))) == ["pause", "shuffle", "volume"]


@pytest.mark.parametrize("width", [60, 110, 150, 300, 620, 3800])
@pytest.mark.parametrize("size", [SMALLEST, 16, 73])
def test_a_song_never_needs_more_than_its_room(width: int, size: int) -> None:
    for what in (LONG, NowPlaying("Halo", "Beyoncé", 3, 12, shuffled=True), NowPlaying("x" * 300, None, 1, 1)):
        card = playing_card(what, size, width)
        if card is None:
            assert width < 6 * size
            continue
        assert card.size_px()[0] <= width
        assert "play" in marks(card)


def test_of_two_long_names_both_are_cut() -> None:
    (line,) = said(playing(LONG))
    assert line.count("…") == 2
    assert line.endswith("31415/100000")
    title, artist = line.split(" – ")
    assert len(title) > 15
    assert len(artist) > 15


def test_where_room_is_scarce_the_names_stay_and_the_rest_goes() -> None:
    what = NowPlaying("A Whole Lot of Love", "Led Zeppelin", 3, 12, shuffled=True)
    wide, narrow, slim = (playing(what, SMALLEST, width) for width in (400, 220, 110))
    assert marks(wide) == ["play", "shuffle", "volume"]
    assert "volume" not in marks(narrow)
    assert said(narrow)[0].startswith("A Whole")
    assert said(slim)[0].startswith("A Whole")
    assert "3/12" not in said(slim)[0]


def test_the_mood_says_what_it_asks_of_the_music() -> None:
    mixed, happy = Mood(shares(happy=0.44, sad=0.5), None), Mood(shares(happy=0.63), Expression.HAPPY)
    assert said(mood_card(happy, 16, "lift")) == ["mood: happy 63%", "", "music: lift"]
    assert said(mood_card(mixed, 16, "journey 2/4")) == ["mood: mixed", "sad 50%", "happy 44%", "music: journey 2/4"]
    assert said(mood_card(None, 16, "lift")) == ["no mood yet", "music: lift"]
    assert mood_card(happy, 16, None) == mood_card(happy, 16)
