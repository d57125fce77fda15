"""Whether a person reads or types at a stream."""

from __future__ import annotations

import sys
from typing import IO, Any


def is_terminal(stream: IO[Any]) -> bool:
    """Whether a stream is a terminal.

    On Windows `isatty` is also true of the null device (`< NUL`), where nobody types; only a console has a mode.
    """
    try:
        found = stream.isatty()
    except ValueError:
        # A closed stream
        return False
    return found and (sys.platform != "win32" or _has_console_mode(stream))


def _has_console_mode(stream: IO[Any]) -> bool:
    if sys.platform != "win32":
        return False
    import ctypes
    import msvcrt

    mode = ctypes.c_ulong()
    try:
        handle = ctypes.c_void_p(msvcrt.get_osfhandle(stream.fileno()))
    except (OSError, ValueError):
        return False
    return bool(ctypes.windll.kernel32.GetConsoleMode(handle, ctypes.byref(mode)))
