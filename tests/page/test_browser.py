"""The page in a real browser: what a person does, and what they see."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image as Pillow
from playwright.sync_api import expect

from realtime import cli
from realtime.app.build import shipped_settings
from tests.page.test_routes import huge_png, turned
from tests.support.browser import run_browser, write_camera_clip
from tests.support.page_server import PageClient, serving_page
from tests.support.sounds import sound
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page, Route

    from realtime.domain import Image
    from realtime.music.spotify.credentials import CredentialStore
    from tests.support.spotify_server import Spotify

pytestmark = pytest.mark.browser

PATIENCE_MS = 60_000
"""Only a failing test waits so long."""
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two songs for happy."""
    folder = tmp_path_factory.mktemp("library")
    sound(folder / "happy" / "a.ogg", seconds=30, title="One", artist="Somebody")
    sound(folder / "happy" / "b.ogg", seconds=30, title="Two")
    return folder


@pytest.fixture(scope="module")
def page(library: Path) -> Iterator[PageClient]:
    settings = shipped_settings()
    with serving_page(replace(settings, music=replace(settings.music, library=library))) as client:
        yield client


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Iterator[Browser]:
    clip = write_camera_clip(tmp_path_factory.mktemp("camera") / "clip.y4m", astronaut[10:250, 90:350])
    with run_browser(clip) as started:
        yield started


@dataclass
class Tab:
    """A tab with the page, what it asked for, and what its console complained of."""

    page: Page
    requests: list[str]
    complaints: list[str]

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def open_file(self, path: Path) -> None:
        with self.page.expect_file_chooser() as chosen:
            self.click("Open a picture")
        chosen.value.set_files(path)

    def saved(self, name: str) -> bytes:
        """What the browser saves when a button is clicked."""
        with self.page.expect_download() as download:
            self.click(name)
        return Path(download.value.path()).read_bytes()

    def expect_mood(self, word: str) -> None:
        expect(self.page.locator("#mood-word")).to_have_text(word)

    def expect_said(self, words: str) -> None:
        expect(self.page.locator("#said")).to_contain_text(words)


@pytest.fixture
def open_tab(browser: Browser, page: PageClient) -> Iterator[Callable[..., Tab]]:
    """Open the page in a new window; options are those of a context of Playwright.

    At the end, each request must have gone to the page, and the console must be empty.
    """
    contexts: list[BrowserContext] = []
    tabs: list[Tab] = []

    def open_one(*, camera: bool = True, link: str | None = None, script: str | None = None, **options: Any) -> Tab:
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        if camera:
            context.grant_permissions(["camera"], origin=page.origin)
        if script is not None:
            context.add_init_script(script)
        tab = Tab(context.new_page(), [], [])
        tab.page.on("request", lambda request: tab.requests.append(request.url))
        tab.page.on("console", lambda message: tab.complaints.append(message.text))
        tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.page.goto(link or page.link)
        tabs.append(tab)
        if link is None:
            expect(tab.page.locator("html")).to_have_attribute("data-ready", "yes")
        return tab

    yield open_one
    for context in contexts:
        context.close()
    for tab in tabs:
        assert [url for url in tab.requests if not url.startswith((page.origin, "blob:"))] == []
        assert tab.complaints == []


@pytest.fixture
def tab(open_tab: Callable[..., Tab]) -> Tab:
    return open_tab()


# Pictures

DROP = """({event, data, name, type}) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], name, { type }));
    const given = { bubbles: true, cancelable: true };
    document.body.dispatchEvent(event === "paste"
        ? new ClipboardEvent("paste", { ...given, clipboardData: transfer })
        : new DragEvent("drop", { ...given, dataTransfer: transfer }));
}"""


def hand_over(tab: Tab, event: str, path: Path) -> None:
    """Drop or paste a picture."""
    data = base64.b64encode(path.read_bytes()).decode()
    tab.page.evaluate(DROP, {"event": event, "data": data, "name": path.name, "type": "image/jpeg"})


