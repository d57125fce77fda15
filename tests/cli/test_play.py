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
from realtime.music.feedback import Tally
from realtime.music.feedback_file import FeedbackFile
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
    """Three long songs for happy, two short ones for sad."""
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
                in_a_terminal(lambda child_fd: process(*line, **({"stdin": child_fd, "stderr": child_fd} | streams)), COLUMNS)
            )

        yield start


def test_the_keys_of_the_music(terminal: Callable[..., Terminal]) -> None:
    running = terminal("happy")
    running.wait_for(r"keys: \. pause .* q quit")
    running.wait_for("▶ 1/3  One  20%")
    assert not running.echoes()
    running.press("n")
    running.wait_for("▶ 2/3  Three 日本  20%")
    running.press("+=+")
    running.wait_for("▶ 2/3  Three 日本  50%")
    running.press("-")
    running.wait_for("▶ 2/3  Three 日本  40%")
    running.press(".")
    running.wait_for("‖ 2/3  Three 日本  40%")
    running.press("N")
    running.wait_for("▶ 3/3  Two  40%")
    running.press("z")
    running.wait_for("▶ 3/3  Two  40%  shuffle")
    running.press("z,")
    running.wait_for("▶ 2/3  Three 日本  40%")
    running.press("nn")
    running.wait_for("▶ 1/3  One  40%")
    running.press("q")
    assert running.wait_for_end() == 0
    assert running.echoes()


def test_the_keys_of_a_russian_keyboard(terminal: Callable[..., Terminal]) -> None:
    running = terminal("happy")
    running.wait_for("▶ 1/3  One  20%")
    # The keys in the places of n, comma with Shift, full stop and q
    running.press("т")
    running.wait_for("▶ 2/3  Three 日本  20%")
    running.press("Б")
    running.wait_for("▶ 1/3  One  20%")
    running.press("ю")
    running.wait_for("‖ 1/3  One  20%")
    running.press("й")
    assert running.wait_for_end() == 0


@pytest.mark.parametrize(("keys", "status"), [("q", 0), ("\x1b", 0), ("\x04", 0), ("\x03", 130)])
def test_each_key_that_ends_play_restores_the_terminal(keys: str, status: int, terminal: Callable[..., Terminal]) -> None:
    running = terminal("happy")
    running.wait_for("1/3")
    running.press(keys)
    assert running.wait_for_end() == status
    assert running.echoes()
    # The line is erased, and no error was printed
    assert re.search(r"\r +\r(\r\n)?$", running.text)
    assert "emodj:" not in running.text
    assert "Trace" not in running.text


def test_arrow_keys_and_others_do_nothing(terminal: Callable[..., Terminal]) -> None:
    running = terminal("happy")
    running.wait_for("▶ 1/3")
    running.press("\x1b[A\x1b[Bw日\t\r\x1a")
    running.press("n")
    running.wait_for("▶ 2/3")
    running.press("q")
    assert running.wait_for_end() == 0


