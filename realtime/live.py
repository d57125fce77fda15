"""The live session in a window: frames in, faces and mood on screen, a key press away from music."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.errors import EmodjError
from realtime.latest import LatestFrames
from realtime.overlay import draw
from realtime.session import WELCOME, Action
from realtime.windowless import no_frame
from realtime.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.capture import Source
    from realtime.domain import Face, Frame, Image
    from realtime.overlay import Screen
    from realtime.pipeline import FrameReader
    from realtime.playlists import Playlist
    from realtime.session import Session
    from realtime.window import Window
    from realtime.windowless import Limits

KEY_WAIT_MS = 5
"""How long a turn of the loop waits for a key; also how late a new frame may be shown."""

REDRAW_S = 0.25
"""A picture that stands still is drawn anew so often, for notices that end."""


@dataclass(frozen=True, slots=True, eq=False)
class _Analysis:
    frame: Frame
    faces: tuple[Face, ...]
    given_at: float


class LiveWindow:
    """A session in a window. Its thread waits for neither camera, network nor browser.

    Args:
        source: closed by whoever opened it.
        reader: reads the frames, in a thread of its own.
        session: what keys and votes change.
        window: shown in; closed at the end.
        limits: when to stop by itself.
        play: opens a playlist, in a thread of its own; returns the sentence that the screen shows.
        snapshot: writes a picture (BGR) and returns where, for the screen.
        announce: called with the playlist when its key is pressed, before it is opened.
        emit: called for each analysed frame with its seconds since the first and its faces.
    """

    def __init__(
        self,
        source: Source,
        reader: FrameReader,
        session: Session,
        window: Window,
        limits: Limits,
        *,
        play: Callable[[Playlist], str],
        snapshot: Callable[[Image], str],
        announce: Callable[[Playlist], None],
        emit: Callable[[float, tuple[Face, ...]], None],
    ) -> None:
        self._source = source
        self._session = session
        self._window = window
        self._limits = limits
        self._snapshot = snapshot
        self._announce = announce
        self._emit = emit
        self._frames = LatestFrames(source)
        self._analyst: Worker[tuple[Frame, float], _Analysis] = Worker(
            "analysis", lambda task: _Analysis(task[0], reader.read(task[0]), task[1])
        )
        self._music: Worker[Playlist, str] = Worker("music", play)
        self._shown: Frame | None = None
        self._shown_rate, self._analysed_rate = _Rate(), _Rate()
        self._age_s = 0.0
        self._analysed = 0
        self._first_s = 0.0
        self._quits = False

    def run(self) -> None:
        """Run until a key, the window's button, the end of the source or a limit ends it.

        Raises:
            SourceError: the source gives no frame, or no more of them.
            DisplayError: the window cannot be opened.
        """
        with self._frames, self._analyst, self._music, self._window:
            started: float | None = None
            drawn_at = 0.0
            while not self._quits and not self._window.closed:
                now = time.monotonic()
                fresh = self._look(now)
                if self._shown is None:
                    # Nothing to show and so no window to wait in yet
                    self._wait_for_the_first()
                    continue
                if started is None:
                    started = now
                    self._session.tell(WELCOME, now)
                if fresh or now - drawn_at >= REDRAW_S:
                    self._window.show(draw(self._shown.image, self._screen(now)))
                    drawn_at = now
                key = self._window.poll(KEY_WAIT_MS)
                if key is not None:
                    self._press(key, time.monotonic())
                    drawn_at = 0.0
                if self._limits.reached(time.monotonic() - started, self._analysed) or self._at_end():
                    return

    def _wait_for_the_first(self) -> None:
        # Asked before: a short clip may come and end between the two questions
        ended = self._frames.ended
        if self._frames.newest(timeout_s=KEY_WAIT_MS / 1000) is None and ended:
            raise no_frame(self._source)

    def _look(self, now: float) -> bool:
        """Take what capture, analysis and music have; say whether there is something new to draw."""
        told = self._music.take()
        if told is not None:
            self._session.tell(told, now)
        analysis = self._analyst.take()
        if analysis is not None and not self._session.frozen:
            self._count(analysis, now)
        frame = None if self._session.frozen else self._frames.newest(self._shown.index if self._shown else -1)
        if frame is not None:
            self._shown = frame
            self._shown_rate.tick(now)
            self._analyst.give((frame, now))
        return frame is not None or told is not None

    def _count(self, analysis: _Analysis, now: float) -> None:
        time_s = analysis.frame.time_s
        self._first_s = time_s if self._analysed == 0 else self._first_s
        self._session.take(analysis.faces, time_s)
        self._emit(time_s - self._first_s, analysis.faces)
        self._analysed += 1
        self._analysed_rate.tick(now)
        self._age_s = now - analysis.given_at

    def _at_end(self) -> bool:
        """Whether a file was shown to its last frame, and that frame was analysed."""
        ended = self._frames.ended and not self._session.frozen
        return ended and self._frames.newest(self._shown.index if self._shown else -1) is None and not self._analyst.busy

    def _screen(self, now: float) -> Screen:
        rates = f"{self._shown_rate.per_second:.0f} frames/s shown, {self._analysed_rate.per_second:.0f} analysed"
        return self._session.screen(now, f"{rates}, labels {self._age_s * 1000:.0f} ms old")

    def _press(self, key: str, now: float) -> None:
        action = self._session.press(key, now)
        if action is Action.QUIT:
            self._quits = True
        elif action is Action.FREEZE:
            self._frames.pause(self._session.frozen)
        elif action is Action.FULL_SCREEN:
            self._window.toggle_full_screen()
        elif action is Action.SNAPSHOT:
            self._session.tell(self._take_snapshot(now), now)
        elif action is Action.PLAY:
            self._play(now)

    def _play(self, now: float) -> None:
        playlist = self._session.playlist()
        if playlist is None:
            return
        self._announce(playlist)
        if self._music.busy:
            self._session.tell("the last playlist is still being opened", now)
        else:
            self._music.give(playlist)

    def _take_snapshot(self, now: float) -> str:
        if self._shown is None:
            return "no picture yet"
        screen = self._session.plain_screen(now)
        try:
            return f"picture saved: {self._snapshot(draw(self._shown.image, screen))}"
        except EmodjError as error:
            return str(error)


class _Rate:
    """Events a second, averaged over about the last second."""

    def __init__(self) -> None:
        self._before: float | None = None
        self._gap_s = 0.0

    def tick(self, now: float) -> None:
        if self._before is not None:
            gap = now - self._before
            self._gap_s = gap if self._gap_s == 0 else self._gap_s + (gap - self._gap_s) / 30
        self._before = now

    @property
    def per_second(self) -> float:
        return 1 / self._gap_s if self._gap_s > 0 else 0.0
