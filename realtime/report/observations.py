"""Observations of faces: the one form that a log, a film and a table of results are brought into for a report (pure).

A new kind of input needs one function that yields these values in the order of time; `aggregate` and the pages stay as they
are.
"""

from __future__ import annotations

from math import isfinite, sqrt
from typing import TYPE_CHECKING, NamedTuple

from realtime.domain import EXPRESSIONS, SUM_TOLERANCE, Expression
from realtime.mood.vote import DEFAULT_FRAME_S, MAX_FRAME_S, MIN_FRAME_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Face, Mood
    from realtime.session.timeline import MoodKey

LONGEST_S = 366 * 86400.0
"""Seconds of the longest session: a time above it comes from damage, and would press all others into one part of a chart."""
_ROUNDED = 5e-3
"""Error of the sum of seven numbers that were rounded to four digits, or to three by another program."""


class FaceReading(NamedTuple):
    """One face at one moment.

    Attributes:
        track: number of the person; None if the persons are not known again.
        probabilities: seven numbers in the order of `Expression`, each 0..1, which sum to one.
        confidence: probability of the expression that names the face, 0..1.
        reason: why the face is not sure, in one or two words; None if it is sure.
        size: square root of the side of the face in pixels: how much it counts in its frame; above 0.
    """

    track: int | None
    probabilities: Sequence[float]
    confidence: float
    reason: str | None
    size: float = 1.0


class Moment(NamedTuple):
    """The faces of one frame.

    Attributes:
        time_s: seconds since the first frame.
        seconds: time that the frame stands for, which ends at `time_s`; above 0.
        faces: its faces.
        mood: leader and source of the mood after the frame; None before the first vote, and where no mood is known.
    """

    time_s: float
    seconds: float
    faces: Sequence[FaceReading]
    mood: MoodKey | None


class MusicChange(NamedTuple):
    """What happened to the music.

    Attributes:
        time_s: seconds since the first frame.
        title: of the music; text from outside, empty if no music was chosen.
        why: why, in a sentence; may be empty.
        what: name of an event of the DJ (docs/reference/json.md), as "changed" when the music that was decided on plays; empty
            for music that began.
            A newer version of emodj may have other names.
        mood: mood of that moment; None without one.
        opened: whether the music is a link that was opened outside emodj: nobody knows whether it plays.
    """

    time_s: float
    title: str
    why: str = ""
    what: str = ""
    mood: Expression | None = None
    opened: bool = False

    @property
    def plays(self) -> bool:
        """Whether other music, or music again, plays from here on: a decision alone plays nothing, nor does a link."""
        return self.what in {"", "resume", "changed", "step"} and not self.opened

    @property
    def chooses(self) -> bool:
        """Whether music is chosen here, which plays from the next change on."""
        return self.what in {"begin", "next", "now"}

    @property
    def ends(self) -> bool:
        """Whether the music ends here: it also makes way for a link that is opened."""
        return self.what == "fade" or self.opened


class SessionEnd(NamedTuple):
    """What a session says of itself at its end.

    Attributes:
        mood: leader and source of its mood; None without a mood.
        shares: shares of the expressions in all votes; None if no face voted.
        frames: analysed frames.
        seconds: from the first frame to the last.
        music: title of the music that fits; None without one.
    """

    mood: MoodKey | None
    shares: tuple[float, ...] | None
    frames: int
    seconds: float
    music: str | None


Observation = Moment | MusicChange | SessionEnd


class FrameTimes:
    """Gives each frame the seconds that it stands for, as the vote of a session does: the time since the frame before."""

    def __init__(self) -> None:
        self._last_s: float | None = None

    def duration(self, time_s: float) -> float:
        """Seconds of the frame at `time_s`; a time that falls counts as the first one after a pause."""
        passed_s = 0.0 if self._last_s is None else time_s - self._last_s
        self._last_s = time_s
        return max(MIN_FRAME_S, min(passed_s, MAX_FRAME_S)) if passed_s > 0 else DEFAULT_FRAME_S

    def restart(self) -> None:
        """Let the next frame stand for no time before it."""
        self._last_s = None


def check_time(time_s: float) -> float:
    """Return a time of a session, or raise `ValueError`: it is not finite, below 0 or above `LONGEST_S`."""
    if not (isfinite(time_s) and 0 <= time_s <= LONGEST_S):
        raise ValueError("no time of a session")
    return time_s


def check_probabilities(values: Sequence[float]) -> Sequence[float]:
    """Return seven probabilities that sum to one as far as their rounding lets them, or raise `ValueError`."""
    # NaN fails the comparisons
    if not (min(values) >= 0 and max(values) <= 1 + SUM_TOLERANCE and abs(sum(values) - 1) <= _ROUNDED):
        raise ValueError("no probabilities")
    return values


def one_hot(expression: Expression) -> tuple[float, ...]:
    """Probabilities of a face of which only the expression is known."""
    return tuple(float(each is expression) for each in EXPRESSIONS)


def read_face(face: Face) -> FaceReading:
    """The reading of a face that was analysed just now."""
    # The square root of the side is the fourth root of the area
    return FaceReading(face.track, face.probabilities, face.confidence, face.reason, sqrt(sqrt(face.box.area)))


def mood_key(mood: Mood | None) -> MoodKey | None:
    """Leader and source of a mood; None without one."""
    return None if mood is None else (mood.leader, mood.source)
