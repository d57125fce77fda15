from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from realtime.errors import SourceError
from realtime.sources import streams
from realtime.sources.opening import open_video
from realtime.sources.stream_probe import MAX_HEAD, Answer, ProbeError, explain, probe, redirect_target
from tests.support.answers import http, serving
from tests.support.films import write_film

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "hunter2"  # noqa: S105 - a password that nobody may get
JPEG = b"\xff\xd8\xff\xe0" + bytes(200)


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """For servers that never answer: on a busy machine another answer may take longer."""
    monkeypatch.setattr(streams, "TIMEOUT_MS", 500)


def test_an_answer_has_a_status_a_type_a_length_and_its_first_bytes() -> None:
    with serving(http("200 OK", "Content-Type: Text/HTML", "Content-Length: 4", body=b"<hi>")) as server:
        assert probe(f"http://name:{SECRET}@{server.address}/a?b=c") == Answer(200, "text/html", 4, None, b"<hi>")
    (request,) = server.received
    assert request.startswith(b"GET /a?b=c HTTP/1.1\r\n")
    assert SECRET.encode() not in request


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (http("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"'), "asks for a name and a password"),
        (http("404 \x1b[31mNo"), r"the server answers 404 \(Not Found\)$"),
        (http("503 x"), r"the server answers 503 \(Service Unavailable\)$"),
        (http("799 x"), "the server answers 799$"),
        (http("200 OK", "Content-Type: text/html", body=b"<p>camera"), "answers with a web page"),
        (http("200 OK", body=b" <!DOCTYPE html><p>"), "answers with a web page"),
        (http("200 OK", "Content-Type: image/jpeg", "Content-Length: 204", body=JPEG), "answers with one picture"),
        (http("200 OK", "Content-Length: 204", body=JPEG), "answers with one picture"),
        (http("200 OK", body=b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:1/x.ts\n"), "with a list of other addresses"),
        (http("200 OK", body=b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n"), "with a list of other addresses"),
        (http("200 OK", body=b"plain text"), "with nothing that emodj can read"),
        (http("302 Found", "Location: http://other.example/x?key=hunter2"), r"sends us on to http://other\.example/…: "),
        (http("302 Found", "Location: file:///etc/passwd"), "the server sends us on to "),
        (http("302 Found", "Location: http://[bad/x"), "the server sends us to an address that is not valid$"),
        (http("302 Found", "Location: /x"), "the server sends us on and on$"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "answers in another protocol"),
        (b"", "closes the connection without an answer"),
    ],
)
def test_a_stream_that_cannot_be_opened_says_why(answer: bytes, why: str) -> None:
    with serving(answer) as server, pytest.raises(SourceError, match=f"cannot be opened as a video: .*{why}") as caught:
        open_video(f"http://{server.address}/x")
    assert SECRET not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.usefixtures("short_timeout")
@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_server_that_is_silent_is_said_to_be(scheme: str) -> None:
    with serving(b"", hangs=True) as server:
        with pytest.raises(SourceError, match="cannot be opened as a video: no answer came within"):
            open_video(f"{scheme}://{server.address}/x")
        with pytest.raises(ProbeError, match="accepts the connection, and sends nothing"):
            probe(f"{scheme}://{server.address}/x", 0.1)


@pytest.mark.parametrize(
    ("status", "why"), [("401 Unauthorized", "asks for a name and a password"), ("404 x", r"answers 404 \(Not Found\)$")]
)
def test_an_rtsp_server_says_why(status: str, why: str) -> None:
    answer = f"RTSP/1.0 {status}\r\nCSeq: 1\r\n\r\n".encode()
    with serving(answer) as server, pytest.raises(SourceError, match=why):
        open_video(f"rtsp://{server.address}/x")


def test_a_password_that_is_refused_is_said_to_be() -> None:
    answer = http("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"', "Content-Length: 0")
    with serving(answer) as server, pytest.raises(SourceError, match=r"refuses this name and password$") as caught:
        open_video(f"http://name:{SECRET}@{server.address}/x")
    assert SECRET not in str(caught.value)


def test_an_endless_header_is_not_read_to_its_end() -> None:
    with serving(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * MAX_HEAD) as server, pytest.raises(ProbeError):
        probe(f"http://{server.address}/")


@pytest.mark.parametrize(
    ("location", "target"),
    [
        (None, None),
        ("http://cam.example/new", f"http://name:{SECRET}@cam.example/new"),
        ("http://cam.example:80/new", f"http://name:{SECRET}@cam.example:80/new"),
        ("https://cam.example:8443/new?x=1", f"https://name:{SECRET}@cam.example:8443/new?x=1"),
        # Another program may listen there
        ("http://cam.example:8080/new", "http://cam.example:8080/new"),
        ("http://other.example/new", None),
        ("rtsp://cam.example/new", None),
        ("file:///etc/passwd", None),
        ("http://cam.example:999999/", None),
        ("http://[bad/", None),
    ],
)
def test_a_redirect_is_followed_on_the_same_server_alone(location: str | None, target: str | None) -> None:
    assert redirect_target(Answer(302, location=location), f"http://name:{SECRET}@cam.example/old") == target


def test_a_redirect_does_not_lead_from_https_to_http() -> None:
    url = f"https://name:{SECRET}@cam.example/old"
    assert redirect_target(Answer(302, location="http://cam.example/new"), url) is None
    assert redirect_target(Answer(302, location="https://cam.example/new"), url) == f"https://name:{SECRET}@cam.example/new"
    assert redirect_target(Answer(302, location="https://cam.example:8443/new"), url) == "https://cam.example:8443/new"


def test_a_url_is_one_request_whatever_it_holds() -> None:
    with serving(http("200 OK")) as server:
        assert probe(f"http://{server.address}/a b\r\nX: y/ü?c=%20d").status == 200
    (request,) = server.received
    assert request.startswith(b"GET /a%20bX:%20y/%C3%BC?c=%20d HTTP/1.1\r\nHost: ")


def test_each_reason_is_one_clause() -> None:
    for answer in (Answer(200), Answer(500), Answer(401)):
        assert "\n" not in explain(answer, with_password=False)


@pytest.mark.parametrize("kind", ["hls", "sdp", "redirect"])
def test_a_server_sends_us_to_no_other_server(kind: str) -> None:
    with serving(http("200 OK", body=b"x" * 999)) as other:
        answer = {
            "hls": http(
                "200 OK",
                "Content-Type: application/vnd.apple.mpegurl",
                body=f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://{other.address}/x.ts\n#EXT-X-ENDLIST\n".encode(),
            ),
            "sdp": http(
                "200 OK",
                "Content-Type: application/sdp",
                body=b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 5004 RTP/AVP 26\r\n",
            ),
            "redirect": http("302 Found", f"Location: http://localhost:{other.address.partition(':')[2]}/x"),
        }[kind]
        with serving(answer) as server, pytest.raises(SourceError, match=r"with a list of other addresses|sends us on to"):
            open_video(f"http://{server.address}/x.m3u8")
        assert not other.received


def test_an_interlaced_film_on_a_server_is_read_whole(tmp_path: Path) -> None:
    pictures = [np.full((64, 96, 3), 50 + 40 * index, np.uint8) for index in range(4)]
    film = write_film(tmp_path / "film.mkv", pictures, [0, 40, 80, 500], interlaced=True).read_bytes()
    answer = http("200 OK", "Content-Type: video/x-matroska", f"Content-Length: {len(film)}", "Connection: close", body=film)
    with serving(answer) as server, open_video(f"http://{server.address}/film.mkv") as source:
        frames = list(iter(source.read, None))
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.04, 0.08, 0.5], abs=0.002)
    assert [float(frame.image.mean()) for frame in frames] == pytest.approx([50, 90, 130, 170], abs=4)
