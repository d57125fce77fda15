import os
from pathlib import Path

import pytest

from realtime.errors import UsageError
from realtime.music.local.library import walk_files
from realtime.music.local.path_guard import PathGuard
from realtime.music.local.song_lists import Warnings
from tests.support.rights import unprivileged


def make_files(folder: Path, *names: str) -> Path:
    """Make a folder with empty files."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(folder: Path, notices: Warnings | None = None) -> list[str]:
    """The songs in a folder and its subfolders."""
    guard = PathGuard(str(folder))
    found = walk_files(guard.root, guard, notices or Warnings())
    return [Path(path).relative_to(guard.root).as_posix() for _, _, path, _ in found if path is not None]


def test_songs_are_sorted_in_natural_order(tmp_path: Path) -> None:
    make_files(tmp_path, "10 j.mp3", "2 b.OGG", "1 a.opus", "B.flac", "a.Wav", "album 10/x.mp3", "album 9/y.mp3")
    make_files(tmp_path, "cover.jpg", "notes.txt", "mp3", "x.mp3.part")
    assert names(tmp_path) == ["1 a.opus", "2 b.OGG", "10 j.mp3", "a.Wav", "B.flac", "album 9/y.mp3", "album 10/x.mp3"]


def test_hidden_files_are_left_out(tmp_path: Path) -> None:
    assert names(make_files(tmp_path, ".a.mp3", "._b.mp3", ".trash/c.mp3", "d.mp3")) == ["d.mp3"]


@pytest.mark.posix("needs links, and pipes with a name")
def test_only_files_are_songs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    assert names(make_files(tmp_path, "folder.mp3/a.mp3")) == ["folder.mp3/a.mp3"]


@pytest.mark.posix("a path of Windows is text")
def test_names_that_are_not_valid_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mp3")
    assert names(make_files(tmp_path, name)) == [name]


@pytest.mark.posix("needs links, and pipes with a name")
def test_links_inside_are_followed_and_each_song_appears_once(tmp_path: Path) -> None:
    make_files(tmp_path, "a/1.mp3", "b/2.mp3")
    (tmp_path / "a" / "loop").symlink_to("..")
    (tmp_path / "again").symlink_to("b")
    (tmp_path / "song.mp3").symlink_to("b/2.mp3")
    assert names(tmp_path) == ["song.mp3", "a/1.mp3", "b/2.mp3"]


@pytest.mark.posix("needs links, and pipes with a name")
def test_links_to_the_outside_give_a_warning(tmp_path: Path) -> None:
    inside = make_files(tmp_path / "in", "a.mp3")
    make_files(tmp_path / "out", "b.mp3", "cover.jpg")
    (inside / "b.mp3").symlink_to("../out/b.mp3")
    (inside / "folder").symlink_to("../out")
    (inside / "cover.jpg").symlink_to("../out/cover.jpg")
    notices = Warnings()
    assert names(inside, notices) == ["a.mp3"]
    assert sorted(notices.all()) == [
        f"{inside}/b.mp3 is left out, it leads out of {inside} to {tmp_path}/out/b.mp3: put a copy into that folder",
        f"{inside}/folder is left out, it leads out of {inside} to {tmp_path}/out: put a copy into that folder",
    ]


@unprivileged
def test_unreadable_subfolder_gives_a_warning(tmp_path: Path) -> None:
    make_files(tmp_path, "a.mp3", "locked/b.mp3")
    (tmp_path / "locked").chmod(0)
    notices = Warnings()
    try:
        assert names(tmp_path, notices) == ["a.mp3"]
    finally:
        (tmp_path / "locked").chmod(0o700)
    assert notices.all() == (f"the folder {tmp_path}/locked is left out: it cannot be read (Permission denied)",)


def test_missing_folder_raises(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no folder or list of songs at .*gone"):
        names(tmp_path / "gone")
