from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from realtime.cameras import Device
from realtime.cli.context import Context
from realtime.cli.feeds import Cameras
from realtime.errors import Cause, SourceError
from realtime.health import State
from realtime.latest import LatestFrames
from tests.waiting import until

if TYPE_CHECKING:
    from realtime.capture import Source
    from realtime.domain import Frame

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

    def cameras(self, wanted: str = "0") -> Cameras:
        return Cameras(wanted, Context().settings().camera, listing=self.listing, opener=self.open)


def turned(computer: Computer, cameras: Cameras, times: int = 1) -> None:
    """Open the camera that is wanted, and press the key for the next one, so many times."""
    with LatestFrames(cameras.open, patient=True, retries_s=(1000.0,)) as frames:
        until(lambda: len(computer.opened) == 1)
        for count in range(2, times + 2):
            until(lambda: frames.health(0).state is State.LOST)
            assert cameras.turn(frames) == "looking for the next camera"
            until(lambda count=count: len(computer.opened) == count)


def test_the_camera_is_looked_for_by_name_each_time() -> None:
    computer = Computer(DESK, LAPTOP)
    cameras = computer.cameras("laptop")
    cameras.open()
    computer.there = [DESK, Device(4, "Laptop camera", "/dev/video4")]
    cameras.open()
    assert [device.index for device in computer.opened] == [2, 4]


def test_a_turn_opens_the_next_one_and_says_which_once() -> None:
    computer = Computer(DESK, LAPTOP)
    cameras = computer.cameras()
    turned(computer, cameras)
    assert computer.opened == [DESK, LAPTOP]
    assert cameras.news() == LAPTOP.label
    assert cameras.news() is None


def test_after_the_last_comes_the_first() -> None:
    computer = Computer(DESK, LAPTOP)
    turned(computer, computer.cameras(), 2)
    assert computer.opened == [DESK, LAPTOP, DESK]


def test_where_there_is_no_other_it_says_so_and_stays() -> None:
    computer = Computer(DESK)
    cameras = computer.cameras()
    turned(computer, cameras)
    assert computer.opened == [DESK, DESK]
    assert cameras.news() == "there is no other camera"


def test_a_turn_from_a_camera_that_nobody_has_goes_to_the_first_there_is() -> None:
    computer = Computer(LAPTOP)
    cameras = computer.cameras("webcam that was sold")
    with LatestFrames(cameras.open, patient=True, retries_s=(1000.0,)) as frames:
        until(lambda: frames.health(0).state is State.ABSENT)
        cameras.turn(frames)
        until(lambda: computer.opened == [LAPTOP])


def test_a_camera_that_was_turned_to_is_found_again_under_another_number() -> None:
    computer = Computer(DESK, LAPTOP)
    cameras = computer.cameras()
    turned(computer, cameras)
    moved = Device(6, "Laptop camera", "/dev/video6")
    computer.there = [DESK, moved]
    cameras.open()
    assert computer.opened[-1] == moved


def test_one_that_is_gone_is_tried_as_it_was() -> None:
    computer = Computer(DESK, LAPTOP)
    cameras = computer.cameras()
    turned(computer, cameras)
    computer.there = [DESK]
    with pytest.raises(SourceError, match="is not there"):
        cameras.open()
    assert computer.opened[-1] == LAPTOP
