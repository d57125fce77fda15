"""Control of a real window on an X server: find it by its title, read its picture, press keys, resize and close it.

The requests to the X server come from this process: polling starts no other process.
"""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Self, TypeVar, cast

import numpy as np
from Xlib import XK, X, Xatom, Xutil
from Xlib.display import Display
from Xlib.error import BadMatch, BadWindow
from Xlib.ext import xtest
from Xlib.protocol import event

from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray
    from Xlib.xobject.drawable import Window

    Picture = NDArray[np.uint8]

BETWEEN_KEYS_MS = 100
"""Delay between two keys, by the X server: of two keys at the same time OpenCV's window handles only the later one."""

STUCK_S = 20.0
"""After this time without a change of its picture, a window may have lost an event of the X server."""

LOST_S = 15.0
"""After this time without an effect, a key was lost. On a busy machine OpenCV's window loses about one key in a thousand."""

READS_BEFORE_REFRESH = 200
"""Number of pictures without a drawing before the window is refreshed."""

_ALL_PLANES = 0xFFFFFFFF
_FROM_A_PAGER = 2
_WIDTH_AND_HEIGHT = 0b1100 << 8


class Screen:
    """A connection to an X server that has a window manager.

    Args:
        name: as in `DISPLAY`.
    """

    def __init__(self, name: str) -> None:
        self._display = Display(name)
        self._root = self._display.screen().root

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._display.close()

    @property
    def managed(self) -> bool:
        """Whether the window manager runs."""
        return bool(self._property(self._root, "_NET_SUPPORTING_WM_CHECK", Xatom.WINDOW))

    def find(self, title: str) -> Window | None:
        """The window of exactly this title that is on the screen."""
        for number in self._property(self._root, "_NET_CLIENT_LIST", Xatom.WINDOW):
            window = self._display.create_resource_object("window", number)
            try:
                if self._titled(window) == title and self.is_visible(window):
                    return window
            except BadWindow:
                # Closed since it was listed
                continue
        return None

    def is_visible(self, window: Window) -> bool:
        """Whether the window is on the screen, and not minimised."""
        return window.get_attributes().map_state == X.IsViewable

    def has_focus(self, window: Window) -> bool:
        """Whether the window gets the keys."""
        focus = self._display.get_input_focus().focus
        # A number stands for no window or for the root window
        while not isinstance(focus, int) and focus.id != window.id:
            focus = focus.query_tree().parent or X.NONE
        return not isinstance(focus, int)

    def size(self, window: Window) -> tuple[int, int]:
        """Width and height, without the frame."""
        geometry = window.get_geometry()
        return geometry.width, geometry.height

    def picture(self, window: Window) -> Picture:
        """The picture in the window, BGR."""
        found: list[Picture] = []

        def taken() -> bool:
            width, height = self.size(window)
            try:
                image = window.get_image(0, 0, width, height, X.ZPixmap, _ALL_PLANES)
            except BadMatch:
                # The window was minimised, or its size has just changed
                return False
            found.append(np.frombuffer(cast("bytes", image.data), np.uint8).reshape(height, width, 4)[..., :3].copy())
            return True

        until(taken)
        return found[0]

    def press(self, *keys: str) -> None:
        """Press keys of the keyboard by their names in X11, one after the other, for the window with the focus."""
        for index, key in enumerate(keys):
            code, upper = self._key(key)
            # On the keypad, Num Lock selects the upper symbol
            held = [self._key("Num_Lock" if key.startswith("KP_") else "Shift_L")[0]] if upper else []
            self._send_key(code, held, BETWEEN_KEYS_MS if index else X.CurrentTime)

    def press_place(self, code: int, *, shift: bool = False) -> None:
        """Press a key by its keycode in X11, which stands for a place of the keyboard."""
        self._send_key(code, [self._key("Shift_L")[0]] if shift else [], X.CurrentTime)

    def choose_layout(self, name: str) -> None:
        """Give the keyboard another layout."""
        subprocess.run(["setxkbmap", "-display", self._display.get_display_name(), "-layout", name], check=True)

    def _send_key(self, code: int, held: list[int], after_ms: int) -> None:
        events = [(X.KeyPress, number) for number in (*held, code)] + [(X.KeyRelease, number) for number in (code, *held)]
        for index, (kind, number) in enumerate(events):
            xtest.fake_input(self._display, kind, number, X.CurrentTime if index else after_ms)
        self._display.sync()

    def minimise(self, window: Window) -> None:
        """Minimise the window."""
        self._send_request(window, "WM_CHANGE_STATE", Xutil.IconicState)

    def restore(self, window: Window) -> None:
        """Show the window again, in front of all others."""
        self._send_request(window, "_NET_ACTIVE_WINDOW", _FROM_A_PAGER, X.CurrentTime)

    def resize(self, window: Window, width: int, height: int) -> None:
        """Resize the window, as its frame does."""
        self._send_request(window, "_NET_MOVERESIZE_WINDOW", _WIDTH_AND_HEIGHT, 0, 0, width, height)

    def close(self, window: Window) -> None:
        """Press the button of its frame."""
        self._send_request(window, "_NET_CLOSE_WINDOW", X.CurrentTime, _FROM_A_PAGER)

    def _titled(self, window: Window) -> str:
        name = window.get_full_text_property(self._display.get_atom("_NET_WM_NAME")) or window.get_wm_name()
        return name.decode() if isinstance(name, bytes) else name or ""

    def _property(self, window: Window, name: str, kind: int) -> Sequence[int]:
        found = window.get_full_property(self._display.get_atom(name), kind)
        return cast("Sequence[int]", found.value) if found else ()

    def _key(self, name: str) -> tuple[int, bool]:
        """Keycode of a key, and whether the name is that of its upper symbol."""
        keysym = XK.string_to_keysym(name)
        code, column = min(self._display.keysym_to_keycodes(keysym), key=lambda place: place[1])
        assert column < 2, f"no key has the symbol {name}"
        return code, column == 1

    def _send_request(self, window: Window, name: str, *data: int) -> None:
        """Send a request to the window manager."""
        padded = [*data, *[0] * (5 - len(data))]
        message = event.ClientMessage(window=window, client_type=self._display.get_atom(name), data=(32, padded))
        self._root.send_event(message, event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask)
        self._display.sync()


