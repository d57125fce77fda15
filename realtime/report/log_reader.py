"""Lines of `emodj live --log` and `--jsonl` to observations. A line that cannot be read is skipped and counted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import sqrt
from operator import itemgetter
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from realtime.domain import EXPRESSIONS, Expression
from realtime.printable import clean_text
from realtime.report.observations import (
    FaceReading,
    FrameTimes,
    Moment,
    MusicChange,
    SessionEnd,
    check_probabilities,
    check_time,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.report.observations import Observation
    from realtime.session.timeline import MoodKey

LONGEST_LINE = 2**20
"""Bytes of a line: a frame with a thousand faces has half of it."""
MOST_FACES = 4096
"""Faces of a frame; a longer list comes from damage."""
PART_TRACKS = 10**9
"""Added to the numbers of persons for each session before in the same file: each session counts its persons anew."""

_SCHEMA = 1
_MOST_FRAMES = 10**9
_NAMES = {expression.value: expression for expression in EXPRESSIONS}
_seven = itemgetter(*_NAMES)


class LogReader:
    """Reads a log line by line; memory does not grow with its length. Several sessions in a file follow each other in time.

    Args:
        file: opened in binary; the caller closes it.

    Attributes:
        broken: lines that are damaged, or cut off.
        unknown: documents of a kind that this version does not know.
        known: lines that were read.
        read_bytes: bytes that were read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.broken = self.unknown = self.known = self.read_bytes = 0
        self._file = file
        self._times = FrameTimes()
        self._start_s = self._last_s = 0.0
        self._part = 0
        self._ended = False

    def observations(self) -> Iterator[Observation]:
        """Yield what the lines say. Raises `OSError` if the disk refuses."""
        for line in self._lines():
            try:
                observation = self._read(json.loads(line.decode()))
            # UnicodeDecodeError and JSONDecodeError are ValueErrors, and so is a number of more than 4300 digits
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
                self.broken += 1
                continue
            if observation is None:
                self.unknown += 1
            else:
                self.known += 1
                yield observation

    def _lines(self) -> Iterator[bytes]:
        while line := self._file.readline(LONGEST_LINE):
            self.read_bytes += len(line)
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                self.broken += 1
                while (rest := self._file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                    self.read_bytes += len(rest)
                continue
            if not line.isspace():
                yield line.removeprefix(b"\xef\xbb\xbf")

    def _read(self, document: Any) -> Observation | None:
        if not isinstance(document, dict):
            raise TypeError
        return self._read_document(cast("dict[str, Any]", document))

    def _read_document(self, document: dict[str, Any]) -> Observation | None:
        if document.get("schema") != _SCHEMA:
            return None
        if "t" in document:
            time_s = self._time(document["t"])
            if "faces" in document:
                return self._read_frame(document, time_s)
            return _read_music(document, time_s)
        return self._read_end(document) if "frames" in document and "seconds" in document else None

    def _time(self, value: object) -> float:
        time_s = check_time(_number(value))
        if self._ended:
            # The next session of the same file begins where the one before ended
            self._ended, self._start_s, self._part = False, self._last_s, self._part + 1
            self._times.restart()
        return check_time(self._start_s + time_s)

    def _read_frame(self, document: dict[str, Any], time_s: float) -> Moment:
        faces = document["faces"]
        if not isinstance(faces, list) or len(faces) > MOST_FACES:
            raise TypeError
        first_track = self._part * PART_TRACKS
        read = [_read_face(face, first_track) for face in cast("list[Any]", faces)]
        mood = _read_mood(document)
        # A time that falls would draw over what was before
        self._last_s = time_s = max(time_s, self._last_s)
        return Moment(time_s, self._times.duration(time_s), read, mood)

    def _read_end(self, document: dict[str, Any]) -> SessionEnd:
        shares, playlist = document.get("shares"), document.get("playlist")
        frames, seconds = document["frames"], check_time(_number(document["seconds"]))
        if isinstance(frames, bool) or not isinstance(frames, int) or not 0 <= frames <= _MOST_FRAMES:
            raise TypeError
        title = cast("dict[str, Any]", playlist).get("title") if isinstance(playlist, dict) else None
        found = None if shares is None else tuple(check_probabilities(_probabilities(shares)))
        self._ended = True
        music = clean_text(title) if isinstance(title, str) else None
        return SessionEnd(_read_mood(document), found, frames, self._start_s + seconds, music)


def _number(value: object) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    raise TypeError


def _probabilities(value: Any) -> tuple[float, ...]:
    if not isinstance(value, Mapping):
        raise TypeError
    found: tuple[Any, ...] = _seven(value)
    for each in found:
        if type(each) is not float and type(each) is not int:
            raise TypeError
    return found


def _read_face(face: Any, first_track: int) -> FaceReading:
    probabilities = check_probabilities(_probabilities(face["probabilities"]))
    confidence, reason, track, box = face["confidence"], face["reason"], face["track"], face["box"]
    if not 0 <= _number(confidence) <= 1:
        raise ValueError
    if reason is not None:
        if not isinstance(reason, str):
            raise TypeError
        reason = clean_text(reason) or "other"
    if track is not None:
        if type(track) is not int or not -PART_TRACKS < track < PART_TRACKS:
            raise TypeError
        track += first_track
    area = _number(box["width"]) * _number(box["height"])
    if not 1 <= area <= 2**62:
        raise ValueError
    return FaceReading(track, probabilities, confidence, reason, sqrt(sqrt(area)))


def _read_mood(document: dict[str, Any]) -> MoodKey | None:
    mood = document.get("mood")
    source = "hand" if document.get("mood_source") == "hand" else "faces"
    if mood is not None:
        return _expression(mood["expression"]), source
    return (None, source) if document.get("mixed") is True else None


def _expression(name: object) -> Expression:
    if not isinstance(name, str):
        raise TypeError
    return _NAMES[name]


def _read_music(document: dict[str, Any], time_s: float) -> MusicChange | None:
    """A change of the music: `{"t": …, "music": {"title": …, "why": …}}`; None if the line is about something else."""
    music = document.get("music")
    fields = cast("dict[str, Any]", music) if isinstance(music, dict) else document
    title, why = fields.get("title"), fields.get("why")
    if not isinstance(music, dict) and "music" in document and isinstance(music, str):
        title = music
    if not isinstance(title, str):
        return None
    return MusicChange(time_s, clean_text(title) or "?", (clean_text(why) or "") if isinstance(why, str) else "")
