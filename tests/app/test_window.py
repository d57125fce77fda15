from __future__ import annotations

import os
import socket
import sys
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from realtime.app import window
from realtime.app.window import check_display, is_put_away
from realtime.errors import DisplayError
from realtime.session.keyboard_layouts import LAYOUTS, QWERTY
from realtime.session.keymap import find_binding
from tests.support.places import ROOT
from tests.support.waiting import until
from tests.support.x11 import WindowDriver, run_in_window, varied

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from realtime.domain import Image


# A window belongs to the main thread, and Qt to one display in a process: so each window has another process
PROGRAM = """
import numpy as np
from realtime.app.window import Window

image = np.zeros((240, 320, 3), np.uint8)
image[:, :160] = (255, 0, 0)
with Window("keys") as window:
    assert window.poll(1) is None
    window.toggle_full_screen()
    window.show(image)
    while not window.closed:
        key = window.poll(20)
        if key is not None:
            print(key, flush=True)
        if key == "f":
            window.toggle_full_screen()
        if key == "q":
            break
        window.show(image)
    print("closed by its button" if window.closed else "left by a key", flush=True)
    if window.closed:
        window.show(image)
        window.toggle_full_screen()
        assert window.poll(1) is None
        assert window.closed
window.close()
assert window.closed
print("end", flush=True)
"""


class ProgramDriver(WindowDriver):
    """Controls the window of a program that prints the keys it gets."""

    @property
    def printed(self) -> list[str]:
        assert not self.stderr
        return self.output.splitlines()

    def colours(self, *places: tuple[int, int]) -> list[tuple[int, ...]]:
        """The colours at places of the window, RGB."""
        picture = self.picture()
        return [tuple(picture[y, x, ::-1].tolist()) for x, y in places]


def is_any(_picture: Image) -> bool:
    """Accept any picture: a window of one colour cannot be recognised as drawn."""
    return True


def is_grey(picture: Image) -> bool:
    return bool((picture == 90).all())


@contextmanager
def run_program(program: str, display: str, folder: Path, drawn: Callable[[Image], bool] = varied) -> Generator[ProgramDriver]:
    command, environment = [sys.executable, "-c", program], {"PYTHONPATH": str(ROOT)}
    with run_in_window(command, folder, display=display, title="keys", environment=environment, driver=ProgramDriver) as driver:
        driver.wait_for_window(drawn)
        yield driver


@pytest.mark.window
def test_keys_have_names_and_other_keys_have_none(display: str, tmp_path: Path) -> None:
    pressed = {
        "a": "a",
        "A": "a",
        "1": "1",
        "KP_7": "7",
        "question": "?",
        "space": "space",
        "Escape": "escape",
        # Their codes must not be read as the letters with the same low byte
        "Left": None,
        "Delete": None,
        "F1": None,
        "Shift_L": None,
        "z": "z",
    }
    expected: list[str] = []
    with run_program(PROGRAM, display, tmp_path) as driver:
        for key, name in pressed.items():
            if name is None:
                driver.press(key)
            else:
                expected.append(name)
                driver.press_until(key, lambda: len(driver.printed) >= len(expected))
                assert driver.printed == expected
        assert driver.leave("q") == 0
        assert driver.printed == [*expected, "q", "left by a key", "end"]


KEYCODES = (*range(24, 34), *range(38, 47), *range(52, 61))
"""Keycodes of X11 for the keys of `QWERTY`, from left to right."""


@contextmanager
def layout(driver: ProgramDriver, name: str) -> Generator[None]:
    driver.choose_layout(name)
    try:
        yield
    finally:
        driver.choose_layout("us")


@pytest.mark.window
def test_the_keys_of_a_layout_without_latin_letters_have_the_letters_of_its_table(display: str, tmp_path: Path) -> None:
    places = [(code, index) for index, code in enumerate(KEYCODES) if find_binding("".join(QWERTY)[index])]
    with run_program(PROGRAM, display, tmp_path) as driver:
        typed: list[str] = []
        for name, rows in LAYOUTS.items():
            with layout(driver, name):
                for code, index in places:
                    typed.append("".join(rows)[index])
                    driver.press_place_until(code, lambda: len(driver.printed) >= len(typed))
                assert driver.printed == typed, name
        assert driver.leave("q") == 0


@pytest.mark.window
def test_capitals_digits_and_the_keypad_of_another_layout(display: str, tmp_path: Path) -> None:
    # The places of q and 1, the latter on AZERTY with Shift, and 1 and 7 of a keypad without Num Lock
    pressed = {"ru": {(24, True): "й", (10, False): "1"}, "fr": {(10, True): "1", (87, False): "1", (79, False): "7"}}
    with run_program(PROGRAM, display, tmp_path) as driver:
        expected: list[str] = []
        for name, keys in pressed.items():
            with layout(driver, name):
                for (code, shift), key in keys.items():
                    expected.append(key)
                    driver.press_place_until(code, lambda: len(driver.printed) >= len(expected), shift=shift)
                assert driver.printed == expected, name
        assert driver.leave("q") == 0


@pytest.mark.window
def test_f_fills_the_screen_and_the_button_closes(display: str, tmp_path: Path) -> None:
    with run_program(PROGRAM, display, tmp_path) as driver:
        until(lambda: driver.size == (320, 240))
        until(lambda: driver.colours((80, 120), (240, 120)) == [(0, 0, 255), (0, 0, 0)])
        driver.press_until("f", lambda: driver.size == (1280, 1024))
        driver.press_until("f", lambda: driver.size == (320, 240))
        driver.close()
        assert driver.finish() == 0
        assert driver.printed == ["f", "f", "closed by its button", "end"]


