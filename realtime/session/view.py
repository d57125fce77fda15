"""View model of a session: all that a window, a page or a snapshot shows in addition to the frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realtime.classifier.occlusion import Explanation
    from realtime.domain import Face, Mood
    from realtime.facts import Fact
    from realtime.music.songs import NowPlaying
    from realtime.session.face_at_rest import RestCard
    from realtime.session.recommendations import RecommendedMovies


@dataclass(frozen=True, slots=True)
class ViewState:
    """Content of a screen at one moment, without the frame and without layout, which each screen decides.

    Two equal states look the same on an equal frame, so a screen draws again only after a change. `keymap` has the keys of
    help and hints.

    Attributes:
        faces: faces of the last analysed frame; boxes in pixels of the unmirrored frame, also if `mirrored`.
        mood: mood of the session, by vote or by hand; None before the first vote.
        mirrored: whether the screen flips the frame left to right, as a mirror does; it never flips text.
        bars: whether bars of the three most probable expressions are shown beside each face.
        hints: whether a line of keys is shown (`keymap.window_hints`).
        notice: one sentence that is shown for a few seconds, such as the answer to a key; None hides it.
        info: one line with frame rate and latency; None hides it.
        help: whether the help with every key is shown over the frame (`keymap.help_rows`).
        frozen: whether frame and vote are paused.
        trouble: one sentence over the last frame: the problem of the camera, and what to try; None without a problem.
        recording: whether a film of the session is recorded.
        playing: the song that plays on this computer or on a device that emodj controls; None without a song.
        strategy: music strategy in one or two words, with the step of a journey; None for music that matches the mood.
        dj: whether the music follows the mood by itself.
        movies: movies on a card; None hides it.
        fact: a fact that is shown for a few seconds; None hides it.
        at_rest: what is measured or asked about a face at rest; None hides it.
        calibrated: one to four words on the face at rest that is in use; None without one.
        explanation: of the label of one face, on a panel; None hides it.
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
    dj: bool = False
    movies: RecommendedMovies | None = None
    fact: Fact | None = None
    at_rest: RestCard | None = None
    calibrated: str | None = None
    explanation: Explanation | None = None
