"""What a live session asks of the world around its window."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import platformdirs

from realtime.cli.output import print_document
from realtime.errors import EmodjError
from realtime.session import documents

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.app.worker import Worker
    from realtime.domain import Face, Frame, Image
    from realtime.music.commands import PlayerCommand
    from realtime.music.controller import MusicController
    from realtime.music.planner import Plan
    from realtime.music.songs import NowPlaying
    from realtime.session.state import Session
    from realtime.sources.grabber import FrameGrabber
    from realtime.storage.jsonl_log import JsonlLog
    from realtime.storage.recorder import Film, Recorder


class MusicPlayer(Protocol):
    """What plays a session's music. `obey` and `tend` are called in one thread, that of the music, and may take their time."""

    def handle(self, wish: PlayerCommand, /) -> str | None:
        """Do what was asked for; returns a sentence for the screen, if there is something to say."""
        ...

    def poll(self) -> str | None:
        """Look after what plays by itself, a few times a second; returns likewise."""
        ...

    def close(self) -> None:
        """Stop what is played; called once, at the end, in the same thread."""
        ...

    def now_playing(self) -> tuple[NowPlaying | None, Plan | None]:
        """What is played now, and the plan that it belongs to; to be asked in any thread."""
        ...


class SessionOutputs(Protocol):
    """What a session asks of the world around it, in the window's thread: nothing here waits."""

    @property
    def music(self) -> MusicPlayer:
        """Its music."""
        ...

    def snapshot(self, image: Image, /) -> str:
        """Write a picture (BGR) and return where, for the screen."""
        ...

    def emit(self, elapsed_s: float, faces: tuple[Face, ...], /) -> None:
        """Told of each analysed frame: its seconds since the first, and its faces."""

    def shown(self, image: Image, /) -> None:
        """Told of each picture (BGR) that is shown."""

    def next_camera(self, frames: FrameGrabber, /) -> str:
        """Have the frames come from the next camera; returns the sentence that the screen shows."""
        ...

    def problem(self) -> str | None:
        """A sentence on what can no longer be written, once."""
        ...


class LiveOutputs:
    """The `SessionOutputs` of the command line.

    Args:
        session: what was asked for is told about.
        turner: turns to the next camera, in a thread of its own; None where the frames come from elsewhere.
        music: of the session.
        jsonl: each frame is a document on stdout.
        recorder: takes what the window shows.
        film: takes each frame of a file, drawn, in order.
        journal: takes faces and moods.
        remark: says a sentence where there is no window.
    """

    def __init__(
        self,
        session: Session,
        turner: Worker[FrameGrabber, str] | None,
        music: MusicController,
        *,
        jsonl: bool,
        recorder: Recorder | None = None,
        film: Film | None = None,
        journal: JsonlLog | None = None,
        remark: Callable[[str], None],
    ) -> None:
        self._session = session
        self._turner = turner
        self.music = music
        self._jsonl = jsonl
        self._recorder = recorder
        self._film = film
        self._journal = journal
        self._remark = remark
        self._ended: list[str] = []

    def snapshot(self, image: Image) -> str:
        """Write a snapshot into the person's folder of pictures, or where emodj was started if there is none."""
        from realtime.app.stills import is_folder
        from realtime.sources import images

        folder = platformdirs.user_pictures_path()
        try:
            folder = folder if is_folder(folder) else Path.cwd()
        except OSError as error:
            raise EmodjError("no picture saved: the folder that emodj was started in is gone") from error
        name = datetime.now().astimezone().strftime("emodj-%Y%m%d-%H%M%S-%f")
        path = folder / f"{name}.png"
        images.write_image(image, path, overwrite=False)
        return str(path)

    def emit(self, elapsed_s: float, faces: tuple[Face, ...]) -> None:
        """Print and log an analysed frame, if somebody wants it."""
        if not self._jsonl and self._journal is None:
            return
        document = documents.frame_document(elapsed_s, faces, self._session.mood())
        if self._jsonl:
            print_document(document)
        if self._journal is not None:
            self._journal.write(document)

    def emit_frame(self, frame: Frame, elapsed_s: float, faces: tuple[Face, ...]) -> None:
        """The same without a window, where the film is drawn here."""
        self.emit(elapsed_s, faces)
        if self._film is not None or self._recorder is not None:
            from realtime.overlay.draw import draw

            screen = replace(self._session.snapshot_view(elapsed_s), recording=True)
            self._record(draw(frame.image, screen))
        self._remark_problem()

    def shown(self, image: Image) -> None:
        """Record what is shown, if somebody wants it."""
        if self._recorder is not None:
            self._recorder.submit(image)

    def next_camera(self, frames: FrameGrabber) -> str:
        """Turn to the next camera."""
        if self._turner is None:
            return "this is no camera: start emodj without --source to turn through the cameras"
        self._turner.submit(frames)
        return "looking for the next camera"

    def problem(self) -> str | None:
        """What there is to say about film, log and cameras, one thing at a time."""
        for writer in (self._recorder, self._film, self._journal):
            if writer is not None and (said := writer.problem()):
                self._ended.append(said)
                if writer is not self._journal:
                    self._session.set_recording(on=False)
                return said
        return self._turner.result() if self._turner is not None else None

    def close(self, summary: documents.Document) -> None:
        """The session is over: the log ends with its summary, and what ended early is told in the terminal."""
        if self._journal is not None:
            self._journal.write(summary)
        self._remark_problem()

    def _remark_problem(self) -> None:
        while self.problem():
            pass
        for said in self._ended:
            self._remark(said)
        self._ended.clear()

    def _record(self, image: Image) -> None:
        if self._film is not None:
            self._film.write(image)
        self.shown(image)
