"""Where the results of a live session go: the terminal, a log, a film, snapshots."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

import platformdirs

from realtime.app.output_thread import OutputThread
from realtime.app.stills import is_folder
from realtime.errors import EmodjError
from realtime.session import documents
from realtime.storage.pipe import write_unless

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.app.worker import Worker
    from realtime.domain import Face, Frame, Image
    from realtime.music.commands import PlayerCommand
    from realtime.music.planner import Plan
    from realtime.music.songs import NowPlaying
    from realtime.session.state import Session
    from realtime.session.view import ViewState
    from realtime.sources.grabber import FrameGrabber
    from realtime.storage.jsonl_log import JsonlLog
    from realtime.storage.recorder import Film, Recorder


class MusicPlayer(Protocol):
    """Plays a session's music. `handle` and `poll` are called in one thread, that of the music, and may take their time."""

    def handle(self, command: PlayerCommand, /) -> str | None:
        """Do what a key asks for; returns a sentence for the screen, if there is something to say."""
        ...

    def poll(self) -> str | None:
        """Look after what plays by itself, a few times a second; returns a sentence likewise."""
        ...

    def close(self) -> None:
        """Stop what is played; called once, at the end, in the same thread."""
        ...

    def now_playing(self) -> tuple[NowPlaying | None, Plan | None]:
        """The song that is played now, and the plan that it belongs to; for any thread."""
        ...


class SessionOutputs(Protocol):
    """What a live session does with its frames and keys besides showing them. Nothing here waits."""

    @property
    def music(self) -> MusicPlayer:
        """The music of the session."""
        ...

    def snapshot(self, image: Image, view: ViewState, /) -> None:
        """Write a frame (BGR) with its view as a picture; `message` says where."""

    def emit(self, elapsed_s: float, faces: tuple[Face, ...], /) -> None:
        """Write the faces of an analysed frame, `elapsed_s` seconds after the first."""

    def shown(self, picture: Image, /) -> None:
        """Record a picture (BGR) as it is shown."""

    def next_camera(self, frames: FrameGrabber, /) -> str:
        """Have the frames come from the next camera; returns the sentence that the screen shows."""
        ...

    def message(self) -> str | None:
        """The next sentence for the screen: a snapshot is written, a log has ended. None if there is none.

        Raises:
            OSError: stdout takes no more documents.
        """
        ...


