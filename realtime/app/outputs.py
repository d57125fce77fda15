"""Where the results of a live session go: the terminal, a log, a film, snapshots."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from realtime.app.output_thread import OutputThread
from realtime.app.stills import is_folder
from realtime.errors import EmodjError
from realtime.session import documents
from realtime.storage.pipe import write_unless
from realtime.storage.user_folders import NoHomeError, pictures_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.app.worker import Worker
    from realtime.domain import Face, Frame, Image
    from realtime.music.commands import PlayerCommand, PlayingMusic
    from realtime.music.planner import Plan
    from realtime.music.songs import NowPlaying
    from realtime.session.state import Session
    from realtime.session.view import ViewState
    from realtime.sources.grabber import FrameGrabber
    from realtime.storage.jsonl_log import JsonlLog
    from realtime.storage.pipe import RawStream
    from realtime.storage.recorder import Film, Recorder


READER_PATIENCE_S = 2.0
"""How long the end of a session in a window waits for a reader of stdout that takes nothing."""

READER_LIMIT_S = 10.0
"""How long it waits for a reader that takes a line now and then: one line a second must not keep the program alive."""

DISK_PATIENCE_S = 10.0
"""How long the end of a session waits for one line or snapshot: a large PNG takes seconds on a slow machine."""

MOST_SNAPSHOTS = 8
"""Snapshots that may wait to be written: a key that is held down presses faster than a PNG is encoded."""


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

    def playing_music(self) -> PlayingMusic:
        """What plays, for the DJ; for any thread."""
        ...


class SessionOutputs(Protocol):
    """What a live session does with its frames and keys besides showing them. Nothing here waits."""

    @property
    def music(self) -> MusicPlayer:
        """The music of the session."""
        ...

    def snapshot(self, image: Image, view: ViewState, /) -> None:
        """Write a frame (BGR) with its view as a picture; `message` says where. The frame must not change after that."""

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


@dataclass(frozen=True, slots=True)
class _Message:
    """A sentence about what is written.

    Attributes:
        sentence: for a person.
        lasting: the terminal repeats it after the session, where the window showed it for a moment.
    """

    sentence: str
    lasting: bool = False


class LiveOutputs:
    """Documents on stdout, a log, a film and snapshots, written by threads. A slow disk or reader costs lines, not the picture.

    Args:
        session: knows the mood of each frame.
        music: of the session.
        camera_switcher: goes to the next camera, in a thread; None where the frames come from elsewhere.
        stdout: gets a document of each frame; None prints none.
        recorder: gets the pictures that the window shows.
        film: gets each frame of a file, drawn, in order.
        log: gets faces and moods; closed here.
        notify: says a sentence in the terminal.
        waits: `emit` waits for a slow disk or reader, and no frame is left out: for sessions without a window.

    Attributes:
        started: local time of the first analysed frame, with its offset from UTC; None before it.
    """

    def __init__(
        self,
        session: Session,
        music: MusicPlayer,
        camera_switcher: Worker[FrameGrabber, str] | None = None,
        *,
        stdout: RawStream | None = None,
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
        self.started: datetime | None = None
        # The threads add messages, the session takes them
        self._messages = deque[_Message]()
        self._to_repeat: list[str] = []
        self._snapshots = threading.BoundedSemaphore(MOST_SNAPSHOTS)
        # Two threads: a blocked pipe must not delay the log
        self._printing = OutputThread("stdout")
        self._writing = OutputThread("outputs", end=None if log is None else log.close)
        self._slow = {
            self._printing: "stdout is read too slowly: frames are left out of it",
            self._writing: "the disk is too slow: frames are left out of the log",
        }

    def __enter__(self) -> Self:
        self._printing.__enter__()
        self._writing.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        # A second Ctrl-C may end the first wait
        try:
            self._printing.close(READER_PATIENCE_S, limit_s=READER_LIMIT_S)
        finally:
            self._writing.close(DISK_PATIENCE_S)

    def snapshot(self, image: Image, view: ViewState) -> None:
        """Write a snapshot into the person's folder of pictures, or where emodj was started if there is none."""
        # Named by the moment of the key press, not by when its turn comes
        name = _snapshot_name()

        def write() -> bool:
            self._messages.append(_Message(_write_snapshot(image, view, name)))
            self._snapshots.release()
            return True

        if not self._snapshots.acquire(blocking=False):
            self._messages.append(_Message("no picture saved: the pictures before it are still being written"))
        else:
            self._writing.submit(write, last=True)

    def emit(self, elapsed_s: float, faces: tuple[Face, ...]) -> None:
        """Print and log an analysed frame, if enabled."""
        if self.started is None:
            self.started = datetime.now().astimezone()
        if self._stdout is not None or self._log is not None:
            events = self._session.take_dj_events()
            self._write(documents.frame_document(elapsed_s, faces, self._session.mood(), events))

    def emit_frame(self, frame: Frame, elapsed_s: float, faces: tuple[Face, ...]) -> None:
        """The same without a window, where the film is drawn here.

        Raises:
            OSError: stdout takes no more documents.
        """
        self.emit(elapsed_s, faces)
        if self._film is not None or self._recorder is not None:
            from realtime.overlay.draw import draw

            picture = draw(frame.image, replace(self._session.snapshot_view(elapsed_s), recording=True))
            if self._film is not None:
                self._film.write_at(picture, elapsed_s)
            self.shown(picture)
        self._notify_messages()
        self._check()

    def shown(self, picture: Image) -> None:
        """Record what is shown, if enabled."""
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
        self._check()
        message = self._next_message()
        if message is not None:
            if message.lasting:
                self._to_repeat.append(message.sentence)
            return message.sentence
        for thread in self._slow:
            if thread.left_out:
                return self._slow.pop(thread)
        return self._camera_switcher.result() if self._camera_switcher is not None else None

    def finish(self, summary: documents.Document, *, hurried: bool = False) -> None:
        """The session is over: write its summary and all that waits, and say in the terminal what went wrong.

        Args:
            summary: the last document of stdout and of the log.
            hurried: a session without a window does not wait for a reader of stdout that takes nothing.

        Raises:
            OSError: stdout takes no more documents.
        """
        self._write(summary, last=True)
        unlimited = self._waits and not hurried
        self._printing.close(None if unlimited else READER_PATIENCE_S, limit_s=None if unlimited else READER_LIMIT_S)
        self._writing.close(None if unlimited else DISK_PATIENCE_S)
        for sentence in self._to_repeat:
            self._notify(sentence)
        self._notify_messages()
        if lines := self._printing.left_out:
            self._notify(f"stdout is read too slowly, lines left out: {lines}")
        if pieces := self._writing.left_out:
            self._notify(f"the disk is too slow, lines or snapshots left out: {pieces}")
        self._check()

    def _write(self, document: documents.Document, *, last: bool = False) -> None:
        stdout, log = self._stdout, self._log
        # The log first: Ctrl-C may end the wait for a reader
        if log is not None:
            self._writing.submit(lambda: self._log_line(log, document), last=last, wait=self._waits)
        if stdout is not None:
            self._printing.submit(lambda: self._print(stdout, document), last=last, wait=self._waits)

    def _print(self, stdout: RawStream, document: documents.Document) -> bool:
        return write_unless(lambda: self._printing.stopped, stdout, documents.encode_line(document))

    def _log_line(self, log: JsonlLog, document: documents.Document) -> bool:
        log.write(document)
        problem = log.problem()
        if problem is not None:
            self._messages.append(_Message(problem, lasting=True))
        return True

    def _check(self) -> None:
        self._printing.check()
        self._writing.check()

    def _next_message(self) -> _Message | None:
        if self._messages:
            return self._messages.popleft()
        for writer in (self._recorder, self._film):
            if writer is not None and (problem := writer.problem()):
                self._session.set_recording(on=False)
                return _Message(problem, lasting=True)
        return None

    def _notify_messages(self) -> None:
        """Say in the terminal what no window shows."""
        while (message := self._next_message()) is not None:
            self._notify(message.sentence)


def _snapshot_name() -> str:
    return datetime.now().astimezone().strftime("emodj-%Y%m%d-%H%M%S-%f.png")


def _snapshot_folder() -> Path:
    try:
        folder = pictures_folder()
    except NoHomeError:
        return Path.cwd()
    return folder if is_folder(folder) else Path.cwd()


def _write_snapshot(image: Image, view: ViewState, name: str) -> str:
    """Write a snapshot into the person's folder of pictures, or where emodj was started if there is none."""
    from realtime.overlay.draw import draw
    from realtime.storage.image_file import write_image

    try:
        path = _snapshot_folder() / name
    except OSError:
        return "no picture saved: the folder that emodj was started in is gone"
    try:
        write_image(draw(image, view), path, overwrite=False)
    except EmodjError as error:
        return str(error)
    return f"picture saved: {path}"
