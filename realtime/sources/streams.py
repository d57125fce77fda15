"""Open a stream or a recording of a server by its URL."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING

import cv2

from realtime.errors import SourceError
from realtime.printable import one_line
from realtime.sources import ffmpeg
from realtime.sources.http_stream import HINT, HttpConnection, JpegStream
from realtime.sources.locations import check_scheme, display_name
from realtime.sources.multipart import ENCODINGS
from realtime.sources.server_film import guess_facts, read_server_facts
from realtime.sources.stream_probe import ProbeError, explain, probe, redirect_target, split_url, uses_proxy
from realtime.sources.video import MAX_PIXELS, VideoSource, open_limited_capture

if TYPE_CHECKING:
    from realtime.sources.film_files import FilmFacts
    from realtime.sources.stream_probe import Answer

TIMEOUT_MS = 5000
"""How long opening a stream may take."""

PATIENCE = 2
"""A read of a stream may take so many times `TIMEOUT_MS`: some cameras send a picture every few seconds."""

MAX_REDIRECTS = 3
"""Redirects that are followed, each within one server."""


def open_stream(url: str) -> VideoSource | JpegStream:
    """Open a URL: pictures of a camera over HTTP are read here, all else is read through OpenCV.

    Raises:
        UsageError: the URL has another scheme than http, https, rtsp and rtsps.
        SourceError: it cannot be opened; the sentence says what the server answers instead.
    """
    name = display_name(url)
    for _ in range(MAX_REDIRECTS + 1):
        scheme = check_scheme(url)
        # FFmpeg knows protocols in lower case alone
        url = scheme + url[len(scheme) :]
        deadline = time.monotonic() + TIMEOUT_MS / 1000
        answer: Answer | None = None
        facts = guess_facts(url)
        if _asks_first(url, name):
            connection = _connect(url, name, deadline)
            answer = connection.answer
            if answer.status == HTTPStatus.OK and answer.is_multipart:
                return _open_pictures(connection, name, deadline)
            if answer.status == HTTPStatus.OK:
                facts = read_server_facts(url, connection)
            connection.close()
        if answer is None or answer.status < HTTPStatus.MULTIPLE_CHOICES:
            source = _open_film(url, name, answer, facts)
            if source is not None:
                return source
        url = _look_elsewhere(url, name, deadline, answer)
    raise _refusal(name, "the server sends us on and on")


def _asks_first(url: str, name: str) -> bool:
    """Whether emodj asks the server itself what it sends, before FFmpeg does."""
    if not url.startswith("http") or ffmpeg.names_format():
        return False
    try:
        return not uses_proxy(split_url(url)[0])
    except ProbeError as error:
        raise _refusal(name, error) from error


def _connect(url: str, name: str, deadline: float) -> HttpConnection:
    try:
        return HttpConnection(url, deadline - time.monotonic())
    except ProbeError as error:
        raise _refusal(name, _no_answer() if time.monotonic() >= deadline else error) from error


def _open_pictures(connection: HttpConnection, name: str, deadline: float) -> JpegStream:
    answer = connection.answer
    if answer.encoding not in {"", *ENCODINGS}:
        connection.close()
        raise _refusal(
            name, f"its pictures are compressed once more ({one_line(answer.encoding)}): switch that off at the proxy"
        )
    timeout_s = PATIENCE * TIMEOUT_MS / 1000
    source = JpegStream(connection, name, timeout_s=timeout_s, most_pixels=MAX_PIXELS, boundary=answer.boundary)
    try:
        source.wait_for_picture(deadline)
    except SourceError as error:
        source.close()
        is_silent = time.monotonic() >= deadline and not source.has_fault
        why = "it sends no JPEG picture within" if is_silent else None
        raise _refusal(name, f"{why} {TIMEOUT_MS / 1000:.0f} s") if why else error from error
    return source


def _open_film(url: str, name: str, answer: Answer | None, facts: FilmFacts) -> VideoSource | None:
    """Open a stream through OpenCV; None if it cannot read it.

    Args:
        url: http, https, rtsp or rtsps.
        name: for sentences.
        answer: of the server, as far as it is known.
        facts: what the film states, as far as it was read.
    """
    options = ffmpeg.SCHEMES[url.partition("://")[0]]
    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, PATIENCE * TIMEOUT_MS]
    capture = open_limited_capture(url, name, options, timeouts)
    if capture is None:
        return None
    live = _is_live(capture, url, answer)
    if facts.mirror is not None:
        # OpenCV would turn it
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
    pause_s = PATIENCE * TIMEOUT_MS / 1000
    return VideoSource(capture, name, live=live, hint=HINT, film=(url, options), first_pause_s=pause_s, facts=facts)


def _is_live(capture: cv2.VideoCapture, url: str, answer: Answer | None) -> bool:
    """Whether a stream passes if it is not read. A recording on a server has a length: its end is not an error."""
    if capture.get(cv2.CAP_PROP_FRAME_COUNT) > 0:
        return False
    if url.startswith("rtsp"):
        return True
    # Browsers and screen recorders write films without a length, but the server knows that of the file
    try:
        answer = answer or probe(url, TIMEOUT_MS / 1000)
    except ProbeError:
        return True
    return answer.status != HTTPStatus.OK or answer.length is None


def _look_elsewhere(url: str, name: str, deadline: float, answer: Answer | None) -> str:
    """Where a stream that cannot be opened has moved to, on the same server; takes until `deadline` at most.

    Raises:
        SourceError: it has not moved there; the sentence says what the server answers instead.
    """
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise _refusal(name, _no_answer())
    try:
        answer = answer or probe(url, left_s)
    except ProbeError as error:
        raise _refusal(name, error) from error
    target = redirect_target(answer, url)
    if target is not None:
        return target
    elsewhere = None if answer.location is None else display_name(answer.location)
    with_password = "@" in url.split("://", 1)[1].split("/", 1)[0]
    raise _refusal(name, explain(answer, with_password=with_password, elsewhere=elsewhere))


def _no_answer() -> str:
    return f"no answer came within {TIMEOUT_MS / 1000:.0f} s: is the server on this network, and does it send?"


def _refusal(name: str, why: object) -> SourceError:
    return SourceError(f"{name} cannot be opened as a video: {why}")
