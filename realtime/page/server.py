"""The socket of the page, and the server on it: on this computer alone, or with a certificate for the network."""

from __future__ import annotations

import errno
import logging
import socket
import ssl
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from realtime.errors import EmodjError, UsageError
from realtime.page.guard import MAX_HEADER_BYTES, SECURITY_HEADERS, Access, Guard, answer_busy, new_key

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from starlette.types import ASGIApp
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

LOOPBACK = "127.0.0.1"
MAX_CONNECTIONS = 64
"""Connections at the same time, each with one request; a browser opens six for a tab."""
KEEP_ALIVE_S = 15
SILENT_S = 10.0
"""Seconds without a complete request after which a connection is closed."""
SHUTDOWN_S = 2
_ELSEWHERE = ("203.0.113.1", 9)
"""An address that nobody has (RFC 5737), outside of every network at home."""
_USUAL_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files for https.

    Attributes:
        chain: PEM file with the certificate, and maybe those that it depends on.
        key: PEM file with its private key, which has no password.
    """

    chain: Path
    key: Path


class PageAddress:
    """The socket of the page, bound and with its links; a context manager that closes it.

    Args:
        port: number of the port; 0 for any that is free.
        certificate: None for this computer alone by http; else the network by https.

    Attributes:
        access: who may use the page.
        links: addresses with the key; the first one is for this computer.
        opening_link: address with a ticket in place of the key, for a browser that is started; it works once.

    Raises:
        UsageError: the port is taken, or the certificate cannot be used.
        EmodjError: the system refuses.
    """

    def __init__(self, port: int, certificate: Certificate | None = None) -> None:
        self._certificate = certificate
        if certificate is not None:
            _check_certificate(certificate)
        self.socket = _bind("" if certificate else LOOPBACK, port)
        port = self.socket.getsockname()[1]
        names = ["localhost", LOOPBACK] if certificate is None else ["localhost", LOOPBACK, *network_names()]
        scheme = "http" if certificate is None else "https"
        hosts = {f"{name.lower()}:{port}" for name in names}
        if port == _USUAL_PORTS[scheme]:
            # Browsers leave it out
            hosts |= {name.lower() for name in names}
        self.access = Access(scheme, frozenset(hosts), new_key())
        shown = [LOOPBACK] if certificate is None else ["localhost", *names[2:]]
        # Behind the #, the key is sent to no server and written into no log
        self.links = tuple(f"{scheme}://{name}:{port}/#{self.access.key}" for name in shown)
        self.opening_link = f"{scheme}://{shown[0]}:{port}/#{self.access.ticket.text}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def server(self, page: ASGIApp) -> uvicorn.Server:
        """A server for a page behind its guard: its `run` ends by a signal, or soon after `should_exit` is set."""
        files = self._certificate
        # Whoever reaches the port could fill the terminal: Python prints warnings of loggers that nobody has set up
        logging.getLogger("uvicorn.error").addFilter(_is_no_client_fault)
        config = uvicorn.Config(
            Guard(page, self.access),
            http=_ImpatientProtocol,
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=SHUTDOWN_S,
            ssl_certfile=None if files is None else files.chain,
            ssl_keyfile=None if files is None else files.key,
        )
        return uvicorn.Server(config)

    def serve(self, page: ASGIApp) -> None:
        """Serve the page until a signal ends the process.

        Raises:
            KeyboardInterrupt: Ctrl-C, or another signal, asks the command to end.
        """
        self.server(page).run(sockets=[self.socket])


class _ImpatientProtocol(H11Protocol):
    """uvicorn's protocol, with limits and answers of our own.

    A connection beyond `MAX_CONNECTIONS` gets status 503. uvicorn's own answer has no headers of ours, so its limit is unused.

    It closes a connection that sends no complete request for `SILENT_S`: uvicorn itself waits for ever for the first one. What
    is no HTTP never reaches the guard, so it is answered here, with the headers of every answer.
    """

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self.app = answer_busy
        self._timer = self.loop.call_later(SILENT_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own words
        body = b"this is no request by HTTP/1.1: open the link that emodj printed\n"
        given = {
            **SECURITY_HEADERS,
            "content-type": "text/plain; charset=utf-8",
            "content-length": str(len(body)),
            "connection": "close",
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        cycle = cast("RequestResponseCycle | None", self.cycle)
        if cycle is None or cycle.response_complete or not cycle.response_started:
            self.transport.write(f"HTTP/1.1 400 Bad Request\r\n{lines}\r\n".encode() + body)
        self.transport.close()

    def _look(self) -> None:
        cycle = cast("object | None", self.cycle)
        if cycle is None:
            self.transport.close()
            return
        # Between two requests uvicorn counts its own time, but only until the first byte of the next one
        if self.cycle.response_complete and self.timeout_keep_alive_task is None:
            self.transport.close()
            return
        self._timer = self.loop.call_later(SILENT_S, self._look)


def _is_no_client_fault(record: logging.LogRecord) -> bool:
    """Whether a message of uvicorn is about the server: its warnings are all about what a client sent."""
    return record.levelno != logging.WARNING


def network_names() -> list[str]:
    """Names and addresses by which other computers may know this one; no server is asked."""
    name = socket.gethostname()
    found = [name, f"{name}.local"] if "." not in name else [name]
    # A name of 64 characters is one for Linux, and none for Python
    with suppress(OSError, UnicodeError):
        found += [str(entry[4][0]) for entry in socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)]
    # On many systems the name is 127.0.1.1 for the computer itself. Connecting by UDP sends nothing: it only finds the way out
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way_out:
        way_out.connect(_ELSEWHERE)
        found.append(way_out.getsockname()[0])
    return [each for each in dict.fromkeys(found) if not each.startswith("127.")]


def _bind(host: str, port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # Else another program could bind the same port, too, and get the requests
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        # From now on a connection waits: the browser may be faster than the server
        bound.listen(MAX_CONNECTIONS)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise UsageError(f"port {port} is taken by another program: name another one, or leave --port out") from error
        if error.errno == errno.EACCES:
            raise UsageError(f"port {port} needs rights that emodj does not have: name one from 1024 on") from error
        raise EmodjError(f"port {port} cannot be used ({error.strerror}): name another one, or leave --port out") from error
    return bound


def _check_certificate(certificate: Certificate) -> None:
    for path in (certificate.chain, certificate.key):
        if not path.is_file():
            raise UsageError(f"no such file: {path}")
    try:
        # Without a password here, OpenSSL would ask for one on the terminal
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate.chain, certificate.key, lambda: "")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise UsageError(
            f"{certificate.chain} and {certificate.key} are no certificate and its key in PEM ({reason}): "
            "give a certificate, and the key without a password that belongs to it"
        ) from error
