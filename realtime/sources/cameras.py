"""List, choose and open cameras; explain why one cannot be opened."""

from __future__ import annotations

import difflib
import errno
import logging
import os
import re
import stat
import struct
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import cv2

from realtime.errors import Cause, SourceError, UsageError
from realtime.sources.camera_permission import Permission, camera_permission
from realtime.sources.video import VideoSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cv2_enumerate_cameras import CameraInfo

log = logging.getLogger(__name__)

NEXT_STEPS = "`emodj cameras` lists all, --camera NAME takes another one, --source PATH plays a file, --wait waits for it"
"""Ends each sentence about a camera that cannot be used."""

BACKENDS = {"linux": (cv2.CAP_V4L2,), "darwin": (cv2.CAP_AVFOUNDATION,), "win32": (cv2.CAP_MSMF, cv2.CAP_DSHOW)}
"""OpenCV backends of a platform whose cameras can be listed without opening them. On any other platform the library would
open every camera, one after the other."""

FIRST_FRAME_S = {"darwin": 10.0}
"""How long a camera may take to its first frame, by platform; seconds. AVFoundation gives up after 1 s each time, and a camera
of a phone, or one that starts cold, takes longer. The drivers of other platforms wait long enough themselves."""

_GRAB_PAUSE_S = 0.05
"""Seconds between two attempts, if a driver gives up at once."""

_MAX_INDEX_DIGITS = 4
"""No system numbers cameras with more digits, and OpenCV cannot hold many more."""

_VIDIOC_QUERYCAP = 0x80685600
"""Request code in linux/videodev2.h, as x86 and ARM number it: queries what a device can do."""
_CAPABILITY_BYTES = 104
"""Size of struct v4l2_capability."""
_CAPABILITIES_OFFSET = 84
"""Offset of its fields `capabilities` and `device_caps`, four bytes each."""
_CAPTURE_FLAGS = 0x00000001 | 0x00001000
"""V4L2_CAP_VIDEO_CAPTURE and V4L2_CAP_VIDEO_CAPTURE_MPLANE."""
_HAS_DEVICE_CAPS = 0x80000000
"""V4L2_CAP_DEVICE_CAPS: `device_caps` describes this node, `capabilities` describes all nodes of the same camera."""

_PRIVACY_SETTINGS = {
    "darwin": "allow your terminal in System Settings > Privacy & Security > Camera",
    "win32": "allow it in Settings > Privacy & security > Camera, there also for desktop apps",
}
"""The setting of each platform that lets its user decide which programs may use the camera."""

CameraLister: TypeAlias = "Callable[[int], Iterable[CameraInfo]]"
"""Takes the number of an OpenCV backend and returns its cameras."""
CaptureOpener: TypeAlias = "Callable[[int | str, int], cv2.VideoCapture]"
"""Takes the number or the path of a camera and the number of an OpenCV backend."""


