"""Parsing of the state of Spotify's player."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.music.songs import NowPlaying
from realtime.music.spotify.playback_state import account_name, artist_names, parse_now_playing, seconds_left

SONG: dict[str, Any] = {"name": "Song", "artists": [{"name": "Anna"}, {"name": "Bob"}], "duration_ms": 180_000}
DEVICE = {"volume_percent": 40, "supports_volume": True}
STATE: dict[str, Any] = {
    "item": SONG,
    "device": DEVICE,
    "is_playing": True,
    "shuffle_state": True,
    "progress_ms": 60_000,
}

# Any JSON with the field names that the parser reads
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*STATE, *SONG, *DEVICE, "show"]), inner),
    max_leaves=12,
)


def test_all_fields_of_a_song_are_parsed() -> None:
    assert parse_now_playing(STATE, "Mine") == NowPlaying("Song", "Anna, Bob", 1, 1, paused=False, shuffled=True, volume=0.4)


@pytest.mark.parametrize("item", [None, {}, {"name": None}, {"name": " "}, {"name": 7, "artists": SONG["artists"]}, [], "x"])
def test_title_of_the_list_stands_for_an_advertisement(item: object) -> None:
    now = parse_now_playing(STATE | {"item": item}, "Mine")
    assert (now.title, now.artist) == ("Mine", None)


@pytest.mark.parametrize(
    "device", [None, {}, {"volume_percent": None}, DEVICE | {"supports_volume": False}, {"volume_percent": "4"}]
)
def test_volume_that_cannot_be_set_is_none(device: object) -> None:
    assert parse_now_playing(STATE | {"device": device}, "Mine").volume is None


@pytest.mark.parametrize(("percent", "volume"), [(0, 0), (100, 1), (300, 1), (-5, None), (10**400, None), (True, None)])
def test_volume_is_clipped(percent: int, volume: float | None) -> None:
    assert parse_now_playing(STATE | {"device": {"volume_percent": percent}}, "Mine").volume == volume


@pytest.mark.parametrize(("is_playing", "paused"), [(True, False), (False, True), (None, True)])
def test_player_that_does_not_play_is_paused(is_playing: bool | None, paused: bool) -> None:  # noqa: FBT001
    assert parse_now_playing(STATE | {"is_playing": is_playing}, "Mine").paused is paused


def test_title_is_one_line() -> None:
    assert parse_now_playing({"item": {"name": "a\nb\x1b[31m"}}, "Mine").title == "a b�[31m"


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (SONG, "Anna, Bob"),
        ({"show": {"name": "Radio"}}, "Radio"),
        ({"artists": [], "show": {"name": "Radio"}}, "Radio"),
        ({"artists": [{"name": ""}, None, {"name": 7}, {"name": "Bob\n"}]}, "Bob"),
        ({"artists": "Anna"}, None),
        ({}, None),
    ],
)
def test_artists_of_a_song_or_show_of_an_episode(item: dict[str, Any], expected: str | None) -> None:
    assert artist_names(item) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 120),
        ({"progress_ms": 200_000}, 0),
        ({"is_playing": False}, math.inf),
        ({"is_playing": None}, math.inf),
        ({"progress_ms": None}, math.inf),
        ({"progress_ms": -1}, math.inf),
        ({"item": None}, math.inf),
        ({"item": {"duration_ms": "long"}}, math.inf),
        ({"item": {"duration_ms": 10**400}}, math.inf),
    ],
)
def test_seconds_left_of_a_song(changes: dict[str, Any], expected: float) -> None:
    assert seconds_left(STATE | changes) == expected


@pytest.mark.parametrize(
    ("me", "expected"),
    [
        ({"display_name": "Anna\n", "id": "anna"}, "Anna"),
        ({"display_name": None, "id": "anna"}, "anna"),
        ({"display_name": " ", "id": 7}, "a user without a name"),
        ({}, "a user without a name"),
    ],
)
def test_account_always_has_a_name(me: dict[str, Any], expected: str) -> None:
    assert account_name(me) == expected


@given(st.dictionaries(st.sampled_from(list(STATE)), JSON))
def test_any_state_can_be_shown(state: dict[str, Any]) -> None:
    now = parse_now_playing(state, "Mine")
    assert now.title
    assert "\n" not in now.title
    assert now.volume is None or 0 <= now.volume <= 1
    assert seconds_left(state) >= 0
