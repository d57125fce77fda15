import os
from pathlib import Path

import pytest

from realtime.errors import UsageError
from realtime.music.local.library import walk_files
from realtime.music.local.song_lists import PathGuard, Warnings


def made(folder: Path, *names: str) -> Path:
    """A folder with empty files in it."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names(folder: Path, notices: Warnings | None = None) -> list[str]:
    """The songs that are found below a folder."""
    fence = PathGuard(str(folder))
    found = walk_files(fence.root, fence, notices or Warnings())
    return [str(Path(path).relative_to(fence.root)) for _, _, path, _ in found if path is not None]


def test_songs_of_all_kinds_come_in_the_order_of_a_person(tmp_path: Path) -> None:
    made(tmp_path, "10 j.mp3", "2 b.OGG", "1 a.opus", "B.flac", "a.Wav", "album 10/x.mp3", "album 9/y.mp3")
    made(tmp_path, "cover.jpg", "notes.txt", "mp3", "x.mp3.part")
    assert names(tmp_path) == ["1 a.opus", "2 b.OGG", "10 j.mp3", "a.Wav", "B.flac", "album 9/y.mp3", "album 10/x.mp3"]


def test_what_is_hidden_stays_so(tmp_path: Path) -> None:
    assert names(made(tmp_path, ".a.mp3", "._b.mp3", ".trash/c.mp3", "d.mp3")) == ["d.mp3"]


def test_only_files_are_songs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    assert names(made(tmp_path, "folder.mp3/a.mp3")) == ["folder.mp3/a.mp3"]


def test_names_that_are_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mp3")
    assert names(made(tmp_path, name)) == [name]


def test_links_within_are_followed_and_songs_come_once(tmp_path: Path) -> None:
    made(tmp_path, "a/1.mp3", "b/2.mp3")
    (tmp_path / "a" / "loop").symlink_to("..")
    (tmp_path / "again").symlink_to("b")
    (tmp_path / "song.mp3").symlink_to("b/2.mp3")
    assert names(tmp_path) == ["song.mp3", "a/1.mp3", "b/2.mp3"]


def test_links_that_lead_out_are_told(tmp_path: Path) -> None:
    inside = made(tmp_path / "in", "a.mp3")
    made(tmp_path / "out", "b.mp3", "cover.jpg")
    (inside / "b.mp3").symlink_to("../out/b.mp3")
    (inside / "folder").symlink_to("../out")
    (inside / "cover.jpg").symlink_to("../out/cover.jpg")
    notices = Warnings()
    assert names(inside, notices) == ["a.mp3"]
    assert sorted(notices.all()) == [
        f"{inside}/b.mp3 is left out, it leads out of {inside} to {tmp_path}/out/b.mp3: put a copy there",
        f"{inside}/folder is left out, it leads out of {inside} to {tmp_path}/out: put a copy there",
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    made(tmp_path, "a.mp3", "locked/b.mp3")
    (tmp_path / "locked").chmod(0)
    notices = Warnings()
    try:
        assert names(tmp_path, notices) == ["a.mp3"]
    finally:
        (tmp_path / "locked").chmod(0o700)
    assert notices.all() == (f"what is in {tmp_path}/locked is left out: it cannot be read (Permission denied)",)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no folder or list of songs at .*gone"):
        names(tmp_path / "gone")
