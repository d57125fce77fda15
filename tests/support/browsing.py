"""HTTP requests of a browser that follows no redirect."""

from __future__ import annotations

import http.client
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Visited:
    """Response to a request. The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str


def visit(address: str, serve: Callable[[], object] = lambda: None, *, method: str = "GET", **headers: str) -> Visited:
    """Request an address, without following a redirect.

    Args:
        address: an `http://` URL.
        serve: called after the request is sent; handles it where the server has no thread.
        method: HTTP method.
        headers: headers of the request.
    """
    parts = urlsplit(address)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=PATIENCE_S)) as connection:
        connection.request(method, f"{parts.path}?{parts.query}", headers=headers)
        serve()
        response = connection.getresponse()
        lower_case = {name.lower(): text for name, text in response.getheaders()}
        return Visited(response.status, lower_case, response.read().decode())
