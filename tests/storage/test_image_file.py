"""Writing pictures: whole or not at all, without the metadata of the photo."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from PIL import ExifTags
from PIL import Image as Pillow

from realtime.errors import EmodjError, UsageError
from realtime.sources.images import read_image
from realtime.storage.image_file import WRITABLE, write_image

if TYPE_CHECKING:
    from realtime.domain import Image

PLACE = {ExifTags.GPS.GPSLatitudeRef: "N", ExifTags.GPS.GPSLatitude: (52.0, 31.0, 12.0)}


@pytest.mark.parametrize("suffix", sorted({*WRITABLE, ".JPG"}))
def test_a_written_picture_can_be_read(suffix: str, tmp_path: Path, astronaut: Image) -> None:
    path = tmp_path / f"out{suffix}"
    write_image(astronaut, path, overwrite=False)
    again = read_image(str(path))
    difference = np.abs(again.astype(int) - astronaut.astype(int)).mean()
    assert difference < (6 if suffix.lower() in {".jpg", ".jpeg", ".webp"} else 1e-9)
    assert os.listdir(tmp_path) == [path.name]  # noqa: PTH208 - hidden files count too


@pytest.mark.parametrize("name", ["out", "out.gif", "out.txt", "out.heic", ".png"])
def test_other_suffixes_are_refused(name: str, tmp_path: Path, astronaut: Image) -> None:
    with pytest.raises(UsageError, match=r"choose a name that ends in \.jpg, \.png, \.webp, \.bmp or \.tiff$"):
        write_image(astronaut, tmp_path / name, overwrite=True)
    assert not list(tmp_path.iterdir())


def test_a_file_is_replaced_only_if_that_is_allowed(tmp_path: Path, astronaut: Image) -> None:
    path = tmp_path / "out.png"
    path.write_text("precious")
    with pytest.raises(UsageError, match=r"out\.png is there already: --force replaces it$"):
        write_image(astronaut, path, overwrite=False)
    assert path.read_text() == "precious"
    write_image(astronaut, path, overwrite=True)
    assert np.array_equal(read_image(str(path)), astronaut)


def test_a_file_that_appears_while_the_picture_is_encoded_stays(
    tmp_path: Path, astronaut: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, encode = tmp_path / "out.png", cv2.imencode

    def encode_slowly(*args: Any) -> Any:
        path.write_text("precious")
        return encode(*args)

    monkeypatch.setattr(cv2, "imencode", encode_slowly)
    with pytest.raises(UsageError, match=r"out\.png is there already: --force replaces it$"):
        write_image(astronaut, path, overwrite=False)
    assert path.read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.posix("a file of Windows has the rights of its folder")
@pytest.mark.parametrize("overwrite", [False, True])
def test_only_its_owner_can_read_a_picture(tmp_path: Path, astronaut: Image, overwrite: bool) -> None:  # noqa: FBT001
    path = tmp_path / "out.png"
    if overwrite:
        path.touch(mode=0o644)
    before = os.umask(0o022)
    try:
        write_image(astronaut, path, overwrite=overwrite)
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["none/out.png", "file/out.png", "x" * 300 + ".png", "folder.png"])
def test_a_path_that_cannot_be_written_is_refused_and_no_file_stays(name: str, tmp_path: Path, astronaut: Image) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(EmodjError, match=r"^cannot write .*\.png \([A-Z][a-z ]+\): choose another place$"):
        write_image(astronaut, tmp_path / name, overwrite=True)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.posix("needs /proc")
def test_a_folder_that_accepts_no_files_is_refused(astronaut: Image) -> None:
    with pytest.raises(EmodjError, match=r"^cannot write /proc/out\.png \(.+\): choose another place$"):
        write_image(astronaut, Path("/proc/out.png"), overwrite=False)


def test_a_picture_too_large_for_its_format_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "out.webp"
    path.write_text("precious")
    with pytest.raises(EmodjError, match="cannot write"):
        write_image(np.zeros((10, 20_000, 3), np.uint8), path, overwrite=True)
    assert path.read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 1


def test_place_and_date_of_a_photo_are_not_written(tmp_path: Path) -> None:
    exif = Pillow.Exif()
    exif[ExifTags.Base.DateTime] = "2020:02:02 02:02:02"
    exif[ExifTags.IFD.GPSInfo] = PLACE
    photo = tmp_path / "photo.jpg"
    Pillow.new("RGB", (48, 32), "red").save(photo, exif=exif, icc_profile=b"profile", comment=b"a comment")
    with Pillow.open(photo) as before:
        assert before.getexif().get_ifd(ExifTags.IFD.GPSInfo)
    for suffix in sorted(WRITABLE):
        path = tmp_path / f"out{suffix}"
        write_image(read_image(str(photo)), path, overwrite=False)
        with Pillow.open(path) as after:
            assert not after.getexif().get_ifd(ExifTags.IFD.GPSInfo), suffix
            assert ExifTags.Base.DateTime not in after.getexif(), suffix
            assert not {"exif", "icc_profile", "comment", "xmp"} & after.info.keys(), suffix
        assert b"2020:02:02" not in path.read_bytes(), suffix


def test_a_view_of_a_larger_picture_can_be_written(tmp_path: Path, astronaut: Image) -> None:
    view = astronaut[::2, ::-2]
    write_image(view, tmp_path / "out.png", overwrite=False)
    assert np.array_equal(read_image(str(tmp_path / "out.png")), view)
