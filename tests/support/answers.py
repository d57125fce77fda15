"""A server on this computer that answers in given bytes, whatever it is asked."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


class Server:
    """Answers each connection with the next of the given answers, the last one again and again; keeps it open if `hangs`.

    Attributes:
        address: such as `127.0.0.1:8080`.
        received: the requests.
    """

    def __init__(self, *answers: bytes, hangs: bool = False) -> None:
        self.answers = answers
        self.hangs = hangs
        self.received: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        # Wakes the thread, which waits for a connection
        with socket.create_connection(self._listener.getsockname()):
            self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            connection, _ = self._listener.accept()
            with connection:
                if self._closing.is_set():
                    return
                connection.settimeout(10)
                try:
                    self.received.append(connection.recv(4096))
                    connection.sendall(self.answers[min(len(self.received), len(self.answers)) - 1])
                    if self.hangs:
                        connection.recv(1)
                except OSError:
                    # The other side has hung up
                    continue


@contextmanager
def serving(*answers: bytes, hangs: bool = False) -> Generator[Server]:
    """Run a server."""
    server = Server(*answers, hangs=hangs)
    try:
        yield server
    finally:
        server.close()


def http(status: str, *headers: str, body: bytes = b"") -> bytes:
    """An answer of an HTTP server."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body