def varied(picture: Picture) -> bool:
    """Whether anything is drawn: a window that Qt has not painted has one colour."""
    return float(picture.std()) > 1


class WindowDriver:
    """Controls the window of a program that runs in another process.

    Attributes:
        process: the program.
        folder: folder that the program was started in.
    """

    def __init__(self, screen: Screen | None, title: str, folder: Path, process: subprocess.Popen[str]) -> None:
        self.folder = folder
        self.process = process
        self._title = title
        self._screen = screen
        self._window: Window | None = None
        self._last: Picture | None = None
        self._changed_s = 0.0

    def wait_for_window(self, drawn: Callable[[Picture], bool] = varied) -> None:
        """Wait until the window is open, drawn and has the focus."""

        def is_open() -> bool:
            assert self.process.poll() is None, self.output + self.stderr
            self._window = self.screen.find(self._title)
            return self._window is not None

        until(is_open)
        until(lambda: self._is_drawn(drawn))
        until(lambda: self.screen.has_focus(self.window))

    def _is_drawn(self, drawn: Callable[[Picture], bool]) -> bool:
        for _ in range(READS_BEFORE_REFRESH):
            if drawn(self.picture()):
                return True
        self._refresh()
        return False

    @property
    def screen(self) -> Screen:
        """The connection to the X server."""
        assert self._screen is not None, "started without a screen"
        return self._screen

    @property
    def window(self) -> Window:
        """The window, after `wait_for_window`."""
        assert self._window is not None, "call wait_for_window first"
        return self._window

    def press(self, *keys: str) -> None:
        """Press keys by their names in X11, one after the other."""
        # A key that is sent to the window directly would stay down if it closes the window
        self.screen.press(*keys)

    def press_until(self, key: str, effect: Callable[[], object]) -> None:
        """Press a key and wait for its effect; press it again if it was lost."""
        self._press_until(lambda: self.press(key), effect)

    def press_place_until(self, code: int, effect: Callable[[], object], *, shift: bool = False) -> None:
        """Press the key at a place of the keyboard and wait for its effect; press it again if it was lost."""
        self._press_until(lambda: self.press_place(code, shift=shift), effect)

    def leave(self, key: str) -> int:
        """End the program with a key; returns its exit status."""
        self.press_until(key, lambda: self.process.poll() is not None)
        return self.finish()

    def _press_until(self, send: Callable[[], None], effect: Callable[[], object]) -> None:
        send()
        again_s = time.monotonic() + LOST_S

        def done() -> bool:
            nonlocal again_s
            if effect():
                return True
            if time.monotonic() > again_s:
                send()
                again_s = time.monotonic() + LOST_S
            return False

        until(done)

    def press_place(self, code: int, *, shift: bool = False) -> None:
        """Press the key at a place of the keyboard."""
        self.screen.press_place(code, shift=shift)

    def choose_layout(self, name: str) -> None:
        """Give the keyboard another layout."""
        self.screen.choose_layout(name)

    def close(self) -> None:
        """Press the button of the window's frame."""
        self.screen.close(self.window)

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        self.screen.resize(self.window, width, height)

    def picture(self) -> Picture:
        """The picture in the window, BGR."""
        picture = self.screen.picture(self.window)
        now_s = time.monotonic()
        if self._last is None or not np.array_equal(picture, self._last):
            self._last, self._changed_s = picture, now_s
        elif now_s - self._changed_s > STUCK_S:
            self._changed_s = now_s
            self._refresh()
        return picture

    def _refresh(self) -> None:
        """Make Qt paint the window again.

        The Qt of OpenCV's wheel sometimes loses the event that its window is visible, and then paints it no more. To minimise
        and restore the window repairs this.
        """
        self.screen.minimise(self.window)
        self.screen.restore(self.window)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the window."""
        return self.screen.size(self.window)

    @property
    def output(self) -> str:
        """What the program printed on stdout."""
        return (self.folder / "output").read_text()

    @property
    def stderr(self) -> str:
        """What the program printed on stderr."""
        return (self.folder / "errors").read_text()

    def finish(self) -> int:
        """Wait until the program ends; returns its exit status."""
        return self.process.wait(PATIENCE_S)


Driver = TypeVar("Driver", bound=WindowDriver)


@contextmanager
def run_in_window(
    command: Sequence[str],
    folder: Path,
    *,
    display: str | None,
    title: str = "emodj",
    environment: Mapping[str, str] | None = None,
    driver: type[Driver] = WindowDriver,
) -> Generator[Driver]:
    """Run a program with a window in a folder, until the block ends; `display` None starts it without a display."""
    own = {**os.environ, **(environment or {})}
    with ExitStack() as stack:
        screen = None
        if display is not None:
            own["DISPLAY"] = display
            screen = stack.enter_context(Screen(display))
        output, errors = (stack.enter_context((folder / name).open("w")) for name in ("output", "errors"))
        process = stack.enter_context(subprocess.Popen(command, env=own, cwd=folder, stdout=output, stderr=errors, text=True))
        stack.callback(process.kill)
        yield driver(screen, title, folder, process)
