"""A child process that misbehaves on request, for tests of `classifier.child_process`."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realtime.classifier import child_process
from realtime.errors import AssetError, EmodjError
from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Mapping


def main() -> None:
    """Answer requests."""
    child_process.serve(
        {
            "echo": lambda _, payload: payload[::-1],
            "environment": lambda header, _: os.environ.get(header["name"], "").encode(),
            "modules": lambda _, __: " ".join(sys.path).encode(),
            "print": _print,
            "refuse": _refuse,
            "fail": _fail,
            "raise": _raise,
            "fill": _fill,
            "grow": _grow,
            "hang": _hang,
            "die": _die,
            "exit": _exit,
            "leave": _leave,
        }
    )


def _print(_: Mapping[str, Any], payload: bytes) -> bytes:
    sys.stdout.write("a message of a library\n")
    sys.stdout.flush()
    os.write(1, b"a message of native code\n")
    os.write(2, b"a message of native code\n")
    return payload


def _refuse(_: Mapping[str, Any], __: bytes) -> bytes:
    raise AssetError("net.json is not good")


def _fail(_: Mapping[str, Any], __: bytes) -> bytes:
    raise EmodjError("it does not work")


def _raise(_: Mapping[str, Any], __: bytes) -> bytes:
    raise LookupError("first line\nsecond line")


def _fill(header: Mapping[str, Any], _: bytes) -> bytes:
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if header["inside"]:
        raise EmodjError("the library cannot do it") from RuntimeError(f"write failed: {error.strerror}")
    raise error


def _grow(header: Mapping[str, Any], _: bytes) -> bytes:
    return b"x" * len(bytearray(header["size"]))


def _hang(_: Mapping[str, Any], __: bytes) -> bytes:
    while True:
        time.sleep(PATIENCE_S)


def _die(header: Mapping[str, Any], _: bytes) -> bytes:
    os.kill(os.getpid(), header["signal"])
    return b""


def _exit(header: Mapping[str, Any], _: bytes) -> bytes:
    os._exit(header["status"])


def _leave(_: Mapping[str, Any], __: bytes) -> bytes:
    Path(tempfile.gettempdir(), "left").write_bytes(b"left")
    return b""
