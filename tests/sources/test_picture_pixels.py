"""Deep pictures and rare colours are read as the same portrait, whatever the file holds."""

from __future__ import annotations

import io
import struct
import sys
import zlib
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from realtime.errors import EmodjError
from realtime.sources import picture_pixels
from realtime.sources.images import decode_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.domain import Image


@pytest.fixture
def grey(astronaut: Image) -> NDArray[np.uint8]:
    """The portrait in grey from 0 to 255, 256×256."""
    small = cv2.cvtColor(cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    return cv2.normalize(small, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)  # pyright: ignore[reportCallIssue, reportArgumentType]


def tiff(values: NDArray[np.generic], order: str = "<", *, photometric: int = 1, deflate: bool = False) -> bytes:
    """A TIFF file of one strip, written by hand: Pillow writes no white as zero, and no big-endian order."""
    height, width = values.shape[:2]
    samples = values.shape[2] if values.ndim == 3 else 1
    kinds = {"u": 1, "i": 2, "f": 3}
    stored = values.astype(values.dtype.newbyteorder("<" if order == "<" else ">")).tobytes()
    stored = zlib.compress(stored) if deflate else stored
    bits = values.dtype.itemsize * 8
    tags: list[tuple[int, int, int, int]] = [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, samples, bits),
        (259, 3, 1, 8 if deflate else 1),
        (262, 3, 1, photometric),
        (273, 4, 1, 0),
        (277, 3, 1, samples),
        (278, 4, 1, height),
        (279, 4, 1, len(stored)),
        (339, 3, samples, kinds[values.dtype.kind]),
    ]
    start = 8 + 2 + 12 * len(tags) + 4
    extra = struct.pack(f"{order}{samples}H", *[bits] * samples)
    formats = struct.pack(f"{order}{samples}H", *[kinds[values.dtype.kind]] * samples)
    entries = b""
    for tag, kind, count, value in tags:
        shown = value
        if tag == 273:
            shown = start + len(extra) + len(formats)
        elif count > 2:
            shown = start + (len(extra) if tag == 339 else 0)
            entries += struct.pack(f"{order}HHII", tag, kind, count, shown)
            continue
        field = struct.pack(f"{order}I", shown) if kind == 4 else struct.pack(f"{order}HH", shown, 0)
        entries += struct.pack(f"{order}HHI", tag, kind, count) + field
    header = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    return header + struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + extra + formats + stored


def png16(values: NDArray[np.uint16]) -> bytes:
    height, width = values.shape[:2]
    samples = values.shape[2] if values.ndim == 3 else 1

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[samples], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def difference(image: Image, expected: NDArray[np.uint8]) -> float:
    """The mean difference of a picture and the grey that it should show."""
    expected = expected if expected.ndim == 3 else np.repeat(expected[..., None], 3, axis=2)
    assert image.shape == expected.shape
    return float(np.abs(image.astype(int) - expected.astype(int)).mean())


DEEP: list[tuple[str, float, float]] = [
    ("u2", 0, 1023),
    ("u2", 0, 4095),
    ("u2", 0, 16383),
    ("u2", 0, 65535),
    ("u2", 32768, 36863),
    ("i1", -128, 127),
    ("i2", -2048, 2047),
    ("i2", -32768, 32767),
    ("i4", 0, 255),
    ("i4", 0, 2**31 - 1),
    ("i4", -(2**31), 2**31 - 1),
    ("u4", 0, 4095),
    ("u4", 0, 2**32 - 1),
    ("f4", 0, 1),
    ("f4", -5, 5),
    ("f8", 0, 1),
]


@pytest.mark.parametrize(("kind", "low", "high"), DEEP)
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("deflate", [False, True])
def test_deep_grey_tiff_files_show_the_portrait(
    grey: NDArray[np.uint8], kind: str, low: float, high: float, order: str, photometric: int, *, deflate: bool
) -> None:
    shown = grey if photometric else 255 - grey
    values = (low + shown.astype(np.float64) / 255 * (high - low)).astype(kind)
    assert difference(decode_image(tiff(values, order, photometric=photometric, deflate=deflate), "it"), grey) < 3


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_deep_grey_png_files_show_the_portrait(grey: NDArray[np.uint8], bits: int) -> None:
    values = (grey.astype(np.float64) / 255 * (2**bits - 1)).astype(np.uint16)
    assert difference(decode_image(png16(values), "it"), grey) < 2


def colours(astronaut: Image) -> NDArray[np.uint8]:
    """The portrait in colours, (256, 256, 3) BGR."""
    return cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA).astype(np.uint8)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("case", ["PNG", "PNG with alpha", "<", ">", "< deflate", "> deflate"])
