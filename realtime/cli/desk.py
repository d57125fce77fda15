"""What a live session does with its frames and keys besides the window: prints, writes, opens."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from realtime import documents
from realtime.cli.printing import print_document
from realtime.errors import EmodjError

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.cli.music import Music
    from realtime.domain import Face, Frame, Image
    from realtime.journal import Journal
    from realtime.latest import LatestFrames
    from realtime.recording import Film, Recorder
    from realtime.session import Session
    from realtime.worker import Worker


class Desk:
    """The `realtime.desk.Desk` of the command line.

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
        turner: Worker[LatestFrames, str] | None,
        music: Music,
        *,
        jsonl: bool,
        recorder: Recorder | None = None,
        film: Film | None = None,
        journal: Journal | None = None,
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
        from realtime import pictures
        from realtime.cli.inputs import is_folder

        folder = platformdirs.user_pictures_path()
        try:
            folder = folder if is_folder(folder) else Path.cwd()
        except OSError as error:
            raise EmodjError("no picture saved: the folder that emodj was started in is gone") from error
        name = datetime.now().astimezone().strftime("emodj-%Y%m%d-%H%M%S-%f")
        path = folder / f"{name}.png"
        pictures.write(image, path, overwrite=False)
        return str(path)

    def emit(self, elapsed_s: float, faces: tuple[Face, ...]) -> None:
        """Print and log an analysed frame, if somebody wants it."""
        if not self._jsonl and self._journal is None:
            return
        document = documents.frame(elapsed_s, faces, self._session.mood())
        if self._jsonl:
            print_document(document)
        if self._journal is not None:
            self._journal.write(document)

    def emit_frame(self, frame: Frame, elapsed_s: float, faces: tuple[Face, ...]) -> None:
        """The same without a window, where the film is drawn here."""
        self.emit(elapsed_s, faces)
        if self._film is not None or self._recorder is not None:
            from realtime.overlay import draw

            screen = replace(self._session.plain_screen(elapsed_s), recording=True)
            self._record(draw(frame.image, screen))
        self._remark_problem()

    def shown(self, image: Image) -> None:
        """Record what is shown, if somebody wants it."""
        if self._recorder is not None:
            self._recorder.give(image)

    def next_camera(self, frames: LatestFrames) -> str:
        """Turn to the next camera."""
        if self._turner is None:
            return "this is no camera: start emodj without --source to turn through the cameras"
        self._turner.give(frames)
        return "looking for the next camera"

    def problem(self) -> str | None:
        """What there is to say about film, log and cameras, one thing at a time."""
        for writer in (self._recorder, self._film, self._journal):
            if writer is not None and (said := writer.problem()):
                self._ended.append(said)
                if writer is not self._journal:
                    self._session.record(on=False)
                return said
        return self._turner.take() if self._turner is not None else None

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
