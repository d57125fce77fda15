"""Read still pictures of the common formats, upright, as BGR pixels, through Pillow.

OpenCV is not used: `cv2.imread` returns a truncated JPEG as a complete picture, without an error.
"""

from __future__ import annotations

import importlib
import io
import shlex
import threading
import warnings
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from realtime.errors import EmodjError, UsageError
from realtime.printable import one_line
from realtime.reading import read_file, read_stream
from realtime.sources import picture_formats as formats
from realtime.sources import picture_limits as limits
from realtime.sources import picture_pixels as pixels
from realtime.sources.tiff_kinds import describe_tiff

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from PIL import ImageFile

    from realtime.domain import Image
    from realtime.sources.picture_formats import PictureFormat

    Notify = Callable[[str], None]
    CheckSize = Callable[[int, int], None]

STDIN = "-"

_FILMS = (formats.GIF, formats.PNG, formats.WEBP, formats.AVIF)
"""Formats whose animations a live session reads."""

_PILLOW = threading.Lock()
"""Held while settings of Pillow are changed for the whole process."""


def read_image(path: str, stdin: BinaryIO | None = None, notify: Notify | None = None) -> Image:
    """Read a picture: the first frame of an animation, turned upright by its EXIF orientation.

    Args:
        path: a file's path, or "-" for `stdin`.
        stdin: where "-" reads its bytes from.
        notify: receives a remark, a sentence with the picture's name, where the picture was not read as it is.

    Returns:
        (height, width, 3) uint8 BGR. Transparent parts lie on white; more than 8 bits a channel are scaled to 8 by the
        values in the picture.

    Raises:
        UsageError: no such file.
        EmodjError: a directory, not a picture, damaged, empty, too large, or of a kind that needs a package.
    """
    data = _bytes(path, stdin)
    return decode_image(data, "the standard input", notify) if path == STDIN else decode_image(data, path, notify, path)


def decode_image(
    data: bytes, name: str, notify: Notify | None = None, path: str | None = None, *, check_size: CheckSize | None = None
) -> Image:
    """Read a picture from the bytes of its file.

    Args:
        data: the bytes.
        name: stands for the file in the sentences of errors and remarks.
        notify: as in `read_image`.
        path: of the file, if it has one; a remark names it in a command.
        check_size: gets the width and height that the file states, pixels, before they are decoded; it raises
            `PictureLimitError` for a size that its caller does not take.

    Returns:
        (height, width, 3) uint8 BGR, as `read_image` does.

    Raises:
        EmodjError: not a picture, damaged, empty, too large, or of a kind that needs a package.
    """
    if not data:
        raise EmodjError(f"{name} is empty")
    kind = formats.identify_format(data)
    if kind is None:
        raise EmodjError(_unread_reason(data, name))
    _load_plugin(kind, name)
    try:
        jpeg = limits.check_structure(data, kind)
        # The end of `with picture` would close its file and keep its pixels
        with _pillow_settings(), closing(_open(data, kind)) as picture:
            size = picture.size
            shrunk = limits.fit_into_memory(picture, data, kind, jpeg)
            if check_size:
                check_size(*size)
            if notify and shrunk > 1:
                notify(f"{name} is very large: it was read at 1/{shrunk} of its width and height")
            reopen = (lambda: _open(data, kind)) if limits.can_be_read_twice(picture, data, kind) else None
            image = pixels.to_upright_bgr(picture, reopen)
            if notify and (image == image[0, 0]).all():
                notify(_describe_one_colour(picture, kind, name, path))
            return image
    except limits.PictureLimitError as error:
        raise EmodjError(f"{name} {error}") from error
    except UnidentifiedImageError as error:
        raise EmodjError(_unidentified_reason(data, kind, name)) from error
    except Exception as error:
        # Pillow raises whatever damaged bytes lead it to: TypeError and struct.error as well as OSError
        if is_out_of_memory(error):
            raise too_large_for_memory(name) from error
        reason = one_line(" ".join(str(error).split())) or type(error).__name__
        raise EmodjError(f"{name} is damaged ({reason}): copy or export it again") from error