@dataclass(frozen=True, slots=True)
class Device:
    """A camera of this computer.

    Attributes:
        index: its number, from 0; None if only its path is known.
        name: its product name; empty if the system does not know it.
        path: path of the device, such as `/dev/video0`, or its identifier on another platform; None if it was not listed.
        backend: number of the OpenCV backend that opens it, such as `cv2.CAP_V4L2`; `cv2.CAP_ANY` lets OpenCV choose.
    """

    index: int | None
    name: str = ""
    path: str | None = None
    backend: int = cv2.CAP_ANY

    @property
    def label(self) -> str:
        """For sentences: `camera "Integrated Webcam" (0)`, `camera 3` or `camera /dev/video3`."""
        if self.index is None:
            return f"camera {self.path}"
        return f'camera "{self.name}" ({self.index})' if self.name else f"camera {self.index}"


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What emodj can find out about a camera without taking pictures.

    Attributes:
        platform: as in `sys.platform`.
        node: path of its device; None on a platform without device nodes.
        error: error number (`errno`) with which the system refused to open or query the device; None if it did not.
        captures: whether the device says that it takes pictures; None if it was not queried.
        listed: whether the platform lists the camera; None if that is not known.
        permission: whether this program may use cameras; only macOS says that.
    """

    platform: str
    node: str | None = None
    error: int | None = None
    captures: bool | None = None
    listed: bool | None = None
    permission: Permission = Permission.UNKNOWN


# List and choose


def list_cameras(
    lister: CameraLister | None = None, platform: str = sys.platform, *, notify: Callable[[str], None] = log.info
) -> list[Device]:
    """List the cameras of this computer, by number. None of them is opened, so their lights stay off.

    Args:
        lister: lists the cameras of one backend; None for the library cv2_enumerate_cameras.
        platform: as in `sys.platform`.
        notify: gets a sentence if the list may lack cameras.

    Returns:
        All cameras; an empty list if the platform cannot list them.
    """
    devices: list[Device] = []
    if platform not in BACKENDS:
        notify("the cameras of this system cannot be listed: name one by its number, from 0")
    for position, backend in enumerate(BACKENDS.get(platform, ())):
        try:
            listed = list((lister or _enumerate_backend)(backend))
        except Exception as error:  # noqa: BLE001 - the library has native code for each system, and pyobjc errors of its own
            notify(f"not all cameras can be listed ({_first_line(error)}): name one by its number, from 0")
            continue
        known = {device.name for device in devices}
        for each in listed:
            # The types of the library say otherwise, but on Linux a name can be None
            name = _clean_name(each.name or "")
            if position == 0:
                devices.append(Device(each.index, name, each.path, backend))
            elif name not in known:
                # The second backend lists most cameras again. OpenCV addresses one that is new by backend plus number
                devices.append(Device(backend + each.index, name, each.path))
    return sorted(devices, key=_index_order)


def find_camera(wanted: str, cameras: Sequence[Device]) -> Device:
    """Find a camera by number, path or name.

    Args:
        wanted: its number, its path, or a part of its name in upper or lower case.
        cameras: the cameras that `list_cameras` returns. A number or a path that is not listed is accepted, too: the list
            can be incomplete.

    Raises:
        UsageError: `wanted` is empty, is a URL, or fits several cameras.
        SourceError: no camera has that name; `Cause.ABSENT`.
    """
    wanted = wanted.strip()
    if not wanted:
        raise UsageError("no camera is named: give a number, a part of a name or a path; `emodj cameras` lists them")
    if wanted.isdecimal() and len(wanted) <= _MAX_INDEX_DIGITS:
        return next((each for each in cameras if each.index == int(wanted)), Device(int(wanted)))
    if at_path := [each for each in cameras if each.path and _resolve_link(each.path) == _resolve_link(wanted)]:
        return at_path[0]
    if os.path.isabs(wanted):  # noqa: PTH117 - no more than a look at the text
        return Device(_index_in_path(_resolve_link(wanted)), path=wanted)
    if "@" in wanted or "://" in wanted:
        # The sentence does not repeat the URL: it may hold a password
        raise UsageError("a URL is no camera: --source opens streams, --camera takes a number, a part of a name or a path")
    folded = wanted.casefold()
    partial = [each for each in cameras if folded in each.name.casefold()]
    exact = [each for each in partial if folded == each.name.casefold()]
    match exact or partial:
        case [device]:
            return device
        case []:
            raise SourceError(_no_match_sentence(wanted, cameras), Cause.ABSENT)
        case several:
            raise UsageError(f'"{wanted}" fits {_join_labels(several)}: choose one of them by its number')


def next_camera(current: Device, cameras: Sequence[Device]) -> Device | None:
    """The next camera by number, the first after the last; None if there is no other."""
    others = sorted((each for each in cameras if not _is_same_camera(each, current)), key=_index_order)
    later = [each for each in others if _index_order(each) > _index_order(current)]
    return next(iter(later or others), None)


def _enumerate_backend(backend: int) -> Iterable[CameraInfo]:
    # Imported late: only listing and choosing cameras need it
    from cv2_enumerate_cameras import enumerate_cameras

    return enumerate_cameras(backend)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _is_same_camera(one: Device, other: Device) -> bool:
    if one.index is None or other.index is None:
        return bool(one.path and other.path) and _resolve_link(str(one.path)) == _resolve_link(str(other.path))
    return one.index == other.index


def _resolve_link(path: str) -> str:
    # udev gives each camera a lasting name, /dev/v4l/by-id/...: a link to the node of its current number
    return os.path.realpath(path) if os.path.isabs(path) else path  # noqa: PTH117


def _index_in_path(node: str) -> int | None:
    match = re.fullmatch(r"/dev/video(\d{1,4})", node)
    return int(match[1]) if match else None


def _index_order(device: Device) -> int:
    return -1 if device.index is None else device.index


def _clean_name(name: str) -> str:
    """Make one line of printable text: the name comes from the device, and can hold any character."""
    return " ".join("".join(character if character.isprintable() else " " for character in name).split())


def _join_labels(cameras: Iterable[Device]) -> str:
    labels = [each.label.removeprefix("camera ") for each in cameras]
    return " and ".join([", ".join(labels[:-1]), labels[-1]] if len(labels) > 1 else labels)


def _no_match_sentence(wanted: str, cameras: Sequence[Device]) -> str:
    if not cameras:
        return f'no camera is called "{wanted}": this computer lists no camera; {NEXT_STEPS}'
    names = {word: each.name for each in cameras for word in [*each.name.casefold().split(), each.name.casefold()]}
    close = difflib.get_close_matches(wanted.casefold(), names, 1)
    suggestion = f' (did you mean "{names[close[0]]}"?)' if close else ""
    return f'no camera is called "{wanted}": this computer has {_join_labels(cameras)}{suggestion}; {NEXT_STEPS}'


# Open


def open_camera(
    device: Device,
    *,
    width: int,
    height: int,
    fps: float,
    opener: CaptureOpener | None = None,
    platform: str = sys.platform,
) -> VideoSource:
    """Open a camera.

    Args:
        device: a camera from `find_camera`, `list_cameras` or `next_camera`.
        width: wanted width in pixels; the driver takes the nearest size that it has.
        height: wanted height in pixels.
        fps: wanted frames a second.
        opener: opens a number or a path with a backend; None for OpenCV.
        platform: as in `sys.platform`.

    Raises:
        SourceError: the camera cannot be opened; sentence and cause say why.
    """
    # OpenCV writes to stderr where macOS refuses, and says no more than that it failed
    refused = camera_permission(platform) in {Permission.DENIED, Permission.NOT_ASKED}
    capture = None if refused else _open_capture(device, opener, platform)
    if capture is None:
        cause, sentence = explain_failure(device, platform=platform)
        raise SourceError(f"{sentence}; {NEXT_STEPS}", cause)
    _request_format(capture, width, height, fps)
    # A driver that queues frames makes every label late
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    _await_first_frame(capture, FIRST_FRAME_S.get(platform, 0.0))
    hint = "is it still plugged in, or in use by another program?"
    return VideoSource(capture, device.label, live=True, hint=hint)


def _request_format(capture: cv2.VideoCapture, width: int, height: int, fps: float) -> None:
    """Request what the camera does not give already: on Windows each request takes seconds."""
    size = {cv2.CAP_PROP_FRAME_WIDTH: width, cv2.CAP_PROP_FRAME_HEIGHT: height}
    if any(capture.get(key) != value for key, value in size.items()):
        # OpenCV changes the size once it has both sides
        for key, value in size.items():
            capture.set(key, value)
    if capture.get(cv2.CAP_PROP_FPS) != fps:
        capture.set(cv2.CAP_PROP_FPS, fps)


def _await_first_frame(capture: cv2.VideoCapture, patience_s: float) -> None:
    """Wait until a camera gives its first frame, which is dropped, or until `patience_s` has passed."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            if capture.grab():
                return
        except cv2.error as error:
            log.info("no first frame yet: %s", error)
        time.sleep(_GRAB_PAUSE_S)


