from __future__ import annotations

import io
import os
import shlex
import struct
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags
from PIL import Image as Pillow

from realtime.errors import EmodjError, UsageError
from realtime.sources import picture_limits
from realtime.sources.images import read_image
from tests.support.places import ASTRONAUT, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.domain import Image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
PLACE = {ExifTags.GPS.GPSLatitudeRef: "N", ExifTags.GPS.GPSLatitude: (52.0, 31.0, 12.0)}


def quarters() -> Pillow.Image:
    """48 wide, 32 high: red, green / blue, white. Every flip, turn and change of channels gives another picture."""
    picture = Pillow.new("RGB", (48, 32), RED)
    picture.paste(GREEN, (24, 0, 48, 16))
    picture.paste(BLUE, (0, 16, 24, 32))
    picture.paste(WHITE, (24, 16, 48, 32))
    return picture


def corners(image: Image) -> list[list[int]]:
    """The colour in the middle of each quarter as RGB: top left, top right, bottom left, bottom right."""
    height, width = image.shape[:2]
    spots = [(y, x) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]
    return [image[spot][::-1].tolist() for spot in spots]


def encode(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    with io.BytesIO() as file:
        picture.save(file, kind, **options)
        return file.getvalue()


def read_data(data: bytes) -> Image:
    return read_image("-", io.BytesIO(data))


def heic() -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    with io.BytesIO() as file:
        pillow_heif.from_pillow(quarters()).save(file, quality=95)
        return file.getvalue()


# Pictures that can be read


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "HEIC"])
def test_every_format_is_read_upright(kind: str, tmp_path: Path) -> None:
    data = heic() if kind == "HEIC" else encode(quarters(), kind)
    path = tmp_path / "picture.any"
    path.write_bytes(data)
    for image in (read_image(str(path)), read_data(data)):
        assert image.shape == (32, 48, 3)
        assert image.dtype == np.uint8
        assert image.flags["C_CONTIGUOUS"]
        for actual, expected in zip(corners(image), (RED, GREEN, BLUE, WHITE), strict=True):
            assert actual == pytest.approx(expected, abs=12)


def test_the_astronaut_is_read_pixel_by_pixel_as_opencv_does(astronaut: Image) -> None:
    # Two decoders may round differently
    assert int(np.abs(read_image(str(ASTRONAUT)).astype(int) - astronaut.astype(int)).max()) <= 3


def test_the_first_frame_of_an_animation_is_read() -> None:
    others = [Pillow.new("RGB", (48, 32), BLUE) for _ in range(2)]
    for kind in ("GIF", "WEBP", "TIFF", "PNG"):
        image = read_data(encode(quarters(), kind, save_all=True, append_images=others))
        assert corners(image)[0] == pytest.approx(RED, abs=12), kind


@pytest.mark.parametrize(
    ("kind", "options"), [("JPEG", {}), ("PNG", {}), ("WEBP", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})]
)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_turned_upright(orientation: int, kind: str, options: dict[str, str]) -> None:
    stored_transform = {
        2: Pillow.Transpose.FLIP_LEFT_RIGHT,
        3: Pillow.Transpose.ROTATE_180,
        4: Pillow.Transpose.FLIP_TOP_BOTTOM,
        5: Pillow.Transpose.TRANSPOSE,
        # Orientation 6 is turned clockwise for display, so its pixels are stored turned the other way
        6: Pillow.Transpose.ROTATE_90,
        7: Pillow.Transpose.TRANSVERSE,
        8: Pillow.Transpose.ROTATE_270,
    }.get(orientation)
    exif = Pillow.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    picture = quarters() if stored_transform is None else quarters().transpose(stored_transform)
    image = read_data(encode(picture, kind, exif=exif, **options))
    assert image.shape == (32, 48, 3)
    for actual, expected in zip(corners(image), (RED, GREEN, BLUE, WHITE), strict=True):
        assert actual == pytest.approx(expected, abs=12)


@pytest.mark.parametrize("orientation", [0, 9, 60000])
def test_an_invalid_orientation_is_ignored(orientation: int) -> None:
    exif = Pillow.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    assert corners(read_data(encode(quarters(), "PNG", exif=exif))) == [list(colour) for colour in (RED, GREEN, BLUE, WHITE)]


