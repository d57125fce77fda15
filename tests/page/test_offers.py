from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from realtime.app.build import build_page, shipped_settings
from realtime.domain import Expression, Mood
from realtime.mood.affect import POINTS
from realtime.movies.tmdb import TmdbFilters
from realtime.music.catalog import MusicChoice, Playlists
from realtime.music.planner import Strategy
from realtime.page.offers import Shelf, offer
from realtime.page.songs import SongLists
from tests.support.sounds import sound

if TYPE_CHECKING:
    from pathlib import Path

SAD = Mood.by_hand(Expression.SAD)
MIXED = Mood((0.05, 0, 0, 0.5, 0, 0.45, 0), None)


def shelf(library: Path | None = None) -> Shelf:
    settings = shipped_settings()
    settings = replace(settings, music=replace(settings.music, library=library))
    return build_page(settings, lambda _: None, in_network=False).shelf


def test_a_mood_gets_music_songs_movies_and_a_fact() -> None:
    offered = offer(shelf(), SAD, Strategy.MATCH, 7, SongLists())
    lists = shipped_settings().playlists.moods[Expression.SAD]
    assert offered["music"]["why"] == "for sad"
    assert [(choice["title"], choice["url"], choice["list"]) for choice in offered["music"]["choices"]] == [
        (choice.title, choice.url, None) for choice in lists
    ]
    assert len(offered["songs"]["songs"]) == len(offered["movies"]["movies"]) == 5
    assert all(song["url"].startswith("https://") and song["address"] is None for song in offered["songs"]["songs"])
    assert all(movie["url"].startswith("https://") for movie in offered["movies"]["movies"])
    assert offered["movies"]["why"] == "for sad"
    assert offered["fact"]["source"]


def test_the_same_seed_draws_the_same_and_another_draws_others() -> None:
    drawn = [offer(shelf(), SAD, Strategy.MATCH, seed, SongLists()) for seed in (1, 1, 2)]
    for part in ("movies", "fact"):
        assert drawn[0][part] == drawn[1][part]
        assert drawn[0][part] != drawn[2][part]
    titles = [[song["title"] for song in each["songs"]["songs"]] for each in drawn]
    assert titles[0] == titles[1] != titles[2]
    assert len(set(titles[0])) == 5


def test_a_journey_shows_its_four_steps() -> None:
    music = offer(shelf(), SAD, Strategy.JOURNEY, 1, SongLists())["music"]
    assert [step["why"] for step in music["steps"]] == [f"step {number} of 4 from sad" for number in range(1, 5)]
    assert offer(shelf(), SAD, Strategy.LIFT, 1, SongLists())["music"]["steps"] is None


def test_a_mixed_mood_gets_something_too() -> None:
    offered = offer(shelf(), MIXED, Strategy.MATCH, 1, SongLists())
    assert offered["music"]["why"] == "for faces that disagree"
    assert len(offered["songs"]["songs"]) == 5


def test_songs_of_a_library_can_be_played_and_have_no_path(tmp_path: Path) -> None:
    for number in range(7):
        sound(tmp_path / "sad" / f"{number}.ogg", title=f"Song {number}")
    lists = SongLists()
    offered = offer(shelf(tmp_path), SAD, Strategy.MATCH, 3, lists)
    songs = offered["songs"]
    assert (songs["own"], songs["count"], songs["notices"]) == (True, 7, [])
    for song in songs["songs"]:
        assert song["title"] == f"Song {song['number']}"
        assert song["address"] == f"/songs/{songs['list']}/{song['number']}"
        assert lists.file(songs["list"], song["number"])[0].name == f"{song['number']}.ogg"
    # The first choice of the music is the library, too
    first = offered["music"]["choices"][0]
    assert (first["title"], first["url"]) == ("your own songs", None)
    assert len(lists.open(first["list"]).songs) == 7
    assert str(tmp_path) not in str(offered)


def test_a_song_whose_file_is_gone_is_not_offered(tmp_path: Path) -> None:
    sound(tmp_path / "here.ogg")
    (tmp_path / "songs.csv").write_text("mood,path\nsad,gone.ogg\nsad,here.ogg\nsad,here.ogg\n", encoding="utf-8")
    songs = offer(shelf(tmp_path / "songs.csv"), SAD, Strategy.MATCH, 3, SongLists())["songs"]
    assert [song["title"] for song in songs["songs"]] == ["here"]
    (tmp_path / "here.ogg").unlink()
    songs = offer(shelf(tmp_path / "songs.csv"), SAD, Strategy.MATCH, 3, SongLists())["songs"]
    assert songs["error"].endswith("exists: is its disk connected?")


def test_the_nearest_mood_with_songs_is_said(tmp_path: Path) -> None:
    sound(tmp_path / "angry" / "a.ogg")
    songs = offer(shelf(tmp_path), SAD, Strategy.MATCH, 3, SongLists())["songs"]
    assert songs["notices"] == [f"{tmp_path} has no song for sad: using the nearest mood, angry"]


def test_what_cannot_be_read_is_said_and_the_rest_stays(tmp_path: Path) -> None:
    lift_only = [movie for movie in shelf().movies if movie.mood is None]
    offered = offer(replace(shelf(), library=tmp_path / "gone", movies=lift_only), SAD, Strategy.MATCH, 1, SongLists())
    assert set(offered["songs"]) == set(offered["movies"]) == {"error"}
    assert str(tmp_path) in offered["songs"]["error"]
    assert offered["movies"]["error"] == "the list has no movie for this mood: choose lift, or add one"
    assert offered["music"]["choices"]
    assert offered["fact"]["text"]


def test_without_a_key_of_tmdb_the_list_serves_and_that_is_said() -> None:
    movies = offer(replace(shelf(), tmdb=TmdbFilters("en-US", "", 0, 0)), SAD, Strategy.MATCH, 1, SongLists())["movies"]
    assert len(movies["movies"]) == 5
    assert movies["notices"] == ["from the list on this computer: there is no key of TMDb: emodj movies login keeps yours"]


def test_a_folder_of_the_settings_can_be_played(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav")
    choice = MusicChoice("My folder", None, tmp_path, POINTS[Expression.SAD], Expression.SAD)
    lists = SongLists()
    own = replace(shelf(), playlists=Playlists({Expression.SAD: (choice,)}))
    (shown,) = offer(own, SAD, Strategy.MATCH, 1, lists)["music"]["choices"]
    assert shown["title"] == "My folder"
    assert lists.song(shown["list"], 0).title == "a"


def test_no_music_for_a_mood_is_said() -> None:
    assert (
        "no music for this mood"
        in offer(replace(shelf(), playlists=Playlists({})), SAD, Strategy.MATCH, 1, SongLists())["music"]["error"]
    )
