"""The process that decodes and plays song files, started by `isolated_player`: `python -m realtime.music.local.player_process`.

It reads a request on each line of the standard input, a JSON object, and answers each with a line on the standard output.
It ends when the standard input ends, so it never outlives the process that started it.
"""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from realtime.errors import EmodjError
from realtime.music.local.file_player import FADE_STEP_S, FilePlayer, UnplayableError

REQUEST_TIMEOUT_S = 30.0
"""A request that takes longer ends the process: a damaged file can keep a decoder busy for ever."""
TIMEOUT_STATUS = 1
"""Exit status of this process after such a request; `faulthandler` sets it."""
MAX_MEMORY = 2**31
"""Address space of this process, in bytes, on Linux. Python and the sound libraries take a fifth of it."""
_CLOSE_S = 1.0


def main() -> None:
    """Serve requests until the standard input ends."""
    # Ctrl-C goes to every process of a terminal; the one that started this process decides what it means
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = _take_stdout()
    _limit_resources()
    lines = SimpleQueue[bytes]()
    threading.Thread(target=_read_requests, args=(sys.stdin.fileno(), lines), name="requests", daemon=True).start()
    serve(lines, answers)


def serve(lines: SimpleQueue[bytes], answers: int) -> None:
    """Answer each request; the first answer, before any request, says whether files can be played at all.

    Args:
        lines: requests; an empty one is the end.
        answers: file descriptor that receives the answers.
    """
    try:
        player = FilePlayer()
    except EmodjError as error:
        _write_answer(answers, {"failed": str(error)})
        return
    try:
        _write_answer(answers, {})
        while line := _next_request(lines, player):
            faulthandler.dump_traceback_later(REQUEST_TIMEOUT_S, exit=True)
            answer = _answer_request(player, json.loads(line))
            faulthandler.cancel_dump_traceback_later()
            _write_answer(answers, answer)
    finally:
        player.close()


def _next_request(lines: SimpleQueue[bytes], player: FilePlayer) -> bytes:
    """Wait for a request; meanwhile a fade goes on."""
    while True:
        try:
            return lines.get(timeout=FADE_STEP_S if player.fading else None)
        except Empty:
            # A sound device that is gone is noticed by the next request
            with suppress(EmodjError):
                player.step_fade()


def _answer_request(player: FilePlayer, request: dict[str, object]) -> dict[str, object]:
    try:
        return _carry_out(player, request)
    except UnplayableError as error:
        return {"unplayable": str(error)}
    except EmodjError as error:
        return {"failed": str(error)}
    # A file from an unknown source can make a decoder or a tag reader raise any exception
    except Exception as error:  # noqa: BLE001
        return {"unplayable": f"cannot play {request.get('path', 'a song')}: it is damaged ({error!r:.100})"}


def _carry_out(player: FilePlayer, request: dict[str, object]) -> dict[str, object]:
    match request:
        case {"do": "play", "path": str(path), "volume": float(volume), "fade": float(fade_s)}:
            player.volume, player.fade_s = volume, fade_s
            player.play(Path(path))
        case {"do": "fade", "fade": float(fade_s)}:
            player.fade_s = fade_s
        case {"do": "fade out"}:
            player.fade_out()
        case {"do": "leave", "fade": float(fade_s)}:
            player.fade_s = min(player.fade_s, fade_s)
            player.leave()
        case {"do": "volume", "volume": float(volume)}:
            player.volume = volume
        case {"do": "pause"}:
            player.pause()
        case {"do": "resume"}:
            player.resume()
        case {"do": "stop"}:
            player.stop()
        case _:
            return {"ended": player.ended, "ending": player.ending}
    return {}


def _write_answer(answers: int, answer: dict[str, object]) -> None:
    # In ASCII: a file name may hold surrogates, which UTF-8 cannot express
    os.write(answers, json.dumps(answer).encode("ascii") + b"\n")


def _read_requests(requests: int, lines: SimpleQueue[bytes]) -> None:
    """Hand over requests from a file descriptor; end the process soon after the last one, even while a decoder is busy."""
    # No file object: the interpreter cannot end while another thread waits in one
    pending = b""
    while chunk := os.read(requests, 2**16):
        *whole, pending = (pending + chunk).split(b"\n")
        for line in whole:
            lines.put(line)
    lines.put(b"")
    time.sleep(_CLOSE_S)
    os._exit(TIMEOUT_STATUS)


def _take_stdout() -> int:
    """Keep the standard output for answers: what a sound library prints goes to the standard error."""
    answers = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _limit_resources() -> None:
    """Let a damaged file neither take all memory nor leave an image of the crashed process on the disk."""
    if sys.platform == "win32":
        return
    import resource

    limits = {resource.RLIMIT_CORE: 0} | ({resource.RLIMIT_AS: MAX_MEMORY} if sys.platform == "linux" else {})
    for kind, limit in limits.items():
        hard = resource.getrlimit(kind)[1]
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


if __name__ == "__main__":
    main()