@pytest.mark.parametrize("mode", ["1", "L", "I;16"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_becomes_three_equal_channels(mode: str, kind: str) -> None:
    picture = Pillow.new("L", (48, 32), 0)
    picture.paste(255, (24, 0, 48, 32))
    picture = picture.convert("I").point(lambda value: value * 257).convert("I;16") if mode == "I;16" else picture.convert(mode)
    image = read_data(encode(picture, kind))
    assert image.shape == (32, 48, 3)
    assert corners(image) == [[0] * 3, [255] * 3, [0] * 3, [255] * 3]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bits_are_scaled_and_not_cut_off(kind: str) -> None:
    values = np.array([[0, 128, 257, 40 * 257, 40 * 257 + 129, 200 * 257, 65535]], np.uint16)
    image = read_data(encode(Pillow.fromarray(values), kind))
    assert image[0, :, 0].tolist() == [0, 0, 1, 40, 41, 200, 255]


def test_16_bits_in_big_endian_order() -> None:
    values = np.array([[0, 40 * 257, 65535]], ">u2")
    header = struct.pack(">2sHI", b"MM", 42, 8)
    tags = [
        (256, 4, 3),
        (257, 4, 1),
        (258, 3, 16 << 16),
        (259, 3, 1 << 16),
        (262, 3, 1 << 16),
        (273, 4, 122),
        (277, 3, 1 << 16),
    ]
    tags += [(278, 4, 1), (279, 4, 6)]
    entries = b"".join(struct.pack(">HHII", tag, kind, 1, value) for tag, kind, value in tags)
    data = header + struct.pack(">H", len(tags)) + entries + struct.pack(">I", 0)
    image = read_data(data + values.tobytes())
    assert image[0, :, 0].tolist() == [0, 40, 255]


def test_16_bits_a_channel_keep_their_colours() -> None:
    rows = [b"\0" + struct.pack(">6H", 65535, 0, 0, 0, 65535, 0), b"\0" + struct.pack(">6H", 0, 0, 65535, 65535, 65535, 65535)]
    image = read_data(png(2, 2, b"".join(rows), depth=16))
    assert image[..., ::-1].reshape(4, 3).tolist() == [list(colour) for colour in (RED, GREEN, BLUE, WHITE)]


def test_floats_are_stretched_to_their_range() -> None:
    values = np.array([[-1.0, 0.0, 1.0, np.nan]], np.float32)
    image = read_data(encode(Pillow.fromarray(values), "TIFF"))
    assert image[0, :3, 0].tolist() == [0, 128, 255]
    assert read_data(encode(Pillow.fromarray(np.zeros((2, 2), np.float32)), "TIFF")).max() == 0


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparent_parts_lie_on_white(kind: str) -> None:
    picture = Pillow.new("RGBA", (48, 32), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (24, 0, 48, 32))
    picture.paste((0, 0, 0, 128), (0, 16, 24, 32))
    options = {"lossless": True} if kind == "WEBP" else {}
    clear, solid, half, _ = corners(read_data(encode(picture, kind, **options)))
    assert clear == [255] * 3
    assert solid == [0] * 3
    assert half == pytest.approx([127] * 3, abs=2)


def test_grey_with_transparency_lies_on_white() -> None:
    assert corners(read_data(encode(Pillow.new("LA", (8, 8), (0, 0)), "PNG")))[0] == [255] * 3


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_palette_may_hold_a_transparent_colour(kind: str) -> None:
    picture = Pillow.new("P", (48, 32), 0)
    picture.putpalette([*BLUE, *GREEN])
    picture.paste(1, (24, 0, 48, 32))
    image = read_data(encode(picture, kind, transparency=0))
    assert corners(image)[:2] == [[255] * 3, list(GREEN)]


def test_one_colour_may_be_transparent() -> None:
    image = read_data(encode(quarters(), "PNG", transparency=RED))
    assert corners(image)[:2] == [[255] * 3, list(GREEN)]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_becomes_rgb(kind: str) -> None:
    image = read_data(encode(quarters().convert("CMYK"), kind))
    for actual, expected in zip(corners(image), (RED, GREEN, BLUE, WHITE), strict=True):
        assert actual == pytest.approx(expected, abs=12)


@pytest.mark.parametrize("size", [(1, 1), (20000, 10), (10, 20000)])
def test_odd_sizes_are_read(size: tuple[int, int]) -> None:
    assert read_data(encode(Pillow.new("RGB", size, GREEN), "PNG")).shape == (size[1], size[0], 3)


def test_fifty_megapixels_are_read(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    Pillow.new("RGB", (8660, 5774), GREEN).save(path)
    image = read_image(str(path))
    assert image.shape == (5774, 8660, 3)
    assert image[5000, 8000].tolist() == pytest.approx([0, 255, 0], abs=2)


def test_invalid_metadata_is_ignored() -> None:
    exif = Pillow.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.ImageDescription] = "words"
    data = encode(quarters().transpose(Pillow.Transpose.ROTATE_90), "JPEG", exif=exif)
    # The text is declared as a fraction: Pillow cannot write such metadata again
    entry = struct.pack("<HHI", ExifTags.Base.ImageDescription, 2, 6)
    swapped = struct.pack(">HHI", ExifTags.Base.ImageDescription, 2, 6)
    assert (entry in data) != (swapped in data)
    odd = data.replace(entry, struct.pack("<HHI", ExifTags.Base.ImageDescription, 11, 1))
    odd = odd.replace(swapped, struct.pack(">HHI", ExifTags.Base.ImageDescription, 11, 1))
    assert odd != data
    assert read_data(odd).shape == (32, 48, 3)


# Files that cannot be read


def png(width: int, height: int, pixels: bytes, depth: int = 8) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^no such file: .*none\.jpg$"):
        read_image(str(tmp_path / "none.jpg"))
    with pytest.raises(UsageError, match=r"^no such file: .*astronaut\.jpg/x$"):
        read_image(f"{ASTRONAUT}/x")


def test_a_directory_and_a_name_that_is_too_long_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(EmodjError, match=r"^cannot read .* \(Is a directory\)$"):
        read_image(str(tmp_path))
    # To Windows it is a file that does not exist
    with pytest.raises(EmodjError, match=r"\(File name too long\)$" if os.name == "posix" else "no such file"):
        read_image("x" * 5000)


@pytest.mark.parametrize("stdin", [None, io.BytesIO()])
def test_an_empty_standard_input_is_an_error(stdin: io.BytesIO | None) -> None:
    with pytest.raises(EmodjError, match=r"^the standard input is empty$"):
        read_image("-", stdin)


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "empty.jpg"
    path.touch()
    with pytest.raises(EmodjError, match=r"empty\.jpg is empty$"):
        read_image(str(path))


@pytest.mark.parametrize("data", [b"hello\n", b"\xff\xd8", b"\0" * 999, b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_a_file_that_is_no_picture_is_refused_whatever_its_suffix(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    with pytest.raises(EmodjError, match=r"photo\.jpg is not a picture that can be read, whatever its name says$"):
        read_image(str(path))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "HEIC"])
def test_a_truncated_file_is_an_error_and_never_half_a_picture(kind: str) -> None:
    complete = heic() if kind == "HEIC" else encode(noise(), kind)
    with pytest.raises(EmodjError, match=r"^the standard input is damaged( \(.+\): copy or export it again$|, or it is HEIC)"):
        read_data(complete[: len(complete) // 2])


def noise() -> Pillow.Image:
    return Pillow.fromarray(np.random.default_rng(1).integers(0, 256, (32, 48, 3), np.uint8))


def test_a_small_file_of_a_huge_stated_size_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(EmodjError, match=r"^the standard input has 100000×100000 pixels, more than the 200 million"):
        read_data(png(100_000, 100_000, b""))


def test_a_picture_at_the_limit_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(quarters(), "PNG")
    monkeypatch.setattr(picture_limits, "MAX_PIXELS", 48 * 32)
    assert read_data(data).shape == (32, 48, 3)
    monkeypatch.setattr(picture_limits, "MAX_PIXELS", 48 * 32 - 1)
    with pytest.raises(EmodjError, match="48×32"):
        read_data(data)


def test_heic_without_its_package_names_the_package() -> None:
    program = """
import io, sys
sys.modules["pillow_heif"] = None
from realtime.errors import EmodjError
from realtime.sources.images import read_image
try:
    read_image("-", io.BytesIO(bytes(4) + b"ftypheic" + bytes(99)))
except EmodjError as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    message = "the standard input is a picture in the format HEIC, which needs pillow-heif: pip install pillow-heif"
    assert done.stdout == f"EmodjError {message}\n"


SAMPLES = [encode(noise(), kind) for kind in ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")]
EXIF = Pillow.Exif()
EXIF[ExifTags.Base.Orientation] = 6
EXIF[ExifTags.Base.ImageDescription] = "words"
SAMPLES.append(encode(noise(), "JPEG", exif=EXIF))


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_gives_a_picture_or_an_error(draw: st.DataObject) -> None:
    data = bytearray(draw.draw(st.sampled_from(SAMPLES)))
    # Damage in the first bytes finds most faults
    places = st.integers(0, 150) | st.integers(0, len(data) - 1)
    for place, byte in draw.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
        data[place] = byte
    try:
        image = read_data(bytes(data))
    except EmodjError:
        return
    assert image.ndim == 3
    assert image.dtype == np.uint8


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF", "TIFF"])
def test_the_first_picture_of_several_in_one_colour_is_remarked(kind: str, tmp_path: Path) -> None:
    path, remarks = tmp_path / "fade", list[str]()
    path.write_bytes(encode(Pillow.new("RGB", (48, 32)), kind, save_all=True, append_images=[quarters()]))
    read_image(str(path), notify=remarks.append)
    command = "" if kind == "TIFF" else f"; `emodj live --source {shlex.quote(str(path))}` reads all"
    assert remarks == [f"{path} is one colour throughout: the first of several pictures was read{command}"]


def test_a_transparent_picture_is_remarked_and_one_with_colours_is_not() -> None:
    remarks = list[str]()
    read_image("-", io.BytesIO(encode(Pillow.new("RGBA", (48, 32)), "PNG")), remarks.append)
    read_image("-", io.BytesIO(encode(quarters(), "PNG", save_all=True, append_images=[quarters()])), remarks.append)
    assert remarks == ["the standard input is one colour throughout"]
