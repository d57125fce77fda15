"""`emodj live`: options, parts and summary."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import STRATEGY, with_strategy
from realtime.config.schema import CameraSettings, field_range
from realtime.errors import BlackSourceError

if TYPE_CHECKING:
    from realtime.app.run import LiveRun
    from realtime.config.schema import Settings
    from realtime.music.catalog import MusicChoice
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
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="End this long after the first picture; with --wait, also if no picture arrives.",
)
@click.option("--max-frames", type=click.IntRange(1), metavar="N", help="End after N analysed frames.")
@click.option(
    "--no-window", is_flag=True, default=None, help="Analyse without a window; every frame of a file, as fast as possible."
)
@click.option("--record", type=_FILE, metavar="FILE.mkv", help="Write the shown pictures as a video.")
@click.option("--log", type=_FILE, metavar="FILE.jsonl", help="Write faces and moods, one line of JSON for each frame.")
@click.option("--strategy", type=STRATEGY, help="Music like the mood, music that lifts, or a journey from one to the other.")
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
    strategy: str | None,
    qr: bool | None,
    as_json: bool | None,
    jsonl: bool | None,
) -> None:
    """Read the expressions on camera, with the mood of the session and a playlist that fits it.

    The pictures are analysed on this computer; nothing is written or sent unless you request it by an option or a key.
    emodj prints a summary at the end.
    """
    from realtime.app.build import build_live, build_source, build_window
    from realtime.app.headless import SessionLimits
    from realtime.app.run import LiveRequest
    from realtime.storage.pipe import raw_stream

    if log is not None and str(log) == "-":
        raise click.UsageError("--log writes a file: --jsonl prints the same lines")
    if source is not None and not source:
        raise click.UsageError("--source is empty: name a file or a stream")
    requested: dict[str, object] = {"device": camera, "width": width, "height": height, "fps": fps}
    settings = _with_options(with_strategy(context.settings(), strategy), requested)
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
        )
        only_json = bool(as_json or jsonl)

        def announce(choice: MusicChoice, why: str) -> None:
            """Print a link before it is opened. With JSON, on stderr, since stdout holds documents only."""
            from realtime.cli.output import print_choice

            print_choice(choice, why, qr=bool(qr), err=only_json)

        display = None if no_window else build_window()
        run = build_live(settings, frames, request, stack, display=display, notify=context.remark, announce=announce)
        context.stop_if_interrupted()
        _run(run, as_json=only_json, qr=bool(qr))


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


def _run(run: LiveRun, *, as_json: bool, qr: bool) -> None:
    """Run a session and print its summary, also if an error or Ctrl-C ends it after its first frame."""
    try:
        run.run()
    except BaseException as error:
        # "No face was seen" would not be true of pictures that show nothing
        if run.session.summary().frames and (as_json or not isinstance(error, BlackSourceError)):
            _print_summary(run, as_json=as_json, qr=qr, hurried=isinstance(error, KeyboardInterrupt))
        raise
    _print_summary(run, as_json=as_json, qr=qr)


def _print_summary(run: LiveRun, *, as_json: bool, qr: bool, hurried: bool = False) -> None:
    from realtime.cli.output import print_document, qr_code, summary_report
    from realtime.session.documents import summary_document

    summary = run.session.summary()
    document = summary_document(summary)
    run.outputs.finish(document, hurried=hurried)
    if run.request.stdout is not None:
        return
    if as_json:
        print_document(document)
        return
    for line in summary_report(summary):
        click.echo(line)
    if qr and summary.plan is not None and summary.plan.best.url is not None:
        click.echo(qr_code(summary.plan.best.url, sys.stdout), color=True)
