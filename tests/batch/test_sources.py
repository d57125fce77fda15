"""Which files a batch reads, and in which order it starts them."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import pytest

from realtime.batch.sources import BatchSources, find_sources, is_named_film, list_names, read_list
from realtime.errors import EmodjError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "b.jpg",
        "a.PNG",
        "film.mkv",
        "notes.txt",
        ".hidden.jpg",
        "Thumbs.db",
        "sub/c.webp",
        "sub/deep/d.mp4",
        ".git/e.jpg",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return tmp_path


def found(sources: BatchSources, folder: Path) -> list[str]:
    return [os.path.relpath(name, folder).replace(os.sep, "/") for name in sources.names]


def test_a_folder_gives_its_pictures_and_films_sorted(folder: Path) -> None:
    remarks: list[str] = []
    sources = find_sources([str(folder)], recursive=False, notify=remarks.append)
    assert found(sources, folder) == ["a.PNG", "b.jpg", "film.mkv"]
    assert sources.errors == {}
    assert remarks == [f"{folder}: 1 file passed over, named neither as a picture nor as a film"]


def test_folders_inside_follow(folder: Path) -> None:
    sources = find_sources([str(folder)], recursive=True, notify=print)
    assert found(sources, folder) == ["a.PNG", "b.jpg", "film.mkv", "sub/c.webp", "sub/deep/d.mp4"]


@pytest.mark.posix
def test_a_link_to_a_folder_above_does_not_go_round(folder: Path) -> None:
    (folder / "sub" / "round").symlink_to(folder)
    assert len(find_sources([str(folder)], recursive=True, notify=print).names) == 5


def test_a_file_is_read_once(folder: Path) -> None:
    given = [str(folder / "b.jpg"), str(folder), str(folder / "b.jpg"), "none.jpg", "none.jpg"]
    sources = find_sources(given, recursive=False, notify=print)
    assert [name.rpartition(os.sep)[2] for name in sources.names] == ["b.jpg", "a.PNG", "film.mkv", "none.jpg"]


def test_a_file_is_read_once_however_it_is_spelled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    here = os.path.realpath(folder)
    given = ["./b.jpg", "b.jpg", ".//b.jpg", "sub/../b.jpg", f"{here}/b.jpg", ".", f"{here}//sub/", "sub/deep/../c.webp"]
    sources = find_sources(given, recursive=False, notify=print)
    assert sources.names == ["./b.jpg", os.path.join(".", "a.PNG"), os.path.join(".", "film.mkv"), f"{here}//sub/c.webp"]  # noqa: PTH118


@pytest.mark.posix
def test_files_that_only_look_the_same_are_both_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "link").symlink_to(folder / "sub" / "deep")
    monkeypatch.chdir(folder)
    # Behind the link, the folder above is another one
    given = ["c.webp", "link/../c.webp", "B.jpg", "b.jpg"]
    assert find_sources(given, recursive=False, notify=print).names == given


def test_an_empty_path_is_refused() -> None:
    with pytest.raises(UsageError, match="an empty path names no file"):
        find_sources(["a.jpg", ""], recursive=False, notify=print)


def test_a_folder_without_pictures_and_a_foreign_url_are_errors(tmp_path: Path) -> None:
    sources = find_sources([str(tmp_path), "file://elsewhere/a.jpg"], recursive=False, notify=print)
    assert sources.errors[0] == f"no picture and no film in {tmp_path}; --recursive looks into its folders too"
    if os.name != "nt":
        assert "another computer" in sources.errors[1]
    assert sources.start_order() == [number for number in range(2) if number not in sources.errors]


def test_large_films_are_started_first_and_pictures_in_their_order(tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("a.jpg", "small.mkv", "b.jpg", "large.MP4")]
    for name, size in zip(names, (9, 1, 9, 5), strict=True):
        with open(name, "wb") as file:  # noqa: PTH123
            file.write(b"x" * size)
    assert BatchSources(names).start_order() == [3, 1, 0, 2]
    assert [is_named_film(name) for name in names] == [False, True, False, True]


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"a.jpg\nb.jpg\n", ["a.jpg", "b.jpg"]),
        (b"\xef\xbb\xbfa.jpg\r\n\r\nb c.jpg", ["a.jpg", "b c.jpg"]),
        (b"a\nb.jpg\0c.jpg\0", ["a\nb.jpg", "c.jpg"]),
        # PowerShell writes UTF-16
        ("\ufeffJürgen 日本.jpg\r\nb.jpg\r\n".encode("utf-16-le"), ["Jürgen 日本.jpg", "b.jpg"]),
        ("\ufeffa.jpg\n".encode("utf-16-be"), ["a.jpg"]),
    ],
)
def test_a_list_has_a_path_a_line_or_a_nul_behind_each(data: bytes, names: list[str], tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(data)
    assert read_list(str(tmp_path / "list.txt"), io.BytesIO()) == names
    assert read_list("-", io.BytesIO(data)) == names


def test_bytes_that_are_no_utf_8_are_a_path_where_paths_are_bytes() -> None:
    assert list_names(b"caf\xe9.jpg\n", "surrogateescape") == ["caf\udce9.jpg"]
    with pytest.raises(UnicodeDecodeError):
        list_names(b"caf\xe9.jpg\n", "surrogatepass")


@pytest.mark.parametrize("data", [b"\xff\xfe\x00\xd8", b"\xff\xfea"])
def test_a_list_that_is_cut_utf_16_is_an_error(data: bytes) -> None:
    with pytest.raises(EmodjError, match=r"^cannot read the list the standard input \(it is not UTF-8\): save it as UTF-8$"):
        read_list("-", io.BytesIO(data))


def test_a_list_that_is_missing_empty_or_a_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such list"):
        read_list(str(tmp_path / "none"), io.BytesIO())
    with pytest.raises(UsageError, match="the list the standard input names no file"):
        read_list("-", io.BytesIO(b"\n\n"))
    with pytest.raises(UsageError, match="is a folder"):
        read_list(str(tmp_path), io.BytesIO())
