"""A live session of the command line, from its parts to its summary."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from realtime.cli.context import Context
    from realtime.cli.desk import Desk
    from realtime.cli.feeds import Feed
    from realtime.latest import LatestFrames
    from realtime.mood import MoodVote
    from realtime.pipeline import FrameReader
    from realtime.playlists import Choice
    from realtime.settings import Settings
    from realtime.steady import Labels
    from realtime.tracks import Tracker
    from realtime.windowless import Limits
    from realtime.worker import Worker


@dataclass(frozen=True, slots=True)
class Output:
    """What is printed and written of a session.

    Attributes:
        as_json: stdout holds documents alone.
        jsonl: one of them for each frame.
        record: where a film goes, if one is made.
        log: where faces and moods go.
        qr: links are printed as QR codes, too.
    """

    as_json: bool
    jsonl: bool
    record: Path | None
    log: Path | None
    qr: bool = False


class Running:
    """A session and what is printed of it. The summary is printed however the session ends.

    Args:
        settings: in force.
        frames: where they come from.
        context: of the command line.
        output: what is printed and written.
        stack: closes what is opened here.
        mirrored: whether the picture is shown as in a mirror.
        in_window: or without one.
    """

    def __init__(
        self,
        settings: Settings,
        frames: Feed,
        context: Context,
        output: Output,
        stack: ExitStack,
        *,
        mirrored: bool,
        in_window: bool,
    ) -> None:
        from realtime.cli.parts import playlists as playlists_of
        from realtime.pipeline import EMPTY_SCAN_S
        from realtime.session import Session

        self._settings = settings
        self._feed = frames
        self._context = context
        self._output = output
        self._in_window = in_window
        window = settings.window
        self._session = Session(
            vote(settings),
            playlists_of(settings, context),
            strategy=settings.music.strategy,
            mirrored=mirrored,
            bars=window.bars,
            info=window.info,
            welcome=_welcome(output),
        )
        # A file that is read as fast as it goes misses nobody
        hurries = in_window or frames.file is None
        self._reader = frame_reader(settings, context, empty_scan_s=EMPTY_SCAN_S if hurries else 0.0)
        self._desk = self._opened_desk(stack)

    def run(self, limits: Limits, *, wait: bool) -> None:
        """Run the session and print its summary, also where it ends by an error or Ctrl-C after its first frame."""
        try:
            if self._in_window:
                self._run_in_window(limits, wait=wait)
            else:
                self._run_without(limits, wait=wait)
        except BrokenPipeError:
            raise
        except BaseException:
            if self._session.summary().frames:
                self._print_summary()
            raise
        self._print_summary()

    def _run_in_window(self, limits: Limits, *, wait: bool) -> None:
        import cv2

        from realtime.latest import LatestFrames
        from realtime.live import LiveWindow
        from realtime.window import Window

        # The other cores are for the other threads; OpenCV's pool spins while it waits for work
        cv2.setNumThreads(1)
        camera = self._settings.camera
        frames = LatestFrames(self._feed.open, patient=wait, opening=self._feed.opening)
        blank = None if self._feed.file else (camera.width, camera.height)
        LiveWindow(frames, self._reader, self._session, Window("emodj"), limits, self._desk, blank=blank).run()

    def _run_without(self, limits: Limits, *, wait: bool) -> None:
        from realtime.latest import LatestFrames
        from realtime.windowless import run_without_window, watch_without_window

        emit, remark = self._desk.emit_frame, self._context.remark
        if self._feed.file is not None:
            run_without_window(self._feed.file, self._reader, self._session, limits, emit)
            return
        frames = LatestFrames(self._feed.open, patient=wait, opening=self._feed.opening)
        watch_without_window(frames, self._reader, self._session, limits, emit, remark)

    def _opened_desk(self, stack: ExitStack) -> Desk:
        from realtime.cli.desk import Desk
        from realtime.cli.music import Music

        music = Music(self._settings.music, self._announce)
        stack.callback(music.leave)
        output = self._output
        recorder = film = journal = None
        if output.record is not None:
            from realtime.recording import Film, Recorder

            if self._feed.file is not None and not self._in_window:
                film = stack.enter_context(Film(output.record, fps=self._feed.file.rate))
            else:
                recorder = stack.enter_context(Recorder(output.record, fps=self._settings.camera.fps))
            self._session.record(on=True)
        if output.log is not None:
            from realtime.journal import Journal

            journal = stack.enter_context(Journal(output.log))
        return Desk(
            self._session,
            self._turner(stack),
            music,
            jsonl=output.jsonl,
            recorder=recorder,
            film=film,
            journal=journal,
            remark=self._context.remark,
        )

    def _turner(self, stack: ExitStack) -> Worker[LatestFrames, str] | None:
        from realtime.worker import Worker

        cameras = self._feed.cameras
        return None if cameras is None else stack.enter_context(Worker("cameras", cameras.turn))

    def _announce(self, choice: Choice, why: str) -> None:
        """Print a link before it is opened. In JSON it stands in the summary, and stdout holds nothing else."""
        from realtime.cli.offering import offer

        offer(choice, why, qr=self._output.qr, err=self._output.as_json)

    def _print_summary(self) -> None:
        from realtime import documents
        from realtime.cli import report
        from realtime.cli.printing import print_document

        summary = self._session.summary()
        document = documents.summary(summary)
        self._desk.close(document)
        if self._output.as_json:
            print_document(document)
            return
        for line in report.summary(summary):
            click.echo(line)
        if self._output.qr and summary.plan is not None and summary.plan.best.url is not None:
            from realtime.cli.offering import code

            click.echo(code(summary.plan.best.url, sys.stdout), color=True)


def _welcome(output: Output) -> str:
    """What the screen says at the start: what is written is not passed over."""
    from realtime.session import WELCOME

    files = [file.name for file in (output.record, output.log) if file is not None]
    return f"analysed on this computer, written to {' and '.join(files)}" if files else WELCOME


def vote(settings: Settings) -> MoodVote:
    """The vote of a session, with its settings."""
    from realtime.mood import MoodVote

    return MoodVote(window_s=settings.mood.window_s, lead=settings.mood.lead, dwell_s=settings.mood.dwell_s)


def frame_reader(settings: Settings, context: Context, *, empty_scan_s: float = 0.0) -> FrameReader:
    """What reads the frames of a session, with its settings; of an empty room one in so many seconds.

    Raises:
        AssetError: a cascade or the network cannot be used.
        EmodjError: a network without a compiled form, and no TensorFlow to compile it.
    """
    from realtime.cli.parts import face_reader
    from realtime.pipeline import FrameReader

    faces, hold_s = face_reader(settings, settings.faces.live, context), settings.tracking.hold_s
    called = labels(settings, faces.unsure_below)
    return FrameReader(faces, tracker(settings), called, hold_s=hold_s, empty_scan_s=empty_scan_s)


def tracker(settings: Settings) -> Tracker:
    """What follows the faces of a session, with its settings."""
    from realtime.tracks import Tracker

    tracking = settings.tracking
    return Tracker(
        match_overlap=tracking.match_overlap,
        forget_after_s=tracking.forget_after_s,
        smoothing_s=tracking.smoothing_s,
        confirm_s=tracking.confirm_s,
    )


def labels(settings: Settings, unsure_below: float) -> Labels:
    """What holds the labels of a session, with its settings and the threshold of its faces."""
    from realtime.steady import Labels

    tracking = settings.tracking
    slack, lead, dwell_s = tracking.unsure_slack, tracking.label_lead, tracking.label_dwell_s
    return Labels(unsure_below=unsure_below, slack=slack, lead=lead, dwell_s=dwell_s)
