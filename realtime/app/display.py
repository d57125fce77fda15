"""Where a session is shown and where its keys come from: the live loop knows no more of a window or a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from realtime.domain import Image
    from realtime.session.view import ViewState


class Display(Protocol):
    """Shows frames with their view, and hands keys back. The live loop calls it in one thread, and holds it by `with`."""

    @property
    def closed(self) -> bool:
        """Whether the person closed it."""
        ...

    @property
    def hidden(self) -> bool:
        """Whether it is minimised, so that nobody sees what `show` would draw; False where that is not known."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, image: Image, view: ViewState, /) -> Image:
        """Show a frame (height, width, 3) uint8 BGR with its view; returns the picture with both, for a film."""
        ...

    def poll(self, wait_ms: int, /) -> str | None:
        """Wait for a key for `wait_ms` at most: a character, "escape" or "space"; None if no key was pressed.

        The live loop calls it after each picture, and at least every 20 ms, with 0: it waits for frames and faces, too.
        """
        ...

    def toggle_full_screen(self) -> None:
        """Fill the screen, or go back."""
        ...
