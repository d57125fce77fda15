"""The DJ of the page in a real browser: songs follow the mood without a key."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from realtime.app.build import shipped_settings
from tests.support.browser import run_browser, write_camera_clip
from tests.support.page_server import PageClient, serving_page
from tests.support.sounds import sound
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page, Request

    from realtime.domain import Image

pytestmark = pytest.mark.browser

PATIENCE_MS = 60_000
"""Only a failing test waits so long."""
expect.set_options(timeout=PATIENCE_MS)
DJ = "DJ: music follows the mood"
COVER = "window.draw = CanvasRenderingContext2D.prototype.drawImage; CanvasRenderingContext2D.prototype.drawImage = () => {}; 0"
"""The pictures of the camera are black."""
UNCOVER = "CanvasRenderingContext2D.prototype.drawImage = window.draw; 0"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageClient]:
    """A page with a song for happy and one for sad, whose DJ is quick."""
    folder = tmp_path_factory.mktemp("library")
    sound(folder / "happy" / "a.ogg", seconds=60, title="Happy song")
    sound(folder / "sad" / "a.ogg", seconds=60, title="Sad song")
    settings = shipped_settings()
    music = replace(settings.music, library=folder, dj_begin_s=0.5, dj_hold_s=1, dj_decent_s=1, dj_away_s=1)
    with serving_page(replace(settings, music=music)) as client:
        yield client


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Iterator[Browser]:
    clip = write_camera_clip(tmp_path_factory.mktemp("camera") / "clip.y4m", astronaut[10:250, 90:350])
    with run_browser(clip) as started:
        yield started


@pytest.fixture
def tab(browser: Browser, page: PageClient) -> Iterator[Page]:
    """A tab; at the end its console must be empty."""
    complaints = list[str]()
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    context.grant_permissions(["camera"], origin=page.origin)
    shown = context.new_page()
    shown.on("console", lambda message: complaints.append(message.text))
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.goto(page.link)
    expect(shown.locator("html")).to_have_attribute("data-ready", "yes")
    yield shown
    context.close()
    assert complaints == []


def click(tab: Page, name: str) -> None:
    tab.get_by_role("button", name=name, exact=True).click()


def end_song(tab: Page) -> None:
    tab.evaluate("audio.currentTime = audio.duration - 0.2")


def report_of(sent: Request) -> dict[str, Any]:
    """What a request reports of the player; empty for another request."""
    return json.loads(sent.post_data or "{}") if sent.url.endswith("/api/dj") else {}


def tells_failure(sent: Request, number: int) -> bool:
    """Whether a request reports that the music of an order could not be played."""
    return report_of(sent).get("failed") == number


def test_songs_begin_and_follow_the_mood_at_the_end_of_a_song(tab: Page) -> None:
    expect(tab.locator("#dj")).to_have_attribute("aria-pressed", "false")
    tab.locator("#dj").press("Enter")
    expect(tab.locator("#dj")).to_have_attribute("aria-pressed", "true")
    expect(tab.locator("#dj-said")).to_have_text("The DJ is on: your own songs follow the mood.")
    click(tab, "happy")
    expect(tab.locator("#dj-said")).to_have_text("happy by hand: music begins, for happy")
    expect(tab.locator("#song-title")).to_have_text("Happy song")
    until(lambda: tab.evaluate("audio.currentTime > 0"))
    click(tab, "sad")
    expect(tab.locator("#dj-said")).to_have_text("sad by hand: the next song is for sad")
    # Never in the middle of a song
    expect(tab.locator("#song-title")).to_have_text("Happy song")
    assert not tab.evaluate("audio.paused")
    end_song(tab)
    expect(tab.locator("#song-title")).to_have_text("Sad song")
    until(lambda: tab.evaluate("!audio.paused && audio.currentTime > 0"))
    # A change that the mood does not wait for is taken back
    click(tab, "happy")
    expect(tab.locator("#dj-said")).to_have_text("happy by hand: the next song is for happy")
    click(tab, "sad")
    expect(tab.locator("#dj-said")).to_have_text("happy has passed: the music stays as it is")
    end_song(tab)
    until(lambda: tab.evaluate("audio.currentTime < 30"))
    expect(tab.locator("#song-title")).to_have_text("Sad song")
    click(tab, DJ)
    expect(tab.locator("#dj-said")).to_have_text("The DJ is off: the music plays on as it is.")
    assert not tab.evaluate("audio.paused")


def test_it_plays_for_a_face_fades_without_one_and_goes_on(tab: Page) -> None:
    # Four fades of two seconds, and a mood that must hold
    click(tab, DJ)
    click(tab, "Camera on")
    expect(tab.locator("#song-title")).to_have_text("Happy song")
    expect(tab.locator("#dj-said")).to_have_text(re.compile("^happy for [0-9]+ s: music begins, for happy$"))
    until(lambda: tab.evaluate("audio.currentTime > 0"))
    volume = tab.evaluate("audio.volume")
    # The camera sees nobody any more
    tab.evaluate(COVER)
    expect(tab.locator("#dj-said")).to_have_text(re.compile("^nobody seen for [0-9]+ s: the music fades$"))
    until(lambda: tab.evaluate("audio.paused"))
    assert tab.evaluate("audio.volume") == volume
    place = tab.evaluate("audio.currentTime")
    tab.evaluate(UNCOVER)
    expect(tab.locator("#dj-said")).to_have_text("somebody is back: the music goes on")
    until(lambda: tab.evaluate("audio.volume") == volume)
    assert not tab.evaluate("audio.paused")
    assert tab.evaluate("audio.currentTime") > place
    expect(tab.locator("#song-title")).to_have_text("Happy song")
    # Music that has faded does not stay silent without the DJ
    tab.evaluate(COVER)
    expect(tab.locator("#dj-said")).to_have_text(re.compile("^nobody seen for [0-9]+ s: the music fades$"))
    until(lambda: tab.evaluate("audio.paused"))
    click(tab, DJ)
    until(lambda: tab.evaluate("!audio.paused"))
    until(lambda: tab.evaluate("audio.volume") == volume)


def test_music_that_cannot_be_played_is_kept_as_failed_and_the_music_of_before_goes_on(
    browser: Browser, tmp_path: Path
) -> None:
    sound(tmp_path / "happy" / "a.ogg", seconds=60, title="Happy song")
    for mood in ("sad", "fear"):
        (tmp_path / mood).mkdir()
        for name in ("a", "b"):
            (tmp_path / mood / f"{name}.ogg").write_bytes(b"OggS no sound")
    settings = shipped_settings()
    music = replace(settings.music, library=tmp_path, dj_begin_s=0.5, dj_hold_s=1, dj_decent_s=1)
    with serving_page(replace(settings, music=music)) as page:
        tab = browser.new_page()
        tab.goto(page.link)
        expect(tab.locator("html")).to_have_attribute("data-ready", "yes")
        click(tab, DJ)
        # Nothing plays before it
        with tab.expect_request(lambda sent: tells_failure(sent, 1)) as sent:
            click(tab, "sad")
        report = report_of(sent.value)
        assert (report["playing"], report["order"]) == ("nothing", 0)
        assert report["failure"].endswith("was skipped: its file is gone, or this browser cannot play it.")
        with tab.expect_request(lambda sent: report_of(sent).get("order") == 2):
            click(tab, "happy")
        expect(tab.locator("#song-title")).to_have_text("Happy song")
        click(tab, "fear")
        expect(tab.locator("#dj-said")).to_have_text("fear by hand: the next song is for fear")
        with tab.expect_request(lambda sent: tells_failure(sent, 3)):
            end_song(tab)
        expect(tab.locator("#song-title")).to_have_text("Happy song")
        until(lambda: tab.evaluate("!audio.paused && audio.currentTime > 0"))
        for _ in range(2):
            with tab.expect_response("**/api/dj"):
                pass
        with tab.expect_response("**/api/summary") as answer:
            click(tab, "Sum up the session")
        events = [event["what"] for event in json.loads(answer.value.json()["json"])["dj"]]
        # A report that follows another one at once is taken in with the next: a mood may be noted before it
        assert [each for each in events if each != "mood"] == ["begin", "failed", "begin", "changed", "next", "failed"]
        tab.close()


def test_a_browser_that_starts_no_music_says_so(tab: Page) -> None:
    tab.evaluate("HTMLMediaElement.prototype.play = async () => { throw new DOMException('', 'NotAllowedError'); }; 0")
    click(tab, DJ)
    click(tab, "happy")
    expect(tab.locator("#player-said")).to_have_text("This browser lets no music begin by itself. Press Play to begin.")
    expect(tab.locator("#play")).to_have_text("Play")
    assert tab.evaluate("audio.paused")


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_contrast_and_names_have_no_fault(tab: Page, colours: str) -> None:
    tab.emulate_media(color_scheme="light" if colours == "light" else "dark")
    tab.set_viewport_size({"width": 390, "height": 800})
    click(tab, DJ)
    click(tab, "fear")
    expect(tab.locator("#dj-said")).to_have_text(re.compile("^fear by hand: .* would fit now$"))
    assert tab.context.pages == [tab]
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    found = Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()
