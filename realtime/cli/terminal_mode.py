"""The mode of the terminal, as it was at the start: a shell needs echo and whole lines.

A prompt switches them off, and on again at its end. A signal can come between the two steps that belong together, and then the
prompt does not know that it has something to undo.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any

_UNDO = b"\x1b[?2004l\x1b[?25h\x1b[0m"
"""Ends bracketed paste, shows the cursor, and resets colours (xterm control sequences)."""


@dataclass(frozen=True, slots=True)
class TerminalMode:
    """The mode of a terminal.

    Attributes:
        descriptor: of the terminal.
        attributes: as `termios.tcgetattr` returns them.
    """

    descriptor: int
    attributes: list[Any]

    def restore(self) -> None:
        """Restore the mode if echo or whole lines are off that were on; never raises."""
        if sys.platform == "win32":
            return
        import termios

        try:
            lost = self.attributes[3] & ~termios.tcgetattr(self.descriptor)[3]
            if lost & (termios.ECHO | termios.ICANON) and _is_in_foreground(self.descriptor):
                termios.tcsetattr(self.descriptor, termios.TCSANOW, self.attributes)
                if os.environ.get("TERM", "dumb") != "dumb":
                    os.write(self.descriptor, _UNDO)
        except (OSError, termios.error):
            # The terminal is closed
            return


def read_terminal_mode() -> TerminalMode | None:
    """The mode of the terminal of this process; None without one, and on Windows, whose shells set the mode themselves."""
    if sys.platform == "win32":
        return None
    import termios

    for descriptor in range(3):
        try:
            return TerminalMode(descriptor, termios.tcgetattr(descriptor))
        except (OSError, termios.error):
            continue
    return None


def _is_in_foreground(descriptor: int) -> bool:
    """Whether this process may set the mode: the system stops one in the background that tries."""
    if sys.platform == "win32":
        return False
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        # The terminal belongs to another session, and nobody is stopped
        return True
