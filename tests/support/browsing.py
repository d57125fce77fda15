"""A browser that goes where it is told, and no further."""

from __future__ import annotations

import http.client
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Visited:
    """An answer. Names of `headers` are in small letters."""

    status: int
    headers: Mapping[str, str]
    text: str


def visit(address: str, serve: Callable[[], object] = lambda: None, *, method: str = "GET", **headers: str) -> Visited:
    """Ask for an address; a redirect is not followed.

    Args:
        address: `http://` alone.
        serve: called when the question is on its way, where nobody serves by themselves.
        method: of HTTP.
        headers: in place of those that a browser sends.
    """
    parts = urlsplit(address)
    with closing(http.client.HTTPConnection(parts.netloc, timeout=PATIENCE_S)) as connection:
        connection.request(method, f"{parts.path}?{parts.query}", headers=headers)
        serve()
        answer = connection.getresponse()
        found = {name.lower(): text for name, text in answer.getheaders()}
        return Visited(answer.status, found, answer.read().decode())
