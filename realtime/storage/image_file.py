"""Write a picture in the format of its file's suffix."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image as Pillow

from realtime.errors import EmodjError, UsageError
from realtime.storage import atomic

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.domain import Image

WRITABLE = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
"""Suffixes that a picture can be written with."""

_LOSSY = {".jpg", ".jpeg", ".webp"}
_QUALITY = 92


def write_image(image: Image, path: Path, *, overwrite: bool) -> None:
    """Write a picture whole, or not at all.

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
            raise UsageError(f"{path} is there already: --force replaces it")
    except (OSError, ValueError) as error:
        raise EmodjError(f"cannot write {path} ({getattr(error, 'strerror', None) or error}): choose another place") from error
    try:
        data = _encode(image, suffix)
    except (OSError, ValueError) as error:
        height, width = image.shape[:2]
        raise EmodjError(
            f"cannot write {path} ({error}): this format does not hold {width}×{height} pixels, choose a name that ends in .png"
        ) from error
    atomic.write({path: data})


def _encode(image: Image, suffix: str) -> bytes:
    height, width = image.shape[:2]
    # Pillow changes the order of the channels as it reads them, which takes no copy
    picture = Pillow.frombuffer("RGB", (width, height), np.ascontiguousarray(image), "raw", "BGR", 0, 1)
    file = io.BytesIO()
    kind = Pillow.registered_extensions()[suffix]
    picture.save(file, kind, quality=_QUALITY) if suffix in _LOSSY else picture.save(file, kind)
    return file.getvalue()