def test_deep_colours_show_the_portrait(astronaut: Image, bits: int, case: str) -> None:
    expected = colours(astronaut)
    rgb = (expected[..., ::-1].astype(np.float64) / 255 * (2**bits - 1)).astype(np.uint16)
    if case == "PNG":
        data = png16(rgb)
    elif case == "PNG with alpha":
        data = png16(np.dstack([rgb, np.full((256, 256, 1), 65535, np.uint16)]))
    else:
        data = tiff(rgb, case[0], photometric=2, deflate="deflate" in case)
    assert difference(decode_image(data, "it"), expected) < 2


def test_faint_colours_below_a_transparent_part_lie_on_white(astronaut: Image) -> None:
    rgb = (colours(astronaut)[..., ::-1].astype(np.float64) / 255 * 4095).astype(np.uint16)
    alpha = np.full((256, 256, 1), 65535, np.uint16)
    alpha[:128] = 0
    image = decode_image(png16(np.dstack([rgb, alpha])), "it")
    assert image[:128].min() == 255
    assert difference(image[128:], colours(astronaut)[128:]) < 2


def test_grey_of_12_bits_with_alpha_is_not_black(grey: NDArray[np.uint8]) -> None:
    values = (grey.astype(np.float64) / 255 * 4095).astype(np.uint16)
    image = decode_image(png16(np.dstack([values, np.full_like(values, 65535)])), "it")
    assert difference(image, grey) < 20


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_deep_picture_of_many_strips_is_turned_as_a_whole(turn: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_pixels, "_STRIP_PIXELS", 100)
    values = np.arange(40 * 30, dtype=np.uint16).reshape(40, 30) * 50
    exif = Pillow.Exif()
    exif[0x0112] = turn
    with io.BytesIO() as file:
        Pillow.fromarray(values).save(file, "PNG", exif=exif)
        image = decode_image(file.getvalue(), "it")
    plain = np.rint(values / 257).astype(np.uint8)
    expected = {
        1: plain,
        2: plain[:, ::-1],
        3: plain[::-1, ::-1],
        4: plain[::-1],
        5: plain.T,
        6: plain.T[:, ::-1],
        7: plain.T[::-1, ::-1],
        8: plain.T[::-1],
    }[turn]
    assert difference(image, expected) == 0


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB"])
def test_each_way_to_store_colours_shows_the_portrait(astronaut: Image, mode: str) -> None:
    expected = colours(astronaut)
    picture: Any = Pillow.fromarray(np.ascontiguousarray(expected[..., ::-1]))
    if mode == "LAB":
        picture = ImageCms.profileToProfile(
            picture, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
    elif mode == "P":
        picture = picture.quantize(128)
    else:
        picture = picture.convert("L").convert(mode) if mode in {"LA", "PA"} else picture.convert(mode)
    with io.BytesIO() as file:
        picture.save(file, "PNG" if mode in {"1", "L", "LA", "P", "RGB", "RGBA"} else "TIFF")
        image = decode_image(file.getvalue(), "it")
    grey = mode in {"1", "L", "LA", "PA"}
    wanted = cv2.cvtColor(expected, cv2.COLOR_BGR2GRAY).astype(np.uint8) if grey else expected
    if mode == "1":
        assert set(np.unique(image)) == {0, 255}
        image, wanted = (cv2.blur(side, (16, 16)).astype(np.uint8) for side in (image, wanted))
    assert difference(image, wanted) < 12


@pytest.mark.skipif(sys.byteorder != "little", reason="the order that libtiff gives is that of the computer")
def test_compressed_big_endian_values_come_in_the_order_of_the_computer(grey: NDArray[np.uint8]) -> None:
    values = grey.astype(np.float32)
    assert difference(decode_image(tiff(values, ">", deflate=True), "it"), grey) < 2


@pytest.mark.parametrize("order", ["<", ">"])
def test_planes_of_16_bits_are_refused_and_not_read_as_stripes(order: str) -> None:
    values = np.zeros((32, 32, 3), np.uint16)
    data = tiff(values, order, photometric=2)
    # The number of rows, which one strip does not need, becomes the planar configuration
    rows, planes = struct.pack(f"{order}HHII", 278, 4, 1, 32), struct.pack(f"{order}HHIHH", 284, 3, 1, 2, 0)
    assert rows in data
    with pytest.raises(EmodjError, match=r"^it has a plane of 16 bits for each colour, which is not read: export it as PNG"):
        decode_image(data.replace(rows, planes), "it")
