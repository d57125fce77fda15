"""Run a live session like `emodj live`, in a separate process, and print its measurements as JSON."""

from __future__ import annotations

import argparse
import json
import time
from collections import deque
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from benchmarks import camera
from benchmarks.ours import build_frame_reader, build_session, print_note
from benchmarks.reference import peak_kib
from realtime.app.build import build_music, shipped_settings
from realtime.app.headless import SessionLimits, analyse_live
from realtime.app.live import LiveSession
from realtime.app.outputs import LiveOutputs
from realtime.app.power import PowerPolicy, PowerWatch
from realtime.app.rates import RateMeter
from realtime.app.window import Window, WindowDisplay, check_display
from realtime.errors import SourceError
from realtime.sources.grabber import FrameGrabber
from realtime.sources.video import VideoSource

if TYPE_CHECKING:
    from realtime.domain import Face, Frame, Image

MAX_SAMPLES = 3600
"""Number of frames whose times are kept, two minutes of them: the measurement must not let the memory grow for hours."""

FREEZE_AFTER_S = 3.0
"""Seconds from the first frame to the press of the space key."""

SETTLE_S = 0.5
"""Seconds from the press of the key to the start of the measurement of a frozen session."""


class Meter(RateMeter):
    """Rate meter that records when new frames are drawn, the age of their labels, and the processor time from the first on."""

    def __init__(self) -> None:
        super().__init__()
        self.times: deque[float] = deque(maxlen=MAX_SAMPLES)
        self.ages: deque[float] = deque(maxlen=MAX_SAMPLES)
        self.began: float | None = None
        self.used = 0.0
        self.read = 0
        self._labelled_s: float | None = None
        self._is_new = False

    def analysed(self, frame: Frame, seen_s: float, now_s: float) -> None:
        """The faces of a frame are known."""
        super().analysed(frame, seen_s, now_s)
        self.note_analysed(frame)

    def note_analysed(self, frame: Frame) -> None:
        """Record that the faces of a frame are known; the only call of a session without a window."""
        self.start_clock()
        self._labelled_s = frame.time_s
        self.read += 1

    def shown(self, frame: Frame, now_s: float) -> None:
        """A new frame is about to be drawn."""
        super().shown(frame, now_s)
        self.start_clock()
        self._is_new = True

    def start_clock(self) -> None:
        """Start the clocks, unless they run already."""
        if self.began is None:
            self.began, self.used = time.monotonic(), time.process_time()

    def note_drawn(self) -> None:
        """Record that the window got a picture: of a new frame, or of the same frame again."""
        now = time.monotonic()
        if not self._is_new:
            return
        self._is_new = False
        self.times.append(now)
        if self._labelled_s is not None:
            self.ages.append(now - self._labelled_s)

    def numbers(self) -> dict[str, float]:
        """The measurements; times in seconds, memory in KiB."""
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
    """Window that reports its pictures to a meter and, if `freezes`, simulates a press of the space key."""

    def __init__(self, meter: Meter, *, freezes: bool) -> None:
        super().__init__("emodj")
        self._meter = meter
        self._freezes = freezes
        self._pressed = False
        self.frozen: tuple[float, float] | None = None

    def show(self, image: Image) -> None:
        """Show a picture."""
        super().show(image)
        self._meter.note_drawn()

    def poll(self, wait_ms: int) -> str | None:
        """Return the pressed key, a real or a simulated one."""
        key = super().poll(wait_ms)
        began = self._meter.began
        since = 0.0 if began is None else time.monotonic() - began
        if self._freezes and not self._pressed and since >= FREEZE_AFTER_S:
            self._pressed = True
            return "space"
        if self._pressed and self.frozen is None and since >= FREEZE_AFTER_S + SETTLE_S:
            self.frozen = time.monotonic(), time.process_time()
        return key


def run(source: str, seconds: float, *, window: bool, freezes: bool = False, saves: bool = False) -> dict[str, float]:
    """Run a session over a live source.

    Args:
        source: live source as FFmpeg names it, or a raw clip.
        seconds: duration from the first frame on.
        window: whether to open a window, on the display of the environment.
        freezes: whether to press the space key after a few seconds, and measure the rest.
        saves: whether the session saves power, as on battery.

    Returns:
        `Meter.numbers`, and the share of a core as `frozen_share` if the session was frozen.

    Raises:
        SourceError: the source cannot be opened.
        DisplayError: there is no display.
    """
    meter = Meter()
    frames, limits = FrameGrabber(lambda: _open_source(source)), SessionLimits(seconds)
    power = PowerWatch(PowerPolicy(saves))
    if window:
        frozen = _run_in_window(frames, limits, meter, power, freezes=freezes)
    else:
        frozen = None
        _run_headless(frames, limits, meter, power)
    found = meter.numbers()
    if frozen is not None:
        wall, cpu = time.monotonic() - frozen[0], time.process_time() - frozen[1]
        found["frozen_share"] = cpu / wall
    return found


def _run_headless(frames: FrameGrabber, limits: SessionLimits, meter: Meter, power: PowerWatch) -> None:
    settings = shipped_settings()

    def emit(frame: Frame, _elapsed_s: float, _faces: tuple[Face, ...]) -> None:
        meter.note_analysed(frame)

    analyse_live(frames, build_frame_reader(settings), build_session(settings), limits, emit, print_note, power=power)


def _run_in_window(
    frames: FrameGrabber, limits: SessionLimits, meter: Meter, power: PowerWatch, *, freezes: bool
) -> tuple[float, float] | None:
    """Run the session; returns the time and the processor time at the start of the frozen part, None without one."""
    settings = shipped_settings()
    reader, state = build_frame_reader(settings), build_session(settings)
    check_display()
    # As `emodj live` does
    cv2.setNumThreads(1)
    window = MeteredWindow(meter, freezes=freezes)
    music = build_music(settings, lambda choice, why: print_note(f"{choice.title}, {why}"))
    size = settings.camera.width, settings.camera.height
    with LiveOutputs(state, music, notify=print_note) as outputs:
        display = WindowDisplay(window)
        LiveSession(frames, reader, state, display, limits, outputs, blank=size, meter=meter, power=power).run()
    return window.frozen


def _open_source(source: str) -> VideoSource:
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
    options.add_argument("--save-power", action="store_true")
    given = options.parse_args()
    found = run(given.source, given.seconds, window=given.window, freezes=given.freeze, saves=given.save_power)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
