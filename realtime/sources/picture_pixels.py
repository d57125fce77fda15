"""The pixels of a decoded picture: upright, 8 bits a channel, BGR, converted in strips so that no second copy is held."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from PIL import ExifTags
from PIL import Image as Pillow

from realtime.sources.picture_depth import OUTLIERS, find_scale, scale_grey
from realtime.sources.picture_limits import PictureLimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from PIL import ImageFile

    from realtime.domain import Image

    Grey = NDArray[np.generic]

MAX_EXIF_TEXT = 2**17
"""Longest EXIF metadata of a PNG in a compressed text, characters; longer ones are ignored, for they may be a small bomb."""

_EXIF_AS_TEXT = "Raw profile type exif"
_FAINT = 64
_STRIP_PIXELS = 2**20
_SAMPLE_PIXELS = 2**22


class _Turn(NamedTuple):
    """Where the stored rows and columns of a picture lie in the upright picture.

    Attributes:
        down: 1 if the upright picture goes down as the file does, else -1.
        right: 1 if it goes right as the file does, else -1; both after rows and columns are exchanged.
        is_lying: whether rows and columns are exchanged.
    """

    down: int = 1
    right: int = 1
    is_lying: bool = False


_TURNS = {
    2: _Turn(1, -1),
    3: _Turn(-1, -1),
    4: _Turn(-1, 1),
    5: _Turn(1, 1, is_lying=True),
    6: _Turn(1, -1, is_lying=True),
    7: _Turn(-1, -1, is_lying=True),
    8: _Turn(-1, 1, is_lying=True),
}
"""What sets a picture upright, by its EXIF orientation (EXIF 2.32, tag 0x0112)."""


def to_upright_bgr(picture: ImageFile.ImageFile, reopen: Callable[[], ImageFile.ImageFile] | None) -> Image:
    """Load a picture as (height, width, 3) uint8 BGR, turned upright by its EXIF orientation.

    Transparent parts lie on white. More than 8 bits a channel are scaled by the values in the picture.

    Args:
        picture: opened, not loaded yet.
        reopen: opens the same picture once more; None where there is no memory for that.

    Raises:
        PictureLimitError: its colours lie in a way that Pillow would read as other ones.
    """
    _refuse_deep_planes(picture)
    _use_native_order(picture)
    is_16_bit = ";16" in _layout(picture)
    # `load` comes before the orientation: it already turns some TIFF files, and then removes it from their metadata
    picture.load()
    width, height = picture.size
    # `ImageOps.exif_transpose` is not used: it also rewrites the metadata, and fails where they are invalid
    if len(str(picture.info.get(_EXIF_AS_TEXT, ""))) > MAX_EXIF_TEXT:
        picture.info.pop(_EXIF_AS_TEXT)
    turn = _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1), _Turn())
    upright = np.empty((width, height, 3) if turn.is_lying else (height, width, 3), np.uint8)
    stored = _stored_view(upright, turn)
    if picture.mode.startswith("I") or picture.mode == "F" or _is_signed_8(picture):
        strips = _grey_strips(picture)
    elif is_16_bit and _is_faint(picture):
        strips = _faint_strips(picture, reopen and _open_low_bytes(reopen))
    else:
        strips = ((top, _colour_strip(strip)) for top, strip in _strips(picture))
    for top, strip in strips:
        stored[top : top + len(strip)] = strip
    return upright


def _stored_view(upright: Image, turn: _Turn) -> Image:
    """A view of the upright pixels in the order in which the file stores them."""
    view = upright[:: turn.down, :: turn.right]
    return view.swapaxes(0, 1) if turn.is_lying else view


def _strips(picture: Pillow.Image) -> Iterator[tuple[int, Pillow.Image]]:
    """Cut a picture into strips of full width: the row of its upper edge, and the strip."""
    width, height = picture.size
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield top, picture.crop((0, top, width, min(height, top + rows)))


# Colour


def _colour_strip(strip: Pillow.Image) -> Image:
    """Convert a strip of 8 bits a channel, in any colours, to (rows, width, 3) BGR."""
    if "A" in strip.mode.upper() or "transparency" in strip.info:
        rgba = strip.convert("RGBA")
        strip = Pillow.new("RGB", rgba.size, "white")
        strip.paste(rgba, mask=rgba.getchannel("A"))
    elif strip.mode == "LAB":
        strip = _lab_to_rgb(strip)
    elif strip.mode != "RGB":
        strip = strip.convert("RGB")
    return np.frombuffer(strip.tobytes("raw", "BGR"), np.uint8).reshape(strip.height, strip.width, 3)


def _lab_to_rgb(strip: Pillow.Image) -> Pillow.Image:
    # `convert` refuses LAB
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return cast("Pillow.Image", ImageCms.profileToProfile(strip, lab, srgb, outputMode="RGB"))


# Deep grey


def _grey_strips(picture: Pillow.Image) -> Iterator[tuple[int, Image]]:
    """Convert a deep grey picture: all strips have one scale."""
    stored = np.uint32 if _is_unsigned_32(picture) else np.int8 if _is_signed_8(picture) else None
    step = _sample_step(picture)
    samples = [_values(strip, stored)[::step, ::step].copy() for _, strip in _strips(picture)]
    scale = find_scale(np.concatenate(samples))
    is_inverted = _is_white_zero(picture)
    for top, strip in _strips(picture):
        grey = scale_grey(_values(strip, stored), scale)
        yield top, np.repeat((255 - grey if is_inverted else grey)[..., None], 3, axis=2)


def _sample_step(picture: Pillow.Image) -> int:
    """Every how many rows and columns are looked at to find the scale."""
    return max(1, round((picture.width * picture.height / _SAMPLE_PIXELS) ** 0.5))


def _values(strip: Pillow.Image, stored: type[np.generic] | None) -> Grey:
    """The values of a strip; those of the type `stored`, of the same width, if Pillow takes them for others."""
    values = np.asarray(strip)
    return values if stored is None else values.view(stored)


# Deep colours. Pillow keeps the high byte of 16 bits. Where that is nearly black, the low byte is read, too, as the high byte
# of the other byte order


def _is_faint(picture: Pillow.Image) -> bool:
    """Whether the colours of a picture of 16 bits use 14 bits of them or fewer."""
    counts = np.array(picture.histogram()[: 3 * 256]).reshape(3, 256)
    return not counts[:, _FAINT:].sum() > OUTLIERS * counts.sum()


def _open_low_bytes(reopen: Callable[[], ImageFile.ImageFile]) -> Pillow.Image | None:
    """Load the low bytes of a picture of 16 bits; None where Pillow has no layout for that."""
    picture = reopen()
    _use_native_order(picture)
    layout = _layout(picture)
    name, _, order = layout.partition(";16")
    if name not in {"RGB", "RGBX", "RGBA"} or order not in {"B", "L", "N"}:
        return None
    is_big = order == "B" or (order == "N" and sys.byteorder == "big")
    _change_layout(picture, f"{name};16{'L' if is_big else 'B'}")
    picture.load()
    return picture


def _faint_strips(picture: Pillow.Image, low_bytes: Pillow.Image | None) -> Iterator[tuple[int, Image]]:
    def values(top: int, strip: Pillow.Image) -> NDArray[np.uint16]:
        deep = np.asarray(strip)[..., 2::-1].astype(np.uint16) * np.uint16(256)
        if low_bytes is None:
            return deep
        return deep + np.asarray(low_bytes.crop((0, top, strip.width, top + strip.height)), np.uint8)[..., 2::-1]

    step = _sample_step(picture)
    scale = find_scale(np.concatenate([values(top, strip)[::step, ::step].copy() for top, strip in _strips(picture)]))
    for top, strip in _strips(picture):
        colours = scale_grey(values(top, strip), scale)
        if "A" in strip.mode:
            alpha = np.asarray(strip)[..., 3:].astype(np.float32) / 255
            colours = np.rint(255 + (colours - np.float32(255)) * alpha).astype(np.uint8)
        yield top, colours


# Layouts of the stored values, by Pillow's names ("RGB;16B": 16 bits, big-endian)


def _layout(picture: ImageFile.ImageFile) -> str:
    if not picture.tile:
        return ""
    arguments = picture.tile[0].args
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _change_layout(picture: ImageFile.ImageFile, layout: str) -> None:
    picture.tile = [
        tile._replace(args=(layout, *tile.args[1:]) if isinstance(tile.args, tuple) else layout) for tile in picture.tile
    ]


_BIG_ENDIAN = re.compile(r"(;(?:16|32|64))B")


def _use_native_order(picture: ImageFile.ImageFile) -> None:
    """Correct the layout of compressed deep TIFF files: libtiff gives their values in the order of this computer."""
    if picture.tile and picture.tile[0].codec_name == "libtiff":
        _change_layout(picture, _BIG_ENDIAN.sub(r"\1N", _layout(picture)))


def add_tiff_layouts(layouts: dict[Any, tuple[str, str]]) -> None:
    """Add layouts of grey TIFF files to Pillow's table: it lacks some byte orders, white as zero, and long floats."""
    for prefix, order in ((b"II", ""), (b"MM", "B")):
        for photometric in (0, 1):
            for sample_format, bits, mode, layout in (
                (2, 8, "L", "L"),
                (1, 16, "I;16" + order, "I;16" + order),
                (2, 16, "I", f"I;16{order}S"),
                (1, 32, "I", f"I;32{order}"),
                (2, 32, "I", f"I;32{order}S"),
                (3, 32, "F", f"F;32{order}F"),
                (3, 64, "F", f"F;64{order}F"),
            ):
                layouts.setdefault((prefix, photometric, (sample_format,), 1, (bits,), ()), (mode, layout))


