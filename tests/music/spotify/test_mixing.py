"""Properties of the mix of songs."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Expression
from realtime.music.spotify.playlist_builder import (
    MIN_SHARE,
    RECIPES,
    PickedTrack,
    Track,
    TrackPool,
    fits_mood,
    mix_tracks,
    parse_track,
    songs_per_mood,
)

URI = f"spotify:track:{'a' * 22}"
SHARES = st.lists(st.floats(0, 1), min_size=7, max_size=7)


def song(number: int, title: str | None = None) -> Track:
    return Track(f"spotify:track:{number:022}", title or f"Song {number}", "Somebody")


@given(SHARES, st.integers(0, 200))
def test_each_expression_gets_its_share_of_the_songs(shares: list[float], total: int) -> None:
    assume(max(shares) >= MIN_SHARE)
    found = songs_per_mood(shares, total)
    large = {mood: share for mood, share in zip(EXPRESSIONS, shares, strict=True) if share >= MIN_SHARE}
    assert sum(found.values()) == total
    assert set(found) <= set(large)
    assert all(number > 0 for number in found.values())
    for mood, share in large.items():
        assert abs(found.get(mood, 0) - total * share / sum(large.values())) < 1 + 1e-9


@given(SHARES, st.integers(0, 200))
def test_larger_share_gets_no_fewer_songs(shares: list[float], total: int) -> None:
    assume(max(shares) >= MIN_SHARE)
    found = songs_per_mood(shares, total)
    by_share = sorted(zip(shares, EXPRESSIONS, strict=True), key=lambda pair: pair[0])
    for (less, fewer), (more, larger) in pairwise(by_share):
        assert less == more or found.get(fewer, 0) <= found.get(larger, 0)


@pytest.mark.parametrize("shares", [[0.0] * 7, [0.049] * 7])
def test_shares_below_the_minimum_raise(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="no share"):
        songs_per_mood(shares, 20)


def test_remaining_songs_go_to_the_largest_remainders() -> None:
    assert songs_per_mood([0.04, 0.5, 0, 0.3, 0, 0.16, 0], 10) == {
        Expression.DISGUST: 5,
        Expression.HAPPY: 3,
        Expression.SAD: 2,
    }
    assert songs_per_mood([1, 1, 1, 0, 0, 0, 0], 2) == {Expression.ANGRY: 1, Expression.DISGUST: 1}


TRACKS = st.builds(song, st.integers(0, 30), st.none() | st.sampled_from(["Same", "SAME", "Other"]))
SOURCED = st.lists(st.tuples(TRACKS, st.sampled_from(["search", "your list Sunny"])), max_size=12).map(tuple)
MOODS = st.sampled_from(EXPRESSIONS)
POOLS = st.dictionaries(MOODS, st.builds(TrackPool, SOURCED, SOURCED))


def same(one: PickedTrack) -> tuple[str, str | None]:
    return one.track.title.casefold(), one.track.artist


@given(POOLS, st.dictionaries(MOODS, st.integers(0, 15)), st.integers(0, 2**40))
def test_no_song_comes_twice_and_no_count_is_exceeded(
    pools: dict[Expression, TrackPool], counts: dict[Expression, int], seed: int
) -> None:
    found = mix_tracks(pools, counts, seed)
    assert len({one.track.uri for one in found}) == len({same(one) for one in found}) == len(found)
    for mood, number in Counter(one.mood for one in found).items():
        assert number <= counts[mood]
    for one in found:
        pool = pools[one.mood]
        assert (one.track, one.source) in pool.from_playlists + pool.from_searches
    assert found == mix_tracks(pools, counts, seed)


def pool(start: int, own: int, searched: int) -> TrackPool:
    numbers = range(start, start + own + searched)
    rows = [(song(number), "search" if number - start >= own else "your list") for number in numbers]
    return TrackPool(tuple(rows[:own]), tuple(rows[own:]))


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 50), st.integers(0, 1000))
def test_large_pools_give_the_requested_number_alternating(own: int, searched: int, count: int, seed: int) -> None:
    found = mix_tracks({Expression.SAD: pool(0, own, searched)}, {Expression.SAD: count}, seed)
    assert len(found) == min(count, own + searched)
    # They alternate while both have songs
    both = [one.source for one in found[: 2 * min(own, searched)]]
    assert both == (["your list", "search"] * len(found))[: len(both)]


def test_another_seed_gives_another_mix() -> None:
    pools, counts = {Expression.SAD: pool(0, 20, 20)}, {Expression.SAD: 10}
    assert len({tuple(one.track.uri for one in mix_tracks(pools, counts, seed)) for seed in range(5)}) == 5


def test_each_expression_is_spread_over_the_mix() -> None:
    pools = {Expression.HAPPY: pool(0, 30, 0), Expression.SAD: pool(100, 30, 0)}
    found = [one.mood for one in mix_tracks(pools, {Expression.HAPPY: 16, Expression.SAD: 4}, 1)]
    places = [place for place, mood in enumerate(found) if mood is Expression.SAD]
    assert len(places) == 4
    assert [place // 5 for place in places] == [0, 1, 2, 3]


def test_song_in_two_pools_goes_to_the_larger_count() -> None:
    both = TrackPool(from_playlists=((song(1), "search"),))
    found = mix_tracks({Expression.HAPPY: both, Expression.SAD: both}, {Expression.HAPPY: 1, Expression.SAD: 2}, 1)
    assert [one.mood for one in found] == [Expression.SAD]


@pytest.mark.parametrize(
    ("name", "moods"),
    [
        ("Sad songs", {Expression.SAD}),
        ("SADNESS", {Expression.SAD}),
        ("Happy Hits!", {Expression.HAPPY}),
        ("Lo-Fi beats", {Expression.NEUTRAL}),
        ("feel good", {Expression.HAPPY}),
        ("Horror party", {Expression.FEAR, Expression.SURPRISE}),
        ("Feel-Good songs", {Expression.HAPPY}),
        ("Never sad", set[Expression]()),
        ("anti-happy", set[Expression]()),
        ("Partying", set[Expression]()),
        ("Crusade", set[Expression]()),
        ("", set[Expression]()),
        ("♥", set[Expression]()),
    ],
)
def test_playlist_name_decides_which_moods_it_fits(name: str, moods: set[Expression]) -> None:
    assert {mood for mood in EXPRESSIONS if fits_mood(name, mood)} == moods


@pytest.mark.parametrize("mood", EXPRESSIONS)
def test_each_expression_has_words_and_searches(mood: Expression) -> None:
    recipe = RECIPES[mood]
    assert recipe.searches
    assert fits_mood(mood.value, mood)
    # Whole words in lower case, as `fits_mood` compares them
    assert all(fits_mood(word, mood) and word == word.casefold() and word.isalpha() for word in recipe.words)


def test_playable_song_is_parsed() -> None:
    item: dict[str, Any] = {"uri": URI, "name": "A\nb", "artists": [{"name": "Anna"}]}
    assert parse_track(item) == Track(URI, "A b", "Anna")
    assert parse_track(item | {"is_playable": True, "artists": None}) == Track(URI, "A b", None)


@pytest.mark.parametrize(
    "change",
    [
        {"uri": f"spotify:episode:{'a' * 22}"},
        {"uri": "spotify:local:Anna:Album:Song:180"},
        {"uri": f"{URI}a"},
        {"uri": f"{URI}\n"},
        {"uri": None},
        {"name": None},
        {"name": " "},
        {"name": 7},
        {"is_playable": False},
        {"is_local": True},
    ],
)
def test_items_that_are_no_playable_song_are_left_out(change: dict[str, Any]) -> None:
    assert parse_track({"uri": URI, "name": "A"} | change) is None
