from dataclasses import replace

import pytest

from realtime.domain import EXPRESSIONS, Box, Expression, Face, Mood
from realtime.facts import Fact, read_facts
from realtime.mood.affect import POINTS
from realtime.movies.catalog import Movie
from realtime.movies.planner import MoviePlan
from realtime.music.planner import Strategy
from realtime.music.songs import NowPlaying
from realtime.overlay.panels import (
    MIN_TEXT_SIZE,
    fact_card,
    help_card,
    hints_card,
    label_card,
    mood_card,
    movies_card,
    playing_card,
    sentence_card,
    top_three_card,
)
from realtime.overlay.widgets import EXPRESSION_COLOURS, Bar, Card, Dot, Icon, KeyCap, Word
from realtime.session.keymap import Group, help_rows, window_hints
from realtime.session.recommendations import RecommendedMovies
from tests.support.lists import FACTS


def shares(**named: float) -> tuple[float, ...]:
    rest = (1 - sum(named.values())) / (len(EXPRESSIONS) - len(named))
    return tuple(named.get(expression.value, rest) for expression in EXPRESSIONS)


def row_texts(card: Card) -> list[str]:
    return [" ".join(cell.text for cell in row if isinstance(cell, Word | KeyCap)) for row in card.rows]


def face(probabilities: tuple[float, ...], reason: str | None = None) -> Face:
    return Face(Box(10, 10, 50, 50), probabilities, reason=reason)


def test_the_label_of_a_sure_face() -> None:
    assert row_texts(label_card(face(shares(happy=0.93)), 16)) == ["happy 93%"]


def test_the_label_of_an_unsure_face_starts_with_not_sure() -> None:
    assert row_texts(label_card(face(shares(happy=0.41), "low confidence"), 16)) == ["not sure", "maybe happy 41%"]


def test_the_label_of_an_unreadable_face_has_the_reason_but_no_expression() -> None:
    assert row_texts(label_card(face(shares(happy=0.93), "too dark"), 16)) == ["not sure:", "too dark"]


def test_the_bars_show_the_three_most_probable_expressions_in_order() -> None:
    card = top_three_card(face(shares(happy=0.6, sad=0.2, fear=0.1)), 16)
    assert row_texts(card) == ["happy 60%", "sad 20%", "fear 10%"]
    assert [cell.share for row in card.rows for cell in row if isinstance(cell, Bar)] == pytest.approx([0.6, 0.2, 0.1])


def test_percentages_that_stand_together_add_to_a_hundred_as_in_what_is_printed() -> None:
    parts = (0, 0, 0, 0.335, 0.335, 0.33, 0)
    assert row_texts(top_three_card(face(parts), 16)) == ["happy 34%", "neutral 33%", "sad 33%"]
    assert row_texts(mood_card(Mood(parts, None), 16))[1:] == ["happy 34%", "neutral 33%", "sad 33%"]
    # 50.55% is rounded down, as four others lose more
    parts = (0.086, 0.086, 0.086, 0.5055, 0.086, 0.086, 0.0645)
    assert row_texts(label_card(face(parts), 16)) == ["happy 50%"]
    assert row_texts(mood_card(Mood(parts, Expression.HAPPY), 16))[0] == "mood: happy 50%"


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
def test_the_rows_of_the_mood_card(mood: Mood | None, words: list[str]) -> None:
    assert row_texts(mood_card(mood, 16)) == words


def test_the_shares_of_a_mixed_mood_have_bars_in_their_colours() -> None:
    card = mood_card(Mood(shares(happy=0.34, sad=0.31, fear=0.3), None), 16)
    bars = [cell for row in card.rows for cell in row if isinstance(cell, Bar)]
    assert [bar.share for bar in bars] == pytest.approx([0.34, 0.31, 0.3])
    assert [bar.colour for bar in bars] == [
        EXPRESSION_COLOURS[name] for name in (Expression.HAPPY, Expression.SAD, Expression.FEAR)
    ]


