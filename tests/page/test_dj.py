"""The DJ of a tab: what it answers to the reports of a player, by a clock that the test moves."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from realtime.app.build import shipped_settings
from realtime.domain import Expression
from tests.support.drawn_faces import drawn_scene
from tests.support.page_server import PageClient, serving_page
from tests.support.sounds import sound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from realtime.config.schema import Settings
    from realtime.domain import Image

STEP_S = 1.0
"""A tab reports so often."""


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Tab:
    """A tab whose browser plays what the DJ orders; its songs end when the test says so."""

    def __init__(self, client: PageClient, clock: Clock) -> None:
        self.client, self._clock = client, clock
        self.start = client.begin()
        playing = {"playing": "nothing", "song": 0, "paused": False}
        self.state: dict[str, Any] = {"on": True, **playing, "order": 0, "step": 0, "failed": 0, "failure": ""}

    def report(self, *, chosen: bool = False, skipped: bool = False, **changes: Any) -> dict[str, Any]:
        """Report after `STEP_S`; `changes` of the state stay."""
        self._clock.now_s += STEP_S
        self.state |= changes
        answer = self.client.ask("dj", {**self.state, "chosen": chosen, "skipped": skipped})
        assert answer.status == 200, answer.sentence
        return answer.document

    def reports(self, seconds: float, frame: bytes | None = None) -> list[dict[str, Any]]:
        """Report for some seconds, with a frame of the camera before each report; returns the answers with a decision."""
        decided = list[dict[str, Any]]()
        for _ in range(round(seconds / STEP_S)):
            if frame is not None:
                assert self.client.ask("frame", frame).status == 200
            decided.append(self.report())
        return [answer for answer in decided if answer["act"] is not None]

    def choose(self, **asked: str | None) -> None:
        assert self.client.ask("choose", asked).status == 200

    def play(self, number: int, step: int = 0) -> dict[str, Any]:
        """The song of now has ended, and the lists of an order play."""
        return self.report(playing="songs", song=self.state["song"] + 1, order=number, step=step)

    def events(self) -> list[dict[str, Any]]:
        """What the summary says of the DJ."""
        events: list[dict[str, Any]] = json.loads(self.client.ask("summary").document["json"])["dj"]
        return events


def jpeg(picture: Image) -> bytes:
    return cv2.imencode(".jpg", picture)[1].tobytes()


def with_library(library: Path, **music: Any) -> Settings:
    settings = shipped_settings()
    return replace(settings, music=replace(settings.music, library=library, **music))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Songs for happy and for sad."""
    folder = tmp_path_factory.mktemp("library")
    for mood in ("happy", "sad"):
        sound(folder / mood / "a.ogg", title=f"One {mood} song")
    return folder


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def page(library: Path, clock: Clock) -> Iterator[PageClient]:
    with serving_page(with_library(library), clock=clock) as client:
        yield client


@pytest.fixture
def tab(page: PageClient, clock: Clock) -> Tab:
    return Tab(PageClient(page.link), clock)


def test_it_is_off_at_first_and_a_setting_turns_it_on(tab: Tab, library: Path, clock: Clock) -> None:
    assert tab.start["dj"] is False
    tab.choose(mood="happy")
    assert tab.report(on=False) == {"on": False, "act": None, "number": 0, "said": None, "mood": "happy", "lists": []}
    assert "dj" not in json.loads(tab.client.ask("summary").document["json"])
    with serving_page(with_library(library, dj=True), clock=clock) as client:
        assert Tab(client, clock).start["dj"] is True


def test_own_songs_begin_and_change_at_the_end_of_a_song(tab: Tab) -> None:
    tab.choose(mood="happy")
    begun = tab.report()
    assert (begun["on"], begun["act"], begun["mood"]) == (True, "begin", "happy")
    assert begun["said"] == "happy by hand: music begins, for happy"
    (first,) = begun["lists"]
    assert first["title"] == "your own songs"
    assert tab.client.ask("list", {"list": first["list"]}).document["count"] == 1
    assert tab.client.ask("song", {"list": first["list"], "number": 0}).document["title"] == "One happy song"
    assert tab.play(begun["number"])["act"] is None
    tab.choose(mood="sad")
    changed = tab.report()
    assert (changed["act"], changed["said"]) == ("next", "sad by hand: the next song is for sad")
    (second,) = changed["lists"]
    assert tab.client.ask("song", {"list": second["list"], "number": 0}).document["title"] == "One sad song"
    # The song of now plays on; nothing else is decided meanwhile
    assert tab.reports(20) == []
    assert tab.play(changed["number"])["act"] is None
    assert [(event["what"], event["mood"]) for event in tab.events()] == [
        ("begin", "happy"),
        ("changed", "happy"),
        ("mood", "sad"),
        ("next", "sad"),
        ("changed", "sad"),
    ]


