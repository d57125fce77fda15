"""Tell which songs of a list can be played, without playing them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.music.local.file_player import FORMATS, UnplayableError, check_readable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from realtime.music.songs import Song

MAX_OPENED = 1000
"""Songs whose files are opened; later ones only need to exist, since a slow disk opens a hundred files a second."""
_MARKS = (b"fLaC", b"OggS")
"""First bytes of flac, and of ogg and opus."""
_WAVE_MARKS = (b"RIFF", b"RIFX", b"RF64", b"riff")
_SEARCH_BYTES = 2**16
_ID3_HEADER = 10

# The header of an MPEG frame (ISO 11172-3 and 13818-3): bits a second in thousands, by layer, for versions 1 and 2
_BIT_RATES = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLE_RATES = (44100, 48000, 32000)
_RATE_DIVISORS = {3: 1, 2: 2, 0: 4}
"""By the two bits of the version: 1, 2 and 2.5; 1 is reserved."""


@dataclass(frozen=True, slots=True)
class SongCount:
    """How many songs of a list can be played.

    Attributes:
        playable: number of song files that can be played.
        links: number of links. `emodj songs` prints them; nothing here plays them.
        missing: number of the others.
        first_fault: a sentence on the first of the others; empty without one.
    """

    playable: int
    links: int
    missing: int
    first_fault: str = ""


def count_playable(songs: Iterable[Song]) -> SongCount:
    """Count the songs that can be played, as far as the beginning of their files tells."""
    playable, links, missing, first_fault, opened = 0, 0, 0, "", 0
    for song in songs:
        if song.path is None or song.url is not None:
            links += 1
            continue
        fault = None
        if opened < MAX_OPENED or not playable or not os.path.isfile(song.path):  # noqa: PTH113 - never raises
            opened += 1
            fault = find_fault(song.path)
        playable += fault is None
        missing += fault is not None
        first_fault = first_fault or fault or ""
    return SongCount(playable, links, missing, first_fault)


def find_fault(path: Path) -> str | None:
    """A sentence on why a file cannot be played; None if it begins as a song does."""
    try:
        check_readable(path)
        with path.open("rb") as stream:
            start = stream.read(_SEARCH_BYTES)
            if start.startswith(b"ID3") and len(start) > _ID3_HEADER:
                # The tag before an mp3 may hold a large picture
                stream.seek(_ID3_HEADER + _synchsafe(start[6:_ID3_HEADER]))
                start = stream.read(_SEARCH_BYTES)
    except UnplayableError as error:
        return str(error)
    except OSError as error:
        return str(UnplayableError(f"cannot play {path}: it cannot be read ({error.strerror})"))
    if start.startswith(_MARKS) or (start.startswith(_WAVE_MARKS) and _is_wave(start)) or _has_mpeg_frames(start):
        return None
    return str(UnplayableError(f"cannot play {path}: it is damaged, or none of {FORMATS}"))


def _synchsafe(size: bytes) -> int:
    """A number of 28 bits, 7 in each byte, as ID3 writes it."""
    return sum((byte & 0x7F) << shift for byte, shift in zip(size, (21, 14, 7, 0), strict=True))


def _is_wave(start: bytes) -> bool:
    # Wave64 has longer names, which begin with the same letters
    return start[8:12] == b"WAVE" or start[:4] == b"riff"


def _has_mpeg_frames(data: bytes) -> bool:
    """Whether an mp3 frame is anywhere, with the next one or the end behind it: some programs put other data before them."""
    at = data.find(b"\xff")
    while at >= 0:
        length = _mpeg_frame_length(data[at : at + 4])
        behind = at + length
        if length and (behind == len(data) or _mpeg_frame_length(data[behind : behind + 4])):
            return True
        at = data.find(b"\xff", at + 1)
    return False


def _mpeg_frame_length(header: bytes) -> int:
    """Bytes of the frame that a header of four bytes begins; 0 if it is none."""
    bits = int.from_bytes(header, "big") if len(header) == 4 else 0  # noqa: PLR2004
    version, layer = bits >> 19 & 3, 4 - (bits >> 17 & 3)
    bit_rate, sample_rate = bits >> 12 & 15, bits >> 10 & 3
    if bits >> 21 != 0x7FF or version not in _RATE_DIVISORS or layer > 3 or bit_rate in {0, 15} or sample_rate > 2:  # noqa: PLR2004
        return 0
    divisor = _RATE_DIVISORS[version]
    rate = 1000 * _BIT_RATES[min(divisor, 2), layer][bit_rate - 1]
    samples = _SAMPLE_RATES[sample_rate] // divisor
    padding = bits >> 9 & 1
    if layer == 1:
        return (12 * rate // samples + padding) * 4
    return (72 if layer == 3 and divisor > 1 else 144) * rate // samples + padding  # noqa: PLR2004
