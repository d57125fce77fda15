"""Open films and streams with OpenCV's FFmpeg, which is allowed the formats and protocols of films alone.

A file or a server decides what FFmpeg makes of it. A playlist or a session description makes FFmpeg read addresses that it
names, a file of a few bytes can name other files, and some protocols write. So formats and protocols are lists of what emodj is
for. OpenCV takes these options from an environment variable alone, which is set while a capture opens.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import cv2

from realtime.libraries import set_variable
from realtime.sources.film_memory import limit_opening, opening_bytes

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

VARIABLE = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
"""Options of a person in this variable win over those of emodj, key by key: `key;value|key;value`."""

FILM_FORMATS = (
    "3gp,apng,asf,av1,avi,dv,flv,gif,h264,hevc,ivf,live_flv,m4v,matroska,mjpeg,mov,mpeg,mpegts,mpegvideo,mxf,nut,obu,ogg,rm,vc1,"
    "webm,wtv,yuv4mpegpipe"
)
"""Formats of films: the names of FFmpeg's demuxers. None of them reads a second file."""

PICTURE_FORMATS = "bmp_pipe,image2,jpeg_pipe,jpegxl_pipe,png_pipe,tiff_pipe,webp_pipe"
"""A picture is a film of one frame."""

FILE_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": f"{FILM_FORMATS},{PICTURE_FORMATS}",
    # A name such as `%03d.jpg` is a name, and not that of many files
    "pattern_type": "none",
}
HTTP_OPTIONS = {
    "protocol_whitelist": "http,https,httpproxy,tcp,tls",
    # Not `mpjpeg`, whose parts may have any size: `http_stream` reads them
    "format_whitelist": FILM_FORMATS,
    # `stream_probe` follows a redirect, but not to another server
    "max_redirects": "0",
    # Microseconds without a byte; OpenCV's own limit does not reach into a graph of filters
    "rw_timeout": "10000000",
}
RTSP_OPTIONS = {
    "protocol_whitelist": "tcp,tls",
    "format_whitelist": "asf,mpegts,rtp,rtsp",
    # Over UDP a server names the host that FFmpeg sends to, which may be any
    "rtsp_transport": "tcp",
}
RTSP_PROTOCOLS = "rtp,srtp,tcp,tls,udp"
"""Those of every transport of RTSP, for a person who names a transport."""

GRAPH_OPTIONS = {"input_format": "lavfi"}
"""The location is then a graph of FFmpeg's filters."""

SCHEMES: Mapping[str, Mapping[str, str]] = {
    "http": HTTP_OPTIONS,
    "https": HTTP_OPTIONS,
    "rtsp": RTSP_OPTIONS,
    "rtsps": RTSP_OPTIONS,
}
"""The schemes of URLs that emodj opens, and the options of each."""

_variable = threading.Lock()


class Capture(Protocol):
    """The methods of `cv2.VideoCapture` that a source calls."""

    def read(self) -> tuple[bool, Any]:
        """Whether there is a next frame, and its pixels."""
        ...

    def grab(self) -> bool:
        """Drop a frame; whether there was one."""
        ...

    def get(self, propId: int, /) -> float:  # noqa: N803 - its name in OpenCV
        """A property by its number."""
        ...

    def release(self) -> None:
        """Close it."""
        ...


def open_capture(location: str, options: Mapping[str, str], parameters: Sequence[int] = ()) -> cv2.VideoCapture:
    """Open a path, a URL or a graph of filters; the caller looks whether it is open.

    Args:
        location: of the film. A path must be absolute: FFmpeg takes what stands before a colon for a protocol.
        options: of FFmpeg.
        parameters: of OpenCV, key, value, key, value, …

    Raises:
        cv2.error: OpenCV cannot read it.
    """
    with _environment(options), limit_opening(opening_bytes(location)):
        return cv2.VideoCapture(location, cv2.CAP_FFMPEG, list(parameters))


def names_format() -> bool:
    """Whether a person names the format of the input in `VARIABLE`; no format is refused then."""
    return any(entry.partition(";")[0] == "input_format" for entry in os.environ.get(VARIABLE, "").split("|"))


def merge_options(options: Mapping[str, str], personal: str) -> str:
    """The value of `VARIABLE`: `options`, and over them those of a person, which are in the form of `VARIABLE`.

    A person who names the format of the input is free to name any, and its protocols. One who names the transport of RTSP has
    all of its protocols.
    """
    pairs = [entry.partition(";") for entry in personal.split("|") if entry]
    chosen = {key: value for key, _, value in pairs}
    limits = {"protocol_whitelist", "format_whitelist"} if "input_format" in chosen else set[str]()
    if "rtsp_transport" in options and "rtsp_transport" in chosen:
        options = {**options, "protocol_whitelist": RTSP_PROTOCOLS}
    merged = {key: value for key, value in options.items() if key not in limits} | chosen
    return "|".join(f"{key};{value}" for key, value in merged.items())


@contextmanager
def _environment(options: Mapping[str, str]) -> Generator[None]:
    """Set `VARIABLE` for one opening; the variables of the process stay as they are."""
    with _variable:
        personal = os.environ.get(VARIABLE)
        own_format = "input_format" in options
        set_variable(VARIABLE, merge_options(options, "" if own_format else personal or ""))
        try:
            yield
        finally:
            set_variable(VARIABLE, personal)
