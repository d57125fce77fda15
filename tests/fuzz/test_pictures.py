"""A damaged picture of any format is read, or refused in a sentence."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import ExifTags
from PIL import Image as Pillow

from realtime.errors import EmodjError
from realtime.sources import picture_limits
from realtime.sources.images import decode_image
from tests.fuzz.rounds import fuzz

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH, HEIGHT = 40, 24
TOKENS = (b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\xff\xda")
MAX_SENTENCE = 300


def encode(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    with io.BytesIO() as file:
        picture.save(file, kind, **options)
        return file.getvalue()


def noise(mode: str = "RGB") -> Pillow.Image:
    values = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    return Pillow.fromarray(values).convert(mode)


def deep(kind: type[np.generic]) -> Pillow.Image:
    return Pillow.fromarray((np.random.default_rng(2).random((HEIGHT, WIDTH)) * 4095).astype(kind))


def exif() -> Pillow.Exif:
    metadata = Pillow.Exif()
    metadata[ExifTags.Base.Orientation] = 6
    metadata[ExifTags.Base.ImageDescription] = "words"
    return metadata


def jpeg() -> list[bytes]:
    return [
        encode(noise(), "JPEG", exif=exif()),
        encode(noise(), "JPEG", progressive=True),
        encode(noise("CMYK"), "JPEG"),
        encode(noise(), "MPO", save_all=True, append_images=[noise()]),
    ]


def png() -> list[bytes]:
    return [
        encode(noise("RGBA"), "PNG", exif=exif()),
        encode(noise("P"), "PNG", transparency=0),
        encode(deep(np.uint16), "PNG"),
        encode(noise(), "PNG", save_all=True, append_images=[noise()]),
    ]


def tiff() -> list[bytes]:
    return [
        encode(noise(), "TIFF", exif=exif()),
        encode(noise(), "TIFF", compression="tiff_lzw"),
        encode(noise(), "TIFF", compression="jpeg"),
        encode(deep(np.uint16), "TIFF", compression="tiff_adobe_deflate"),
        encode(deep(np.float32), "TIFF"),
        encode(noise("1"), "TIFF", compression="group4"),
    ]


def gif_and_bmp() -> list[bytes]:
    return [
        encode(noise("P"), "GIF", comment=b"words" * 100),
        encode(noise("P"), "GIF", save_all=True, append_images=[noise("P")]),
        encode(noise(), "BMP"),
        encode(noise("P"), "BMP"),
    ]


def webp() -> list[bytes]:
    return [
        encode(noise(), "WEBP", exif=exif()),
        encode(noise("RGBA"), "WEBP", lossless=True),
        encode(noise(), "WEBP", save_all=True, append_images=[noise()]),
    ]


def avif() -> list[bytes]:
    return [encode(noise(), "AVIF", exif=exif()), encode(noise("RGBA"), "AVIF", subsampling="4:4:4")]


def heic() -> list[bytes]:
    pytest.importorskip("pillow_heif").register_heif_opener()
    return [encode(noise(), "HEIF", exif=exif()), encode(noise("RGBA"), "HEIF")]


def check_picture(data: bytes) -> None:
    try:
        image = decode_image(data, "it")
    except EmodjError as error:
        sentence = str(error)
        assert sentence.startswith("it ")
        assert "()" not in sentence
        assert len(sentence) < MAX_SENTENCE
        raise
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert image.dtype == np.uint8
    assert image.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("seeds", [jpeg, png, tiff, gif_and_bmp, webp, avif, heic])
def test_a_damaged_picture_is_read_or_refused_in_a_sentence(
    seeds: Callable[[], list[bytes]], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # Many rounds with all the memory that a picture may take would take long
    monkeypatch.setattr(picture_limits, "MAX_MEMORY_BYTES", 20_000_000)
    whole = seeds()
    assert all(decode_image(data, "it").shape in {(HEIGHT, WIDTH, 3), (WIDTH, HEIGHT, 3)} for data in whole)
    fuzz(check_picture, whole, TOKENS)
    # Only libraries print, and emodj prints what it has to say itself
    capfd.readouterr()
