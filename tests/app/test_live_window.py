"""The command with a real window, real keys and real pictures of the screen."""

from __future__ import annotations

import re
import signal
import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from realtime.domain import EXPRESSIONS, Expression
from realtime.music.feedback import Feedback
from realtime.music.feedback_file import FeedbackFile
from realtime.music.songs import Song
from realtime.music.taste import key_of_song
from realtime.overlay.widgets import EXPRESSION_COLOURS
from tests.support.clips import LENGTH_S, MARK, WALL
from tests.support.live import LiveDriver
from tests.support.places import ROOT
from tests.support.sounds import sound
from tests.support.waiting import until
from tests.support.x11 import run_in_window

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from realtime.domain import Image

HAPPY = "https://open.spotify.com/playlist/37i9dQZF1DXdPec7aLTmlC"


def shows_the_wall(picture: Image) -> bool:
    # A window is smaller at first
    return picture.shape == (480, 640, 3) and bool(np.abs(picture[60, 630].astype(int) - WALL).max() < 12)


class EmodjDriver(LiveDriver):
    """Controls the window of `emodj live`, which starts a fake browser."""

    def wait_for_clip(self) -> None:
        """Wait until the window shows the clip."""
        self.wait_for_window(shows_the_wall)

    @property
    def browsed(self) -> list[str]:
        """The links that the browser was started with."""
        record = self.folder / "browsed"
        return record.read_text().splitlines() if record.exists() else []


@contextmanager
def running(clip: Path, display: str | None, folder: Path, *options: str) -> Generator[EmodjDriver]:
    browser = folder / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {folder}/browsed\n')
    browser.chmod(0o755)
    environment = {"BROWSER": f"{browser} %s", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "realtime", "live", "--source", str(clip), *options]
    with run_in_window(command, folder, display=display, environment=environment, driver=EmodjDriver) as emodj:
        if display is not None:
            emodj.wait_for_clip()
        yield emodj


def mark_of(image: Image) -> tuple[bool, int]:
    """Whether the red mark is on the right side, and its first row."""
    sides = [(np.abs(side.astype(int) - MARK).max(axis=2) < 40).mean(axis=1) > 0.5 for side in (image[:, :20], image[:, -20:])]
    right = bool(sides[1].any())
    return right, int(np.flatnonzero(sides[right])[0])


def happy_pixels(image: Image) -> int:
    """Number of pixels in the colour of "happy": box, bars of the face, bar of the mood."""
    return int((np.abs(image.astype(int) - EXPRESSION_COLOURS[Expression.HAPPY]).max(axis=2) < 8).sum())


@pytest.mark.window
def test_every_key_does_what_the_help_says(clip: Path, display: str, tmp_path: Path) -> None:
    with running(clip, display, tmp_path, "--jsonl") as emodj:
        until(lambda: len(emodj.lines) > 10)
        assert emodj.size == (640, 480)
        shows_a_happy_face(emodj)
        space_freezes(emodj)
        h_and_question_mark_help(emodj)
        b_hides_the_bars(emodj)
        i_shows_rate_and_latency(emodj)
        m_mirrors(emodj)
        digits_choose_the_mood(emodj)
        v_shows_movies_and_opens_nothing(emodj)
        p_opens_the_playlist_once(emodj)
        s_saves_a_snapshot(emodj)
        f_fills_the_screen(emodj)
        d_shows_a_fact(emodj)
        assert emodj.leave("q") == 0
        *frames, summary = emodj.lines
        assert summary["frames"] == len(frames)
        # The session ended before the clip
        assert summary["seconds"] < LENGTH_S - 1
        assert summary["mood"]["expression"] == "happy"
        assert summary["playlist"]["url"] == HAPPY
        assert [movie["url"].startswith("https://") for movie in summary["movies"]] == [True] * 3
        assert summary["fact"]["mood"] == "happy"