def test_music_that_the_browser_cannot_play_is_no_change_and_is_kept_with_the_reason(tab: Tab) -> None:
    tab.choose(mood="happy")
    begun = tab.report()
    assert tab.report(failed=begun["number"], failure="a.ogg was skipped:\n\x1b[31m it cannot be played")["act"] is None
    assert [(event["what"], event["why"]) for event in tab.events()] == [
        ("begin", "happy by hand: music begins, for happy"),
        ("failed", "a.ogg was skipped:\ufffd\ufffd[31m it cannot be played"),
    ]
    # The same would fail again; another mood has other music
    assert tab.reports(60) == []
    tab.choose(mood="sad")
    assert tab.report()["act"] == "begin"


def test_a_change_is_taken_back_if_the_mood_passes_before_the_song_ends(tab: Tab) -> None:
    tab.choose(mood="happy")
    tab.play(tab.report()["number"])
    tab.choose(mood="sad")
    assert tab.report()["act"] == "next"
    tab.choose(mood="happy")
    answer = tab.report()
    assert (answer["act"], answer["said"], answer["lists"]) == ("stay", "sad has passed: the music stays as it is", [])


def test_a_link_is_only_named(tab: Tab) -> None:
    tab.choose(mood="fear")
    answer = tab.report()
    assert (answer["act"], answer["lists"]) == ("suggest", [])
    title = tab.client.ask("offers").document["music"]["choices"][0]["title"]
    assert answer["said"] == f"fear by hand: {title} would fit now"
    assert tab.reports(60) == []
    tab.choose(mood="happy")
    assert [answer["act"] for answer in tab.reports(5)] == ["begin"]


def test_a_mood_without_songs_leaves_the_songs_of_now(tab: Tab) -> None:
    tab.choose(mood="happy")
    tab.play(tab.report()["number"])
    tab.choose(mood="fear")
    assert [(answer["act"], answer["lists"]) for answer in tab.reports(60)] == [("suggest", [])]


def test_a_pause_and_music_of_others_are_left_alone(tab: Tab) -> None:
    tab.choose(mood="happy")
    tab.play(tab.report()["number"])
    tab.choose(mood="sad")
    tab.report(paused=True)
    assert tab.reports(60) == []
    tab.report(paused=False, playing="other")
    assert tab.reports(60) == []


def test_music_by_hand_counts_as_a_change(tab: Tab) -> None:
    tab.choose(mood="happy")
    tab.play(tab.report()["number"])
    tab.choose(mood="sad")
    assert tab.report()["act"] == "next"
    # A list that was chosen by hand is the music of the mood of now
    assert tab.report(chosen=True, song=2)["act"] is None
    tab.choose(mood="happy")
    # Else it would take the change to sad back
    assert [answer["act"] for answer in tab.reports(60)] == ["next"]


def test_nobody_before_the_camera_fades_the_music_and_somebody_brings_it_back(tab: Tab, astronaut: Image) -> None:
    wall = jpeg(np.full((120, 160, 3), 90, np.uint8))
    face = jpeg(astronaut[10:250, 90:350])
    tab.choose(mood="happy")
    tab.play(tab.report()["number"])
    # With the camera off nobody knows who is there
    assert tab.reports(200) == []
    faded = tab.reports(121, wall)
    assert [(answer["act"], answer["said"]) for answer in faded] == [("fade", "nobody seen for 2 minutes: the music fades")]
    tab.report(paused=True)
    assert tab.reports(5, wall) == []
    off = tab.report(on=False)
    assert (off["act"], off["said"]) == ("resume", None)
    tab.report(on=True, paused=False)
    # A skip shows that somebody is there, whom the camera does not see
    assert tab.reports(100, wall) == []
    tab.report(skipped=True)
    assert tab.reports(100, wall) == []
    assert [answer["act"] for answer in tab.reports(40, wall)] == ["fade"]
    tab.report(paused=True)
    back = tab.reports(2, face)
    assert [(answer["act"], answer["said"]) for answer in back] == [("resume", "somebody is back: the music goes on")]


