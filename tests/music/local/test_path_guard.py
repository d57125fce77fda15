import os
import unicodedata
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.music.local.path_guard import PathGuard, is_server_path


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


@pytest.mark.posix("needs paths of POSIX")
def test_absolute_path_inside_the_folder_is_accepted(guard: PathGuard) -> None:
    assert guard.resolve(f"{guard.root}/sub/song.mp3") == f"{guard.root}/sub/song.mp3"


@pytest.mark.parametrize(
    "text", ["../out/song.mp3", "sub/../../out/song.mp3", "/etc/song.mp3", "../in-too/song.mp3", "..", "//etc/song.mp3"]
)
def test_paths_outside_the_folder_are_refused(text: str, guard: PathGuard) -> None:
    with pytest.raises(ValueError, match=r"leads out of .*: put the song into that folder"):
        guard.resolve(text)


@pytest.mark.posix("needs links")
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


@pytest.mark.posix("needs links")
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


@pytest.mark.posix("needs links")
def test_root_may_be_a_symbolic_link(guard: PathGuard, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("in")
    through = PathGuard(str(tmp_path / "link"))
    assert through.root == guard.root
    assert through.resolve(f"{tmp_path}/link/song.mp3") == f"{tmp_path}/link/song.mp3"


@pytest.mark.posix("needs paths of POSIX")
def test_root_of_a_disk_contains_every_path() -> None:
    assert PathGuard("/").resolve("music/song.mp3") == "/music/song.mp3"


@pytest.mark.posix("needs paths of POSIX")
def test_windows_paths(guard: PathGuard) -> None:
    assert guard.resolve(r"sub\song.mp3") == f"{guard.root}/sub/song.mp3"
    with pytest.raises(ValueError, match="leads out of"):
        guard.resolve(r"..\out\song.mp3")
    for text in (r"C:\Music\song.mp3", "c:/Music/song.mp3"):
        with pytest.raises(ValueError, match="is a path of Windows"):
            guard.resolve(text)


@pytest.mark.posix("needs paths of POSIX")
def test_backslash_in_a_name_works(guard: PathGuard) -> None:
    (Path(guard.root) / r"a\b.mp3").touch()
    assert guard.resolve(r"a\b.mp3") == rf"{guard.root}/a\b.mp3"


@pytest.mark.posix("needs paths of POSIX")
@pytest.mark.parametrize(("listed", "stored"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_are_found_however_they_are_composed(
    listed: Literal["NFC", "NFD"], stored: Literal["NFC", "NFD"], tmp_path: Path
) -> None:
    root = tmp_path / "Müsik"
    song = root / unicodedata.normalize(stored, "Ärzte") / unicodedata.normalize(stored, "Café – 한국.mp3")
    song.parent.mkdir(parents=True)
    song.touch()
    name = unicodedata.normalize(listed, "Ärzte/Café – 한국.mp3")
    guard = PathGuard(str(root))
    for text in (name, quote(name), f"file://{quote(str(root))}/{quote(name)}", f"{root}/{name}"):
        assert guard.resolve(text) == str(song)
    # A song that does not exist stays as it is written
    assert guard.resolve(f"{name}.ogg") == f"{root}/{name}.ogg"


@pytest.mark.posix("needs paths of POSIX")
@pytest.mark.parametrize("name", ["100%25 sure.mp3", "a%20b.mp3", "%41.mp3", "100%.mp3", "a#b?c.mp3", "%zz.mp3", "a%2Fb.mp3"])
def test_name_as_it_is_written_wins(name: str, guard: PathGuard) -> None:
    for each in ("a b.mp3", "A.mp3", "100% sure.mp3"):
        (Path(guard.root) / each).touch()
    (Path(guard.root) / name).touch()
    assert guard.resolve(name) == f"{guard.root}/{name}"
    assert guard.resolve(quote(name)) == f"{guard.root}/{name}"
    assert guard.resolve(Path(guard.root, name).as_uri()) == f"{guard.root}/{name}"
    Path(guard.root, name).unlink()
    assert guard.resolve(name) in {f"{guard.root}/{each}" for each in (name, "a b.mp3", "A.mp3", "100% sure.mp3")}


@pytest.mark.posix("a path of Windows is text")
def test_names_that_are_no_text_are_found(guard: PathGuard) -> None:
    name = os.fsdecode(b"caf\xe9.mp3")
    (Path(guard.root) / name).touch()
    assert guard.resolve("caf%E9.mp3") == f"{guard.root}/{name}"


@pytest.mark.posix("needs paths of POSIX")
@pytest.mark.parametrize("address", ["file:///{}", "file://localhost/{}", "FILE:/{}", "file://LocalHost/{}"])
def test_addresses_of_files(address: str, guard: PathGuard) -> None:
    (Path(guard.root) / "a b.mp3").touch()
    root = quote(guard.root.removeprefix("/"))
    assert guard.resolve(address.format(f"{root}/a%20b.mp3")) == f"{guard.root}/a b.mp3"
    assert guard.resolve(address.format(f"{root}/gone%20%23.mp3")) == f"{guard.root}/gone #.mp3"
    for path in ("etc/a.mp3", f"{root}/../out/song.mp3", f"{root}/%2E%2E/out/song.mp3"):
        with pytest.raises(ValueError, match="leads out of"):
            guard.resolve(address.format(path))


@pytest.mark.posix("needs paths of POSIX")
def test_addresses_on_other_computers_are_refused(guard: PathGuard) -> None:
    with pytest.raises(ValueError, match="on another computer"):
        guard.resolve("file://server/share/a.mp3")
    with pytest.raises(ValueError, match="is a path of Windows"):
        guard.resolve("file:///C:/Music/a%20b.mp3")


@pytest.mark.posix("needs links")
def test_folder_that_is_reached_by_a_link_above_it(guard: PathGuard, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    (Path(guard.root) / "a b.mp3").touch()
    assert guard.resolve(f"file://{tmp_path}/link/in/a%20b.mp3") == f"{tmp_path}/link/in/a b.mp3"
    (Path(guard.root) / "Ä").mkdir()
    (Path(guard.root) / "Ä" / "a.mp3").touch()
    decomposed = unicodedata.normalize("NFD", "Ä")
    assert guard.resolve(f"{tmp_path}/link/in/{decomposed}/a.mp3") == f"{guard.root}/Ä/a.mp3"


def test_percent_codes_lead_nowhere_else(guard: PathGuard) -> None:
    for text in ("..%2Fout%2Fsong.mp3", "%2E%2E/out/song.mp3", "%2Fetc%2Fsong.mp3"):
        with pytest.raises(ValueError, match="leads out of"):
            guard.resolve(text)
    with pytest.raises(ValueError, match="NUL"):
        guard.resolve("a%00b.mp3")


@pytest.mark.parametrize("text", ["/".join("a" * 5000), "a/" * 4999 + "b.mp3", "%61/" * 2000 + "b.mp3"])
def test_deep_paths(text: str, guard: PathGuard) -> None:
    assert guard.resolve(text).startswith(guard.root)


@pytest.mark.posix("needs links")
def test_broken_link_to_the_outside_is_refused(guard: PathGuard, tmp_path: Path) -> None:
    (tmp_path / "in" / "link").symlink_to("../not yet")
    with pytest.raises(ValueError, match="leads out of"):
        guard.resolve("link/song.mp3")


def test_nul_is_refused(guard: PathGuard) -> None:
    with pytest.raises(ValueError, match="NUL"):
        guard.resolve("a\0b.mp3")


@given(
    st.text(st.sampled_from("./\\ab:"), min_size=1, max_size=12)
    | st.text(st.sampled_from("file:/.%2EFab5Cä\u0308"), max_size=30)
)
def test_no_resolved_path_is_outside(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    guard = PathGuard(str(tmp_path_factory.getbasetemp()))
    try:
        resolved = guard.resolve(text)
    except ValueError:
        return
    assert guard.contains(os.path.realpath(resolved))
