"""Processor use of `emodj live --dj --no-window` behind one's work, beside a session that analyses every picture.

A network camera on this computer (MJPEG, 640×480, 30 pictures a second) shows one face, or an empty room. The processor time is
that of the session and of the process that plays its songs, after the first seconds, in which music begins.
"""

from __future__ import annotations

import http.server
import os
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from benchmarks.children import ROOT, child_environment, module_command, start_process
from benchmarks.figures import Figure, build_parser, print_report
from benchmarks.scene import Scene, compose
from realtime.errors import EmodjError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from realtime.domain import Image

SECONDS = 80.0
SETTLE_S = 15.0
"""Seconds from the start of a session to the measurement: the mood has held, music plays, and looks are slow again."""
RATE = 30.0
PICTURES = 60
SONG_RATE = 48_000
SONG_S = 600
TICKS = os.sysconf("SC_CLK_TCK")


class _Camera(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, pictures: Sequence[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Sender)
        self.pictures = pictures

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore the error: a session that ends hangs up."""


class _Sender(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        due = time.monotonic()
        for picture in cycle(cast("_Camera", self.server).pictures):
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            self.wfile.write(head.encode() + picture + b"\r\n")
            due += 1 / RATE
            time.sleep(max(0.0, due - time.monotonic()))

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - its name in the base class


@contextmanager
def _camera(frames: Sequence[Image]) -> Generator[str]:
    camera = _Camera([cv2.imencode(".jpg", frame)[1].tobytes() for frame in frames])
    threading.Thread(target=camera.serve_forever, name="camera", daemon=True).start()
    try:
        yield f"http://127.0.0.1:{camera.server_address[1]}/"
    finally:
        camera.shutdown()
        camera.server_close()


def _write_songs(folder: Path) -> Path:
    """Write a settings file with a library that has a long song for each mood."""
    import soundfile

    from realtime.domain import EXPRESSIONS

    tone = 0.01 * np.sin(2 * np.pi * 440 * np.arange(SONG_RATE) / SONG_RATE)
    for mood in EXPRESSIONS:
        path = folder / "songs" / mood.value / "song.flac"
        path.parent.mkdir(parents=True)
        with soundfile.SoundFile(path, "w", SONG_RATE, 1, format="FLAC") as file:
            for _ in range(SONG_S):
                file.write(tone)
    settings = folder / "dj.toml"
    settings.write_text(f"[music]\nlibrary = '{folder / 'songs'}'\nvolume = 0.1\n", encoding="utf-8")
    return settings


def _processor_s(process: int) -> float:
    """Processor time of a process and of those that it has started, seconds."""
    total = 0
    for each in (process, *_children(process)):
        fields = Path(f"/proc/{each}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def _children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").iterdir()
    return [int(each) for task in tasks for each in (task / "children").read_text(encoding="ascii").split()]


def _share_of_core(url: str, settings: Path, seconds: float, *options: str) -> float:
    """Share of a core, in per cent, that a session takes after its first seconds.

    Raises:
        EmodjError: the session has ended before.
    """
    command = module_command("realtime", "--config", str(settings), "live", "--source", url, "--no-window", *options)
    environment = {name: value for name, value in child_environment().items() if name != "OPENCV_FFMPEG_CAPTURE_OPTIONS"}
    with start_process(command, env=environment, cwd=ROOT) as process:
        try:
            time.sleep(SETTLE_S)
            began, used = time.monotonic(), _processor_s(process.pid)
            time.sleep(seconds)
            return 100 * (_processor_s(process.pid) - used) / (time.monotonic() - began)
        except OSError as error:
            raise EmodjError("the session of the benchmark has ended: does emodj live work here?") from error


def figures(seconds: float) -> list[Figure]:
    """Measure the rows of the table.

    Raises:
        EmodjError: a session failed.
    """
    each_s = max(1.0, seconds / 4)
    scene = Scene(640, 480, 1)
    person, room = compose(scene, PICTURES), compose(Scene(640, 480, 0), PICTURES)
    rows: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        settings = _write_songs(Path(folder))
        for name, frames in (("one face", person), ("empty room", room)):
            with _camera(frames) as url:
                ours = _share_of_core(url, settings, each_s, "--dj")
                reference = _share_of_core(url, settings, each_s, "--no-dj")
            rows += [
                Figure(f"DJ without a window, {name}", ours, 8.0, 4.0, more_is_better=False, unit="%"),
                Figure(
                    f"the same by every picture, {name}",
                    ours / reference,
                    ours=f"{ours:.3g}%",
                    reference=f"{reference:.3g}%",
                    more_is_better=False,
                ),
            ]
    return rows


def main() -> int:
    """Measure and print."""
    given = build_parser(__doc__, seconds=SECONDS).parse_args()
    return print_report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
