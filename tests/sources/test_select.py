from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from realtime.errors import Cause, SourceError
from realtime.sources.cameras import Device
from realtime.sources.grabber import FrameGrabber
from realtime.sources.health import SourceState
from realtime.sources.select import CameraRequest, CameraSwitcher
from tests.support.waiting import until

if TYPE_CHECKING:
    from realtime.domain import Frame
    from realtime.sources.video import Source

DESK = Device(0, "Desk camera", "/dev/video0")
LAPTOP = Device(2, "Laptop camera", "/dev/video2")


class Still:
    """A camera that shows one picture, as its number says."""

    live = True

    def __init__(self, device: Device) -> None:
        self.name = device.label

    def read(self) -> Frame | None:
        raise SourceError(f"{self.name} gives nothing", Cause.LOST)

    def skip(self) -> None: ...

    def close(self) -> None: ...


class Computer:
    """Cameras that can be plugged in and out."""

    def __init__(self, *there: Device) -> None:
        self.there = list(there)
        self.opened: list[Device] = []

    def listing(self) -> list[Device]:
        return list(self.there)

    def open(self, device: Device, *, width: int, height: int, fps: float) -> Source:
        assert (width, height, fps) == (640, 480, 30)
        self.opened.append(device)
        if device not in self.there:
            raise SourceError(f"{device.label} is not there", Cause.ABSENT)
        return Still(device)

    def cameras(self, wanted: str = "0") -> CameraSwitcher:
        return CameraSwitcher(CameraRequest(wanted, 640, 480, 30), listing=self.listing, opener=self.open)


def turned(computer: Computer, cameras: CameraSwitcher, times: int = 1) -> list[str]:
    """Open the camera that is wanted, and turn to the next one, so many times; what was said."""
    said: list[str] = []
    with FrameGrabber(cameras.open, patient=True, retries_s=(1000.0,)) as frames:
        until(lambda: frames.health(0).state in {SourceState.LOST, SourceState.ABSENT})
        for _ in range(times):
            count = len(computer.opened)
            said.append(cameras.next(frames))
            if said[-1] == "there is no other camera":
                continue
            until(lambda count=count: len(computer.opened) == count + 1)
            until(lambda: frames.health(0).state in {SourceState.LOST, SourceState.ABSENT})
    return said


def test_the_camera_is_looked_for_by_name_each_time() -> None:
    computer = Computer(DESK, LAPTOP)
    cameras = computer.cameras("laptop")
    cameras.open()
    computer.there = [DESK, Device(4, "Laptop camera", "/dev/video4")]
    cameras.open()
    assert [device.index for device in computer.opened] == [2, 4]


def test_a_turn_opens_the_next_one_and_says_which() -> None:
    computer = Computer(DESK, LAPTOP)
    assert turned(computer, computer.cameras()) == [LAPTOP.label]
    assert computer.opened == [DESK, LAPTOP]


def test_after_the_last_comes_the_first() -> None:
    computer = Computer(DESK, LAPTOP)
    turned(computer, computer.cameras(), 2)
    assert computer.opened == [DESK, LAPTOP, DESK]


def test_where_there_is_no_other_it_says_so_and_the_camera_stays_open() -> None:
    computer = Computer(DESK)
    assert turned(computer, computer.cameras()) == ["there is no other camera"]
    assert computer.opened == [DESK]


def test_a_turn_from_a_camera_that_nobody_has_goes_to_the_first_there_is() -> None:
    computer = Computer(LAPTOP)
    assert turned(computer, computer.cameras("webcam that was sold")) == [LAPTOP.label]
    assert computer.opened == [LAPTOP]


def test_a_camera_that_was_turned_to_is_found_again_under_another_number() -> None:
    computer = Computer(DESK, LAPTOP)
    cameras = computer.cameras()
    turned(computer, cameras)
    moved = Device(6, "Laptop camera", "/dev/video6")
    computer.there = [DESK, moved]
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
def test_one_that_is_gone_is_tried_as_it_was_and_no_other_in_its_place(first: Device, second: Device) -> None:
    computer = Computer(first, second)
    cameras = computer.cameras()
    turned(computer, cameras)
    computer.there = [first]
    with pytest.raises(SourceError, match="is not there"):
        cameras.open()
    assert computer.opened[-1] == second