def is_out_of_memory(error: Exception) -> bool:
    """Whether a picture failed because memory ran out: decoders and OpenCV have errors of their own for that."""
    return isinstance(error, MemoryError) or "out of memory" in str(error).lower() or "Insufficient memory" in str(error)


def too_large_for_memory(name: str) -> EmodjError:
    """The error of a picture for which memory ran out."""
    return EmodjError(f"{name} is too large for this computer's memory: shrink it")


def _open(data: bytes, kind: PictureFormat) -> ImageFile.ImageFile:
    file = io.BytesIO(formats.with_avif_brand(data) if kind is formats.AVIF else data)
    return Pillow.open(file, formats=[kind.pillow])


def _describe_one_colour(picture: ImageFile.ImageFile, kind: PictureFormat, name: str, path: str | None) -> str:
    """The remark on a picture in which nothing can be seen, such as the first one of a film that begins in black."""
    more = False
    # A damaged picture behind the first one does not matter here
    with suppress(Exception):
        # To count the pictures of a long animation would take minutes
        more = bool(getattr(picture, "is_animated", False))
    if not more:
        return f"{name} is one colour throughout"
    remark = f"{name} is one colour throughout: the first of several pictures was read"
    return f"{remark}; `emodj live --source {shlex.quote(path)}` reads all" if path and kind in _FILMS else remark


def _unread_reason(data: bytes, name: str) -> str:
    other = formats.identify_unread_format(data)
    if other is None:
        return f"{name} is not a picture that can be read, whatever its name says"
    return f"{name} is a picture in the format {other}, which is not read: convert it to JPEG or PNG"


def _unidentified_reason(data: bytes, kind: PictureFormat, name: str) -> str:
    """Why Pillow cannot read a file of a format that it knows."""
    described = describe_tiff(data) if kind is formats.TIFF else None
    if described is None:
        return f"{name} is damaged, or it is {kind.name} of a kind that is not read: copy it again, or export it as PNG"
    return f"{name} is a TIFF of a kind that is not read ({described}): export it as PNG, or with 8 bits a colour"


def _load_plugin(kind: PictureFormat, name: str) -> None:
    """Load what reads a format. All plugins of Pillow would take 30 ms, one takes 1 to 5."""
    try:
        plugin = importlib.import_module(kind.module)
    except ImportError as error:
        if kind is not formats.HEIC:
            raise EmodjError(
                f"{name} is a picture in the format {kind.name}, which this Pillow cannot read: pip install -U pillow"
            ) from error
        raise EmodjError(f"{name} is a picture in the format HEIC, which needs pillow-heif: pip install pillow-heif") from error
    if kind is formats.HEIC:
        plugin.register_heif_opener()
    elif kind is formats.TIFF:
        pixels.add_tiff_layouts(plugin.OPEN_INFO)


@contextmanager
def _pillow_settings() -> Generator[None]:
    """Switch off warnings about odd metadata, which do not matter, and Pillow's limit of size, since ours applies.

    Both are settings of the whole process, so one picture is read at a time, and they are restored after it.
    """
    with _PILLOW, warnings.catch_warnings(action="ignore"):
        limit, Pillow.MAX_IMAGE_PIXELS = Pillow.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Pillow.MAX_IMAGE_PIXELS = limit


def _bytes(path: str, stdin: BinaryIO | None) -> bytes:
    try:
        if path == STDIN:
            return read_stream(stdin, limits.MAX_FILE_BYTES, "the standard input") if stdin else b""
        return read_file(path, limits.MAX_FILE_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"no such file: {path}") from error
    except MemoryError as error:
        raise too_large_for_memory("the standard input" if path == STDIN else path) from error
    except OSError as error:
        name = "the standard input" if path == STDIN else path
        raise EmodjError(f"cannot read {name} ({error.strerror})") from error
