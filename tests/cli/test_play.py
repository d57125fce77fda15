"""`emodj play`, also in a real pseudo-terminal with real keys."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from realtime.cli.terminal_player import can_read_keys, fit_line
from realtime.music.local import player
from realtime.music.songs import NowPlaying
from tests.support.sounds import silence, sound
from tests.support.terminal import Terminal, in_a_terminal
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

    Run = Callable[..., CompletedProcess[str]]
    Start = Callable[..., subprocess.Popen[str]]

COLUMNS = 60
HOUR_S = 3600.0


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Three long songs that look happy, two short ones that look sad."""
    folder = tmp_path / "songs"
    for name in ("sad", "happy"):
        (folder / name).mkdir(parents=True)
    for name in ("One", "Two", "Three 日本"):
        silence(folder / "happy" / f"{name}.wav", HOUR_S)
    sound(folder / "sad" / "a.ogg", title="Träne", artist="月")
    sound(folder / "sad" / "b.mp3")
    return folder


@pytest.fixture
def terminal(process: Start, library: Path) -> Iterator[Callable[..., Terminal]]:
    """Run `emodj play` in a terminal of 60 columns."""
    with ExitStack() as stack:

        def start(*arguments: str, **streams: int) -> Terminal:
            line = ["play", *arguments, "--library", library, "--volume", "20"]
            return stack.enter_context(
                in_a_terminal(lambda theirs: process(*line, **({"stdin": theirs, "stderr": theirs} | streams)), COLUMNS)
            )

        yield start


def test_the_keys_of_the_music(terminal: Callable[..., Terminal]) -> None:
    here = terminal("happy")
    here.reads(r"keys: \. pause .* q quit")
    here.reads("▶ 1/3  One  20%")
    assert not here.echoes()
    here.press("n")
    here.reads("▶ 2/3  Three 日本  20%")
    here.press("+=+")
    here.reads("▶ 2/3  Three 日本  50%")
    here.press("-")
    here.reads("▶ 2/3  Three 日本  40%")
    here.press(".")
    here.reads("‖ 2/3  Three 日本  40%")
    here.press("N")
    here.reads("▶ 3/3  Two  40%")
    here.press("z")
    here.reads("▶ 3/3  Two  40%  shuffle")
    here.press("z,")
    here.reads("▶ 2/3  Three 日本  40%")
    here.press("nn")
    here.reads("▶ 1/3  One  40%")
    here.press("q")
    assert here.ends() == 0
    assert here.echoes()


def test_the_keys_of_a_russian_keyboard(terminal: Callable[..., Terminal]) -> None:
    here = terminal("happy")
    here.reads("▶ 1/3  One  20%")
    # In the places of n, of the comma with Shift, of the full stop, and of q
    here.press("т")
    here.reads("▶ 2/3  Three 日本  20%")
    here.press("Б")
    here.reads("▶ 1/3  One  20%")
    here.press("ю")
    here.reads("‖ 1/3  One  20%")
    here.press("й")
    assert here.ends() == 0


@pytest.mark.parametrize(("keys", "status"), [("q", 0), ("\x1b", 0), ("\x04", 0), ("\x03", 130)])
def test_each_key_that_ends_play_restores_the_terminal(keys: str, status: int, terminal: Callable[..., Terminal]) -> None:
    here = terminal("happy")
    here.reads("1/3")
    here.press(keys)
    assert here.ends() == status
    assert here.echoes()
    # The line is gone, and nothing was said of an error
    assert re.search(r"\r +\r(\r\n)?$", here.text)
    assert "emodj:" not in here.text
    assert "Trace" not in here.text


def test_arrow_keys_and_others_do_nothing(terminal: Callable[..., Terminal]) -> None:
    here = terminal("happy")
    here.reads("▶ 1/3")
    here.press("\x1b[A\x1b[Bx日\t\r\x1a")
    here.press("n")
    here.reads("▶ 2/3")
    here.press("q")
    assert here.ends() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_restores_the_terminal(number: signal.Signals, terminal: Callable[..., Terminal]) -> None:
    here = terminal("happy")
    here.reads("▶ 1/3")
    here.process.send_signal(number)
    assert here.ends() == 128 + number
    assert here.echoes()
    assert "Trace" not in here.text


def test_a_skipped_song_is_reported_above_the_line(terminal: Callable[..., Terminal], library: Path) -> None:
    (library / "happy" / "Pit.wav").write_text("no music")
    here = terminal("happy")
    here.reads("▶ 1/4  One")
    here.press("n")
    here.reads(r"\r +\x08*\r?emodj: skipped a song: cannot play \S+Pit\.wav: it is damaged[^\n]*\n\r▶ 3/4  Three")
    here.press("q")
    assert here.ends() == 0


def test_with_keys_the_list_repeats_and_with_once_it_ends(terminal: Callable[..., Terminal]) -> None:
    here = terminal("sad")
    here.reads("1/2  Träne – 月.*2/2  b.*1/2  Träne – 月")
    here.press("q")
    assert here.ends() == 0
    once = terminal("sad", "--once")
    assert once.ends() == 0
    assert once.echoes()


