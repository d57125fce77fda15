"""What a terminal shows of the song that is on."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from realtime.cli.context import printable

if TYPE_CHECKING:
    from collections.abc import Generator

    from realtime.cli.context import Context
    from realtime.songs import Playing

# Some scripts join letters with marks that are seen by nobody
_JOINERS = "\u200c\u200d"
_NARROWEST = 20


class Screen:
    """Where nobody looks on: a line for each song."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._last: Playing | None = None

    def unseen(self, answer: str | None) -> str | None:
        """What of an answer is still to be said."""
        return answer

    def say(self, sentence: str | None) -> None:
        """Say something that is not about the song."""
        if sentence is not None:
            self._context.remark(sentence)

    def show(self, now: Playing | None) -> None:
        """Say what is on, if it is another song."""
        song = now and replace(now, paused=False, shuffled=False, volume=1.0)
        if song is not None and song != self._last:
            self._context.remark(f"{song.number}/{song.count}  {_name(song)}")
        self._last = song

    def close(self) -> None:
        """Leave."""


class _Terminal(Screen):
    """One line that is written again and again, on stderr."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._shown = ""
        self._width = 0

    def unseen(self, answer: str | None) -> str | None:
        """Nothing: the line has it."""
        del answer

    def say(self, sentence: str | None) -> None:
        """Say it where the line was; the line comes back below it when it is shown."""
        if sentence is not None:
            self._write("")
            super().say(sentence)

    def show(self, now: Playing | None) -> None:
        """Bring the line up to date."""
        width = _columns()
        line = fitted(now, width)
        if line != self._shown or width != self._width:
            # A terminal that was narrower has broken the line, and what it broke off stays on the next
            self._write(line, width - 1 if width != self._width else 0)
            self._width = width

    def close(self) -> None:
        """Take the line away: the prompt of the shell belongs there."""
        self._write("")

    def _write(self, line: str, room: int = 0) -> None:
        """Write over what is there, or over so many columns if those are more."""
        from prompt_toolkit.utils import get_cwidth

        left = max(0, max(room, get_cwidth(self._shown)) - get_cwidth(line))
        # Blanks in place of an escape code, which not every terminal knows
        text = f"\r{line}{' ' * left}" + ("\b" * left if line else "\r")
        if self._shown or line:
            sys.stderr.write(text)
            sys.stderr.flush()
        self._shown = line


def fitted(now: Playing | None, columns: int) -> str:
    """What is on, on one line of a terminal that is so wide; a title that is too long is cut."""
    from prompt_toolkit.utils import get_cwidth

    if now is None:
        return ""
    head = f"{'‖' if now.paused else '▶'} {now.number}/{now.count}  "
    tail = f"{'' if now.volume is None else f'  {now.volume:.0%}'}{'  shuffle' if now.shuffled else ''}"
    # The last column stays free, or some terminals begin a new line
    room = max(columns, _NARROWEST) - 1 - get_cwidth(head + tail)
    name = _name(now)
    if get_cwidth(name) > room:
        while name and get_cwidth(name) > room - 1:
            name = name[:-1]
        name += "…"
    return head + name + tail


def _name(now: Playing) -> str:
    return printable(now.title if now.artist is None else f"{now.title} – {now.artist}", keep=_JOINERS)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


@contextmanager
def opened(context: Context) -> Generator[Screen]:
    """The terminal that stderr is, or where it is none, plain lines; left as it was."""
    screen = _Terminal(context) if sys.stderr.isatty() and not context.quiet else Screen(context)
    try:
        yield screen
    finally:
        # A terminal that was closed takes no more
        with suppress(OSError):
            screen.close()
