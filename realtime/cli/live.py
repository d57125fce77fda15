"""`emodj live`: options, parts and summary."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import STRATEGY, NumberRange, face_option, seed_option, summary_option, with_strategy
from realtime.config.schema import CameraSettings, PowerName, field_range
from realtime.errors import BlackSourceError, EmodjError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.app.run import LiveRun
    from realtime.app.summary_file import SummaryFile
    from realtime.config.schema import Settings
    from realtime.diary.page import DiaryPage
    from realtime.music.catalog import MusicChoice
    from realtime.session.summary import Summary
    from realtime.sources.select import SourceSpec


def _whole_number(name: str) -> click.IntRange:
    """The type of an option: whole numbers in the range of the camera setting of that name."""
    bounds = field_range(CameraSettings, name)
    return click.IntRange(int(bounds.low), int(bounds.high))


_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    epilog="""\b
Examples:
  emodj live                                     the first camera; press h for the keys
  emodj live --camera logitech --width 1280 --height 720
  emodj live --source rtsp://192.168.1.20/stream --wait
  emodj live --source clip.mkv --no-window --jsonl > faces.jsonl
  emodj live --record evening.mkv --log evening.jsonl
  emodj live --dj --no-window                    music follows the mood behind your work
  emodj live --summary evening.html              mood over time, music and movies on a page
