"""Bounds on the memory and the time that a picture may take, checked on its bytes before they are decoded.

A file of a few kilobytes can ask for gigabytes or minutes. Its decoder cannot be stopped once it runs, so what it will have to
do is counted first: pixels, scans of a JPEG, parts in front of the pixels, values of tags.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import ExifTags

from realtime.sources import picture_formats as formats

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from PIL import Image as Pillow
    from PIL import ImageFile

    from realtime.sources.picture_formats import PictureFormat

MAX_FILE_BYTES = 400_000_000
"""Larger files are not read: a picture of 60 megapixels takes 370 MB as a TIFF of 16 bits a channel, and less otherwise."""

MAX_PIXELS = 200_000_000
"""Larger pictures are refused: a file of a few kilobytes can state any size."""

MAX_MEMORY_BYTES = 800_000_000
"""Memory for one picture: its file, what its decoder needs, and the pixels. The rest of emodj takes less than 200 MB."""

PIXEL_BYTES = 3
"""Bytes of a pixel as it is returned: BGR."""

MAX_SCAN_BYTES = 2 * 10**10
"""Most bytes of coefficients that the scans of a JPEG may go through together: 2 to 5 seconds. A photograph of 80 megapixels
has 480 MB of them and 10 scans."""

MAX_PARTS = 200_000
"""Most segments or chunks of a file. Pillow goes through them one by one; a PNG of 300 MB has 40,000."""

MAX_HEADER_BYTES = 32 * 2**20
"""Most bytes in front of the pixels of a JPEG or a GIF. Pillow joins some of them in a time that grows with their square."""

MAX_PADDING_BYTES = 2**16
"""Most bytes between the segments of a JPEG, which Pillow skips one by one."""

MAX_GIF_HEADER_BYTES = 2**20

MAX_TAG_VALUES = 10**6
"""Most values of a TIFF tag: Pillow makes each an object. A tile of 16×16 pixels takes one."""

MAX_TAGS = 2**16

MAX_TAG_BYTES = 64 * 2**20
"""Most bytes that the tags of a TIFF file may hold beyond its length: many tags can share the same bytes."""

MAX_TILE_BYTES = 64 * 2**20
"""Largest tile of a TIFF file; it is decoded whole."""

MAX_RLE_PIXELS = 10_000_000
"""Most pixels of a BMP with run lengths, and most bytes: Pillow decodes them in Python."""

_STORED_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
"""Bytes that Pillow holds for a pixel of each mode; 4 in all others."""

_DECODER_BYTES = {"WEBP": 12, "AVIF": 8, "HEIF": 8}
"""Bytes that the decoders hold for a pixel beside Pillow's, measured at the peak (tests/sources/test_picture_limits.py)."""


class PictureLimitError(Exception):
    """A picture asks for too much; the message is the end of a sentence that starts with its name."""


def check_structure(data: bytes, kind: PictureFormat) -> JpegHeader | None:
    """Check the parts of a file that its decoder goes through.

    Args:
        data: the file.
        kind: its format.

    Returns:
        What a JPEG file states, for `fit_into_memory`; None for all other formats.

    Raises:
        PictureLimitError: it would take too long, or too much memory.
    """
    jpeg: JpegHeader | None = None
    match kind.pillow:
        case "JPEG":
            jpeg = _check_jpeg(data)
        case "PNG":
            _check_png(data)
        case "GIF":
            _check_gif(data)
        case "BMP":
            _check_bmp(data)
        case _:
            pass
    check_tags(data) if kind is formats.TIFF else _check_metadata(data)
    return jpeg


