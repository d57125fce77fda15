import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.music.local.song_lists import PathGuard, is_server_path


@pytest.fixture
def guard(tmp_path: Path) -> PathGuard:
    """A guard of the folder `in`, which has a sibling folder `out`."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "song.mp3").touch()
    return PathGuard(str(tmp_path / "in"))


@pytest.mark.parametrize("text", ["song.mp3", "sub/song.mp3", "./sub/../song.mp3", "sub//song.mp3", "gone/song.mp3", "..mp3"])
def test_relative_paths_resolve_inside_the_folder(text: str, guard: PathGuard) -> None:
    assert guard.resolve(text) == os.path.normpath(f"{guard.root}/{text}")


def test_absolute_path_inside_the_folder_is_accepted(guard: PathGuard) -> None:
    assert guard.resolve(f"{guard.root}/sub/song.mp3") == f"{guard.root}/sub/song.mp3"


@pytest.mark.parametrize(
    "text", ["../out/song.mp3", "sub/../../out/song.mp3", "/etc/song.mp3", "../in-too/song.mp3", "..", "//etc/song.mp3"]
)
def test_paths_outside_the_folder_are_refused(text: str, guard: PathGuard) -> None:
    with pytest.raises(ValueError, match=r"leads out of .*: put the song into that folder"):
        guard.resolve(text)


def test_symbolic_links_are_followed(guard: PathGuard, tmp_path: Path) -> None:
    (tmp_path / "in" / "song.mp3").symlink_to("../out/song.mp3")
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "within.mp3").symlink_to("sub/song.mp3")
    (tmp_path / "in" / "round.mp3").symlink_to("round.mp3")
    for text in ("song.mp3", "folder/song.mp3", "folder/deeper/song.mp3"):
        with pytest.raises(ValueError, match="leads out of"):
            guard.resolve(text)
    assert guard.resolve("within.mp3") == f"{guard.root}/within.mp3"
    # The link is inside and broken: the player will report it
    assert guard.resolve("round.mp3") == f"{guard.root}/round.mp3"


@pytest.mark.usefixtures("guard")
def test_symbolic_links_are_found_under_any_spelling(tmp_path: Path) -> None:
    (tmp_path / "in" / "Link É.mp3").symlink_to("../out/song.mp3")
    # Names that a case-insensitive disk treats as equal; on this disk they are separate links, all to the outside
    for text in ("LINK \u00c9.MP3", "link e\u0301.mp3", "Link É.mp3"):
        if not (tmp_path / "in" / text).is_symlink():
            (tmp_path / "in" / text).symlink_to("../out/song.mp3")
    new_guard = PathGuard(str(tmp_path / "in"))
    real = os.scandir

    class ListedOnce:
        """The folder listing of such a disk: with one spelling."""

        def __init__(self, folder: str) -> None:
            self._entries = real(folder)

        def __enter__(self) -> list[os.DirEntry[str]]:
            return [entry for entry in self._entries if entry.name == "Link É.mp3"]

        def __exit__(self, *_: object) -> None:
            self._entries.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "scandir", ListedOnce)
        for text in ("Link É.mp3", "LINK \u00c9.MP3", "link e\u0301.mp3"):
            with pytest.raises(ValueError, match="leads out of"):
                new_guard.resolve(text)
        assert new_guard.resolve("other.mp3") == f"{new_guard.root}/other.mp3"


@pytest.mark.parametrize(
    "text",
    [r"\\server\music\a.mp3", "//server/music/a.mp3", r"\/server/a.mp3", r"\\?\UNC\server\a.mp3", r"\??\UNC\server\a.mp3"],
)
def test_windows_server_paths_are_recognised(text: str) -> None:
    assert is_server_path(text)


@pytest.mark.parametrize("text", [r"C:\music\a.mp3", r"\music\a.mp3", r"sub\a.mp3", "a.mp3", r"..\\a.mp3", ""])
def test_other_windows_paths_are_not_server_paths(text: str) -> None:
    assert not is_server_path(text)


def test_root_may_be_a_symbolic_link(guard: PathGuard, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("in")
    through = PathGuard(str(tmp_path / "link"))
    assert through.root == guard.root
    assert through.resolve(f"{tmp_path}/link/song.mp3") == f"{tmp_path}/link/song.mp3"


def test_root_of_a_disk_contains_every_path() -> None:
    assert PathGuard("/").resolve("music/song.mp3") == "/music/song.mp3"


def test_windows_paths(guard: PathGuard) -> None:
    assert guard.resolve(r"sub\song.mp3") == f"{guard.root}/sub/song.mp3"
    with pytest.raises(ValueError, match="leads out of"):
        guard.resolve(r"..\out\song.mp3")
    for text in (r"C:\Music\song.mp3", "c:/Music/song.mp3"):
        with pytest.raises(ValueError, match="is a path of Windows"):
            guard.resolve(text)


def test_nul_is_refused(guard: PathGuard) -> None:
    with pytest.raises(ValueError, match="NUL"):
        guard.resolve("a\0b.mp3")


@given(st.text(st.sampled_from("./\\ab:"), min_size=1, max_size=12))
def test_no_resolved_path_is_outside(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    guard = PathGuard(str(tmp_path_factory.getbasetemp()))
    try:
        resolved = guard.resolve(text)
    except ValueError:
        return
    assert guard.contains(os.path.realpath(resolved))
