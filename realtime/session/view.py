"""View model of a session: everything that a window, a page or a snapshot shows besides the frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realtime.domain import Face, Mood
    from realtime.music.songs import NowPlaying


@dataclass(frozen=True, slots=True)
class ViewState:
    """What a screen shows at one moment, besides the frame itself; how it is drawn is up to the screen.

    Two equal states look the same on an equal frame, so a screen has to draw only what changed. The keys of help and hints
    are those of `keymap`.

    Attributes:
        faces: of the last analysed frame; boxes in pixels of the frame as it came from the source, also if `mirrored`.
        mood: of the session, by vote or by hand; None until a face voted.
        mirrored: whether the frame is shown flipped left to right, as in a mirror; text is not.
        bars: whether each face has its three most probable expressions beside it.
        hints: whether a line of keys is shown (`keymap.window_hints`).
        notice: one sentence for a few seconds, such as the answer to a key; None if there is none.
        info: one line on frame rate and latency; None if it is hidden.
        help: whether the help with every key lies over the frame (`keymap.help_rows`).
        frozen: whether frame and vote stand still.
        trouble: one sentence on what is wrong with the camera and what to try, over its last frame; None if all is well.
        recording: whether what is shown is being written to a film.
        playing: the song that plays here or on a device that emodj controls; None if there is none.
        strategy: what the mood asks of the music, in a word or two, with the step of a journey; None for music like the mood.
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
