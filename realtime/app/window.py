"""A display on an OpenCV window: it draws, shows and reads keys. For the main thread alone."""

from __future__ import annotations

import importlib
import logging
import os
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import cv2

from realtime.app.key_codes import read_key
from realtime.errors import DisplayError
from realtime.overlay.draw import draw

if TYPE_CHECKING:
    from realtime.app.window_state import WindowState
    from realtime.domain import Image
    from realtime.session.view import ViewState

log = logging.getLogger(__name__)

KEY_PERIOD_S = 0.009
"""Seconds between two looks at the events of a window: OpenCV's shortest wait for a key lasts one to two milliseconds, and of
two keys that are pressed between two looks it keeps only one."""

PROBE_S = 5.0
"""Seconds that a display may take to answer."""

# libxcb knows every way a display is named and guarded. A display that accepts and then says nothing would hold this
# process for ever, and Qt ends it without a word if there is none: so a child process tries it first.
_PROBE = """
import ctypes, sys
xcb = ctypes.CDLL("libxcb.so.1")
xcb.xcb_connect.restype = ctypes.c_void_p
xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
sys.exit(1 if xcb.xcb_connection_has_error(xcb.xcb_connect(None, None)) else 0)
"""

HIDDEN_PERIOD_S = 0.5
"""Seconds between two questions whether the window is minimised."""

FIRST_SIZE = (1200, 720)
"""Largest width and height of a window when it opens, pixels: OpenCV does not say how large the screen is."""

LARGEST = (3840, 2160)
"""A larger picture is shrunk before it is shown: Qt would scale all of it each time that it draws."""


def check_display() -> None:
    """Make sure that a window can be opened.

    Raises:
        DisplayError: there is no screen, or it does not answer.
    """
    if not sys.platform.startswith("linux"):
        return
    display = os.environ.get("DISPLAY")
    if not display:
        raise DisplayError("there is no display to open a window on (DISPLAY is not set): --no-window does without")
    # OpenCV's wheel carries this one platform of Qt; any other name ends the process
    os.environ["QT_QPA_PLATFORM"] = "xcb"
    try:
        answer = subprocess.run([sys.executable, "-I", "-S", "-c", _PROBE], timeout=PROBE_S, check=False, capture_output=True)
    except subprocess.TimeoutExpired as error:
        raise DisplayError(f"the display {display} does not answer: --no-window does without") from error
    if answer.returncode:
        raise DisplayError(f"the display {display} cannot be reached: --no-window does without")


def is_put_away(platform: str = sys.platform) -> bool:
    """Whether the window is only minimised, or hidden with its application; False on other platforms than macOS.

    macOS, and so OpenCV, call such a window invisible, as if it were closed (opencv#22601).

    Args:
        platform: as in `sys.platform`.
    """
    if platform != "darwin":
        return False
    try:
        # A part of pyobjc, which cv2-enumerate-cameras brings along
        application = importlib.import_module("AppKit").NSApplication.sharedApplication()
        return bool(application.isHidden()) or any(window.isMiniaturized() for window in application.windows())
    except Exception as error:  # noqa: BLE001 - pyobjc raises whatever Objective-C throws
        log.info("macOS does not say whether the window is minimised: %r", error)
        return False


