"""Every frame of a film, from the first to the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.errors import SourceError
from realtime.sources.frame_times import held_frames

if TYPE_CHECKING:
    from collections.abc import Generator

    from realtime.domain import Frame
    from realtime.sources.video import Source


def frames_in_order(source: Source) -> Generator[Frame]:
    """Every frame of a file, from the first to the last; the caller closes the source.

    A frame that is shown for long is given again as a held frame, for each part of that time.

    Raises:
        SourceError: the source gives no frame.
    """
    before: Frame | None = None
    while (frame := source.read()) is not None:
        if before is not None:
            yield from held_frames(before, frame)
        before = frame
        yield frame
    if before is None:
        raise empty_source(source.name)


def empty_source(name: str) -> SourceError:
    """The error for a source that ends before its first frame."""
    return SourceError(f"{name} holds no frame that can be read: is it a video, and whole?")
