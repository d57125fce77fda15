"""`emodj live`."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.app.build import build_frame_reader, build_vote
from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import STRATEGY, with_strategy
from realtime.config.schema import CameraSettings, field_range

if TYPE_CHECKING:
    from realtime.app.headless import SessionLimits
    from realtime.app.outputs import LiveOutputs
    from realtime.app.worker import Worker
    from realtime.config.schema import Settings
    from realtime.music.catalog import MusicChoice
    from realtime.sources.grabber import FrameGrabber
    from realtime.sources.select import SourceSpec


def _whole(name: str) -> click.IntRange:
    """Whole numbers that the setting of that name may be."""
    bounds = field_range(CameraSettings, name)
    return click.IntRange(int(bounds.low), int(bounds.high))


_file = click.Path(path_type=Path, dir_okay=False)


@click.command(
    epilog="""\b
Examples:
  emodj live                                     the first camera; press h for the keys
  emodj live --camera logitech --width 1280 --height 720
  emodj live --source rtsp://192.168.1.20/stream --wait
  emodj live --source clip.mkv --no-window --jsonl > faces.jsonl
  emodj live --record evening.mkv --log evening.jsonl
""",
)
@click.option("--camera", metavar="CAMERA", help="Its number, a part of its name, or its device; see emodj cameras.")
@click.option("--source", metavar="PATH|URL", help="A video file or a stream; or a camera by its device.")
@click.option("--width", type=_whole("width"), help="Wanted width of the camera's picture, pixels.")
@click.option("--height", type=_whole("height"), help="Wanted height, pixels.")
@click.option("--fps", type=_whole("fps"), help="Wanted frames a second.")
@click.option("--mirror/--no-mirror", default=None, help="Show as in a mirror; on for cameras, off for files.")
@click.option("--wait", is_flag=True, default=None, help="Wait for a camera or stream that is not there yet.")
@click.option(
    "--duration",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="End so long after the first picture; with --wait, also without one.",
)
@click.option("--max-frames", type=click.IntRange(1), metavar="N", help="End after so many analysed frames.")
@click.option("--no-window", is_flag=True, default=None, help="Analyse only; every frame of a file, as fast as it goes.")
@click.option("--record", type=_file, metavar="FILE.mkv", help="Write what is shown as a video.")
@click.option("--log", type=_file, metavar="FILE.jsonl", help="Write faces and moods, a line of JSON for each frame.")
@click.option("--strategy", type=STRATEGY, help="Music like the mood, that lifts, or from the one to the other.")
@click.option("--qr", is_flag=True, default=None, help="Print links as QR codes, too.")
@click.option("--json", "as_json", is_flag=True, default=None, help="Print the summary as JSON.")
@click.option("--jsonl", is_flag=True, default=None, help="Print a line of JSON for each frame, the summary last.")
@common_options
@pass_context
def live(
    context: Context,
    camera: str | None,
    source: str | None,
    width: int | None,
    height: int | None,
    fps: int | None,
    mirror: bool | None,
    wait: bool | None,
    duration: float | None,
    max_frames: int | None,
    no_window: bool | None,
    record: Path | None,
    log: Path | None,
    strategy: str | None,
    qr: bool | None,
    as_json: bool | None,
    jsonl: bool | None,
) -> None:
    """Read the expressions on camera, with the mood of the session and a playlist that fits it.

    Analysed on this computer; nothing is written or sent unless you ask for it by an option or a key. Prints a summary
    at the end.
    """
    from realtime.app.headless import SessionLimits
    from realtime.cli.live import LiveOptions, LiveRun
    from realtime.sources.select import select_source

    if log is not None and str(log) == "-":
        raise click.UsageError("--log writes a file: --jsonl prints the same lines")
    if source is not None and not source:
        raise click.UsageError("--source is empty: name a file or a stream")
    wanted: dict[str, object] = {"device": camera, "width": width, "height": height, "fps": fps}
    settings = _with_options(with_strategy(context.settings(), strategy), wanted)
    with ExitStack() as stack:
        frames = select_source(source, settings.camera, stack, in_order=bool(no_window and not wait))
        _check_options(frames, source, wanted, wait=bool(wait))
        if not no_window:
            from realtime.app.window import check_display

            # Before a camera or a stream is opened: its light must not go on for nothing
            check_display()
        mirrored = mirror if mirror is not None else settings.camera.mirror and frames.cameras is not None
        output = LiveOptions(as_json=bool(as_json or jsonl), jsonl=bool(jsonl), record=record, log=log, qr=bool(qr))
        running = LiveRun(settings, frames, context, output, stack, mirrored=mirrored, in_window=not no_window)
        context.stop_if_interrupted()
        running.run(SessionLimits(duration, max_frames), wait=bool(wait))


def _check_options(frames: SourceSpec, source: str | None, wanted: dict[str, object], *, wait: bool) -> None:
    given = [name for name, value in wanted.items() if value is not None]
    if source is not None and given and (frames.cameras is None or "device" in given):
        raise click.UsageError(
            "--camera, --width, --height and --fps are for a camera, and --source names something else: which should it be?"
        )
    if wait and frames.file is not None:
        raise click.UsageError("--wait is for a camera or a stream: a file is there or it is not")


def _with_options(settings: Settings, given: dict[str, object]) -> Settings:
    values = {name: value for name, value in given.items() if value is not None}
    return replace(settings, camera=replace(settings.camera, **values))


@dataclass(frozen=True, slots=True)
class LiveOptions:
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


class LiveRun:
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
        frames: SourceSpec,
        context: Context,
        output: LiveOptions,
        stack: ExitStack,
        *,
        mirrored: bool,
        in_window: bool,
    ) -> None:
        from realtime.app.build import build_playlists as playlists_of
        from realtime.faces.pipeline import EMPTY_SCAN_S
        from realtime.session.state import Session

        self._settings = settings
        self._feed = frames
        self._context = context
        self._output = output
        self._in_window = in_window
        window = settings.window
        self._session = Session(
            build_vote(settings),
            playlists_of(settings, context),
            strategy=settings.music.strategy,
            mirrored=mirrored,
            bars=window.bars,
            info=window.info,
            welcome=_welcome(output),
        )
        # A file that is read as fast as it goes misses nobody
        hurries = in_window or frames.file is None
        self._reader = build_frame_reader(settings, context, empty_scan_s=EMPTY_SCAN_S if hurries else 0.0)
        self._desk = self._opened_desk(stack)

    def run(self, limits: SessionLimits, *, wait: bool) -> None:
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

    def _run_in_window(self, limits: SessionLimits, *, wait: bool) -> None:
        import cv2

        from realtime.app.live import LiveSession
        from realtime.app.window import Window
        from realtime.sources.grabber import FrameGrabber

        # The other cores are for the other threads; OpenCV's pool spins while it waits for work
        cv2.setNumThreads(1)
        camera = self._settings.camera
        frames = FrameGrabber(self._feed.open, patient=wait, opening=self._feed.opening)
        blank = None if self._feed.file else (camera.width, camera.height)
        LiveSession(frames, self._reader, self._session, Window("emodj"), limits, self._desk, blank=blank).run()

    def _run_without(self, limits: SessionLimits, *, wait: bool) -> None:
        from realtime.app.headless import analyse_file, analyse_live
        from realtime.sources.grabber import FrameGrabber

        emit, remark = self._desk.emit_frame, self._context.remark
        if self._feed.file is not None:
            analyse_file(self._feed.file, self._reader, self._session, limits, emit)
            return
        frames = FrameGrabber(self._feed.open, patient=wait, opening=self._feed.opening)
        analyse_live(frames, self._reader, self._session, limits, emit, remark)

    def _opened_desk(self, stack: ExitStack) -> LiveOutputs:
        from realtime.app.outputs import LiveOutputs
        from realtime.music.controller import MusicController

        music = MusicController(self._settings.music, self._announce)
        stack.callback(music.stop_accepting)
        output = self._output
        recorder = film = journal = None
        if output.record is not None:
            from realtime.storage.recorder import Film, Recorder

            if self._feed.file is not None and not self._in_window:
                film = stack.enter_context(Film(output.record, fps=self._feed.file.rate))
            else:
                recorder = stack.enter_context(Recorder(output.record, fps=self._settings.camera.fps))
            self._session.set_recording(on=True)
        if output.log is not None:
            from realtime.storage.jsonl_log import JsonlLog

            journal = stack.enter_context(JsonlLog(output.log))
        return LiveOutputs(
            self._session,
            self._turner(stack),
            music,
            jsonl=output.jsonl,
            recorder=recorder,
            film=film,
            journal=journal,
            remark=self._context.remark,
        )

    def _turner(self, stack: ExitStack) -> Worker[FrameGrabber, str] | None:
        from realtime.app.worker import Worker

        cameras = self._feed.cameras
        return None if cameras is None else stack.enter_context(Worker("cameras", cameras.next))

    def _announce(self, choice: MusicChoice, why: str) -> None:
        """Print a link before it is opened. In JSON it stands in the summary, and stdout holds nothing else."""
        from realtime.cli.output import print_choice

        print_choice(choice, why, qr=self._output.qr, err=self._output.as_json)

    def _print_summary(self) -> None:
        from realtime.cli import output as output_module
        from realtime.cli.output import print_document
        from realtime.session import documents

        summary = self._session.summary()
        document = documents.summary_document(summary)
        self._desk.close(document)
        if self._output.as_json:
            print_document(document)
            return
        for line in output_module.summary_report(summary):
            click.echo(line)
        if self._output.qr and summary.plan is not None and summary.plan.best.url is not None:
            from realtime.cli.output import qr_code

            click.echo(qr_code(summary.plan.best.url, sys.stdout), color=True)


def _welcome(output: LiveOptions) -> str:
    """What the screen says at the start: what is written is not passed over."""
    from realtime.session.state import WELCOME

    files = [file.name for file in (output.record, output.log) if file is not None]
    return f"analysed on this computer, written to {' and '.join(files)}" if files else WELCOME
