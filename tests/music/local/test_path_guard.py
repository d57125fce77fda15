import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.music.local.song_lists import PathGuard, names_a_server


@pytest.fixture
def fence(tmp_path: Path) -> PathGuard:
    """Around `in`, with a folder beside it."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "song.mp3").touch()
    return PathGuard(str(tmp_path / "in"))


@pytest.mark.parametrize("text", ["song.mp3", "sub/song.mp3", "./sub/../song.mp3", "sub//song.mp3", "gone/song.mp3", "..mp3"])
def test_what_stays_in_the_folder_is_located_there(text: str, fence: PathGuard) -> None:
    assert fence.resolve(text) == os.path.normpath(f"{fence.root}/{text}")


def test_an_absolute_path_may_lie_in_the_folder(fence: PathGuard) -> None:
    assert fence.resolve(f"{fence.root}/sub/song.mp3") == f"{fence.root}/sub/song.mp3"


@pytest.mark.parametrize(
    "text", ["../out/song.mp3", "sub/../../out/song.mp3", "/etc/song.mp3", "../in-too/song.mp3", "..", "//etc/song.mp3"]
)
def test_what_leads_out_of_it_is_refused(text: str, fence: PathGuard) -> None:
    with pytest.raises(ValueError, match=r"leads out of .*: put the song into that folder"):
        fence.resolve(text)


def test_symbolic_links_are_followed(fence: PathGuard, tmp_path: Path) -> None:
    (tmp_path / "in" / "song.mp3").symlink_to("../out/song.mp3")
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "within.mp3").symlink_to("sub/song.mp3")
    (tmp_path / "in" / "round.mp3").symlink_to("round.mp3")
    for text in ("song.mp3", "folder/song.mp3", "folder/deeper/song.mp3"):
        with pytest.raises(ValueError, match="leads out of"):
            fence.resolve(text)
    assert fence.resolve("within.mp3") == f"{fence.root}/within.mp3"
    # It is within, and nothing: whoever plays it will say so
    assert fence.resolve("round.mp3") == f"{fence.root}/round.mp3"


@pytest.mark.usefixtures("fence")
def test_a_symbolic_link_is_one_in_any_spelling(tmp_path: Path) -> None:
    (tmp_path / "in" / "Link É.mp3").symlink_to("../out/song.mp3")
    # As they stand on a disk that takes them for the same; here they are others, and lead out in the end
    for text in ("LINK \u00c9.MP3", "link e\u0301.mp3", "Link É.mp3"):
        if not (tmp_path / "in" / text).is_symlink():
            (tmp_path / "in" / text).symlink_to("../out/song.mp3")
    narrowed = PathGuard(str(tmp_path / "in"))
    real = os.scandir

    class Some:
        """The folder's list as such a disk has it: with one spelling."""

        def __init__(self, folder: str) -> None:
            self._there = real(folder)

        def __enter__(self) -> list[os.DirEntry[str]]:
            return [entry for entry in self._there if entry.name == "Link É.mp3"]

        def __exit__(self, *_: object) -> None:
            self._there.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "scandir", Some)
        for text in ("Link É.mp3", "LINK \u00c9.MP3", "link e\u0301.mp3"):
            with pytest.raises(ValueError, match="leads out of"):
                narrowed.resolve(text)
        assert narrowed.resolve("other.mp3") == f"{narrowed.root}/other.mp3"


@pytest.mark.parametrize(
    "text",
    [r"\\server\music\a.mp3", "//server/music/a.mp3", r"\/server/a.mp3", r"\\?\UNC\server\a.mp3", r"\??\UNC\server\a.mp3"],
)
def test_paths_of_windows_to_other_computers_are_known_by_their_beginning(text: str) -> None:
    assert names_a_server(text)


@pytest.mark.parametrize("text", [r"C:\music\a.mp3", r"\music\a.mp3", r"sub\a.mp3", "a.mp3", r"..\\a.mp3", ""])
def test_other_paths_of_windows_stay_on_this_one(text: str) -> None:
    assert not names_a_server(text)


def test_the_folder_may_be_reached_by_a_symbolic_link(fence: PathGuard, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("in")
    through = PathGuard(str(tmp_path / "link"))
    assert through.root == fence.root
    assert through.resolve(f"{tmp_path}/link/song.mp3") == f"{tmp_path}/link/song.mp3"


def test_the_root_of_a_disk_holds_everything() -> None:
    assert PathGuard("/").resolve("music/song.mp3") == "/music/song.mp3"


def test_paths_of_windows(fence: PathGuard) -> None:
    assert fence.resolve(r"sub\song.mp3") == f"{fence.root}/sub/song.mp3"
    with pytest.raises(ValueError, match="leads out of"):
        fence.resolve(r"..\out\song.mp3")
    for text in (r"C:\Music\song.mp3", "c:/Music/song.mp3"):
        with pytest.raises(ValueError, match="is a path of Windows"):
            fence.resolve(text)


def test_a_nul_is_refused(fence: PathGuard) -> None:
    with pytest.raises(ValueError, match="NUL"):
        fence.resolve("a\0b.mp3")


@given(st.text(st.sampled_from("./\\ab:"), min_size=1, max_size=12))
def test_nothing_gets_out(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    fence = PathGuard(str(tmp_path_factory.getbasetemp()))
    try:
        located = fence.resolve(text)
    except ValueError:
        return
    assert fence.contains(os.path.realpath(located))
