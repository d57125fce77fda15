"""The live loop without a window: frames in, a result for each of them out."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from realtime.app.power import LOOK_S
from realtime.app.rates import LookPace
from realtime.errors import SourceError
from realtime.sources.cameras import NEXT_STEPS
from realtime.sources.film_frames import empty_source, frames_in_order
from realtime.sources.health import BlackCheck, SourceState

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from realtime.app.headless_music import HeadlessMusic
    from realtime.app.power import PowerWatch
    from realtime.domain import Face, Frame
    from realtime.faces.pipeline import FrameReader
    from realtime.session.state import Session
    from realtime.sources.grabber import FrameGrabber
    from realtime.sources.health import Health
    from realtime.sources.video import Source

TURN_S = 0.25
"""Seconds to wait for a frame before limits and source are checked again."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Limits at which a session ends by itself; None is no limit.

    Attributes:
        seconds: since its first frame.
        frames: analysed.
    """

    seconds: float | None = None
    frames: int | None = None

    def reached(self, seconds: float, frames: int) -> bool:
        """Whether `seconds` or `frames` analysed frames reach a limit."""
        return (self.seconds is not None and seconds >= self.seconds) or (self.frames is not None and frames >= self.frames)


def newest_frames(frames: FrameGrabber, remark: Callable[[str], None]) -> Generator[Frame | None]:
    """Newest frames of a live source until its end; None after each `TURN_S` without a new frame.

    Args:
        frames: grabber of the source; started here, and stopped when the generator is closed.
        remark: receives a sentence when something is wrong with the source, once each time, and when it is back.

    Raises:
        SourceError: the source cannot be opened, or it ends without a frame.
    """
    index, away = -1, ""
    with frames:
        while True:
            # Read before the frame: the last frame may arrive between the two calls
            ended = frames.ended
            frame = frames.latest_after(index, TURN_S)
            waits = frames.wait_for_source and index < 0 and frame is None
            away = _remarked(frames.health(time.monotonic()), away, partial(_say_waiting, remark) if waits else remark)
            if frame is not None:
                index = frame.index
            elif ended:
                break
            yield frame
    if index < 0:
        raise empty_source(frames.name)


def _say_waiting(remark: Callable[[str], None], sentence: str) -> None:
    """Say why there is no picture yet, without advice that is followed already, and that the session waits."""
    remark(f"{sentence.removesuffix(f'; {NEXT_STEPS}')}; waiting for it, Ctrl-C ends the session")


def analyse_file(
    source: Source,
    reader: FrameReader,
    session: Session,
    limits: SessionLimits,
    emit: Callable[[Frame, float, tuple[Face, ...]], None],
    music: HeadlessMusic | None = None,
) -> None:
    """Analyse every frame of a file in order, as fast as it goes, so that two runs agree.

    Args:
        source: the caller closes it.
        reader: reads the frames.
        session: counts the votes.
        limits: when to stop.
        emit: called for each analysed frame with its seconds since the first and its faces; not for a held frame.
        music: follows the mood, on the clock of the film; None plays none.

    Raises:
        SourceError: the source gives no frame.
        BlackSourceError: every picture was black.
    """
    first_s: float | None = None
    count, check = 0, BlackCheck()
    for frame in frames_in_order(source):
        first_s = frame.time_s if first_s is None else first_s
        count += not frame.held
        check.add(frame.image, held=frame.held)
        _take(frame, frame.time_s - first_s, reader, session, emit, music)
        if session.finished or limits.reached(frame.time_s - first_s, count):
            check.raise_if_black(source.name, to_end=False)
            return
    check.raise_if_black(source.name)


def analyse_live(
    frames: FrameGrabber,
    reader: FrameReader,
    session: Session,
    limits: SessionLimits,
    emit: Callable[[Frame, float, tuple[Face, ...]], None],
    remark: Callable[[str], None],
    music: HeadlessMusic | None = None,
    *,
    slow: bool = False,
    power: PowerWatch | None = None,
) -> None:
    """Analyse the newest frames of a live source, and wait for it while it is away.

    Args:
        frames: of the source; started and stopped here.
        reader: reads the frames.
        session: counts the votes.
        limits: when to stop; the seconds go by also while the source is away, and while it is waited for.
        emit: called for each analysed frame with its seconds since the first and its faces.
        remark: gets a sentence when the source fails, and one when it is back.
        music: follows the mood; None plays none.
        slow: look at the faces a few times a second at most, to leave the processor to others.
        power: says when to save power, by fewer looks; None saves none. The caller holds it by `with`.

    Raises:
        SourceError: the source cannot be opened, or it ends without a frame.
        BlackSourceError: every picture was black.
    """
    started: float | None = None
    first_s, count = 0.0, 0
    begun, check, pace = time.monotonic(), BlackCheck(), LookPace()
    with closing(newest_frames(frames, remark)) as newest:
        for frame in newest:
            if frame is not None:
                if started is None:
                    started, first_s = time.monotonic(), frame.time_s
                count += 1
                check.add(frame.image)
                faces = _take(frame, frame.time_s - first_s, reader, session, emit)
                if slow:
                    frames.slow_down(pace.interval_s(time.monotonic(), faces, near_change=session.near_change))
            if power is not None and not slow:
                frames.slow_down(LOOK_S if power.saving(time.monotonic()) else 0.0)
                if (sentence := power.take_sentence()) is not None:
                    remark(sentence)
            if music is not None:
                now = time.monotonic()
                music.lead(now, watching=started is not None and frames.health(now).ok)
            if session.finished or limits.reached(time.monotonic() - limits_start(started, begun, frames), count):
                if started is None:
                    raise no_picture_in_time(frames.health(time.monotonic()))
                check.raise_if_black(frames.name, to_end=False)
                return
    check.raise_if_black(frames.name)


def limits_start(started: float | None, begun: float, frames: FrameGrabber) -> float:
    """The moment that the seconds of a session count from: its first frame; with `--wait`, the start until then."""
    return begun if started is None and frames.wait_for_source else started or time.monotonic()


def no_picture_in_time(health: Health) -> SourceError:
    """The error for a session whose time was over before the first frame."""
    return SourceError(f"no picture came in time: {health.sentence}")


def _take(
    frame: Frame,
    elapsed_s: float,
    reader: FrameReader,
    session: Session,
    emit: Callable[[Frame, float, tuple[Face, ...]], None],
    music: HeadlessMusic | None = None,
) -> tuple[Face, ...]:
    reader.use(session.rest.calibration)
    faces = reader.read(frame)
    session.add_frame(faces, frame.time_s, frame.stretch, held=frame.held)
    if music is not None:
        music.lead(frame.time_s)
    if not frame.held:
        emit(frame, elapsed_s, faces)
    return faces


def _remarked(health: Health, before: str, remark: Callable[[str], None]) -> str:
    """Notify of a change of the source; return the current problem, "" for none."""
    if health.state in {SourceState.OPENING, SourceState.CLOSED}:
        return before
    wrong = "" if health.ok else health.sentence
    if wrong != before:
        remark(wrong or f"{health.sentence} is back")
    return wrong