def shows_a_happy_face(emodj: EmodjDriver) -> None:
    (face,) = emodj.lines[-1]["faces"]
    assert face["expression"] == "happy"
    assert not face["unsure"]
    assert emodj.mood() == "happy"
    # The box on screen is that of the document
    box = face["box"]
    edge = emodj.picture()[box["top"] + box["height"] // 2, box["left"] - 4 : box["left"] + 5]
    assert happy_pixels(edge[None]) > 0


def space_freezes(emodj: EmodjDriver) -> None:
    before = emodj.picture()
    # The word appears in the upper right corner
    emodj.press_until("space", lambda: differs(before, emodj.picture(), (5, 40), (560, 640)))
    mark = mark_of(emodj.picture())

    def quiet() -> bool:
        count = len(emodj.lines)
        for _ in range(4):
            assert mark_of(emodj.picture()) == mark
        return len(emodj.lines) == count

    # The last frame before the freeze may be printed after the key
    until(quiet)
    count = len(emodj.lines)
    emodj.press_until("space", lambda: mark_of(emodj.picture()) != mark)
    until(lambda: len(emodj.lines) > count + 5)
    # The time continues after the freeze
    assert np.diff([line["t"] for line in emodj.lines]).min() > 0
    assert not differs(before, emodj.picture(), (5, 40), (560, 640))


def differs(one: Image, other: Image, rows: tuple[int, int], columns: tuple[int, int]) -> bool:
    """Whether a part of two pictures differs by more than the noise of the video."""
    parts = [image[slice(*rows), slice(*columns)].astype(int) for image in (one, other)]
    return bool(np.abs(parts[0] - parts[1]).mean() > 4)


def h_and_question_mark_help(emodj: EmodjDriver) -> None:
    before = emodj.picture().mean()
    emodj.press_until("h", lambda: emodj.picture().mean() < 0.7 * before)
    emodj.press_until("question", lambda: emodj.picture().mean() > 0.9 * before)
    emodj.press_until("H", lambda: emodj.picture().mean() < 0.7 * before)
    emodj.press_until("h", lambda: emodj.picture().mean() > 0.9 * before)


def b_hides_the_bars(emodj: EmodjDriver) -> None:
    box = emodj.lines[-1]["faces"][0]["box"]
    below = (box["top"] + box["height"] + 6, box["top"] + box["height"] + 50)
    columns = (box["left"], box["left"] + 150)

    def bar() -> int:
        return happy_pixels(emodj.picture()[slice(*below), slice(*columns)])

    until(lambda: bar() > 50)
    emodj.press_until("b", lambda: bar() == 0)
    emodj.press_until("B", lambda: bar() > 50)


def i_shows_rate_and_latency(emodj: EmodjDriver) -> None:
    before = emodj.picture()
    emodj.press_until("i", lambda: differs(before, emodj.picture(), (12, 30), (400, 630)))
    emodj.press_until("i", lambda: not differs(before, emodj.picture(), (12, 30), (400, 630)))


def m_mirrors(emodj: EmodjDriver) -> None:
    assert not mark_of(emodj.picture())[0]
    left = emodj.lines[-1]["faces"][0]["box"]["left"]
    emodj.press_until("m", lambda: mark_of(emodj.picture())[0])
    count = len(emodj.lines)
    until(lambda: len(emodj.lines) > count + 2)
    # Documents keep the boxes of the picture as it came
    assert abs(emodj.lines[-1]["faces"][0]["box"]["left"] - left) < 12
    emodj.press_until("m", lambda: not mark_of(emodj.picture())[0])


def digits_choose_the_mood(emodj: EmodjDriver) -> None:
    for number, expression in enumerate(EXPRESSIONS, 1):
        emodj.choose_mood(str(number), expression.value)
    emodj.press_until("0", lambda: emodj.mood() == "happy")


def v_shows_movies_and_opens_nothing(emodj: EmodjDriver) -> None:
    before = emodj.picture()
    emodj.press_until("v", lambda: differs(before, emodj.picture(), (330, 430), (200, 440)))
    emodj.press_until("V", lambda: not differs(before, emodj.picture(), (330, 430), (200, 440)))
    assert emodj.browsed == []


def d_shows_a_fact(emodj: EmodjDriver) -> None:
    before = emodj.picture()
    emodj.press_until("d", lambda: differs(before, emodj.picture(), (370, 430), (200, 440)))


def p_opens_the_playlist_once(emodj: EmodjDriver) -> None:
    assert HAPPY not in emodj.stderr
    # Two presses within three seconds
    emodj.press("p", "p")
    until(lambda: emodj.browsed)
    # Keys are handled in order: after this one, the second press is handled too
    emodj.press_until("2", lambda: emodj.mood() == "disgust")
    assert emodj.browsed == [HAPPY]
    assert emodj.stderr.splitlines() == ["Bright and happy, for happy", HAPPY]
    emodj.press_until("0", lambda: emodj.mood() == "happy")

    def again() -> bool:
        emodj.press("p")
        return len(emodj.browsed) > 1

    until(again)
    assert {*emodj.browsed} == {*emodj.stderr.splitlines()[1::2]} == {HAPPY}


def s_saves_a_snapshot(emodj: EmodjDriver) -> None:
    assert not list(emodj.folder.glob("*.png"))
    emodj.press_until("s", lambda: list(emodj.folder.glob("emodj-*.png")))
    (path,) = emodj.folder.glob("*.png")
    taken = cv2.imread(str(path))
    assert taken is not None
    assert taken.shape == (480, 640, 3)
    assert happy_pixels(taken.astype(np.uint8)) > 500


def f_fills_the_screen(emodj: EmodjDriver) -> None:
    emodj.press_until("f", lambda: emodj.size == (1280, 1024))
    until(lambda: happy_pixels(emodj.picture()) > 1000)
    emodj.press_until("f", lambda: emodj.size == (640, 480))


@pytest.mark.window
def test_r_restarts_the_vote_and_p_without_a_mood_opens_nothing(leaving: Path, display: str, tmp_path: Path) -> None:
    with running(leaving, display, tmp_path, "--jsonl") as emodj:
        # Without faces the last mood stays
        until(lambda: emodj.lines and emodj.mood() == "happy" and not emodj.lines[-1]["faces"])
        emodj.press_until("r", lambda: emodj.mood() is None)
        before = emodj.picture()
        emodj.press_until("p", lambda: differs(before, emodj.picture(), (380, 440), (100, 540)))
        assert emodj.leave("Escape") == 0
        # The session ended before the clip
        assert emodj.lines[-1]["seconds"] < LENGTH_S - 1
        assert emodj.lines[-1]["mood"] is None
        assert emodj.lines[-1]["playlist"] is None
        assert not emodj.browsed
        assert not emodj.stderr


def press_q(emodj: EmodjDriver) -> None:
    emodj.leave("q")


def press_capital_q(emodj: EmodjDriver) -> None:
    emodj.leave("Q")


def press_escape(emodj: EmodjDriver) -> None:
    emodj.leave("Escape")


def interrupt(emodj: EmodjDriver) -> None:
    emodj.process.send_signal(signal.SIGINT)


def terminate(emodj: EmodjDriver) -> None:
    emodj.process.send_signal(signal.SIGTERM)


@pytest.mark.window
@pytest.mark.parametrize(
    ("end", "status"),
    [(press_q, 0), (press_capital_q, 0), (press_escape, 0), (EmodjDriver.close, 0), (interrupt, 130), (terminate, 143)],
)
def test_every_way_to_end_a_session_prints_the_summary(
    end: Callable[[EmodjDriver], None], status: int, clip: Path, display: str, tmp_path: Path
) -> None:
    with running(clip, display, tmp_path) as emodj:
        # The bar below the face: it was analysed
        until(lambda: happy_pixels(emodj.picture()) > 500)
        end(emodj)
        assert emodj.finish() == status
        faces, length, mood, music, link, *movies, fact, source = emodj.output.splitlines()
        assert faces.startswith("faces   happy ")
        seconds = re.fullmatch(r"length  (\d+\.\d) s, \d+ frames? analysed", length)
        # The session ended before the clip
        assert seconds
        assert float(seconds[1]) < LENGTH_S - 1
        assert mood.startswith("mood    happy, ")
        assert music.startswith("music   ")
        assert link == HAPPY
        assert movies[0].startswith("movies  ")
        assert len(movies) == 3
        assert fact.startswith("fact    ")
        assert source.startswith("        ")
        # After ^C in the terminal, the line is ended
        assert emodj.stderr == ("\n" if status else "")
        assert not emodj.browsed
        # Without the key for it, nothing is saved
        assert sorted(path.name for path in tmp_path.iterdir()) == ["browser", "errors", "output"]


@pytest.mark.window
def test_p_prints_the_link_on_a_line_of_its_own(clip: Path, display: str, tmp_path: Path) -> None:
    with running(clip, display, tmp_path) as emodj:
        until(lambda: happy_pixels(emodj.picture()) > 500)
        assert not emodj.output
        # The link is printed at once, and not only at the end
        emodj.press_until("p", lambda: emodj.output.count("\n") == 2)
        assert emodj.output == f"Bright and happy, for happy\n{HAPPY}\n"
        emodj.close()
        assert emodj.finish() == 0


@pytest.mark.window
def test_songs_play_by_keys_and_end_with_the_window(clip: Path, display: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        sound(tmp_path / "songs" / "happy" / f"{name}.ogg", seconds=30)
    (tmp_path / "own.toml").write_text(f'[music]\nlibrary = "{tmp_path / "songs"}"\n', encoding="utf-8")
    with running(clip, display, tmp_path, "--config", str(tmp_path / "own.toml")) as emodj:
        until(lambda: happy_pixels(emodj.picture()) > 500)
        bottom = (400, 440), (160, 480)
        silent = emodj.picture()
        emodj.press_until("p", lambda: differs(silent, emodj.picture(), *bottom))
        first = emodj.picture()
        emodj.press_until("n", lambda: differs(first, emodj.picture(), *bottom))
        assert emodj.leave("q") == 0
        # Below the line of the music
        assert emodj.output.splitlines()[4] == str(tmp_path / "songs")
        assert not emodj.browsed
        assert not emodj.stderr


def test_no_display_is_an_error(clip: Path, tmp_path: Path) -> None:
    with running(clip, None, tmp_path) as emodj:
        assert emodj.finish() == 6
        assert re.fullmatch(r"emodj: there is no display .*: --no-window does without\n", emodj.stderr)
        assert not emodj.output


def test_a_missing_display_is_an_error(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":4711")
    with running(clip, None, tmp_path) as emodj:
        assert emodj.finish() == 6
        assert emodj.stderr == "emodj: the display :4711 cannot be reached: --no-window does without\n"


def test_a_display_that_does_not_answer_is_an_error(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as server:
        for number in range(200, 300):
            try:
                server.bind(("127.0.0.1", 6000 + number))
            except OSError:
                continue
            break
        server.listen()
        name = f"127.0.0.1:{server.getsockname()[1] - 6000}"
        monkeypatch.setenv("DISPLAY", name)
        with running(clip, None, tmp_path) as emodj:
            assert emodj.finish() == 6
            assert emodj.stderr == f"emodj: the display {name} does not answer: --no-window does without\n"


@pytest.mark.window
def test_thumbs_on_songs_are_kept_and_matter_at_the_next_start(clip: Path, display: str, tmp_path: Path) -> None:
    songs = tmp_path / "songs"
    for name in "abc":
        sound(songs / "happy" / f"{name}.ogg", seconds=30)
    settings = tmp_path / "own.toml"
    settings.write_text(f'[music]\nlibrary = "{songs}"\n', encoding="utf-8")
    keys = {name: key_of_song(Song(path=songs / "happy" / f"{name}.ogg"), Expression.HAPPY) for name in "abc"}

    def counts() -> Feedback:
        return FeedbackFile().read()[0] or Feedback()

    def start_songs(emodj: EmodjDriver) -> None:
        until(lambda: happy_pixels(emodj.picture()) > 500)
        silent = emodj.picture()
        emodj.press_until("p", lambda: differs(silent, emodj.picture(), (400, 440), (160, 480)))

    with running(clip, display, tmp_path, "--config", str(settings)) as emodj:
        start_songs(emodj)
        emodj.press_until("x", lambda: counts().of(keys["a"]).dislikes >= 1)
        emodj.press_until("y", lambda: counts().of(keys["b"]).likes >= 1)
        assert emodj.leave("q") == 0
    with running(clip, display, tmp_path, "--config", str(settings)) as emodj:
        start_songs(emodj)
        # The liked song is the first one now
        emodj.press_until("y", lambda: counts().of(keys["b"]).likes >= 2)
        assert emodj.leave("q") == 0
    assert counts().of(keys["a"]).likes == 0
