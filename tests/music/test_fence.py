import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.music.fence import Fence


@pytest.fixture
def fence(tmp_path: Path) -> Fence:
    """Around `in`, with a folder beside it."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "song.mp3").touch()
    return Fence(str(tmp_path / "in"))


@pytest.mark.parametrize("text", ["song.mp3", "sub/song.mp3", "./sub/../song.mp3", "sub//song.mp3", "gone/song.mp3", "..mp3"])
def test_what_stays_in_the_folder_is_located_there(text: str, fence: Fence) -> None:
    assert fence.located(text) == os.path.normpath(f"{fence.root}/{text}")


def test_an_absolute_path_may_lie_in_the_folder(fence: Fence) -> None:
    assert fence.located(f"{fence.root}/sub/song.mp3") == f"{fence.root}/sub/song.mp3"


@pytest.mark.parametrize(
    "text", ["../out/song.mp3", "sub/../../out/song.mp3", "/etc/song.mp3", "../in-too/song.mp3", "..", "//etc/song.mp3"]
)
def test_what_leads_out_of_it_is_refused(text: str, fence: Fence) -> None:
    with pytest.raises(ValueError, match=r"leads out of .*: put the song into that folder"):
        fence.located(text)


def test_symbolic_links_are_followed(fence: Fence, tmp_path: Path) -> None:
    (tmp_path / "in" / "song.mp3").symlink_to("../out/song.mp3")
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "out")
    (tmp_path / "in" / "within.mp3").symlink_to("sub/song.mp3")
    (tmp_path / "in" / "round.mp3").symlink_to("round.mp3")
    for text in ("song.mp3", "folder/song.mp3", "folder/deeper/song.mp3"):
        with pytest.raises(ValueError, match="leads out of"):
            fence.located(text)
    assert fence.located("within.mp3") == f"{fence.root}/within.mp3"
    # It is within, and nothing: whoever plays it will say so
    assert fence.located("round.mp3") == f"{fence.root}/round.mp3"


def test_the_folder_may_be_reached_by_a_symbolic_link(fence: Fence, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("in")
    through = Fence(str(tmp_path / "link"))
    assert through.root == fence.root
    assert through.located(f"{tmp_path}/link/song.mp3") == f"{tmp_path}/link/song.mp3"


def test_the_root_of_a_disk_holds_everything() -> None:
    assert Fence("/").located("music/song.mp3") == "/music/song.mp3"


def test_paths_of_windows(fence: Fence) -> None:
    assert fence.located(r"sub\song.mp3") == f"{fence.root}/sub/song.mp3"
    with pytest.raises(ValueError, match="leads out of"):
        fence.located(r"..\out\song.mp3")
    for text in (r"C:\Music\song.mp3", "c:/Music/song.mp3"):
        with pytest.raises(ValueError, match="is a path of Windows"):
            fence.located(text)


def test_a_nul_is_refused(fence: Fence) -> None:
    with pytest.raises(ValueError, match="NUL"):
        fence.located("a\0b.mp3")


@given(st.text(st.sampled_from("./\\ab:"), min_size=1, max_size=12))
def test_nothing_gets_out(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    fence = Fence(str(tmp_path_factory.getbasetemp()))
    try:
        located = fence.located(text)
    except ValueError:
        return
    assert fence.holds(os.path.realpath(located))