@pytest.mark.parametrize("way", ["button", "drop", "paste"])
def test_a_picture_gets_the_answer_of_the_command(
    tab: Tab, way: str, photo: Path, library: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photo.parent)
    Path("mine.toml").write_text(f"[music]\nlibrary = '{library}'\n", encoding="utf-8")
    assert cli.main(["image", photo.name, "--json", "--config", "mine.toml"]) == 0
    printed = capsys.readouterr().out
    if way == "button":
        tab.open_file(photo)
    else:
        hand_over(tab, way, photo)
    tab.expect_said("1 face")
    tab.expect_mood("happy")
    (face,) = json.loads(printed)["images"][0]["faces"]
    assert tab.text("#faces li").startswith(f"happy {face['confidence']:.0%}")
    assert tab.page.get_attribute("#marks", "aria-label") == "1 face: happy"
    assert tab.saved("Save result as JSON").decode() == printed


def test_the_saved_picture_has_its_size_and_a_box(tab: Tab, photo: Path) -> None:
    tab.open_file(photo)
    tab.expect_said("1 face")
    saved = Pillow.open(io.BytesIO(tab.saved("Save picture with boxes"))).convert("RGB")
    before = Pillow.open(photo)
    assert (saved.size, before.size) == ((260, 240), (260, 240))
    entry = json.loads(tab.saved("Save result as JSON"))["images"][0]
    box = entry["faces"][0]["box"]
    edge = np.asarray(saved)[box["top"] + box["height"] // 2, box["left"] - 1 : box["left"] + 2].astype(int)
    # The yellow of "happy", F0E442
    assert min(abs(pixel - (240, 228, 66)).sum() for pixel in edge) < 60
    middle = box["top"] + box["height"] // 2, box["left"] + box["width"] // 2
    assert abs(np.asarray(saved)[middle].astype(int) - np.asarray(before.convert("RGB"))[middle]).sum() < 30


def test_a_button_draws_why_a_face_has_its_label_and_takes_it_away(tab: Tab, photo: Path) -> None:
    tab.open_file(photo)
    tab.expect_said("1 face")
    before = tab.saved("Save picture with boxes")
    why = tab.page.get_by_role("button", name="Why this label: face 1")
    why.focus()
    why.press("Enter")
    expect(tab.page.locator("#faces .why-said")).to_contain_text("happy if covered: up to +")
    expect(why).to_have_attribute("aria-pressed", "true")
    with_map = tab.saved("Save picture with boxes")
    assert changed_pixels(before, with_map) > 500
    why.click()
    expect(tab.page.locator("#faces .why-said")).to_have_text("")
    assert changed_pixels(before, tab.saved("Save picture with boxes")) == 0
    # Another picture has no map
    why.click()
    expect(tab.page.locator("#faces .why-said")).to_contain_text("if covered")
    tab.open_file(photo)
    expect(why).to_have_attribute("aria-pressed", "false")
    assert changed_pixels(before, tab.saved("Save picture with boxes")) == 0


def test_faces_of_the_camera_have_no_button_that_explains(tab: Tab) -> None:
    tab.click("Camera on")
    expect(tab.page.locator("#faces li")).to_have_count(1)
    expect(tab.page.locator("#faces .why")).to_have_count(0)


def changed_pixels(one: bytes, other: bytes) -> int:
    """How many pixels of two PNGs differ."""
    first, second = (np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB")).astype(int) for data in (one, other))
    return int((abs(first - second).sum(axis=2) > 6).sum())


def test_the_sample_shows_a_face_music_songs_movies_and_a_fact(tab: Tab) -> None:
    tab.click("Use a sample")
    tab.expect_mood("happy")
    assert tab.text("#mood-share") == "100%"
    expect(tab.page.locator("#music .best")).to_contain_text("your own songs")
    expect(tab.page.locator("#songs li")).to_have_count(2)
    expect(tab.page.locator("#movies li")).to_have_count(5)
    assert tab.text("#fact .quiet")
    links = tab.page.locator("main a").all()
    assert len(links) >= 6
    for link in links:
        assert str(link.get_attribute("href")).startswith("https://")
        assert (link.get_attribute("rel"), link.get_attribute("target")) == ("noopener noreferrer", "_blank")
    before = tab.text("#movies")
    tab.click("Draw others")
    expect(tab.page.locator("#movies")).not_to_have_text(before)


def test_a_turned_picture_stands_upright(tab: Tab, photo: Path, tmp_path: Path) -> None:
    (tmp_path / "turned.jpg").write_bytes(turned(photo))
    tab.open_file(tmp_path / "turned.jpg")
    tab.expect_said("1 face")
    assert tab.page.evaluate("[still.width, still.height]") == [260, 240]


def test_a_picture_that_the_browser_cannot_show_is_shown(tab: Tab, photo: Path, tmp_path: Path) -> None:
    Pillow.open(photo).save(tmp_path / "photo.tiff")
    tab.open_file(tmp_path / "photo.tiff")
    tab.expect_said("1 face")
    assert tab.page.evaluate("[still.width, still.height]") == [260, 240]


def test_a_picture_without_a_face_says_so(tab: Tab, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((100, 100, 3), 90, np.uint8))
    tab.open_file(tmp_path / "wall.png")
    tab.expect_said("No face was found.")
    tab.expect_mood("none yet")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("notes.txt", b"no picture", "notes.txt is not a picture that can be read"),
        ("huge.png", huge_png(), "huge.png has 60000×60000 pixels"),
        ("large.jpg", b"\xff\xd8\xff" + bytes(12_000_000), "large.jpg is larger than the 12 MB"),
    ],
)
def test_what_cannot_be_read_is_said_and_the_page_goes_on(
    tab: Tab, photo: Path, tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    tab.open_file(photo)
    tab.expect_mood("happy")
    tab.open_file(tmp_path / name)
    tab.expect_said(sentence)
    # Nothing of the picture before is left
    tab.expect_mood("none yet")
    for selector in ("#still", "#save-buttons", "#faces li"):
        expect(tab.page.locator(selector)).to_be_hidden()
    tab.complaints.clear()
    tab.open_file(photo)
    tab.expect_said("1 face")


# Camera

TRACK = "window.track = video.srcObject.getVideoTracks()[0]"


def test_the_camera_gives_a_mood_and_goes_off(tab: Tab) -> None:
    tab.click("Camera on")
    tab.expect_mood("happy")
    expect(tab.page.locator("#faces li").first).to_contain_text("happy")
    expect(tab.page.locator("#rate")).to_contain_text("answers a second")
    tab.page.evaluate(TRACK)
    assert tab.page.evaluate("track.readyState") == "live"
    tab.click("Camera off")
    assert tab.page.evaluate("track.readyState") == "ended"
    expect(tab.page.locator("#video")).to_be_hidden()
    expect(tab.page.locator("#camera-buttons")).to_be_hidden()


LATE = """
const start = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await start(wanted);
    window.track = stream.getVideoTracks()[0];
    await new Promise((resolve) => { window.allow = resolve; });
    return stream;
};
"""


def test_a_camera_that_is_allowed_too_late_stays_off(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(script=LATE)
    tab.click("Camera on")
    until(lambda: tab.page.evaluate("typeof allow === 'function'"))
    tab.click("Use a sample")
    tab.expect_said("1 face")
    tab.page.evaluate("allow()")
    until(lambda: tab.page.evaluate("track.readyState") == "ended")
    expect(tab.page.locator("#still")).to_be_visible()
    assert tab.page.get_attribute("#camera", "aria-pressed") == "false"


def test_a_frozen_camera_asks_nothing_and_goes_on(tab: Tab) -> None:
    tab.click("Camera on")
    tab.expect_mood("happy")
    tab.click("Freeze")
    until(lambda: not tab.page.evaluate("document.getElementById('video').paused === false"))
    count = len([url for url in tab.requests if url.endswith("/frame")])
    tab.click("Use a sample")
    tab.expect_said("1 face")
    # One frame may have been on its way
    assert len([url for url in tab.requests if url.endswith("/frame")]) <= count + 1


def test_a_face_at_rest_is_measured_and_stopped(tab: Tab) -> None:
    tab.click("Camera on")
    tab.expect_mood("happy")
    tab.click("My face at rest")
    expect(tab.page.locator("#rest-said")).to_have_text("look neutral at the camera")
    expect(tab.page.locator("#rest-left")).to_have_text(re.compile("[678] s"))
    expect(tab.page.locator("#rest-yes")).to_be_hidden()
    tab.page.get_by_role("button", name="Stop", exact=True).press("Enter")
    expect(tab.page.locator("#rest-said")).to_have_text("your face at rest is not used")
    expect(tab.page.locator("#rest-buttons")).to_be_hidden()
    expect(tab.page.locator("#rest")).to_be_focused()
    tab.click("Camera off")
    expect(tab.page.locator("#rest")).to_be_hidden()
    expect(tab.page.locator("#rest-said")).to_have_text("")


def test_the_camera_of_a_hidden_tab_goes_off(tab: Tab) -> None:
    tab.click("Camera on")
    tab.expect_mood("happy")
    tab.page.evaluate(TRACK)
    tab.page.evaluate("Object.defineProperty(document, 'hidden', { value: true })")
    tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    tab.expect_said("switched off because the page was hidden")
    assert tab.page.evaluate("track.readyState") == "ended"


def test_the_mirror_turns_the_picture_and_the_boxes_but_no_text(tab: Tab) -> None:
    tab.click("Camera on")
    tab.expect_mood("happy")
    expect(tab.page.locator("#mirror")).to_have_attribute("aria-pressed", "true")
    mirrored = green_side(tab.saved("Save picture with boxes"))
    tab.click("Mirror")
    assert (mirrored, green_side(tab.saved("Save picture with boxes"))) == ("right", "left")


def green_side(png: bytes) -> str:
    """The side of a picture on which the green mark of the clip lies."""
    red, green, blue = np.asarray(Pillow.open(io.BytesIO(png)).convert("RGB")).astype(int).transpose(2, 0, 1)
    columns = np.nonzero((green - np.maximum(red, blue) > 100).any(axis=0))[0]
    assert len(columns)
    return "left" if columns.mean() < 320 else "right"


def test_a_camera_that_is_not_allowed_is_said(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(camera=False)
    tab.click("Camera on")
    tab.expect_said("The camera is not allowed.")
    assert tab.page.get_attribute("#camera", "aria-pressed") == "false"


FAILING = """navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", "%s"); };"""


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (FAILING % "NotFoundError", "No camera was found."),
        (FAILING % "NotReadableError", "another program may use it"),
        (FAILING % "OverconstrainedError", "The camera cannot be used (OverconstrainedError)"),
        (
            "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });",
            "only to pages of this computer, or by https",
        ),
    ],
)
def test_a_camera_that_does_not_start_is_said(open_tab: Callable[..., Tab], script: str, sentence: str) -> None:
    tab = open_tab(script=script)
    tab.click("Camera on")
    tab.expect_said(sentence)


# Mood, music, session


def test_a_mood_by_hand_is_shown_as_such(tab: Tab) -> None:
    tab.click("sad")
    tab.expect_mood("sad")
    expect(tab.page.locator("#mood-source")).to_contain_text("Chosen by hand.")
    expect(tab.page.get_by_role("button", name="sad", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(tab.page.locator("#music .best")).to_have_text("Slow and sad")
    expect(tab.page.locator("#mood-said")).to_have_text("mood chosen by hand: sad")
    tab.page.get_by_label("journey").check()
    expect(tab.page.locator("#music ol li")).to_have_count(4)
    tab.click("automatic")
    tab.expect_mood("none yet")


def test_two_tabs_have_two_moods(open_tab: Callable[..., Tab]) -> None:
    one, other = open_tab(), open_tab()
    one.click("sad")
    other.click("fear")
    one.expect_mood("sad")
    other.expect_mood("fear")
    one.page.get_by_label("lift").check()
    expect(one.page.locator("#music .quiet").first).to_have_text("to lift sad")
    expect(other.page.locator("#music .quiet").first).to_have_text("for fear")


def test_a_session_is_summed_up_and_kept(tab: Tab) -> None:
    tab.click("Camera on")
    tab.expect_mood("happy")
    tab.click("Camera off")
    tab.click("Sum up the session")
    lines = tab.page.locator("#summary-lines")
    expect(lines).to_contain_text("frame")
    expect(lines).to_contain_text("happy, ")
    document = json.loads(tab.saved("Save as JSON"))
    assert document["mood"]["expression"] == "happy"
    assert document["frames"] >= 1
    assert document["timeline"]
    assert tab.saved("Save as text").decode().startswith("# ")
    assert tab.saved("Save as page").decode().startswith("<!")
    tab.click("Close")
    tab.click("Start anew")
    tab.expect_said("A new session has begun.")
    tab.expect_mood("none yet")


def test_songs_are_played_by_their_buttons(tab: Tab) -> None:
    tab.click("happy")
    tab.page.get_by_role("button", name="Play One – Somebody").click()
    expect(tab.page.locator("#song-title")).to_have_text("One")
    expect(tab.page.locator("#song-artist")).to_have_text("– Somebody")
    expect(tab.page.locator("#length")).to_have_text("0:30")
    until(lambda: tab.page.evaluate("audio.currentTime > 0"))
    tab.click("Pause")
    assert tab.page.evaluate("audio.paused")
    tab.page.locator("#seek").fill("20")
    until(lambda: tab.page.evaluate("audio.currentTime") >= 20)
    tab.page.locator("#volume").fill("30")
    assert tab.page.evaluate("audio.volume") == pytest.approx(0.3)
    tab.click("Next")
    expect(tab.page.locator("#song-title")).to_have_text("Two")
    tab.click("Previous")
    expect(tab.page.locator("#song-title")).to_have_text("One")
    tab.click("Shuffle")
    expect(tab.page.locator("#shuffle")).to_have_attribute("aria-pressed", "true")
    expect(tab.page.locator("#song-title")).to_have_text("One")


def test_thumbs_are_given_by_the_keyboard_and_said(browser: Browser, tmp_path: Path) -> None:
    for name in "abc":
        sound(tmp_path / "happy" / f"{name}.ogg", seconds=30, title=f"Song {name}")
    settings = shipped_settings()
    with serving_page(replace(settings, music=replace(settings.music, library=tmp_path))) as own:
        shown = browser.new_page()
        shown.goto(own.link)
        shown.get_by_role("button", name="happy").click()
        shown.get_by_role("button", name="Play your own songs").click()
        expect(shown.locator("#song-title")).to_have_text("Song a")
        shown.locator("#like").focus()
        shown.keyboard.press("Enter")
        expect(shown.locator("#player-said")).to_have_text("liked: Song a, for happy")
        expect(shown.locator("#like")).to_have_attribute("aria-pressed", "true")
        assert shown.locator("#dislike").get_attribute("aria-label") == "Dislike: Song a"
        shown.locator("#dislike").press("Space")
        expect(shown.locator("#song-title")).to_have_text("Song b")
        expect(shown.locator("#like")).to_have_attribute("aria-pressed", "false")
        shown.locator("#movies .dislike").first.click()
        expect(shown.locator("#offers-said")).to_contain_text("disliked: ")
        shown.close()


def test_a_song_with_two_thumbs_down_plays_in_no_order_any_more(browser: Browser, tmp_path: Path) -> None:
    for name in "abc":
        sound(tmp_path / "happy" / f"{name}.ogg", seconds=90, title=f"Song {name}")
    settings = shipped_settings()
    with serving_page(replace(settings, music=replace(settings.music, library=tmp_path))) as own:
        shown = browser.new_page()
        shown.goto(own.link)
        title, said = shown.locator("#song-title"), shown.locator("#player-said")

        def press(button: str, then: str) -> None:
            shown.locator(button).click()
            expect(title).to_have_text(then)

        shown.get_by_role("button", name="happy").click()
        shown.get_by_role("button", name="Play your own songs").click()
        expect(title).to_have_text("Song a")
        press("#dislike", "Song b")
        press("#previous", "Song a")
        press("#dislike", "Song b")
        for pressed in ("true", "false"):
            shown.locator("#shuffle").click()
            expect(shown.locator("#shuffle")).to_have_attribute("aria-pressed", pressed)
            expect(shown.locator("#shuffle")).to_have_attribute("aria-busy", "false")
            press("#next", "Song c")
            press("#next", "Song b")
        # Left out by another tab while it is in the order of this one
        other = PageClient(own.link)
        other.begin()
        other.ask("choose", {"mood": "happy"})
        name = other.ask("offers").document["songs"]["list"]
        choice = other.ask("song", {"list": name, "number": 2}).document["thumb"]
        for _ in range(2):
            other.ask("thumb", {"choice": choice, "verdict": "dislike"})
        shown.locator("#like").click()
        expect(said).to_have_text("liked: Song b, for happy")
        shown.locator("#next").click()
        # The same song has begun anew
        expect(shown.locator("#like")).to_have_attribute("aria-pressed", "false")
        shown.locator("#dislike").click()
        expect(said).to_have_text("disliked: Song b, for happy; a second dislike, another time, leaves it out")
        expect(shown.locator("#dislike")).to_have_attribute("aria-pressed", "false")
        shown.locator("#dislike").click()
        expect(said).to_have_text("Every song of this list has two thumbs down: emodj feedback reset offers them again.")
        expect(shown.locator("#play")).to_have_text("Play")
        shown.locator("#shuffle").click()
        expect(said).to_contain_text("every song of the list has two thumbs down")
        shown.close()


def test_another_order_brings_no_song_that_has_just_played(browser: Browser, tmp_path: Path) -> None:
    # A song lasts longer than the patience of the test
    for name in "abcdefgh":
        sound(tmp_path / "happy" / f"{name}.ogg", seconds=90, title=f"Song {name}")
    settings = shipped_settings()
    with serving_page(replace(settings, music=replace(settings.music, library=tmp_path))) as own:
        shown = browser.new_page()
        shown.goto(own.link)
        shown.get_by_role("button", name="happy").click()
        shown.get_by_role("button", name="Play your own songs").click()
        for name in "abc":
            expect(shown.locator("#song-title")).to_have_text(f"Song {name}")
            shown.locator("#like").click()
            expect(shown.locator("#player-said")).to_have_text(f"liked: Song {name}, for happy")
            if name != "c":
                shown.locator("#next").click()
        for _ in range(2):
            shown.locator("#shuffle").click()
            expect(shown.locator("#shuffle")).to_have_attribute("aria-busy", "false")
        for name in "ad":
            shown.locator("#next").click()
            expect(shown.locator("#song-title")).to_have_text(f"Song {name}")
        shown.close()


# Keyboard, sizes, colours, contrast

FOCUSED = """() => {
    const style = getComputedStyle(document.activeElement);
    return [document.activeElement.id || document.activeElement.textContent.trim(), style.outlineStyle];
}"""


def test_everything_is_reached_by_the_keyboard_with_a_visible_focus(tab: Tab) -> None:
    reached = dict[str, str]()
    while True:
        tab.page.keyboard.press("Tab")
        name, outline = tab.page.evaluate(FOCUSED)
        if name in reached or not name:
            break
        reached[name] = outline
    assert list(reached)[:4] == ["What it cannot do", "open", "camera", "sample"]
    assert {"angry", "surprise", "automatic", "sum-up", "restart"} <= set(reached)
    assert set(reached.values()) == {"solid"}


def test_a_mood_is_chosen_and_a_camera_switched_by_keys(tab: Tab) -> None:
    tab.page.locator("#camera").focus()
    tab.page.keyboard.press("Enter")
    tab.expect_mood("happy")
    tab.page.keyboard.press("Space")
    expect(tab.page.locator("#video")).to_be_hidden()
    tab.page.get_by_role("button", name="fear", exact=True).focus()
    tab.page.keyboard.press("Space")
    tab.expect_mood("fear")


@pytest.mark.parametrize("width", [320, 390, 640, 1280])
def test_the_page_is_never_wider_than_the_screen(open_tab: Callable[..., Tab], width: int) -> None:
    # 320 pixels are also a window of 1280 at a zoom of 400%, and 640 one at 200%
    tab = open_tab(viewport={"width": width, "height": 800})
    tab.click("Use a sample")
    tab.expect_mood("happy")
    expect(tab.page.locator("#fact blockquote")).to_be_visible()
    tab.page.get_by_role("button", name="Play One – Somebody").click()
    expect(tab.page.locator("#player")).to_be_visible()
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_contrast_and_names_have_no_fault(open_tab: Callable[..., Tab], colours: str) -> None:
    tab = open_tab(color_scheme=colours)
    tab.click("Use a sample")
    expect(tab.page.locator("#fact blockquote")).to_be_visible()
    tab.page.get_by_role("button", name="Play One – Somebody").click()
    expect(tab.page.locator("#song-title")).to_have_text("One")
    tab.page.locator("header summary").click()
    found = Axe().run(tab.page)
    assert found.violations_count == 0, found.generate_report()
    tab.click("Sum up the session")
    found = Axe().run(tab.page)
    assert found.violations_count == 0, found.generate_report()


def test_nothing_moves_for_those_who_want_no_motion(open_tab: Callable[..., Tab]) -> None:
    moving = "getComputedStyle(document.querySelector('#bars .fill')).transitionDuration"
    assert open_tab().page.evaluate(moving) != "0s"
    assert open_tab(reduced_motion="reduce").page.evaluate(moving) == "0s"


# Link, server


def test_the_key_leaves_the_address_bar_and_a_reload_keeps_it(tab: Tab, page: PageClient) -> None:
    assert tab.page.url == f"{page.origin}/"
    tab.page.reload()
    expect(tab.page.locator("html")).to_have_attribute("data-ready", "yes")


def test_a_link_that_works_once_works_and_is_said_to_be_used(browser: Browser) -> None:
    with serving_page() as client:
        context = browser.new_context()
        first, second = context.new_page(), context.new_page()
        first.goto(client.opening_link)
        expect(first.locator("html")).to_have_attribute("data-ready", "yes")
        first.reload()
        expect(first.locator("html")).to_have_attribute("data-ready", "yes")
        second.goto(client.opening_link)
        expect(second.locator("#trouble")).to_contain_text("this link was used already")
        context.close()


def test_without_the_key_the_page_says_what_to_open(open_tab: Callable[..., Tab], page: PageClient) -> None:
    tab = open_tab(link=f"{page.origin}/")
    expect(tab.page.locator("#trouble")).to_contain_text("Open the link that emodj printed")
    other = open_tab(link=f"{page.origin}/#wrong")
    expect(other.page.locator("#trouble")).to_contain_text("the key is missing or old")
    other.complaints.clear()


def test_bars_and_choices_are_seen_with_forced_colours(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(forced_colors="active")
    tab.click("happy")
    tab.expect_mood("happy")
    style = "each => { const s = getComputedStyle(each); return [s.backgroundColor, s.outlineStyle]; }"
    colour, _ = tab.page.locator("#bars .fill").nth(3).evaluate(style)
    assert colour == "rgb(240, 228, 66)"
    _, pressed = tab.page.get_by_role("button", name="happy", exact=True).evaluate(style)
    _, other = tab.page.get_by_role("button", name="sad", exact=True).evaluate(style)
    assert (pressed, other) == ("solid", "none")


def test_a_forgotten_tab_begins_anew(tab: Tab, photo: Path) -> None:
    tab.click("sad")
    tab.expect_mood("sad")
    with tab.page.expect_response("**/api/end"):
        tab.page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    tab.click("fear")
    tab.expect_said("starts anew")
    tab.expect_mood("none yet")
    tab.complaints.clear()
    tab.open_file(photo)
    tab.expect_mood("happy")


def test_a_server_that_has_ended_is_said(browser: Browser) -> None:
    context = browser.new_context()
    with serving_page() as client:
        shown = context.new_page()
        shown.goto(client.link)
        expect(shown.locator("html")).to_have_attribute("data-ready", "yes")
    shown.get_by_role("button", name="sad", exact=True).click()
    expect(shown.locator("#trouble")).to_contain_text("emodj does not answer. Start it again")
    context.close()


# Spotify


def hold_answers(tab: Tab, path: str, words: str) -> list[Callable[[], None]]:
    """Hold back the answers to requests whose body has the words; returns what lets each go on."""
    held: list[Callable[[], None]] = []

    def hold(route: Route) -> None:
        if words in (route.request.post_data or ""):
            answer = route.fetch()
            held.append(lambda: route.fulfill(response=answer))
        else:
            route.continue_()

    tab.page.route(f"**/api/{path}", hold)
    return held


def expect_one_song(tab: Tab, title: str, words: str) -> None:
    """The song of this title is the current one and has not ended: a song that ends shows "Play" for a moment, too."""
    expect(tab.page.locator("#play")).to_have_text(words)
    expect(tab.page.locator("#song-title")).to_have_text(title)
    assert tab.page.evaluate("() => document.getElementById('audio').ended") is False


def test_the_buttons_control_spotify(spotify: Spotify, tokens: CredentialStore, open_tab: Callable[..., Tab]) -> None:
    # One test, since the page of this file keeps one account
    assert tokens.version() is not None
    spotify.device("Kitchen", active=True)
    spotify.queue, spotify.is_playing = [spotify.track("Sun", "Anna"), spotify.track("Rain", "Anna")], True
    tab = open_tab()
    expect(tab.page.locator("#spotify-said")).to_contain_text("from your first press on")
    tab.click("sad")
    tab.expect_mood("sad")
    best = tab.page.locator("#music .best").get_by_role("button", name="Play on Spotify")
    expect(best).to_be_visible()
    assert spotify.requests == []
    tab.click("Play or pause Spotify")
    expect(tab.page.locator("#spotify-title")).to_have_text("Sun")
    expect(tab.page.locator("#spotify-state")).to_have_text("paused, on Kitchen, volume 50%")
    tab.click("Louder on Spotify")
    expect(tab.page.locator("#spotify-state")).to_have_text("paused, on Kitchen, volume 60%")
    tab.click("Play Spotify")
    expect(tab.page.get_by_role("button", name="Pause Spotify", exact=True)).to_be_visible()
    assert spotify.is_playing
    best.click()
    expect(tab.page.locator("#spotify-said")).to_contain_text("on Kitchen")
    until(lambda: spotify.context is not None)
    # Only one kind of music plays
    tab.click("happy")
    tab.expect_mood("happy")
    silenced = hold_answers(tab, "spotify", "silence")
    tab.click("Play your own songs")
    until(lambda: not spotify.is_playing or tab.page.wait_for_timeout(1))
    expect(tab.page.locator("#play")).to_have_text("Pause")
    title = tab.text("#song-title")
    tab.page.locator("#music li").get_by_role("button", name="Play on Spotify").first.click()
    expect_one_song(tab, title, "Play")
    expect(tab.page.locator("#spotify-said")).to_contain_text("on Kitchen")
    assert spotify.is_playing
    silenced[0]()
    # A song that is still on its way does not sound either
    songs = hold_answers(tab, "song", "number")
    tab.click("Next")
    until(lambda: songs or tab.page.wait_for_timeout(1))
    tab.click("Pause Spotify")
    tab.click("Play Spotify")
    expect(tab.page.get_by_role("button", name="Pause Spotify", exact=True)).to_be_visible()
    songs[0]()
    expect(tab.page.locator("#song-title")).not_to_have_text(title)
    expect(tab.page.locator("#play")).to_have_text("Play")
    assert spotify.is_playing
    spotify.premium = False
    tab.click("Next on Spotify")
    expect(tab.page.locator("#spotify-said")).to_have_text("Spotify lets only Premium accounts be controlled")
    found = Axe().run(tab.page)
    assert found.response["violations"] == []
    # A refused request is a line of the console
    assert [line for line in tab.complaints if "422" not in line] == []
    tab.complaints.clear()


def test_no_buttons_without_a_login(tab: Tab) -> None:
    tab.click("sad")
    tab.expect_mood("sad")
    expect(tab.page.locator("#music .best")).to_be_visible()
    assert tab.page.locator("#spotify").is_hidden()
    assert tab.page.get_by_text("Play on Spotify").count() == 0
