"""The live session in a window: frames in, faces and mood on screen, a key press away from music."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from realtime.app.headless import empty_source, limits_start, no_picture_in_time
from realtime.app.hold import FrameHold
from realtime.app.power import LOOK_S, PICTURE_S
from realtime.app.rates import EvenSteps, LookPace, RateMeter
from realtime.app.worker import Worker
from realtime.domain import Frame
from realtime.music.commands import PlayerCommand
from realtime.session.keymap import Action
from realtime.session.state import NOTICE_S
from realtime.sources.health import BlackCheck

if TYPE_CHECKING:
    from realtime.app.display import Display
    from realtime.app.explanations import ExplanationThread
    from realtime.app.headless import SessionLimits
    from realtime.app.outputs import SessionOutputs
    from realtime.app.power import PowerWatch
    from realtime.domain import Face, Image
    from realtime.faces.calibration import Calibration
    from realtime.faces.pipeline import FrameReader
    from realtime.music.planner import Plan
    from realtime.music.songs import NowPlaying
    from realtime.session.state import Session
    from realtime.session.view import ViewState
    from realtime.sources.grabber import FrameGrabber

KEY_WAIT_S = 0.01
"""Seconds that the loop waits at most for a frame or its faces, before it looks at the keys."""

KEY_WAITS = 3
"""So many waits without a frame, faces or a key; then the loop looks at music and disk, too."""

BEHIND_WAIT_S = 0.2
"""How long it waits while the window is minimised and the DJ leads."""

REDRAW_S = 0.25
"""Seconds between two redraws of an unchanged frame, so that notices disappear."""


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A frame, when it was seen, and its faces once they are known."""

    frame: Frame
    at_s: float
    faces: tuple[Face, ...] = ()


