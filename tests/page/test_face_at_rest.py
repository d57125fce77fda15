"""A face at rest on the page: measured in the frames of a tab, asked about, used for this tab alone, forgotten."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import cv2
import pytest

from tests.support.page_server import PageClient, serving_page
from tests.support.rest_faces import paint_at_rest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from realtime.domain import Image

STEP_S = 0.25


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def page(clock: Clock) -> Iterator[PageClient]:
    with serving_page(clock=clock) as client:
        yield client


@pytest.fixture(scope="module")
def jpegs(astronaut: Image) -> list[bytes]:
    """Three frames of a face at rest; the network reads the last one as happy."""
    pictures = [paint_at_rest(astronaut, smile) for smile in (0.1, 0.1, 0.25)]
    return [cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes() for picture in pictures]


def begin(page: PageClient) -> PageClient:
    """A new tab."""
    client = PageClient(page.link)
    client.begin()
    return client


def show(tab: PageClient, jpegs: list[bytes], clock: Clock, frames: int) -> list[dict[str, Any]]:
    """Show frames of the camera, and return the answers."""
    answers: list[dict[str, Any]] = []
    for number in range(frames):
        clock.now_s += STEP_S
        answers.append(tab.ask("frame", jpegs[number % len(jpegs)], {"x-emodj-stretch": "1"}).document)
    return answers


def do(tab: PageClient, what: str) -> dict[str, Any]:
    return tab.ask("rest", {"do": what}).document


def test_the_flow_of_a_tab(page: PageClient, clock: Clock, jpegs: list[bytes], home: Path) -> None:
    tab = begin(page)
    assert "rest" not in show(tab, jpegs, clock, 1)[0]
    assert do(tab, "begin")["rest"]["card"] == {"lines": ["look neutral at the camera"], "seconds_left": 8}
    answers = show(tab, jpegs, clock, 33)
    assert [answer["rest"]["card"]["seconds_left"] for answer in answers[:-1:4]] == [8, 7, 6, 5, 4, 3, 2, 1]
    asked = answers[-1]["rest"]
    assert (asked["state"], asked["card"]["seconds_left"]) == (None, None)
    heading, counts, words = asked["card"]["lines"]
    assert heading == "your face at rest"
    assert re.fullmatch(r"neutral in 2\d of 33 pictures before, in [23]\d after", counts)
    assert words.startswith("happy is turned down to ")
    used = do(tab, "yes")["rest"]
    assert (used["card"], used["state"]) == (None, "calibrated")
    assert "until the session ends" in used["said"]
    answer = show(tab, jpegs, clock, 1)[0]
    assert answer["rest"] == {"card": None, "state": "calibrated", "said": None}
    assert answer["faces"][0]["calibrated"] is True
    other = begin(page)
    assert "rest" not in show(other, jpegs, clock, 1)[0]
    summary = tab.ask("summary").document
    assert json.loads(summary["json"])["calibrated"] is True
    assert "calibrated with a face at rest" in [line["text"] for line in summary["lines"]]
    assert do(tab, "forget")["rest"]["said"] == "your face at rest is forgotten"
    assert "rest" not in show(tab, jpegs, clock, 1)[0]
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_a_result_is_dropped(page: PageClient, clock: Clock, jpegs: list[bytes]) -> None:
    tab = begin(page)
    show(tab, jpegs, clock, 1)
    do(tab, "begin")
    show(tab, jpegs, clock, 33)
    assert do(tab, "no")["rest"] == {"card": None, "state": None, "said": "your face at rest is not used"}
    assert "calibrated" not in show(tab, jpegs, clock, 1)[0]["faces"][0]


def test_a_new_session_has_forgotten_it(page: PageClient, clock: Clock, jpegs: list[bytes]) -> None:
    tab = begin(page)
    show(tab, jpegs, clock, 1)
    do(tab, "begin")
    show(tab, jpegs, clock, 33)
    do(tab, "yes")
    tab.ask("restart")
    assert "calibrated" not in show(tab, jpegs, clock, 1)[0]["faces"][0]


def test_it_needs_the_camera(page: PageClient) -> None:
    answer = begin(page).ask("rest", {"do": "begin"})
    assert answer.status == 422
    assert answer.sentence.startswith("switch the camera on first")


@pytest.mark.parametrize("body", [{}, {"do": 3}, {"do": "guess"}, [], b"{"])
def test_a_strange_question_is_refused(page: PageClient, body: object) -> None:
    assert begin(page).ask("rest", body).status == 400


@pytest.mark.parametrize("what", ["yes", "no", "forget"])
def test_an_answer_without_a_question_does_nothing(page: PageClient, what: str) -> None:
    assert do(begin(page), what) == {}
