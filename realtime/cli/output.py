"""What a command says to a person, in plain lines."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, TextIO

import click

from realtime.domain import EXPRESSIONS
from realtime.music.planner import Strategy
from realtime.printable import printable
from realtime.session.documents import encode_line

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from types import FrameType

    from realtime.domain import Face, Mood
    from realtime.music.catalog import MusicChoice
    from realtime.music.planner import Plan
    from realtime.session.documents import AnalysedPicture, Document
    from realtime.session.state import Summary


LEAST_SHARE = 0.05
"""A smaller share of a mixed mood is left out: it is doubt about some face, not a face that looks like it."""


def picture_report(found: AnalysedPicture) -> Iterator[str]:
    """The lines about one picture."""
    if found.width is None:
        return
    faces = "no face found" if not found.faces else "1 face" if len(found.faces) == 1 else f"{len(found.faces)} faces"
    yield f"{printable(found.path)}  {found.width}×{found.height}, {faces}"
    for number, face in enumerate(found.faces, 1):
        yield f"  {number:>3}  {_face(face)}"
    if found.faces:
        yield from mood_report(found.mood, found.plan)


def summary_report(session: Summary) -> Iterator[str]:
    """The lines at the end of a live session."""
    if session.shares is not None:
        ranked = sorted(zip(EXPRESSIONS, session.shares, strict=True), key=lambda pair: -pair[1])
        yield "faces   " + ", ".join(f"{expression.value} {share:.0%}" for expression, share in ranked)
    frames = "1 frame" if session.frames == 1 else f"{session.frames} frames"
    yield f"length  {session.seconds:.1f} s, {frames} analysed"
    yield from mood_report(session.mood, session.plan)


def mood_report(vote: Mood | None, plan: Plan | None) -> Iterator[str]:
    """The lines about a mood and what fits it."""
    if vote is None:
        yield "mood    none: no face was seen clearly enough"
        return
    ranked = sorted(zip(EXPRESSIONS, vote.shares, strict=True), key=lambda pair: -pair[1])
    if vote.leader is None:
        most = [f"{expression.value} {share:.0%}" for expression, share in ranked[:3] if share >= LEAST_SHARE]
        yield f"mood    mixed, the faces disagree: {', '.join(most)}"
    else:
        how = "chosen by hand" if vote.source == "hand" else f"{vote.share:.0%}"
        yield f"mood    {vote.leader.value}, {how}"
    if plan is not None:
        plain = plan.strategy is Strategy.MATCH and vote.leader is not None
        yield f"music   {plan.best.title}" + ("" if plain else f", {plan.why}")
        # Alone on its line, so that a terminal does not break it and a mouse can take it
        yield printable(plan.best.url or str(plan.best.path))


def _face(face: Face) -> str:
    (first, share), *others = face.ranked()
    rest = ", ".join(f"{expression.value} {value:.0%}" for expression, value in others[:2])
    name = f"not sure ({face.reason}), perhaps {first.value}" if face.unsure else first.value
    return f"{name} {share:.0%}  (then {rest})"


# White on black by number, so that a light terminal does not turn the code into its negative
_PAINT, _PLAIN = "\033[97;40m", "\033[0m"


def print_choice(choice: MusicChoice, why: str = "", *, qr: bool = False, err: bool = False) -> None:
    """Say where music is, in two lines, and a QR code below them if somebody wants one.

    Args:
        choice: the music.
        why: what follows its title, "for happy".
        qr: whether to print its link as a code; music on this computer has none that a phone could follow.
        err: whether stderr is told, where stdout holds documents alone.
    """
    stream = sys.stderr if err else sys.stdout
    click.echo(f"{with_title(choice, stream)}{f', {why}' if why else ''}", file=stream, color=True)
    click.echo(printable_place(choice), file=stream)
    if qr and choice.url is not None:
        click.echo(qr_code(choice.url, stream), file=stream, color=True)


def printable_place(choice: MusicChoice) -> str:
    """The plain link, or the path of music on this computer."""
    return choice.url if choice.url is not None else printable(str(choice.path))


def with_title(choice: MusicChoice, stream: TextIO) -> str:
    """The title; where the stream is a terminal that knows such, a link (OSC 8)."""
    title = printable(choice.title)
    if not _knows_links(stream):
        return title
    from realtime.music.open_link import ascii_link

    target = ascii_link(choice.url) if choice.url is not None else choice.place
    return f"\033]8;;{target}\033\\{title}\033]8;;\033\\"


def qr_code(url: str, stream: TextIO) -> str:
    """A link as a QR code that fits the stream: blocks, or without Unicode a larger one; or why there is none."""
    import segno

    try:
        made, text = segno.make_qr(url), StringIO()
    except segno.DataOverflowError:
        return "no code: the link is too long for one"
    if "utf" in (stream.encoding or "").lower():
        made.terminal(text, compact=True)
        lines = text.getvalue().splitlines()
        painted = stream.isatty() and not os.environ.get("NO_COLOR")
        return "\n".join(f"{_PAINT}{line}{_PLAIN}" if painted else line for line in lines)
    if stream.isatty():
        made.terminal(text)
        return text.getvalue().rstrip("\n")
    return "\n".join("".join("  " if dark else "##" for dark in row) for row in made.matrix_iter(border=4))


def _knows_links(stream: TextIO) -> bool:
    # A Windows console of old would print what it does not know; its successor says who it is
    known = sys.platform != "win32" or bool(os.environ.get("WT_SESSION"))
    return known and stream.isatty() and os.environ.get("TERM", "") not in {"", "dumb", "linux"}


def print_document(document: Document, *, indent: int | None = None) -> None:
    """Print a JSON document in UTF-8, whatever the encoding of the terminal is.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed meanwhile; the document is whole.
    """
    left = memoryview(encode_line(document, indent=indent))
    with _ctrl_c_waits():
        sys.stdout.flush()
        # Where Python does not buffer (-u), a signal makes a long write return early
        while left:
            left = left[sys.stdout.buffer.write(left) :]
        sys.stdout.buffer.flush()


@contextmanager
def _ctrl_c_waits() -> Generator[None]:
    handler = signal.getsignal(signal.SIGINT)
    # A shell can wish that Ctrl-C be ignored
    if not callable(handler):
        yield
        return
    pressed: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: pressed.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if pressed:
        handler(*pressed[0])