def _open_capture(device: Device, opener: CaptureOpener | None, platform: str) -> cv2.VideoCapture | None:
    node = _device_node(device, platform)
    index_or_path, backend = (device.index, device.backend) if node is None else (node, cv2.CAP_V4L2)
    if index_or_path is None:
        return None
    try:
        # OpenCV aborts the whole process at a name that is not UTF-8
        str(index_or_path).encode()
        capture = opener(index_or_path, backend) if opener else cv2.VideoCapture(index_or_path, backend)
    except (UnicodeEncodeError, cv2.error):
        return None
    if capture.isOpened():
        return capture
    capture.release()
    return None


def _device_node(device: Device, platform: str) -> str | None:
    """Path of the device to open; None on a platform that addresses cameras by number alone."""
    if platform in {"darwin", "win32"}:
        return None
    return _resolve_link(device.path) if device.path else f"/dev/video{device.index}"


# Explain a failure


def explain_failure(device: Device, cameras: Sequence[Device] | None = None, platform: str = sys.platform) -> tuple[Cause, str]:
    """Find out why a camera cannot be opened, or gives no pictures.

    Args:
        device: the camera.
        cameras: the cameras that `list_cameras` returns, if the caller has them; on Linux they are not needed.
        platform: as in `sys.platform`.

    Returns:
        The cause, and a sentence about it. The sentence names no option of emodj: `NEXT_STEPS` does.
    """
    node = _device_node(device, platform)
    if node is None:
        listed = list_cameras() if cameras is None else cameras
        known = any(_is_same_camera(each, device) for each in listed) if listed else None
        facts = DeviceFacts(platform, listed=known, permission=camera_permission(platform))
    else:
        facts = probe_device(node)
    cause, reason = explain(facts)
    return cause, f"{device.label} cannot be opened: {reason}"


