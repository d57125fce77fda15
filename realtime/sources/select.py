"""Where a live session's frames come from: a camera by name or number, a file, a stream."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.errors import EmodjError
from realtime.sources.cameras import Device, find_camera, list_cameras, next_camera, open_camera
from realtime.sources.video import display_name, is_camera, local_path, open_video

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import ExitStack

    from realtime.sources.grabber import FrameGrabber
    from realtime.sources.video import Source, VideoSource


@dataclass(frozen=True, slots=True)
class CameraRequest:
    """A camera that was asked for, and its picture.

    Attributes:
        device: its number, its path, or a part of its name.
        width: of the picture, pixels; the driver may choose another.
        height: likewise.
        fps: frames a second; likewise.
    """

    device: str
    width: int
    height: int
    fps: float


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source that was asked for.

    Attributes:
        open: opens it, in whichever thread.
        opening: what to say meanwhile.
        file: opened already, if it is read from the first frame to the last.
        cameras: turns through the cameras, if it is one.
    """

    open: Callable[[], Source]
    opening: str
    file: VideoSource | None = None
    cameras: CameraSwitcher | None = None


class CameraSwitcher:
    """The cameras of this computer, one at a time.

    Args:
        request: the first of them, and what is asked of each.
        listing: lists them.
        opener: opens one.
    """

    def __init__(
        self,
        request: CameraRequest,
        *,
        listing: Callable[[], list[Device]] = list_cameras,
        opener: Callable[..., Source] = open_camera,
    ) -> None:
        self._request = request
        self._listing = listing
        self._opener = opener
        self._device: Device | None = None
        self._turned: Device | None = None
        self._known: list[Device] = []

    def open(self) -> Source:
        """Open the one of now. Looked for anew each time: unplugged and plugged in, it may have another number."""
        listed = self._listing()
        self._device = _again(self._turned, listed, self._known) if self._turned else find_camera(self._request.device, listed)
        request = self._request
        return self._opener(self._device, width=request.width, height=request.height, fps=request.fps)

    def next(self, frames: FrameGrabber) -> str:
        """Have the frames come from the next one, if there is another; what to say. Takes as long as listing them."""
        try:
            listed = self._listing()
        except EmodjError as error:
            return str(error)
        current = self._turned or self._device
        following = next_camera(current, listed) if current else next(iter(listed), None)
        if following is None:
            return "there is no other camera"
        self._turned, self._known = following, listed
        frames.switch(self.open, f"opening {following.label}")
        return following.label


def _again(device: Device, listed: Sequence[Device], known: Sequence[Device]) -> Device:
    """The camera, under another number if it has one now: the only one of its name that was not there before."""
    namesakes = [other for other in listed if device.name and other.name == device.name and other not in known]
    return namesakes[0] if device not in listed and len(namesakes) == 1 else device


def select_source(source: str | None, camera: CameraRequest, stack: ExitStack, *, in_order: bool) -> SourceSpec:
    """The source that a path, a URL or the camera's settings name.

    Args:
        source: a path or a URL; None for the camera.
        camera: which one, and what is asked of it.
        stack: closes what is opened here.
        in_order: a recording on a server is read frame by frame, and so opened at once like a file; all else opens later.

    Raises:
        UsageError: a file that does not exist.
        SourceError: a file that is no video, or a stream that cannot be opened.
    """
    place = camera.device if source is None else local_path(source)
    if source is None or is_camera(place):
        # Given as a path, it is no part of a name
        cameras = CameraSwitcher(camera if source is None else replace(camera, device=str(Path(place).absolute())))
        return SourceSpec(cameras.open, "opening the camera", cameras=cameras)
    if "://" not in place:
        opened = stack.enter_context(open_video(place))
        return SourceSpec(lambda: opened, "", file=opened)
    opening = f"connecting to {display_name(place)}"
    if in_order:
        opened = stack.enter_context(open_video(place))
        if not opened.live:
            return SourceSpec(lambda: opened, opening, file=opened)
        waiting = [opened]
        return SourceSpec(lambda: waiting.pop() if waiting else open_video(place), opening)
    return SourceSpec(lambda: open_video(place), opening)
