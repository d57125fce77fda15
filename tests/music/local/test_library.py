"""Reading songs for a mood."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError, UsageError
from realtime.music.local.library import FoundSongs, moods_with_songs, read_library, read_songs
from realtime.music.songs import Song, recommend

HAPPY, SAD, FEAR, ANGRY = Expression.HAPPY, Expression.SAD, Expression.FEAR, Expression.ANGRY


def made(folder: Path, *names: str) -> Path:
    """A folder with empty files in it."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def written(path: Path, text: str) -> Path:
    """A list of that text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def names(found: FoundSongs) -> list[str]:
    """Of the files, or links."""
    return [song.path.name if song.path is not None else str(song.url) for song in found.songs]


def test_a_folder_is_for_any_mood(tmp_path: Path) -> None:
    found = read_songs(made(tmp_path, "b.mp3", "a/c.wav"), SAD)
    assert list(found.songs) == [Song(path=tmp_path / "b.mp3"), Song(path=tmp_path / "a" / "c.wav")]
    assert (found.notices, found.mood) == ((), SAD)


def test_a_relative_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, "x/a.mp3")
    monkeypatch.chdir(tmp_path)
    assert [song.path for song in read_songs(Path("x"), None).songs] == [tmp_path / "x" / "a.mp3"]


def test_a_list_is_for_any_mood_and_a_csv_for_those_of_its_rows(tmp_path: Path) -> None:
    m3u = written(tmp_path / "any.M3U8", "#EXTINF:1,Queen - \x1b[31mJump\u2028up\na.mp3\n")
    # A title comes from anywhere, and goes to a terminal and a screen
    (song,) = read_songs(m3u, HAPPY).songs
    assert (song.artist, song.path) == ("Queen", tmp_path / "a.mp3")
    assert song.title is not None
    assert song.title.replace("�", "") == "[31mJump up"
    table = written(tmp_path / "all.CSV", "mood,path\nsad,a.mp3\nhappy,b.mp3\n")
    assert names(read_songs(table, HAPPY)) == ["b.mp3"]
    assert names(read_songs(table, None)) == ["a.mp3", "b.mp3"]
    with pytest.raises(UsageError, match=r"no song for fear in .*all\.CSV"):
        read_songs(table, FEAR)


def test_songs_are_a_sequence(tmp_path: Path) -> None:
    songs = read_songs(made(tmp_path, *(f"{number}.mp3" for number in range(9))), None).songs
    assert len(songs) == 9
    assert songs[-1] == Song(path=tmp_path / "8.mp3")
    assert [song.path for song in songs[2:4]] == [tmp_path / "2.mp3", tmp_path / "3.mp3"]
    assert songs[3] in songs
    with pytest.raises(IndexError):
        _ = songs[9]


def test_nothing_to_play_is_told_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no song in .*: their names end in \.mp3, \.ogg, \.opus, \.flac, \.wav$"):
        read_songs(made(tmp_path, "a.txt"), HAPPY)
    with pytest.raises(UsageError, match=r"no song in .*a\.m3u8: each line .*; .*line 1: '/x\.mp3' is left out, it leads out"):
        read_songs(written(tmp_path / "a.m3u8", "/x.mp3"), HAPPY)
    with pytest.raises(UsageError, match=r"a\.txt is no list of songs: name a folder, or a file that ends in \.m3u8 or \.csv"):
        read_songs(tmp_path / "a.txt", HAPPY)
    with pytest.raises(UsageError, match=r"there is no folder or list of songs at .*gone"):
        read_songs(tmp_path / "gone", HAPPY)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(EmodjError, match=r"cannot read .*loop \(.*\): mend that"):
        read_songs(tmp_path / "loop", HAPPY)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        read_songs(tmp_path / "pipe.csv", HAPPY)


@pytest.mark.parametrize("name", ["a\0b", "a\0b.m3u8", "\ud800", "\ud800.csv"])
def test_a_name_that_no_file_can_have_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="there is no folder or list of songs at"):
        read_songs(tmp_path / name, HAPPY)
    with pytest.raises(UsageError, match="there is no folder or list of songs at"):
        read_library(tmp_path / name, HAPPY)
    with pytest.raises(UsageError, match="there is no folder or list of songs at"):
        moods_with_songs(tmp_path / name)


def test_a_name_with_a_line_end_says_nothing_of_its_own(tmp_path: Path) -> None:
    odd = tmp_path / "x\nemodj: all is well\u2028"
    inside = made(odd / "in", "happy/a.mp3", "hapy/b.mp3", "sad/c.txt")
    made(odd / "out", "d\n.mp3")
    (inside / "happy" / "d\n.mp3").symlink_to("../../out/d\n.mp3")
    written(inside / "happy.m3u8", "../e\u2028.mp3\n")
    written(odd / "bad.csv", "title\n")
    written(odd / "open.csv", 'mood,path\n"')
    written(odd / "any.txt", "x")
    (odd / "bytes.m3u8").write_bytes(b"\xff")
    os.mkfifo(odd / "pipe.csv")
    found = read_library(inside, HAPPY)
    assert len(found.notices) == found.left_out == 3
    said = [*found.notices, *read_library(inside, SAD).notices]
    for name in ("gone", "in/sad", "bad.csv", "open.csv", "any.txt", "bytes.m3u8", "pipe.csv", "any.m3u8"):
        with pytest.raises(EmodjError) as raised:
            read_songs(odd / name, HAPPY)
        said.append(str(raised.value))
    for name in ("gone", "out", "any.txt", "any.m3u8", "in/sad"):
        with pytest.raises(EmodjError) as raised:
            read_library(odd / name, HAPPY)
        said.append(str(raised.value))
    assert all(len(sentence.splitlines()) == 1 and "x�emodj: all is well" in sentence for sentence in said)


def test_a_library_of_folders_and_lists(tmp_path: Path) -> None:
    made(tmp_path, "Happy/2.mp3", "happy/1.mp3", "SAD/3.mp3", "else/4.mp3", "5.mp3")
    written(tmp_path / "HAPPY.m3u8", "else/4.mp3\n")
    written(tmp_path / "sad.m3u", "https://example.org/6\n")
    assert sorted(names(read_library(tmp_path, HAPPY))) == ["1.mp3", "2.mp3", "4.mp3"]
    found = read_library(tmp_path, SAD)
    assert (names(found), found.notices, found.mood) == (["3.mp3", "https://example.org/6"], (), SAD)


def test_a_library_in_a_csv(tmp_path: Path) -> None:
    library = written(tmp_path / "songs.csv", "mood,path\nsad,a.mp3\nHAPPY,b.mp3\n")
    assert names(read_library(library, SAD)) == ["a.mp3"]


def test_a_mood_without_songs_gets_those_of_its_nearest_neighbour(tmp_path: Path) -> None:
    made(tmp_path, "sad/a.mp3", "angry/b.mp3", "happy/c.mp3")
    (tmp_path / "fear").mkdir()
    found = read_library(tmp_path, FEAR)
    assert (names(found), found.mood) == (["b.mp3"], ANGRY)
    assert found.notices == (f"{tmp_path} has no song for fear: here is the nearest it has, for angry",)
    table = written(tmp_path / "songs.csv", "mood,path\nsad,a.mp3\nhappy,b.mp3\n")
    assert read_library(table, FEAR).mood is SAD


def test_a_library_without_songs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no mood in it: a library has folders or lists \(\.m3u8\) named angry, disgust"):
        read_library(made(tmp_path, "a.mp3"), HAPPY)
    with pytest.raises(UsageError, match=r"has no mood in it.*'hapy' is no mood: did you mean happy"):
        read_library(made(tmp_path, "hapy/a.mp3"), HAPPY)
    with pytest.raises(UsageError, match="no song for any mood"):
        read_library(made(tmp_path / "x", "happy/a.txt"), SAD)
    with pytest.raises(UsageError, match=r"no song for any mood.*line 2.*did you mean happy"):
        read_library(written(tmp_path / "songs.csv", "mood,path\nhapy,a.mp3\n"), SAD)
    with pytest.raises(UsageError, match=r"says nothing of moods: name the folder that holds sad\.m3u8"):
        read_library(written(tmp_path / "any.m3u8", "a.mp3"), SAD)
    with pytest.raises(UsageError, match=r"is no library: name a folder .* or a \.csv file"):
        read_library(written(tmp_path / "a.txt", "a.mp3"), SAD)


def test_what_leaves_the_library_is_left_out(tmp_path: Path) -> None:
    library = made(tmp_path / "library", "sad/a.mp3", "elsewhere/b.mp3")
    made(tmp_path / "out", "c.mp3")
    (library / "happy").symlink_to(tmp_path / "out")
    (library / "angry").symlink_to("elsewhere")
    written(library / "fear.m3u8", "../out/c.mp3\nelsewhere/b.mp3\n")
    assert names(read_library(library, ANGRY)) == ["b.mp3"]
    for mood, fault in [
        (HAPPY, "/happy is left out, it leads out of"),
        (FEAR, "line 1: '../out/c.mp3' is left out, it leads out"),
    ]:
        found = read_library(library, mood)
        assert fault in found.notices[0]
        assert "c.mp3" not in names(found)


def test_a_list_that_cannot_be_read_does_not_hide_the_folder(tmp_path: Path) -> None:
    made(tmp_path, "happy/a.mp3")
    (tmp_path / "happy.m3u8").write_bytes(b"\xff.mp3")
    found = read_library(tmp_path, HAPPY)
    assert names(found) == ["a.mp3"]
    assert "happy.m3u8 is no UTF-8 text (at line 1)" in found.notices[0]
    (tmp_path / "sad").touch()
    assert "there is no folder" in read_library(tmp_path, SAD).notices[0]


def test_a_hundred_thousand_songs(tmp_path: Path) -> None:
    rows = (f"{EXPRESSIONS[number % 7].value},{number % 50}/{number}.mp3,Title {number}" for number in range(100_000))
    library = written(tmp_path / "songs.csv", "mood,path,title\n" + "\n".join(rows))
    found = read_library(library, ANGRY)
    assert len(found.songs) == 14286
    assert len(set(recommend(found.songs, 20, 1))) == 20


def test_the_moods_of_a_library_are_those_of_its_folders_lists_and_rows(tmp_path: Path) -> None:
    made(tmp_path / "folder", "Happy/deeper/a.mp3", "sad.m3u8", "other/b.mp3", "angry.txt", "fear/cover.jpg")
    assert moods_with_songs(tmp_path / "folder") == {HAPPY, SAD}
    table = written(tmp_path / "songs.csv", "mood,url\nfear,https://example.org/\nFear,https://example.org/2\nhapy,x\n")
    assert moods_with_songs(table) == {FEAR}
    assert moods_with_songs(made(tmp_path / "bare", "a.mp3")) == frozenset()


@pytest.mark.parametrize("name", ["gone", "file.txt", "list.m3u8"])
def test_what_is_no_library_has_no_moods(tmp_path: Path, name: str) -> None:
    written(tmp_path / "file.txt", "x")
    written(tmp_path / "list.m3u8", "a.mp3")
    with pytest.raises(UsageError):
        moods_with_songs(tmp_path / name)