def explain(facts: DeviceFacts) -> tuple[Cause, str]:
    """The cause, and a reason that continues the sentence `camera 0 cannot be opened: `, with what to try."""
    if facts.platform in _PRIVACY_SETTINGS:
        return _explain_without_node(facts, _PRIVACY_SETTINGS[facts.platform])
    return _explain_no_picture(facts) if facts.error is None else _explain_errno(facts.error, facts.node)


def _explain_without_node(facts: DeviceFacts, setting: str) -> tuple[Cause, str]:
    if facts.permission is Permission.NOT_ASKED:
        return Cause.DENIED, f"nobody has answered yet whether this program may use it, answer or {setting}"
    if facts.permission is Permission.DENIED:
        return Cause.DENIED, setting
    if facts.permission is Permission.ALLOWED and facts.listed:
        return _explain_no_picture(facts)
    if facts.permission is Permission.ALLOWED or facts.listed is False:
        return Cause.ABSENT, "it is not connected, plug it in"
    if facts.listed is None:
        return Cause.ABSENT, f"plug it in, and {setting}"
    # Windows does not say whether the setting or another program is the reason; the setting is the commoner one
    return Cause.DENIED, f"{setting}, or close the program that uses it"


def _explain_no_picture(facts: DeviceFacts) -> tuple[Cause, str]:
    if facts.captures is False:
        return Cause.UNREADABLE, f"{facts.node} is no camera, it takes no pictures"
    return Cause.BUSY, "it is connected and gives no picture, close the program that uses it or plug it in again"


def _explain_errno(error: int, node: str | None) -> tuple[Cause, str]:
    match error:
        case errno.ENOENT | errno.ENOTDIR:
            return Cause.ABSENT, f"there is no {node}, plug the camera in (a container or WSL needs it passed through)"
        case errno.ENODEV | errno.ENXIO:
            return Cause.ABSENT, f"no device is connected to {node} any more, plug the camera in again"
        case errno.EBUSY:
            return Cause.BUSY, "another program uses it, close that program"
        case errno.EACCES:
            return Cause.DENIED, f"you may not use {node}, run `sudo usermod -aG video $USER` and log in again"
        case errno.EPERM:
            return Cause.DENIED, f"the system denies access to {node}, give the container or sandbox access to it"
        case _:
            return Cause.UNREADABLE, f"{node} answers: {os.strerror(error)}"


def probe_device(node: str) -> DeviceFacts:
    """Query the device of a camera. The device is opened for a moment and takes no picture: its light stays off.

    Args:
        node: path of the device; only a character device is opened.
    """
    try:
        if not stat.S_ISCHR(os.stat(node).st_mode):  # noqa: PTH116 - any text, which need not be a path that exists
            return DeviceFacts(sys.platform, node, captures=False)
        # OpenCV opens it for reading and writing, too; without O_NONBLOCK a pipe or a busy driver would make this wait
        descriptor = os.open(node, os.O_RDWR | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        return DeviceFacts(sys.platform, node, error=error.errno)
    try:
        return _query_capabilities(descriptor, node)
    finally:
        os.close(descriptor)


def can_capture(capability: bytes) -> bool:
    """Whether a device takes pictures, by its struct v4l2_capability, 104 bytes."""
    capabilities, device_caps = struct.unpack_from("=2I", capability, _CAPABILITIES_OFFSET)
    return bool((device_caps if capabilities & _HAS_DEVICE_CAPS else capabilities) & _CAPTURE_FLAGS)


def _query_capabilities(descriptor: int, node: str) -> DeviceFacts:
    if sys.platform != "linux":
        return DeviceFacts(sys.platform, node)
    import fcntl

    capability = bytearray(_CAPABILITY_BYTES)
    try:
        fcntl.ioctl(descriptor, _VIDIOC_QUERYCAP, capability)
    except OSError as error:
        unplugged = error.errno in {errno.ENODEV, errno.ENXIO}
        if unplugged:
            return DeviceFacts(sys.platform, node, error=error.errno)
        return DeviceFacts(sys.platform, node, captures=False)
    return DeviceFacts(sys.platform, node, captures=can_capture(bytes(capability)))
