"""Read an interlaced film of a server through FFmpeg's deinterlacer, in a process that can be ended at any moment.

The deinterlacer is a graph of filters, and the film is read inside that graph, where OpenCV's time limits do not reach. A
server that sends a byte now and then would hold the thread that reads for ever, and no signal would end it. So the graph has a
process of its own, which gets a time for each answer and is killed after that.

The request is a line of JSON on the standard input: a URL can hold a password, and every user of a computer sees arguments.
The process ends when its standard input does, so it never outlives the one that started it.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self, cast

import numpy as np

from realtime.errors import Cause, SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    Pixels = np.ndarray[tuple[int, ...], np.dtype[np.generic]]

START_TIMEOUT_S = 60.0
"""How long the process may take to load OpenCV; seconds. It takes a third of one."""

ANSWER_TIMEOUT_S = 10.0
"""How long one frame, or one check of a film, may take; seconds. As for other streams."""

MAX_MEMORY = 2**30
"""Memory of the process on Linux, bytes. A film of 8K takes half of it."""

_HEAD = struct.Struct("<IId")
"""Height and width of a frame, pixels, and its time, milliseconds; 0 pixels at the end of the film."""

_READY, _YES, _NO = b"R", b"Y", b"N"
_ROOT = Path(__file__).resolve().parents[2]
_START = "import sys; sys.path.append(sys.argv[1]); from realtime.sources.server_graph import main; main()"


def is_interlaced_on_server(url: str, options: Mapping[str, str], name: str, at_s: float = 0.0, skip: int = 0) -> bool:
    """Whether frames of a film are interlaced, as `interlaced.is_interlaced` finds out, within `ANSWER_TIMEOUT_S`.

    Args:
        url: of the film.
        options: of FFmpeg, which open it.
        name: of the film, for sentences.
        at_s: seconds since the start of the film.
        skip: number of frames that are left out.

    Raises:
        SourceError: the server is too slow, or the process cannot be started.
    """
    request = {"do": "check", "location": url, "options": dict(options), "at_s": at_s, "skip": skip}
    with _GraphProcess(request, name) as process:
        return process.receive(1) == _YES


class ServerGraphCapture:
    """A deinterlaced film of a server, with the methods of `cv2.VideoCapture` that a source calls.

    Args:
        url: of the film.
        options: of FFmpeg, which open it.
        name: of the film, for sentences.
        most_pixels: of a frame; a larger one ends the film.

    Raises:
        SourceError: the process cannot be started.
    """

    def __init__(self, url: str, options: Mapping[str, str], name: str, most_pixels: int) -> None:
        self._process = _GraphProcess({"do": "read", "location": url, "options": dict(options)}, name)
        self._most_pixels = most_pixels
        self._time_ms = 0.0
        self._ended = False

    def read(self) -> tuple[bool, Pixels]:
        """The next frame, (height, width, 3) uint8 BGR; False at the end of the film.

        Raises:
            SourceError: no frame came within `ANSWER_TIMEOUT_S`.
        """
        nothing = np.zeros((0, 0, 3), np.uint8)
        head = b"" if self._ended else self._process.receive(_HEAD.size)
        height, width, time_ms = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, 0, 0.0)
        self._ended = not 0 < height * width <= self._most_pixels
        if self._ended:
            return False, nothing
        pixels = self._process.receive(3 * height * width)
        if len(pixels) < 3 * height * width:
            self._ended = True
            return False, nothing
        self._time_ms = time_ms
        return True, np.frombuffer(pixels, np.uint8).reshape(height, width, 3)

    def get(self, _property: int, /) -> float:
        """The time of the frame that was read last, in milliseconds, as for `cv2.CAP_PROP_POS_MSEC`."""
        return self._time_ms

    def grab(self) -> bool:
        """Read a frame and drop it."""
        return self.read()[0]

    def release(self) -> None:
        """End the process. Can be called twice, and while another thread reads, which then reads the end of the film."""
        self._ended = True
        self._process.close()


class _GraphProcess:
    """The process, started with one request."""

    def __init__(self, request: Mapping[str, Any], name: str) -> None:
        self._name = name
        self._timed_out = False
        try:
            self._process = subprocess.Popen(
                # -P: no module of the current folder takes the place of ours
                [sys.executable, "-P", "-c", _START, str(_ROOT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                # Else a program without a console would open one
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise SourceError(f"cannot start a process to read {name} ({error.strerror or error})") from error
        self._requests, self._answers = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        try:
            # A process that ended at its start gives no bytes, which is seen below
            with suppress(OSError):
                self._requests.write(json.dumps(request).encode() + b"\n")
                self._requests.flush()
            is_ready = self.receive(1, START_TIMEOUT_S) == _READY
        except BaseException:
            self.close()
            raise
        if not is_ready:
            self.close()
            raise SourceError(f"the process that reads {name} ended at its start: download the film, and name the file")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def receive(self, size: int, timeout_s: float | None = None) -> bytes:
        """Receive so many bytes, or fewer from a process that has ended.

        Raises:
            SourceError: they do not come in time; the process is ended then.
        """
        timer = threading.Timer(ANSWER_TIMEOUT_S if timeout_s is None else timeout_s, self._kill)
        # It must not keep a process alive that a signal ends
        timer.daemon = True
        timer.start()
        try:
            received = self._answers.read(size)
        finally:
            timer.cancel()
            timer.join()
        if self._timed_out and len(received) < size:
            self.close()
            raise SourceError(
                f"{self._name} comes too slowly to be read: it may be interlaced, so download it, and name the file", Cause.LOST
            )
        return received

    def _kill(self) -> None:
        self._timed_out = True
        self._process.kill()

    def close(self) -> None:
        """End the process. Can be called twice."""
        self._process.kill()
        self._process.wait()
        for stream in (self._requests, self._answers):
            # A request that the process never took
            with suppress(OSError):
                stream.close()


def main() -> None:
    """Serve the request on the standard input: the body of the process."""
    # Ctrl-C goes to every process of a terminal; the one that started this process decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from realtime.libraries import configure_opencv

    configure_opencv()
    from realtime.sources.interlaced import is_interlaced, open_deinterlaced

    request = json.loads(sys.stdin.buffer.readline())
    location, options = request["location"], request["options"]
    _limit_resources()
    threading.Thread(target=_end_with_stdin, args=(sys.stdin.fileno(),), daemon=True).start()
    _send(_READY)
    if request["do"] == "check":
        _send(_YES if is_interlaced(location, options, request["at_s"], request["skip"]) else _NO)
    else:
        from cv2 import CAP_PROP_POS_MSEC

        capture = open_deinterlaced(location, options)
        while (read := capture.read())[0]:
            image = np.ascontiguousarray(read[1])
            _send(_HEAD.pack(*image.shape[:2], capture.get(CAP_PROP_POS_MSEC)))
            _send(image.tobytes())
        _send(_HEAD.pack(0, 0, 0.0))
    # A graph that is never closed by its server would hold the end of the interpreter
    os._exit(0)


def _send(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def _end_with_stdin(stdin: int) -> None:
    while os.read(stdin, 1):
        pass
    os._exit(0)


def _limit_resources() -> None:
    """Let a hostile film neither take all memory nor leave an image of the crashed process on the disk."""
    if sys.platform == "win32":
        return
    import resource

    limits = {resource.RLIMIT_CORE: 0} | ({resource.RLIMIT_DATA: MAX_MEMORY} if sys.platform == "linux" else {})
    for kind, limit in limits.items():
        hard = resource.getrlimit(kind)[1]
        most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, hard))
