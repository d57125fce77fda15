"""`emodj report`: the mood over time, shares, persons, music and "not sure" of logs and films, on one page or picture."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from realtime.cli.console import is_terminal
from realtime.cli.context import SOME_FAILED, Context, common_options, pass_context
from realtime.errors import EmodjError, UsageError
from realtime.printable import printable
from realtime.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from realtime.report.report_text import InputReport
    from realtime.report.table_report import TableReport

STDIN = "-"
LABEL = "the report"
_HEAD = 4096
"""Bytes by which a log is told from a film."""
_BOM = b"\xef\xbb\xbf"
_HOW = "name a file of `emodj live --log`, a film, or a table of `emodj batch`"

MOST_OF_PIPE = 256 * 10**6
"""Largest log that comes through a pipe, bytes: that of a day. A file may be larger."""


@click.command(
    epilog="""\b
Examples:
  emodj live --log evening.jsonl
  emodj report evening.jsonl                 writes evening.html beside it
  emodj report clip.mkv -o clip.png
  emodj report faces.parquet                 a table of emodj batch
  emodj report monday.jsonl tuesday.jsonl -o week.html
  emodj live --source clip.mkv --no-window --jsonl | emodj report - -o - > clip.html""",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write FILE.html or FILE.png; - prints the page. Without it: beside the input, named as the input, with .html.",
)
@click.option("--force", is_flag=True, default=None, help="Replace a file that exists.")
@common_options
@pass_context
def report(context: Context, files: tuple[Path, ...], output: Path | None, force: bool | None) -> int:
    """Draw what a session or a film showed: mood over time, shares, each person, music of the DJ, and "not sure".

    FILE is a log of emodj live (--log, or the lines of --jsonl; - reads them from the standard input), a film, of which
    every frame is analysed, or a table of emodj batch. The report is one page that needs no other file and asks nothing of
    the network, or one picture.
    """
    from realtime.report.report_html import report_html

    if files.count(Path(STDIN)) > 1:
        raise UsageError("the standard input can be read once only: name - once")
    target = _target(files, output, force=bool(force))
    inputs: list[InputReport | TableReport] = []
    errors: list[EmodjError] = []
    with context.remarks_stop("stopped: no report was written"):
        for file in files:
            try:
                inputs.append(_read_input(file, context))
            except EmodjError as error:
                errors.append(error)
                if len(files) > 1:
                    context.print_error(error)
    if not inputs:
        raise errors[0] if len(files) == 1 else EmodjError(f"none of the {len(files)} inputs could be read")
    if target is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(report_html(inputs).encode())
        sys.stdout.buffer.flush()
    else:
        _write(target, inputs, force=bool(force))
        click.echo(printable(str(target)))
    return SOME_FAILED if errors else 0


def _target(files: Sequence[Path], output: Path | None, *, force: bool) -> Path | None:
    """Where the report goes; None for the standard output. It is checked before a film is read for minutes.

    Raises:
        UsageError: another suffix, or a place where nothing can be written.
    """
    from realtime.storage.append_file import AppendFile

    if output is not None and str(output) == STDIN:
        return None
    if output is None:
        if str(files[0]) == STDIN:
            raise UsageError("the standard input has no name: say with -o where the report goes")
        if files[0].name in {"", ".."}:
            # ".", "/" and an empty word have no name that a page could be called by
            raise UsageError(f"{files[0]} is a folder: {_HOW}")
        target = files[0].with_suffix(".html")
    else:
        target = output
    if target.suffix.lower() not in {".html", ".png"}:
        raise UsageError(f"cannot write {target}: choose a name for {LABEL} that ends in .html or .png")
    if target in files:
        raise UsageError(f"{target} is the input: say with -o where the report goes")
    if force and target.is_file():
        return target
    if target.is_file():
        raise UsageError(f"{target} is there already: --force replaces it, or -o names another file")
    # A file without a record is removed when it is closed
    AppendFile(target, LABEL).close()
    return target


def _write(target: Path, inputs: Sequence[InputReport | TableReport], *, force: bool) -> None:
    """Write the report whole, or not at all; only its owner can read it."""
    from realtime.storage import atomic

    if target.suffix.lower() == ".png":
        from realtime.report.report_png import draw_report
        from realtime.report.table_report import TableReport
        from realtime.storage.image_file import write_image

        sessions = [found for found in inputs if not isinstance(found, TableReport)]
        if len(sessions) < len(inputs):
            raise UsageError(f"a table of emodj batch is drawn as a page alone, not as {target}: name a .html")
        write_image(draw_report(sessions), target, overwrite=force)
        return
    from realtime.report.report_html import report_html

    data, advice = report_html(inputs).encode(), f"choose another place for {LABEL}"
    if force:
        atomic.write({target: data}, private=True, advice=advice)
        return
    try:
        atomic.create(target, data, private=True, advice=advice)
    except FileExistsError as error:
        raise UsageError(f"{target} is there already: --force replaces it, or -o names another file") from error


def _read_table(path: Path) -> TableReport:
    """Count the rows of a table of `emodj batch`."""
    from realtime.batch.table import read_table
    from realtime.report.table_report import TableReport

    found = TableReport(path.name)
    try:
        found.add_all(read_table(path))
    except ValueError as error:
        raise EmodjError(f"{path} is no table of emodj batch, or it is damaged") from error
    return found


def _read_input(path: Path, context: Context) -> InputReport | TableReport:
    """Read a log or a film.

    Raises:
        UsageError: it does not exist, or is a folder or a device.
        EmodjError: the disk refuses, or it is neither.
        SourceError: the film gives no frames.
    """
    from realtime.batch.table import is_table
    from realtime.report.utf16 import is_utf16, read_as_utf8

    is_pipe = _is_pipe(path)
    if not is_pipe and is_table(path):
        return _read_table(path)
    name = "the standard input" if str(path) == STDIN else str(path)
    with ExitStack() as stack:
        file: BinaryIO = sys.stdin.buffer if str(path) == STDIN else stack.enter_context(_opened(path))
        try:
            head = _head(file)
            if is_utf16(head):
                file = read_as_utf8(file)
                head = _head(file)
            if head.removeprefix(_BOM).lstrip().startswith(b"{"):
                return _read_log(name if str(path) == STDIN else path.name, file, name)
        except OSError as error:
            raise EmodjError(f"cannot read {name} ({error.strerror or error})") from error
        if not head.strip():
            raise EmodjError(f"{name} is empty: {_HOW}")
        if str(path) == STDIN or is_pipe or _is_text(head):
            raise EmodjError(f"{name} is no log of emodj live: {_HOW}")
    return _read_film(path, context)


def _is_pipe(path: Path) -> bool:
    try:
        return path.is_fifo()
    except (OSError, ValueError):
        return False


def _opened(path: Path) -> BinaryIO:
    try:
        if _is_pipe(path):
            # To open it waits for a program that writes, and there may be none
            return BufferedReader(BytesIO(read_file(path, MOST_OF_PIPE)))
        return path.open("rb")
    except FileNotFoundError as error:
        raise UsageError(f"there is no file {path}") from error
    except (OSError, ValueError) as error:
        if path.is_dir():
            raise UsageError(f"{path} is a folder: {_HOW}") from error
        raise EmodjError(f"cannot read {path} ({getattr(error, 'strerror', None) or error})") from error


def _head(file: BinaryIO) -> bytes:
    peek: Callable[[int], bytes] | None = getattr(file, "peek", None)
    return peek(_HEAD)[:_HEAD] if peek is not None else b""


def _is_text(head: bytes) -> bool:
    """Whether the beginning of a file is text: no film begins with 64 printable characters."""
    try:
        text = head[:64].decode()
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character in "\r\n\t" for character in text)


def _read_log(name: str, file: BinaryIO, shown: str) -> InputReport:
    from realtime.report.aggregate import SessionSums
    from realtime.report.log_reader import LogReader
    from realtime.report.report_text import InputReport

    reader, sums = LogReader(file), SessionSums()
    sums.add_all(reader.observations())
    if not reader.known:
        raise EmodjError(f"{shown} is no log of emodj live: none of its lines is a frame or the result of a session; {_HOW}")
    return InputReport(name, sums.report(), reader.broken, reader.unknown)


def _read_film(path: Path, context: Context) -> InputReport:
    from realtime.app.build import build_film_parts, build_source
    from realtime.app.film_report import observe_film
    from realtime.report.aggregate import SessionSums
    from realtime.report.report_text import InputReport

    settings = context.settings()
    with ExitStack() as stack:
        selected = build_source(settings, str(path), stack, in_order=True, notify=context.remark)
        film = selected.file
        if film is None:
            raise UsageError(f"{path} is no film: {_HOW}")
        reader, session = build_film_parts(settings, context.remark)
        context.stop_if_interrupted()
        sums = SessionSums()
        with _progress(path, context) as progress:
            observe_film(film, reader, session, sums, progress)
        if film.remark is not None:
            context.remark(film.remark)
    return InputReport(path.name, sums.report(), is_log=False)


@contextmanager
def _progress(path: Path, context: Context) -> Generator[Callable[[float], None]]:
    """Say on stderr how far a film is read: in a terminal on one line, else with a line each minute of the film."""
    in_place = is_terminal(sys.stderr)
    step_s, shown = (1.0 if in_place else 60.0), [0.0]

    def say(seconds: float) -> None:
        if seconds - shown[0] >= step_s and not context.quiet:
            shown[0] = seconds
            sentence = printable(f"emodj: {path.name}: read {int(seconds)} s of the film")
            click.echo(f"\r{sentence}" if in_place else sentence, err=True, nl=not in_place)

    try:
        yield say
    finally:
        if in_place and shown[0]:
            click.echo("", err=True)
