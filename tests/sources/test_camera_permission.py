from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from realtime.sources.camera_permission import Permission, camera_permission, request_camera_permission

if TYPE_CHECKING:
    from collections.abc import Callable

NOT_DETERMINED, RESTRICTED, DENIED, AUTHORIZED = range(4)


class FakeAVFoundation:
    """The part of pyobjc's AVFoundation that asks for cameras; the person answers after some turns of the run loop.

    Args:
        status: number of AVAuthorizationStatus at the start.
        answer: status that the person chooses; None for a person who does not answer.
        turns: of the run loop until the answer.
    """

    AVMediaTypeVideo = "vide"

    def __init__(self, status: int, answer: int | None = None, turns: int = 2) -> None:
        self.status, self.answer, self.turns = status, answer, turns
        self.asked: list[Callable[[bool], None]] = []
        self.AVCaptureDevice = SimpleNamespace(
            authorizationStatusForMediaType_=self.read_status,
            requestAccessForMediaType_completionHandler_=self.request,
        )
        self.NSDate = SimpleNamespace(dateWithTimeIntervalSinceNow_=float)
        self.NSRunLoop = SimpleNamespace(currentRunLoop=lambda: SimpleNamespace(runUntilDate_=self.turn))

    def read_status(self, media: str) -> int:
        assert media == self.AVMediaTypeVideo
        return self.status

    def request(self, media: str, handler: Callable[[bool], None]) -> None:
        assert media == self.AVMediaTypeVideo
        self.asked.append(handler)

    def turn(self, until: float) -> None:
        assert until > 0
        assert self.asked, "the run loop turns once macOS was asked"
        self.turns -= 1
        if self.turns <= 0 and self.answer is not None:
            self.status = self.answer
            self.asked[0](self.answer == AUTHORIZED)


@pytest.fixture
def mac(monkeypatch: pytest.MonkeyPatch) -> Callable[[object], None]:
    """Installs a module in the place of pyobjc's AVFoundation."""
    return lambda framework: monkeypatch.setitem(sys.modules, "AVFoundation", framework)  # pyright: ignore[reportArgumentType]


def test_only_macos_is_asked(mac: Callable[[object], None]) -> None:
    mac(None)
    for platform in ("linux", "win32", "freebsd14"):
        assert camera_permission(platform) is Permission.UNKNOWN
        assert request_camera_permission(pytest.fail, platform=platform) is Permission.UNKNOWN


@pytest.mark.parametrize(
    ("status", "permission"),
    [
        (NOT_DETERMINED, Permission.NOT_ASKED),
        (RESTRICTED, Permission.DENIED),
        (DENIED, Permission.DENIED),
        (AUTHORIZED, Permission.ALLOWED),
        (9, Permission.UNKNOWN),
        (-1, Permission.UNKNOWN),
    ],
)
def test_the_permission_is_read_without_a_question(mac: Callable[[object], None], status: int, permission: Permission) -> None:
    framework = FakeAVFoundation(status)
    mac(framework)
    assert camera_permission("darwin") is permission
    assert not framework.asked


@pytest.mark.parametrize(("answer", "permission"), [(AUTHORIZED, Permission.ALLOWED), (DENIED, Permission.DENIED)])
def test_macos_asks_once_and_emodj_waits_for_the_answer(
    mac: Callable[[object], None], answer: int, permission: Permission
) -> None:
    framework = FakeAVFoundation(NOT_DETERMINED, answer)
    mac(framework)
    sentences: list[str] = []
    assert request_camera_permission(sentences.append, platform="darwin") is permission
    assert request_camera_permission(sentences.append, platform="darwin") is permission
    assert sentences == ["macOS asks whether this program may use the camera: please answer"]
    assert len(framework.asked) == 1


@pytest.mark.parametrize("status", [RESTRICTED, DENIED, AUTHORIZED])
def test_an_answer_that_is_known_is_not_asked_for(mac: Callable[[object], None], status: int) -> None:
    framework = FakeAVFoundation(status)
    mac(framework)
    request_camera_permission(pytest.fail, platform="darwin")
    assert not framework.asked


def test_the_wait_for_an_answer_ends(mac: Callable[[object], None]) -> None:
    framework = FakeAVFoundation(NOT_DETERMINED)
    mac(framework)
    assert request_camera_permission(lambda _: None, answer_s=0.01, platform="darwin") is Permission.NOT_ASKED
    assert framework.asked


def test_a_mac_without_pyobjc_or_with_an_old_system_is_unknown(mac: Callable[[object], None]) -> None:
    # Python takes None as a module that cannot be imported
    for framework in (None, SimpleNamespace(AVCaptureDevice=object(), AVMediaTypeVideo="vide")):
        mac(framework)
        assert camera_permission("darwin") is Permission.UNKNOWN
        assert request_camera_permission(pytest.fail, platform="darwin") is Permission.UNKNOWN


def test_an_error_of_objective_c_ends_the_question(mac: Callable[[object], None]) -> None:
    class ObjectiveCError(Exception):
        """As `objc.error` of pyobjc."""

    framework = FakeAVFoundation(NOT_DETERMINED)

    def throw(_until: float) -> None:
        raise ObjectiveCError("NSInternalInconsistencyException")

    framework.NSRunLoop = SimpleNamespace(currentRunLoop=lambda: SimpleNamespace(runUntilDate_=throw))
    mac(framework)
    assert request_camera_permission(lambda _: None, platform="darwin") is Permission.NOT_ASKED
