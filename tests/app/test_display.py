"""The display of the live loop: it draws frames with their view and returns keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Self, cast

import numpy as np
import pytest

from realtime.app.window import WindowDisplay
from realtime.domain import Box, Face
from realtime.errors import DisplayError
from realtime.overlay.draw import draw
from realtime.session.view import ViewState

if TYPE_CHECKING:
    from realtime.app.window import Window
    from realtime.domain import Image

FACE = Face(Box(40, 30, 80, 90), (0.0, 0.0, 0.0, 0.9, 0.1, 0.0, 0.0), track=1)
VIEW = ViewState(faces=(FACE,), mirrored=True, notice="picture saved")


class FakeWindow:
    """A fake window that records its calls; it raises `error` if set."""

    def __init__(self) -> None:
        self.closed = False
        self.entered = False
        self.shown: list[Image] = []
        self.waits: list[int] = []
        self.toggles = 0
        self.error: DisplayError | None = None

    def __enter__(self) -> Self:
        self.entered = True
        return self

    def show(self, image: Image) -> None:
        if self.error is not None:
            raise self.error
        self.shown.append(image)

    def poll(self, wait_ms: int) -> str | None:
        self.waits.append(wait_ms)
        return "q"

    @property
    def hidden(self) -> bool:
        return False

    def toggle_full_screen(self) -> None:
        self.toggles += 1

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def window() -> FakeWindow:
    return FakeWindow()


@pytest.fixture
def display(window: FakeWindow) -> WindowDisplay:
    return WindowDisplay(cast("Window", window))


@pytest.fixture
def frame() -> Image:
    return np.full((240, 320, 3), 90, np.uint8)


def test_show_draws_the_view_on_the_frame_and_returns_the_picture(
    window: FakeWindow, display: WindowDisplay, frame: Image
) -> None:
    picture = display.show(frame, VIEW)
    assert window.shown[0] is picture
    assert (picture == draw(frame, VIEW)).all()
    assert (frame == 90).all(), "the frame stays as it is"
    assert (display.show(frame, replace(VIEW, faces=())) != picture).any()


def test_keys_and_full_screen_are_those_of_the_window(window: FakeWindow, display: WindowDisplay) -> None:
    assert display.poll(5) == "q"
    assert window.waits == [5]
    display.toggle_full_screen()
    assert window.toggles == 1


def test_it_opens_and_closes_with_the_block_even_after_an_exception(window: FakeWindow, display: WindowDisplay) -> None:
    def interrupted() -> None:
        with display as entered:
            assert entered is display
            assert window.entered
            assert not display.closed
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert window.closed
    assert display.closed


def test_the_display_is_closed_with_its_window(window: FakeWindow, display: WindowDisplay) -> None:
    window.closed = True
    assert display.closed


def test_a_window_that_cannot_be_opened_is_an_error(window: FakeWindow, display: WindowDisplay, frame: Image) -> None:
    window.error = DisplayError("no window")
    with pytest.raises(DisplayError):
        display.show(frame, VIEW)
