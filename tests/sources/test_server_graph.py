from __future__ import annotations

import http.server
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from realtime.errors import Cause, SourceError
from realtime.sources import server_graph
from realtime.sources.ffmpeg import HTTP_OPTIONS
from realtime.sources.server_graph import ServerGraphCapture, is_interlaced_on_server
from tests.support.films import write_film
from tests.support.streams import SlowFilmServer, streaming

if TYPE_CHECKING:
    from pathlib import Path

TIMES_MS = [0, 40, 80, 500]
SECRET = "hunter2"  # noqa: S105 - a password that nobody may see
MOST_PIXELS = 10_000


def film(folder: Path, *, interlaced: bool = True) -> Path:
    pictures = [np.full((64, 96, 3), 50 + 40 * index, np.uint8) for index in range(4)]
    return write_film(folder / "film.mkv", pictures, TIMES_MS, interlaced=interlaced)


def file_server(folder: Path) -> http.server.ThreadingHTTPServer:
    def handler(*arguments: Any) -> http.server.SimpleHTTPRequestHandler:
        return _Files(*arguments, directory=str(folder))

    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)


class _Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - its name in the base class


def frames_of(capture: ServerGraphCapture) -> list[tuple[float, float]]:
    """Brightness and time of each frame to the end of the film."""
    frames: list[tuple[float, float]] = []
    while (read := capture.read())[0]:
        assert read[1].shape == (64, 96, 3)
        frames.append((float(read[1].mean()), capture.get(0)))
    return frames


@pytest.mark.posix("OpenCV for Windows has no filters of FFmpeg")
def test_a_film_of_a_server_is_read_whole_in_another_process(tmp_path: Path) -> None:
    film(tmp_path)
    with streaming(file_server(tmp_path)) as address:
        url = f"http://{address}/film.mkv"
        assert is_interlaced_on_server(url, HTTP_OPTIONS, "the film")
        assert not is_interlaced_on_server(url, HTTP_OPTIONS, "the film", skip=4)
        capture = ServerGraphCapture(url, HTTP_OPTIONS, "the film", MOST_PIXELS)
        frames = frames_of(capture)
        assert capture.read()[0] is False
        capture.release()
        capture.release()
    assert [level for level, _ in frames] == pytest.approx([50, 90, 130, 170], abs=4)
    assert [time_ms for _, time_ms in frames] == pytest.approx(TIMES_MS, abs=2)


def test_a_progressive_film_is_not_interlaced(tmp_path: Path) -> None:
    film(tmp_path, interlaced=False)
    with streaming(file_server(tmp_path)) as address:
        assert not is_interlaced_on_server(f"http://{address}/film.mkv", HTTP_OPTIONS, "the film")
        assert not is_interlaced_on_server(f"http://{address}/none.mkv", HTTP_OPTIONS, "the film")


def test_a_frame_that_is_too_large_ends_the_film(tmp_path: Path) -> None:
    film(tmp_path)
    with streaming(file_server(tmp_path)) as address:
        capture = ServerGraphCapture(f"http://{address}/film.mkv", HTTP_OPTIONS, "the film", 64 * 96 - 1)
        assert capture.read()[0] is False
        capture.release()


@pytest.mark.posix("OpenCV for Windows has no filters of FFmpeg")
def test_a_server_that_sends_a_byte_now_and_then_ends_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = film(tmp_path).read_bytes()
    server = SlowFilmServer(content, len(content) // 2)
    monkeypatch.setattr(server_graph, "ANSWER_TIMEOUT_S", 0.5)
    with streaming(server) as address:
        url = f"http://{address}/film.mkv"
        for ask in (
            lambda: is_interlaced_on_server(url, HTTP_OPTIONS, "the film"),
            lambda: frames_of(ServerGraphCapture(url, HTTP_OPTIONS, "the film", MOST_PIXELS)),
        ):
            with pytest.raises(SourceError, match=r"^the film comes too slowly to be read: .* download it") as caught:
                ask()
            assert caught.value.cause is Cause.LOST
        assert server.drips.is_set()


@pytest.mark.posix("OpenCV for Windows has no filters of FFmpeg")
def test_no_argument_of_the_process_holds_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    class Popen(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], **options: Any) -> None:
            commands.append(command)
            super().__init__(command, **options)

    monkeypatch.setattr(subprocess, "Popen", Popen)
    film(tmp_path)
    with streaming(file_server(tmp_path)) as address:
        assert is_interlaced_on_server(f"http://name:{SECRET}@{address}/film.mkv", HTTP_OPTIONS, "the film")
    assert len(commands) == 1
    assert SECRET not in str(commands)
