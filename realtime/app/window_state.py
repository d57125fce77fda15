"""Whether a window of this process is minimised, as its system says; OpenCV does not."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
from typing import ClassVar

log = logging.getLogger(__name__)

_ANY_TYPE = 0
_MOST_WORDS = 4096


class _Cookie(ctypes.Structure):
    _fields_: ClassVar = [("sequence", ctypes.c_uint)]


class _Screens(ctypes.Structure):
    _fields_: ClassVar = [("data", ctypes.POINTER(ctypes.c_uint32)), ("rem", ctypes.c_int), ("index", ctypes.c_int)]


class _AtomReply(ctypes.Structure):
    _fields_: ClassVar = [("head", ctypes.c_uint64), ("atom", ctypes.c_uint32)]


class WindowState:
    """Asks whether the window of a title is minimised: an X server with a window manager that follows EWMH, or Windows.

    Where neither answers, a window counts as visible. For the main thread alone.

    Args:
        title: title of the window, which this process has opened.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._server: _XServer | None = None
        self._fails = False

    @property
    def minimised(self) -> bool:
        """Whether the window is minimised now."""
        if self._fails:
            return False
        try:
            if sys.platform == "win32":
                user = ctypes.windll.user32
                return bool(user.IsIconic(user.FindWindowW(None, self._title)))
            if not sys.platform.startswith("linux"):
                return False
            self._server = self._server or _XServer()
            return self._server.is_hidden(self._title, os.getpid())
        except (OSError, AttributeError, TypeError, ValueError) as error:
            log.info("the system does not say whether the window is minimised: %r", error)
            self._fails = True
            return False

    def close(self) -> None:
        """Close the connection to the X server; safe to call twice."""
        server, self._server = self._server, None
        if server is not None:
            server.close()


class _XServer:
    """A connection of its own: libxcb answers a request about a window that is gone with nothing, where Xlib ends the process.

    Raises:
        OSError: there is no libxcb, or no X server.
    """

    def __init__(self) -> None:
        xcb = self._xcb = ctypes.CDLL("libxcb.so.1")
        self._free = ctypes.CDLL(None).free
        self._free.argtypes = [ctypes.c_void_p]
        self._free.restype = None
        word, pointer = ctypes.c_uint32, ctypes.c_void_p
        xcb.xcb_connect.restype = xcb.xcb_get_setup.restype = xcb.xcb_get_property_value.restype = pointer
        xcb.xcb_connect.argtypes = [ctypes.c_char_p, pointer]
        for name in ("xcb_connection_has_error", "xcb_get_setup", "xcb_disconnect", "xcb_get_property_value"):
            getattr(xcb, name).argtypes = [pointer]
        xcb.xcb_get_property_value_length.argtypes = [pointer]
        xcb.xcb_setup_roots_iterator.argtypes, xcb.xcb_setup_roots_iterator.restype = [pointer], _Screens
        xcb.xcb_intern_atom.argtypes = [pointer, ctypes.c_uint8, ctypes.c_uint16, ctypes.c_char_p]
        xcb.xcb_get_property.argtypes = [pointer, ctypes.c_uint8, word, word, word, word, word]
        xcb.xcb_intern_atom.restype = xcb.xcb_get_property.restype = _Cookie
        xcb.xcb_intern_atom_reply.argtypes = xcb.xcb_get_property_reply.argtypes = [pointer, _Cookie, pointer]
        xcb.xcb_intern_atom_reply.restype, xcb.xcb_get_property_reply.restype = ctypes.POINTER(_AtomReply), pointer
        self._connection = xcb.xcb_connect(None, None)
        if xcb.xcb_connection_has_error(self._connection):
            xcb.xcb_disconnect(self._connection)
            raise OSError("the X server does not answer")
        self._root: int = xcb.xcb_setup_roots_iterator(xcb.xcb_get_setup(self._connection)).data[0]
        self._atoms: dict[str, int] = {}

    def is_hidden(self, title: str, process: int) -> bool:
        """Whether the window manager hides the window of a title that a process has opened."""
        hidden = self._atom("_NET_WM_STATE_HIDDEN")
        for window in self._words(self._root, "_NET_CLIENT_LIST"):
            if process in self._words(window, "_NET_WM_PID") and self._property(window, "_NET_WM_NAME") == title.encode():
                return hidden in self._words(window, "_NET_WM_STATE")
        return False

    def close(self) -> None:
        """Close the connection."""
        self._xcb.xcb_disconnect(self._connection)

    def _atom(self, name: str) -> int:
        if name not in self._atoms:
            cookie = self._xcb.xcb_intern_atom(self._connection, 0, len(name), name.encode())
            reply = self._xcb.xcb_intern_atom_reply(self._connection, cookie, None)
            if not reply:
                raise OSError("the X server does not answer any more")
            self._atoms[name] = reply.contents.atom
            self._free(reply)
        return self._atoms[name]

    def _words(self, window: int, name: str) -> list[int]:
        return list(memoryview(self._property(window, name)).cast("I"))

    def _property(self, window: int, name: str) -> bytes:
        cookie = self._xcb.xcb_get_property(self._connection, 0, window, self._atom(name), _ANY_TYPE, 0, _MOST_WORDS)
        reply = self._xcb.xcb_get_property_reply(self._connection, cookie, None)
        if not reply:
            return b""
        try:
            return ctypes.string_at(self._xcb.xcb_get_property_value(reply), self._xcb.xcb_get_property_value_length(reply))
        finally:
            self._free(reply)