def test_thumbs_are_given_by_keys_and_kept(terminal: Callable[..., Terminal]) -> None:
    running = terminal("happy")
    running.wait_for("▶ 1/3")
    running.press("y")
    running.wait_for("liked: One, for happy")
    running.press("x")
    running.wait_for("disliked: One, for happy")
    running.wait_for("▶ 2/3")
    running.press("q")
    assert running.wait_for_end() == 0
    kept, _ = FeedbackFile().read()
    assert kept is not None
    # The skip belongs to the thumb
    assert [*kept.tallies.values()] == [Tally(1, 1, 1)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_restores_the_terminal(number: signal.Signals, terminal: Callable[..., Terminal]) -> None:
    running = terminal("happy")
    running.wait_for("▶ 1/3")
    running.process.send_signal(number)
    assert running.wait_for_end() == 128 + number
    assert running.echoes()
    assert "Trace" not in running.text


def test_a_skipped_song_is_reported_above_the_line(terminal: Callable[..., Terminal], library: Path) -> None:
    (library / "happy" / "Pit.wav").write_text("no music")
    running = terminal("happy")
    running.wait_for("▶ 1/4  One")
    running.press("n")
    running.wait_for(r"\r +\x08*\r?emodj: skipped a song: cannot play \S+Pit\.wav: it is damaged[^\n]*\n\r▶ 3/4  Three")
    running.press("q")
    assert running.wait_for_end() == 0


def test_with_keys_the_list_repeats_and_with_once_it_ends(terminal: Callable[..., Terminal]) -> None:
    running = terminal("sad")
    running.wait_for("1/2  Träne – 月.*2/2  b.*1/2  Träne – 月")
    running.press("q")
    assert running.wait_for_end() == 0
    once = terminal("sad", "--once")
    assert once.wait_for_end() == 0
    assert once.echoes()


def test_stderr_in_a_file_has_plain_lines_and_the_keys_work(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w") as output:
        running = terminal("happy", stderr=output.fileno())
        read_stderr = (tmp_path / "stderr").read_text
        until(lambda: "1/3" in read_stderr())
        running.press("n+")
        until(lambda: "2/3" in read_stderr())
        running.press("q")
        assert running.wait_for_end() == 0
    lines = [line.removeprefix("emodj: ") for line in read_stderr().splitlines()]
    assert lines == [
        "keys: . pause   z shuffle   n next   , previous   y like   x dislike   - + volume   q quit",
        "1/3  One",
        "volume 30%",
        "2/3  Three 日本",
    ]


def test_quiet_is_quiet(terminal: Callable[..., Terminal]) -> None:
    running = terminal("happy", "--quiet")
    until(lambda: not running.echoes())
    running.press("q")
    assert running.wait_for_end() == 0
    assert not running.text


def test_without_a_terminal_play_ends_after_the_last_song(run_process: Run, library: Path) -> None:
    for streams in ({"stdin": subprocess.DEVNULL}, {"stdin": subprocess.PIPE}):
        ended = run_process("play", "sad", "--library", library, "--volume", "0", **streams)
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


def test_the_nearest_mood_with_songs_is_played_and_reported(run_process: Run, library: Path) -> None:
    ended = run_process("play", "fear", "--library", library)
    assert ended.returncode == 0
    assert re.search("no song for fear.*, sad\n.*1/2", ended.stderr)


def test_the_songs_come_from_the_settings(run_process: Run, library: Path, settings: Callable[[str], Path]) -> None:
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
    ended = run_process("--config", file, "play", "sad")
    assert ended.returncode == 0
    output = ended.stderr.splitlines()
    assert [line.split(":")[1] for line in output[2:]] == [" 1/2  Träne – 月", " 2/2  b"]
    assert "nowhere" in output[0]
    assert "gone" in output[1]
    near = run_process("--config", file, "play", "angry")
    assert near.returncode == 0
    assert "no songs for angry: using the nearest mood, sad\n" in near.stderr


def test_a_library_of_the_settings_is_first(run_process: Run, library: Path, settings: Callable[[str], Path]) -> None:
    ended = run_process("--config", settings(f'[music]\nlibrary = "{library}"\n'), "play", "sad")
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
    # Without time for a search, one poll cannot check them all
    monkeypatch.setattr(player, "SEARCH_TIME_S", 0.0)
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
    def other_job(_terminal: int) -> int:
        return os.getpgrp() + 1

    def this_job(_terminal: int) -> int:
        return os.getpgrp()

    parent_fd, child_fd = pty.openpty()
    with os.fdopen(child_fd) as stdin, monkeypatch.context() as patch:
        patch.setattr("sys.stdin", stdin)
        # tcgetpgrp fails for a terminal that does not control this process: no other job reads its keys
        assert can_read_keys()
        patch.setattr(os, "tcgetpgrp", other_job)
        assert not can_read_keys()
        patch.setattr(os, "tcgetpgrp", this_job)
        assert can_read_keys()
    os.close(parent_fd)
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
