"""Answers of a server within a time and a size, for requests. Imported late: requests takes a fifth of a second.

The timeout of requests counts from the last byte, and it unpacks an answer of any size: a server that sends a byte a second
holds a program for ever, and a megabyte of gzip becomes a gigabyte.
"""

from __future__ import annotations

import io
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, HTTPError, ReadTimeoutError

from realtime.http_deadline import Deadline, connection_class

MAX_BYTES = 10**6
"""Bytes of an answer after decompression; the largest that emodj asks for, 50 songs of a playlist, has 0.3 MB."""

_PIECE = 2**16


class BoundedAdapter(HTTPAdapter):
    """Reads each answer whole, within the timeout of its request and `MAX_BYTES`. For one request at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._deadline = Deadline()
        self._classes = {
            "http": connection_class(HTTPConnection, self._deadline),
            "https": connection_class(HTTPSConnection, self._deadline),
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


def _read(raw: Any) -> bytes:
    body = bytearray()
    while piece := raw.read(_PIECE, decode_content=True):
        body += piece
        if len(body) > MAX_BYTES:
            raise requests.RequestException(f"the answer is larger than {MAX_BYTES} bytes")
    return bytes(body)
