"""Cameras by name: which there are, which one is meant, and opening it."""

from __future__ import annotations

import difflib
import errno
import logging
import os
import re
import stat
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import cv2

from realtime.errors import Cause, SourceError, UsageError
from realtime.sources.video import VideoSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cv2_enumerate_cameras import CameraInfo


log = logging.getLogger(__name__)
GO_ON = "`emodj cameras` lists all, --camera NAME takes another one, --source PATH plays a file, --wait waits for it"
"""Ends the sentence on a camera that cannot be used."""
BACKENDS = {"linux": (cv2.CAP_V4L2,), "darwin": (cv2.CAP_AVFOUNDATION,), "win32": (cv2.CAP_MSMF, cv2.CAP_DSHOW)}
"""What lists the cameras of a platform without opening them. Elsewhere the library would open one after the other."""
_LONGEST_NUMBER = 4
"""Digits; more of them are no number of a camera anywhere, and OpenCV cannot hold them."""

Listing: TypeAlias = "Callable[[int], Iterable[CameraInfo]]"
"""Takes the number of an OpenCV backend and gives its cameras."""
Opener: TypeAlias = "Callable[[int | str, int], cv2.VideoCapture]"


@dataclass(frozen=True, slots=True)
class Device:
    """A camera of this computer, as a person would name it.

    Attributes:
        index: its number, from 0; None where only a path is known.
        name: what its maker calls it; empty if nobody says.
        path: of its device, `/dev/video0`, or what the platform has instead; None if it was not listed.
        backend: number of OpenCV's way to it, `cv2.CAP_V4L2`; `cv2.CAP_ANY` lets OpenCV choose.
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


def list_cameras(listing: Listing | None = None, platform: str = sys.platform) -> list[Device]:
    """List the cameras that are there, by number. None is switched on for it: their lights stay off.

    Args:
        listing: who lists them, if not the library.
        platform: as `sys.platform` has it.
    """
    devices: list[Device] = []
    for position, backend in enumerate(BACKENDS.get(platform, ())):
        try:
            listed = list((listing or _by_library)(backend))
        except (ImportError, OSError) as error:
            log.info("the cameras cannot be listed: %s", error)
            continue
        known = {device.name for device in devices}
        for each in listed:
            # Its types deny it, but on Linux a name can be None
            name = _printable(each.name or "")
            if position == 0:
                devices.append(Device(each.index, name, each.path, backend))
            elif name not in known:
                # The second way lists most cameras once more; what it alone has, OpenCV knows by a number of two parts
                devices.append(Device(backend + each.index, name, each.path))
    return sorted(devices, key=_number)


def find_camera(wanted: str, cameras: Sequence[Device]) -> Device:
    """The camera that somebody means.

    Args:
        wanted: its number, its path, or a part of its name in any case.
        cameras: what `found` lists. A number or a path that is not in it is taken as it is: a list can be blind.

    Raises:
        UsageError: nothing is named, or the name fits several.
        SourceError: no camera has that name; `Cause.ABSENT`.
    """
    wanted = wanted.strip()
    if not wanted:
        raise UsageError("no camera is named: a number, a part of its name or a path is needed, and `emodj cameras` lists them")
    if wanted.isdecimal() and len(wanted) <= _LONGEST_NUMBER:
        return next((each for each in cameras if each.index == int(wanted)), Device(int(wanted)))
    if at_path := [each for each in cameras if each.path and _real(each.path) == _real(wanted)]:
        return at_path[0]
    if os.path.isabs(wanted):  # noqa: PTH117 - no more than a look at the text
        return Device(_number_in(_real(wanted)), path=wanted)
    if "@" in wanted or "://" in wanted:
        # Not repeated: it may hold a password
        raise UsageError("an address is no camera: --source takes streams, --camera a number, a part of a name or a path")
    folded = wanted.casefold()
    called = [each for each in cameras if folded in each.name.casefold()]
    exactly = [each for each in called if folded == each.name.casefold()]
    match exactly or called:
        case [device]:
            return device
        case []:
            raise SourceError(_nobody(wanted, cameras), Cause.ABSENT)
        case several:
            raise UsageError(f'"{wanted}" fits {_names(several)}: name one of them by its number')


def next_camera(current: Device, cameras: Sequence[Device]) -> Device | None:
    """The next camera by number, the first after the last; None if there is no other."""
    others = sorted((each for each in cameras if not _same(each, current)), key=_number)
    later = [each for each in others if _number(each) > _number(current)]
    return next(iter(later or others), None)


def explain_failure(device: Device, cameras: Sequence[Device] | None = None, platform: str = sys.platform) -> tuple[Cause, str]:
    """Look why a camera cannot be opened, or gives nothing: the cause, and a sentence that does not say how else to go on.

    Args:
        device: the camera.
        cameras: what `found` lists, where that is at hand; on Linux it is not needed.
        platform: as `sys.platform` has it.
    """
    node = _node(device, platform)
    if node is None:
        there = list_cameras() if cameras is None else cameras
        facts = DeviceFacts(platform, listed=any(_same(each, device) for each in there) if there else None)
    else:
        facts = probe_device(node)
    cause, reason = explain(facts)
    return cause, f"{device.label} cannot be opened: {reason}"


def open_camera(device: Device, *, width: int, height: int, fps: float, opener: Opener | None = None) -> VideoSource:
    """Open a camera.

    Args:
        device: from `chosen`, `found` or `after`.
        width: wanted size in pixels; the driver takes the nearest that it has.
        height: likewise.
        fps: wanted frames a second.
        opener: who opens a number or a path by a backend, if not OpenCV.

    Raises:
        SourceError: it cannot be opened; sentence and cause say why.
    """
    capture = _opened(device, opener)
    if capture is None:
        cause, sentence = explain_failure(device)
        raise SourceError(f"{sentence}; {GO_ON}", cause)
    for key, value in ((cv2.CAP_PROP_FRAME_WIDTH, width), (cv2.CAP_PROP_FRAME_HEIGHT, height), (cv2.CAP_PROP_FPS, fps)):
        capture.set(key, value)
    # The newest frame is the one that matters; drivers that keep a queue make every label late
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    hint = "is it still plugged in, or in use by another program?"
    return VideoSource(capture, device.label, live=True, hint=hint)


def _opened(device: Device, opener: Opener | None) -> cv2.VideoCapture | None:
    node = _node(device, sys.platform)
    place, backend = (device.index, device.backend) if node is None else (node, cv2.CAP_V4L2)
    if place is None:
        return None
    try:
        # OpenCV ends the whole process at a name that is no text
        str(place).encode()
        capture = opener(place, backend) if opener else cv2.VideoCapture(place, backend)
    except (UnicodeEncodeError, cv2.error):
        return None
    if capture.isOpened():
        return capture
    capture.release()
    return None


def _node(device: Device, platform: str) -> str | None:
    """Path of the device to open, None where a platform knows cameras by number alone."""
    if platform in {"darwin", "win32"}:
        return None
    return _real(device.path) if device.path else f"/dev/video{device.index}"


def _by_library(backend: int) -> Iterable[CameraInfo]:
    # Late: nothing but a list and a choice of cameras needs it
    from cv2_enumerate_cameras import enumerate_cameras

    return enumerate_cameras(backend)


def _same(one: Device, other: Device) -> bool:
    if one.index is None or other.index is None:
        return bool(one.path and other.path) and _real(str(one.path)) == _real(str(other.path))
    return one.index == other.index


def _real(path: str) -> str:
    # udev gives a camera names that last, /dev/v4l/by-id/...: links to its number of today
    return os.path.realpath(path) if os.path.isabs(path) else path  # noqa: PTH117


def _number_in(node: str) -> int | None:
    match = re.fullmatch(r"/dev/video(\d{1,4})", node)
    return int(match[1]) if match else None


def _number(device: Device) -> int:
    return -1 if device.index is None else device.index


def _printable(name: str) -> str:
    """A device says its own name, and can say anything."""
    return " ".join("".join(mark if mark.isprintable() else " " for mark in name).split())


def _names(cameras: Iterable[Device]) -> str:
    names = [each.label.removeprefix("camera ") for each in cameras]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _nobody(wanted: str, cameras: Sequence[Device]) -> str:
    if not cameras:
        return f'no camera is called "{wanted}", none is there at all; {GO_ON}'
    words = {word: each.name for each in cameras for word in [*each.name.casefold().split(), each.name.casefold()]}
    close = difflib.get_close_matches(wanted.casefold(), words, 1)
    meant = f' (did you mean "{words[close[0]]}"?)' if close else ""
    there = f"there {'is' if len(cameras) == 1 else 'are'} {_names(cameras)}"
    return f'no camera is called "{wanted}", {there}{meant}; {GO_ON}'


_QUERYCAP = 0x80685600
"""VIDIOC_QUERYCAP of linux/videodev2.h, as x86 and ARM number it: asks a device what it can do."""
_CAPABILITY_BYTES = 104
"""Of struct v4l2_capability; `capabilities` and `device_caps` stand at byte 84 and 88."""
_CAPTURES = 0x00000001 | 0x00001000
"""V4L2_CAP_VIDEO_CAPTURE and V4L2_CAP_VIDEO_CAPTURE_MPLANE."""
_HAS_DEVICE_CAPS = 0x80000000
"""V4L2_CAP_DEVICE_CAPS: `device_caps` speaks of this node, `capabilities` of all nodes of the same camera."""
_SETTINGS = {
    "darwin": "allow your terminal in System Settings > Privacy & Security > Camera",
    "win32": "allow it in Settings > Privacy & security > Camera, there also for desktop apps",
}
"""Where a system that asks before a program may see keeps its answers."""


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What can be learnt of a camera without taking pictures.

    Attributes:
        platform: as `sys.platform` has it.
        node: path of its device; None where the platform has none.
        error: number of the system's error (`errno`) when the device was opened or asked; None if it answered.
        captures: whether the device says that it takes pictures; None if it was not asked.
        listed: whether the platform lists the camera; None if that is not known.
    """

    platform: str
    node: str | None = None
    error: int | None = None
    captures: bool | None = None
    listed: bool | None = None


