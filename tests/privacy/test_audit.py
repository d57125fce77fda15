from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from realtime.privacy.audit import event_of_line
from realtime.privacy.audited import describe
from realtime.privacy.events import Event, Kind

START = Path.cwd()


def event(name: str, *arguments: Any) -> Event | None:
    line = describe(name, arguments)
    return None if line is None else event_of_line(line, START)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("open", ("new", "w", os.O_WRONLY | os.O_CREAT)),
        ("open", (os.fsencode(START / "new"), None, os.O_RDWR)),
        ("os.mkdir", ("new", 511, -1)),
        ("os.rename", ("old", "new", -1, -1)),
        ("os.symlink", ("old", "new", -1)),
        ("os.remove", ("new", -1)),
        ("os.truncate", ("new", 0)),
        ("os.chmod", ("new", 384, -1)),
        ("sqlite3.connect", ("new",)),
        ("sqlite3.connect", ("file:new?mode=rwc",)),
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
        ("sqlite3.connect", (":memory:",)),
        ("import", ("socket", None, None, None, None)),
        ("socket.getaddrinfo", ("127.0.0.1", 9, 0, 0, 0)),
        ("socket.getaddrinfo", (None, 9, 0, 0, 0)),
        ("socket.sendmsg", (None, None)),
        ("socket.gethostname", ()),
    ],
)
def test_what_changes_nothing_is_no_event(name: str, arguments: tuple[Any, ...]) -> None:
    assert event(name, *arguments) is None


@pytest.mark.parametrize("name", ["nul", "NUL"])
@pytest.mark.parametrize("mode", [None, "wb"])
def test_the_null_device_of_windows_is_no_file(name: str, mode: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "devnull", "nul")
    assert event("open", name, mode, os.O_RDWR) is None
    assert event("open", f"{name}.txt", mode, os.O_RDWR) is not None


def test_a_process_of_windows_is_named_once() -> None:
    assert event("subprocess.Popen", None, "x.exe -v", None, None) is None
    assert event("_winapi.CreateProcess", None, "x.exe -v", None) == Event(
        Kind.LOCAL, "started x.exe -v, which was not watched"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [("os.mkdir", ("new", 511)), ("os.rename", ("old", "new", -1)), ("os.remove", ("new",)), ("os.rmdir", (b"new",))],
)
def test_a_path_is_relative_to_the_folder_that_is_open(name: str, arguments: tuple[Any, ...], tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        assert event(name, *arguments, folder) == Event(Kind.WRITTEN, str(tmp_path / "new"))
    finally:
        os.close(folder)


def test_a_path_is_relative_to_the_folder_that_the_process_is_in_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert event("os.mkdir", "new", 511, -1) == Event(Kind.WRITTEN, str(Path.cwd() / "new"))


def test_a_path_whose_folder_python_does_not_announce_is_no_path_that_may_not_exist() -> None:
    assert event("open", "new", None, os.O_RDWR) == Event(
        Kind.WRITTEN, "new in the working folder, or in another one that is open"
    )


@pytest.mark.parametrize(
    ("name", "arguments", "program"),
    [
        ("os.system", (b"rm x",), "rm x"),
        ("os.fork", (), "a copy of this process"),
        ("os.exec", ("/bin/x", [], None), "/bin/x"),
        ("os.spawn", (0, "/bin/x", [], None), "/bin/x"),
    ],
)
def test_each_start_of_a_process_is_named(name: str, arguments: tuple[Any, ...], program: str) -> None:
    assert event(name, *arguments) == Event(Kind.LOCAL, f"started {program}, which was not watched")


def test_addresses_are_connected() -> None:
    assert event("socket.connect", None, ("192.0.2.1", 443)) == Event(Kind.CONNECTED, "192.0.2.1:443")
    assert event("socket.connect", None, ("::1", 9, 0, 0)) == Event(Kind.CONNECTED, "[::1]:9")
    assert event("socket.sendto", None, ("127.0.0.1", 9)) == Event(Kind.CONNECTED, "127.0.0.1:9")
    assert event("socket.bind", None, ("127.0.0.1", 0)) == Event(Kind.CONNECTED, "listened at 127.0.0.1:0")
    assert event("socket.getaddrinfo", "example.org", 443, 0, 0, 0) == Event(
        Kind.CONNECTED, "asked for the address of example.org"
    )


def test_sockets_of_the_screen_and_the_sound_and_other_programs_are_local_and_named() -> None:
    assert event("socket.connect", None, "/run/pulse/native") == Event(Kind.LOCAL, "socket /run/pulse/native")
    assert event("socket.connect", None, "\0/tmp/.X11-unix/X0") == Event(Kind.LOCAL, "socket @/tmp/.X11-unix/X0")
    started = event("subprocess.Popen", "/usr/bin/true", ["true"], None, None)
    assert started == Event(Kind.LOCAL, "started /usr/bin/true, which was not watched")


def test_what_is_not_understood_counts_as_a_connection() -> None:
    found = event_of_line(["unknown", "socket.connect"], START)
    assert found is not None
    assert found.kind is Kind.CONNECTED