class Window:
    """A window that shows frames and reads keys; it opens at the first frame. Call `check_display` before.

    Args:
        title: in its title bar, and its name for OpenCV.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._open = False
        self._full = False
        self._shape: tuple[int, ...] = ()
        self._looked_s = 0.0
        self.closed = False

    def show(self, image: Image) -> None:
        """Show a picture (height, width, 3) uint8 BGR; no effect after the window was closed."""
        if self.closed:
            return
        try:
            if not self._open:
                cv2.namedWindow(self._title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
                self._open = True
            if image.shape != self._shape and not self._full:
                # The size also changes with the mode of the camera, or with another camera
                self._shape = image.shape
                cv2.resizeWindow(self._title, *_fitted(image, FIRST_SIZE))
            cv2.imshow(self._title, _shrunken(image))
            # It is painted with the next events
            self._looked_s = 0.0
        except cv2.error as error:
            raise DisplayError(
                "the window cannot be opened: this OpenCV was built without one; --no-window does without"
            ) from error

    def poll(self, wait_ms: int) -> str | None:
        """Wait for a key for `wait_ms` at most and return it, as `read_key` does.

        Events are handled at once after a picture, and else every `KEY_PERIOD_S`, however often this is called.
        """
        end_s = time.monotonic() + wait_ms / 1000
        key = self._handle_events()
        while key is None and not self.closed and self._open and (left_s := end_s - time.monotonic()) > 0:
            # OpenCV's longer wait would wake up every millisecond
            time.sleep(min(left_s, KEY_PERIOD_S))
            key = self._handle_events()
        return key

    def _handle_events(self) -> str | None:
        now = time.monotonic()
        if self.closed or not self._open or now - self._looked_s < KEY_PERIOD_S:
            return None
        code = cv2.pollKey()
        self._looked_s = time.monotonic()
        self.closed = self._was_closed()
        return read_key(code)

    def toggle_full_screen(self) -> None:
        """Fill the screen, or go back to a window; no effect after the window was closed."""
        if self.closed or not self._open:
            return
        self._full = not self._full
        mode = cv2.WINDOW_FULLSCREEN if self._full else cv2.WINDOW_NORMAL
        cv2.setWindowProperty(self._title, cv2.WND_PROP_FULLSCREEN, mode)

    def close(self) -> None:
        """Close the window; safe to call twice."""
        if self._open and not self.closed:
            with suppress(cv2.error):
                cv2.destroyWindow(self._title)
                cv2.pollKey()
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _was_closed(self) -> bool:
        # Read between `waitKey` and the next `imshow`, which would open it again. Qt raises once the last window is
        # gone; GTK answers -1 whether it is open or not.
        try:
            invisible = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) == 0
        except cv2.error:
            return True
        return invisible and not is_put_away()


class WindowDisplay:
    """Draws the view onto the frame and shows that in a window.

    Args:
        window: closed at the end.
        state: says whether it is minimised; closed at the end, too. None: it counts as visible, but on macOS.
    """

    def __init__(self, window: Window, state: WindowState | None = None) -> None:
        self._window = window
        self._state = state
        self._hidden, self._asked_s = False, -HIDDEN_PERIOD_S

    @property
    def closed(self) -> bool:
        """Whether the person closed the window."""
        return self._window.closed

    @property
    def hidden(self) -> bool:
        """Whether the window is minimised, as its system said within the last `HIDDEN_PERIOD_S`."""
        now_s = time.monotonic()
        if now_s - self._asked_s >= HIDDEN_PERIOD_S:
            self._asked_s = now_s
            self._hidden = is_put_away() or (self._state is not None and self._state.minimised)
        return self._hidden

    def __enter__(self) -> Self:
        self._window.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._window.close()
        if self._state is not None:
            self._state.close()

    def show(self, image: Image, view: ViewState) -> Image:
        """Draw and show. Raises `DisplayError` where the window cannot be opened."""
        picture = draw(image, view)
        self._window.show(picture)
        return picture

    def poll(self, wait_ms: int) -> str | None:
        """The key pressed, if one was."""
        return self._window.poll(wait_ms)

    def toggle_full_screen(self) -> None:
        """Fill the screen, or go back to a window."""
        self._window.toggle_full_screen()


def _fitted(image: Image, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the picture, shrunk to fit into `size` if need be."""
    height, width = image.shape[:2]
    scale = min(size[0] / width, size[1] / height, 1.0)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _shrunken(image: Image) -> Image:
    size = _fitted(image, LARGEST)
    if size == (image.shape[1], image.shape[0]):
        return image
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype("uint8", copy=False)