def explain(facts: DeviceFacts) -> tuple[Cause, str]:
    """The cause, and a reason to put behind `camera 0 cannot be opened: `, with what to try."""
    if facts.platform in _SETTINGS:
        if facts.listed is False:
            return Cause.ABSENT, "there is no such camera, plug it in"
        if facts.listed is None:
            return Cause.ABSENT, f"plug it in, and {_SETTINGS[facts.platform]}"
        # Nothing tells the setting from another program here, and the setting is the commoner of the two
        return Cause.DENIED, f"{_SETTINGS[facts.platform]}, or close the program that uses it"
    return _of_silence(facts) if facts.error is None else _of_error(facts.error, facts.node)


def _of_silence(facts: DeviceFacts) -> tuple[Cause, str]:
    if facts.captures is False:
        return Cause.UNREADABLE, f"{facts.node} is no camera, it takes no pictures"
    return Cause.BUSY, "it is there and gives no picture, close the program that uses it or plug it in again"


def _of_error(error: int, node: str | None) -> tuple[Cause, str]:
    match error:
        case errno.ENOENT | errno.ENOTDIR:
            return Cause.ABSENT, f"there is no {node}, plug the camera in (to a container or WSL it has to be handed on)"
        case errno.ENODEV | errno.ENXIO:
            return Cause.ABSENT, f"nothing is behind {node} any more, plug the camera in again"
        case errno.EBUSY:
            return Cause.BUSY, "another program uses it, close that one"
        case errno.EACCES:
            return Cause.DENIED, f"you may not use {node}, run `sudo usermod -aG video $USER` and log in again"
        case errno.EPERM:
            return Cause.DENIED, f"the system keeps {node} from this program, give the container or sandbox access to it"
        case _:
            return Cause.UNREADABLE, f"{node} answers: {os.strerror(error)}"


