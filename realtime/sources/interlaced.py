"""Interlaced films (AVCHD, DVD, DV): find out whether a film is one, and open it through FFmpeg's deinterlacer.

OpenCV 4.13 and 4.14 cannot convert interlaced frames: swscale refuses, OpenCV does not look, and `read` returns what was in the
buffer before, with success: a black frame, or the frame before once more. So a film whose frame is the same as the one before
is asked whether it is interlaced. The deinterlacer is yadif (https://ffmpeg.org/ffmpeg-filters.html#yadif-1). In a graph of
filters no time limit of OpenCV holds, so a film of a server is read in a process of its own (`server_graph`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.sources.ffmpeg import GRAPH_OPTIONS, open_capture

if TYPE_CHECKING:
    from collections.abc import Mapping

    import cv2

CHECKED_FRAMES = 32
"""So many frames are looked at. A film can have progressive frames among the others."""


def is_interlaced(location: str, options: Mapping[str, str], at_s: float = 0.0, skip: int = 0) -> bool:
    """Whether one of the frames of a film from a moment on, `CHECKED_FRAMES` of them, is interlaced.

    False also where FFmpeg has no filters.

    Args:
        location: absolute path or URL of a film.
        options: of FFmpeg, which open it.
        at_s: the moment, in seconds since the start of the film.
        skip: number of frames that are left out, for a film whose frames have no times.

    Raises:
        cv2.error: OpenCV cannot read it.
    """
    film = _movie(location, options, at_s)
    interlaced = r"select=not(eq(interlace_type\,PROGRESSIVE))"
    frames = f"trim=start_frame={skip}:end_frame={skip + CHECKED_FRAMES}"
    capture = open_capture(f"{film},{frames},{interlaced}", GRAPH_OPTIONS)
    try:
        return capture.isOpened() and capture.grab()
    finally:
        capture.release()


def open_deinterlaced(location: str, options: Mapping[str, str]) -> cv2.VideoCapture:
    """Open a film so that its interlaced frames are read as whole pictures, and its other frames as they are.

    Args:
        location: as in `is_interlaced`.
        options: likewise.

    Raises:
        cv2.error: OpenCV cannot read it.
    """
    return open_capture(f"{_movie(location, options)},yadif=deint=interlaced", GRAPH_OPTIONS)


def _movie(location: str, options: Mapping[str, str], at_s: float = 0.0) -> str:
    """The filter that reads a film (https://ffmpeg.org/ffmpeg-filters.html#movie-1)."""
    pairs = ":".join(f"{key}={value}" for key, value in options.items())
    # FFmpeg looks for the key frame before the moment
    seek = f":seek_point={at_s:.3f}" if at_s > 0 else ""
    return f"movie=filename={_escape(location)}:format_opts={_escape(pairs)}{seek}"


def _escape(value: str) -> str:
    """Escape a value twice: as that of an option, and as part of a graph."""
    for special in ("\\':", "\\'[],;"):
        value = "".join(f"\\{character}" if character in special else character for character in value)
    return value
