"""`emodj image`."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.errors import EmodjError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from realtime.documents import Picture
    from realtime.domain import Image
    from realtime.pipeline import FaceReader
    from realtime.settings import Settings

SOME_FAILED = 7


@dataclass(frozen=True, slots=True)
class _Input:
    """A picture to read, or why there is none. `name` is where it goes below an output folder."""

    path: str
    name: Path
    error: EmodjError | None = None


@click.command(
    epilog="""\b
Examples:
  emodj image photo.jpg
  emodj image photo.jpg -o annotated.png
  emodj image holiday/ --recursive --json > faces.json
  curl -s URL | emodj image -
""",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("-r", "--recursive", is_flag=True, default=None, help="Look into folders of folders too.")
@click.option("--json", "as_json", is_flag=True, default=None, help="Print one JSON document (see the README).")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE|DIR", help="Write the annotated picture.")
@click.option("--force", is_flag=True, default=None, help="Let --output replace files; never the picture itself.")
@click.option("--show", is_flag=True, default=None, help="Show each annotated picture in a window; any key goes on.")
@click.option("--open", "opens", is_flag=True, default=None, help="Open the playlist that fits all of them together.")
@common_options
@pass_context
def image(
    context: Context,
    paths: tuple[str, ...],
    recursive: bool | None,
    as_json: bool | None,
    output: Path | None,
    force: bool | None,
    show: bool | None,
    opens: bool | None,
) -> int:
    """Read the expressions in pictures.

    PATH is a picture, a folder of them, or - for the standard input. Prints each face from left to right, the mood
    of the picture, and a playlist that fits.
    """
    from realtime import documents
    from realtime.cli import report

    settings = context.settings()
    inputs = list(_inputs(paths, recursive=bool(recursive)))
    target = None if output is None else _Target(output, [item.path for item in inputs], bool(force))
    found: list[Picture] = []
    failures: list[EmodjError] = []
    interrupted = False
    with _viewer(bool(show)) as view:
        analyst = _Analyst(settings, context, target, view)
        try:
            with _progress(inputs) as items:
                for item in items:
                    picture, failure = analyst.read(item)
                    found.append(picture)
                    failures += [failure] if failure else []
        except KeyboardInterrupt:
            interrupted = True
    if as_json:
        click.echo(json.dumps(documents.pictures(found), ensure_ascii=False, indent=2))
    else:
        for number, picture in enumerate(found):
            lines = list(report.picture(picture))
            if lines and number:
                click.echo()
            for line in lines:
                click.echo(line)
    if interrupted:
        raise KeyboardInterrupt
    if opens:
        _open(settings, found, context)
    return _status(failures, len(inputs))


def _status(failures: Sequence[EmodjError], inputs: int) -> int:
    for failure in failures if inputs > 1 else ():
        click.echo(f"emodj: {failure}", err=True)
    if not failures:
        return 0
    if inputs == 1:
        raise failures[0]
    return SOME_FAILED if len(failures) < inputs else 1


def _inputs(paths: Sequence[str], *, recursive: bool) -> Iterator[_Input]:
    from realtime import pictures

    for text in paths:
        path = Path(text)
        if text == pictures.STDIN:
            yield _Input(text, Path("stdin.png"))
        elif path.is_dir():
            try:
                for inside in pictures.find(path, recursive=recursive):
                    yield _Input(str(inside), inside.relative_to(path))
            except UsageError as error:
                yield _Input(text, Path(path.name), error)
        else:
            yield _Input(text, Path(path.name))


@contextmanager
def _progress(inputs: Sequence[_Input]) -> Generator[Iterator[_Input]]:
    if len(inputs) > 1 and sys.stderr.isatty():
        with click.progressbar(inputs, label="reading", file=sys.stderr, item_show_func=_shown) as bar:
            yield iter(bar)
    else:
        yield iter(inputs)


def _shown(item: _Input | None) -> str:
    return "" if item is None else item.name.name


class _Analyst:
    """Reads one picture after the other; the network is loaded when the first one could be read."""

    def __init__(
        self, settings: Settings, context: Context, target: _Target | None, view: Callable[[Image], None] | None
    ) -> None:
        self._settings = settings
        self._context = context
        self._target = target
        self._view = view
        self._reader: FaceReader | None = None

    def read(self, item: _Input) -> tuple[Picture, EmodjError | None]:
        """The result for a picture, and why there is none or why it could not be written."""
        from realtime import pictures
        from realtime.documents import Picture

        if item.error is not None:
            return Picture(item.path, error=str(item.error)), item.error
        try:
            pixels = pictures.read(item.path, click.get_binary_stream("stdin"))
        except EmodjError as error:
            return Picture(item.path, error=str(error)), error
        picture = self._analysed(item.path, pixels)
        try:
            self._deliver(item, pixels, picture)
        except EmodjError as error:
            return replace(picture, error=str(error)), error
        return picture, None

    def _analysed(self, path: str, pixels: Image) -> Picture:
        from realtime import mood, playlists
        from realtime.cli.parts import face_reader
        from realtime.documents import Picture

        if self._reader is None:
            self._reader = face_reader(self._settings, self._settings.faces.image, self._context)
        faces = self._reader.read(pixels)
        together = mood.of(faces)
        height, width = pixels.shape[:2]
        return Picture(path, width, height, faces, together, playlists.for_mood(self._settings.playlists, together))

    def _deliver(self, item: _Input, pixels: Image, picture: Picture) -> None:
        if self._target is None and self._view is None:
            return
        from realtime.overlay import annotate

        drawn = annotate(pixels, picture.faces, picture.mood)
        if self._target is not None:
            self._target.write(item, drawn)
        if self._view is not None:
            self._view(drawn)


class _Target:
    """Where annotated pictures go: never over a picture that is read, nor over one written a moment ago."""

    def __init__(self, output: Path, inputs: Sequence[str], force: bool) -> None:
        from realtime.pictures import WRITABLE

        self._output = output
        self._force = force
        self._inputs = [Path(path) for path in inputs]
        self._written: set[Path] = set()
        self._is_folder = output.is_dir() or (not output.is_file() and output.suffix.lower() not in WRITABLE)
        if len(inputs) > 1 and not self._is_folder:
            raise UsageError(f"{output} is one file and there are {len(inputs)} pictures: give --output a folder")

    def write(self, item: _Input, drawn: Image) -> None:
        """Write the annotated picture of an input.

        Raises:
            UsageError: a picture that is read, or was written a moment ago, would be replaced.
            EmodjError: the disk refuses.
        """
        from realtime import pictures

        path = self._path(item)
        if any(_same_file(path, given) for given in self._inputs):
            raise UsageError(f"{path} is a picture that is read, and is never replaced: choose another --output")
        if path in self._written:
            raise UsageError(f"{path} was written for another picture of the same name: read them one by one")
        try:
            path.parent.mkdir(parents=True, exist_ok=True) if self._is_folder else None
        except OSError as error:
            raise EmodjError(f"cannot make the folder {path.parent} ({error.strerror})") from error
        pictures.write(drawn, path, overwrite=self._force)
        self._written.add(path)

    def _path(self, item: _Input) -> Path:
        from realtime.pictures import WRITABLE

        if not self._is_folder:
            return self._output
        name = item.name if item.name.suffix.lower() in WRITABLE else item.name.with_suffix(".png")
        return self._output / name


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


@contextmanager
def _viewer(wanted: bool) -> Generator[Callable[[Image], None] | None]:
    """A function that shows a picture until a key is pressed; None if nobody wants one, or once q was pressed."""
    if not wanted:
        yield None
        return
    from realtime.window import Window

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


def _open(settings: Settings, found: Sequence[Picture], context: Context) -> None:
    from realtime import mood, playlists
    from realtime.music.link import open_link

    together = mood.of([face for picture in found for face in picture.faces])
    playlist = playlists.for_mood(settings.playlists, together)
    if playlist is None:
        context.remark("no playlist to open: no face was clear enough")
    elif not open_link(playlist.url):
        context.remark(f"no browser could be started; the link is {playlist.url}")
