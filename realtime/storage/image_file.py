"""Write a picture in the format of its file's suffix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.errors import EmodjError, UsageError
from realtime.storage import atomic

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.domain import Image

WRITABLE = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
"""Suffixes that a picture can be written with."""

_QUALITY = 92
_OPTIONS = {
    ".jpg": (cv2.IMWRITE_JPEG_QUALITY, _QUALITY),
    ".jpeg": (cv2.IMWRITE_JPEG_QUALITY, _QUALITY),
    ".webp": (cv2.IMWRITE_WEBP_QUALITY, _QUALITY),
    ".png": (cv2.IMWRITE_PNG_COMPRESSION, 6),
}


def write_image(image: Image, path: Path, *, overwrite: bool) -> None:
    """Write a picture whole, or not at all. Only its owner can read it, as each file of emodj that shows faces.

    Args:
        image: (height, width, 3) uint8 BGR. No metadata goes along, so no place and no date either.
        path: ends in one of `WRITABLE`.
        overwrite: whether a file that exists may be replaced.

    Raises:
        UsageError: unknown suffix, or the file exists and may not be replaced.
        EmodjError: the disk refuses, or the format cannot hold a picture of this size.
    """
    suffix = path.suffix.lower()
    if suffix not in WRITABLE:
        raise UsageError(f"cannot write {path}: choose a name that ends in .jpg, .png, .webp, .bmp or .tiff")
    try:
        if path.exists() and not overwrite:
            raise _exists_already(path)
    except (OSError, ValueError) as error:
        raise EmodjError(f"cannot write {path} ({getattr(error, 'strerror', None) or error}): choose another place") from error
    data = _encode(image, suffix)
    if data is None:
        height, width = image.shape[:2]
        raise EmodjError(
            f"cannot write {path}: this format does not hold {width}×{height} pixels, choose a name that ends in .png"
        )
    if overwrite:
        atomic.write({path: data}, private=True)
        return
    try:
        atomic.create(path, data, private=True)
    except FileExistsError as error:
        # Encoding takes seconds, and another program may have written there meanwhile
        raise _exists_already(path) from error


def _exists_already(path: Path) -> UsageError:
    return UsageError(f"{path} is there already: --force replaces it")


def _encode(image: Image, suffix: str) -> bytes | None:
    """The picture as a file of this kind; None if it cannot hold a picture of this size."""
    # OpenCV reads the pixels where they are. Pillow would hold a copy with four bytes a pixel
    encoded, data = cv2.imencode(suffix, np.ascontiguousarray(image), _OPTIONS.get(suffix, ()))
    return data.tobytes() if encoded else None
