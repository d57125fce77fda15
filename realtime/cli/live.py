"""`emodj live`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import platformdirs

from realtime.cli.context import Context, common_options, pass_context
from realtime.errors import EmodjError
from realtime.settings import Camera, limits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.capture import VideoSource
    from realtime.domain import Face, Image
    from realtime.pipeline import FrameReader
    from realtime.playlists import Playlist
    from realtime.settings import Settings
    from realtime.windowless import Limits


def _whole(name: str) -> click.IntRange:
    """Whole numbers that the setting of that name may be."""
    bounds = limits(Camera, name)
    return click.IntRange(int(bounds.low), int(bounds.high))


@click.command(
    epilog="""\b
Examples:
  emodj live                                     the first camera; press h for the keys
  emodj live --camera 1 --width 1280 --height 720
  emodj live --source clip.mkv --no-window --jsonl > faces.jsonl
  emodj live --no-window --duration 60 --json
""",
)
@click.option("--camera", type=_whole("index"), help="Number of the camera, from 0.")
@click.option("--source", metavar="PATH|URL", help="A video file or a stream; or a camera by its device.")
@click.option("--width", type=_whole("width"), help="Wanted width of the camera's picture, pixels.")
@click.option("--height", type=_whole("height"), help="Wanted height, pixels.")
@click.option("--fps", type=_whole("fps"), help="Wanted frames a second.")
@click.option("--mirror/--no-mirror", default=None, help="Show as in a mirror; on for cameras, off for files.")
@click.option("--duration", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="End after so long.")
@click.option("--max-frames", type=click.IntRange(1), metavar="N", help="End after so many analysed frames.")
@click.option("--no-window", is_flag=True, default=None, help="Analyse only; every frame of a file, as fast as it goes.")
@click.option("--json", "as_json", is_flag=True, default=None, help="Print the summary as JSON.")
@click.option("--jsonl", is_flag=True, default=None, help="Print a line of JSON for each frame, the summary last.")
@common_options
@pass_context
def live(
    context: Context,
    camera: int | None,
    source: str | None,
    width: int | None,
    height: int | None,
    fps: int | None,
    mirror: bool | None,
    duration: float | None,
    max_frames: int | None,
    no_window: bool | None,
    as_json: bool | None,
    jsonl: bool | None,
) -> None:
    """Read the expressions on camera, with the mood of the session and a playlist that fits it.

    Analysed on this computer; nothing is written or sent unless you press a key for it. Prints a summary at the end.
    """
    from realtime.windowless import Limits

    wanted = {"index": camera, "width": width, "height": height, "fps": fps}
    settings = _with_options(context.settings(), wanted)
    device = _device(source, settings.camera.index, [name for name, value in wanted.items() if value is not None])
    if not no_window:
        from realtime.window import check_display

        # Before the camera: its light must not go on for nothing
        check_display()
    mirrored = mirror if mirror is not None else settings.camera.mirror and device is not None
    with _opened(source, device, settings.camera) as opened:
        session = _Printed(settings, opened, context, mirrored=mirrored, as_json=bool(as_json or jsonl), jsonl=bool(jsonl))
        context.stop_if_interrupted()
        session.run(Limits(duration, max_frames), in_window=not no_window)


def _device(source: str | None, index: int, wanted: Sequence[str]) -> int | str | None:
    """Number or path of the camera that is asked for, None for a file or a stream."""
    from realtime.capture import is_camera, local_path

    if source is None:
        return index
    if not source:
        raise click.UsageError("--source is empty: name a file or a stream")
    if is_camera(local_path(source)):
        if "index" not in wanted:
            return local_path(source)
    elif not wanted:
        return None
    raise click.UsageError(
        "--camera, --width, --height and --fps are for a camera, and --source names something else: which should it be?"
    )


def _opened(source: str | None, device: int | str | None, wanted: Camera) -> VideoSource:
    from realtime.capture import open_camera, open_source

    if source is not None and device is None:
        return open_source(source)
    return open_camera(device or wanted.index, width=wanted.width, height=wanted.height, fps=wanted.fps)


def _with_options(settings: Settings, given: dict[str, int | None]) -> Settings:
    values = {name: value for name, value in given.items() if value is not None}
    return replace(settings, camera=replace(settings.camera, **values))


class _Printed:
    """A session and what is printed of it. The summary is printed however the session ends."""

    def __init__(
        self,
        settings: Settings,
        source: VideoSource,
        context: Context,
        *,
        mirrored: bool,
        as_json: bool,
        jsonl: bool,
    ) -> None:
        from realtime.mood import MoodVote
        from realtime.session import Session

        self._source = source
        self._as_json = as_json
        self._jsonl = jsonl
        vote = MoodVote(window_s=settings.mood.window_s, lead=settings.mood.lead)
        window = settings.window
        self._session = Session(vote, settings.playlists, mirrored=mirrored, bars=window.bars, info=window.info)
        self._reader = _frame_reader(settings, context)

    def run(self, limits: Limits, *, in_window: bool) -> None:
        """Run the session and print its summary, also where it ends by an error or Ctrl-C after its first frame."""
        try:
            if in_window:
                self._run_in_window(limits)
            else:
                from realtime.windowless import run_without_window

                run_without_window(self._source, self._reader, self._session, limits, self._emit)
        except BrokenPipeError:
            raise
        except BaseException:
            if self._session.summary().frames:
                self._print_summary()
            raise
        self._print_summary()

    def _run_in_window(self, limits: Limits) -> None:
        from realtime.live import LiveWindow
        from realtime.window import Window

        LiveWindow(
            self._source,
            self._reader,
            self._session,
            Window("emodj"),
            limits,
            play=_play,
            snapshot=_snapshot,
            announce=self._announce,
            emit=self._emit,
        ).run()

    def _emit(self, elapsed_s: float, faces: tuple[Face, ...]) -> None:
        if self._jsonl:
            from realtime import documents
            from realtime.cli.printing import print_document

            print_document(documents.frame(elapsed_s, faces, self._session.mood()))

    def _announce(self, playlist: Playlist) -> None:
        # In JSON the link stands in the summary, and stdout holds nothing else
        click.echo(playlist.url, err=self._as_json)

    def _print_summary(self) -> None:
        from realtime import documents
        from realtime.cli import report
        from realtime.cli.printing import print_document

        summary = self._session.summary()
        if self._as_json:
            print_document(documents.summary(summary))
            return
        for line in report.summary(summary):
            click.echo(line)


def _frame_reader(settings: Settings, context: Context) -> FrameReader:
    from realtime.cli.parts import face_reader
    from realtime.pipeline import FrameReader
    from realtime.tracks import Tracker

    tracking = settings.tracking
    tracker = Tracker(
        match_overlap=tracking.match_overlap,
        forget_after_s=tracking.forget_after_s,
        smoothing_s=tracking.smoothing_s,
    )
    return FrameReader(face_reader(settings, settings.faces.live, context), tracker)


def _play(playlist: Playlist) -> str:
    from realtime.music.link import open_link

    if open_link(playlist.url):
        return f"handed to the browser: {playlist.title}; the link is in the terminal too"
    return "no browser could be started: the link is in the terminal"


def _snapshot(drawn: Image) -> str:
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
    pictures.write(drawn, path, overwrite=False)
    return str(path)
