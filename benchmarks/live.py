"""A live session in a process of its own, as `emodj live` runs it, measured from within; prints JSON."""

from __future__ import annotations

import argparse
import json
import time
from collections import deque
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from benchmarks import camera
from benchmarks.ours import frame_reader, remark, session
from benchmarks.reference import peak_kib
from realtime.app.build import build_music, shipped_settings
from realtime.app.display import WindowDisplay
from realtime.app.headless import SessionLimits, analyse_live
from realtime.app.live import LiveSession
from realtime.app.outputs import LiveOutputs
from realtime.app.rates import RateMeter
from realtime.app.window import Window, check_display
from realtime.errors import SourceError
from realtime.sources.grabber import FrameGrabber
from realtime.sources.video import VideoSource

if TYPE_CHECKING:
    from realtime.domain import Face, Frame, Image

KEPT = 3600
"""Frames that are remembered, two minutes of them: what is measured over hours must not grow by being measured."""

FREEZE_AFTER_S = 3.0
"""Seconds from the first frame to the space key, where it is pressed."""

SETTLE_S = 0.5
"""What is measured of a frozen session begins so much later."""


class Meter(RateMeter):
    """Notes when new frames are shown, and how old their labels are then; processor time from the first of them on."""

    def __init__(self) -> None:
        super().__init__()
        self.times: deque[float] = deque(maxlen=KEPT)
        self.ages: deque[float] = deque(maxlen=KEPT)
        self.began: float | None = None
        self.used = 0.0
        self.read = 0
        self._labelled_s: float | None = None
        self._is_new = False

    def analysed(self, frame: Frame, seen_s: float, now_s: float) -> None:
        """The faces of a frame are known."""
        super().analysed(frame, seen_s, now_s)
        self.note(frame)

    def note(self, frame: Frame) -> None:
        """The faces of a frame are known; all that is asked without a window."""
        self.start()
        self._labelled_s = frame.time_s
        self.read += 1

    def shown(self, frame: Frame, now_s: float) -> None:
        """A new frame is about to be drawn."""
        super().shown(frame, now_s)
        self.start()
        self._is_new = True

    def start(self) -> None:
        """Count from now on, unless it has begun."""
        if self.began is None:
            self.began, self.used = time.monotonic(), time.process_time()

    def drawn(self) -> None:
        """The window has a picture; of another frame than before, or the same anew."""
        now = time.monotonic()
        if not self._is_new:
            return
        self._is_new = False
        self.times.append(now)
        if self._labelled_s is not None:
            self.ages.append(now - self._labelled_s)

    def numbers(self) -> dict[str, float]:
        """What was measured, in seconds."""
        found: dict[str, float] = {"peak_kib": peak_kib(), "analysed": self.read}
        if self.began is not None:
            found |= {"wall_s": time.monotonic() - self.began, "cpu_s": time.process_time() - self.used}
        if len(self.times) > 1:
            span = self.times[-1] - self.times[0]
            gaps = np.percentile(np.diff(self.times), (50, 99))
            found |= {"shown_per_s": (len(self.times) - 1) / span, "gap_p50_s": float(gaps[0]), "gap_p99_s": float(gaps[1])}
        if self.ages:
            ages = np.percentile(self.ages, (50, 95))
            found |= {"age_p50_s": float(ages[0]), "age_p95_s": float(ages[1])}
        return found


class MeteredWindow(Window):
    """Tells a meter of what it shows, and presses space if it is asked to."""

    def __init__(self, meter: Meter, *, freezes: bool) -> None:
        super().__init__("emodj")
        self._meter = meter
        self._freezes = freezes
        self._pressed = False
        self.frozen: tuple[float, float] | None = None

    def show(self, image: Image) -> None:
        """Show a picture."""
        super().show(image)
        self._meter.drawn()

    def poll(self, wait_ms: int) -> str | None:
        """The key pressed, by hand or by this benchmark."""
        key = super().poll(wait_ms)
        began = self._meter.began
        since = 0.0 if began is None else time.monotonic() - began
        if self._freezes and not self._pressed and since >= FREEZE_AFTER_S:
            self._pressed = True
            return "space"
        if self._pressed and self.frozen is None and since >= FREEZE_AFTER_S + SETTLE_S:
            self.frozen = time.monotonic(), time.process_time()
        return key


def run(source: str, seconds: float, *, window: bool, freezes: bool = False) -> dict[str, float]:
    """Run a session over a live source.

    Args:
        source: what FFmpeg reads.
        seconds: from the first frame on.
        window: with a window, on the display of the environment.
        freezes: have space pressed after a few seconds, and measure the rest.

    Returns:
        What `Meter.numbers` says, and `frozen_share` of a core if it was frozen.

    Raises:
        SourceError: the source cannot be opened.
        DisplayError: there is no display.
    """
    meter = Meter()
    frames, limits = FrameGrabber(lambda: _opened(source)), SessionLimits(seconds)
    frozen = _in_window(frames, limits, meter, freezes=freezes) if window else _without(frames, limits, meter)
    found = meter.numbers()
    if frozen is not None:
        wall, cpu = time.monotonic() - frozen[0], time.process_time() - frozen[1]
        found["frozen_share"] = cpu / wall
    return found


def _without(frames: FrameGrabber, limits: SessionLimits, meter: Meter) -> None:
    settings = shipped_settings()

    def emit(frame: Frame, _elapsed_s: float, _faces: tuple[Face, ...]) -> None:
        meter.note(frame)

    analyse_live(frames, frame_reader(settings), session(settings), limits, emit, remark)


def _in_window(frames: FrameGrabber, limits: SessionLimits, meter: Meter, *, freezes: bool) -> tuple[float, float] | None:
    """When it was frozen, and the processor time used by then."""
    settings = shipped_settings()
    reader, state = frame_reader(settings), session(settings)
    check_display()
    # As `emodj live` does
    cv2.setNumThreads(1)
    window = MeteredWindow(meter, freezes=freezes)
    music = build_music(settings, lambda choice, why: remark(f"{choice.title}, {why}"))
    size = settings.camera.width, settings.camera.height
    with LiveOutputs(state, music, notify=remark) as outputs:
        LiveSession(frames, reader, state, WindowDisplay(window), limits, outputs, blank=size, gauge=meter).run()
    return window.frozen


def _opened(source: str) -> VideoSource:
    if source.endswith(camera.SUFFIX):
        return VideoSource(cast("cv2.VideoCapture", camera.PacedCamera(source)), "clip", live=True, hint="it has no end")
    capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG)
    if not capture.isOpened():
        raise SourceError("FFmpeg cannot open the live source of the benchmark: is its clip there?")
    return VideoSource(capture, "clip", live=True, hint="the benchmark's clip has ended")


def main() -> None:
    """Run a session and print what was measured."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("source", help="a live source as FFmpeg names it")
    options.add_argument("--seconds", type=float, default=20.0)
    options.add_argument("--window", action="store_true")
    options.add_argument("--freeze", action="store_true")
    given = options.parse_args()
    print(json.dumps(run(given.source, given.seconds, window=given.window, freezes=given.freeze)))


if __name__ == "__main__":
    main()