class LiveOutputs:
    """Documents on stdout, a log, a film and snapshots. A disk or a reader that is slow costs lines, never the picture.

    Args:
        session: asked for the mood of each frame.
        music: of the session.
        camera_switcher: goes to the next camera, in a thread of its own; None where the frames come from elsewhere.
        stdout: file descriptor for a document of each frame; None prints none.
        recorder: takes the pictures that the window shows.
        film: takes each frame of a file, drawn, in order.
        log: takes faces and moods; closed at the end.
        notify: says a sentence where there is no window.
        waits: `emit` waits for a slow disk or reader, and no frame is left out: for sessions without a window.
    """

    def __init__(
        self,
        session: Session,
        music: MusicPlayer,
        camera_switcher: Worker[FrameGrabber, str] | None = None,
        *,
        stdout: int | None = None,
        recorder: Recorder | None = None,
        film: Film | None = None,
        log: JsonlLog | None = None,
        notify: Callable[[str], None],
        waits: bool = False,
    ) -> None:
        self._session = session
        self.music = music
        self._camera_switcher = camera_switcher
        self._stdout = stdout
        self._recorder = recorder
        self._film = film
        self._log = log
        self._notify = notify
        self._waits = waits
        self._log_ended = False
        self._ended: list[str] = []
        # Two threads: a pipe that nobody reads does not keep the log from the disk
        self._printing = OutputThread("stdout", "what reads the documents is too slow: some frames are left out of them")
        self._writing = OutputThread(
            "outputs",
            "the disk is too slow: something is left out of the log or the snapshots",
            end=None if log is None else log.close,
        )

    def __enter__(self) -> Self:
        self._printing.__enter__()
        self._writing.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._printing.close()
        self._writing.close()

    def snapshot(self, image: Image, view: ViewState) -> None:
        """Write a snapshot into the person's folder of pictures, or where emodj was started if there is none."""
        # Named by the moment of the key press, not by when its turn comes
        name = _snapshot_name()
        self._writing.submit(lambda: _write_snapshot(image, view, name))

    def emit(self, elapsed_s: float, faces: tuple[Face, ...]) -> None:
        """Print and log an analysed frame, if that was asked for."""
        if self._stdout is not None or self._log is not None:
            self._write(documents.frame_document(elapsed_s, faces, self._session.mood()))

    def emit_frame(self, frame: Frame, elapsed_s: float, faces: tuple[Face, ...]) -> None:
        """The same without a window, where the film is drawn here."""
        self.emit(elapsed_s, faces)
        if self._film is not None or self._recorder is not None:
            from realtime.overlay.draw import draw

            picture = draw(frame.image, replace(self._session.snapshot_view(elapsed_s), recording=True))
            if self._film is not None:
                self._film.write(picture)
            self.shown(picture)
        self._notify_messages()

    def shown(self, picture: Image) -> None:
        """Record what is shown, if that was asked for."""
        if self._recorder is not None:
            self._recorder.submit(picture)

    def next_camera(self, frames: FrameGrabber) -> str:
        """Go to the next camera."""
        if self._camera_switcher is None:
            return "this is no camera: start emodj without --source to turn through the cameras"
        self._camera_switcher.submit(frames)
        return "looking for the next camera"

    def message(self) -> str | None:
        """The next sentence on documents, log, snapshots, film and cameras; None if there is none.

        Raises:
            OSError: stdout takes no more documents.
        """
        said = self._printing.message() or self._writing.message()
        if said is not None:
            return said
        for writer in (self._recorder, self._film):
            if writer is not None and (said := writer.problem()):
                self._session.set_recording(on=False)
                self._ended.append(said)
                return said
        return self._camera_switcher.result() if self._camera_switcher is not None else None

    def finish(self, summary: documents.Document) -> None:
        """The session is over: the documents end with its summary, and what ended early is said in the terminal.

        Raises:
            OSError: stdout takes no more documents.
        """
        self._write(summary, last=True)
        if not self._printing.close():
            self._ended.append("the last documents were not printed: nothing reads them")
        self._writing.close()
        self._notify_messages()

    def _write(self, document: documents.Document, *, last: bool = False) -> None:
        wait, log, stdout = self._waits, self._log, self._stdout
        if stdout is not None:
            line = documents.encode_line(document)
            self._printing.submit(lambda: self._print(stdout, line), last=last, wait=wait)
        if log is not None and not self._log_ended:
            self._writing.submit(lambda: self._log_line(log, document), last=last, wait=wait)

    def _print(self, stdout: int, line: bytes) -> None:
        write_unless(lambda: self._printing.stopped, stdout, line)

    def _log_line(self, log: JsonlLog, document: documents.Document) -> str | None:
        log.write(document)
        problem = log.problem()
        if problem is not None:
            self._log_ended = True
            self._ended.append(problem)
        return problem

    def _notify_messages(self) -> None:
        """Say in the terminal what no screen shows, and what ended early also where one does."""
        while self.message():
            pass
        while self._ended:
            self._notify(self._ended.pop(0))


def _snapshot_name() -> str:
    return datetime.now().astimezone().strftime("emodj-%Y%m%d-%H%M%S-%f.png")


def _write_snapshot(image: Image, view: ViewState, name: str) -> str:
    """Write a snapshot into the person's folder of pictures, or where emodj was started if there is none."""
    from realtime.overlay.draw import draw
    from realtime.storage.image_file import write_image

    folder = platformdirs.user_pictures_path()
    try:
        path = (folder if is_folder(folder) else Path.cwd()) / name
    except OSError:
        return "no picture saved: the folder that emodj was started in is gone"
    try:
        write_image(draw(image, view), path, overwrite=False)
    except EmodjError as error:
        return str(error)
    return f"picture saved: {path}"
