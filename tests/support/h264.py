"""Films of H.264 in one grey, which OpenCV cannot write: any size, in a byte for each 256 pixels (ITU-T H.264, clause 7.3)."""

from __future__ import annotations

CODEC = "V_MPEG4/ISO/AVC"
"""The name of the codec in Matroska."""

_MACROBLOCK = 16
_GREY_MACROBLOCK = "00100111"
"""Predicted as a whole and without any difference: type, prediction of colour, change of quality, coefficients."""


def h264_pictures(width: int, height: int, count: int) -> list[bytes]:
    """A key frame, and `count - 1` pictures that repeat it, each with lengths in place of start codes.

    Args:
        width: pixels; a multiple of 16, as is the height.
        height: likewise.
        count: number of pictures.
    """
    blocks = width * height // _MACROBLOCK**2
    key = _unit(0x65, _ue(0, 7, 0) + "0" * 8 + _ue(0) + "00" + _ue(0), _GREY_MACROBLOCK * 8, blocks // 8)
    repeats = [_unit(0x41, _ue(0, 5, 0) + f"{number:08b}" + "000" + _ue(0, blocks)) for number in range(1, count)]
    return [b"".join(map(_with_length, (*_parameter_sets(width, height), key))), *map(_with_length, repeats)]


def h264_private(width: int, height: int) -> bytes:
    """The private data of a film in Matroska or MP4 (ISO/IEC 14496-15)."""
    sequence, picture = _parameter_sets(width, height)
    return b"\1" + sequence[1:4] + b"\xff\xe1" + _with_length(sequence)[2:] + b"\1" + _with_length(picture)[2:]


def _parameter_sets(width: int, height: int) -> tuple[bytes, bytes]:
    """Those of the sequence (Main profile, level 6.2, one reference) and of the picture."""
    size = _ue(width // _MACROBLOCK - 1, height // _MACROBLOCK - 1)
    sequence = f"{77:08b}{0:08b}{62:08b}" + _ue(0, 4, 2, 1) + "0" + size + "1100"
    return _unit(0x67, sequence), _unit(0x68, _ue(0, 0) + "00" + _ue(0, 0, 0) + "000" + _ue(0, 0, 0) + "000")


def _ue(*numbers: int) -> str:
    """Bits of numbers in the code of Exp-Golomb (clause 9.1). Those with a sign are 0, which is the same."""
    return "".join(f"{number + 1:b}".zfill(2 * (number + 1).bit_length() - 1) for number in numbers)


def _unit(head: int, bits: str, pattern: str = "", times: int = 0) -> bytes:
    """A unit with `bits`, then `times` a pattern of whole bytes, and the stop bit."""
    start = len(bits) % 8
    shifted = bits[len(bits) - start :] + pattern
    body = _pack(bits[: len(bits) - start])
    if pattern:
        # From the second time on, each pattern begins with the bits that the one before left
        first, rest = shifted[: len(pattern)], pattern[len(pattern) - start :] if start else ""
        body += _pack(first) + _pack((rest + pattern)[: len(pattern)]) * (times - 1)
        bits = rest
    else:
        bits = bits[len(bits) - start :]
    bits += "1"
    body += _pack(bits.ljust(-(-len(bits) // 8) * 8, "0"))
    # Three bytes that look like a start code are kept apart
    for last in (b"\0", b"\1", b"\2", b"\3"):
        body = body.replace(b"\0\0" + last, b"\0\0\3" + last)
    return bytes([head]) + body


def _pack(bits: str) -> bytes:
    return int(bits, 2).to_bytes(len(bits) // 8, "big") if bits else b""


def _with_length(unit: bytes) -> bytes:
    return len(unit).to_bytes(4, "big") + unit
