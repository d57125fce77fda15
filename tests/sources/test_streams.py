from __future__ import annotations

import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from realtime.errors import Cause, SourceError
from realtime.sources import streams
from realtime.sources.opening import open_video
from tests.support.answers import http, serving
from tests.support.films import write_film
from tests.support.streams import NetworkCamera, jpeg, streaming

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.domain import Image

FRAMES = 12
SECRET = "hunter2"  # noqa: S105 - a password that no sentence may hold


def grey(level: int) -> Image:
    return np.full((48, 64, 3), level, np.uint8)


def brightness(index: int) -> int:
    """Brightness of a picture: no two pictures have the same one."""
    return 20 + 15 * index


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for index in range(FRAMES):
        writer.write(grey(brightness(index)))
    writer.release()
    return path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the timeout of streams to half a second."""
    monkeypatch.setattr(streams, "TIMEOUT_MS", 500)


def camera() -> NetworkCamera:
    return NetworkCamera([jpeg(grey(brightness(index))) for index in range(FRAMES)])


def test_a_scheme_may_be_in_capitals() -> None:
    with streaming(camera()) as address, open_video(f"HTTP://{address}/live") as source:
        assert source.read() is not None


def test_a_stream_gives_frames_until_its_server_closes_the_connection() -> None:
    server = camera()
    with streaming(server) as address, open_video(f"http://user:{SECRET}@{address}/live?key={SECRET}") as source:
        assert source.live
        assert source.name == f"http://{address}/…"
        before = time.monotonic()
        first = source.read()
        assert first is not None
        assert first.index == 0
        assert before <= first.time_s <= time.monotonic()
        # The newest picture wins, whichever that is
        assert any(abs(float(first.image.mean()) - brightness(index)) < 3 for index in range(FRAMES))
        server.drop()
        with pytest.raises(SourceError, match="gives no more frames") as caught:
            list(iter(source.skip, "the server never drops the line"))
    assert caught.value.cause is Cause.LOST
    assert SECRET not in str(caught.value)
    assert address in str(caught.value)


@pytest.mark.usefixtures("quick")
def test_a_stream_that_stalls_is_lost() -> None:
    server = camera()
    with streaming(server) as address, open_video(f"http://{address}/") as source:
        assert source.read() is not None
        server.stall()
        with pytest.raises(SourceError, match="gives no more frames"):
            list(iter(source.read, None))


@pytest.mark.usefixtures("quick")
def test_a_server_that_does_not_answer_is_an_error_after_the_timeout() -> None:
    server = camera()
    server.stall()
    with streaming(server) as address, pytest.raises(SourceError, match=f"http://{address}/… cannot be"):
        open_video(f"http://{address}/")


def test_a_recording_on_a_server_is_read_like_a_file(clip: Path) -> None:
    def handler(*arguments: Any) -> SimpleHTTPRequestHandler:
        return _Files(*arguments, directory=str(clip.parent))

    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with streaming(server) as address, open_video(f"http://{address}/{clip.name}") as source:
        assert not source.live
        assert len(list(iter(source.read, None))) == FRAMES


def test_a_recording_without_a_length_on_a_server_is_read_like_a_file(tmp_path: Path) -> None:
    times_ms = [0, 31, 64, 1500]
    write_film(tmp_path / "film.mkv", [grey(brightness(index)) for index in range(4)], times_ms)

    def handler(*arguments: Any) -> SimpleHTTPRequestHandler:
        return _Files(*arguments, directory=str(tmp_path))

    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    with streaming(server) as address, open_video(f"http://{address}/film.mkv") as source:
        assert not source.live
        assert [frame.time_s for frame in iter(source.read, None)] == pytest.approx([time / 1000 for time in times_ms])


class _Files(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - its name in the base class


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://user:{}@127.0.0.1:9/x?key={}", "the server refuses the connection"),
        ("http://u:{}@127.0.0.1:99999/x", "the URL is not valid"),
        ("http://u:{}@[::1/x", "the URL is not valid"),
    ],
)
def test_the_error_of_a_url_without_an_answer_holds_no_password(location: str, why: str) -> None:
    with pytest.raises(SourceError, match=f"cannot be opened as a video: {why}") as caught:
        open_video(location.format(SECRET, SECRET))
    assert SECRET not in str(caught.value)


def test_a_live_stream_of_interlaced_frames_is_deinterlaced(tmp_path: Path) -> None:
    pictures = [grey(brightness(index)) for index in range(FRAMES)]
    film = write_film(tmp_path / "film.mkv", pictures, range(0, 40 * FRAMES, 40), interlaced=True).read_bytes()
    # Without a length it is live
    found: list[float] = []
    with serving(http("200 OK", "Content-Type: video/x-matroska", body=film)) as server:
        source = open_video(f"http://{server.address}/live")
        assert source.live

        def read_on() -> None:
            while True:
                frame = source.read()
                assert frame is not None
                found.append(float(frame.image.mean()))

        with source, pytest.raises(SourceError, match="gives no more frames"):
            read_on()
    # OpenCV repeats what it has until the server was asked
    assert found[-FRAMES:] == pytest.approx([brightness(index) for index in range(FRAMES)], abs=4)
