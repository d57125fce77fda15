"""What the file of a film states and OpenCV does not pass on: a mirror, the duration of the last frame, a missing clock.

OpenCV makes an angle of the matrix that a film is shown with, so a mirrored film comes out turned by half a circle. It gives
the moment of each frame, and not for how long it is shown.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from realtime.sources.stream_counts import count_videos, is_avi_cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    Pixels = np.ndarray[tuple[int, ...], np.dtype[np.generic]]

MAX_BOXES = 20_000
"""Most boxes of a file that are looked at. A film has some hundreds, one in fragments has one for each second."""

_HEAD = 200
"""First bytes of a film, by which its format is known."""

RAW_FPS = 25.0
"""Frames a second that FFmpeg assumes for a stream without a container."""


class Mirror(Enum):
    """How the pixels of a mirrored film lie: whether its rows, its columns, or its axes are exchanged."""

    LEFT_RIGHT = "left and right"
    UP_DOWN = "up and down"
    DIAGONAL = "rows and columns"
    OTHER_DIAGONAL = "rows and columns, from the other corner"

    @property
    def is_lying(self) -> bool:
        """Whether rows become columns."""
        return self in {Mirror.DIAGONAL, Mirror.OTHER_DIAGONAL}

    def apply(self, image: Pixels) -> Pixels:
        """The picture, (height, width) or (height, width, channels), as it is to be shown."""
        view = image.swapaxes(0, 1) if self.is_lying else image
        if self in {Mirror.LEFT_RIGHT, Mirror.OTHER_DIAGONAL}:
            view = view[:, ::-1]
        if self in {Mirror.UP_DOWN, Mirror.OTHER_DIAGONAL}:
            view = view[::-1]
        return np.ascontiguousarray(view)


@dataclass(frozen=True, slots=True)
class FilmFacts:
    """What a file states about its first video track.

    Attributes:
        mirror: how it is mirrored; None for a film that is not.
        last_s: how long its last frame is shown, in seconds; None if the file does not say.
        frames: number of its frames; 0 if the file does not say.
        end_s: when its last frame is over, in seconds since its first one; None if the file does not say, is cut off, or holds
            more than pictures.
        videos: number of its video tracks; 0 if the file does not say.
        is_cut: whether its end is missing: it states more bytes than there are.
        is_raw: whether it is a stream without a container, so without times: H.264, H.265, AV1 or JPEG pictures.
        is_unread: whether it may state a mirror, and could not be read: a film of a server.
    """

    mirror: Mirror | None = None
    last_s: float | None = None
    frames: int = 0
    end_s: float | None = None
    videos: int = 0
    is_raw: bool = False
    is_cut: bool = False
    is_unread: bool = False


def read_film_facts(path: str) -> FilmFacts:
    """Read them from the file of a film; what is damaged, or in another format, states nothing."""
    facts = FilmFacts()
    with suppress(OSError, struct.error, ValueError, IndexError), Path(path).open("rb") as file:
        head = file.read(_HEAD)
        if head.startswith((b"GIF8", b"\x89PNG\r\n\x1a\n")):
            return FilmFacts(last_s=_animation_delay_s(file))
        if is_raw_stream(head):
            return FilmFacts(is_raw=True)
        if has_boxes(head):
            return read_boxes(file)
        facts = FilmFacts(videos=count_videos(file, head), is_cut=is_avi_cut(file, head))
    return facts


def has_boxes(head: bytes) -> bool:
    """Whether the first bytes of a film are those of MP4, QuickTime, Matroska or WebM, which can state a mirror."""
    return head[4:8] in _FIRST_BOXES or head.startswith(_EBML)


def read_boxes(file: IO[bytes], *, is_near: bool = True) -> FilmFacts:
    """Read what a film states whose first bytes `has_boxes` knows.

    Args:
        file: the film; of its methods, `read`, `seek` and `tell` are called.
        is_near: whether reading at another place costs little. Else its fragments are left out, and what could not be read.

    Raises:
        OSError: it cannot be read, and it is not known whether the film is mirrored.
        struct.error, ValueError, IndexError: it is damaged.
    """
    file.seek(0)
    is_matroska = file.read(len(_EBML)) == _EBML
    return _read_matroska(file) if is_matroska else _read_movie(file, is_near=is_near)


def is_raw_stream(head: bytes) -> bool:
    """Whether the first bytes of a film are those of a stream without a container, whose rate FFmpeg assumes."""
    if head[4:8] in _FIRST_BOXES:
        # With a length of 1, which stands for a longer one behind it, a movie begins as H.264 does
        return False
    if head.startswith((b"\xff\xd8\xff", b"\x12\x00\x0a")):
        # Pictures of JPEG one behind the other; AV1 from its temporal delimiter on
        return True
    start = next((code for code in (b"\0\0\0\1", b"\0\0\1") if head.startswith(code)), None)
    # Behind the start code of H.264 and H.265, the first bit is 0. In MPEG-1, -2 and -4 it is 1, and they state a rate
    return start is not None and len(head) > len(start) and head[len(start)] < 0x80  # noqa: PLR2004


def _animation_delay_s(file: IO[bytes]) -> float | None:
    """How long the last frame of a GIF or an animated PNG is shown, in seconds; None if Pillow cannot read it."""
    # A session with a camera needs no Pillow
    from PIL import Image as Pillow

    file.seek(0)
    try:
        with Pillow.open(file, formats=("GIF", "PNG")) as animation:
            animation.seek(getattr(animation, "n_frames", 1) - 1)
            return float(animation.info.get("duration", 0)) / 1000
    except Exception:  # noqa: BLE001 - OpenCV has read the film: it may be damaged in any way for Pillow
        return None


# QuickTime and MP4 (ISO/IEC 14496-12)

_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})
_PARENTS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"})
_MATRIX = struct.Struct(">9i")


@dataclass(slots=True)
class _Track:
    """What is known of a track so far."""

    matrix: tuple[int, ...] = ()
    handler: bytes = b""
    timescale: int = 0
    last_ticks: int | None = None
    frames: int = 0


def _read_movie(file: IO[bytes], *, is_near: bool) -> FilmFacts:
    movie: tuple[int, ...] = ()
    tracks: list[_Track] = []
    is_cut = False
    try:
        for kind, size in _boxes(file):
            if kind == b"mdat":
                is_cut |= file.tell() + size > file.seek(0, 2)
            elif kind == b"mvhd":
                movie = _matrix(_payload(file, size, 120), 36, 48)
            elif kind == b"trak":
                tracks.append(_Track())
            elif kind == b"moof" and not is_near:
                break
            elif tracks:
                _read_track_box(tracks[-1], kind, file, size)
    except OSError:
        # The long tables come behind the matrix and the kind of a track
        if is_near or not any(track.handler == b"vide" for track in tracks):
            raise
    videos = [track for track in tracks if track.handler == b"vide"]
    track = videos[0] if videos else _Track()
    last_s = track.last_ticks / track.timescale if track.last_ticks is not None and track.timescale else None
    return FilmFacts(_find_mirror(track.matrix, movie), last_s, track.frames, videos=len(videos), is_cut=is_cut)


def _read_track_box(track: _Track, kind: bytes, file: IO[bytes], size: int) -> None:
    if kind == b"tkhd":
        track.matrix = _matrix(_payload(file, size, 104), 40, 52)
    elif kind == b"hdlr":
        # `minf` of QuickTime has a second one
        track.handler = track.handler or _payload(file, size, 12)[8:12]
    elif kind == b"mdhd":
        data = _payload(file, size, 32)
        (track.timescale,) = struct.unpack_from(">I", data, 20 if data[0] == 1 else 12)
    elif kind == b"stsz":
        (track.frames,) = struct.unpack_from(">I", _payload(file, size, 12), 8)
    elif kind == b"stts" and size >= 16:  # noqa: PLR2004 - version, number of entries, one entry
        file.seek(size - 8, 1)
        track.last_ticks = struct.unpack(">II", file.read(8))[1]


def _boxes(file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Each box of a movie, and the bytes of its content, which follow; parents come before their children."""
    file.seek(0, 2)
    end, place = file.tell(), 0
    for _ in range(MAX_BOXES):
        file.seek(place)
        head = file.read(8)
        if len(head) < 8:  # noqa: PLR2004
            return
        size, kind = struct.unpack(">I4s", head)
        header = 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            header = 16
        size = size or end - place
        if size < header:
            return
        yield kind, size - header
        place += header if kind in _PARENTS else size


