from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from realtime.domain import Expression
from realtime.errors import EmodjError
from realtime.music.feedback import Verdict, digest_place
from realtime.music.local.library import FoundSongs, read_songs
from realtime.music.songs import Song
from realtime.music.taste import key_of_song
from realtime.page.songs import MAX_JUDGED, MAX_LISTS, ListedSong, SongLists
from tests.support.sounds import SUFFIXES, sound
from tests.support.thumbs import Thumbs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lists() -> SongLists:
    return SongLists()


def thumb_of(place: object) -> str:
    """The name of a song of a list without a mood for a thumb."""
    return f"lift-song-{digest_place(str(place))}"


def found(*songs: Song) -> FoundSongs:
    return FoundSongs(songs)


def test_a_list_is_read_when_it_is_opened_and_once(lists: SongLists) -> None:
    reads = list[int]()

    def read() -> FoundSongs:
        reads.append(1)
        return found(Song("One"), Song("Two"))

    name = lists.offer("a", read)
    assert reads == []
    assert [len(lists.open(name).songs) for _ in range(2)] == [2, 2]
    assert reads == [1]


def test_the_same_list_keeps_its_name_and_another_has_another(lists: SongLists) -> None:
    name = lists.offer("a", lambda: found(Song("One")))
    assert lists.offer("a", lambda: found(Song("One"))) == name
    assert lists.offer("b", lambda: found(Song("Two"))) != name
    assert len(name) >= 22


def test_the_oldest_list_goes_for_a_new_one(lists: SongLists) -> None:
    first, second, *_ = [lists.offer(number, lambda: found(Song("One"))) for number in range(MAX_LISTS)]
    lists.offer(0, lambda: found(Song("One")))
    lists.offer("new", lambda: found(Song("One")))
    assert lists.has(first)
    assert not lists.has(second)
    with pytest.raises(EmodjError, match="gone: choose it again"):
        lists.open(second)


def test_a_song_has_the_title_of_its_file_and_an_address_without_a_path(lists: SongLists, tmp_path: Path) -> None:
    path = sound(tmp_path / "secret folder" / "a.ogg", title="Träne", artist="Wer")
    name = lists.offer("a", lambda: read_songs(path.parent, None))
    assert lists.song(name, 0) == ListedSong("Träne", "Wer", f"/songs/{name}/0", None, thumb_of(path))


def test_a_link_has_no_address(lists: SongLists) -> None:
    name = lists.offer("a", lambda: found(Song("One", "Two", url="https://example.org/one")))
    assert lists.song(name, 0) == ListedSong("One", "Two", None, "https://example.org/one", thumb_of("https://example.org/one"))
    with pytest.raises(EmodjError, match="is a link"):
        lists.file(name, 0)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_format_has_its_media_type(lists: SongLists, tmp_path: Path, suffix: str) -> None:
    path = sound(tmp_path / f"a.{suffix}")
    name = lists.offer("a", lambda: read_songs(tmp_path, None))
    types = {"wav": "wav", "mp3": "mpeg", "ogg": "ogg", "opus": "ogg", "flac": "flac"}
    assert lists.file(name, 0) == (path, f"audio/{types[suffix]}")


def test_what_is_no_song_by_its_content_is_not_given(lists: SongLists, tmp_path: Path) -> None:
    (tmp_path / "passwords.mp3").write_text("secret " * 100, encoding="utf-8")
    name = lists.offer("a", lambda: read_songs(tmp_path, None))
    with pytest.raises(EmodjError, match="damaged, or none of"):
        lists.file(name, 0)


@pytest.mark.parametrize("number", [-1, 1, 10**20])
def test_a_number_outside_of_the_list_is_no_song(lists: SongLists, number: int) -> None:
    name = lists.offer("a", lambda: found(Song("One")))
    with pytest.raises(EmodjError, match="no such song"):
        lists.song(name, number)


NUMBERED = tuple(Song(f"Song {number}", url=f"https://example.org/{number}") for number in range(12))


def test_songs_have_no_order_until_one_has_a_thumb(lists: SongLists) -> None:
    name, thumbs = lists.offer("a", lambda: found(*NUMBERED), Expression.SAD), Thumbs()
    thumbs.add(key_of_song(NUMBERED[3], Expression.HAPPY), Verdict.LIKE)
    assert lists.order(name, thumbs, shuffled=False) is None
    thumbs.add(key_of_song(NUMBERED[3], Expression.SAD), Verdict.LIKE)
    assert lists.order(name, thumbs, shuffled=False) == [3, 0, 1, 2, *range(4, 12)]


def test_songs_with_two_thumbs_down_are_left_out(lists: SongLists) -> None:
    name, thumbs = lists.offer("a", lambda: found(*NUMBERED[:2]), Expression.SAD), Thumbs()
    for _ in range(2):
        thumbs.add(key_of_song(NUMBERED[0], Expression.SAD), Verdict.DISLIKE)
    assert [lists.order(name, thumbs, shuffled=shuffled) for shuffled in (False, True)] == [[1], [1]]
    for _ in range(2):
        thumbs.add(key_of_song(NUMBERED[1], Expression.SAD), Verdict.DISLIKE)
    assert [lists.order(name, thumbs, shuffled=shuffled) for shuffled in (False, True)] == [[], []]


def test_a_tab_can_judge_what_it_was_offered_last(lists: SongLists) -> None:
    keys = [key_of_song(Song(str(number)), Expression.SAD) for number in range(MAX_JUDGED + 1)]
    names = [lists.offer_thumb(key, f"Song {number}") for number, key in enumerate(keys)]
    assert lists.judged(names[0]) is None
    assert lists.judged(names[1]) == (keys[1], "Song 1")
    assert lists.judged("sad-song-0") is None
