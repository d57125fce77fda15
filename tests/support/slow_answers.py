"""An answer that never ends: a byte now and then, so that no read waits long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    import threading
    from io import BufferedIOBase

STEP_S = 0.02
STARTS = {
    "status": b"HTTP/1.1 200 ",
    "headers": b"HTTP/1.1 200 OK\r\nX-Slow: ",
    "body": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n",
}
"""What is sent at once, by the part of the answer that is slow."""


def send_slowly(stream: BufferedIOBase, part: str, closing: threading.Event) -> None:
    """Send an answer whose `part` takes longer than any test waits; ends early when the client hangs up or `closing` is set."""
    stream.write(STARTS[part])
    for _ in range(int(PATIENCE_S / STEP_S)):
        stream.write(b" ")
        if closing.wait(STEP_S):
            return
