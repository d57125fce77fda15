"""`emodj calibrate`: measure a face at rest, show what would be turned down, and keep it on request."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import click

from realtime.cli.console import is_terminal
from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import NumberRange
from realtime.errors import AssetError, EmodjError, UsageError
from realtime.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.app.run import LiveRun
    from realtime.config.schema import Settings
    from realtime.faces.calibration import RestResult


@click.command(
    epilog="""\b
Examples:
  emodj calibrate                         measure, and print what would be turned down
  emodj calibrate --name ana              the same, then ask and keep seven numbers
  emodj live --face ana                   use them, at half strength
  emodj calibrate --show
  emodj calibrate --forget --name ana
""",
)
@click.option("--seconds", type=NumberRange(3, 60), default=8.0, show_default=True, help="Length of the measurement.")
@click.option("--name", metavar="NAME", help="Ask, and keep the result under this name.")
@click.option("--yes", is_flag=True, default=None, help="Keep it without a question.")
@click.option("--show", is_flag=True, default=None, help="Print what is kept, of all names or of --name; measure nothing.")
@click.option("--forget", is_flag=True, default=None, help="Remove what is kept under --name.")
@click.option("--camera", metavar="CAMERA", help="Number of a camera, part of its name, or its device; see emodj cameras.")
@click.option("--source", metavar="PATH|URL", help="A video file, a stream, or the device of a camera.")
@click.option("--no-window", is_flag=True, default=None, help="Measure without a window.")
@common_options
@pass_context
def calibrate(
    context: Context,
    seconds: float,
    name: str | None,
    yes: bool | None,
    show: bool | None,
    forget: bool | None,
    camera: str | None,
    source: str | None,
    no_window: bool | None,
) -> None:
    """Measure your face at rest: which expressions the network sees in it, and how far they would be turned down.

    Look neutral at the camera for the seconds of the measurement; of a film, its first seconds are read. Nothing is written
    without --name; with it, emodj asks and keeps seven numbers, the day and the network, in a file that only you can read: no
    picture, and nothing to know you by.
    """
    _check_options(name, camera, source, yes=bool(yes), show=bool(show), forget=bool(forget))
    if show:
        _show(name, context)
    elif forget and name is not None:
        _forget(name)
    else:
        settings = context.settings()
        if camera is not None:
            settings = replace(settings, camera=replace(settings.camera, device=camera))
        # Before the camera is opened: a wrong name, or a user without a home
        path = None if name is None else _face_file(name)
        result, network = _measure(settings, source, seconds, context, no_window=bool(no_window))
        _report(result)
        if name is None or path is None:
            context.remark("nothing is kept: emodj calibrate --name NAME keeps it")
        elif not result.calibration.changes:
            context.remark("nothing is kept, since nothing would change")
        else:
            _keep(name, path, result, network, yes=bool(yes))


def _check_options(name: str | None, camera: str | None, source: str | None, *, yes: bool, show: bool, forget: bool) -> None:
    if show and forget:
        raise UsageError("--show prints what is kept, and --forget removes it: leave one of them out")
    if forget and name is None:
        raise UsageError("--forget needs the name of a face at rest: emodj calibrate --show lists them")
    if yes and name is None:
        raise UsageError("--yes keeps the result without a question, which needs --name")
    if source is not None and not source:
        raise UsageError("--source is empty: name a file or a stream")
    if source is not None and camera is not None:
        raise UsageError("--camera is for a camera, and --source names another input: leave one of them out")
    if name is not None and not (yes or show or forget) and not is_terminal(sys.stdin):
        raise UsageError("nobody can be asked here: --yes keeps the result without a question")


def _face_file(name: str) -> Path:
    from realtime.app.build import kept_faces_folder
    from realtime.faces.kept_face import face_path

    return face_path(kept_faces_folder(), name)


def _measure(
    settings: Settings, source: str | None, seconds: float, context: Context, *, no_window: bool
) -> tuple[RestResult, str]:
    """Measure a face at rest; returns the result, and the digest of the network.

    Raises:
        AssetError: the network does not say how it reads neutral faces.
        EmodjError: the seconds cannot be used, or the person stopped them; errors as of `emodj live`.
    """
    from realtime.app.build import build_live, build_source, build_window
    from realtime.app.headless import SessionLimits
    from realtime.app.run import LiveRequest

    # No kept face, and no music that begins by itself
    quiet = replace(settings.music, dj=False)
    settings = replace(settings, faces=replace(settings.faces, calibration=""), music=quiet)
    with ExitStack() as stack:
        frames = build_source(settings, source, stack, in_order=no_window, notify=context.remark)
        if not no_window:
            from realtime.app.window import check_display

            check_display()
        mirrored = settings.camera.mirror and frames.cameras is not None
        request = LiveRequest(mirrored=mirrored, wait=False, limits=SessionLimits(), seed=0)
        run = build_live(
            settings,
            frames,
            request,
            stack,
            display=None if no_window else build_window(),
            notify=context.remark,
            announce=lambda _choice, _why: None,
        )
        context.stop_if_interrupted()
        if run.reader.neutral is None:
            from realtime.session.face_at_rest import NO_REFERENCE

            raise AssetError(NO_REFERENCE)
        if no_window:
            context.remark(_describe_start(run, seconds))
        run.session.measure_only(seconds)
        with context.remarks_stop("stopped: nothing was measured, and nothing is kept"):
            run.run()
        return _result(run), run.reader.network


def _describe_start(run: LiveRun, seconds: float) -> str:
    if run.source.file is None:
        return f"look neutral at the camera for {seconds:g} seconds"
    return f"reading the first {seconds:g} seconds of the film, or all of it: the face in it should look neutral"


def _result(run: LiveRun) -> RestResult:
    rest = run.session.rest
    if run.source.file is not None:
        # A film may be shorter than the measurement
        rest.finish()
    if rest.result is None:
        raise EmodjError(rest.refusal or "nothing was measured: it was stopped before its end")
    return rest.result


def _report(result: RestResult) -> None:
    from realtime.faces.calibration import describe_result

    for line in describe_result(result):
        click.echo(line)


def _keep(name: str, path: Path, result: RestResult, network: str, *, yes: bool) -> None:
    from realtime.faces.kept_face import KeptFace, write_face

    if not yes and not click.confirm(f"keep these seven numbers in {printable(str(path))}?", err=True):
        raise EmodjError("nothing was kept")
    write_face(path.parent, name, KeptFace(result.calibration, datetime.now().astimezone().date(), network))
    click.echo(f"kept: {printable(str(path))}")


def _show(name: str | None, context: Context) -> None:
    from realtime.app.build import kept_faces_folder
    from realtime.faces.calibration import describe_offsets
    from realtime.faces.kept_face import DamagedFaceError, NewerFaceError, face_path, kept_names, read_face

    folder = kept_faces_folder()
    names = kept_names(folder) if name is None else [face_path(folder, name).stem]
    if not names:
        context.remark("no face at rest is kept")
    for each in names:
        try:
            face = read_face(folder, each)
        except (DamagedFaceError, NewerFaceError) as error:
            if name is not None:
                raise
            context.print_error(error)
            continue
        if face is None:
            raise UsageError(f"no face at rest is kept as {printable(each)}: emodj calibrate --show lists them")
        click.echo(f"{printable(each)}: {describe_offsets(face.calibration)}; {face.day}, network {face.network[:12]}")


def _forget(name: str) -> None:
    from realtime.app.build import kept_faces_folder
    from realtime.faces.kept_face import forget_face

    if not forget_face(kept_faces_folder(), name):
        raise UsageError(f"no face at rest is kept as {printable(name)}: emodj calibrate --show lists them")
    click.echo(f"forgotten: {printable(name)}")
