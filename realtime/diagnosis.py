"""Why a camera cannot be opened: what can be seen of it from outside, and the sentence that follows from that."""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys
from dataclasses import dataclass

from realtime.errors import Cause

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
class Facts:
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


def diagnosed(facts: Facts) -> tuple[Cause, str]:
    """The cause, and a reason to put behind `camera 0 cannot be opened: `, with what to try."""
    if facts.platform in _SETTINGS:
        if facts.listed is False:
            return Cause.ABSENT, "there is no such camera, plug it in"
        if facts.listed is None:
            return Cause.ABSENT, f"plug it in, and {_SETTINGS[facts.platform]}"
        # Nothing tells the setting from another program here, and the setting is the commoner of the two
        return Cause.DENIED, f"{_SETTINGS[facts.platform]}, or close the program that uses it"
    return _of_silence(facts) if facts.error is None else _of_error(facts.error, facts.node)


def _of_silence(facts: Facts) -> tuple[Cause, str]:
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


def seen(node: str) -> Facts:
    """Look at the device of a camera. It is opened for a moment and takes no picture: its light stays off.

    Args:
        node: path of the device; nothing but a character device is opened.
    """
    try:
        if not stat.S_ISCHR(os.stat(node).st_mode):  # noqa: PTH116 - a path that need not be one of ours
            return Facts(sys.platform, node, captures=False)
        # What OpenCV asks for too; a pipe or a busy driver must not make it wait
        descriptor = os.open(node, os.O_RDWR | os.O_NONBLOCK)
    except OSError as error:
        return Facts(sys.platform, node, error=error.errno)
    try:
        return _asked(descriptor, node)
    finally:
        os.close(descriptor)


def _asked(descriptor: int, node: str) -> Facts:
    if sys.platform != "linux":
        return Facts(sys.platform, node)
    import fcntl  # noqa: PLC0415 - Windows has none

    answer = bytearray(_CAPABILITY_BYTES)
    try:
        fcntl.ioctl(descriptor, _QUERYCAP, answer)
    except OSError as error:
        gone = error.errno in {errno.ENODEV, errno.ENXIO}
        return Facts(sys.platform, node, error=error.errno) if gone else Facts(sys.platform, node, captures=False)
    return Facts(sys.platform, node, captures=captures(bytes(answer)))


def captures(capability: bytes) -> bool:
    """Whether a device takes pictures, by its struct v4l2_capability, 104 bytes."""
    whole, own = struct.unpack_from("=2I", capability, 84)
    return bool((own if whole & _HAS_DEVICE_CAPS else whole) & _CAPTURES)
