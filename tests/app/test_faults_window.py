"""Camera faults, and the end of the session meanwhile, with a real process and a real window."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from realtime.domain import Expression
from realtime.overlay.widgets import EXPRESSION_COLOURS
from tests.support.live import run_live
from tests.support.streams import NetworkCamera, darkness, moving, streaming
from tests.support.waiting import until
from tests.support.x11 import WindowDriver

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


def middle(driver: WindowDriver) -> Image:
    """The part of the window with the sentence about the fault."""
    picture = driver.picture()
    height = len(picture)
    return picture[height // 4 : 3 * height // 4]


def opening(camera: NetworkCamera, driver: WindowDriver) -> None:
    until(lambda: camera.visits)
    assert driver.picture().max() > 100, "the window shows no sentence"


def lost(camera: NetworkCamera, _: WindowDriver) -> None:
    camera.absent = True
    camera.drop()
    # The camera is opened again
    until(lambda: camera.visits > 2)


def black(camera: NetworkCamera, driver: WindowDriver) -> None:
    camera.pictures = darkness()
    # Only the sentence is bright then
    until(lambda: middle(driver).mean() < 60 and middle(driver).max() > 150)


def frozen(camera: NetworkCamera, _: WindowDriver) -> None:
    visits = camera.visits
    camera.pictures = camera.pictures[:1]
    # The camera is opened again
    until(lambda: camera.visits > visits)


def press_q(driver: WindowDriver) -> None:
    driver.leave("q")


def interrupt(driver: WindowDriver) -> None:
    driver.process.send_signal(signal.SIGINT)


@pytest.mark.window
@pytest.mark.parametrize(
    ("state", "leave", "status"),
    [
        (opening, press_q, 0),
        (opening, interrupt, 130),
        (lost, press_q, 0),
        (lost, WindowDriver.close, 0),
        (black, interrupt, 130),
        (frozen, WindowDriver.close, 0),
    ],
)
def test_the_session_can_end_in_each_state_of_the_camera(
    state: Callable[[NetworkCamera, WindowDriver], None],
    leave: Callable[[WindowDriver], None],
    status: int,
    camera: NetworkCamera,
    source: str,
    display: str,
    tmp_path: Path,
) -> None:
    if state is opening:
        camera.stall()
    with run_live(display, tmp_path, "--source", source, "--json", "--wait") as driver:
        if state is not opening:
            until(lambda: camera.sent > 30)
        state(camera, driver)
        leave(driver)
        assert driver.finish() == status
        assert "Traceback" not in driver.stderr
        assert SECRET not in driver.output + driver.stderr
        summary = json.loads(driver.output) if driver.output else None
        if state is not opening:
            assert summary
            assert summary["mood"]["expression"] == "happy"


@pytest.mark.window
def test_a_lost_camera_is_opened_again(camera: NetworkCamera, source: str, display: str, tmp_path: Path) -> None:
    with run_live(display, tmp_path, "--source", source, "--jsonl") as driver:
        until(lambda: driver.output.count("\n") > 10)
        lost(camera, driver)
        lines = driver.output.count("\n")
        camera.absent = False
        until(lambda: driver.output.count("\n") > lines + 10)
        assert driver.leave("q") == 0
        *frames, summary = [json.loads(line) for line in driver.output.splitlines()]
        assert {face["track"] for frame in frames for face in frame["faces"]} == {1}
        assert summary["frames"] == len(frames)


@pytest.mark.window
@pytest.mark.parametrize(("leave", "status"), [(press_q, 0), (interrupt, 130)])
def test_a_mood_by_hand_leads_to_music_movies_and_a_fact_without_a_camera(
    leave: Callable[[WindowDriver], None], status: int, camera: NetworkCamera, source: str, display: str, tmp_path: Path
) -> None:
    camera.absent = True
    kept = tmp_path / "evening.json"
    with run_live(display, tmp_path, "--source", source, "--json", "--wait", "--summary", str(kept)) as driver:
        until(lambda: camera.visits)
        # The card of the mood has a dot in its colour
        driver.press_until("3", lambda: has_colour(driver, Expression.FEAR))
        leave(driver)
        assert driver.finish() == status
        summary = json.loads(driver.output)
    assert (summary["mood"], summary["mood_source"]) == ({"expression": "fear", "share": 1}, "hand")
    assert (summary["frames"], len(summary["movies"]), summary["fact"]["mood"]) == (0, 3, "fear")
    assert summary["playlist"]
    assert json.loads(kept.read_text(encoding="utf-8")) == {**summary, "timeline": []}


def has_colour(driver: WindowDriver, expression: Expression) -> bool:
    return bool((driver.picture() == EXPRESSION_COLOURS[expression]).all(axis=2).any())