@pytest.mark.parametrize("size", [MIN_TEXT_SIZE, 16, 40])
def test_the_largest_mixed_mood_card_fits_its_corner(size: int) -> None:
    width, height = mood_card(Mood(shares(surprise=0.4, neutral=0.3, disgust=0.2), None), size).size_px()
    # The text size of a frame of 640×480 is 16 pixels
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


def test_help_fits_a_frame_of_640_by_480() -> None:
    width, height = help_card(16).size_px()
    assert width <= 620
    # The song and a notice need the room below it
    assert height <= 370


def test_tall_help_is_higher_than_wide() -> None:
    width, height = help_card(11, tall=True).size_px()
    assert width <= 240
    assert height <= 470


def test_narrow_hints_leave_out_the_first_ones() -> None:
    full, narrow = hints_card(16, 2000), hints_card(16, 200)
    assert full is not None
    assert narrow is not None
    assert row_texts(full) == [" ".join(f"{hint.keys} {hint.word}" for hint in window_hints())]
    assert row_texts(narrow)[0].endswith("h help q quit")
    assert narrow.size_px()[0] <= 200
    assert hints_card(16, 20) is None


def test_a_long_sentence_takes_several_lines() -> None:
    card = sentence_card("the snapshot was saved in a folder with quite a long name", 16, 200)
    assert 1 < len(card.rows) <= 4


LONG = NowPlaying("A Title That Goes on and on Until Nobody Reads It " * 2, "The Orchestra of Long Names " * 3, 31_415, 100_000)


def icon_names(card: Card) -> list[str]:
    return [cell.name for row in card.rows for cell in row if isinstance(cell, Icon)]


def playing(song: NowPlaying, size: int = 16, width: int = 620) -> Card:
    card = playing_card(song, size, width)
    assert card is not None
    return card


def test_a_song_is_shown_with_its_artist_its_number_and_the_volume() -> None:
    card = playing(NowPlaying("Halo", "Beyoncé", 3, 12, volume=0.4))
    assert row_texts(card) == ["Halo – Beyoncé 3/12"]
    assert icon_names(card) == ["play", "volume"]
    assert [cell.share for cell in card.rows[0] if isinstance(cell, Bar)] == [0.4]


def test_unknown_fields_of_a_song_are_left_out() -> None:
    assert row_texts(playing(NowPlaying("Halo", None, 1, 1))) == ["Halo"]
    assert row_texts(playing(NowPlaying("  ", " ", 1, 1))) == ["no title"]


def test_icons_show_a_paused_and_a_shuffled_song() -> None:
    assert icon_names(playing(NowPlaying("Halo", None, 1, 2, paused=True, shuffled=True))) == ["pause", "shuffle", "volume"]


@pytest.mark.parametrize("width", [60, 110, 150, 300, 620, 3800])
@pytest.mark.parametrize("size", [MIN_TEXT_SIZE, 16, 73])
def test_a_song_card_is_not_wider_than_allowed(width: int, size: int) -> None:
    for song in (LONG, NowPlaying("Halo", "Beyoncé", 3, 12, shuffled=True), NowPlaying("x" * 300, None, 1, 1)):
        card = playing_card(song, size, width)
        if card is None:
            assert width < 6 * size
            continue
        assert card.size_px()[0] <= width
        assert "play" in icon_names(card)


def test_two_long_names_are_both_shortened() -> None:
    (line,) = row_texts(playing(LONG))
    assert line.count("…") == 2
    assert line.endswith("31415/100000")
    title, artist = line.split(" – ")
    assert len(title) > 15
    assert len(artist) > 15


