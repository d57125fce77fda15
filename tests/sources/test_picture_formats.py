"""Formats are told apart by the first bytes of a file, and those that are not read are named."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import pytest
from PIL import Image as Pillow

from realtime.errors import EmodjError
from realtime.sources import picture_formats as formats
from realtime.sources.images import decode_image
from realtime.sources.picture_formats import identify_format
from tests.support.places import ROOT

if TYPE_CHECKING:
    from realtime.sources.picture_formats import PictureFormat


def encode(kind: str) -> bytes:
    with io.BytesIO() as file:
        Pillow.new("RGB", (48, 32), "green").save(file, kind)
        return file.getvalue()


def heic() -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    with io.BytesIO() as file:
        pillow_heif.from_pillow(Pillow.new("RGB", (48, 32), "green")).save(file)
        return file.getvalue()


def with_brands(data: bytes, major: bytes, *compatible: bytes) -> bytes:
    """The file with other brands, as other encoders write them; offsets in it count from its start, so it keeps its length."""
    length = struct.unpack(">I", data[:4])[0]
    room = (length - 16) // 4
    brands = [*compatible, *[b"    "] * room][:room]
    return data[:8] + major + data[12:16] + b"".join(brands) + data[16 + 4 * room :]


def is_green(data: bytes) -> bool:
    image = decode_image(data, "it")
    return image.shape == (32, 48, 3) and bool((abs(image[16, 24].astype(int) - (0, 128, 0)) < 12).all())


@pytest.mark.parametrize(
    ("major", "compatible"),
    [
        (b"avif", [b"mif1"]),
        (b"mif1", [b"avif"]),
        (b"mif1", [b"miaf", b"avif"]),
        (b"mif1", [b"miaf"]),
        (b"miaf", [b"MA1B", b"mif1"]),
        (b"MA1B", [b"avif"]),
    ],
)
def test_avif_is_read_whatever_its_first_brand(major: bytes, compatible: list[bytes]) -> None:
    data = with_brands(encode("AVIF"), major, *compatible)
    assert identify_format(data) is formats.AVIF
    assert is_green(data)


@pytest.mark.parametrize(("major", "compatible"), [(b"heic", [b"mif1"]), (b"mif1", [b"heic"]), (b"mif1", [b"miaf", b"heic"])])
def test_heic_is_read_whatever_its_first_brand(major: bytes, compatible: list[bytes]) -> None:
    data = with_brands(heic(), major, *compatible)
    assert identify_format(data) is formats.HEIC
    assert is_green(data)


def test_the_guide_lists_every_suffix() -> None:
    page = (ROOT / "docs/guide/pictures.md").read_text(encoding="utf-8")
    assert [suffix for suffix in formats.SUFFIXES if f"`{suffix}`" not in page] == []


@pytest.mark.parametrize(
    "data", [b"\0\0\0\x14ftypisom\0\0\0\0mp42", b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", b"\0\0\0\x14ftyp", b"BA", b""]
)
def test_a_film_and_other_files_are_no_picture(data: bytes) -> None:
    assert identify_format(data) is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("JPEG", formats.JPEG),
        ("PNG", formats.PNG),
        ("WEBP", formats.WEBP),
        ("BMP", formats.BMP),
        ("TIFF", formats.TIFF),
        ("GIF", formats.GIF),
    ],
)
def test_each_format_is_identified(kind: str, expected: PictureFormat) -> None:
    assert identify_format(encode(kind)) is expected


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\xff\x0a", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"P6\n# words\n2 2 255\n", "PNM"),
        (b"P3\n" + b"#\n" * 10**6, "PNM"),
        (b"8BPS\0\1", "Photoshop"),
        (b"Image type: RGB image\r\n", "IM"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS"),
        *((encode(kind), kind) for kind in ("ICO", "ICNS", "DDS", "SGI", "PCX", "TGA")),
    ],
)
def test_a_format_that_is_not_read_is_named(data: bytes, name: str) -> None:
    with pytest.raises(
        EmodjError, match=rf"^it is a picture in the format {name}, which is not read: convert it to JPEG or PNG$"
    ):
        decode_image(data, "it")
