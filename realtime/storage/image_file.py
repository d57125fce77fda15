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
    try:
        data = _encode(image, suffix)
    except (OSError, ValueError) as error:
        height, width = image.shape[:2]
        raise EmodjError(
            f"cannot write {path} ({error}): this format does not hold {width}×{height} pixels, choose a name that ends in .png"
        ) from error
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


def _encode(image: Image, suffix: str) -> bytes:
    height, width = image.shape[:2]
    # Pillow changes the order of the channels as it reads them, which takes no copy
    picture = Pillow.frombuffer("RGB", (width, height), np.ascontiguousarray(image), "raw", "BGR", 0, 1)
    file = io.BytesIO()
    kind = Pillow.registered_extensions()[suffix]
    picture.save(file, kind, quality=_QUALITY) if suffix in _LOSSY else picture.save(file, kind)
    return file.getvalue()
