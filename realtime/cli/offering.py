"""How music is offered: its title, a link on terminals that know such; its plain link alone on a line; a code for the phone."""

from __future__ import annotations

import os
import sys
from io import StringIO
from typing import TYPE_CHECKING, TextIO

import click

from realtime.cli.context import printable

if TYPE_CHECKING:
    from realtime.playlists import Choice

# White on black by number, so that a light terminal does not turn the code into its negative
_PAINT, _PLAIN = "\033[97;40m", "\033[0m"


def offer(choice: Choice, why: str = "", *, qr: bool = False, err: bool = False) -> None:
    """Say where music is, in two lines, and a QR code below them if somebody wants one.

    Args:
        choice: the music.
        why: what follows its title, "for happy".
        qr: whether to print its link as a code; music on this computer has none that a phone could follow.
        err: whether stderr is told, where stdout holds documents alone.
    """
    stream = sys.stderr if err else sys.stdout
    click.echo(f"{titled(choice, stream)}{f', {why}' if why else ''}", file=stream, color=True)
    click.echo(place(choice), file=stream)
    if qr and choice.url is not None:
        click.echo(code(choice.url, stream), file=stream, color=True)


def place(choice: Choice) -> str:
    """The plain link, or the path of music on this computer."""
    return choice.url if choice.url is not None else printable(str(choice.path))


def titled(choice: Choice, stream: TextIO) -> str:
    """The title; where the stream is a terminal that knows such, a link (OSC 8)."""
    title = printable(choice.title)
    if not _knows_links(stream):
        return title
    from realtime.music.link import ascii_link

    target = ascii_link(choice.url) if choice.url is not None else choice.place
    return f"\033]8;;{target}\033\\{title}\033]8;;\033\\"


def code(url: str, stream: TextIO) -> str:
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
