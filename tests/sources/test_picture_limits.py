"""Small files that ask for much memory or time are refused at once, and pictures at the limits are read within them."""

from __future__ import annotations

import io
import re
import struct
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image as Pillow

from realtime.errors import EmodjError
from realtime.sources import picture_formats as formats
from realtime.sources import picture_limits as limits
from realtime.sources.images import decode_image
from tests.support.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path


TURNED = Pillow.Exif()
TURNED[0x0112] = 6


def encode(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    with io.BytesIO() as file:
        picture.save(file, kind, **options)
        return file.getvalue()


def refusal(data: bytes) -> str:
    with pytest.raises(EmodjError) as caught:
        decode_image(data, "it")
    return str(caught.value)


def is_read(data: bytes, width: int, height: int) -> bool:
    return decode_image(data, "it").shape == (height, width, 3)


# JPEG


def scans(data: bytes) -> list[bytes]:
    """The scans of a JPEG file, each from its marker on; before them what comes first, after them the end."""
    return re.split(rb"(?=\xff\xda|\xff\xd9)", data)


def progressive(side: int) -> bytes:
    return encode(Pillow.new("RGB", (side, side), "grey"), "JPEG", progressive=True)


def test_a_jpeg_of_thousands_of_scans_is_refused() -> None:
    *parts, last, end = scans(progressive(1000))
    assert is_read(b"".join([*parts, last, last, last, end]), 1000, 1000)
    sentence = refusal(b"".join([*parts, *[last] * 20_000, end]))
    assert re.fullmatch(r"it has 2\d{4} scans, which would take too long to read: export it again", sentence)


def test_the_header_of_a_jpeg_is_read_as_a_decoder_does() -> None:
    header = limits.read_jpeg_header(progressive(1000))
    # Two bytes a coefficient, and a quarter of them for each of the colours
    assert (header.width, header.height, header.coefficient_bytes) == (1000, 1000, 3_000_000)
    assert header.scans == 10
    baseline = limits.read_jpeg_header(encode(Pillow.new("RGB", (40, 30)), "JPEG"))
    assert (baseline.width, baseline.height, baseline.coefficient_bytes, baseline.scans) == (40, 30, 0, 1)
    assert limits.read_jpeg_header(b"\xff\xd8\xff").width == 0


def test_the_scans_of_a_jpeg_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    walks: list[bytes] = []
    read = limits.read_jpeg_header

    def count(data: bytes) -> limits.JpegHeader:
        walks.append(data)
        return read(data)

    monkeypatch.setattr(limits, "read_jpeg_header", count)
    assert is_read(progressive(100), 100, 100)
    assert len(walks) == 1


def test_the_thumbnail_in_a_jpeg_is_no_scan_of_it() -> None:
    whole = progressive(64)
    segment = b"Exif\0\0" + whole * 8
    data = whole[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + whole[2:]
    assert limits.read_jpeg_header(data) == limits.read_jpeg_header(whole)


@pytest.mark.parametrize(
    "padding", [b"\xff" * 10**6, b"\0" * 10**6, b"\xff\0" * 10**6, b"\xff\xfe\0\2" * 300_000, b"\xff\xd0" * 10**6]
)
def test_a_jpeg_with_much_in_front_of_its_pixels_is_refused(padding: bytes) -> None:
    whole = encode(Pillow.new("RGB", (40, 30)), "JPEG")
    # Behind the first segment
    assert is_read(whole[:20] + padding[:1000] + whole[20:], 40, 30)
    assert refusal(whole[:20] + padding + whole[20:]) == "it has too many parts in front of its pixels: export it again"


@pytest.mark.parametrize("start", [b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xd9", b"\xff\xd8\xff"])
def test_a_jpeg_without_a_scan_and_with_a_tail_of_zeros_is_refused(start: bytes) -> None:
    assert refusal(start + bytes(10**5)) == "it has too many parts in front of its pixels: export it again"


def test_a_jpeg_of_two_sizes_is_refused() -> None:
    whole = encode(Pillow.new("RGB", (40, 30)), "JPEG")
    place = whole.index(b"\xff\xc0")
    large = whole[place : place + 5] + struct.pack(">HH", 8000, 8000) + whole[place + 9 : place + 19]
    assert refusal(whole[:place] + large + whole[place:]) == "it states two sizes: copy or export it again"


def test_a_jpeg_of_200_megapixels_is_read_at_half_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Pillow.new("RGB", (2001, 1000), "green")
    picture.paste("white", (0, 0, 500, 1000))
    data = encode(picture, "JPEG")
    remarks: list[str] = []
    monkeypatch.setattr(limits, "MAX_MEMORY_BYTES", 7 * 2001 * 1000 // 2)
    assert decode_image(data, "it", remarks.append).shape == (500, 1001, 3)
    assert remarks == ["it is very large: it was read at 1/2 of its width and height"]
    monkeypatch.setattr(limits, "MAX_MEMORY_BYTES", 10**6 // 2)
    assert refusal(data).startswith("it has 2001×1000 pixels, which would take 14 MB of memory, more than the 0 MB")


# PNG, GIF, BMP


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def test_a_png_of_very_many_chunks_is_refused() -> None:
    whole = encode(Pillow.new("RGB", (40, 30)), "PNG")
    empty = chunk(b"teSt")
    assert is_read(whole[:33] + empty * 1000 + whole[33:], 40, 30)
    assert refusal(whole[:33] + empty * 200_001 + whole[33:]) == "it has too many parts: export it again"


@pytest.mark.parametrize(("mode", "colours"), [("RGB", 2), ("RGBA", 6)])
def test_a_png_of_a_few_kilobytes_does_not_take_gigabytes(mode: str, colours: int) -> None:
    header = struct.pack(">IIBBBBB", 30_000, 6_000, 8, colours, 0, 0, 0)
    rows = zlib.compress(bytes(1 + 30_000 * len(mode)) * 100)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND")
    takes = "which would take 1260 MB of memory, more than the 800 MB for one picture"
    assert refusal(data) == f"it has 30000×6000 pixels, {takes}: shrink it"


@pytest.mark.parametrize(
    "comments", [b"\x21\xfe" + b"\xff" * 256 * 10_000 + b"\0", b"\x21\xfe\1a\0" * 10**6, b"\x21\xfe\0" * 10**6]
)
def test_a_gif_of_comments_is_refused(comments: bytes) -> None:
    whole = encode(Pillow.new("L", (40, 30)), "GIF")
    start = 13 + 3 * 2 ** ((whole[10] & 7) + 1)
    assert is_read(whole[:start] + b"\x21\xfe" + b"\xff" * 256 * 3 + b"\0" + whole[start:], 40, 30)
    assert refusal(whole[:start] + comments + whole[start:]).endswith("has too much in front of its pixels: export it again")


@pytest.mark.parametrize("compression", [1, 2])
def test_a_large_bmp_with_run_lengths_is_refused(compression: int) -> None:
    def bmp(width: int, height: int) -> bytes:
        header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8 if compression == 1 else 4, compression, 0, 0, 0, 16, 0)
        start = 14 + len(header) + 64
        return b"BM" + struct.pack("<IHHI", start, 0, 0, start) + header + bytes(64) + b"\x28\1\0\0" * height

    assert is_read(bmp(40, 30), 40, 30)
    assert "run lengths" in refusal(bmp(10_000, 10_000))


# TIFF


def tiff(tags: list[tuple[int, int, int, int]], after: bytes = b"") -> bytes:
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + after


def plain(width: int, height: int) -> list[tuple[int, int, int, int]]:
    return [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (277, 3, 1, 1)]


def test_a_tiff_tag_of_millions_of_values_is_refused() -> None:
    data = tiff([*plain(8, 8), (273, 4, 2_000_000, 200)], bytes(9_000_000))
    assert refusal(data) == "it has a tag of 2000000 values: export it again"


def test_tiff_tags_that_share_their_bytes_are_refused() -> None:
    shared = [(40_000 + number, 7, 10**6, 200) for number in range(200)]
    assert refusal(tiff([*plain(8, 8), *shared], bytes(1_100_000))) == "it has tags that share the same bytes: export it again"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_metadata_whose_tags_share_their_bytes_are_refused(kind: str) -> None:
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    # 5,000 tags that hold the same 50 kB each
    shared = [(270 + number, 7, 50_000, 8) for number in range(5_000)]
    exif = b"Exif\0\0" + tiff(shared)[:65_000]
    picture = Pillow.new("RGB", (40, 30))
    assert is_read(encode(picture, kind), 40, 30)
    # The encoders of AVIF and HEIC look into the metadata themselves
    bomb = encode(picture, kind) + exif if kind in {"AVIF", "HEIF"} else encode(picture, kind, exif=exif)
    assert refusal(bomb) == "it has tags that share the same bytes: export it again"


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_tiff_of_huge_tiles_is_refused(order: str) -> None:
    tags = [*plain(8, 8), (322, 4, 1, 60_000), (323, 3, 1, 60_000)]
    entries = b"".join(
        struct.pack(f"{order}HHI", *tag[:3])
        + (struct.pack(f"{order}I", tag[3]) if tag[1] == 4 else struct.pack(f"{order}HH", tag[3], 0))
        for tag in tags
    )
    start = b"II*\0" if order == "<" else b"MM\0*"
    data = start + struct.pack(f"{order}IH", 8, len(tags)) + entries + bytes(4)
    assert refusal(data) == "it has tiles of 60000×60000 pixels: export it with smaller ones"


def test_tags_that_are_cut_off_are_no_error_of_the_limits() -> None:
    for data in (b"", b"II*\0", b"II+\0\x08\0\0\0", tiff(plain(8, 8))[:30], b"MM\0*\xff\xff\xff\xff"):
        limits.check_tags(data)


# Memory


MEASURE = """
import re, sys
from pathlib import Path
from realtime.sources import images, picture_limits
# The ru_maxrss of a child starts with that of its parent
peak = lambda: int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
large, small = (Path(name).read_bytes() for name in sys.argv[1:])
needed, estimate = [], picture_limits.needed_bytes
picture_limits.needed_bytes = lambda *arguments: needed.append(estimate(*arguments)) or needed[-1]
# What libraries load late does not count
images.decode_image(small, "small")
before = peak()
images.decode_image(large, "large")
print(peak() - before + len(large) - needed[-1])
"""


def float_tiff(side: int) -> bytes:
    """Floats of 64 bits in one strip, which is decoded whole."""
    strip = zlib.compress(np.random.default_rng(1).random((side, side)).tobytes(), 1)
    sizes = [(256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 64), (259, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 134)]
    return tiff([*sizes, (277, 3, 1, 1), (278, 4, 1, side), (279, 4, 1, len(strip)), (339, 3, 1, 3)], strip)


def noisy(kind: str, mode: str, side: int, **options: object) -> bytes:
    noise = np.random.default_rng(1).integers(0, 256, (side // 10 + 1, side // 10 + 1, 3), np.uint8)
    picture = Pillow.fromarray(noise).resize((side, side))
    if mode == "F;64":
        return float_tiff(side)
    if mode == "I;16":
        return encode(Pillow.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257), kind)
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    return encode(picture.convert(mode), kind, **options)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is needed")
@pytest.mark.parametrize(
    ("kind", "mode", "options"),
    [
        ("JPEG", "RGB", {}),
        ("JPEG", "RGB", {"progressive": True, "subsampling": 0}),
        ("PNG", "RGBA", {"compress_level": 1}),
        ("PNG", "I;16", {}),
        ("TIFF", "RGB", {"exif": TURNED}),
        ("TIFF", "F", {}),
        ("TIFF", "F;64", {}),
        ("TIFF", "RGB", {"compression": "tiff_lzw", "tiffinfo": {278: 2500}}),
        ("GIF", "L", {}),
        ("WEBP", "RGBA", {"method": 0}),
        ("WEBP", "RGB", {"method": 0, "lossless": True, "quality": 0}),
        ("AVIF", "RGB", {"speed": 10, "subsampling": "4:4:4"}),
        ("HEIF", "RGB", {"chroma": 444}),
    ],
)
def test_a_picture_takes_no_more_memory_than_is_reckoned(
    kind: str, mode: str, options: dict[str, object], tmp_path: Path
) -> None:
    paths = [tmp_path / "large", tmp_path / "small"]
    # The encoder of HEIC is slow
    for path, side in zip(paths, (1600 if kind == "HEIF" else 2500, 64), strict=True):
        path.write_bytes(noisy(kind, mode, side, **options))
    ended = subprocess.run([sys.executable, "-c", MEASURE, *paths], capture_output=True, text=True, cwd=ROOT, check=False)
    assert ended.returncode == 0, ended.stderr
    # For strips, and for the samples of deep pictures
    assert int(ended.stdout) < (110_000_000 if mode in {"F", "F;64", "I;16"} else 25_000_000)


def test_a_compressed_strip_counts_as_it_is_decoded_whole() -> None:
    data = float_tiff(100)
    # This loads the layout, too
    assert is_read(data, 100, 100)
    with Pillow.open(io.BytesIO(data)) as picture:
        assert limits.needed_bytes(picture, data, formats.TIFF) == len(data) + 100 * 100 * (4 + 8)
