"""The pictures of a folder are found by their suffix, and the other files are counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from realtime.errors import UsageError
from realtime.sources.picture_folders import find_images
from realtime.sources.picture_formats import FORMATS, SUFFIXES
from tests.support.places import ASTRONAUT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    for name in ("b.PNG", "a.jpeg", "note.txt", ".hidden.jpg", "sub/c.heic", "sub/.d/e.jpg", ".trash/f.jpg", "g.jpg/h.webp"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_the_pictures_of_a_folder_are_found_in_order_without_hidden_ones(folder: Path) -> None:
    assert [path.name for path in find_images(folder, recursive=False).pictures] == ["a.jpeg", "b.PNG"]


def test_recursive_finds_the_pictures_of_subfolders(folder: Path) -> None:
    actual = [path.relative_to(folder).as_posix() for path in find_images(folder, recursive=True).pictures]
    assert actual == ["a.jpeg", "b.PNG", "g.jpg/h.webp", "sub/c.heic"]


def test_a_hidden_folder_that_is_named_is_searched(folder: Path) -> None:
    assert [path.name for path in find_images(folder / ".trash", recursive=True).pictures] == ["f.jpg"]


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_every_suffix_is_found(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"x{suffix}").touch()
    assert [path.suffix for path in find_images(tmp_path, recursive=False).pictures] == [suffix]


def test_a_folder_without_pictures_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^no picture in .*; --recursive looks into its folders too$"):
        find_images(tmp_path, recursive=False)
    with pytest.raises(UsageError, match=rf"^no picture in {re.escape(str(tmp_path))}$"):
        find_images(tmp_path, recursive=True)


def test_a_folder_that_cannot_be_listed_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"^cannot list .* \((Not a directory|.*name.*)\)$"):
        find_images(ASTRONAUT, recursive=False)


def test_files_that_are_no_pictures_by_their_name_are_counted(folder: Path) -> None:
    (folder / "film.MP4").touch()
    (folder / "README").touch()
    (folder / "Thumbs.db").touch()
    found = find_images(folder, recursive=False)
    # In the order of the system, which for Windows has no capital letters
    assert [path.name for path in found.others] == [path.name for path in sorted(found.others)]
    assert {path.name for path in found.others} == {"README", "film.MP4", "note.txt"}
    assert found.describe_others() == "3 files passed over, not named as a picture (.mp4, .txt, no suffix)"
    assert find_images(folder / ".trash", recursive=False).describe_others() == ""


def test_the_suffixes_that_are_named_are_few_and_short(folder: Path) -> None:
    for number in range(50):
        (folder / f"x.{number}{'long' * 20}").touch()
    sentence = find_images(folder, recursive=False).describe_others()
    assert sentence.startswith("51 files passed over")
    assert sentence.endswith(", …)")
    assert len(sentence) < 120


def test_a_folder_of_other_files_alone_says_so(tmp_path: Path) -> None:
    (tmp_path / "clip.mov").touch()
    with pytest.raises(UsageError, match=r": 1 file passed over, not named as a picture \(\.mov\)$"):
        find_images(tmp_path, recursive=True)


def test_no_two_formats_share_a_suffix() -> None:
    assert len(SUFFIXES) == sum(len(kind.suffixes) for kind in FORMATS)
