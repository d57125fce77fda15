from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from realtime.errors import Cause, SourceError, UsageError
from realtime.sources.cameras import Device
from realtime.sources.grabber import FrameGrabber
from realtime.sources.health import SourceState
from realtime.sources.select import CameraRequest, CameraSwitcher, select_source
from tests.support.waiting import until

if TYPE_CHECKING:
    from realtime.domain import Frame
    from realtime.sources.video import Source

DESK = Device(0, "Desk camera", "/dev/video0")
LAPTOP = Device(2, "Laptop camera", "/dev/video2")


class LostCamera:
    """A camera that opens and gives no frame."""

    live = True

    def __init__(self, device: Device) -> None:
        self.name = device.label

    def read(self) -> Frame | None:
        raise SourceError(f"{self.name} gives nothing", Cause.LOST)

    def skip(self) -> None: ...

    def close(self) -> None: ...


class Computer:
    """A computer whose cameras a test connects and removes."""

    def __init__(self, *connected: Device) -> None:
        self.connected = list(connected)
        self.opened: list[Device] = []

    def list_cameras(self) -> list[Device]:
        return list(self.connected)

    def open(self, device: Device, *, width: int, height: int, fps: float) -> Source:
        assert (width, height, fps) == (640, 480, 30)
        self.opened.append(device)
        if device not in self.connected:
            raise SourceError(f"{device.label} is not connected", Cause.ABSENT)
        return LostCamera(device)

    def cameras(self, wanted: str = "0") -> CameraSwitcher:
        return CameraSwitcher(CameraRequest(wanted, 640, 480, 30), lister=self.list_cameras, opener=self.open)


def switch_cameras(computer: Computer, cameras: CameraSwitcher, times: int = 1) -> list[str]:
    """Open the wanted camera and switch to the next one, `times` times; returns the messages."""
    messages: list[str] = []
    with FrameGrabber(cameras.open, wait_for_source=True, retry_delays_s=(1000.0,)) as frames:
        until(lambda: frames.health(0).state in {SourceState.LOST, SourceState.ABSENT})
        for _ in range(times):
            count = len(computer.opened)
            messages.append(cameras.next(frames))
            if messages[-1] == "this computer has no other camera":
                continue
            until(lambda count=count: len(computer.opened) == count + 1)
            until(lambda: frames.health(0).state in {SourceState.LOST, SourceState.ABSENT})
    return messages


def test_the_camera_is_found_by_name_at_each_opening() -> None:
    computer = Computer(DESK, LAPTOP)
    cameras = computer.cameras("laptop")
    cameras.open()
    computer.connected = [DESK, Device(4, "Laptop camera", "/dev/video4")]
    cameras.open()
    assert [device.index for device in computer.opened] == [2, 4]


def test_switching_opens_the_next_camera_and_returns_its_label() -> None:
    computer = Computer(DESK, LAPTOP)
    assert switch_cameras(computer, computer.cameras()) == [LAPTOP.label]
    assert computer.opened == [DESK, LAPTOP]


def test_after_the_last_comes_the_first() -> None:
    computer = Computer(DESK, LAPTOP)
    switch_cameras(computer, computer.cameras(), 2)
    assert computer.opened == [DESK, LAPTOP, DESK]


def test_switching_with_a_single_camera_gives_a_message_and_keeps_it_open() -> None:
    computer = Computer(DESK)
    assert switch_cameras(computer, computer.cameras()) == ["this computer has no other camera"]
    assert computer.opened == [DESK]


def test_switching_from_an_unknown_camera_goes_to_the_first_one() -> None:
    computer = Computer(LAPTOP)
    assert switch_cameras(computer, computer.cameras("webcam that was sold")) == [LAPTOP.label]
    assert computer.opened == [LAPTOP]


def test_the_selected_camera_is_found_again_under_another_number() -> None:
    computer = Computer(DESK, LAPTOP)
    cameras = computer.cameras()
    switch_cameras(computer, cameras)
    moved = Device(6, "Laptop camera", "/dev/video6")
    computer.connected = [DESK, moved]
    cameras.open()
    assert computer.opened[-1] == moved


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (DESK, LAPTOP),
        (DESK, Device(1, "Desk camera", "/dev/video1")),
        (Device(0), Device(1)),
    ],
)
def test_an_unplugged_camera_is_not_replaced_by_another_one(first: Device, second: Device) -> None:
    computer = Computer(first, second)
    cameras = computer.cameras()
    switch_cameras(computer, cameras)
    computer.connected = [first]
    with pytest.raises(SourceError, match="is not connected"):
        cameras.open()
    assert computer.opened[-1] == second


def test_a_url_that_is_never_opened_is_refused_at_once() -> None:
    with ExitStack() as stack, pytest.raises(UsageError, match="emodj opens files, and URLs with http"):
        select_source("cache:http://127.0.0.1/x", CameraRequest("0", 640, 480, 30), stack, in_order=False)
