"""Select the source of a live session: a camera by number, path or name, a video file, or a stream."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.errors import EmodjError
from realtime.sources.cameras import Device, find_camera, list_cameras, next_camera, open_camera
from realtime.sources.locations import check_scheme, display_name, is_camera, is_url, local_path
from realtime.sources.opening import open_video
from realtime.sources.video import VideoSource, open_file
from realtime.sources.waiting import run_interruptibly

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from realtime.sources.animation import AnimationSource
    from realtime.sources.grabber import FrameGrabber
    from realtime.sources.video import Source


@dataclass(frozen=True, slots=True)
class CameraRequest:
    """The camera that the options or the settings name, and the picture that it should give.

    Attributes:
        device: its number, its path, or a part of its name.
        width: width of the picture, pixels; the driver may choose another.
        height: height of the picture, pixels; the driver may choose another.
        fps: frames a second; the driver may choose another rate.
    """

    device: str
    width: int
    height: int
    fps: float


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """How to open the selected source.

    Attributes:
        open: opens it, in whichever thread calls.
        opening: message for the screen until its first frame.
        file: the open file or recording, if it is read from the first frame to the last; else None.
        cameras: switches to the next camera, if the source is a camera; else None.
    """

    open: Callable[[], Source]
    opening: str
    file: VideoSource | AnimationSource | None = None
    cameras: CameraSwitcher | None = None


class CameraSwitcher:
    """Opens the cameras of this computer, one at a time.

    Args:
        request: the first camera, and the picture that every camera should give.
        lister: lists the cameras.
        opener: opens one of them.
    """

    def __init__(
        self,
        request: CameraRequest,
        *,
        lister: Callable[[], list[Device]] = list_cameras,
        opener: Callable[..., Source] = open_camera,
    ) -> None:
        self._request = request
        self._lister = lister
        self._opener = opener
        self._opened: Device | None = None
        self._selected: Device | None = None
        self._known: list[Device] = []

    def open(self) -> Source:
        """Open the current camera. The list is read each time: a camera may have another number once it is plugged in again.

        Raises:
            UsageError: the name of the first camera fits several.
            SourceError: the camera is not listed, or cannot be opened.
        """
        listed = self._lister()
        if self._selected:
            self._opened = _find_again(self._selected, listed, self._known)
        else:
            self._opened = find_camera(self._request.device, listed)
        request = self._request
        return self._opener(self._opened, width=request.width, height=request.height, fps=request.fps)

    def next(self, frames: FrameGrabber) -> str:
        """Switch to the next camera, if this computer has another one; takes as long as `lister`.

        Returns:
            A message for the screen: the label of that camera, or why the camera stays.
        """
        try:
            listed = self._lister()
        except EmodjError as error:
            return str(error)
        current = self._selected or self._opened
        following = next_camera(current, listed) if current else next(iter(listed), None)
        if following is None:
            return "this computer has no other camera"
        self._selected, self._known = following, listed
        frames.switch(self.open, f"opening {following.label}")
        return following.label


def _find_again(device: Device, listed: Sequence[Device], known: Sequence[Device]) -> Device:
    """The camera, under its new number if it has one: a camera is the same if no other new camera has its name."""
    namesakes = [other for other in listed if device.name and other.name == device.name and other not in known]
    return namesakes[0] if device not in listed and len(namesakes) == 1 else device


def select_source(source: str | None, camera: CameraRequest, stack: ExitStack, *, in_order: bool) -> SourceSpec:
    """Select the source that a path, a URL or the settings of the camera name.

    Args:
        source: a path or a URL; None for the camera.
        camera: the camera to use where `source` is None; its picture size holds for any camera.
        stack: closes what is opened here.
        in_order: whether a recording on a server is read frame by frame. It is then opened here, like a file; any other
            stream, and every camera, is opened later.

    Raises:
        UsageError: the file does not exist, or the URL has a scheme that emodj does not open.
        SourceError: the file is no video, or the stream cannot be opened.
    """
    location = camera.device if source is None else local_path(source)
    if source is None or is_camera(location):
        # An absolute path is never taken for a part of a name
        cameras = CameraSwitcher(camera if source is None else replace(camera, device=str(Path(location).absolute())))
        return SourceSpec(cameras.open, "opening the camera", cameras=cameras)
    if not is_url(location):
        opened = stack.enter_context(open_file(location))
        return SourceSpec(lambda: opened, "", file=opened)
    # At once, and not when a thread opens it: waiting does not help here
    check_scheme(location)
    opening = f"connecting to {display_name(location)}"
    if in_order:
        stream = stack.enter_context(run_interruptibly(lambda: open_video(location)))
        if isinstance(stream, VideoSource) and not stream.live:
            return SourceSpec(lambda: stream, opening, file=stream)
        # The first attempt uses the stream that is open already
        unused = [stream]
        return SourceSpec(lambda: unused.pop() if unused else open_video(location), opening)
    return SourceSpec(lambda: open_video(location), opening)
