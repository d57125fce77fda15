"""PlaylistBuilder: playlists of the user and searches, at a test server."""

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
def notices() -> list[str]:
    return []


@pytest.fixture
def builder(client: SpotifyClient, notices: list[str]) -> PlaylistBuilder:
    return PlaylistBuilder(client, {}, notices.append)


@pytest.fixture
def songs(spotify: Server) -> Callable[..., list[Row]]:
    """Make numbered songs with a common name."""

    def make(name: str, count: int) -> list[Row]:
        return [spotify.track(f"{name} {number}", "Somebody") for number in range(count)]

    return make


def titles(picked: Sequence[playlist_builder.PickedTrack], source: str) -> set[str]:
    return {one.track.title.split()[0] for one in picked if one.source == source}


def test_own_playlists_and_searches_alternate(
    builder: PlaylistBuilder, spotify: Server, songs: Callable[..., list[Row]]
) -> None:
    spotify.playlist("My sad songs", tracks=[*songs("Own", 60), None])
    spotify.playlist("Sunny side", tracks=songs("Sunny", 5))
    spotify.found["sad piano"] = [*songs("Found", 9), None]
    picked = builder.pick_tracks({SAD: 12}, 1)
    assert [one.source for one in picked] == ["your list My sad songs", "search"] * 6
    assert {one.mood for one in picked} == {SAD}
    assert titles(picked, "search") == {"Found"}
    assert titles(picked, "your list My sad songs") == {"Own"}
    assert not [each for each in spotify.requests if each.method != "GET"]
    assert picked != builder.pick_tracks({SAD: 12}, 2)


def test_playlists_of_others_and_of_emodj_are_not_read(
    builder: PlaylistBuilder, spotify: Server, songs: Callable[..., list[Row]], notices: list[str]
) -> None:
    spotify.playlist("Sad of Bob", owner="bob", tracks=songs("Bob", 5))
    spotify.playlist(playlist_title(SAD), tracks=songs("Ours", 5))
    spotify.playlist("emodj: sad, last week", tracks=songs("Ours", 5))
    odd = {"id": "x", "collaborative": False}
    spotify.playlists += [None, odd | {"name": "Sad", "owner": None}, odd | {"name": None, "owner": {"id": "anna"}}]
    assert builder.pick_tracks({SAD: 10}, 1) == []
    assert notices == []


def test_playlist_in_the_settings_fits_whatever_its_name(
    client: SpotifyClient, spotify: Server, songs: Callable[..., list[Row]]
) -> None:
    mine = spotify.playlist("Whatever", tracks=songs("Own", 5))
    builder = PlaylistBuilder(client, {SAD: [mine["uri"]]}, print)
    assert titles(builder.pick_tracks({SAD: 5}, 1), "your list Whatever") == {"Own"}
    assert builder.pick_tracks({HAPPY: 5}, 1) == []


def test_unreadable_playlist_is_left_out_with_a_notice(
    builder: PlaylistBuilder, spotify: Server, songs: Callable[..., list[Row]], notices: list[str]
) -> None:
    gone = spotify.playlist("Sad\ngone", tracks=songs("Gone", 5))
    spotify.playlist("Sad here", tracks=songs("Here", 5))
    spotify.fail("GET", f"/v1/playlists/{gone['id']}/items", refusal(404, "Resource not found"))
    assert len(builder.pick_tracks({SAD: 10}, 1)) == 5
    assert notices == ["your list Sad gone is left out: Spotify does not offer this list to other programs"]


def test_temporary_fault_raises(
    builder: PlaylistBuilder, spotify: Server, songs: Callable[..., list[Row]], notices: list[str]
) -> None:
    row = spotify.playlist("Sad", tracks=songs("Own", 5))
    spotify.fail("GET", f"/v1/playlists/{row['id']}/items", Fault(503))
    with pytest.raises(SpotifyError) as caught:
        builder.pick_tracks({SAD: 10}, 1)
    assert (caught.value.kind, notices) == (ErrorKind.UNAVAILABLE, [])


def test_number_of_requests_is_limited(builder: PlaylistBuilder, spotify: Server, songs: Callable[..., list[Row]]) -> None:
    for number in range(8):
        spotify.playlist(f"Sad {number}", tracks=songs(f"List{number}", 450))
    for query in RECIPES[SAD].searches:
        spotify.found[query] = list(songs(query, 60))
    assert len(builder.pick_tracks({SAD: 100}, 1)) == 100
    paths = [each.path for each in spotify.requests]
    assert paths.count("/v1/me/playlists") == paths.count("/v1/me") == 1
    assert (
        sum(path.endswith("/items") for path in paths)
        == playlist_builder.PLAYLISTS_PER_MOOD * playlist_builder.SONGS_PER_PLAYLIST // 50
    )
    assert paths.count("/v1/search") == len(RECIPES[SAD].searches) * playlist_builder.PAGES_PER_SEARCH
    before = len(paths)
    builder.pick_tracks({SAD: 1}, 1)
    again = [each.path for each in spotify.requests[before:]]
    assert again.count("/v1/search") == len(RECIPES[SAD].searches)
    assert "/v1/me/playlists" not in again


