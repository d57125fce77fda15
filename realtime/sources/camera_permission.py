"""The permission of macOS to use cameras: ask for it in the main thread, before a thread opens a camera.

OpenCV asks for it only in the main thread, and emodj opens cameras in another one. A program that never asked is not in System
Settings either, so its user could not allow it there (opencv#16427, #15517). Every other system allows or refuses a camera when
it is opened. AVFoundation is reached by pyobjc, which cv2-enumerate-cameras brings along on macOS.
"""

from __future__ import annotations

import importlib
import logging
import sys
import time
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

ANSWER_S = 60.0
"""How long emodj waits for a person to answer the question of macOS, seconds. A later answer counts, too: a session with
`--wait` tries the camera again."""

_TURN_S = 0.1
"""Seconds between two looks at the answer."""


class Permission(Enum):
    """Whether this program may use cameras."""

    ALLOWED = "allowed"
    DENIED = "denied"
    NOT_ASKED = "not asked"
    UNKNOWN = "unknown"


_PERMISSIONS = (Permission.NOT_ASKED, Permission.DENIED, Permission.DENIED, Permission.ALLOWED)
"""By the number of AVAuthorizationStatus: NotDetermined, Restricted, Denied, Authorized."""


def camera_permission(platform: str = sys.platform) -> Permission:
    """Look up the permission without asking anybody; UNKNOWN on a platform that does not say it.

    Args:
        platform: as in `sys.platform`.
    """
    framework = _load_avfoundation(platform)
    return Permission.UNKNOWN if framework is None else _read_permission(framework)


def request_camera_permission(
    notify: Callable[[str], None], *, answer_s: float = ANSWER_S, platform: str = sys.platform
) -> Permission:
    """Let macOS ask the person whether this program may use cameras, and wait for the answer. It asks once in a lifetime.

    For the main thread. It returns at once where the answer is known, and on other platforms.

    Args:
        notify: gets a sentence when macOS asks.
        answer_s: longest wait for the answer, seconds.
        platform: as in `sys.platform`.

    Returns:
        The permission; NOT_ASKED if nobody has answered in time.
    """
    framework = _load_avfoundation(platform)
    if framework is None:
        return Permission.UNKNOWN
    permission = _read_permission(framework)
    if permission is not Permission.NOT_ASKED:
        return permission
    notify("macOS asks whether this program may use the camera: please answer")
    try:
        framework.AVCaptureDevice.requestAccessForMediaType_completionHandler_(framework.AVMediaTypeVideo, _ignore_answer)
        deadline = time.monotonic() + answer_s
        while permission is Permission.NOT_ASKED and time.monotonic() < deadline:
            # macOS shows its question, and handles its answer, while the run loop turns; without a source it returns at once
            until = framework.NSDate.dateWithTimeIntervalSinceNow_(_TURN_S)
            framework.NSRunLoop.currentRunLoop().runUntilDate_(until)
            time.sleep(_TURN_S)
            permission = _read_permission(framework)
    except Exception as error:  # noqa: BLE001 - pyobjc raises whatever Objective-C throws
        log.info("macOS cannot be asked for the camera: %r", error)
    return permission


def _ignore_answer(_granted: bool) -> None:  # noqa: FBT001 - AVFoundation passes it
    """The status is read again in any case: this runs in a thread of macOS."""


def _load_avfoundation(platform: str) -> Any:
    """The module AVFoundation of pyobjc; None on other platforms, and where it cannot be loaded."""
    if platform != "darwin":
        return None
    try:
        return importlib.import_module("AVFoundation")
    except ImportError as error:
        log.info("AVFoundation cannot be loaded: %s", error)
        return None


def _read_permission(framework: Any) -> Permission:
    try:
        number = int(framework.AVCaptureDevice.authorizationStatusForMediaType_(framework.AVMediaTypeVideo))
    except Exception as error:  # noqa: BLE001 - macOS before 10.14 has no such method, and pyobjc has errors of its own
        log.info("macOS does not say whether cameras are allowed: %r", error)
        return Permission.UNKNOWN
    return _PERMISSIONS[number] if 0 <= number < len(_PERMISSIONS) else Permission.UNKNOWN
