"""Open a video file or a stream by its location."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.sources.locations import is_url, local_path
from realtime.sources.video import open_file

if TYPE_CHECKING:
    from realtime.sources.animation import AnimationSource
    from realtime.sources.http_stream import JpegStream
    from realtime.sources.video import VideoSource


def open_video(location: str) -> VideoSource | AnimationSource | JpegStream:
    """Open a video file, by its path or a `file://` URL, or a stream, by its URL.

    Raises:
        UsageError: the file does not exist, or the URL has another scheme than http, https, rtsp, rtsps and file.
        SourceError: OpenCV cannot read it, or its pictures are too large.
    """
    location = local_path(location)
    if not is_url(location):
        return open_file(location)
    # A session with a camera needs no HTTP
    from realtime.sources.streams import open_stream

    return open_stream(location)
