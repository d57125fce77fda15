"""Run a live session to its end: on a display, or without one."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from realtime.app.display import Display
    from realtime.app.explanations import ExplanationThread
    from realtime.app.headless import SessionLimits
    from realtime.app.outputs import LiveOutputs
    from realtime.app.power import PowerWatch
    from realtime.faces.pipeline import FrameReader
    from realtime.session.state import Session
    from realtime.sources.select import SourceSpec
    from realtime.storage.pipe import RawStream


@dataclass(frozen=True, slots=True)
class LiveRequest:
    """Options of a live session besides the settings.

    Attributes:
        mirrored: the picture is shown as in a mirror.
        wait: it waits for a camera or a stream that is not there yet.
        limits: when it ends by itself.
        record: where a film goes, if one is made.
        log: where faces and moods go, if they are logged.
        stdout: gets a document of each frame, if they are printed.
        summary: where the caller keeps the summary, if it does; the screen says so at the start.
        diary: whether the caller writes a line into the diary; the screen says so likewise.
        seed: seed of the movies and facts that the session recommends, 0 or more. None draws one by lot; for a file without a
            display it is 0, so that two runs agree.
        face: name of the face at rest that corrects the faces; None for that of the settings, if they name one.
    """

    mirrored: bool
    wait: bool
    limits: SessionLimits
    record: Path | None = None
    log: Path | None = None
    stdout: RawStream | None = None
    summary: Path | None = None
    diary: bool = False
    seed: int | None = None
    face: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LiveRun:
    """A session that is ready to run, once.

    Attributes:
        session: its state.
        reader: reads its frames.
        source: where they come from.
        display: shows it and reads keys; None runs it without one.
        outputs: where its results go.
        request: its options.
        blank: width and height of the picture until the first frame, pixels; None waits for that frame.
        notify: says a sentence where there is no window.
        explanations: explains labels on the display; None explains none.
        power: says when to save power, before a camera or on a display; None saves none.
    """

    session: Session
    reader: FrameReader
    source: SourceSpec
    display: Display | None
    outputs: LiveOutputs
    request: LiveRequest
    blank: tuple[int, int] | None
    notify: Callable[[str], None]
    explanations: ExplanationThread | None = None
    power: PowerWatch | None = None

    def run(self) -> None:
        """Run the session to its end.

        Raises:
            SourceError: the source gives no frame, or no more of them.
            DisplayError: the window cannot be opened.
            OSError: stdout takes no more documents.
        """
        if self.display is None:
            self._run_without_display()
        else:
            self._run_on(self.display)
        file = self.source.file
        if file is not None and file.remark is not None:
            self.notify(file.remark)

    def _run_on(self, display: Display) -> None:
        import cv2

        from realtime.app.live import LiveSession
        from realtime.sources.grabber import FrameGrabber

        # The other cores are for the other threads; OpenCV's pool spins while it waits for work
        cv2.setNumThreads(1)
        frames = FrameGrabber(self.source.open, wait_for_source=self.request.wait, opening=self.source.opening)
        with self.power or nullcontext():
            LiveSession(
                frames,
                self.reader,
                self.session,
                display,
                self.request.limits,
                self.outputs,
                blank=self.blank,
                explanations=self.explanations,
                power=self.power,
            ).run()

    def _run_without_display(self) -> None:
        from realtime.app.headless import analyse_file, analyse_live
        from realtime.app.headless_music import HeadlessMusic
        from realtime.sources.grabber import FrameGrabber

        request, emit, file = self.request, self.outputs.emit_frame, self.source.file
        # Without keys and without the DJ no music can play
        dj = HeadlessMusic(self.session, self.outputs.music, self.notify) if self.session.dj_on else None
        with dj or nullcontext():
            if file is not None:
                analyse_file(file, self.reader, self.session, request.limits, emit, dj)
                return
            frames = FrameGrabber(self.source.open, wait_for_source=request.wait, opening=self.source.opening)
            # A film needs its frames
            slow = dj is not None and request.record is None
            power = self.power if request.record is None else None
            if slow:
                import cv2

                # OpenCV's pool spins while it waits for work, which comes once a second
                cv2.setNumThreads(1)
            with power or nullcontext():
                analyse_live(frames, self.reader, self.session, request.limits, emit, self.notify, dj, slow=slow, power=power)
