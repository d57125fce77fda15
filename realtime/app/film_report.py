"""Observe a film for a report: every frame, as `emodj live --no-window` reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.app.headless import SessionLimits, analyse_file
from realtime.report.observations import FrameTimes, Moment, SessionEnd, mood_key, read_face

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.domain import Face, Frame
    from realtime.faces.pipeline import FrameReader
    from realtime.report.aggregate import SessionSums
    from realtime.session.state import Session
    from realtime.sources.video import Source


def observe_film(
    source: Source, reader: FrameReader, session: Session, sums: SessionSums, progress: Callable[[float], None]
) -> None:
    """Add all frames of a film to the sums of a report, and its result at the end.

    Args:
        source: the film; closed by the caller.
        reader: reads the frames.
        session: a new one; counts the votes.
        sums: gets the observations.
        progress: gets the seconds of the film that are read.

    Raises:
        SourceError: the film gives no frame.
        BlackSourceError: every picture was black.
    """
    times = FrameTimes()

    def add(_frame: Frame, elapsed_s: float, faces: tuple[Face, ...]) -> None:
        read = [read_face(face) for face in faces]
        sums.add(Moment(elapsed_s, times.duration(elapsed_s), read, mood_key(session.mood())))
        progress(elapsed_s)

    analyse_file(source, reader, session, SessionLimits(), add)
    summary = session.summary()
    music = None if summary.plan is None else summary.plan.best.title
    sums.add(SessionEnd(mood_key(summary.mood), summary.shares, summary.frames, summary.seconds, music))