def test_a_mood_of_the_camera_must_hold(tab: Tab, astronaut: Image) -> None:
    face = jpeg(astronaut[10:250, 90:350])
    assert tab.reports(4, face) == []
    (begun,) = tab.reports(4, face)
    assert (begun["act"], begun["mood"]) == ("begin", "happy")
    assert begun["said"] == "happy for 5 s: music begins, for happy"


def test_a_journey_takes_a_step_with_each_song(tab: Tab) -> None:
    moods = (Expression.NEUTRAL, Expression.HAPPY, Expression.SURPRISE)
    neutral, happy, surprise = (jpeg(drawn_scene(0, each)[::2, ::2]) for each in moods)
    tab.choose(strategy="journey")
    (begun,) = tab.reports(10, neutral)
    assert begun["said"] == "neutral for 5 s: music begins, step 1 of 4 from neutral"
    assert len(begun["lists"]) == 4
    tab.play(begun["number"])
    # The mood changes, and the journey goes on
    assert tab.reports(50, happy) == []
    for step in (1, 2, 3):
        assert tab.play(begun["number"], step)["act"] is None
    # It has arrived: the DJ leads again, at first to the mood of the journey's last minute
    taken_back = tab.reports(50, surprise)
    changed = taken_back.pop()
    assert [each["act"] for each in taken_back] == ["next", "stay"]
    assert (changed["act"], changed["said"]) == ("next", "surprise for 30 s: the next song is step 4 of 4 from surprise")


def test_tabs_and_sessions_have_djs_of_their_own(tab: Tab, page: PageClient, clock: Clock) -> None:
    other = Tab(PageClient(page.link), clock)
    tab.choose(mood="happy")
    begun = tab.report()
    assert begun["act"] == "begin"
    assert other.report(on=False)["mood"] is None
    lists = other.client.ask("list", {"list": begun["lists"][0]["list"]})
    assert lists.status == 422
    tab.client.ask("restart")
    assert tab.report(order=0)["act"] is None
    assert tab.events() == []
    other.client.ask("end")
    assert other.client.ask("dj", {**tab.state, "chosen": False, "skipped": False}).status == 410
    assert tab.report()["on"] is True


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("on", "yes", "on is true or false"),
        ("on", None, "on is true or false"),
        ("paused", 1, "paused is true or false"),
        ("playing", "spotify", "playing is one of nothing, songs, link, other"),
        ("playing", ["songs"], "playing is one of nothing, songs, link, other"),
        ("song", -1, "song is a number from 0 to 1000000000"),
        ("song", True, "song is a number from 0 to 1000000000"),
        ("song", 1.5, "song is a number from 0 to 1000000000"),
        ("order", 10**30, "order is a number from 0 to 1000000000"),
        ("order", "1", "order is a number from 0 to 1000000000"),
        ("step", None, "step is a number from 0 to 1000000000"),
        ("failed", -1, "failed is a number from 0 to 1000000000"),
        ("failure", None, "failure is a text"),
        ("chosen", {"a": 1}, "chosen is true or false"),
        ("skipped", "", "skipped is true or false"),
    ],
)
def test_a_report_that_no_page_sends_is_refused(tab: Tab, field: str, value: object, sentence: str) -> None:
    tab.choose(mood="happy")
    answer = tab.client.ask("dj", {**tab.state, "chosen": False, "skipped": False, field: value})
    assert (answer.status, answer.sentence) == (400, sentence)
    # Nothing was decided on it
    assert tab.report()["act"] == "begin"


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"x-emodj-key": "x" * 22}, 403), ({"origin": "https://example.org"}, 403), ({"x-emodj-visit": "x"}, 410)],
)
def test_others_cannot_steer_it(tab: Tab, headers: dict[str, str | None], status: int) -> None:
    tab.choose(mood="happy")
    assert tab.client.ask("dj", {**tab.state, "chosen": False, "skipped": False}, headers).status == status
    assert tab.report()["act"] == "begin"
