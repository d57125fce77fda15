"""A process for files from other people: it has limits of memory and time, and what it breaks is not ours.

TensorFlow, HDF5 and LiteRT are native code. A damaged or hostile file can take all memory, run for hours, or end the process by
a signal. In a process of its own each of these is one sentence. Browsers and thumbnailers read pictures in the same way.

The parent sends requests, the child answers each one: a line of JSON, then as many bytes as its field "bytes" says.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from realtime.errors import AssetError, EmodjError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Handler = Callable[[Mapping[str, Any], bytes], bytes]

START_TIMEOUT_S = 600.0
"""How long one request may take; seconds. TensorFlow alone takes four to import, or a minute on a busy computer."""

_NO_ROOM = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_GRACE_S = 60
_CLOSE_TIMEOUT_S = 5.0
_MAX_FILE_BYTES = 4 * 2**30
_START = "import sys; sys.path.append(sys.argv[1]); from {module} import main; main()"
_ROOT = Path(__file__).resolve().parents[2]


class ChildProcess:
    """Runs the function `main` of a module in another process, inside a `with` block.

    The memory of the child is limited on Linux alone: other systems have no such limit for a process. Its time is limited
    everywhere.

    Args:
        module: name of the module; its `main` calls `serve`.
        subject: the file that the child reads, for the sentences.
        memory_bytes: the most memory that the child may take.
        timeout_s: how long one request may take; seconds.
    """

    def __init__(self, module: str, subject: Path, *, memory_bytes: int, timeout_s: float = START_TIMEOUT_S) -> None:
        self._module, self._subject = module, subject
        self._memory_bytes, self._timeout_s = memory_bytes, timeout_s
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="emodj-", ignore_cleanup_errors=True)
        except OSError as error:
            raise EmodjError(_no_room(subject) if _is_disk_full(error) else _no_folder(subject, error)) from error
        self._child: subprocess.Popen[bytes] | None = None
        self._timed_out = threading.Event()

    def __enter__(self) -> Self:
        # -P: no module of the current folder takes the place of ours
        command = [sys.executable, "-P", "-c", _START.format(module=self._module), str(_ROOT)]
        limits = [str(self._memory_bytes), str(int(self._timeout_s) + _GRACE_S)]
        try:
            self._child = subprocess.Popen(
                [*command, *limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(self.folder),
                # Else a program without a console would open one
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            self._folder.cleanup()
            raise EmodjError(f"cannot start a process to read {self._subject} ({error.strerror or error})") from error
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        # After Ctrl-C nobody waits for the end of a request
        if kind is not None and self._child is not None:
            self._child.kill()
        self.close()

    @property
    def folder(self) -> Path:
        """A folder for files of the child, which is removed at the end."""
        return Path(self._folder.name)

    def request(self, header: Mapping[str, Any], payload: bytes = b"") -> tuple[dict[str, Any], bytes]:
        """Send a request, and wait for the answer.

        Raises:
            AssetError: the child refuses the file, needs too much memory or time, or ended by a signal.
            EmodjError: the child cannot do what was asked for another reason.
        """
        child = self._child
        if child is None or child.stdin is None or child.stdout is None:
            raise ValueError("the process is not running")
        timer = threading.Timer(self._timeout_s, self._kill)
        timer.start()
        try:
            # A child that has ended is noticed when its answer is read; Windows does not call its pipe broken
            with suppress(OSError):
                _write(child.stdin, header, payload)
            answer = _read(child.stdout)
        finally:
            timer.cancel()
            timer.join()
        if answer is None:
            raise AssetError(self._explain_end(child))
        if "error" in answer[0]:
            raise (AssetError if answer[0]["status"] == AssetError.status else EmodjError)(answer[0]["error"])
        return answer

    def close(self) -> None:
        """End the child and remove its folder. Can be called twice."""
        child, self._child = self._child, None
        if child is not None:
            for stream in (child.stdin, child.stdout):
                if stream:
                    with suppress(OSError):
                        stream.close()
            try:
                child.wait(_CLOSE_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            except BaseException:
                child.kill()
                child.wait()
                raise
        self._folder.cleanup()

    def _kill(self) -> None:
        self._timed_out.set()
        if self._child is not None:
            self._child.kill()

    def _explain_end(self, child: subprocess.Popen[bytes]) -> str:
        status = child.wait()
        if self._timed_out.is_set():
            return f"{self._subject} cannot be used: reading it takes longer than {self._timeout_s:g} seconds"
        memory = f"{self._memory_bytes / 2**30:.1f} GB of memory"
        return (
            f"{self._subject} cannot be used: it is damaged or needs more than {memory} (its reader ended: {_describe(status)})"
        )


def serve(handlers: Mapping[str, Handler]) -> None:
    """Answer the requests of the parent until it closes its end: the body of the child's `main`.

    Args:
        handlers: function for each value of the field "do"; it gets the request and its bytes, and returns bytes.
    """
    memory_bytes, lifetime_s = map(int, sys.argv[2:4])
    # What a library prints must not stand between the answers
    answers = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
    _limit_resources(memory_bytes)
    while True:
        # If the parent was killed meanwhile, nobody else ends a request that never ends
        _set_alarm(0)
        request = _read(sys.stdin.buffer)
        if request is None:
            return
        _set_alarm(lifetime_s)
        header, payload = request
        try:
            answer = handlers[header["do"]](header, payload)
        except EmodjError as error:
            if error.__cause__ is not None and _is_disk_full(error.__cause__):
                error = EmodjError(_no_room(header.get("path", "the network")))
            _write(answers, {"error": str(error), "status": error.status})
        except MemoryError:
            why = f"cannot be used: it needs more than {memory_bytes / 2**30:.1f} GB of memory"
            _write(answers, {"error": f"{header.get('path', 'the network')} {why}", "status": AssetError.status})
        # TensorFlow has classes of errors that are in no public module
        except Exception as error:  # noqa: BLE001
            if _is_disk_full(error):
                _write(answers, {"error": _no_room(header.get("path", "the network")), "status": EmodjError.status})
                continue
            why = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            sentence = f"{header.get('path', 'the network')} cannot be used: {why}"
            _write(answers, {"error": sentence, "status": AssetError.status})
        else:
            _write(answers, {}, answer)


def _is_disk_full(error: BaseException) -> bool:
    # Libraries put the message of the system into errors of their own
    return (isinstance(error, OSError) and error.errno in _NO_ROOM) or os.strerror(errno.ENOSPC) in str(error)


def _no_room(subject: object) -> str:
    return f"{subject} cannot be read now: the disk with the folder for temporary files, {tempfile.gettempdir()}, is full"


def _no_folder(subject: object, error: OSError) -> str:
    return f"{subject} cannot be read now: there is no folder for temporary files ({error.strerror or error}): set TMPDIR"


def _environment(folder: Path) -> dict[str, str]:
    """The environment of the child: whatever its libraries write lies in its folder."""
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP", "KERAS_HOME", "MPLCONFIGDIR"), str(folder))
    # No filter from outside is loaded into HDF5, and no second network into the graphics card
    return {**os.environ, **places, "HDF5_PLUGIN_PRELOAD": "::", "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}


def _limit_resources(memory_bytes: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: _MAX_FILE_BYTES}
    if sys.platform == "linux":
        # Memory that was reserved and not used, as TensorFlow does, does not count
        limits[resource.RLIMIT_DATA] = memory_bytes
    for kind, value in limits.items():
        hard = resource.getrlimit(kind)[1]
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))


def _set_alarm(seconds: int) -> None:
    if sys.platform != "win32":
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)


def _describe(status: int) -> str:
    if status < 0:
        with suppress(ValueError):
            return signal.Signals(-status).name
    return f"status {status}"


def _write(stream: IO[bytes], header: Mapping[str, Any], payload: bytes = b"") -> None:
    stream.write(json.dumps({**header, "bytes": len(payload)}).encode() + b"\n")
    stream.write(payload)
    stream.flush()


def _read(stream: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    header = json.loads(line)
    payload = stream.read(header["bytes"])
    return (header, payload) if len(payload) == header["bytes"] else None
