from __future__ import annotations

import struct
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from realtime.sources import server_film
from realtime.sources.film_files import FilmFacts, Mirror
from realtime.sources.http_stream import HttpConnection
from realtime.sources.opening import open_video
from realtime.sources.server_film import MAX_BYTES, MAX_REQUESTS, PIECE, read_server_facts
from realtime.sources.video import VideoSource
from tests.support.films import write_film
from tests.support.mirrored import IDENTITY, box, marked, matrix, track, write_mirrored
from tests.support.streams import streaming

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from realtime.domain import Frame

LOGIN = "Basic dTpw"
"""Of the name "u" and the password "p"."""

ENDLESS = 2**63


class FilmServer(ThreadingHTTPServer):
    """Sends one film.

    Args:
        content: its bytes.
        length: bytes that the server states; zeros follow the content up to there.
        has_ranges: whether it sends parts.
        has_length: whether it states how long the film is.
        asks: whether it asks for a login.
    """

    def __init__(
        self,
        content: bytes,
        *,
        length: int | None = None,
        has_ranges: bool = True,
        has_length: bool = True,
        asks: bool = False,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.length = content, len(content) if length is None else length
        self.has_ranges, self.has_length, self.asks = has_ranges, has_length, asks
        self.ranges: list[str] = []
        self.sent = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that has enough closes the connection."""


class _Handler(BaseHTTPRequestHandler):
    server: FilmServer  # pyright: ignore[reportIncompatibleVariableOverride]

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - its name in the base class

    def do_GET(self) -> None:
        server = self.server
        if server.asks and self.headers.get("Authorization") != LOGIN:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="films"')
            self.end_headers()
            return
        asked = self.headers.get("Range", "")
        server.ranges.append(asked)
        start, end = 0, server.length
        if asked and server.has_ranges:
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last or end - 1) + 1, end)
            if start >= end:
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{server.length}")
        else:
            self.send_response(200)
        if server.has_length:
            self.send_header("Content-Length", str(end - start))
        self.end_headers()
        while start < end:
            data = server.content[start : min(start + 2**16, end)] or bytes(min(2**16, end - start))
            self.wfile.write(data)
            server.sent += len(data)
            start += len(data)


def first_frame(location: str) -> tuple[Frame, VideoSource]:
    with open_video(location) as source:
        assert isinstance(source, VideoSource)
        frame, second = source.read(), source.read()
        # A remark may need two frames
        assert frame is not None
        assert second is not None
        return frame, source


def moved_to_front(film: bytes) -> bytes:
    """The same film, its description in front of its pictures."""
    place = film.rindex(b"moov") - 4
    movie = bytearray(film[place:])
    places = movie.index(b"stco") + 12
    count = int.from_bytes(movie[places - 4 : places], "big")
    moved = np.frombuffer(movie, ">u4", count, places) + len(movie)
    movie[places : places + 4 * count] = moved.astype(">u4").tobytes()
    return bytes(movie) + film[:place]


MATRICES = [
    (matrix(-1, 0, 0, 1), IDENTITY),
    (matrix(1, 0, 0, -1), IDENTITY),
    (matrix(0, 1, 1, 0), IDENTITY),
    (matrix(0, -1, -1, 0), IDENTITY),
    (matrix(-1, 0, 0, -1), IDENTITY),
    (matrix(0, 1, -1, 0), IDENTITY),
    (IDENTITY, matrix(-1, 0, 0, 1)),
]


@pytest.mark.parametrize(
    ("track", "movie"),
    MATRICES,
    ids=["left-right", "up-down", "diagonal", "other-diagonal", "half-turn", "quarter-turn", "movie"],
)
@pytest.mark.parametrize("is_front", [False, True])
def test_a_film_of_a_server_is_shown_as_the_same_file_is(track: bytes, movie: bytes, is_front: bool, tmp_path: Path) -> None:  # noqa: FBT001
    path = write_mirrored(tmp_path / "film.mov", track, movie)
    film = path.read_bytes()
    expected, _ = first_frame(str(path))
    server = FilmServer(moved_to_front(film) if is_front else film)
    with streaming(server) as address:
        shown, source = first_frame(f"http://{address}/film.mov")
    assert np.array_equal(shown.image, expected.image)
    assert source.remark is None


def test_a_film_of_a_server_without_ranges_is_shown_as_the_same_file_is(tmp_path: Path) -> None:
    path = write_mirrored(tmp_path / "film.mov", matrix(-1, 0, 0, 1))
    expected, _ = first_frame(str(path))
    for has_length in (True, False):
        server = FilmServer(moved_to_front(path.read_bytes()), has_ranges=False, has_length=has_length)
        with streaming(server) as address:
            shown, source = first_frame(f"http://{address}/film")
        assert np.array_equal(shown.image, expected.image)
        assert source.remark is None


def test_a_matroska_film_of_a_server_is_shown_as_the_same_file_is(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mkv", [marked()] * 2, [0, 40], pose=(180, 90))
    expected, _ = first_frame(str(path))
    with streaming(FilmServer(path.read_bytes())) as address:
        shown, _ = first_frame(f"http://{address}/film.mkv")
    assert np.array_equal(shown.image, expected.image)


def test_the_login_is_sent_with_each_request(tmp_path: Path) -> None:
    path = write_mirrored(tmp_path / "film.mov", matrix(-1, 0, 0, 1))
    expected, _ = first_frame(str(path))
    with streaming(FilmServer(path.read_bytes(), asks=True)) as address:
        shown, _ = first_frame(f"http://u:p@{address}/film.mov")
    assert np.array_equal(shown.image, expected.image)


def test_a_film_that_cannot_be_read_ahead_is_remarked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_mirrored(tmp_path / "film.mov", matrix(-1, 0, 0, 1))
    monkeypatch.setattr(server_film, "MAX_BYTES", 100)
    with streaming(FilmServer(path.read_bytes())) as address:
        _, source = first_frame(f"http://{address}/film.mov")
    assert source.remark is not None
    assert "is to be shown mirrored: if its pictures are turned wrongly, download it" in source.remark


@contextmanager
def facts_of(server: FilmServer) -> Generator[FilmFacts]:
    with streaming(server) as address:
        url = f"http://{address}/film.mp4"
        yield read_server_facts(url, HttpConnection(url, 5))


FTYP, VIDEO = box("ftyp", b"isom"), track("vide", [(4, 40), (1, 2500)])


def test_a_film_is_read_with_few_bytes_where_its_description_is_at_the_end() -> None:
    pictures = box("mdat", bytes(40 * 2**20))
    server = FilmServer(FTYP + pictures + box("moov", track("soun", [(9, 7)]), VIDEO))
    with facts_of(server) as facts:
        assert facts == FilmFacts(Mirror.LEFT_RIGHT, 2.5, 5, videos=1)
    assert server.ranges == ["", f"bytes={len(FTYP + pictures)}-{len(FTYP + pictures) + PIECE - 1}"]


def test_the_long_tables_of_a_film_may_be_left_unread() -> None:
    tables = [box("free", bytes(PIECE + 2**16)) for _ in range(2 * MAX_REQUESTS)]
    server = FilmServer(FTYP + box("moov", VIDEO, *tables))
    with facts_of(server) as facts:
        assert (facts.mirror, facts.is_unread) == (Mirror.LEFT_RIGHT, False)
    assert len(server.ranges) <= MAX_REQUESTS


def test_fragments_of_a_film_are_not_asked_for() -> None:
    fragment = box("moof", bytes(9)) + box("mdat", bytes(2**20))
    server = FilmServer(FTYP + box("moov", VIDEO) + fragment * 9)
    with facts_of(server) as facts:
        assert facts.mirror is Mirror.LEFT_RIGHT
    assert server.ranges == [""]


@pytest.mark.parametrize(
    ("content", "length"),
    [
        (FTYP + struct.pack(">I4sQ", 1, b"mdat", ENDLESS), 2**40),
        (FTYP + struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1), 2**40),
        (FTYP + struct.pack(">I4s", 2**32 - 1, b"moov"), 2**40),
        (FTYP + struct.pack(">I4s", 2**32 - 1, b"moov") + struct.pack(">I4s", 2**32 - 1, b"trak"), 2**33),
        (FTYP + struct.pack(">I4s", 8, b"free") * 30_000, 2**40),
        (FTYP + box("free", bytes(2**21)) * 12, 12 * 2**21 + 24),
        (FTYP + struct.pack(">I4s", 0, b"mdat"), ENDLESS),
        (FTYP + box("moov", VIDEO)[:90], 2**20),
        (FTYP, len(FTYP)),
    ],
)
@pytest.mark.parametrize(("has_ranges", "has_length"), [(True, True), (False, True), (False, False)])
def test_a_hostile_film_takes_few_requests_and_bytes(content: bytes, length: int, has_ranges: bool, has_length: bool) -> None:  # noqa: FBT001
    server = FilmServer(content, length=length, has_ranges=has_ranges, has_length=has_length)
    with facts_of(server) as facts:
        assert facts == FilmFacts(is_unread=True)
    assert len(server.ranges) <= MAX_REQUESTS
    # What lies in the buffers of the connections was sent and not taken
    assert server.sent <= MAX_BYTES + MAX_REQUESTS * 2**24


def test_a_part_from_another_place_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    server = FilmServer(FTYP + box("mdat", bytes(2**20)) + box("moov", VIDEO))
    first = HttpConnection.__init__

    def ask_elsewhere(connection: HttpConnection, url: str, timeout_s: float, headers: tuple[str, ...] = ()) -> None:
        first(connection, url, timeout_s, ["Range: bytes=7-99"] if headers else [])

    monkeypatch.setattr(HttpConnection, "__init__", ask_elsewhere)
    with facts_of(server) as facts:
        assert facts == FilmFacts(is_unread=True)
