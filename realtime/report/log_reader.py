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
MOST_EVENTS = 1000
"""Events of the DJ in one document; of more, the latest ones count, as in a session."""
PART_TRACKS = 10**9
"""Added to the numbers of persons for each session before in the same file: each session counts its persons anew."""

_SCHEMA = 1
_MOST_FRAMES = 10**9
_NAMES = {expression.value: expression for expression in EXPRESSIONS}
_LINK = "link"
_SPOTIFY = "https://open.spotify.com/"
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
        # Changes of the music that the last document has besides
        self._changes: list[MusicChange] = []
        self._has_dj = False

    def observations(self) -> Iterator[Observation]:
        """Yield what the lines say. Raises `OSError` if the disk refuses."""
        for line in self._lines():
            try:
                observation = self._read(json.loads(line.decode()))
                changes = self._changes
                self._changes = []
            # UnicodeDecodeError and JSONDecodeError are ValueErrors, and so is a number of more than 4300 digits
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
                self.broken += 1
                continue
            if observation is None:
                self.unknown += 1
            else:
                self.known += 1
                yield observation
                yield from changes

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
            return self._read_frame(document, time_s) if "faces" in document else None
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
        if "dj" in document:
            self._changes, self._has_dj = self._read_dj(document["dj"]), True
        return Moment(time_s, self._times.duration(time_s), read, mood)

    def _read_end(self, document: dict[str, Any]) -> SessionEnd:
        shares, playlist = document.get("shares"), document.get("playlist")
        frames, seconds = document["frames"], check_time(_number(document["seconds"]))
        if isinstance(frames, bool) or not isinstance(frames, int) or not 0 <= frames <= _MOST_FRAMES:
            raise TypeError
        title = cast("dict[str, Any]", playlist).get("title") if isinstance(playlist, dict) else None
        found = None if shares is None else tuple(check_probabilities(_probabilities(shares)))
        if "dj" in document and not self._has_dj:
            # A result without the frames before it
            self._changes = self._read_dj(document["dj"])
        self._ended, self._has_dj = True, False
        music = clean_text(title) if isinstance(title, str) else None
        return SessionEnd(_read_mood(document), found, frames, self._start_s + seconds, music)

    def _read_dj(self, events: object) -> list[MusicChange]:
        if not isinstance(events, list):
            raise TypeError
        return [self._read_event(cast("dict[str, Any]", event)) for event in cast("list[object]", events[-MOST_EVENTS:])]

    def _read_event(self, event: dict[str, Any]) -> MusicChange:
        time_s = check_time(self._start_s + check_time(_number(event["t"])))
        what, why, title = (_text(event[name]) for name in ("what", "why", "title"))
        mood = event.get("mood")
        found = _NAMES.get(mood) if isinstance(mood, str) else None
        return MusicChange(time_s, title, why, what, found, _is_opened_link(event))


def _is_opened_link(event: dict[str, Any]) -> bool:
    """Whether the music of an event was opened outside emodj.

    A log without the field `kind` does not say so of a link of Spotify, which emodj may also have played.
    """
    if (kind := event.get("kind")) is not None:
        return kind == _LINK
    url = event.get("url")
    return event["what"] == "changed" and isinstance(url, str) and url.startswith("https://") and not url.startswith(_SPOTIFY)


def _text(value: object) -> str:
    if value is not None and not isinstance(value, str):
        raise TypeError
    return clean_text(value) or ""


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
