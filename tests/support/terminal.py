"""A command in a pseudo-terminal: what it writes there, and keys."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import termios
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.support.waiting import until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Generator


class Terminal:
    """A terminal with a command in it."""

    def __init__(self, process: subprocess.Popen[str], ours: int, theirs: int) -> None:
        self.process = process
        self.ours, self.theirs = ours, theirs
        self.text = ""
        self.all = ""

    def reads(self, pattern: str) -> re.Match[str]:
        """Wait until something new is written that fits, and forget all up to its end."""
        until(lambda: self._fits(pattern))
        found = re.search(pattern, self.text, re.DOTALL)
        assert found is not None
        self.text = self.text[found.end() :]
        return found

    def press(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    def ends(self) -> int:
        until(lambda: self._fits("$.") or self.process.poll() is not None)
        status = self.process.wait()
        self._fits("")
        return status

    def echoes(self) -> bool:
        """Whether it is as a shell wants it."""
        flags: int = termios.tcgetattr(self.theirs)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON and flags & termios.ISIG)

    def _fits(self, pattern: str) -> bool:
        while select.select([self.ours], [], [], 0)[0]:
            new = os.read(self.ours, 65536).decode(errors="replace")
            self.text += new
            self.all += new
        return re.search(pattern, self.text, re.DOTALL) is not None


@contextmanager
def in_a_terminal(start: Callable[[int], subprocess.Popen[str]], columns: int) -> Generator[Terminal]:
    """Run what is started with the number of a terminal's other end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    terminal = Terminal(start(theirs), ours, theirs)
    try:
        yield terminal
    finally:
        terminal.process.kill()
        terminal.process.communicate()
        os.close(ours)
        os.close(theirs)
