from __future__ import annotations

import threading
import time
import zlib
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from realtime.errors import Cause, SourceError
from realtime.sources import http_stream, multipart, streams
from realtime.sources.http_stream import HttpConnection, JpegStream
from realtime.sources.opening import open_video
from tests.support.answers import http, serving
from tests.support.streams import NetworkCamera, jpeg, streaming
from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from realtime.domain import Image

SECRET = "hunter2"  # noqa: S105 - a password that nobody may get
KIND = "Content-Type: multipart/x-mixed-replace; boundary=frame"


def grey(level: int, size: tuple[int, int] = (48, 64)) -> Image:
    return np.full((*size, 3), level, np.uint8)


def part(body: bytes) -> bytes:
    return b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(body) + body + b"\r\n"


class Pieces:
    """Stands in for the connection: its pieces have all come already; an empty one is a wait of 10 seconds."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.reads = 0

    def read(self, timeout_s: float) -> bytes:
        self.reads += 1
        if not self.pieces:
            raise EOFError
        if not self.pieces[0] and timeout_s == 0:
            raise TimeoutError
        return self.pieces.pop(0)

    def interrupt(self) -> None: ...

    def close(self) -> None: ...


def stream(*pieces: bytes, most_pixels: int = 10_000) -> JpegStream:
    connection = cast("HttpConnection", Pieces(*pieces))
    return JpegStream(connection, "the camera", timeout_s=PATIENCE_S, most_pixels=most_pixels)


def levels(source: JpegStream) -> list[int]:
    """Brightness of each picture until the stream is lost, in tens."""
    found: list[int] = []

    def read_on() -> None:
        while True:
            found.append(round(float(source.read().image.mean()) / 10) * 10)

    with pytest.raises(SourceError, match=r"^the camera gives no (more )?frames: does it still send"):
        read_on()
    return found


def test_the_newest_picture_wins() -> None:
    first, second, third, fourth = (part(jpeg(grey(level))) for level in (10, 20, 30, 40))
    # Two pictures, the start of a third one, a wait, its end, a wait, and a picture that comes in pieces
    pieces = [first, second, third[:50], b"", third[50:], b"", *(fourth[place : place + 99] for place in range(0, 999, 99))]
    assert levels(stream(*pieces)) == [20, 30, 40]


def test_frames_are_numbered_and_a_skipped_one_is_none() -> None:
    parts = [part(jpeg(grey(level))) for level in (10, 20, 30)]
    source = stream(parts[0], b"", parts[1], b"", parts[2])
    before = time.monotonic()
    frame = source.read()
    assert (frame.index, frame.image.shape) == (0, (48, 64, 3))
    assert before <= frame.time_s <= time.monotonic()
    source.skip()
    last = source.read()
    assert last.index == 1
    assert float(last.image.mean()) == pytest.approx(30, abs=3)


def test_the_first_picture_is_kept_while_the_stream_opens() -> None:
    source = stream(part(jpeg(grey(10))), b"", part(jpeg(grey(20))))
    source.wait_for_picture(time.monotonic() + PATIENCE_S)
    assert levels(source) == [10, 20]


def test_parts_that_are_no_whole_jpeg_are_left_out() -> None:
    whole = jpeg(grey(10))
    damaged = [
        b"text",
        b"",
        whole[: len(whole) // 2],
        b"\xff\xd8\xff\xd9",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8" + b"\xff\xe0\0\2" * 10**6,
    ]
    pieces = [piece for body in damaged for piece in (part(body), b"")]
    assert levels(stream(*pieces, part(whole))) == [10]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"\x89PNG\r\n\x1a\n", "sends PNG pictures, and emodj reads JPEG"),
        (b"\xff\xd8\xff\xd9", "sends damaged JPEG pictures alone"),
    ],
)
def test_a_stream_without_a_picture_that_can_be_used_says_why(body: bytes, sentence: str) -> None:
    with pytest.raises(SourceError, match=f"^the camera {sentence}: "):
        stream(*[part(body)] * 3).read()


def test_a_picture_that_is_too_large_is_said_to_be_before_it_is_decoded() -> None:
    source = stream(part(jpeg(grey(10))), b"", part(jpeg(grey(10, (101, 100)))))
    assert source.read().image.shape == (48, 64, 3)
    with pytest.raises(SourceError, match=r"^the camera is too large, 100×101: emodj reads pictures of up to") as caught:
        source.read()
    assert caught.value.cause is Cause.UNREADABLE


def test_a_flood_of_pictures_does_not_hold_the_newest_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_stream, "MAX_HURRY", 3)
    parts = [part(jpeg(grey(level))) for level in (10, 20, 30, 40, 50)]
    source = stream(*parts)
    assert float(source.read().image.mean()) == pytest.approx(40, abs=3)
    assert float(source.read().image.mean()) == pytest.approx(50, abs=3)


# Over a connection


def chunked(data: bytes, size: int) -> bytes:
    pieces = [data[place : place + size] for place in range(0, len(data), size)]
    return b"".join(b"%x\r\n" % len(piece) + piece + b"\r\n" for piece in pieces) + b"0\r\n\r\n"


def test_a_body_in_chunks_is_read() -> None:
    body = chunked(part(jpeg(grey(120))), 100)
    with (
        serving(http("200 OK", KIND, "Transfer-Encoding: chunked", body=body)) as server,
        open_video(f"http://{server.address}/") as source,
    ):
        frame = source.read()
        assert frame is not None
        assert float(frame.image.mean()) == pytest.approx(120, abs=3)
        with pytest.raises(SourceError, match="gives no more frames"):
            source.read()


@pytest.mark.parametrize("chunks", [False, True])
@pytest.mark.parametrize(("encoding", "bits"), [("gzip", 31), ("X-GZIP", 31), ("deflate", 15), (None, 31)])
def test_a_body_that_a_proxy_has_compressed_is_read(encoding: str | None, bits: int, chunks: bool) -> None:  # noqa: FBT001
    compress = zlib.compressobj(wbits=bits)
    body = compress.compress(part(jpeg(grey(120)))) + compress.flush()
    headers = [KIND] if encoding is None else [KIND, f"Content-Encoding: {encoding}"]
    if chunks:
        headers, body = [*headers, "Transfer-Encoding: chunked"], chunked(body, 100)
    with serving(http("200 OK", *headers, body=body)) as server, open_video(f"http://{server.address}/") as source:
        frame = source.read()
        assert frame is not None
        assert float(frame.image.mean()) == pytest.approx(120, abs=3)


def test_a_body_that_cannot_be_decompressed_has_its_sentence() -> None:
    for headers, body, sentence in (
        ([KIND, "Content-Encoding: br"], b"", r"its pictures are compressed once more \(br\): switch that off at the proxy"),
        ([KIND, "Content-Encoding: gzip"], b"--frame\r\n" * 9, "sends a damaged answer"),
        ([KIND], b"--frame\r\n" + b"X: y\r\n" * 9999, "sends headers of more than 16 KB before a picture"),
        ([KIND], b"words\r\n" * 9999, "sends pictures without the lines between them"),
    ):
        with serving(http("200 OK", *headers, body=body)) as server, pytest.raises(SourceError, match=sentence):
            open_video(f"http://{server.address}/")


def test_a_body_that_grows_a_thousandfold_is_refused() -> None:
    compress = zlib.compressobj(wbits=31)
    body = compress.compress(b"--frame\r\n\r\n" + bytes(100_000_000)) + compress.flush()
    with (
        serving(http("200 OK", KIND, "Content-Encoding: gzip", body=body)) as server,
        pytest.raises(SourceError, match="sends a picture of more than 32 MB"),
    ):
        open_video(f"http://{server.address}/")


def test_the_announced_boundary_may_stand_without_dashes() -> None:
    body = part(jpeg(grey(120))).replace(b"--frame", b"Frame-A") * 2
    kind = 'Content-Type: multipart/x-mixed-replace; boundary="Frame-A"'
    with serving(http("200 OK", kind, body=body)) as server, open_video(f"http://{server.address}/") as source:
        frame = source.read()
        assert frame is not None
        assert float(frame.image.mean()) == pytest.approx(120, abs=3)


def test_a_part_of_any_length_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multipart, "MAX_PART", 100_000)
    for body in (b"--frame\r\nContent-Length: 999999999\r\n\r\n", b"--frame\r\n\r\n" + bytes(200_000)):
        with (
            serving(http("200 OK", KIND, body=body)) as server,
            pytest.raises(SourceError, match="sends a picture of more than"),
        ):
            open_video(f"http://{server.address}/")


def test_a_server_that_sends_no_pictures_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "TIMEOUT_MS", 300)
    with (
        serving(http("200 OK", KIND, body=part(b"text")), hangs=True) as server,
        pytest.raises(SourceError, match="cannot be opened as a video: it sends no JPEG picture within"),
    ):
        open_video(f"http://{server.address}/")


def test_an_endless_header_is_an_error() -> None:
    with serving(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 99_999) as server, pytest.raises(SourceError, match="cannot be opened"):
        open_video(f"http://{server.address}/")


def test_closing_ends_a_read_that_waits() -> None:
    server = NetworkCamera([jpeg(grey(80))])
    errors: list[SourceError] = []
    with streaming(server) as address:
        source = open_video(f"http://{address}/")
        assert source.read() is not None
        server.stall()

        def read() -> None:
            try:
                while True:
                    source.read()
            except SourceError as error:
                errors.append(error)

        reader = threading.Thread(target=read)
        reader.start()
        source.close()
        source.close()
        reader.join(PATIENCE_S)
    assert "gives no more frames" in str(errors[0])


@pytest.mark.parametrize(
    ("challenge", "sent"),
    [
        ('WWW-Authenticate: Basic realm="x"', b"Authorization: Basic bmFtZTpodW50ZXIy\r\n"),
        ('WWW-Authenticate: Digest realm="x", nonce="n", qop="auth"', b'Authorization: Digest username="name"'),
    ],
)
def test_a_login_is_sent_when_the_server_asks_for_it(challenge: str, sent: bytes) -> None:
    asks = http("401 Unauthorized", challenge, "Content-Length: 0")
    pictures = http("200 OK", KIND, body=part(jpeg(grey(80))))
    with serving(asks, pictures) as server, open_video(f"http://name:{SECRET}@{server.address}/live") as source:
        assert source.read() is not None
    first, second = server.received
    assert b"Authorization" not in first
    assert sent in second


def test_a_login_is_not_sent_to_another_server() -> None:
    with serving(http("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"')) as other:
        elsewhere = http("302 Found", f"Location: http://localhost:{other.address.partition(':')[2]}/x")
        with serving(elsewhere) as server, pytest.raises(SourceError, match="sends us on to"):
            open_video(f"http://name:{SECRET}@{server.address}/live")
        assert not other.received
    assert SECRET.encode() not in b"".join(server.received)
