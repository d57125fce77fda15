"""Lines, links, QR codes and documents on stdout."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING, TextIO

import click

from realtime.cli.console import is_terminal
from realtime.cli.signals import delayed
from realtime.printable import printable
from realtime.session.documents import encode_line
from realtime.session.summary_lines import mood_lines, summary_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from realtime.app.summary_file import SummaryFile
    from realtime.domain import Face, Mood
    from realtime.music.catalog import MusicChoice
    from realtime.music.planner import Plan
    from realtime.session.documents import AnalysedPicture, Document
    from realtime.session.recommendations import RecommendedMovies
    from realtime.session.summary import Summary
    from realtime.session.summary_lines import SummaryLine


# White on black by number, so that a light terminal does not invert the QR code
_WHITE_ON_BLACK, _RESET = "\033[97;40m", "\033[0m"


def picture_report(picture: AnalysedPicture) -> Iterator[str]:
    """The lines about one picture; none if it could not be read."""
    if picture.width is None:
        return
    count = len(picture.faces)
    faces = "no face found" if not count else "1 face" if count == 1 else f"{count} faces"
    yield f"{printable(picture.path)}  {picture.width}×{picture.height}, {faces}"
    for number, face in enumerate(picture.faces, 1):
        yield f"  {number:>3}  {_face_text(face)}{', calibrated' if face.calibrated else ''}"
    if picture.faces:
        yield from mood_report(picture.mood, picture.plan)


def summary_report(summary: Summary) -> Iterator[str]:
    """The lines at the end of a live session."""
    return _report(summary_lines(summary))


def movie_lines(movies: RecommendedMovies) -> Iterator[str]:
    """A heading, then two lines for each movie: title, year, genres and country, then its link."""
    yield f"Movies {movies.plan.why}"
    for number, (movie, link) in enumerate(zip(movies.plan.movies, movies.links, strict=True), 1):
        start = f"{number:>{len(str(len(movies.links)))}}. "
        about = [*movie.genres, *([] if movie.country is None else [movie.country])]
        yield start + printable(", ".join([f"{movie.title} ({movie.year})", *about]))
        yield " " * len(start) + link


def keep_summary(file: SummaryFile, summary: Summary, remark: Callable[[str], None]) -> None:
    """Write the file of `--summary`.

    Args:
        file: the file.
        summary: what it gets.
        remark: gets a sentence if the file has another name than the option says.

    Raises:
        EmodjError: the disk refuses.
        KeyboardInterrupt: a signal, such as Ctrl-C, came meanwhile; the file is complete.
    """
    with delayed():
        path = file.write(summary, datetime.now().astimezone())
        if path != file.path:
            remark(f"{file.path} exists by now: the summary is in {path}")


def mood_report(mood: Mood | None, plan: Plan | None) -> Iterator[str]:
    """The lines about a mood and the music that fits it."""
    return _report(mood_lines(mood, plan))


def _report(lines: Iterable[SummaryLine]) -> Iterator[str]:
    for line in lines:
        yield f"{line.name:<8}{printable(line.text)}"
        if line.choice is not None:
            # On a line by itself, so that a terminal does not wrap it and a mouse can select it
            yield printable_place(line.choice)


def _face_text(face: Face) -> str:
    from realtime.domain import ranked_percentages

    (first, _, percent), *others = ranked_percentages(face.probabilities)
    rest = ", ".join(f"{expression.value} {each}%" for expression, _, each in others[:2])
    name = f"not sure ({face.reason}), perhaps {first.value}" if face.unsure else first.value
    return f"{name} {percent}%  (then {rest})"


def print_choice(choice: MusicChoice, why: str = "", *, qr: bool = False, err: bool = False) -> None:
    """Print a choice in two lines, its title and its link or path, and on request a QR code below them.

    Args:
        choice: the music.
        why: the reason, printed after the title: "for happy".
        qr: whether to print its link as a QR code; for music on this computer, a phone could not follow one.
        err: whether to print on stderr, for a command whose stdout holds documents only.
    """
    stream = sys.stderr if err else sys.stdout
    click.echo(f"{linked_title(choice, stream)}{f', {why}' if why else ''}", file=stream, color=True)
    click.echo(printable_place(choice), file=stream)
    if qr and choice.url is not None:
        click.echo(qr_code(choice.url, stream), file=stream, color=True)


def printable_place(choice: MusicChoice) -> str:
    """The plain link, or the path of music on this computer."""
    return choice.url if choice.url is not None else printable(str(choice.path))


def linked_title(choice: MusicChoice, stream: TextIO) -> str:
    """The title; on a terminal that supports it, as a hyperlink (OSC 8)."""
    title = printable(choice.title)
    if not _supports_links(stream):
        return title
    from realtime.music.open_link import ascii_link

    target = ascii_link(choice.url) if choice.url is not None else choice.place
    return f"\033]8;;{target}\033\\{title}\033]8;;\033\\"


def qr_code(url: str, stream: TextIO) -> str:
    """A link as a QR code for a stream: of half blocks, or without Unicode of blanks or `#`; or why it cannot be encoded."""
    import segno

    try:
        made, text = segno.make_qr(url), StringIO()
    except segno.DataOverflowError:
        return "no QR code: the link is too long"
    if "utf" in (stream.encoding or "").lower():
        made.terminal(text, compact=True)
        lines = text.getvalue().splitlines()
        coloured = is_terminal(stream) and not os.environ.get("NO_COLOR")
        return "\n".join(f"{_WHITE_ON_BLACK}{line}{_RESET}" if coloured else line for line in lines)
    if is_terminal(stream):
        made.terminal(text)
        return text.getvalue().rstrip("\n")
    return "\n".join("".join("  " if dark else "##" for dark in row) for row in made.matrix_iter(border=4))


def _supports_links(stream: TextIO) -> bool:
    # The old Windows console would print the escape sequence as text; Windows Terminal sets WT_SESSION
    known = sys.platform != "win32" or bool(os.environ.get("WT_SESSION"))
    return known and is_terminal(stream) and os.environ.get("TERM", "") not in {"", "dumb", "linux"}


def print_document(document: Document, *, indent: int | None = None) -> None:
    """Print a JSON document in UTF-8, whatever the encoding of the terminal is.

    Raises:
        KeyboardInterrupt: a signal, such as Ctrl-C, came meanwhile; the document is complete.
    """
    rest = memoryview(encode_line(document, indent=indent))
    with delayed():
        sys.stdout.flush()
        # If Python does not buffer stdout (-u), a signal makes a long write return early
        while rest:
            rest = rest[sys.stdout.buffer.write(rest) :]
        sys.stdout.buffer.flush()
