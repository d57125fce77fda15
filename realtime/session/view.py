"""The view model of a live session: all that a screen or a page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realtime.domain import Face, Mood
    from realtime.music.songs import NowPlaying


@dataclass(frozen=True, slots=True)
class ViewState:
    """What is on screen besides the frame itself.

    Attributes:
        faces: boxes in pixels of the frame as it came, also if `mirrored`.
        mood: of the session, None until somebody voted.
        mirrored: show the frame flipped left to right, as a mirror does; text stays as it is.
        bars: the three most probable expressions of each face.
        hints: one line of keys at the bottom.
        notice: a short sentence, such as what a key press did.
        info: frames a second and latency.
        help: every key, over the frame.
        frozen: the picture stands still.
        trouble: what is wrong with the camera and what to try, over what it showed last.
        recording: what is shown is being written to a file.
        playing: the song that is being played here; None if there is none.
        strategy: what the mood asks of the music, in a word or two; None says nothing of it.
    """

    faces: tuple[Face, ...] = ()
    mood: Mood | None = None
    mirrored: bool = False
    bars: bool = True
    hints: bool = True
    notice: str | None = None
    info: str | None = None
    help: bool = False
    frozen: bool = False
    trouble: str | None = None
    recording: bool = False
    playing: NowPlaying | None = None
    strategy: str | None = None
