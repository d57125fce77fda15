"""IsolatedPlayer with real processes, real songs, and songs that crash the decoder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from realtime.errors import EmodjError
from realtime.music.local import isolated_player as module
from realtime.music.local.file_player import UnplayableError
from realtime.music.local.isolated_player import IsolatedPlayer
from tests.support.sounds import SUFFIXES, damaged_ogg, silence, sound
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR_S = 3600.0
# Windows has no file with such a name
POSIX_NAMES = ["日本 – ü\n.wav", os.fsdecode(b"not text \xff.wav")] if os.name == "posix" else []
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without a signal")


@pytest.fixture
def player() -> Iterator[IsolatedPlayer]:
    player = IsolatedPlayer()
    player.volume = 0
    yield player
    player.close()


def process_of(player: IsolatedPlayer) -> subprocess.Popen[bytes]:
    process = player._process  # pyright: ignore[reportPrivateUsage] - the player does not name its process
    assert process is not None
    return process


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_format_plays_to_its_end(suffix: str, player: IsolatedPlayer, tmp_path: Path) -> None:
    assert not player.ended
    player.play(sound(tmp_path / f"song.{suffix}"))
    until(lambda: player.ended)
    assert player.take_fault() is None


def test_controls(player: IsolatedPlayer, tmp_path: Path) -> None:
    for action in (player.pause, player.resume, player.stop):
        action()
    player.play(silence(tmp_path / "song.wav", HOUR_S))
    player.volume = 7
    assert player.volume == 1
    player.pause()
    player.resume()
    assert not player.ended
    player.stop()
    assert not player.ended
    assert player.take_fault() is None


@pytest.mark.parametrize("name", ["日本 – ü.wav", *POSIX_NAMES])
def test_odd_names_play(name: str, player: IsolatedPlayer, tmp_path: Path) -> None:
    player.play(sound(tmp_path / "song.wav").rename(tmp_path / name))
    until(lambda: player.ended)


def test_unplayable_file_is_explained_by_the_same_process(player: IsolatedPlayer, tmp_path: Path) -> None:
    (tmp_path / "text.mp3").write_text("no music")
    number = process_of(player).pid
    for name, sentence in (("text.mp3", "it is damaged, or none of"), ("gone\n.mp3", "there is no such file")):
        with pytest.raises(UnplayableError, match=sentence) as raised:
            player.play(tmp_path / name)
        assert len(str(raised.value).splitlines()) == 1
    assert process_of(player).pid == number


def test_file_that_crashes_the_decoder_is_unplayable_and_the_next_one_plays(player: IsolatedPlayer, tmp_path: Path) -> None:
    bad, good = damaged_ogg(tmp_path / "bad.ogg"), sound(tmp_path / "good.ogg")
    crashed = process_of(player)
    with pytest.raises(UnplayableError) as raised:
        player.play(bad)
    assert str(raised.value).startswith(f"cannot play {bad}: it is damaged (it crashed the player: ")
    assert crashed.returncode not in {0, None}
    player.play(good)
    number = process_of(player).pid
    # It is refused without another crash
    with pytest.raises(UnplayableError, match="it is damaged"):
        player.play(bad)
    assert process_of(player).pid == number
    assert not player.ended
    player.play(good)
    until(lambda: player.ended)


@needs_signals
def test_crash_during_a_song_ends_it_with_a_sentence(player: IsolatedPlayer, tmp_path: Path) -> None:
    song = silence(tmp_path / "song.wav", HOUR_S)
    player.play(song)
    process_of(player).send_signal(signal.SIGSEGV)
    until(lambda: player.ended)
    for action in (player.pause, player.resume):
        action()
    player.volume = 0.5
    assert player.ended
    assert player.take_fault() == f"cannot play {song}: it is damaged (it crashed the player: SIGSEGV)"
    assert player.take_fault() is None
    with pytest.raises(UnplayableError, match="it is damaged"):
        player.play(song)
    player.play(sound(tmp_path / "next.wav"))
    until(lambda: player.ended)


@needs_signals
def test_process_ended_from_outside_blames_no_song(player: IsolatedPlayer, tmp_path: Path) -> None:
    song = silence(tmp_path / "song.wav", HOUR_S)
    player.play(song)
    process_of(player).terminate()
    until(lambda: player.ended)
    assert player.take_fault() == "the process that plays music files was ended (SIGTERM)"
    player.play(song)
    process_of(player).kill()
    process_of(player).wait()
    player.stop()
    player.play(sound(tmp_path / "next.wav"))
    until(lambda: player.ended)


@needs_signals
def test_process_ignores_ctrl_c(player: IsolatedPlayer, tmp_path: Path) -> None:
    player.play(silence(tmp_path / "song.wav", HOUR_S))
    process_of(player).send_signal(signal.SIGINT)
    assert not player.ended
    player.stop()
    assert process_of(player).poll() is None


def test_close_ends_the_process(tmp_path: Path) -> None:
    player = IsolatedPlayer()
    player.play(silence(tmp_path / "song.wav", HOUR_S))
    process = process_of(player)
    player.close()
    assert process.returncode == 0
    player.close()
    player.stop()
    assert not player.ended


@needs_signals
def test_process_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSE_TIMEOUT_S", 0.01)
    player = IsolatedPlayer()
    process = process_of(player)
    process.send_signal(signal.SIGSTOP)
    player.close()
    assert process.returncode == -signal.SIGKILL


@needs_signals
def test_process_that_is_suspended_is_killed(player: IsolatedPlayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    song = silence(tmp_path / "song.wav", HOUR_S)
    player.play(song)
    process, threads = process_of(player), set(threading.enumerate())
    process.send_signal(signal.SIGSTOP)
    with monkeypatch.context() as patch:
        patch.setattr(module, "ANSWER_TIMEOUT_S", 0.01)
        assert player.ended
        assert player.take_fault() == "the process that plays music files did not answer within 0.01 s, and was ended"
    assert process.returncode == -signal.SIGKILL
    assert set(threading.enumerate()) <= threads
    # The song is not to blame
    player.play(song)
    assert not player.ended


# A process in which each file hangs its decoder
HANGING = """
import time
from realtime.music.local import player_process as module
module.REQUEST_TIMEOUT_S = 0.05
module.FilePlayer.play = lambda *_: time.sleep(3600)
module.main()
"""


def test_file_that_hangs_the_decoder_is_unplayable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_COMMAND", (sys.executable, "-c", HANGING))
    player = IsolatedPlayer()
    with pytest.raises(UnplayableError, match=r"song\.wav: it did not load within 30 s: it is damaged, or its disk is slow"):
        player.play(silence(tmp_path / "song.wav", HOUR_S))
    player.close()


@needs_signals
def test_answer_that_is_none_ends_the_process(player: IsolatedPlayer, tmp_path: Path) -> None:
    song = silence(tmp_path / "song.wav", HOUR_S)
    process = process_of(player)
    assert process.stdin is not None
    for line in (b"no JSON\n", b"[]\n"):
        process.stdin.write(line)
    process.stdin.flush()
    with pytest.raises(UnplayableError, match="it is damaged"):
        player.play(song)
    assert process.returncode is not None


# A process that leaves the player to the end of the interpreter, which may be a crash
ORPHAN = """
import os, sys
from pathlib import Path
from realtime.music.local.isolated_player import IsolatedPlayer
player = IsolatedPlayer()
player.volume = 0
player.play(Path(sys.argv[1]))
print(player._process.pid, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_process_ends_with_the_one_that_started_it(tmp_path: Path) -> None:
    song = silence(tmp_path / "song.wav", HOUR_S)
    ended = subprocess.run([sys.executable, "-c", ORPHAN, song], capture_output=True, text=True, check=False)
    number = int(ended.stdout)

    def gone() -> bool:
        try:
            with open(f"/proc/{number}/cmdline", "rb") as file:  # noqa: PTH123
                return b"player_process" not in file.read()
        except (FileNotFoundError, ProcessLookupError):
            return True

    until(gone)


def test_process_that_cannot_start_raises(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(module, "_COMMAND", (str(tmp_path / "no python"),))
        with pytest.raises(EmodjError, match="cannot play music files: their process cannot be started"):
            IsolatedPlayer()
    (tmp_path / "just_playback.py").write_text("raise SystemExit(3)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(EmodjError, match=r"their process ended at its start \(status 3\)"):
        IsolatedPlayer()


# Plays, and prints the modules that this process has loaded
MODULES = """
import sys
from pathlib import Path
from realtime.music.local.isolated_player import IsolatedPlayer
player = IsolatedPlayer()
player.volume = 0
player.play(Path(sys.argv[1]))
player.close()
print(*sys.modules)
"""


def test_process_of_the_session_loads_no_decoder(tmp_path: Path) -> None:
    song = sound(tmp_path / "song.ogg")
    loaded = subprocess.run([sys.executable, "-c", MODULES, song], capture_output=True, text=True, check=True).stdout
    assert not {"just_playback", "_ma_playback"} & set(loaded.split())