def test_stderr_in_a_file_has_plain_lines_and_the_keys_work(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    with (tmp_path / "said").open("w") as said:
        here = terminal("happy", stderr=said.fileno())
        told = (tmp_path / "said").read_text
        until(lambda: "1/3" in told())
        here.press("n+")
        until(lambda: "2/3" in told())
        here.press("q")
        assert here.ends() == 0
    lines = [line.removeprefix("emodj: ") for line in told().splitlines()]
    assert lines == [
        "keys: . pause   n next   , previous   z shuffle   - + volume   q quit",
        "1/3  One",
        "volume 30%",
        "2/3  Three 日本",
    ]


def test_quiet_is_quiet(terminal: Callable[..., Terminal]) -> None:
    here = terminal("happy", "--quiet")
    until(lambda: not here.echoes())
    here.press("q")
    assert here.ends() == 0
    assert not here.text


def test_without_a_terminal_play_ends_after_the_last_song(alone: Run, library: Path) -> None:
    for streams in ({"stdin": subprocess.DEVNULL}, {"stdin": subprocess.PIPE}):
        ended = alone("play", "sad", "--library", library, "--volume", "0", **streams)
        assert (ended.returncode, ended.stdout) == (0, "")
        assert ended.stderr == "emodj: 1/2  Träne – 月\nemodj: 2/2  b\n"


def test_without_a_terminal_ctrl_c_ends_play(
    process: Start, library: Path, ctrl_c: Callable[[subprocess.Popen[str]], None]
) -> None:
    with process("play", "happy", "--library", library, stdin=subprocess.DEVNULL) as playing:
        assert playing.stderr is not None
        assert playing.stderr.readline() == "emodj: 1/3  One\n"
        ctrl_c(playing)
        assert playing.wait() == 130
        assert playing.stderr.read() == "\n"


def test_the_nearest_mood_with_songs_is_played_and_reported(alone: Run, library: Path) -> None:
    ended = alone("play", "fear", "--library", library)
    assert ended.returncode == 0
    assert re.search("no song for fear.*for sad\n.*1/2", ended.stderr)


def test_the_songs_come_from_the_settings(alone: Run, library: Path, settings: Callable[[str], Path]) -> None:
    file = settings(
        f"""
[music]
library = "{library}/nowhere"
volume = 0.0
[[playlists.sad]]
url = "https://example.org/"
[[playlists.sad]]
path = "{library}/gone"
[[playlists.sad]]
path = "{library}/sad"
"""
    )
    ended = alone("--config", file, "play", "sad")
    assert ended.returncode == 0
    said = ended.stderr.splitlines()
    assert [line.split(":")[1] for line in said[2:]] == [" 1/2  Träne – 月", " 2/2  b"]
    assert "nowhere" in said[0]
    assert "gone" in said[1]
    near = alone("--config", file, "play", "angry")
    assert near.returncode == 0
    assert "no songs for angry: using the nearest mood, sad\n" in near.stderr


def test_a_library_of_the_settings_is_first(alone: Run, library: Path, settings: Callable[[str], Path]) -> None:
    ended = alone("--config", settings(f'[music]\nlibrary = "{library}"\n'), "play", "sad")
    assert (ended.returncode, ended.stderr) == (0, "emodj: 1/2  Träne – 月\nemodj: 2/2  b\n")


def test_without_songs_the_sentence_has_a_remedy(
    emodj: Run, tmp_path: Path, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = emodj("play", "happy")
    assert none.returncode == 1
    assert "emodj mood happy --open" in none.stderr
    assert "music.library" in none.stderr
    for song in (library / "sad").iterdir():
        song.write_text("no music")
    for song in (library / "happy").iterdir():
        song.unlink()
    broken = emodj("play", "happy", "--library", library)
    assert broken.returncode == 1
    assert "none of the 2 songs can be played" in broken.stderr
    # So many that it cannot tell at once
    monkeypatch.setattr(player, "SEARCH_S", 0.0)
    for number in range(10):
        (library / "sad" / f"{number}.mp3").write_text("no music")
    many = emodj("play", "happy", "--library", library)
    assert many.returncode == 1
    assert "none of the 12 songs can be played" in many.stderr
    missing = emodj("play", "happy", "--library", tmp_path / "nowhere")
    assert missing.returncode == 2
    assert emodj("play", "hapy").returncode == 2
    assert emodj("play", "happy", "--volume", "101").returncode == 2


def test_a_job_in_the_background_leaves_the_keys_to_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    def someone_elses(_terminal: int) -> int:
        return os.getpgrp() + 1

    def ours_too(_terminal: int) -> int:
        return os.getpgrp()

    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as stdin, monkeypatch.context() as patch:
        patch.setattr("sys.stdin", stdin)
        # Of a terminal that is nobody's all keys are ours
        assert can_read_keys()
        patch.setattr(os, "tcgetpgrp", someone_elses)
        assert not can_read_keys()
        patch.setattr(os, "tcgetpgrp", ours_too)
        assert can_read_keys()
    os.close(ours)
    monkeypatch.setattr("sys.stdin", stdin)
    assert not can_read_keys()


marks = st.text(st.characters(codec="utf-8"), max_size=60)


@given(title=marks, artist=st.none() | marks, columns=st.integers(1, 200), shuffled=st.booleans())
def test_the_line_fits_for_any_title(title: str, artist: str | None, columns: int, *, shuffled: bool) -> None:
    line = fit_line(NowPlaying(title, artist, 100_000, 100_000, shuffled=shuffled), columns)
    assert get_cwidth(line) < max(columns, 45)
    assert all(mark.isprintable() or mark in "\u200c\u200d" for mark in line)
    assert line.endswith("100%  shuffle" if shuffled else "100%")


def test_a_wide_title_is_cut_to_the_terminal() -> None:
    assert fit_line(NowPlaying("日本" * 9, "月", 1, 2, volume=0.7), 30) == "▶ 1/2  日本日本日本日本…  70%"
    assert fit_line(NowPlaying("Song", None, 1, 2, paused=True, volume=0.7), 30) == "‖ 1/2  Song  70%"
    assert not fit_line(None, 30)
