"""Playlists made of a person's own lists and of searches, at a server that has some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError
from realtime.music.spotify import playlist_builder
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from realtime.music.spotify.playlist_builder import RECIPES, BuiltPlaylist, PlaylistBuilder, playlist_title
from tests.support.spotify_server import Fault, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from realtime.music.spotify.client import SpotifyClient
    from tests.support.spotify_server import Row
    from tests.support.spotify_server import Spotify as Server

SAD, HAPPY = Expression.SAD, Expression.HAPPY


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def builder(web: SpotifyClient, told: list[str]) -> PlaylistBuilder:
    return PlaylistBuilder(web, {}, told.append)


@pytest.fixture
def songs(spotify: Server) -> Callable[..., list[Row]]:
    """Songs of a name with numbers."""

    def make(name: str, count: int) -> list[Row]:
        return [spotify.track(f"{name} {number}", "Somebody") for number in range(count)]

    return make


def titles(picked: Sequence[playlist_builder.PickedTrack], source: str) -> set[str]:
    return {one.track.title.split()[0] for one in picked if one.source == source}


def test_lists_of_ones_own_and_searches_in_turn(
    builder: PlaylistBuilder, spotify: Server, songs: Callable[..., list[Row]]
) -> None:
    spotify.playlist("My sad songs", tracks=[*songs("Own", 60), None])
    spotify.playlist("Sunny side", tracks=songs("Sunny", 5))
    spotify.found["sad piano"] = [*songs("Found", 9), None]
    picked = builder.songs({SAD: 12}, 1)
    assert [one.source for one in picked] == ["your list My sad songs", "search"] * 6
    assert {one.mood for one in picked} == {SAD}
    assert titles(picked, "search") == {"Found"}
    assert titles(picked, "your list My sad songs") == {"Own"}
    assert not [each for each in spotify.asked if each.method != "GET"]
    assert picked != builder.songs({SAD: 12}, 2)


def test_lists_of_others_and_our_own_ones_are_not_read(
    builder: PlaylistBuilder, spotify: Server, songs: Callable[..., list[Row]], told: list[str]
) -> None:
    spotify.playlist("Sad of Bob", owner="bob", tracks=songs("Bob", 5))
    spotify.playlist(playlist_title(SAD), tracks=songs("Ours", 5))
    spotify.playlist("emodj: sad, last week", tracks=songs("Ours", 5))
    odd = {"id": "x", "collaborative": False}
    spotify.playlists += [None, odd | {"name": "Sad", "owner": None}, odd | {"name": None, "owner": {"id": "anna"}}]
    assert builder.songs({SAD: 10}, 1) == []
    assert told == []


def test_a_list_that_the_settings_name_counts_whatever_it_is_called(
    web: SpotifyClient, spotify: Server, songs: Callable[..., list[Row]]
) -> None:
    mine = spotify.playlist("Whatever", tracks=songs("Own", 5))
    builder = PlaylistBuilder(web, {SAD: [mine["uri"]]}, print)
    assert titles(builder.songs({SAD: 5}, 1), "your list Whatever") == {"Own"}
    assert builder.songs({HAPPY: 5}, 1) == []


def test_a_list_that_cannot_be_read_is_left_out_and_told(
    builder: PlaylistBuilder, spotify: Server, songs: Callable[..., list[Row]], told: list[str]
) -> None:
    gone = spotify.playlist("Sad\ngone", tracks=songs("Gone", 5))
    spotify.playlist("Sad here", tracks=songs("Here", 5))
    spotify.fail("GET", f"/v1/playlists/{gone['id']}/items", refusal(404, "Resource not found"))
    assert len(builder.songs({SAD: 10}, 1)) == 5
    assert told == ["your list Sad gone is left out: Spotify has no such list for other programs than its own"]


def test_a_fault_that_passes_is_no_reason_to_leave_a_list_out(
    builder: PlaylistBuilder, spotify: Server, songs: Callable[..., list[Row]], told: list[str]
) -> None:
    row = spotify.playlist("Sad", tracks=songs("Own", 5))
    spotify.fail("GET", f"/v1/playlists/{row['id']}/items", Fault(503))
    with pytest.raises(SpotifyError) as caught:
        builder.songs({SAD: 10}, 1)
    assert (caught.value.kind, told) == (ErrorKind.AWAY, [])


def test_no_more_is_asked_than_it_takes(builder: PlaylistBuilder, spotify: Server, songs: Callable[..., list[Row]]) -> None:
    for number in range(8):
        spotify.playlist(f"Sad {number}", tracks=songs(f"List{number}", 450))
    for query in RECIPES[SAD].searches:
        spotify.found[query] = list(songs(query, 60))
    assert len(builder.songs({SAD: 100}, 1)) == 100
    paths = [each.path for each in spotify.asked]
    assert paths.count("/v1/me/playlists") == paths.count("/v1/me") == 1
    assert sum(path.endswith("/items") for path in paths) == playlist_builder.LISTS_A_MOOD * playlist_builder.SONGS_A_LIST // 50
    assert paths.count("/v1/search") == len(RECIPES[SAD].searches) * playlist_builder.PAGES_A_SEARCH
    before = len(paths)
    builder.songs({SAD: 1}, 1)
    again = [each.path for each in spotify.asked[before:]]
    assert again.count("/v1/search") == len(RECIPES[SAD].searches)
    assert "/v1/me/playlists" not in again


def test_a_search_that_has_no_more_is_not_asked_for_more(builder: PlaylistBuilder, spotify: Server) -> None:
    builder.songs({SAD: 100}, 1)
    searches = [each.query["q"] for each in spotify.asked if each.path == "/v1/search"]
    assert searches == list(RECIPES[SAD].searches)


def test_a_playlist_is_made_once_and_filled_anew(
    web: SpotifyClient, builder: PlaylistBuilder, spotify: Server, songs: Callable[..., list[Row]]
) -> None:
    spotify.playlist("Sad", tracks=songs("Own", 5))
    picked = builder.songs({SAD: 3}, 1)
    made = builder.make(SAD, picked)
    row = spotify.playlists[-1]
    assert row is not None
    assert made == BuiltPlaylist(f"https://open.spotify.com/playlist/{row['id']}", new=True)
    assert (row["name"], row["public"], "Made by emodj for sad" in row["description"]) == ("emodj: sad", False, True)
    assert [each["item"]["uri"] for each in spotify.contents[row["id"]]] == [one.track.uri for one in picked]
    again = PlaylistBuilder(web, {}, print)
    assert again.make(SAD, picked[:1]) == BuiltPlaylist(made.url, new=False)
    assert len(spotify.contents[row["id"]]) == 1


def test_a_playlist_of_that_name_that_is_another_persons_is_left_alone(builder: PlaylistBuilder, spotify: Server) -> None:
    theirs = spotify.playlist(playlist_title(SAD), owner="bob")
    assert builder.make(SAD, []).new
    assert theirs["id"] not in {each.path.split("/")[3] for each in spotify.asked if each.method == "PUT"}


@pytest.mark.parametrize("there", [True, False])
def test_a_playlist_that_cannot_be_filled_is_told(
    builder: PlaylistBuilder,
    spotify: Server,
    there: bool,  # noqa: FBT001
) -> None:
    # The id that the server will give to the list that it makes
    row = spotify.playlist(playlist_title(SAD), public=False)
    fault = refusal(503, "Service unavailable")
    spotify.fail("PUT", f"/v1/playlists/{row['id']}/items", fault)
    if not there:
        spotify.playlists.clear()
        spotify.contents.clear()
    with pytest.raises(SpotifyError) as caught:
        builder.make(SAD, [])
    sentence = "Spotify has a fault of its own (503): try again in a moment"
    rest = "" if there else "; the list emodj: sad is there and empty, the next run fills it"
    assert (caught.value.kind, str(caught.value)) == (ErrorKind.AWAY, sentence + rest)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            {"description": "My own"},
            "you have a playlist emodj: sad that emodj did not make: give it another name, and try again",
        ),
        ({"public": True}, "your playlist emodj: sad is public by now: make it private in Spotify, and try again"),
    ],
)
def test_a_playlist_of_that_name_that_is_not_for_us_is_left_alone(
    builder: PlaylistBuilder, spotify: Server, songs: Callable[..., list[Row]], more: Row, sentence: str
) -> None:
    row = spotify.playlist(playlist_title(SAD), tracks=songs("Own", 3))
    row |= {"public": False} | more
    with pytest.raises(EmodjError) as caught:
        builder.make(SAD, [])
    assert (str(caught.value), len(spotify.contents[row["id"]])) == (sentence, 3)


@pytest.mark.parametrize("description", ["", " ", None, "Made by emodj for sad: another run"])
def test_a_playlist_of_that_name_counts_as_ours_where_spotify_lost_its_description(
    builder: PlaylistBuilder, spotify: Server, description: str | None
) -> None:
    spotify.playlist(playlist_title(SAD), public=False, description=description)
    assert not builder.make(SAD, []).new


@pytest.mark.parametrize("body", [{}, {"id": None}, {"id": ""}, {"id": "../me"}, {"id": 7}])
def test_a_playlist_without_an_id_was_not_made(builder: PlaylistBuilder, spotify: Server, body: dict[str, object]) -> None:
    spotify.fail("POST", "/v1/me/playlists", Fault(201, body))
    with pytest.raises(EmodjError, match=r"^Spotify made no playlist: try again in a moment$"):
        builder.make(SAD, [])


def test_an_account_without_an_id_owns_nothing(builder: PlaylistBuilder, spotify: Server) -> None:
    spotify.playlist("Sad", tracks=[spotify.track("Song", "Somebody")])
    spotify.me = {"display_name": "Anna"}
    assert builder.songs({SAD: 3}, 1) == []


@pytest.mark.parametrize("mood", EXPRESSIONS)
def test_our_lists_are_called_after_us(mood: Expression) -> None:
    assert playlist_title(mood) == f"emodj: {mood.value}"
