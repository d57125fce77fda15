"""A person's face at rest in a session: measured for some seconds, shown, asked about, in use, forgotten. Pure.

`faces.calibration` computes the offsets. The face is never recognised: what is in use corrects whoever is alone in view.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from realtime.faces.calibration import (
    LIGHT_FACTOR,
    SIZE_FACTOR,
    Calibration,
    LogMeans,
    RestResult,
    RestSample,
    describe_result,
    find_refusal,
    measure,
    sample_of,
)
from realtime.session.keymap import Answer, KeyHint, answer_hints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Face, FaceReading

SECONDS = 8.0
"""Length of a measurement; seconds."""

MAX_FRAME_S = 1.0
"""A frame stands for no more seconds than this: the clock of a source may jump."""

MOST_SAMPLES = 10_000
"""Most frames of a measurement: a clock that stands must not fill the memory."""

AVERAGED = 30
"""Readings over which light and size are averaged, before they are compared with those of the measurement."""

LOOK_NEUTRAL = "look neutral at the camera"
FILM_NEUTRAL = "reading the face at rest of the film"
FORGOTTEN = "your face at rest is forgotten"
DROPPED = "your face at rest is not used"
INTERRUPTED = "the measurement of your face at rest was interrupted: begin it anew"
NO_REFERENCE = (
    "a face at rest cannot be measured with this network: its contract does not say how it reads neutral faces "
    "(scripts/neutral_reference.py writes that)"
)


class Phase(Enum):
    """What is done at the moment."""

    IDLE = auto()
    MEASURING = auto()
    ASKING = auto()


@dataclass(frozen=True, slots=True)
class RestCard:
    """What a screen shows of a measurement.

    Attributes:
        lines: sentences, the first one is the heading.
        keys: keys with an effect now.
        seconds_left: of the measurement, whole seconds; None after it.
    """

    lines: tuple[str, ...]
    keys: tuple[KeyHint, ...]
    seconds_left: int | None = None


class FaceAtRest:
    """Measures a face at rest, asks whether the result is used, and keeps it until it is forgotten.

    Attributes:
        phase: what is done at the moment.
        calibration: the correction that is in use; None without one.
        result: result of the last measurement; None before, and if it was refused.
        refusal: why the last measurement was refused; None if it was not.
        begun: number of measurements that were begun.
        of_film: whether the pictures are those of a film, whom nobody can ask to look neutral.
    """

    def __init__(self) -> None:
        self.phase = Phase.IDLE
        self.calibration: Calibration | None = None
        self.result: RestResult | None = None
        self.refusal: str | None = None
        self.begun = 0
        self.of_film = False
        self._reference: LogMeans | None = None
        self._remarks: list[str] = []
        self._seconds = SECONDS
        self._samples: list[RestSample] = []
        self._passed_s = 0.0
        self._before_s: float | None = None
        self._faces = 0
        self._recent: tuple[float, float] | None = None
        self._changed: str | None = None

    @property
    def asks(self) -> bool:
        """Whether the keys of an answer have their other effect."""
        return self.phase is not Phase.IDLE

    @property
    def state(self) -> str | None:
        """Words on the correction in use; None without one."""
        if self.calibration is None:
            return None
        if self._faces > 1:
            return "off: several faces"
        return "calibrated" if self._changed is None else f"calibrated in other {self._changed}"

    def use_network(self, reference: LogMeans | None) -> None:
        """Set the mean log probabilities of clear neutral faces, of the network; None if they are not known."""
        self._reference = reference

    def use(self, calibration: Calibration | None) -> None:
        """Use a correction from now on; None uses none."""
        self.calibration = calibration
        self._recent = self._changed = None

    def press(self) -> None:
        """Begin a measurement, or forget the correction in use."""
        if self.calibration is not None:
            self.use(None)
            self._remarks.append(FORGOTTEN)
        else:
            self.begin()

    def begin(self, seconds: float = SECONDS) -> None:
        """Begin a measurement of so many seconds, if the network allows it."""
        self.begun += 1
        self.result = self.refusal = None
        if self._reference is None:
            self._refuse(NO_REFERENCE)
            return
        self.use(None)
        self.phase, self._seconds = Phase.MEASURING, seconds
        self._samples, self._passed_s, self._before_s = [], 0.0, None

    def add(self, faces: Sequence[Face], time_s: float) -> None:
        """Take in the faces of a frame at `time_s` seconds."""
        self._faces = len(faces)
        if self.phase is Phase.MEASURING:
            if self._before_s is not None:
                self._passed_s += max(0.0, min(time_s - self._before_s, MAX_FRAME_S))
            self._before_s = time_s
            self._samples.append(sample_of(faces))
            if self._passed_s >= self._seconds or len(self._samples) >= MOST_SAMPLES:
                self.finish()
        elif self.calibration is not None and len(faces) == 1 and faces[0].reading is not None:
            self._compare(self.calibration, faces[0].reading)

    def finish(self) -> None:
        """End a measurement with the frames until now, and ask whether its result is used."""
        if self.phase is not Phase.MEASURING:
            return
        refusal = find_refusal(self._samples, of_film=self.of_film)
        if refusal is not None or self._reference is None:
            self._refuse(f"not measured: {refusal or NO_REFERENCE}")
            return
        self.result = measure(self._samples, self._reference)
        self._samples = []
        if self.result.calibration.changes:
            self.phase = Phase.ASKING
        else:
            self.phase = Phase.IDLE
            self._remarks.append("; ".join(describe_result(self.result)))

    def answer(self, answer: Answer) -> None:
        """Answer the question whether the result is used; while it is measured, every answer ends the measurement."""
        asked, self.phase, self._samples = self.phase is Phase.ASKING, Phase.IDLE, []
        if not asked or answer is Answer.NO or self.result is None:
            self._remarks.append(DROPPED)
        else:
            self.use(self.result.calibration)
            self._remarks.append("calibrated with your face at rest until the session ends")

    def pause(self) -> None:
        """The frames stop for a while: this ends a measurement."""
        if self.phase is Phase.MEASURING:
            self.phase, self._samples = Phase.IDLE, []
            self.refusal = INTERRUPTED
            self._remarks.append(INTERRUPTED)

    def take_remark(self) -> str | None:
        """The next sentence for the screen, once; None without one."""
        return self._remarks.pop(0) if self._remarks else None

    def card(self) -> RestCard | None:
        """What a screen shows of a measurement; None without one."""
        if self.phase is Phase.MEASURING:
            left = max(1, math.ceil(self._seconds - self._passed_s))
            return RestCard((FILM_NEUTRAL if self.of_film else LOOK_NEUTRAL,), answer_hints("", "stop"), left)
        if self.phase is Phase.ASKING and self.result is not None:
            return RestCard(("your face at rest", *describe_result(self.result)), answer_hints("use it", "drop it"))
        return None

    def _refuse(self, sentence: str) -> None:
        self.phase, self._samples = Phase.IDLE, []
        self.refusal = sentence
        self._remarks.append(sentence)

    def _compare(self, calibration: Calibration, reading: FaceReading) -> None:
        """Remark once if light or distance are not those of the measurement any more."""
        if calibration.brightness is None or calibration.size is None or self._changed is not None:
            return
        light, size = self._recent or (calibration.brightness, calibration.size)
        light += (reading.brightness - light) / AVERAGED
        size += (reading.size - size) / AVERAGED
        self._recent = light, size
        if _differ(light, calibration.brightness, LIGHT_FACTOR):
            self._changed = "light"
        elif _differ(size, calibration.size, SIZE_FACTOR):
            self._changed = "distance"
        if self._changed is not None:
            self._remarks.append(
                f"the {self._changed} has changed since your face at rest was measured: forget it and measure it anew"
            )


def _differ(one: float, other: float, factor: float) -> bool:
    return one > factor * other or other > factor * one
