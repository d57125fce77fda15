"""What is said of a TIFF file that is whole, and of a kind that is not read."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from realtime.errors import EmodjError
from realtime.sources.images import decode_image
from realtime.sources.tiff_kinds import describe_tiff
from tests.sources.test_picture_pixels import tiff


def file(kind: str, samples: int, photometric: int, order: str = "<") -> bytes:
    shape = (16, 16) if samples == 1 else (16, 16, samples)
    return tiff(np.arange(256 * samples).reshape(shape).astype(kind), order, photometric=photometric)


def with_compression(data: bytes, number: int) -> bytes:
    changed = bytearray(data)
    places = [10 + 12 * entry for entry in range(10)]
    (place,) = [place for place in places if struct.unpack_from("<H", changed, place) == (259,)]
    struct.pack_into("<H", changed, place + 8, number)
    return bytes(changed)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("kind", "samples", "photometric", "words"),
    [
        ("f4", 3, 2, "RGB of 3 × 32 bits, floating-point"),
        ("f2", 1, 1, "grey of 1 × 16 bits, floating-point"),
        ("i2", 4, 5, "CMYK of 4 × 16 bits, signed"),
        ("u2", 3, 8, "CIE Lab of 3 × 16 bits"),
        ("i1", 3, 2, "RGB of 3 × 8 bits, signed"),
    ],
)
def test_the_kind_of_a_tiff_that_is_not_read_is_named(
    kind: str, samples: int, photometric: int, words: str, order: str
) -> None:
    with pytest.raises(EmodjError) as raised:
        decode_image(file(kind, samples, photometric, order), "a.tif")
    assert str(raised.value) == (
        f"a.tif is a TIFF of a kind that is not read ({words}): export it as PNG, or with 8 bits a colour"
    )


@pytest.mark.parametrize(("number", "name"), [(34712, "JPEG 2000"), (34887, "LERC"), (99, "number 99")])
def test_the_compression_of_a_tiff_is_named_where_it_is_not_read(number: int, name: str) -> None:
    data = with_compression(file("u1", 3, 2), number)
    assert describe_tiff(data) == f"RGB of 3 × 8 bits, compressed as {name}"
    with pytest.raises(EmodjError, match=rf"not read \(RGB of 3 × 8 bits, compressed as {name}\)"):
        decode_image(data, "a.tif")


@pytest.mark.parametrize("size", [0, 7, 8, 12, 100, 200, 3000])
def test_a_tiff_that_is_cut_off_is_called_damaged(size: int) -> None:
    assert describe_tiff(file("f4", 3, 2)[:size]) is None


def test_a_cut_off_tiff_keeps_its_sentence() -> None:
    with pytest.raises(EmodjError, match="is damaged, or it is TIFF of a kind that is not read"):
        decode_image(file("f4", 3, 2)[:-1], "a.tif")
