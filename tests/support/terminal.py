"""Run a command in a pseudo-terminal: read its output, press keys."""

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
    """A pseudo-terminal in which a command runs.

    Attributes:
        text: output that no pattern of `wait_for` has consumed.
        all: all output.
    """

    def __init__(self, process: subprocess.Popen[str], controller: int, terminal_end: int) -> None:
        self.process = process
        self._controller, self._terminal_end = controller, terminal_end
        self.text = ""
        self.all = ""

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until new output matches the pattern, and consume it up to the end of the match."""
        until(lambda: self._matches(pattern))
        match = re.search(pattern, self.text, re.DOTALL)
        assert match is not None
        self.text = self.text[match.end() :]
        return match

    def press(self, keys: str) -> None:
        """Write keys to the terminal."""
        os.write(self._controller, keys.encode())

    def wait_for_end(self) -> int:
        """Wait until the command ends; returns its exit status."""
        until(lambda: self._matches("$.") or self.process.poll() is not None)
        status = self.process.wait()
        self._matches("")
        return status

    def echoes(self) -> bool:
        """Whether the terminal echoes keys, edits lines and sends signals, as a shell needs it."""
        flags: int = termios.tcgetattr(self._terminal_end)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON and flags & termios.ISIG)

    def _matches(self, pattern: str) -> bool:
        while select.select([self._controller], [], [], 0)[0]:
            new = os.read(self._controller, 65536).decode(errors="replace")
            self.text += new
            self.all += new
        return re.search(pattern, self.text, re.DOTALL) is not None


@contextmanager
def in_a_terminal(start: Callable[[int], subprocess.Popen[str]], columns: int) -> Generator[Terminal]:
    """Start a command in a terminal of `columns` columns; `start` gets the file descriptor that the command uses."""
    controller, terminal_end = pty.openpty()
    fcntl.ioctl(terminal_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    terminal = Terminal(start(terminal_end), controller, terminal_end)
    try:
        yield terminal
    finally:
        terminal.process.kill()
        terminal.process.communicate()
        os.close(controller)
        os.close(terminal_end)
