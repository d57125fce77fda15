"""What cameras do, and a person who leaves meanwhile: the real process and its real window."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.live import watching
from tests.support.streams import NetworkCamera, darkness, moving, streaming
from tests.support.waiting import until
from tests.support.x11 import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from realtime.domain import Image

SECRET = "hunter2"  # noqa: S105 - a password that must not be seen


@pytest.fixture
def camera(astronaut: Image) -> NetworkCamera:
    return NetworkCamera(moving(astronaut[10:250, 80:400]))


@pytest.fixture
def source(camera: NetworkCamera) -> Iterator[str]:
    with streaming(camera) as address:
        yield f"http://me:{SECRET}@{address}/live?token={SECRET}"


def middle(person: Person) -> Image:
    """Where the window says what is wrong."""
    picture = person.picture()
    height = len(picture)
    return picture[height // 4 : 3 * height // 4]


def opening(camera: NetworkCamera, person: Person) -> None:
    until(lambda: camera.visits)
    assert person.picture().max() > 100, "something is said"


def lost(camera: NetworkCamera, _: Person) -> None:
    camera.absent = True
    camera.drop()
    # It is tried again
    until(lambda: camera.visits > 2)


def black(camera: NetworkCamera, person: Person) -> None:
    camera.pictures = darkness()
    # Only words are bright then
    until(lambda: middle(person).mean() < 60 and middle(person).max() > 150)


def frozen(camera: NetworkCamera, _: Person) -> None:
    visits = camera.visits
    camera.pictures = camera.pictures[:1]
    # It is opened again
    until(lambda: camera.visits > visits)


def press_q(person: Person) -> None:
    person.leave("q")


def interrupt(person: Person) -> None:
    person.process.send_signal(signal.SIGINT)


@pytest.mark.window
@pytest.mark.parametrize(
    ("state", "leave", "status"),
    [
        (opening, press_q, 0),
        (opening, interrupt, 130),
        (lost, press_q, 0),
        (lost, Person.close, 0),
        (black, interrupt, 130),
        (frozen, Person.close, 0),
    ],
)
def test_a_person_can_leave_whatever_the_camera_does(
    state: Callable[[NetworkCamera, Person], None],
    leave: Callable[[Person], None],
    status: int,
    camera: NetworkCamera,
    source: str,
    display: str,
    tmp_path: Path,
) -> None:
    if state is opening:
        camera.stall()
    with watching(display, tmp_path, "--source", source, "--json", "--wait") as person:
        if state is not opening:
            until(lambda: camera.sent > 30)
        state(camera, person)
        leave(person)
        assert person.finish() == status
        assert "Traceback" not in person.complaints
        assert SECRET not in person.output + person.complaints
        summary = json.loads(person.output) if person.output else None
        if state is not opening:
            assert summary
            assert summary["mood"]["expression"] == "happy"


@pytest.mark.window
def test_a_person_sees_a_camera_come_back(camera: NetworkCamera, source: str, display: str, tmp_path: Path) -> None:
    with watching(display, tmp_path, "--source", source, "--jsonl") as person:
        until(lambda: person.output.count("\n") > 10)
        lost(camera, person)
        lines = person.output.count("\n")
        camera.absent = False
        until(lambda: person.output.count("\n") > lines + 10)
        assert person.leave("q") == 0
        *frames, summary = [json.loads(line) for line in person.output.splitlines()]
        assert {face["track"] for frame in frames for face in frame["faces"]} == {1}
        assert summary["frames"] == len(frames)
