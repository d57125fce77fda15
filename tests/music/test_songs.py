import csv
from collections import defaultdict
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Expression
from realtime.music.links import parse_link
from realtime.music.songs import Song, nearest_with_songs, parse_expression, recommend, shuffled
from realtime.storage import resources

SONGS = [Song(path=Path(f"/music/{number}.mp3")) for number in range(30)]


@pytest.mark.parametrize(("text", "mood"), [("happy", Expression.HAPPY), (" SAD\n", Expression.SAD), ("Fear", Expression.FEAR)])
def test_expressions_are_parsed_by_name(text: str, mood: Expression) -> None:
    assert parse_expression(text) is mood


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("hapy", "unknown mood 'hapy': did you mean happy? known are angry, disgust, fear, happy, neutral, sad, surprise"),
        ("Surprised", "unknown mood 'Surprised': did you mean surprise? known are"),
        ("", "unknown mood '': known are angry"),
        ("bored", "unknown mood 'bored': known are angry"),
        ("x" * 10_000, f"unknown mood '{'x' * 40}'…: known are angry"),
    ],
)
def test_unknown_name_raises_with_a_suggestion(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="unknown mood") as caught:
        parse_expression(text)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("mood", EXPRESSIONS)
def test_mood_with_songs_gets_its_songs(mood: Expression) -> None:
    songs = {each: [Song(each.value)] for each in EXPRESSIONS}
    assert nearest_with_songs(songs.__getitem__, mood) == (mood, [Song(mood.value)])


@pytest.mark.parametrize(
    ("mood", "nearest"),
    [
        (Expression.FEAR, Expression.SAD),
        (Expression.SURPRISE, Expression.HAPPY),
        (Expression.ANGRY, Expression.SAD),
        (Expression.NEUTRAL, Expression.SAD),
    ],
)
def test_mood_without_songs_gets_songs_of_the_nearest_mood(mood: Expression, nearest: Expression) -> None:
    songs = defaultdict[Expression, list[Song]](list, {Expression.SAD: SONGS[:1], Expression.HAPPY: SONGS[1:2]})
    found = nearest_with_songs(lambda each: songs[each], mood)
    assert found == (nearest, songs[nearest])


def test_lookup_stops_at_the_first_mood_with_songs() -> None:
    requested = list[Expression]()

    def find_songs(mood: Expression) -> list[Song]:
        requested.append(mood)
        return SONGS if mood is Expression.ANGRY else []

    nearest_with_songs(find_songs, Expression.FEAR)
    assert requested == [Expression.FEAR, Expression.ANGRY]


def test_no_songs_for_any_mood_gives_none() -> None:
    assert nearest_with_songs(lambda _: [], Expression.HAPPY) is None


@given(st.integers(0, 40), st.integers(0, 2**70))
def test_songs_are_drawn_once_and_reproducibly(count: int, seed: int) -> None:
    drawn = recommend(SONGS, count, seed)
    assert len(drawn) == len(set(drawn)) == min(count, len(SONGS))
    assert set(drawn) <= set(SONGS)
    assert recommend(SONGS, count, seed) == drawn
    # A longer draw begins with the same songs
    assert recommend(SONGS, count + 1, seed)[:count] == drawn


def test_another_seed_draws_other_songs() -> None:
    assert len({tuple(recommend(SONGS, 3, seed)) for seed in range(50)}) > 40


def test_song_listed_twice_is_drawn_once() -> None:
    twice = [
        Song("Jump", None, Path("/a.mp3")),
        Song("Leap", None, Path("/a.mp3")),
        Song(url="https://x"),
        Song(url="https://x"),
    ]
    assert len(list(shuffled(twice, 1))) == 2
    assert list(shuffled([], 1)) == []


def shipped() -> list[dict[str, str]]:
    """The rows of the song list that comes with emodj."""
    with resources.shipped_songs().open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@pytest.mark.parametrize("mood", EXPRESSIONS)
def test_the_shipped_list_has_songs_for_each_mood(mood: Expression) -> None:
    rows = [row for row in shipped() if row["mood"] == mood.value]
    assert len(rows) >= 8
    # Each artist once, so that a few random songs differ
    assert len({row["artist"] for row in rows}) == len(rows)


def test_shipped_list_is_consistent() -> None:
    rows = shipped()
    assert list(rows[0]) == ["mood", "url", "title", "artist"]
    assert {row["mood"] for row in rows} == {each.value for each in EXPRESSIONS}
    assert len({(row["title"].lower(), row["artist"].lower()) for row in rows}) == len(rows)
    assert all(row["title"] == row["title"].strip() != "" and row["artist"] == row["artist"].strip() != "" for row in rows)


def test_the_shipped_links_search_for_their_title_and_artist() -> None:
    for row in shipped():
        assert row["url"] == f"https://open.spotify.com/search/{quote(' '.join([row['title'], row['artist']]), safe='')}"
        assert parse_link(row["url"]) == row["url"]