""",
)
@click.option("--camera", metavar="CAMERA", help="Number of a camera, part of its name, or its device; see emodj cameras.")
@click.option("--source", metavar="PATH|URL", help="A video file, a stream, or the device of a camera.")
@click.option("--width", type=_whole_number("width"), help="Width to request from the camera, in pixels.")
@click.option("--height", type=_whole_number("height"), help="Height to request, in pixels.")
@click.option("--fps", type=_whole_number("fps"), help="Frames a second to request.")
@click.option("--mirror/--no-mirror", default=None, help="Show the picture as in a mirror; on for cameras, off for files.")
@click.option("--wait", is_flag=True, default=None, help="Wait until the camera or the stream is available.")
@click.option(
    "--duration",
    type=NumberRange(0, min_open=True),
    metavar="SECONDS",
    help="End this long after the first picture; with --wait, also if no picture arrives.",
)
@click.option("--max-frames", type=click.IntRange(1), metavar="N", help="End after N analysed frames.")
@click.option(
    "--no-window", is_flag=True, default=None, help="Analyse without a window; every frame of a file, as fast as possible."
)
@click.option("--record", type=_FILE, metavar="FILE.mkv", help="Write the shown pictures as a video.")
@click.option("--log", type=_FILE, metavar="FILE.jsonl", help="Write faces and moods, one line of JSON for each frame.")
@summary_option
@click.option("--strategy", type=STRATEGY, help="Music like the mood, music that lifts, or a journey from one to the other.")
@click.option("--dj/--no-dj", default=None, help="Let the music follow the mood by itself, song by song (key a).")
@click.option(
    "--power",
    type=click.Choice(get_args(PowerName)),
    help="Save power by looking at the faces less often: on battery (auto), never (full) or always (saving).",
)
@seed_option
@face_option
@click.option("--qr", is_flag=True, default=None, help="Print links also as QR codes.")
@click.option("--json", "as_json", is_flag=True, default=None, help="Print the summary as JSON.")
@click.option("--jsonl", is_flag=True, default=None, help="Print one line of JSON for each frame, and the summary last.")
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
    kept: Path | None,
    strategy: str | None,
    dj: bool | None,
    power: PowerName | None,
    seed: int | None,
    face: str | None,
    qr: bool | None,
    as_json: bool | None,
    jsonl: bool | None,
) -> None:
    """Read the expressions on camera, with the mood of the session and a playlist that fits it.

    The pictures are analysed on this computer; nothing is written or sent unless you request it by an option or a key.
    emodj prints a summary at the end, with music, three movies and a fact.
    """
    from realtime.app.build import build_live, build_source, build_window
    from realtime.app.headless import SessionLimits
    from realtime.app.run import LiveRequest
    from realtime.storage.pipe import raw_stream

    if log is not None and str(log) == "-":
        raise click.UsageError("--log writes a file: --jsonl prints the same lines")
    if source is not None and not source:
        raise click.UsageError("--source is empty: name a file or a stream")
    _check_files({"--record": record, "--log": log, "--summary": kept})
    requested: dict[str, object] = {"device": camera, "width": width, "height": height, "fps": fps}
    settings = _with_dj(_with_options(with_strategy(context.settings(), strategy), requested), dj)
    if power is not None:
        settings = replace(settings, live=replace(settings.live, power=power))
    summary_file = _open_summary(kept)
    diary = _open_diary(context) if settings.diary.keep else None
    with ExitStack() as stack:
        frames = build_source(settings, source, stack, in_order=bool(no_window and not wait), notify=context.remark)
        _check_options(frames, source, requested, wait=bool(wait))
        if not no_window:
            from realtime.app.window import check_display

            # Before the camera is opened: its light must not turn on if no window can show the picture
            check_display()
        request = LiveRequest(
            mirrored=mirror if mirror is not None else settings.camera.mirror and frames.cameras is not None,
            wait=bool(wait),
            limits=SessionLimits(duration, max_frames),
            record=record,
            log=log,
            stdout=raw_stream(sys.stdout) if jsonl else None,
            summary=kept,
            diary=diary is not None,
            seed=seed,
            face=face,
        )
        only_json = bool(as_json or jsonl)

        def announce(choice: MusicChoice, why: str) -> None:
            """Print a link before it is opened. With JSON, on stderr, since stdout holds documents only."""
            from realtime.cli.output import print_choice

            print_choice(choice, why, qr=bool(qr), err=only_json)

        display = None if no_window else build_window()
        run = build_live(settings, frames, request, stack, display=display, notify=context.remark, announce=announce)
        context.stop_if_interrupted()
        _run(run, _SummaryOutput(run, context, summary_file, diary, as_json=only_json, qr=bool(qr)))


def _check_files(files: dict[str, Path | None]) -> None:
    options: dict[Path, str] = {}
    for option, path in files.items():
        if path is not None and (other := options.setdefault(path.absolute(), option)) != option:
            raise click.UsageError(f"{other} and {option} name the same file: choose two names")


def _open_summary(path: Path | None) -> SummaryFile | None:
    if path is None:
        return None
    from realtime.app.summary_file import SummaryFile

    return SummaryFile(path)


def _open_diary(context: Context) -> DiaryPage | None:
    """The diary, if a line can be added to it: a diary that cannot be used ends no session."""
    from realtime.diary.page import DiaryPage

    try:
        return DiaryPage(context.remark)
    except EmodjError as error:
        context.remark(f"this session is not written into the diary: {error}")
        return None


def _check_options(frames: SourceSpec, source: str | None, requested: dict[str, object], *, wait: bool) -> None:
    given = [name for name, value in requested.items() if value is not None]
    if source is not None and given and (frames.cameras is None or "device" in given):
        raise click.UsageError(
            "--camera, --width, --height and --fps are for a camera, and --source names another input: leave one of them out"
        )
    if wait and frames.file is not None:
        raise click.UsageError("--wait is for a camera or a stream, and --source names a file: leave --wait out")


def _with_options(settings: Settings, given: dict[str, object]) -> Settings:
    values = {name: value for name, value in given.items() if value is not None}
    return replace(settings, camera=replace(settings.camera, **values))


def _with_dj(settings: Settings, dj: bool | None) -> Settings:
    return settings if dj is None else replace(settings, music=replace(settings.music, dj=dj))


def _run(run: LiveRun, output: _SummaryOutput) -> None:
    """Run a session, then print and keep its summary, also if an error or Ctrl-C ends it."""
    try:
        run.run()
    except BaseException as error:
        output.finish(error)
        raise
    output.finish()


@dataclass(frozen=True, slots=True)
class _SummaryOutput:
    """Prints the summary of a session, and writes it into a file on request."""

    run: LiveRun
    context: Context
    file: SummaryFile | None
    diary: DiaryPage | None
    as_json: bool
    qr: bool

    def finish(self, error: BaseException | None = None) -> None:
        """Print and keep the summary, unless an error has ended the session before there was anything to tell.

        Args:
            error: what has ended the session, if it did not end by itself; no error of the file takes its place.

        Raises:
            EmodjError: the file cannot be written.
        """
        summary = self.run.session.summary()
        if error is not None and not summary.frames and summary.mood is None:
            return
        # "No face was seen" would not be true of pictures that show nothing
        blind = isinstance(error, BlackSourceError) and summary.mood is None
        problems: list[EmodjError] = []
        try:
            problems = [] if blind else [*self._keep(summary), *self._note(summary)]
        finally:
            if self.as_json or not blind:
                self._print(summary, hurried=isinstance(error, KeyboardInterrupt))
        for problem in problems[: None if error is not None else -1]:
            self.context.print_error(problem)
        if problems and error is None:
            raise problems[-1]

    def _keep(self, summary: Summary) -> Iterator[EmodjError]:
        """Write the file first: printing may wait for a reader. Yields what went wrong."""
        if self.file is None:
            return
        from realtime.cli.output import keep_summary

        try:
            keep_summary(self.file, summary, self.context.remark)
        except EmodjError as error:
            yield error

    def _note(self, summary: Summary) -> Iterator[EmodjError]:
        """Add the line of the diary. Yields what went wrong."""
        if self.diary is None:
            return
        from realtime.cli.signals import delayed

        source = self.run.source
        try:
            with delayed():
                kind = "file" if source.file else "camera" if source.cameras else "stream"
                self.diary.add(summary, kind, self.run.outputs.started)
        except EmodjError as error:
            yield error

    def _print(self, summary: Summary, *, hurried: bool) -> None:
        from realtime.cli.output import print_document, qr_code, summary_report
        from realtime.session.documents import summary_document

        document = summary_document(summary)
        self.run.outputs.finish(document, hurried=hurried)
        if self.run.request.stdout is not None:
            return
        if self.as_json:
            print_document(document)
            return
        for line in summary_report(summary):
            click.echo(line)
        if self.qr and summary.plan is not None and summary.plan.best.url is not None:
            click.echo(qr_code(summary.plan.best.url, sys.stdout), color=True)
