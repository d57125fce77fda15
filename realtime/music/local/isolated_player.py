"""Play sound files in a process of their own: a damaged file can crash its decoder, which must not end the session.

Decoders are written in C. A file made on purpose can make one write outside its memory, so the process that decodes has no
part of the session in it: no picture, no film, no login.
"""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from realtime.errors import EmodjError
from realtime.music.local.file_player import UnplayableError
from realtime.music.local.player_process import REQUEST_TIMEOUT_S, TIMEOUT_STATUS
from realtime.printable import one_line

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 1.0
"""Time for the process to close the sound device and end by itself, in seconds; then it is killed."""
ANSWER_TIMEOUT_S = REQUEST_TIMEOUT_S + 5.0
"""Time for an answer, in seconds; then the process is killed: it has not ended by itself, so it is suspended, for example."""
LEAVE_S = 0.8
"""Longest fade at the end of a session, in seconds: nobody wants to wait for a program that they have closed."""
_COMMAND = (sys.executable, "-P", "-m", "realtime.music.local.player_process")
_MAX_ANSWER = 2**18
# Signals by which a person or the system ends a process; a crash has others
_ENDED_FROM_OUTSIDE = {signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", signal.SIGTERM)}


class IsolatedPlayer:
    """Plays one file at a time, in a process that is started here, and again for the next file after a crash.

    A file that has crashed the process is not played again.

    Raises:
        EmodjError: the process cannot be started, or cannot play files on this computer.
    """

    def __init__(self) -> None:
        self._volume = 1.0
        self._fade_s = 0.0
        self._file: Path | None = None
        # The process ended while it played the file
        self._crashed = False
        self._fault: str | None = None
        self._damaged: dict[Path, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._running_process()

    @property
    def volume(self) -> float:
        """Volume of this file and of later ones, 0..1; other values are clipped."""
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = min(1.0, max(0.0, float(volume)))
        if self._file is not None:
            self._control("volume", volume=self._volume)

    @property
    def fade_s(self) -> float:
        """Seconds of a fade, 0 or more; 0 for none."""
        return self._fade_s

    @fade_s.setter
    def fade_s(self, seconds: float) -> None:
        self._fade_s = max(0.0, float(seconds))
        if self._file is not None:
            self._control("fade", fade=self._fade_s)

    @property
    def ending(self) -> bool:
        """Whether the file has ended, or the next one may fade in."""
        if self._file is None:
            return False
        answer = self._control("ended")
        return answer.get("ended") is True or answer.get("ending") is True or self._crashed

    @property
    def ended(self) -> bool:
        """Whether the file has played to its end, has stalled, or has crashed the process."""
        if self._file is None:
            return False
        return self._control("ended").get("ended") is True or self._crashed

    def take_fault(self) -> str | None:
        """A sentence on the crash that ended the last file, once; None without one."""
        fault, self._fault = self._fault, None
        return fault

    def play(self, path: Path) -> None:
        """Play a file from its beginning; returns after some milliseconds.

        Raises:
            UnplayableError: the file is missing, damaged, unreadable or of another format.
            EmodjError: the sound device is missing or fails, or the process cannot be started.
        """
        self._file, self._crashed, self._fault = None, False, None
        if path in self._damaged:
            self.stop()
            raise UnplayableError(self._damaged[path])
        process = self._running_process()
        try:
            self._request(process, {"do": "play", "path": str(path), "volume": self._volume, "fade": self._fade_s})
        except _ProcessEndedError as error:
            sentence = self._explain_end(path, error.status)
            if path in self._damaged:
                raise UnplayableError(sentence) from error
            raise EmodjError(sentence) from error
        self._file = path

    def pause(self) -> None:
        """Pause the file."""
        if self._file is not None:
            self._control("pause")

    def fade_out(self) -> None:
        """Pause the file after a fade; returns at once."""
        if self._file is not None:
            self._control("fade out")

    def resume(self) -> None:
        """Continue after a pause."""
        if self._file is not None:
            self._control("resume")

    def stop(self) -> None:
        """Stop the file and release the sound device, so that other programs can use it."""
        # The process may still hold a file that could not be played
        self._control("stop")
        self._file, self._crashed, self._fault = None, False, None

    def close(self) -> None:
        """Fade out if fades are on, stop, release the sound device, and end the process. Can be called twice."""
        if self._fade_s > 0 and self._file is not None:
            # Whatever goes wrong, it ends
            with suppress(EmodjError):
                self._control("leave", fade=LEAVE_S)
        self._end_process()
        self._file = None

    def _control(self, command: str, **values: float) -> dict[str, object]:
        """Send a request about the current file. If the process has ended, the file counts as ended."""
        if self._process is None:
            return {}
        try:
            return self._request(self._process, {"do": command, **values})
        except _ProcessEndedError as error:
            if self._file is not None:
                self._crashed, self._fault = True, self._explain_end(self._file, error.status)
            return {}

    def _request(self, process: subprocess.Popen[bytes], request: dict[str, object]) -> dict[str, object]:
        """Send a request, and wait for its answer.

        Raises:
            UnplayableError, EmodjError: the answer is this error.
            _ProcessEndedError: the process has ended before it answered.
        """
        try:
            if process.stdin is not None:
                # A process that has ended is noticed when its answer is read
                with suppress(OSError):
                    # In ASCII: a file name may hold surrogates, which UTF-8 cannot express
                    process.stdin.write(json.dumps(request).encode("ascii") + b"\n")
                    process.stdin.flush()
            return self._read_answer(process)
        except (EmodjError, _ProcessEndedError):
            raise
        except BaseException:
            # Ctrl-C, for example: the next answer would belong to this request
            self._end_process()
            raise

    def _read_answer(self, process: subprocess.Popen[bytes]) -> dict[str, object]:
        silent = False

        def give_up() -> None:
            # It ends the output of the process too, and so the wait for a line
            nonlocal silent
            silent = True
            process.kill()

        deadline = threading.Timer(ANSWER_TIMEOUT_S, give_up)
        deadline.daemon = True
        deadline.start()
        try:
            line = b"" if process.stdout is None else process.stdout.readline(_MAX_ANSWER)
        finally:
            deadline.cancel()
            deadline.join()
        try:
            answer: object = json.loads(line)
        except (ValueError, RecursionError):
            # Cut short, or no answer at all: the process has ended, or a damaged file has made it write anything
            self._end_process()
            raise _ProcessEndedError(None if silent else process.returncode) from None
        match answer:
            case {"unplayable": str(sentence)}:
                raise UnplayableError(sentence)
            case {"failed": str(sentence)}:
                raise EmodjError(one_line(sentence))
            case dict():
                return cast("dict[str, object]", answer)
            case _:
                self._end_process()
                raise _ProcessEndedError(process.returncode)

    def _running_process(self) -> subprocess.Popen[bytes]:
        """The process; started if there is none, or if it has ended."""
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end_process()
        try:
            process = self._process = subprocess.Popen(
                _COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # A crashed C library reports on its memory there
                stderr=None if log.isEnabledFor(logging.DEBUG) else subprocess.DEVNULL,
                # Else a program without a console would open one
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise EmodjError(f"cannot play music files: their process cannot be started ({error.strerror or error})") from error
        try:
            self._read_answer(process)
        except _ProcessEndedError as error:
            raise EmodjError(
                f"cannot play music files: their process ended at its start ({_name_status(error.status)}); try again with -vv"
            ) from error
        except BaseException:
            self._end_process()
            raise
        return process

    def _end_process(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                # Bytes for a process that has ended
                with suppress(OSError):
                    stream.close()
        try:
            process.wait(CLOSE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _explain_end(self, path: Path, status: int | None) -> str:
        """Describe the end of the process, and remember the file if it was the reason."""
        if status is None:
            return f"the process that plays music files did not answer within {ANSWER_TIMEOUT_S:g} s, and was ended"
        if -status in _ENDED_FROM_OUTSIDE:
            return f"the process that plays music files was ended ({_name_status(status)})"
        why = f"it is damaged (it crashed the player: {_name_status(status)})"
        if status == TIMEOUT_STATUS:
            why = f"it did not load within {REQUEST_TIMEOUT_S:g} s: it is damaged, or its disk is slow"
        sentence = self._damaged[path] = one_line(f"cannot play {path}: {why}")
        return sentence


class _ProcessEndedError(Exception):
    """The process has ended.

    Args:
        status: its exit status as `subprocess.Popen.returncode` has it; None if it was killed since it did not answer.
    """

    def __init__(self, status: int | None) -> None:
        super().__init__(status)
        self.status = status


def _name_status(status: int | None) -> str:
    if status is None:
        return "no answer"
    if status < 0:
        with suppress(ValueError):
            return signal.Signals(-status).name
    return f"status {status}" if status < 2**16 else f"status {status:#x}"