def test_a_narrow_song_card_keeps_the_names() -> None:
    song = NowPlaying("A Whole Lot of Love", "Led Zeppelin", 3, 12, shuffled=True)
    wide, narrow, slim = (playing(song, MIN_TEXT_SIZE, width) for width in (400, 220, 110))
    assert icon_names(wide) == ["play", "shuffle", "volume"]
    assert "volume" not in icon_names(narrow)
    assert row_texts(narrow)[0].startswith("A Whole")
    assert row_texts(slim)[0].startswith("A Whole")
    assert "3/12" not in row_texts(slim)[0]


def test_the_mood_card_shows_the_strategy() -> None:
    mixed, happy = Mood(shares(happy=0.44, sad=0.5), None), Mood(shares(happy=0.63), Expression.HAPPY)
    assert row_texts(mood_card(happy, 16, "lift")) == ["mood: happy 63%", "", "music: lift"]
    assert row_texts(mood_card(mixed, 16, "journey 2/4")) == ["mood: mixed", "sad 50%", "happy 44%", "music: journey 2/4"]
    assert row_texts(mood_card(None, 16, "lift")) == ["no mood yet", "music: lift"]
    assert mood_card(happy, 16, None) == mood_card(happy, 16)


# Movies and facts


LONG_TITLE = "A Movie Whose Title Goes on and on Until Nobody Reads It " * 2


def recommended(*movies: Movie) -> RecommendedMovies:
    return RecommendedMovies(
        MoviePlan(Strategy.LIFT, "to lift sad", Expression.SAD, movies), ("https://example.org",) * len(movies)
    )


COMEDY = Movie("Short", 1999, ("Comedy", "Drama"), "Japan", POINTS[Expression.HAPPY], Expression.HAPPY)
LONG_MOVIE = replace(COMEDY, title=LONG_TITLE)
MANY_GENRES = replace(COMEDY, genres=("Comedy", *["Documentary"] * 9))


def test_the_card_of_movies_has_a_line_for_each() -> None:
    card = movies_card(recommended(COMEDY, replace(COMEDY, title="Other", genres=())), 16, 600, 5)
    assert row_texts(card) == ["Movies to lift sad v hide", "1 Short 1999 Comedy, Drama", "2 Other 1999"]


def test_a_shorter_card_of_movies_has_the_first_ones() -> None:
    card = movies_card(recommended(*[COMEDY] * 5), 16, 600, 2)
    assert len(card.rows) == 3


@pytest.mark.parametrize("movie", [COMEDY, LONG_MOVIE, MANY_GENRES])
@pytest.mark.parametrize(("size", "width"), [(11, 150), (16, 300), (16, 608), (37, 1400)])
def test_a_card_of_movies_is_not_too_wide_and_keeps_the_year(movie: Movie, size: int, width: int) -> None:
    card = movies_card(recommended(movie), size, width, 1)
    assert card.size_px()[0] <= width
    assert " 1999" in row_texts(card)[1]


def test_genres_are_left_out_before_the_title_is_shortened() -> None:
    _, row = row_texts(movies_card(recommended(MANY_GENRES), 16, 400, 1))
    assert row == "1 Short 1999 Comedy"
    _, row = row_texts(movies_card(recommended(replace(COMEDY, title="A Title of Some Length")), 16, 260, 1))
    assert row == "1 A Title of Some Length 1999"


def test_a_fact_stands_above_its_source() -> None:
    rows = row_texts(fact_card(FACTS[0], 16, 600))
    assert rows == ["A fact about angry, number 1.", "Study 1"]
    assert row_texts(fact_card(FACTS[0], 16, 600, with_source=False)) == rows[:1]


@pytest.mark.parametrize(
    "fact", sorted(read_facts(), key=lambda fact: -len(fact.text + fact.source))[:3], ids=lambda fact: fact.source[:6]
)
@pytest.mark.parametrize(("size", "width"), [(11, 300), (16, 608), (37, 1400)])
def test_every_fact_is_shown_whole(fact: Fact, size: int, width: int) -> None:
    card = fact_card(fact, size, width)
    assert card.size_px()[0] <= width
    assert " ".join(row_texts(card)) == f"{fact.text} {fact.source}"