class LiveSession:
    """A session on a display. Its thread waits for no camera, network, browser, disk or pipe.

    Args:
        frames: of the source; started and stopped here.
        reader: reads the frames, in a thread of its own.
        session: what keys and votes change.
        display: shown in; closed at the end.
        limits: when to stop by itself.
        outputs: what else is done with frames, faces and keys.
        blank: width and height of the picture until the first frame; None waits for that before the window opens.
        meter: counts the frames that are shown and analysed.
        explanations: explains the label of the largest face; started and stopped here. None explains none.
        power: says when to save power; None saves none. The caller holds it by `with`.
    """

    def __init__(
        self,
        frames: FrameGrabber,
        reader: FrameReader,
        session: Session,
        display: Display,
        limits: SessionLimits,
        outputs: SessionOutputs,
        *,
        blank: tuple[int, int] | None = None,
        meter: RateMeter | None = None,
        explanations: ExplanationThread | None = None,
        power: PowerWatch | None = None,
    ) -> None:
        self._frames = frames
        self._reader = reader
        self._calibration: Calibration | None = None
        self._session = session
        self._display = display
        self._limits = limits
        self._outputs = outputs
        self._meter = meter or RateMeter()
        self._explanations = explanations
        self._power, self._looks = power, EvenSteps()
        self._analyst: Worker[_Seen, _Seen] = Worker(
            "analysis", lambda seen: replace(seen, faces=reader.read(seen.frame)), notify=frames.wake
        )
        music = outputs.music
        self._music: Worker[PlayerCommand, str] = Worker(
            "music", music.handle, merge=PlayerCommand.merged_with, idle=music.poll, end=music.close
        )
        self._shown = None if blank is None else Frame(np.zeros((blank[1], blank[0], 3), np.uint8), -1, 0.0)
        self._held: _Seen | None = None
        self._hold = FrameHold()
        self._counted: Image | None = None
        self._black_check = BlackCheck()
        self._drawn_at = 0.0
        self._screen: ViewState | None = None
        self._begun = 0.0
        self._started: float | None = None
        self._trouble: str | None = None
        self._requested: Plan | None = None
        self._playing: tuple[NowPlaying | None, Plan | None] = (None, None)
        self._index, self._analysed, self._first_s = -1, 0, 0.0
        self._pace, self._behind = LookPace(), False
        self._faces: tuple[Face, ...] = ()
        self._quits = False

    def run(self) -> None:
        """Run until a key, the window's button, the end of the source or a limit ends it.

        Raises:
            SourceError: the source gives no frame, or no more of them.
            BlackSourceError: every picture was black, at the end of a film or at a limit.
            DisplayError: the window cannot be opened.
            OSError: stdout takes no more documents.
        """
        self._begun = time.monotonic()
        with self._frames, self._analyst, self._music, self._explanations or nullcontext(), self._display:
            while not self._quits and not self._display.closed:
                now = time.monotonic()
                self._set_pace(now)
                new = self._look(now)
                if self._shown is not None and not self._behind and (new or now - self._drawn_at >= REDRAW_S):
                    self._draw(self._shown, now, new=new)
                pressed = self._listen()
                if self._is_over(time.monotonic()):
                    return
                if not pressed:
                    self._rest()

    def _set_pace(self, now: float) -> None:
        """Look at the faces rarely, and draw nothing, while the DJ leads the music behind other windows; save power."""
        saving = self._meter.saving = self._power is not None and self._power.saving(now)
        behind = self._session.dj_on and not self._session.recording and self._display.hidden
        if behind:
            self._frames.slow_down(self._pace.interval_s(now, self._faces, near_change=self._session.near_change))
        else:
            # A film needs its frames
            self._frames.slow_down(PICTURE_S if saving and not self._session.recording else 0.0)
        self._behind = behind
        # The welcome says what is written, so it stays for its time
        if self._power is not None and self._started is not None and now - self._started >= NOTICE_S:
            sentence = self._power.take_sentence()
            if sentence is not None:
                self._session.notify(sentence, now)

    def _look(self, now: float) -> bool:
        """Take what camera, analysis, music and disk have; say whether there is something new to draw."""
        message = self._music.result() or self._outputs.message()
        if message is not None:
            self._session.notify(message, now)
        playing = self._outputs.music.now_playing()
        if self._session.rest.calibration is not self._calibration:
            self._calibration = self._session.rest.calibration
            self._reader.use(self._calibration)
        news = playing != self._playing
        if news:
            self._playing = playing
            self._session.set_now_playing(*playing)
        command = self._session.lead_music(now, self._outputs.music.playing_music(), watching=self._trouble is None)
        if command is not None:
            self._music.submit(command)
        analysis = self._analyst.result()
        if analysis is not None and not self._session.frozen:
            self._hold.add(now - analysis.at_s)
            self._count(analysis, now)
        if self._explanations is not None:
            news |= self._explanations.update(self._session, now)
        trouble = self._frames.health(now).message_at(now)
        new = self._take_frame(now, analysis)
        # While the first picture after it is held back, trouble stays: what is still shown did not become true again
        changed = (new or self._held is None) and trouble != self._trouble
        self._trouble = trouble if changed else self._trouble
        return new or changed or news or message is not None or command is not None

    def _take_frame(self, now: float, analysis: _Seen | None) -> bool:
        """Take the newest frame and have it analysed; say whether one is to be shown now."""
        held = self._held
        shown = held is not None and analysis is not None and analysis.frame.index >= held.frame.index
        if shown:
            self._show(now)
        frame = self._frames.latest_after(self._index)
        self._index = frame.index if frame else self._index
        if frame is not None and not self._session.frozen:
            # Held since the first that was not shown: a slow machine shows fresh frames with older labels
            self._held = _Seen(frame, self._held.at_s if self._held else now)
            if not self._looks.take(now, LOOK_S if self._meter.saving else 0.0):
                self._show(now)
                return True
            self._analyst.submit(_Seen(frame, now))
        if not shown and self._held is not None and now - self._held.at_s >= self._hold.seconds:
            self._show(now)
            return True
        return shown

    def _show(self, now: float) -> None:
        if self._held is None:
            return
        self._shown, self._held = self._held.frame, None
        self._meter.shown(self._shown, now)
        if self._started is None:
            self._started = now
            self._session.notify(self._session.welcome, now)

    def _count(self, analysis: _Seen, now: float) -> None:
        frame = analysis.frame
        self._first_s = frame.time_s if self._analysed == 0 else self._first_s
        # A slow machine may have dropped the frame that is held
        again = frame.held and frame.image is self._counted
        self._counted, self._faces = frame.image, analysis.faces
        self._black_check.add(frame.image, held=again)
        self._session.add_frame(analysis.faces, frame.time_s, frame.stretch, held=again)
        if self._explanations is not None:
            self._explanations.add_frame(frame, analysis.faces)
        if not again:
            self._outputs.emit(frame.time_s - self._first_s, analysis.faces)
            self._analysed += 1
        self._meter.analysed(frame, analysis.at_s, now)

    def _draw(self, frame: Frame, now: float, *, new: bool) -> None:
        before, self._screen = self._screen, self._session.view(now, self._meter.summary, self._trouble, frame.stretch)
        self._drawn_at = now
        if new or self._screen != before:
            picture = self._display.show(frame.image, self._screen)
            if self._started is not None:
                # A film is as large as its first picture
                self._outputs.shown(picture)

    def _listen(self) -> bool:
        """Do what the key asks for that was pressed; say whether one was."""
        # There is no window before there is something to show
        key = None if self._shown is None else self._display.poll(0)
        if key is None:
            return False
        self._press(key, time.monotonic())
        self._drawn_at, self._screen = 0.0, None
        return True

    def _rest(self) -> None:
        """Wait until there is something to do: a frame, its faces, the end of the time that a frame is held back, or a key."""
        wait_s, waits = (BEHIND_WAIT_S, 1) if self._behind else (KEY_WAIT_S, KEY_WAITS)
        if self._held is not None:
            wait_s, waits = min(wait_s, max(0.0, self._held.at_s + self._hold.seconds - time.monotonic())), 1
        for wait in range(waits):
            if self._frames.wait_after(self._index, wait_s) or (wait < waits - 1 and self._listen()):
                return

    def _is_over(self, now: float) -> bool:
        """Whether a limit is reached, or a file was shown to its last frame and that was analysed."""
        if self._session.finished:
            return True
        if self._limits.reached(now - limits_start(self._started, self._begun, self._frames), self._analysed):
            if self._started is None and not self._analysed:
                raise no_picture_in_time(self._frames.health(now))
            self._black_check.raise_if_black(self._frames.name, to_end=False)
            return True
        under_way = self._session.frozen or self._held is not None or self._analyst.busy
        # Read `ended` before the newest frame: a short clip can start and end between the two reads
        if under_way or not self._frames.ended or self._frames.latest_after(self._index) is not None:
            return False
        if self._started is None:
            raise empty_source(self._frames.name)
        self._black_check.raise_if_black(self._frames.name)
        return True

    def _press(self, key: str, now: float) -> None:
        action = self._session.handle_key(key, now)
        if action is Action.QUIT:
            self._quits = True
        elif action is Action.FREEZE:
            self._frames.pause(self._session.frozen)
            # Its faces will not be counted, and so it would stand still under those of the frame before
            self._held = None
        elif action is Action.FULL_SCREEN:
            self._display.toggle_full_screen()
        elif action is Action.SNAPSHOT:
            self._take_snapshot(now)
        elif isinstance(action, PlayerCommand):
            self._send_command(action, now)
        elif action is Action.NEXT_CAMERA:
            self._session.notify(self._outputs.next_camera(self._frames), now)

    def _send_command(self, command: PlayerCommand, now: float) -> None:
        """Hand it to the music, where presses of a busy moment wait and become one."""
        if command.plan is not None:
            if self._music.busy and self._requested == command.plan:
                # A browser that takes its time is no reason for a second tab
                self._session.notify(f"still opening {command.plan.best.title}", now)
                return
            self._requested = command.plan
        self._music.submit(command)

    def _take_snapshot(self, now: float) -> None:
        if self._shown is None or self._started is None:
            self._session.notify("no picture yet", now)
        else:
            self._outputs.snapshot(self._shown.image, self._session.snapshot_view(now, self._shown.stretch))
