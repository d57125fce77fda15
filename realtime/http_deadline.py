"""One deadline for a whole question to a server.

The timeout of a socket counts from its last byte: a server that sends a byte a second is never late. A name may have a dozen
addresses, and each of them gets the whole timeout. Here each address and each read gets what is left of the time. The standard
library and urllib3 have the same classes of connections, so this serves both. What is not bounded here: the search for the
addresses, for which the system has its own limit.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.request import HTTPHandler, HTTPSHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from http.client import HTTPResponse
    from urllib.request import Request


class Deadline:
    """The time that one question has.

    Args:
        clock: seconds; never falls.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end_s = 0.0

    def start(self, seconds: float) -> None:
        """Begin a question that has so many seconds."""
        self._end_s = self._clock() + seconds

    def left_s(self) -> float:
        """Seconds that are left.

        Raises:
            TimeoutError: none is left.
        """
        left_s = self._end_s - self._clock()
        if left_s <= 0:
            raise TimeoutError("the server did not answer in time")
        return left_s


def open_socket(
    place: tuple[str, int],
    deadline: Deadline,
    source: tuple[str, int] | None = None,
    options: Iterable[tuple[int, int, int | bytes]] = (),
) -> socket.socket:
    """Connect to the first address of a host that answers.

    Args:
        place: name or address of the host, and port.
        deadline: all addresses together have what is left of its time.
        source: address to connect from; None for any.
        options: arguments of `setsockopt`.

    Raises:
        TimeoutError: the time is over.
        socket.gaierror: the name is unknown, or can be no name.
        OSError: the name has no address, or none of them takes the connection.
    """
    try:
        found = socket.getaddrinfo(*place, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise _no_name(error) from error
    refused = OSError("the name of the host has no address")
    for family, kind, protocol, _, address in found:
        opened = None
        try:
            opened = socket.socket(family, kind, protocol)
            for option in options:
                opened.setsockopt(*option)
            opened.settimeout(deadline.left_s())
            if source is not None:
                opened.bind(source)
            opened.connect(address)
        except OSError as error:
            if opened is not None:
                opened.close()
            refused = error
        else:
            return opened
    raise refused


def _no_name(error: UnicodeError) -> socket.gaierror:
    """What Python should raise for a text that can be no name of a host, such as `a..b`."""
    return socket.gaierror(socket.EAI_NONAME, f"no name of a host: {error}")


class DeadlineSocket:
    """A connected socket whose reads end at a deadline; everything else is that of the socket."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._connected = connected
        self._deadline = deadline

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connected, name)

    def makefile(self, *_: object, **__: object) -> io.BufferedReader:
        """A file to read from; `http.client` reads the whole answer from it, status and headers, too."""
        return io.BufferedReader(_DeadlineFile(self._connected, self._deadline))


class _DeadlineFile(io.RawIOBase):
    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._connected = connected
        self._deadline = deadline
        # It counts as a user of the socket, which stays open until the last user has closed it
        self._file = connected.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        self._connected.settimeout(self._deadline.left_s())
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


def connection_class(base: type[Any], deadline: Deadline) -> type[Any]:
    """A class of connections whose answers end at a deadline.

    Args:
        base: `HTTPConnection` or `HTTPSConnection`, of `http.client` or of urllib3.
        deadline: started before each question.
    """

    def open_in_time(place: tuple[str, int], _timeout_s: object, source: tuple[str, int] | None) -> socket.socket:
        return open_socket(place, deadline, source)

    class DeadlineConnection(base):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            # What `http.client` opens its socket with
            self._create_connection = open_in_time

        def connect(self) -> None:
            try:
                super().connect()
            except UnicodeError as error:
                # Behind a proxy, encryption is the first to look at the name of the host
                raise _no_name(error) from error
            # A slow handshake may have taken all the time
            deadline.left_s()
            connected: Any = self.sock
            self.sock = DeadlineSocket(connected, deadline)

    return DeadlineConnection


class PlainHandler(HTTPHandler):
    """Opens http addresses for urllib; the answers end at a deadline."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._connection = connection_class(HTTPConnection, deadline)

    def http_open(self, req: Request) -> HTTPResponse:
        """Send a request, as urllib asks."""
        return self.do_open(self._connection, req)


class SecureHandler(HTTPSHandler):
    """Opens https addresses for urllib; the answers end at a deadline."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._connection = connection_class(HTTPSConnection, deadline)

    def https_open(self, req: Request) -> HTTPResponse:
        """Send a request, as urllib asks."""
        return self.do_open(self._connection, req)