_BITS, _PHOTOMETRIC, _PLANES, _SAMPLE_FORMAT = 258, 262, 284, 339
"""Tags of TIFF 6.0: bits of a sample, what the values mean, whether each colour lies apart, and the type of the values."""

_SEPARATE = 2


def _refuse_deep_planes(picture: ImageFile.ImageFile) -> None:
    """Refuse a TIFF file, not compressed, with a plane of more than 8 bits for each colour: Pillow reads it as 8 bits."""
    tags = getattr(picture, "tag_v2", {})
    bits = tags.get(_BITS, (1,))
    is_deep = tags.get(_PLANES) == _SEPARATE and len(bits) > 1 and max(bits) > 8  # noqa: PLR2004
    if is_deep and picture.tile and picture.tile[0].codec_name != "libtiff":
        raise PictureLimitError(
            f"has a plane of {max(bits)} bits for each colour, which is not read: export it as PNG, or with 8 bits a colour"
        )


def _is_signed_8(picture: Pillow.Image) -> bool:
    """Whether a TIFF file holds signed numbers of 8 bits, which Pillow takes for unsigned ones."""
    tags = getattr(picture, "tag_v2", {})
    return picture.mode == "L" and tags.get(_BITS) == (8,) and tags.get(_SAMPLE_FORMAT) == (2,)


def _is_unsigned_32(picture: Pillow.Image) -> bool:
    """Whether a TIFF file holds unsigned numbers of 32 bits, which Pillow takes for signed ones."""
    tags = getattr(picture, "tag_v2", {})
    return picture.mode == "I" and tags.get(_BITS) == (32,) and tags.get(_SAMPLE_FORMAT, (1,)) == (1,)


def _is_white_zero(picture: Pillow.Image) -> bool:
    """Whether 0 is white in a deep TIFF file. Pillow turns the values of 8 bits round, and leaves those of more."""
    return getattr(picture, "tag_v2", {}).get(_PHOTOMETRIC) == 0