@pytest.fixture
def qt_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore the platform of Qt, which `check_display` changes."""
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")


@pytest.mark.window
@pytest.mark.usefixtures("qt_platform")
def test_a_display_that_answers_is_used_with_any_platform_of_qt(display: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", display)
    check_display()
    # Any other name would end the process at its first window
    assert os.environ["QT_QPA_PLATFORM"] == "xcb"


@pytest.mark.parametrize("name", [None, ""])
def test_no_display_is_an_error(name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if name is not None:
        monkeypatch.setenv("DISPLAY", name)
    with pytest.raises(DisplayError, match=r"^there is no display .*DISPLAY is not set\): --no-window does without$"):
        check_display()


@pytest.mark.usefixtures("qt_platform")
@pytest.mark.parametrize("name", [":4711", "nonsense", "127.0.0.1:4711"])
def test_a_missing_display_is_an_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", name)
    with pytest.raises(DisplayError, match=rf"^the display {name} cannot be reached: --no-window does without$"):
        check_display()


@pytest.mark.usefixtures("qt_platform")
def test_a_display_that_does_not_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "PROBE_S", 0.5)
    with silent_display() as name:
        monkeypatch.setenv("DISPLAY", name)
        with pytest.raises(DisplayError, match=rf"^the display {name} does not answer: --no-window does without$"):
            check_display()


@contextmanager
def silent_display() -> Generator[str]:
    """A display that accepts connections and sends nothing."""
    with socket.socket() as server:
        for number in range(100, 200):
            try:
                server.bind(("127.0.0.1", 6000 + number))
            except OSError:
                continue
            server.listen()
            yield f"127.0.0.1:{number}"
            return
        pytest.fail("no port is free")


CHANGING = """
import numpy as np
from realtime.app.window import Window

sizes = {"a": (240, 320, 3), "b": (480, 400, 3), "c": (600, 2400, 3)}
image = np.full(sizes["a"], 90, np.uint8)
with Window("keys") as window:
    while not window.closed:
        window.show(image)
        key = window.poll(20)
        if key in sizes:
            image = np.full(sizes[key], 90, np.uint8)
        if key == "f":
            window.toggle_full_screen()
        if key is not None:
            print(key, flush=True)
        if key == "q":
            break
"""


@pytest.mark.window
def test_the_window_follows_a_picture_that_changes_its_size_but_not_while_it_fills_the_screen(
    display: str, tmp_path: Path
) -> None:
    with run_program(CHANGING, display, tmp_path, is_grey) as driver:
        until(lambda: driver.size == (320, 240))
        driver.press_until("b", lambda: driver.size == (400, 480))
        # Larger than the screen
        driver.press_until("c", lambda: driver.size == (1200, 300))
        driver.press_until("f", lambda: driver.size == (1280, 1024))
        until(lambda: driver.printed == ["b", "c", "f"])
        driver.press_until("a", lambda: driver.printed[3:] == ["a"])
        # Two more turns show two pictures of another size
        driver.press_until("z", lambda: driver.printed[4:] == ["z"])
        assert driver.size == (1280, 1024)
        driver.press_until("f", lambda: driver.size == (320, 240))
        # A size that the user chose stays until the size of the picture changes
        driver.resize(500, 450)
        until(lambda: driver.size == (500, 450))
        driver.press_until("z", lambda: driver.printed[5:] == ["f", "z"])
        assert driver.size == (500, 450)
        assert driver.leave("q") == 0


LARGE = """
import numpy as np
from realtime.app.window import Window

with Window("keys") as window:
    window.show(np.zeros((3000, 9000, 3), np.uint8))
    while window.poll(20) != "q":
        pass
"""


@pytest.mark.window
def test_a_large_picture_opens_in_a_window_that_fits_a_screen(display: str, tmp_path: Path) -> None:
    with run_program(LARGE, display, tmp_path, is_any) as driver:
        until(lambda: driver.size == (1200, 400))
        assert driver.leave("q") == 0


# macOS


@pytest.mark.parametrize(
    ("hidden", "minimised", "put_away"),
    [(False, [], False), (False, [False], False), (False, [False, True], True), (True, [False], True)],
)
def test_macos_says_whether_an_invisible_window_is_only_put_away(
    monkeypatch: pytest.MonkeyPatch,
    hidden: bool,  # noqa: FBT001
    minimised: list[bool],
    put_away: bool,  # noqa: FBT001
) -> None:
    windows = [SimpleNamespace(isMiniaturized=lambda each=each: each) for each in minimised]
    application = SimpleNamespace(isHidden=lambda: hidden, windows=lambda: windows)
    kit = SimpleNamespace(NSApplication=SimpleNamespace(sharedApplication=lambda: application))
    monkeypatch.setitem(sys.modules, "AppKit", kit)  # pyright: ignore[reportArgumentType]
    assert is_put_away("darwin") is put_away
    assert not is_put_away("linux")


@pytest.mark.parametrize("kit", [None, SimpleNamespace()])
def test_an_invisible_window_is_closed_where_macos_cannot_be_asked(monkeypatch: pytest.MonkeyPatch, kit: object) -> None:
    monkeypatch.setitem(sys.modules, "AppKit", kit)  # pyright: ignore[reportArgumentType]
    assert not is_put_away("darwin")
