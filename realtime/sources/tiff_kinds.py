"""What a TIFF file says of its pixels, for the sentence about one of a kind that is not read."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_SAMPLES, _SAMPLE_FORMAT = 277, 339
_PLACES = ((273, 279), (324, 325))
"""Tags of TIFF 6.0: where the strips are and how long, and the same of tiles."""

_NUMBERS = {2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}
_COLOURS = {
    0: "grey",
    1: "grey",
    2: "RGB",
    3: "palette",
    5: "CMYK",
    6: "YCbCr",
    8: "CIE Lab",
    9: "ICC Lab",
    32803: "raw sensor",
}
_COMPRESSIONS = {32766: "NeXT", 34712: "JPEG 2000", 34887: "LERC", 34892: "lossy JPEG", 50002: "JPEG XL", 52546: "JPEG XL"}
_MAX_SAMPLES = 100


def describe_tiff(data: bytes) -> str | None:
    """Describe the pixels of a TIFF file, such as "RGB of 3 × 32 bits, floating-point"; None for a damaged one.

    Args:
        data: the file; its tags are within bounds (`picture_limits.check_structure`).
    """
    try:
        tags = _read_tags(data)
        if not (_is_whole(tags, len(data)) and tags[_WIDTH] > 0 and tags[_HEIGHT] > 0):
            return None
        bits, samples = tags.get(_BITS, (1,)), int(tags.get(_SAMPLES, 1))
        if not (0 < samples <= _MAX_SAMPLES and bits):
            return None
        widths = "/".join(map(str, dict.fromkeys(bits)))
        parts = [f"{_COLOURS.get(tags.get(_PHOTOMETRIC, -1), 'colours')} of {samples} × {widths} bits"]
        parts += [_NUMBERS[kind] for kind in dict.fromkeys(tags.get(_SAMPLE_FORMAT, ())) if kind in _NUMBERS]
        parts += _name_compression(int(tags.get(_COMPRESSION, 1)))
    except Exception:  # noqa: BLE001 - Pillow raises whatever damaged bytes lead it to
        return None
    return ", ".join(parts)


def _read_tags(data: bytes) -> Mapping[int, Any]:
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    file = io.BytesIO(data)
    head = file.read(8)
    if head[2] == 43 or head[3] == 43:  # noqa: PLR2004 - BigTIFF
        head += file.read(8)
    tags = ImageFileDirectory_v2(head)
    file.seek(tags.next)
    tags.load(file)
    return tags


def _is_whole(tags: Mapping[int, Any], size: int) -> bool:
    """Whether the pixels are where the tags say."""
    for place, length in _PLACES:
        if place in tags:
            pairs = list(zip(_numbers(tags[place]), _numbers(tags[length]), strict=True))
            return bool(pairs) and all(start > 0 and start + count <= size for start, count in pairs)
    return False


def _numbers(value: Any) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,)


def _name_compression(number: int) -> list[str]:
    from PIL.TiffImagePlugin import COMPRESSION_INFO

    if number in COMPRESSION_INFO and number not in _COMPRESSIONS:
        return []
    return [f"compressed as {_COMPRESSIONS.get(number, f'number {number}')}"]
