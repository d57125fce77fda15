"""Explanations of the largest face of a session, made in a thread of their own: frames and labels do not wait for them."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, TypeAlias

from realtime.app.worker import Worker
from realtime.errors import EmodjError
from realtime.faces.explainer import largest_faces

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.classifier.occlusion import Explanation
    from realtime.domain import Expression, Face, Frame
    from realtime.faces.calibration import Calibration
    from realtime.faces.explainer import FaceExplainer
    from realtime.session.state import Session

EVERY_S = 1.0
"""Seconds from one explanation of a face to the next, if its label stays."""
MOST_BUSY = 1 / 3
"""Largest share of the time that is worked on explanations: on a slow machine they come less often."""


_Task: TypeAlias = "tuple[Frame, Face, Calibration | None]"


@dataclass(frozen=True, slots=True)
class _Explained:
    explanation: Explanation
    seconds: float


class ExplanationThread:
    """Explains the largest face of the newest analysed frame, while the session asks for it; for the thread of the session.

    Args:
        load: loads a network of its own, since no two threads can use the same one; called in the thread, once.
        clock: seconds of a clock that never goes back; measures how long an explanation takes.
    """

    def __init__(self, load: Callable[[], FaceExplainer], clock: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._clock = clock
        self._explainer: FaceExplainer | None = None
        self._worker: Worker[_Task, _Explained | EmodjError] = Worker("explanation", self._explain)
        self._newest: tuple[Frame, tuple[Face, ...]] | None = None
        self._submitted: Frame | None = None
        self._label: tuple[int | None, Expression] | None = None
        # When the next explanation may begin: of any face, and of the same label
        self._rested_s = self._next_s = -math.inf

    def __enter__(self) -> Self:
        self._worker.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._worker.__exit__(*error)

    @property
    def busy(self) -> bool:
        """Whether an explanation is under way, or was not taken yet."""
        return self._worker.busy

    def add_frame(self, frame: Frame, faces: tuple[Face, ...]) -> None:
        """Set the newest analysed frame and its faces."""
        self._newest = frame, faces

    def update(self, session: Session, now_s: float) -> bool:
        """Take what is explained, and begin with the next face if it is time; say whether there is something new to draw."""
        result = self._worker.result()
        if isinstance(result, EmodjError):
            session.stop_explaining(str(result), now_s)
        elif result is not None and session.explaining:
            session.set_explanation(result.explanation)
            self._rested_s = now_s + result.seconds / MOST_BUSY - result.seconds
            self._next_s = max(self._rested_s, now_s + EVERY_S - result.seconds)
        if session.explaining:
            self._begin(session, now_s)
        else:
            self._submitted, self._label = None, None
        return result is not None

    def _begin(self, session: Session, now_s: float) -> None:
        # Also labels that change with each frame leave time for the session
        if self._newest is None or self.busy or now_s < self._rested_s:
            return
        frame, faces = self._newest
        largest = next(iter(largest_faces(faces, 1)), None)
        # While the picture is frozen, its explanation stays as it is
        if largest is None or frame is self._submitted:
            return
        label = largest.track, largest.expression
        if label == self._label and now_s < self._next_s:
            return
        self._submitted, self._label = frame, label
        # The face at rest of this moment: the frame is one of the last
        self._worker.submit((frame, largest, session.rest.calibration if largest.calibrated else None))

    def _explain(self, task: _Task) -> _Explained | EmodjError:
        begun = self._clock()
        frame, face, calibration = task
        try:
            if self._explainer is None:
                self._explainer = self._load()
                begun = self._clock()
            return _Explained(self._explainer.explain(frame.image, face, calibration), self._clock() - begun)
        except EmodjError as error:
            return error
