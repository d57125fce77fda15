"""Songs in a terminal: keys in, one line out."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from realtime.cli.songline import Screen, opened
from realtime.errors import EmodjError
from realtime.wishes import KEYS, Wish

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

    from prompt_toolkit.input import Input

    from realtime.cli.context import Context
    from realtime.music.jukebox import Jukebox

HELP = "keys: . pause   n next   , previous   z shuffle   - + volume   q quit"

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


def run(jukebox: Jukebox, context: Context, *, with_keys: bool) -> None:
    """Play on until a key ends it, or the list does. Leaves the terminal as it was.

    Raises:
        EmodjError: none of the songs could be played; what was wrong with them was said.
        KeyboardInterrupt: Ctrl-C was pressed.
        SystemExit: somebody else ended us.
    """
    with _ended_in_order(), opened(context) as screen:
        asyncio.run(_play_on(jukebox, screen, with_keys=with_keys))


async def _play_on(jukebox: Jukebox, screen: Screen, *, with_keys: bool) -> None:
    with ExitStack() as stack:
        keys, heard, looks = _Keys(), False, 0
        if with_keys:
            screen.say(HELP)
            keys.listen(stack)
        while not jukebox.over and not keys.quit:
            answer = jukebox.obey(keys.wish)
            keys.wish = Wish()
            for sentence in (screen.unseen(answer), jukebox.tend()):
                screen.say(sentence)
            screen.show(jukebox.now)
            heard = heard or jukebox.now is not None
            looks += 1
            if looks == _LONG_SEARCH and not heard:
                screen.say("looking for a song that can be played")
            # While it looks for a song that can be played there is nothing to wait for
            await keys.pressed(_LOOK_S if jukebox.now else 0.01)
    if not heard and not keys.quit:
        raise EmodjError("nothing was played: look after the files, or name other songs with --library")


class _Keys:
    """What was pressed and not answered yet."""

    def __init__(self) -> None:
        self.wish = Wish()
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
            self.quit |= key in {Keys.Escape, Keys.ControlD, "q", "Q"}
            self.wish = self.wish.then(KEYS.get(str(key).lower(), Wish()))


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
