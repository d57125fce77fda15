"""read_songs, read_library and moods_with_songs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError, UsageError
from realtime.music.local.library import FoundSongs, moods_with_songs, read_library, read_songs
from realtime.music.songs import Song, recommend

HAPPY, SAD, FEAR, ANGRY = Expression.HAPPY, Expression.SAD, Expression.FEAR, Expression.ANGRY


def make_files(folder: Path, *names: str) -> Path:
    """Make a folder with empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def write_list(path: Path, text: str) -> Path:
    """Write a list with this text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def names(found: FoundSongs) -> list[str]:
    """File names, or links, of the songs."""
    return [song.path.name if song.path is not None else str(song.url) for song in found.songs]


def test_folder_serves_any_mood(tmp_path: Path) -> None:
    found = read_songs(make_files(tmp_path, "b.mp3", "a/c.wav"), SAD)
    assert list(found.songs) == [Song(path=tmp_path / "b.mp3"), Song(path=tmp_path / "a" / "c.wav")]
    assert (found.notices, found.mood) == ((), SAD)


def test_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_files(tmp_path, "x/a.mp3")
    monkeypatch.chdir(tmp_path)
    assert [song.path for song in read_songs(Path("x"), None).songs] == [tmp_path / "x" / "a.mp3"]


def test_list_serves_any_mood_csv_only_the_moods_of_its_rows(tmp_path: Path) -> None:
    m3u = write_list(tmp_path / "any.M3U8", "#EXTINF:1,Queen - \x1b[31mJump\u2028up\na.mp3\n")
    # A title from an unknown source is shown on terminal and screen
    (song,) = read_songs(m3u, HAPPY).songs
    assert (song.artist, song.path) == ("Queen", tmp_path / "a.mp3")
    assert song.title is not None
    assert song.title.replace("�", "") == "[31mJump up"
    table = write_list(tmp_path / "all.CSV", "mood,path\nsad,a.mp3\nhappy,b.mp3\n")
    assert names(read_songs(table, HAPPY)) == ["b.mp3"]
    assert names(read_songs(table, None)) == ["a.mp3", "b.mp3"]
    with pytest.raises(UsageError, match=r"no song for fear in .*all\.CSV"):
        read_songs(table, FEAR)


def test_songs_are_a_sequence(tmp_path: Path) -> None:
    songs = read_songs(make_files(tmp_path, *(f"{number}.mp3" for number in range(9))), None).songs
    assert len(songs) == 9
    assert songs[-1] == Song(path=tmp_path / "8.mp3")
    assert [song.path for song in songs[2:4]] == [tmp_path / "2.mp3", tmp_path / "3.mp3"]
    assert songs[3] in songs
    with pytest.raises(IndexError):
        _ = songs[9]


@pytest.mark.parametrize("suffix", ["pls", "XSPF"])
def test_a_list_of_another_kind_is_to_be_exported(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"a\.{suffix} is a list of a kind that .*: export it as M3U from your player$"):
        read_songs(write_list(tmp_path / f"a.{suffix}", "[playlist]"), HAPPY)


@pytest.mark.posix("needs links, names and errors of POSIX")
def test_source_without_songs_raises_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"there is no song in .*: the name of a song ends in \.mp3, \.ogg, \.opus, \.flac, \.wav$"
    ):
        read_songs(make_files(tmp_path, "a.txt"), HAPPY)
    with pytest.raises(UsageError, match=r"no song in .*a\.m3u8: each line .*; .*line 1: '/x\.mp3' is left out, it leads out"):
        read_songs(write_list(tmp_path / "a.m3u8", "/x.mp3"), HAPPY)
    with pytest.raises(UsageError, match=r"a\.txt is no list of songs: name a folder, or a file that ends in \.m3u8 or \.csv"):
        read_songs(tmp_path / "a.txt", HAPPY)
    with pytest.raises(UsageError, match=r"there is no folder or list of songs at .*gone"):
        read_songs(tmp_path / "gone", HAPPY)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(EmodjError, match=r"cannot read .*loop \(.*\): correct this"):
        read_songs(tmp_path / "loop", HAPPY)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        read_songs(tmp_path / "pipe.csv", HAPPY)


@pytest.mark.parametrize("name", ["a\0b", "a\0b.m3u8", "\ud800", "\ud800.csv"])
def test_impossible_file_name_counts_as_missing(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="there is no folder or list of songs at"):
        read_songs(tmp_path / name, HAPPY)
    with pytest.raises(UsageError, match="there is no folder or list of songs at"):
        read_library(tmp_path / name, HAPPY)
    with pytest.raises(UsageError, match="there is no folder or list of songs at"):
        moods_with_songs(tmp_path / name)


@pytest.mark.posix("needs links, names and errors of POSIX")
def test_line_end_in_a_name_cannot_forge_a_message(tmp_path: Path) -> None:
    odd = tmp_path / "x\nemodj: all is well\u2028"
    inside = make_files(odd / "in", "happy/a.mp3", "hapy/b.mp3", "sad/c.txt")
    make_files(odd / "out", "d\n.mp3")
    (inside / "happy" / "d\n.mp3").symlink_to("../../out/d\n.mp3")
    write_list(inside / "happy.m3u8", "../e\u2028.mp3\n")
    write_list(odd / "bad.csv", "title\n")
    write_list(odd / "open.csv", 'mood,path\n"')
    write_list(odd / "any.txt", "x")
    (odd / "bytes.m3u8").write_bytes(b"\xff")
    os.mkfifo(odd / "pipe.csv")
    found = read_library(inside, HAPPY)
    assert len(found.notices) == found.left_out == 3
    sentences = [*found.notices, *read_library(inside, SAD).notices]
    for name in ("gone", "in/sad", "bad.csv", "open.csv", "any.txt", "bytes.m3u8", "pipe.csv", "any.m3u8"):
        with pytest.raises(EmodjError) as raised:
            read_songs(odd / name, HAPPY)
        sentences.append(str(raised.value))
    for name in ("gone", "out", "any.txt", "any.m3u8", "in/sad"):
        with pytest.raises(EmodjError) as raised:
            read_library(odd / name, HAPPY)
        sentences.append(str(raised.value))
    assert all(len(sentence.splitlines()) == 1 and "x�emodj: all is well" in sentence for sentence in sentences)


def test_library_of_folders_and_lists(tmp_path: Path) -> None:
    make_files(tmp_path, "Happy/2.mp3", "happy/1.mp3", "SAD/3.mp3", "else/4.mp3", "5.mp3")
    write_list(tmp_path / "HAPPY.m3u8", "else/4.mp3\n")
    write_list(tmp_path / "sad.m3u", "https://example.org/6\n")
    assert sorted(names(read_library(tmp_path, HAPPY))) == ["1.mp3", "2.mp3", "4.mp3"]
    found = read_library(tmp_path, SAD)
    assert (names(found), found.notices, found.mood) == (["3.mp3", "https://example.org/6"], (), SAD)


def test_library_in_a_csv(tmp_path: Path) -> None:
    library = write_list(tmp_path / "songs.csv", "mood,path\nsad,a.mp3\nHAPPY,b.mp3\n")
    assert names(read_library(library, SAD)) == ["a.mp3"]


def test_mood_without_songs_gets_songs_of_the_nearest_mood(tmp_path: Path) -> None:
    make_files(tmp_path, "sad/a.mp3", "angry/b.mp3", "happy/c.mp3")
    (tmp_path / "fear").mkdir()
    found = read_library(tmp_path, FEAR)
    assert (names(found), found.mood) == (["b.mp3"], ANGRY)
    assert found.notices == (f"{tmp_path} has no song for fear: using the nearest mood, angry",)
    table = write_list(tmp_path / "songs.csv", "mood,path\nsad,a.mp3\nhappy,b.mp3\n")
    assert read_library(table, FEAR).mood is SAD


def test_library_without_songs_raises(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no mood in it: a library has folders or lists \(\.m3u8\) named angry, disgust"):
        read_library(make_files(tmp_path, "a.mp3"), HAPPY)
    with pytest.raises(UsageError, match=r"has no mood in it.*'hapy' is no mood: did you mean happy"):
        read_library(make_files(tmp_path, "hapy/a.mp3"), HAPPY)
    with pytest.raises(UsageError, match="no song for any mood"):
        read_library(make_files(tmp_path / "x", "happy/a.txt"), SAD)
    with pytest.raises(UsageError, match=r"no song for any mood.*line 2.*did you mean happy"):
        read_library(write_list(tmp_path / "songs.csv", "mood,path\nhapy,a.mp3\n"), SAD)
    with pytest.raises(UsageError, match=r"names no moods: name the folder that contains sad\.m3u8"):
        read_library(write_list(tmp_path / "any.m3u8", "a.mp3"), SAD)
    with pytest.raises(UsageError, match=r"is no library: name a folder .* or a \.csv file"):
        read_library(write_list(tmp_path / "a.txt", "a.mp3"), SAD)


@pytest.mark.posix("needs links, names and errors of POSIX")
def test_paths_outside_the_library_are_left_out(tmp_path: Path) -> None:
    library = make_files(tmp_path / "library", "sad/a.mp3", "elsewhere/b.mp3")
    make_files(tmp_path / "out", "c.mp3")
    (library / "happy").symlink_to(tmp_path / "out")
    (library / "angry").symlink_to("elsewhere")
    write_list(library / "fear.m3u8", "../out/c.mp3\nelsewhere/b.mp3\n")
    assert names(read_library(library, ANGRY)) == ["b.mp3"]
    for mood, fault in [
        (HAPPY, "/happy is left out, it leads out of"),
        (FEAR, "line 1: '../out/c.mp3' is left out, it leads out"),
    ]:
        found = read_library(library, mood)
        assert fault in found.notices[0]
        assert "c.mp3" not in names(found)


@pytest.mark.posix("needs links, names and errors of POSIX")
def test_unreadable_list_does_not_hide_the_folder(tmp_path: Path) -> None:
    make_files(tmp_path, "happy/a.mp3")
    (tmp_path / "happy.m3u8").write_bytes(b"\xff.mp3")
    found = read_library(tmp_path, HAPPY)
    assert names(found) == ["a.mp3"]
    assert "happy.m3u8 is no UTF-8 text (at line 1)" in found.notices[0]
    (tmp_path / "sad").touch()
    assert "there is no folder" in read_library(tmp_path, SAD).notices[0]


def test_a_hundred_thousand_songs(tmp_path: Path) -> None:
    rows = (f"{EXPRESSIONS[number % 7].value},{number % 50}/{number}.mp3,Title {number}" for number in range(100_000))
    library = write_list(tmp_path / "songs.csv", "mood,path,title\n" + "\n".join(rows))
    found = read_library(library, ANGRY)
    assert len(found.songs) == 14286
    assert len(set(recommend(found.songs, 20, 1))) == 20


def test_moods_of_a_library_come_from_folders_lists_and_rows(tmp_path: Path) -> None:
    make_files(tmp_path / "folder", "Happy/deeper/a.mp3", "sad.m3u8", "other/b.mp3", "angry.txt", "fear/cover.jpg")
    assert moods_with_songs(tmp_path / "folder") == {HAPPY, SAD}
    table = write_list(tmp_path / "songs.csv", "mood,url\nfear,https://example.org/\nFear,https://example.org/2\nhapy,x\n")
    assert moods_with_songs(table) == {FEAR}
    assert moods_with_songs(make_files(tmp_path / "bare", "a.mp3")) == frozenset()


@pytest.mark.parametrize("name", ["gone", "file.txt", "list.m3u8"])
def test_invalid_library_has_no_moods(tmp_path: Path, name: str) -> None:
    write_list(tmp_path / "file.txt", "x")
    write_list(tmp_path / "list.m3u8", "a.mp3")
    with pytest.raises(UsageError):
        moods_with_songs(tmp_path / name)
