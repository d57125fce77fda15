"""Read still pictures of the common formats, upright, as BGR pixels, through Pillow.

OpenCV is not used: `cv2.imread` returns a truncated JPEG as a complete picture, without an error.
"""

from __future__ import annotations

import importlib
import io
import threading
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import ExifTags, UnidentifiedImageError
from PIL import Image as Pillow

from realtime.errors import EmodjError, UsageError

if TYPE_CHECKING:
    from collections.abc import Generator

    from realtime.domain import Image

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".heic", ".heif"})
"""Suffixes of the files that count as pictures when a folder is searched."""

MAX_PIXELS = 200_000_000
"""Larger pictures are refused: a file of a few kilobytes can state any size."""

STDIN = "-"

# Pillow opens more formats than these: it would run an EPS file, whatever its suffix, as a program in Ghostscript. All of its
# plugins would take 30 ms to load, these take 10
_PLUGINS = ("Avif", "Bmp", "Gif", "Jpeg", "Jpeg2K", "Png", "Ppm", "Tiff", "WebP")
_FORMATS = frozenset({"AVIF", "BMP", "DIB", "GIF", "HEIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP"})

_TURNS = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}
"""What sets a picture upright, by its EXIF orientation (EXIF 2.32, tag 0x0112)."""

_PILLOW = threading.Lock()
"""Held while settings of Pillow are changed for the whole process."""

_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")


def read_image(path: str, stdin: BinaryIO | None = None) -> Image:
    """Read a picture: the first frame of an animation, turned upright by its EXIF orientation.

    Args:
        path: a file's path, or "-" for `stdin`.
        stdin: where "-" reads its bytes from.

    Returns:
        (height, width, 3) uint8 BGR. Transparent parts lie on white; 16 bits a channel are scaled to 8.

    Raises:
        UsageError: no such file.
        EmodjError: a directory, not a picture, damaged, empty, too large, or of a kind that needs a package.
    """
    return decode_image(_bytes(path, stdin), "the standard input" if path == STDIN else path)


def decode_image(data: bytes, name: str) -> Image:
    """Read a picture from the bytes of its file; `name` stands for the file in the sentences of errors.

    Returns:
        (height, width, 3) uint8 BGR, as `read_image` does.

    Raises:
        EmodjError: not a picture, damaged, empty, too large, or of a kind that needs a package.
    """
    if not data:
        raise EmodjError(f"{name} is empty")
    _allow_heic(data, name)
    for plugin in _PLUGINS:
        importlib.import_module(f"PIL.{plugin}ImagePlugin")
    try:
        with (
            _pillow_settings(),
            Pillow.open(io.BytesIO(data), formats=sorted(_FORMATS & Pillow.OPEN.keys())) as picture,
        ):
            _check_size(picture, name)
            return np.ascontiguousarray(_to_upright_rgb(picture)[..., ::-1])
    except UnidentifiedImageError as error:
        raise EmodjError(f"{name} is not a picture that can be read, whatever its name says") from error
    except EmodjError:
        raise
    except Exception as error:
        # Pillow raises whatever damaged bytes lead it to: TypeError and struct.error as well as OSError
        raise EmodjError(f"{name} is damaged ({error}): copy or export it again") from error


@contextmanager
def _pillow_settings() -> Generator[None]:
    """Switch off warnings about odd metadata, which do not matter, and Pillow's limit of size, since `MAX_PIXELS` applies.

    Both are settings of the whole process, so one picture is read at a time, and they are restored after it.
    """
    with _PILLOW, warnings.catch_warnings(action="ignore"):
        limit, Pillow.MAX_IMAGE_PIXELS = Pillow.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Pillow.MAX_IMAGE_PIXELS = limit


def find_images(folder: Path, *, recursive: bool) -> list[Path]:
    """Find the pictures of a folder by their suffix, sorted; hidden files and folders are left out.

    Raises:
        UsageError: the folder holds no picture, or cannot be listed.
    """
    try:
        entries = folder.rglob("*") if recursive else folder.iterdir()
        visible = [path for path in entries if not _is_hidden(path.relative_to(folder))]
        images = sorted(path for path in visible if path.suffix.lower() in SUFFIXES and path.is_file())
    except OSError as error:
        raise UsageError(f"cannot list {folder} ({error.strerror})") from error
    if not images:
        hint = "" if recursive else "; --recursive looks into its folders too"
        raise UsageError(f"no picture in {folder}{hint}")
    return images


def _bytes(path: str, stdin: BinaryIO | None) -> bytes:
    if path == STDIN:
        return stdin.read() if stdin else b""
    try:
        return Path(path).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"no such file: {path}") from error
    except OSError as error:
        raise EmodjError(f"cannot read {path} ({error.strerror})") from error


def _allow_heic(data: bytes, name: str) -> None:
    if data[4:8] != b"ftyp" or data[8:12] not in _HEIC_BRANDS:
        return
    try:
        import pillow_heif
    except ImportError as error:
        raise EmodjError(f"{name} is a HEIC picture, which needs pillow-heif: pip install pillow-heif") from error
    pillow_heif.register_heif_opener()


def _check_size(picture: Pillow.Image, name: str) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise EmodjError(f"{name} has {width}×{height} pixels, more than the {MAX_PIXELS // 10**6} million that are read")


def _to_upright_rgb(picture: Pillow.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Convert to (height, width, 3) uint8 RGB, turned upright."""
    # `ImageOps.exif_transpose` is not used: it also rewrites the metadata, and fails where they are invalid. `load` comes
    # first: it already turns some TIFF files, and then removes the orientation from their metadata
    picture.load()
    transform = _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    upright = picture if transform is None else picture.transpose(transform)
    if upright.mode.startswith("I") or upright.mode == "F":
        return np.repeat(_to_8_bit(np.asarray(upright))[..., None], 3, axis=2)
    if "A" in upright.mode or "transparency" in upright.info:
        rgba = upright.convert("RGBA")
        upright = Pillow.new("RGB", rgba.size, "white")
        upright.paste(rgba, mask=rgba.getchannel("A"))
    return np.asarray(upright.convert("RGB"), np.uint8)


def _to_8_bit(grey: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Convert to 8 bits: 16-bit integers keep their scale; floats have no common scale and are stretched to their range."""
    values = np.nan_to_num(grey.astype(np.float64))
    if np.issubdtype(grey.dtype, np.floating):
        low, high = float(values.min()), float(values.max())
        values = (values - low) / (high - low or 1) * 65535
    return np.clip(np.rint(values / 257), 0, 255).astype(np.uint8)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
