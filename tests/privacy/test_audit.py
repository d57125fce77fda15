from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from realtime.privacy.audit import event_of_line
from realtime.privacy.audited import describe
from realtime.privacy.events import Event, Kind, socket_event

START = Path.cwd()


def event(name: str, *arguments: Any) -> Event | None:
    line = describe(name, arguments)
    return None if line is None else event_of_line(line, START)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("open", ("new", "w", os.O_WRONLY | os.O_CREAT)),
        ("open", (b"new", None, os.O_RDWR)),
        ("os.mkdir", ("new", 511, -1)),
        ("os.rename", ("old", "new", -1, -1)),
        ("os.symlink", ("old", "new", -1)),
        ("os.remove", ("new", -1)),
        ("os.truncate", ("new", 0)),
    ],
)
def test_a_path_that_changes_is_written(name: str, arguments: tuple[Any, ...]) -> None:
    assert event(name, *arguments) == Event(Kind.WRITTEN, str(START / "new"))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("open", ("x", "r", os.O_RDONLY)),
        ("open", (os.devnull, "w", os.O_WRONLY)),
        ("open", (3, "w", os.O_WRONLY)),
        ("os.truncate", (3, 0)),
        ("import", ("socket", None, None, None, None)),
        ("socket.getaddrinfo", ("127.0.0.1", 9, 0, 0, 0)),
        ("socket.getaddrinfo", (None, 9, 0, 0, 0)),
        ("socket.sendmsg", (None, None)),
        ("socket.gethostname", ()),
    ],
)
def test_what_changes_nothing_is_no_event(name: str, arguments: tuple[Any, ...]) -> None:
    assert event(name, *arguments) is None


def test_addresses_are_connected() -> None:
    assert event("socket.connect", None, ("192.0.2.1", 443)) == Event(Kind.CONNECTED, "192.0.2.1:443")
    assert event("socket.connect", None, ("::1", 9, 0, 0)) == Event(Kind.CONNECTED, "[::1]:9")
    assert event("socket.sendto", None, ("127.0.0.1", 9)) == Event(Kind.CONNECTED, "127.0.0.1:9")
    assert event("socket.bind", None, ("127.0.0.1", 0)) == Event(Kind.CONNECTED, "listened at 127.0.0.1:0")
    assert event("socket.getaddrinfo", "example.org", 443, 0, 0, 0) == Event(
        Kind.CONNECTED, "asked for the address of example.org"
    )


def test_sockets_and_other_programs_are_local_and_named() -> None:
    assert event("socket.connect", None, "/run/pulse/native") == socket_event("/run/pulse/native")
    started = event("subprocess.Popen", "/usr/bin/true", ["true"], None, None)
    assert started == Event(Kind.LOCAL, "started /usr/bin/true, which was not watched")


def test_what_is_not_understood_counts_as_a_connection() -> None:
    found = event_of_line(["unknown", "socket.connect"], START)
    assert found is not None
    assert found.kind is Kind.CONNECTED