def probe_device(node: str) -> DeviceFacts:
    """Look at the device of a camera. It is opened for a moment and takes no picture: its light stays off.

    Args:
        node: path of the device; nothing but a character device is opened.
    """
    try:
        if not stat.S_ISCHR(os.stat(node).st_mode):  # noqa: PTH116 - a path that need not be one of ours
            return DeviceFacts(sys.platform, node, captures=False)
        # What OpenCV asks for too; a pipe or a busy driver must not make it wait
        descriptor = os.open(node, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        return DeviceFacts(sys.platform, node, error=error.errno)
    try:
        return _query_capabilities(descriptor, node)
    finally:
        os.close(descriptor)


def _query_capabilities(descriptor: int, node: str) -> DeviceFacts:
    if sys.platform != "linux":
        return DeviceFacts(sys.platform, node)
    import fcntl

    answer = bytearray(_CAPABILITY_BYTES)
    try:
        fcntl.ioctl(descriptor, _QUERYCAP, answer)
    except OSError as error:
        gone = error.errno in {errno.ENODEV, errno.ENXIO}
        return DeviceFacts(sys.platform, node, error=error.errno) if gone else DeviceFacts(sys.platform, node, captures=False)
    return DeviceFacts(sys.platform, node, captures=can_capture(bytes(answer)))


def can_capture(capability: bytes) -> bool:
    """Whether a device takes pictures, by its struct v4l2_capability, 104 bytes."""
    whole, own = struct.unpack_from("=2I", capability, 84)
    return bool((own if whole & _HAS_DEVICE_CAPS else whole) & _CAPTURES)