def _payload(file: IO[bytes], size: int, most: int) -> bytes:
    return file.read(min(size, most))


def _matrix(data: bytes, place: int, long_place: int) -> tuple[int, ...]:
    """The matrix of a header, which lies further behind if its times have 64 bits (version 1)."""
    return _MATRIX.unpack_from(data, long_place if data[0] == 1 else place)


def _find_mirror(track: tuple[int, ...], movie: tuple[int, ...]) -> Mirror | None:
    """The mirror of a track: its matrix comes first, and then that of the movie; (a b u, c d v, x y w) by rows."""
    if len(track) != 9:  # noqa: PLR2004
        return None
    first = np.array(track, float).reshape(3, 3)[:2, :2]
    second = np.array(movie, float).reshape(3, 3)[:2, :2] if len(movie) == 9 else np.eye(2)  # noqa: PLR2004
    return _name_mirror(first @ second)


def _name_mirror(matrix: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> Mirror | None:
    """The mirror that is nearest to a matrix of two rows: where the first and the second axis of the pixels lead."""
    (across, down), (right, below) = matrix.tolist()
    if across * below - down * right >= 0:
        return None
    if abs(across) + abs(below) >= abs(down) + abs(right):
        return Mirror.LEFT_RIGHT if across < 0 else Mirror.UP_DOWN
    return Mirror.DIAGONAL if down > 0 else Mirror.OTHER_DIAGONAL


# Matroska and WebM (RFC 9559)

_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT, _INFO, _TRACKS, _ENTRY, _VIDEO, _PROJECTION = 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0xE0, 0x7670
_CLUSTER, _TIME, _SCALE, _DURATION, _TYPE, _YAW, _ROLL = 0x1F43B675, 0xE7, 0x2AD7B1, 0x4489, 0x83, 0x7673, 0x7675
_PARENT_ELEMENTS = frozenset({_SEGMENT, _INFO, _TRACKS, _ENTRY, _VIDEO, _PROJECTION, _CLUSTER})
_WHOLE_NUMBERS = frozenset({_TIME, _SCALE, _TYPE})
_NUMBERS = _WHOLE_NUMBERS | {_DURATION, _YAW, _ROLL}
_PICTURES = 1
"""The type of a track of pictures."""


def _read_matroska(file: IO[bytes]) -> FilmFacts:
    numbers: dict[int, float] = {_SCALE: 1_000_000}
    types: list[int] = []
    mirror: Mirror | None = None
    is_whole = is_cut = False
    for key, size in _elements(file):
        if key == _SEGMENT:
            place = file.tell()
            is_whole = size is not None and place + size <= file.seek(0, 2)
            # A film that is written while it is sent states no size
            is_cut = size is not None and not is_whole
        elif key == _ENTRY:
            numbers |= {_YAW: 0.0, _ROLL: 0.0}
        elif key in _NUMBERS and size is not None:
            numbers[key] = _element_number(key, file.read(min(size, 8)))
            if key == _TYPE:
                types.append(int(numbers[key]))
            elif key == _TIME:
                # Of the first cluster, and so of the first frame
                break
        # The first track of pictures is read
        if types[-1:] == [_PICTURES] and types.count(_PICTURES) == 1 and key in {_YAW, _ROLL}:
            mirror = _projection_mirror(numbers[_YAW], numbers[_ROLL])
    is_timed = is_whole and types == [_PICTURES] and numbers.keys() >= {_DURATION, _TIME}
    end_s = (numbers[_DURATION] - numbers[_TIME]) * numbers[_SCALE] / 1e9 if is_timed else None
    return FilmFacts(mirror, end_s=end_s, videos=types.count(_PICTURES), is_cut=is_cut)


def _projection_mirror(yaw: float, roll: float) -> Mirror | None:
    """The mirror of a picture that is turned around its vertical axis, and then counter-clockwise; both in degrees."""
    if abs(yaw) != 180 or not np.isfinite(roll):  # noqa: PLR2004
        return None
    turn = np.deg2rad(roll)
    return _name_mirror(np.array([[-np.cos(turn), np.sin(turn)], [np.sin(turn), np.cos(turn)]]))


def _element_number(key: int, data: bytes) -> float:
    if key in _WHOLE_NUMBERS:
        return float(int.from_bytes(data, "big"))
    value: float = struct.unpack(">d" if len(data) == 8 else ">f", data)[0]  # noqa: PLR2004
    return value


def _elements(file: IO[bytes]) -> Iterator[tuple[int, int | None]]:
    """Each element in front of the pictures, and the bytes of its content, which follow; None if it is open at its end."""
    place = 0
    for _ in range(MAX_BOXES):
        file.seek(place)
        head = file.read(12)
        if len(head) < 2 or head[0] < 0x10:  # noqa: PLR2004 - an identifier has four bytes at most
            return
        key_length = 9 - head[0].bit_length()
        first = head[key_length : key_length + 1]
        if not first or not first[0]:
            return
        size_length = 9 - first[0].bit_length()
        size = int.from_bytes(head[key_length : key_length + size_length], "big") & (1 << 7 * size_length) - 1
        is_open = size == (1 << 7 * size_length) - 1
        key, content = int.from_bytes(head[:key_length], "big"), place + key_length + size_length
        file.seek(content)
        yield key, None if is_open else size
        if is_open and key not in _PARENT_ELEMENTS:
            return
        place = content if key in _PARENT_ELEMENTS else content + size
