"""A live session without a window: frames in, a result for each of them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.errors import SourceError
from realtime.latest import LatestFrames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from realtime.capture import Source
    from realtime.domain import Face, Frame
    from realtime.pipeline import FrameReader
    from realtime.session import Session

QUIET_S = 1.0
"""How long a session without a window waits for a frame before it looks again whether the source ended."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a session ends by itself; None is no limit.

    Attributes:
        seconds: since its first frame.
        frames: analysed.
    """

    seconds: float | None = None
    frames: int | None = None

    def reached(self, seconds: float, frames: int) -> bool:
        """Whether so many seconds or analysed frames are enough."""
        return (self.seconds is not None and seconds >= self.seconds) or (self.frames is not None and frames >= self.frames)


def run_without_window(
    source: Source, reader: FrameReader, session: Session, limits: Limits, emit: Callable[[float, tuple[Face, ...]], None]
) -> None:
    """Analyse a source: every frame of a file in order, so that two runs agree; of a live source the newest ones.

    Args:
        source: closed by whoever opened it.
        reader: reads the frames.
        session: counts the votes.
        limits: when to stop.
        emit: called for each analysed frame with its seconds since the first and its faces.

    Raises:
        SourceError: the source gives no frame, or no more of them.
    """
    first_s: float | None = None
    for count, frame in enumerate(_frames(source), 1):
        first_s = frame.time_s if first_s is None else first_s
        elapsed = frame.time_s - first_s
        faces = reader.read(frame)
        session.take(faces, frame.time_s)
        emit(elapsed, faces)
        if limits.reached(elapsed, count):
            return
    if first_s is None:
        raise no_frame(source)


def _frames(source: Source) -> Iterator[Frame]:
    if not source.live:
        while (frame := source.read()) is not None:
            yield frame
        return
    with LatestFrames(source) as frames:
        index = -1
        while True:
            # Asked before: the last frame may come between the two questions
            ended = frames.ended
            frame = frames.newest(index, QUIET_S)
            if frame is not None:
                index = frame.index
                yield frame
            elif ended:
                return


def no_frame(source: Source) -> SourceError:
    """What to raise where a source ends before its first frame."""
    return SourceError(f"{source.name} holds no frame that can be read: is it a video, and whole?")