def test_exhausted_search_is_not_continued(builder: PlaylistBuilder, spotify: Server) -> None:
    builder.pick_tracks({SAD: 100}, 1)
    searches = [each.query["q"] for each in spotify.requests if each.path == "/v1/search"]
    assert searches == list(RECIPES[SAD].searches)


def test_playlist_is_created_once_and_refilled(
    client: SpotifyClient, builder: PlaylistBuilder, spotify: Server, songs: Callable[..., list[Row]]
) -> None:
    spotify.playlist("Sad", tracks=songs("Own", 5))
    picked = builder.pick_tracks({SAD: 3}, 1)
    made = builder.write_playlist(SAD, picked)
    row = spotify.playlists[-1]
    assert row is not None
    assert made == BuiltPlaylist(f"https://open.spotify.com/playlist/{row['id']}", new=True)
    assert (row["name"], row["public"], "Made by emodj for sad" in row["description"]) == ("emodj: sad", False, True)
    assert [each["item"]["uri"] for each in spotify.contents[row["id"]]] == [one.track.uri for one in picked]
    again = PlaylistBuilder(client, {}, print)
    assert again.write_playlist(SAD, picked[:1]) == BuiltPlaylist(made.url, new=False)
    assert len(spotify.contents[row["id"]]) == 1


def test_playlist_of_another_user_with_the_same_name_is_not_changed(builder: PlaylistBuilder, spotify: Server) -> None:
    theirs = spotify.playlist(playlist_title(SAD), owner="bob")
    assert builder.write_playlist(SAD, []).new
    assert theirs["id"] not in {each.path.split("/")[3] for each in spotify.requests if each.method == "PUT"}


@pytest.mark.parametrize("exists", [True, False])
def test_failed_fill_raises(
    builder: PlaylistBuilder,
    spotify: Server,
    exists: bool,  # noqa: FBT001
) -> None:
    # The server gives a new list the same id
    row = spotify.playlist(playlist_title(SAD), public=False)
    fault = refusal(503, "Service unavailable")
    spotify.fail("PUT", f"/v1/playlists/{row['id']}/items", fault)
    if not exists:
        spotify.playlists.clear()
        spotify.contents.clear()
    with pytest.raises(SpotifyError) as caught:
        builder.write_playlist(SAD, [])
    sentence = "Spotify has an internal error (503): try again in a moment"
    rest = "" if exists else "; the new list emodj: sad is empty, the next run fills it"
    assert (caught.value.kind, str(caught.value)) == (ErrorKind.UNAVAILABLE, sentence + rest)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            {"description": "My own"},
            "you have a playlist emodj: sad that emodj did not make: give it another name, and try again",
        ),
        ({"public": True}, "your playlist emodj: sad is public: make it private in Spotify, and try again"),
    ],
)
def test_playlist_made_by_the_user_or_public_is_not_changed(
    builder: PlaylistBuilder, spotify: Server, songs: Callable[..., list[Row]], more: Row, sentence: str
) -> None:
    row = spotify.playlist(playlist_title(SAD), tracks=songs("Own", 3))
    row |= {"public": False} | more
    with pytest.raises(EmodjError) as caught:
        builder.write_playlist(SAD, [])
    assert (str(caught.value), len(spotify.contents[row["id"]])) == (sentence, 3)


@pytest.mark.parametrize("description", ["", " ", None, "Made by emodj for sad: another run"])
def test_playlist_with_a_lost_description_counts_as_made_by_emodj(
    builder: PlaylistBuilder, spotify: Server, description: str | None
) -> None:
    spotify.playlist(playlist_title(SAD), public=False, description=description)
    assert not builder.write_playlist(SAD, []).new


@pytest.mark.parametrize("body", [{}, {"id": None}, {"id": ""}, {"id": "../me"}, {"id": 7}])
def test_answer_without_an_id_raises(builder: PlaylistBuilder, spotify: Server, body: dict[str, object]) -> None:
    spotify.fail("POST", "/v1/me/playlists", Fault(201, body))
    with pytest.raises(EmodjError, match=r"^Spotify made no playlist: try again in a moment$"):
        builder.write_playlist(SAD, [])


def test_account_without_an_id_owns_no_playlist(builder: PlaylistBuilder, spotify: Server) -> None:
    spotify.playlist("Sad", tracks=[spotify.track("Song", "Somebody")])
    spotify.me = {"display_name": "Anna"}
    assert builder.pick_tracks({SAD: 3}, 1) == []


@pytest.mark.parametrize("mood", EXPRESSIONS)
def test_playlist_titles_start_with_emodj(mood: Expression) -> None:
    assert playlist_title(mood) == f"emodj: {mood.value}"
