"""`emodj image`: options, report and exit status."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import click

from realtime.cli.console import is_terminal
from realtime.cli.context import SOME_FAILED, Context, common_options, pass_context
from realtime.cli.garbage import without_collection
from realtime.cli.options import STRATEGY, face_option, json_option, with_strategy
from realtime.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from realtime.app.stills import PictureInput
    from realtime.domain import Image
    from realtime.errors import EmodjError
    from realtime.faces.pipeline import Detector, FaceReader
    from realtime.music.catalog import Playlists
    from realtime.music.planner import Strategy
    from realtime.session.documents import AnalysedPicture


@click.command(
    epilog="""\b
Examples:
  emodj image photo.jpg
  emodj image photo.jpg -o annotated.png
  emodj image photo.jpg --explain -o why.png
  emodj image holiday/ --recursive --json > faces.json
  curl -s URL | emodj image -
""",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("-r", "--recursive", is_flag=True, default=None, help="Read the folders inside folders, too.")
@json_option
@click.option("-o", "--output", metavar="FILE|DIR", help="Write the annotated picture.")
@click.option("--force", is_flag=True, default=None, help="Let --output replace files; never the picture itself.")
@click.option(
    "--explain",
    is_flag=True,
    default=None,
    help="Add panels to the annotated picture: why the largest faces have their labels.",
)
@click.option("--show", is_flag=True, default=None, help="Show each annotated picture in a window; any key shows the next one.")
@click.option("--open", "opens", is_flag=True, default=None, help="Open the playlist that fits all pictures together.")
@click.option("--strategy", type=STRATEGY, help="Music like the mood, music that lifts, or a journey from one to the other.")
@face_option
@click.option("--qr", is_flag=True, default=None, help="Print the link that fits all pictures together, also as a QR code.")
@common_options
@pass_context
def image(
    context: Context,
    paths: tuple[str, ...],
    recursive: bool | None,
    as_json: bool | None,
    output: str | None,
    force: bool | None,
    explain: bool | None,
    show: bool | None,
    opens: bool | None,
    strategy: str | None,
    face: str | None,
    qr: bool | None,
) -> int:
    """Read the expressions in pictures.

    PATH is a picture, a folder of pictures, or - for the standard input. emodj prints each face from left to right, the
    mood of the picture, and a playlist that fits.
    """
    if explain and output is None and not show:
        raise click.UsageError("--explain draws into the annotated picture: add --output FILE, or --show")
    with without_collection():
        from realtime.app.build import (
            build_detector,
            build_face_reader,
            build_playlists,
            check_face,
            smallest_face,
            with_kept_face,
        )
        from realtime.app.stills import PictureTarget, StillsReader, find_inputs

        settings = with_strategy(context.settings(), strategy)
    if face is not None:
        check_face(face)
    inputs = list(find_inputs(paths, recursive=bool(recursive), notify=context.remark))
    music = build_playlists(settings, context.remark)
    target = None if output is None else PictureTarget(output, [item.path for item in inputs], force=bool(force))
    interrupted = False

    def faces(detector: Callable[[], Detector]) -> FaceReader:
        with without_collection():
            loaded = build_face_reader(settings, settings.faces.image, context.remark, detector)
        context.stop_if_interrupted()
        return loaded if face is None else with_kept_face(loaded, face, context.remark)

    with _open_viewer(enabled=bool(show)) as view:
        reader = StillsReader(
            partial(build_detector, settings.faces, settings.faces.image),
            faces,
            music,
            settings.music.strategy,
            stdin=sys.stdin.buffer,
            target=target,
            view=view,
            notify=context.remark,
            smallest_face=partial(smallest_face, settings.faces),
            explains=bool(explain),
        )
        try:
            with _show_progress(inputs, context) as items:
                for item in items:
                    reader.read(item)
        except KeyboardInterrupt:
            interrupted = True
    _print_reports(reader.pictures, as_json=bool(as_json))
    if interrupted:
        for failure in reader.failures:
            context.print_error(failure)
        raise KeyboardInterrupt
    if opens or qr:
        flags = {"as_json": bool(as_json), "opens": bool(opens), "qr": bool(qr)}
        _open_for_all(music, settings.music.strategy, reader.pictures, context, **flags)
    return _exit_status(reader.failures, len(inputs), context)


def _print_reports(pictures: Sequence[AnalysedPicture], *, as_json: bool) -> None:
    from realtime.cli.output import picture_report, print_document
    from realtime.session import documents

    if as_json:
        print_document(documents.pictures_document(pictures), indent=2)
        return
    reports = [list(picture_report(picture)) for picture in pictures]
    for number, lines in enumerate(filter(None, reports)):
        for line in ["", *lines] if number else lines:
            click.echo(line)


def _exit_status(failures: Sequence[EmodjError], inputs: int, context: Context) -> int:
    if inputs == 1 and failures:
        raise failures[0]
    for failure in failures:
        context.print_error(failure)
    if not failures:
        return 0
    return SOME_FAILED if len(failures) < inputs else 1


@contextmanager
def _show_progress(inputs: Sequence[PictureInput], context: Context) -> Generator[Iterator[PictureInput]]:
    if len(inputs) > 1 and is_terminal(sys.stderr) and not context.quiet:
        with click.progressbar(inputs, label="reading", file=sys.stderr, item_show_func=_file_name) as bar:
            yield iter(bar)
    else:
        yield iter(inputs)


def _file_name(item: PictureInput | None) -> str:
    return "" if item is None else printable(item.name.name)


@contextmanager
def _open_viewer(*, enabled: bool) -> Generator[Callable[[Image], None] | None]:
    """Yield a function that shows a picture until a key is pressed; None if disabled. After q or Esc it shows nothing more."""
    if not enabled:
        yield None
        return
    from realtime.app.window import Window, check_display

    check_display()
    with Window("emodj") as window:

        def view(drawn: Image) -> None:
            window.show(drawn)
            while not window.closed:
                key = window.poll(50)
                if key in {"q", "escape"}:
                    window.close()
                if key is not None:
                    return

        yield view


def _open_for_all(
    music: Playlists,
    strategy: Strategy,
    pictures: Sequence[AnalysedPicture],
    context: Context,
    *,
    as_json: bool,
    opens: bool,
    qr: bool,
) -> None:
    """Open the first link for the mood of all pictures together, or print its QR code; print the link if no report has it."""
    from realtime.cli.output import mood_report, print_choice
    from realtime.mood import vote
    from realtime.music.open_link import open_link
    from realtime.music.planner import plan_music

    mood = vote.mood_of_pictures(*(picture.faces for picture in pictures))
    plan = plan_music(music, mood, strategy)
    if mood is None:
        context.remark("no playlist to open: no face was seen clearly enough")
        return
    link = None if plan is None else next((choice for choice in plan.choices if choice.url), None)
    if plan is None or link is None:
        context.remark("no playlist to open: your settings have no link for this mood; emodj play plays songs")
        return
    if len(pictures) > 1 and not as_json:
        for line in ("", "all together", *mood_report(mood, plan)):
            click.echo(line)
    # Print the link if no report has printed it: on a machine without a browser, a person can copy it
    if as_json or qr or link != plan.best:
        print_choice(link, plan.why, qr=qr, err=as_json)
    if not opens:
        return
    opened = open_link(link.place)
    if opened.where is None:
        context.remark(f"not opened: {opened.why}; open the link yourself")
    else:
        context.remark(f"handed to {opened.opener}: {link.title}")
