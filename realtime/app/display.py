"""Where a session is shown and where its keys come from: the live loop knows no more of a window or a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

from realtime.overlay.draw import draw

if TYPE_CHECKING:
    from realtime.app.window import Window
    from realtime.domain import Image
    from realtime.session.view import ViewState


class Display(Protocol):
    """Shows frames with their view, and hands keys back. The live loop calls it in one thread, and holds it by `with`."""

    @property
    def closed(self) -> bool:
        """Whether the person closed it."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, image: Image, view: ViewState, /) -> Image:
        """Show a frame (height, width, 3) uint8 BGR with its view; returns the picture with both, for a film."""
        ...

    def poll(self, wait_ms: int, /) -> str | None:
        """Wait for a key for `wait_ms` at most: a character, "escape" or "space"; None if no key was pressed."""
        ...

    def toggle_full_screen(self) -> None:
        """Fill the screen, or go back."""
        ...


class WindowDisplay:
    """Draws the view onto the frame and shows that in a window.

    Args:
        window: closed at the end.
    """

    def __init__(self, window: Window) -> None:
        self._window = window

    @property
    def closed(self) -> bool:
        """Whether the person closed the window."""
        return self._window.closed

    def __enter__(self) -> Self:
        self._window.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._window.close()

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