def fit_into_memory(picture: ImageFile.ImageFile, data: bytes, kind: PictureFormat, jpeg: JpegHeader | None) -> int:
    """Check the memory that an opened picture takes when it is decoded; have a very large JPEG decoded smaller.

    Args:
        picture: opened, not loaded yet.
        data: its file.
        kind: its format.
        jpeg: what `check_structure` returned for it.

    Returns:
        The divisor of width and height that the picture is decoded with; 1 for all but the largest JPEG files.

    Raises:
        PictureLimitError: more than `MAX_PIXELS` or than `MAX_MEMORY_BYTES`.
    """
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise PictureLimitError(f"has {width}×{height} pixels, more than the {MAX_PIXELS // 10**6} million that are read")
    divisors = [1]
    if jpeg is not None:
        if (jpeg.width, jpeg.height) != picture.size:
            raise PictureLimitError("states two sizes: copy or export it again")
        # The decoder of JPEG makes smaller pictures at less cost
        divisors = [1, 2, 4]
    for divisor in divisors:
        if needed_bytes(picture, data, kind, jpeg, divisor) <= MAX_MEMORY_BYTES:
            if divisor > 1:
                picture.draft(picture.mode, (width // divisor, height // divisor))
            return divisor
    needed = needed_bytes(picture, data, kind, jpeg)
    raise PictureLimitError(
        f"has {width}×{height} pixels, which would take {needed // 10**6} MB of memory, more than "
        f"the {MAX_MEMORY_BYTES // 10**6} MB for one picture: shrink it"
    )


def needed_bytes(
    picture: Pillow.Image, data: bytes, kind: PictureFormat, jpeg: JpegHeader | None = None, divisor: int = 1
) -> int:
    """Estimate the memory that a picture takes at the peak, with its file and its pixels; bytes.

    Args:
        picture: opened, not loaded yet.
        data: its file.
        kind: its format.
        jpeg: what a JPEG file states; None for all other formats.
        divisor: width and height are divided by it in the decoder.
    """
    pixel_bytes = _STORED_BYTES.get(picture.mode, 4) * (2 if _is_turned_by_pillow(picture) else 1)
    pixel_bytes += _DECODER_BYTES.get(kind.pillow, 0)
    fixed = len(data) + (jpeg.coefficient_bytes if jpeg is not None else 0)
    pixels = picture.width * picture.height
    # The strip is freed before the pixels are converted
    return fixed + pixels * pixel_bytes // divisor**2 + max(pixels * PIXEL_BYTES // divisor**2, _strip_bytes(picture))


def _strip_bytes(picture: Pillow.Image) -> int:
    """Memory for a strip of a compressed TIFF file, which is decoded whole: often it is all of the picture."""
    tags = getattr(picture, "tag_v2", {})
    if tags.get(_COMPRESSION, 1) == 1 or _TILE_WIDTH in tags:
        return 0
    rows, bits, samples = tags.get(_ROWS_PER_STRIP), tags.get(_BITS, (1,)), tags.get(_SAMPLES, 1)
    rows = min(rows, picture.height) if isinstance(rows, int) and rows > 0 else picture.height
    return rows * picture.width * samples * max(bits) // 8


def can_be_read_twice(picture: Pillow.Image, data: bytes, kind: PictureFormat) -> bool:
    """Whether there is memory for a second decoded copy of a deep picture; False for a JPEG, which has 8 bits a channel."""
    if kind is formats.JPEG:
        return False
    second = picture.width * picture.height * _STORED_BYTES.get(picture.mode, 4)
    return needed_bytes(picture, data, kind) + second <= MAX_MEMORY_BYTES


def _is_turned_by_pillow(picture: Pillow.Image) -> bool:
    """Whether Pillow itself turns the pixels when it decodes them, which takes a second copy: so it does with TIFF files."""
    return getattr(picture, "tag_v2", {}).get(ExifTags.Base.Orientation, 1) != 1


# JPEG


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What a JPEG file states about its decoding (ITU T.81, annex B).

    Attributes:
        width: of the first frame, pixels; 0 if there is no frame.
        height: of the first frame, pixels.
        coefficient_bytes: memory that a decoder needs for all coefficients; 0 where it can decode row by row.
        scans: number of scans.
    """

    width: int = 0
    height: int = 0
    coefficient_bytes: int = 0
    scans: int = 0


# In coded data 0xFF is followed by 0 or by a restart marker, and 0xFF may be repeated in front of a marker
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_START_OF_IMAGE, _END_OF_IMAGE, _START_OF_SCAN, _TEMPORARY = 0xD8, 0xD9, 0xDA, 0x01
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SEQUENTIAL = frozenset({0xC0, 0xC1, 0xC3, 0xC9, 0xCB})
_MUCH_IN_FRONT = "has too many parts in front of its pixels: export it again"


def read_jpeg_header(data: bytes) -> JpegHeader:
    """Read frame and scans of a JPEG file, as far as a decoder would.

    Raises:
        PictureLimitError: too many segments, or too much in front of the pixels.
    """
    frame: tuple[int, int, int] | None = None
    is_sequential, components = False, 0
    scans, parts, padding, place = 0, 0, 0, 2
    while found := _MARKER.search(data, place):
        code, start = found[0][1], found.end()
        parts += 1
        if not scans:
            padding += found.start() - place
        if parts > MAX_PARTS or padding > MAX_PADDING_BYTES or (not scans and start > MAX_HEADER_BYTES):
            raise PictureLimitError(_MUCH_IN_FRONT)
        if code == _END_OF_IMAGE:
            break
        if code in {_START_OF_IMAGE, _TEMPORARY}:
            place = start
            continue
        length = int.from_bytes(data[start : start + 2], "big")
        segment = data[start + 2 : start + length]
        place = start + max(2, length)
        if code in _FRAMES and frame is None and len(segment) >= 6:  # noqa: PLR2004
            frame = _read_frame(segment)
            is_sequential, components = code in _SEQUENTIAL, segment[5]
        elif code == _START_OF_SCAN:
            scans += 1
            if frame is not None and is_sequential and segment[:1] == bytes([components]):
                return JpegHeader(frame[0], frame[1], 0, 1)
    # Pillow looks for a scan up to the last byte
    if not scans and padding + len(data) - place > MAX_PADDING_BYTES:
        raise PictureLimitError(_MUCH_IN_FRONT)
    width, height, coefficient_bytes = frame or (0, 0, 0)
    return JpegHeader(width, height, coefficient_bytes, scans)


def _read_frame(segment: bytes) -> tuple[int, int, int]:
    """Width, height and bytes of all coefficients of a frame header without its length."""
    height, width = struct.unpack_from(">HH", segment, 1)
    factors = [(value >> 4, value & 15) for value in segment[7::3][: segment[5]]]
    widest, highest = (max((pair[axis] for pair in factors), default=1) or 1 for axis in (0, 1))
    samples = sum(width * height * across * down / (widest * highest) for across, down in factors)
    return width, height, int(2 * samples)


def _check_jpeg(data: bytes) -> JpegHeader:
    header = read_jpeg_header(data)
    if header.scans * header.coefficient_bytes > MAX_SCAN_BYTES:
        raise PictureLimitError(f"has {header.scans} scans, which would take too long to read: export it again")
    return header


# PNG, GIF and BMP


def _check_png(data: bytes) -> None:
    place, parts = 8, 0
    while place + 8 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        if data[place + 4 : place + 8] == b"IEND":
            return
        parts += 1
        if parts > MAX_PARTS:
            raise PictureLimitError("has too many parts: export it again")
        place += length + 12


_GIF_IMAGE, _GIF_EXTENSION = 0x2C, 0x21


def _check_gif(data: bytes) -> None:
    """Check what lies in front of the first frame: comments of several blocks are joined in quadratic time."""
    place = 13 + (3 * 2 ** ((data[10] & 7) + 1) if len(data) > 10 and data[10] & 0x80 else 0)  # noqa: PLR2004
    while place < len(data) and data[place] == _GIF_EXTENSION:
        place += 2
        while place < len(data) and data[place] and place <= MAX_GIF_HEADER_BYTES:
            place += data[place] + 1
        # An extension may have no block at all
        if place > MAX_GIF_HEADER_BYTES:
            raise PictureLimitError("has too much in front of its pixels: export it again")
        place += 1
    if place < len(data) and data[place] != _GIF_IMAGE and b"," not in data[place : place + MAX_PADDING_BYTES]:
        raise PictureLimitError("has no frame that can be read: export it again")


def _check_bmp(data: bytes) -> None:
    if len(data) < 34:  # noqa: PLR2004
        return
    header, width, height = struct.unpack_from("<Iii", data, 14)
    if header < 40 or int.from_bytes(data[30:34], "little") not in {1, 2}:  # noqa: PLR2004
        return
    if abs(width * height) > MAX_RLE_PIXELS or len(data) > MAX_RLE_PIXELS:
        raise PictureLimitError("is a large BMP with run lengths, which would take too long to read: export it as PNG")


# TIFF


_VALUE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of a value by its type (TIFF 6.0, and BigTIFF from 16 on)."""

_TIFF_HEADER = re.compile(rb"II[*+]\0|MM\0[*+]")

_OPAQUE_TYPES = frozenset({1, 2, 7})
"""Types that Pillow keeps as bytes or as one text."""

_TILE_WIDTH, _TILE_HEIGHT, _SAMPLES = 322, 323, 277
_BITS, _COMPRESSION, _ROWS_PER_STRIP = 258, 259, 278


def _check_metadata(data: bytes) -> None:
    """Check the EXIF metadata of a picture, wherever they are: they are a TIFF file without pixels."""
    view, entries = memoryview(data), 0
    for found in _TIFF_HEADER.finditer(data):
        entries += check_tags(view[found.start() :])
        if entries > MAX_PARTS:
            raise PictureLimitError("has too many tags: export it again")


def check_tags(data: bytes | memoryview) -> int:
    """Check the tags of the first picture of a TIFF file, or of EXIF metadata, which have the same form.

    Returns:
        The number of tags.

    Raises:
        PictureLimitError: they would take too much memory, or their tiles would.
    """
    number, total, tile = 1, 0, {_TILE_WIDTH: 0, _TILE_HEIGHT: 0, _SAMPLES: 1}
    for entry in _read_tags(data):
        number += 1
        total += entry.bytes_elsewhere
        if entry.count > MAX_TAG_VALUES and not entry.is_opaque and entry.size <= len(data):
            raise PictureLimitError(f"has a tag of {entry.count} values: export it again")
        if entry.tag in tile and entry.count == 1:
            tile[entry.tag] = entry.value
    if total > len(data) + MAX_TAG_BYTES:
        raise PictureLimitError("has tags that share the same bytes: export it again")
    if tile[_TILE_WIDTH] * tile[_TILE_HEIGHT] * max(1, tile[_SAMPLES]) > MAX_TILE_BYTES:
        raise PictureLimitError(f"has tiles of {tile[_TILE_WIDTH]}×{tile[_TILE_HEIGHT]} pixels: export it with smaller ones")
    return number


@dataclass(frozen=True, slots=True)
class _Tag:
    """An entry of a TIFF directory.

    Attributes:
        tag: its number.
        is_opaque: whether Pillow keeps its values as one object.
        count: number of values.
        size: of all values, bytes.
        value: the first value, if all lie in the entry.
        bytes_elsewhere: bytes of the file that hold the values, if they lie elsewhere.
    """

    tag: int
    is_opaque: bool
    count: int
    size: int
    value: int
    bytes_elsewhere: int


def _read_tags(data: bytes | memoryview) -> Iterator[_Tag]:
    """Read the first directory of a TIFF file; what is cut off is left out."""
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"
    is_big = data[2:4] in {b"+\0", b"\0+"}
    word, entry_length, place = (8, 20, 8) if is_big else (4, 12, 4)

    def number(start: int, length: int) -> int:
        return int.from_bytes(data[start : start + length], order)

    place = number(place, word)
    first = place + (8 if is_big else 2)
    entries = number(place, first - place)
    if not word <= place <= len(data) - (first - place):
        return
    if entries > MAX_TAGS:
        raise PictureLimitError("has too many tags: export it again")
    for start in range(first, min(first + entries * entry_length, len(data) - entry_length + 1), entry_length):
        kind, count = number(start + 2, 2), number(start + 4, word)
        # Tags of other types are not read
        width = _VALUE_BYTES.get(kind, 0)
        field = start + 4 + word
        size = count * width
        elsewhere = max(0, min(size, len(data) - number(field, word))) if size > word else 0
        yield _Tag(number(start, 2), kind in _OPAQUE_TYPES, count, size, number(field, min(width, word)), elsewhere)
