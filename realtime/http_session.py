"""Sessions of requests that are safe with a secret, and whose answers have a time and a size.

The timeout of requests counts from the last byte, and it unpacks an answer of any size: a server that sends a byte a second
holds a program for ever, and a megabyte of gzip becomes a gigabyte. Imported late: requests takes a fifth of a second.
"""

from __future__ import annotations

import io
import logging
import os
import socket
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from realtime.http_deadline import Deadline, connection_class, open_socket
from realtime.printable import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)

MAX_BYTES = 10**6
"""Bytes of an answer after decompression; the largest that emodj asks for, 50 songs of a playlist, has 0.3 MB."""

_PIECE = 2**16
# Read by requests, in this order
_CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class LibraryError(Exception):
    """Stands for the exception of a library in a traceback: the message is that of the library, without secrets."""


def new_session() -> requests.Session:
    """Make a session that sends nothing but what its caller gives it, and follows no redirect.

    A redirect raises `requests.TooManyRedirects`: it would get the token of the request, without encryption even.
    """
    # It logs tracebacks; the errors of emodj contain all that a person needs
    logging.getLogger("urllib3").setLevel(logging.CRITICAL + 1)
    session = requests.Session()
    # Without this, requests would send the password of a ~/.netrc instead of the token
    session.auth = _add_no_authorisation
    session.max_redirects = 0
    adapter = BoundedAdapter()
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return session


def hide_secrets(error: BaseException, secrets: Iterable[str | None]) -> LibraryError:
    """Log an exception of a library, and return one that may be the cause of another: neither shows a secret.

    Args:
        error: an answer may have repeated a secret in its message.
        secrets: texts that no log and no traceback may show.
    """
    detail = without_secrets(f"{type(error).__module__}.{type(error).__name__}: {error}", secrets)
    log.info("%s", detail)
    return LibraryError(detail)


def explain_failure(error: BaseException, service: str, timeout_s: float) -> str | None:
    """Explain in a sentence why a request has no answer; None for an answer that is there and cannot be read.

    Args:
        error: raised by a session, or while its answer was parsed.
        service: its name.
        timeout_s: seconds that the request had.
    """
    match error:
        case requests.Timeout() | TimeoutError():
            return f"{service} did not answer for {timeout_s:g} s: try again in a moment"
        case requests.exceptions.SSLError():
            return _explain_refused_certificate(service)
        case requests.exceptions.ChunkedEncodingError():
            return f"{service}'s answer was cut off: try again in a moment"
        case requests.ConnectionError():
            return f"{service} cannot be reached: is this computer online?"
        case OSError() if not isinstance(error, requests.RequestException):
            # requests looks for the file that a variable names before it connects
            return _explain_missing_certificates(error, service)
        case _:
            return None


def _certificate_variable() -> str | None:
    """The variable that names the certificates to trust; None where those that come with requests count."""
    return next((name for name in _CERTIFICATE_VARIABLES if os.environ.get(name)), None)


def _explain_refused_certificate(service: str) -> str:
    named = _certificate_variable()
    other = "" if named is None else f"; or {named} in your environment names the wrong certificates"
    return f"this network changes the connection to {service}: open a web page, the network may want you to log in{other}"


def _explain_missing_certificates(error: OSError, service: str) -> str:
    named = _certificate_variable()
    if named is None:
        return f"this system does not let emodj ask {service} ({error.strerror or error})"
    return f"there are no certificates at {os.environ[named]}: correct {named} in your environment, or unset it"


def _add_no_authorisation(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class BoundedAdapter(HTTPAdapter):
    """Reads each answer whole, within the timeout of its request and `MAX_BYTES`. For one request at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._deadline = Deadline()
        self._classes = {
            "http": _connection_class(HTTPConnection, self._deadline),
            "https": _connection_class(HTTPSConnection, self._deadline),
        }

    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> Any:
        """The pool for a request; its connections hold the deadline."""
        pool: Any = super().get_connection_with_tls_context(*arguments, **options)
        pool.ConnectionCls = self._classes[pool.scheme]
        return pool

    def send(
        self,
        request: Any,
        stream: bool = False,  # noqa: FBT001, FBT002 - as the session calls it
        timeout: Any = None,
        verify: Any = True,  # noqa: FBT002
        cert: Any = None,
        proxies: Any = None,
    ) -> Any:
        """Send a request and read its answer.

        Args:
            request: prepared by the session.
            stream: has no meaning here: the answer is read at once.
            timeout: seconds until the end of the answer.
            verify: as for `HTTPAdapter`.
            cert: as for `HTTPAdapter`.
            proxies: as for `HTTPAdapter`.

        Raises:
            requests.Timeout: the answer is late.
            requests.RequestException: the server cannot be reached, or the answer is cut off, broken or too large.
        """
        del stream
        self._deadline.start(timeout)
        response: Any = super().send(request, True, timeout, verify, cert, proxies)
        raw = response.raw
        try:
            body = _read(raw)
        except ReadTimeoutError as error:
            raise requests.ReadTimeout(error, request=request) from error
        except DecodeError as error:
            raise requests.exceptions.ContentDecodingError(error, request=request) from error
        except HTTPError as error:
            raise requests.exceptions.ChunkedEncodingError(error, request=request) from error
        finally:
            # After a whole answer the connection is back in its pool, and this does nothing
            raw.close()
        response.raw = io.BytesIO(body)
        return response


def _connection_class(base: type[Any], deadline: Deadline) -> type[Any]:
    class BoundedConnection(connection_class(base, deadline)):
        def _new_conn(self) -> socket.socket:
            """Open a socket as urllib3 does, with its errors, but for the time of all addresses together."""
            try:
                return open_socket((self.host, self.port), deadline, self.source_address, self.socket_options or ())
            except socket.gaierror as error:
                raise NameResolutionError(self.host, self, error) from error
            except TimeoutError as error:
                raise ConnectTimeoutError(self, f"{self.host} did not take the connection in time") from error
            except OSError as error:
                raise NewConnectionError(self, f"{self.host} did not take the connection: {error}") from error

    return BoundedConnection


def _read(raw: Any) -> bytes:
    body = bytearray()
    while piece := raw.read(_PIECE, decode_content=True):
        body += piece
        if len(body) > MAX_BYTES:
            raise requests.RequestException(f"the answer is larger than {MAX_BYTES} bytes")
    return bytes(body)
