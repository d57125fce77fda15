"""Songs in a terminal: keys in, one line out."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from realtime.errors import EmodjError
from realtime.music.commands import PlayerCommand
from realtime.printable import printable
from realtime.session.keymap import Action, find_binding, player_hints

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

    from prompt_toolkit.input import Input

    from realtime.cli.context import Context
    from realtime.music.local.player import LocalPlayer
    from realtime.music.songs import NowPlaying


KEYS_HELP = "keys: " + "   ".join(f"{hint.keys} {hint.word}" for hint in player_hints())
_LOOK_S = 0.2
# Of some hundredths of a second each
_LONG_SEARCH = 20
# Esc is also how arrow keys begin; over a slow line the rest takes a while
_ESCAPE_S = 0.4


def has_keys() -> bool:
    """Whether somebody can press keys: stdin is a terminal, and it is ours and not that of another job."""
    try:
        if not sys.stdin.isatty():
            return False
        return not hasattr(os, "tcgetpgrp") or os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except ValueError:
        return False
    except OSError:
        return True


def play_with_keys(jukebox: LocalPlayer, context: Context, *, with_keys: bool) -> None:
    """Play on until a key ends it, or the list does. Leaves the terminal as it was.

    Raises:
        EmodjError: none of the songs could be played; what was wrong with them was said.
        KeyboardInterrupt: Ctrl-C was pressed.
        SystemExit: somebody else ended us.
    """
    with _ended_in_order(), open_song_line(context) as screen:
        asyncio.run(_play_on(jukebox, screen, with_keys=with_keys))


async def _play_on(jukebox: LocalPlayer, screen: SongLine, *, with_keys: bool) -> None:
    with ExitStack() as stack:
        keys, heard, looks = _Keys(), False, 0
        if with_keys:
            screen.say(KEYS_HELP)
            keys.listen(stack)
        while not jukebox.finished and not keys.quit:
            answer = jukebox.handle(keys.wish)
            keys.wish = PlayerCommand()
            for sentence in (screen.unseen(answer), jukebox.poll()):
                screen.say(sentence)
            screen.show(jukebox.now_playing)
            heard = heard or jukebox.now_playing is not None
            looks += 1
            if looks == _LONG_SEARCH and not heard:
                screen.say("looking for a song that can be played")
            # While it looks for a song that can be played there is nothing to wait for
            await keys.pressed(_LOOK_S if jukebox.now_playing else 0.01)
    if not heard and not keys.quit:
        raise EmodjError("nothing was played: look after the files, or name other songs with --library")


class _Keys:
    """What was pressed and not answered yet."""

    def __init__(self) -> None:
        self.wish = PlayerCommand()
        self.quit = False
        self._input: Input | None = None
        self._any = asyncio.Event()
        self._waited_s = 0.0

    def listen(self, stack: ExitStack) -> None:
        """Read keys as they are pressed, until the stack is left."""
        from prompt_toolkit.input import create_input

        self._input = create_input()
        stack.enter_context(self._input.raw_mode())
        stack.enter_context(self._input.attach(self._read))

    async def pressed(self, patience_s: float) -> None:
        """Wait for a key, but not for long.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed.
        """
        try:
            await asyncio.wait_for(self._any.wait(), patience_s)
            self._waited_s = 0.0
        except TimeoutError:
            self._waited_s += patience_s
            if self._input is not None and self._waited_s >= _ESCAPE_S:
                self._take([press.key for press in self._input.flush_keys()])
        self._any.clear()

    def _read(self) -> None:
        if self._input is None:
            return
        self._take([press.key for press in self._input.read_keys()])
        # The terminal was closed
        self.quit |= self._input.closed
        self._any.set()

    def _take(self, keys: list[str]) -> None:
        from prompt_toolkit.keys import Keys

        for key in keys:
            if key is Keys.ControlC:
                raise KeyboardInterrupt
            binding = find_binding(key.value if isinstance(key, Keys) else key)
            self.quit |= key is Keys.ControlD
            match None if binding is None else binding.effect:
                case Action.QUIT:
                    self.quit = True
                case PlayerCommand() as command:
                    self.wish = self.wish.merged_with(command)
                case _:
                    # Faces and picture, which a terminal does not have
                    pass


@contextmanager
def _ended_in_order() -> Generator[None]:
    """Who is asked to end puts the terminal in order first."""

    def asked(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    # A shell can wish that its end be ignored, as nohup does
    names = ("SIGTERM", "SIGHUP")
    numbers = [signal.Signals[name] for name in names if name in signal.Signals.__members__]
    ours = {number for number in numbers if signal.getsignal(number) is signal.SIG_DFL}
    for number in ours:
        signal.signal(number, asked)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


# Some scripts join letters with marks that are seen by nobody
_JOINERS = "\u200c\u200d"
_NARROWEST = 20


class SongLine:
    """Where nobody looks on: a line for each song."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._last: NowPlaying | None = None

    def unseen(self, answer: str | None) -> str | None:
        """What of an answer is still to be said."""
        return answer

    def say(self, sentence: str | None) -> None:
        """Say something that is not about the song."""
        if sentence is not None:
            self._context.remark(sentence)

    def show(self, now: NowPlaying | None) -> None:
        """Say what is on, if it is another song."""
        song = now and replace(now, paused=False, shuffled=False, volume=1.0)
        if song is not None and song != self._last:
            self._context.remark(f"{song.number}/{song.count}  {_name(song)}")
        self._last = song

    def close(self) -> None:
        """Leave."""


class _Terminal(SongLine):
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

    def show(self, now: NowPlaying | None) -> None:
        """Bring the line up to date."""
        width = _columns()
        line = fit_line(now, width)
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


def fit_line(now: NowPlaying | None, columns: int) -> str:
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


def _name(now: NowPlaying) -> str:
    return printable(now.title if now.artist is None else f"{now.title} – {now.artist}", keep=_JOINERS)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


@contextmanager
def open_song_line(context: Context) -> Generator[SongLine]:
    """The terminal that stderr is, or where it is none, plain lines; left as it was."""
    screen = _Terminal(context) if sys.stderr.isatty() and not context.quiet else SongLine(context)
    try:
        yield screen
    finally:
        # A terminal that was closed takes no more
        with suppress(OSError):
            screen.close()
