"""Small sound files that a test writes."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import soundfile

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = ("wav", "mp3", "ogg", "opus", "flac")

_KINDS = {
    "wav": ("WAV", "PCM_16"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "flac": ("FLAC", "PCM_16"),
}
_RATE = 48000
_BLOCK_S = 0.1


def sound(path: Path, seconds: float = 0.3, title: str | None = None, artist: str | None = None) -> Path:
    """Write a quiet tone in the format of the path's suffix, with a title and an artist if given; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind, subtype = _KINDS[path.suffix[1:]]
    times = np.arange(round(seconds * _RATE)) / _RATE
    with soundfile.SoundFile(path, "w", _RATE, 1, subtype, format=kind) as file:
        if title is not None:
            file.title = title
        if artist is not None:
            file.artist = artist
        # One large block of Vorbis overflows the encoder's stack
        for block in np.array_split(0.01 * np.sin(2 * np.pi * 440 * times), max(1, round(seconds / _BLOCK_S))):
            file.write(block)
    return path


def silence(path: Path, seconds: float) -> Path:
    """Write a WAV file of silence; the file is sparse, so it takes no space on the disk. Returns the path."""
    size = round(seconds * 8000) * 2
    header = struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    with path.open("wb") as file:
        file.write(b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + header + b"data" + struct.pack("<I", size))
        file.truncate(44 + size)
    return path


def damaged_ogg(path: Path) -> Path:
    """Write an Ogg Vorbis file on which the decoder crashes: eight bytes for each comment that it claims wrap at 32 bits.

    See CVE-2023-45676. Returns the path.
    """
    data = sound(path).read_bytes()
    first, second, rest = data[:58], data[58:], b""
    assert second.startswith(b"OggS"), "the first page has one packet of 30 bytes"
    comments = struct.pack("<I", 4) + b"test" + struct.pack("<I", 2**29 + 1) + (struct.pack("<I", 16) + bytes(16)) * 2000
    packet = b"\x03vorbis" + comments + b"\x01"
    lengths = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    for number, start in enumerate(range(0, len(lengths), 255), 1):
        part = lengths[start : start + 255]
        page = struct.pack("<4sBBq4sIIB", b"OggS", 0, int(number > 1), 0, data[14:18], number, 0, len(part))
        rest += page + part + packet[255 * start : 255 * start + sum(part)]
    path.write_bytes(first + rest + second)
    return path
