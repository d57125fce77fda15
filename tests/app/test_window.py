from __future__ import annotations

import os
import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from realtime.app import window
from realtime.app.window import check_display
from realtime.errors import DisplayError
from realtime.session.keyboard_layouts import LAYOUTS, QWERTY
from realtime.session.keymap import find_binding
from tests.support.places import ROOT
from tests.support.waiting import until
from tests.support.x11 import Person, in_front_of, varied

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from realtime.domain import Image


# A window belongs to the main thread, and Qt to one screen in the life of a process: so each has a process of its own
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


class Shown(Person):
    """In front of a program that shows a window."""

    @property
    def said(self) -> list[str]:
        assert not self.complaints
        return self.output.splitlines()

    def colours(self, *places: tuple[int, int]) -> list[tuple[int, ...]]:
        """What is seen at places of the window, red first."""
        picture = self.picture()
        return [tuple(picture[y, x, ::-1].tolist()) for x, y in places]


def plain(_picture: Image) -> bool:
    """Of a window of one colour nobody can tell whether it is drawn."""
    return True


def grey(picture: Image) -> bool:
    return bool((picture == 90).all())


@contextmanager
def showing(program: str, display: str, folder: Path, drawn: Callable[[Image], bool] = varied) -> Generator[Shown]:
    command, environment = [sys.executable, "-c", program], {"PYTHONPATH": str(ROOT)}
    with in_front_of(command, folder, display=display, title="keys", environment=environment, person=Shown) as shown:
        shown.sees_the_window(drawn)
        yield shown


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
        # Their codes must not be taken for the letters that they collide with
        "Left": None,
        "Delete": None,
        "F1": None,
        "Shift_L": None,
        "z": "z",
    }
    heard: list[str] = []
    with showing(PROGRAM, display, tmp_path) as shown:
        for key, name in pressed.items():
            if name is None:
                shown.press(key)
            else:
                heard.append(name)
                shown.press_until(key, lambda: len(shown.said) >= len(heard))
                assert shown.said == heard
        assert shown.leave("q") == 0
        assert shown.said == [*heard, "q", "left by a key", "end"]


KEYCODES = (*range(24, 34), *range(38, 47), *range(52, 61))
"""Of X11, for the places of `QWERTY` from left to right."""


@contextmanager
def layout(shown: Shown, name: str) -> Generator[None]:
    shown.choose_layout(name)
    try:
        yield
    finally:
        shown.choose_layout("us")


@pytest.mark.window
def test_the_keys_of_a_layout_without_latin_letters_have_the_letters_of_its_table(display: str, tmp_path: Path) -> None:
    places = [(code, index) for index, code in enumerate(KEYCODES) if find_binding("".join(QWERTY)[index])]
    with showing(PROGRAM, display, tmp_path) as shown:
        typed: list[str] = []
        for name, rows in LAYOUTS.items():
            with layout(shown, name):
                for code, index in places:
                    typed.append("".join(rows)[index])
                    shown.press_place_until(code, lambda: len(shown.said) >= len(typed))
                assert shown.said == typed, name
        assert shown.leave("q") == 0


@pytest.mark.window
def test_capitals_digits_and_the_keypad_of_another_layout(display: str, tmp_path: Path) -> None:
    # The places of q and 1, the latter on AZERTY with Shift, and 1 and 7 of a keypad without Num Lock
    pressed = {"ru": {(24, True): "й", (10, False): "1"}, "fr": {(10, True): "1", (87, False): "1", (79, False): "7"}}
    with showing(PROGRAM, display, tmp_path) as shown:
        heard: list[str] = []
        for name, keys in pressed.items():
            with layout(shown, name):
                for (code, shift), key in keys.items():
                    heard.append(key)
                    shown.press_place_until(code, lambda: len(shown.said) >= len(heard), shift=shift)
                assert shown.said == heard, name
        assert shown.leave("q") == 0


@pytest.mark.window
def test_f_fills_the_screen_and_the_button_closes(display: str, tmp_path: Path) -> None:
    with showing(PROGRAM, display, tmp_path) as shown:
        until(lambda: shown.size == (320, 240))
        until(lambda: shown.colours((80, 120), (240, 120)) == [(0, 0, 255), (0, 0, 0)])
        shown.press_until("f", lambda: shown.size == (1280, 1024))
        shown.press_until("f", lambda: shown.size == (320, 240))
        shown.close()
        assert shown.finish() == 0
        assert shown.said == ["f", "f", "closed by its button", "end"]


@pytest.fixture
def qt_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """What looking for a display sets is set back after the test."""
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")


@pytest.mark.window
@pytest.mark.usefixtures("qt_platform")
def test_a_display_that_answers_is_fine_whatever_qt_was_told(display: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", display)
    check_display()
    # Any other name would end the process at its first window
    assert os.environ["QT_QPA_PLATFORM"] == "xcb"


@pytest.mark.parametrize("name", [None, ""])
def test_no_display_has_a_sentence(name: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if name is not None:
        monkeypatch.setenv("DISPLAY", name)
    with pytest.raises(DisplayError, match=r"^there is no display .*DISPLAY is not set\): --no-window does without$"):
        check_display()


@pytest.mark.usefixtures("qt_platform")
@pytest.mark.parametrize("name", [":4711", "nonsense", "127.0.0.1:4711"])
def test_a_display_of_nobody_has_a_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", name)
    with pytest.raises(DisplayError, match=rf"^the display {name} cannot be reached: --no-window does without$"):
        check_display()


@pytest.mark.usefixtures("qt_platform")
def test_a_display_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "PROBE_S", 0.5)
    with silent_display() as name:
        monkeypatch.setenv("DISPLAY", name)
        with pytest.raises(DisplayError, match=rf"^the display {name} does not answer: --no-window does without$"):
            check_display()


@contextmanager
def silent_display() -> Generator[str]:
    """A display that takes the call and then says nothing."""
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
    with showing(CHANGING, display, tmp_path, grey) as shown:
        until(lambda: shown.size == (320, 240))
        shown.press_until("b", lambda: shown.size == (400, 480))
        # Larger than a screen may be
        shown.press_until("c", lambda: shown.size == (1200, 300))
        shown.press_until("f", lambda: shown.size == (1280, 1024))
        until(lambda: shown.said == ["b", "c", "f"])
        shown.press_until("a", lambda: shown.said[3:] == ["a"])
        # Two more turns, and with them two pictures of another size
        shown.press_until("z", lambda: shown.said[4:] == ["z"])
        assert shown.size == (1280, 1024)
        shown.press_until("f", lambda: shown.size == (320, 240))
        # A size that somebody chose stays for as long as the picture does
        shown.resize(500, 450)
        until(lambda: shown.size == (500, 450))
        shown.press_until("z", lambda: shown.said[5:] == ["f", "z"])
        assert shown.size == (500, 450)
        assert shown.leave("q") == 0


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
    with showing(LARGE, display, tmp_path, plain) as shown:
        until(lambda: shown.size == (1200, 400))
        assert shown.leave("q") == 0
