from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import just_playback
import pytest
from just_playback import playback as library

from realtime.errors import EmodjError
from realtime.music.local import file_player as module
from realtime.music.local.file_player import FilePlayer, UnplayableError
from tests.support.rights import unprivileged
from tests.support.sounds import SUFFIXES, silence, sound
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from just_playback import Playback

TEN_HOURS_S = 36_000.0
NO_CONTROLS = str.maketrans(dict.fromkeys("\0\n\x85\u2028", "�"))


@pytest.fixture
def player() -> Iterator[FilePlayer]:
    player = FilePlayer()
    player.volume = 0
    yield player
    player.close()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_format_plays_to_its_end(suffix: str, player: FilePlayer, tmp_path: Path) -> None:
    assert not player.ended
    player.play(sound(tmp_path / f"song.{suffix}"))
    until(lambda: player.ended)
    assert player.ended


def test_paused_song_has_not_ended(player: FilePlayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    player.play(silence(tmp_path / "song.wav", TEN_HOURS_S))
    player.pause()
    player.pause()
    assert not any(player.ended for _ in range(100) if clock.advance(0.25))
    player.resume()
    player.resume()
    assert not player.ended


def test_stopped_song_has_not_ended(player: FilePlayer, tmp_path: Path) -> None:
    player.play(silence(tmp_path / "song.wav", TEN_HOURS_S))
    player.stop()
    assert not player.ended
    for action in (player.pause, player.resume, player.stop):
        action()
    player.play(sound(tmp_path / "next.wav"))
    until(lambda: player.ended)


def test_play_replaces_the_current_song(player: FilePlayer, tmp_path: Path) -> None:
    player.play(silence(tmp_path / "long.wav", TEN_HOURS_S))
    player.play(sound(tmp_path / "short.wav"))
    until(lambda: player.ended)


def test_volume_persists_across_songs_and_is_clipped(player: FilePlayer, tmp_path: Path) -> None:
    player.play(silence(tmp_path / "one.wav", 60))
    player.volume = 0.3
    assert player.volume == 0.3
    player.play(silence(tmp_path / "two.wav", 60))
    playback = player._playback  # pyright: ignore[reportPrivateUsage] - the player has no public device volume
    assert playback is not None
    assert playback.volume == pytest.approx(0.3)
    player.pause()
    player.volume = 7
    assert player.volume == playback.volume == 1
    player.volume = -1
    assert player.volume == 0


# Peak memory in kB; measured in a new process, so that no earlier peak counts
MEMORY = """
import re, sys
from pathlib import Path
from realtime.music.local.file_player import FilePlayer
from tests.support.waiting import until
def peak_kb():
    return int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
player = FilePlayer()
player.volume = 0
used = []
for path in sys.argv[1:]:
    player.play(Path(path))
    until(lambda: player._playback.curr_pos > 0)
    used.append(peak_kb())
player.close()
print(used[1] - used[0])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux reports the peak memory of a process")
def test_ten_hour_song_is_streamed_not_loaded(tmp_path: Path) -> None:
    songs = [sound(tmp_path / "short.flac", 5), silence(tmp_path / "long.wav", TEN_HOURS_S)]
    completed = subprocess.run([sys.executable, "-c", MEMORY, *songs], check=True, capture_output=True, text=True)
    assert int(completed.stdout) < 50_000


def test_wrong_suffixes_and_odd_names_play(player: FilePlayer, tmp_path: Path) -> None:
    song = sound(tmp_path / "song.mp3", title="Tïtle")
    # Windows has no file with such a name
    names = ["日本 – ü\n.mp3", os.fsdecode(b"not text \xff.mp3")] if os.name == "posix" else ["日本 – ü.mp3"]
    for name in ("song.wav", "no suffix", *names, "-.flac"):
        player.play(song.rename(tmp_path / name))
        song = tmp_path / name
        until(lambda: player.ended)


def test_unplayable_file_raises_and_stops_the_previous_song(player: FilePlayer, tmp_path: Path) -> None:
    good = silence(tmp_path / "good.wav", 60)
    (tmp_path / "text.mp3").write_text("no music")
    (tmp_path / "empty.wav").touch()
    (tmp_path / "noise.ogg").write_bytes(bytes(range(256)) * 100)
    (tmp_path / "cut.opus").write_bytes(sound(tmp_path / "whole.opus").read_bytes()[:100])
    (tmp_path / "folder.mp3").mkdir()
    (tmp_path / "dangling.mp3").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.mp3")
    for name in (
        "text.mp3",
        "empty.wav",
        "noise.ogg",
        "cut.opus",
        "folder.mp3",
        "dangling.mp3",
        "pipe.mp3",
        "missing.mp3",
        "x" * 300,
        "a\0b",
        "a\nemodj: forged\x85\u2028.mp3",
    ):
        player.play(good)
        with pytest.raises(UnplayableError, match=name.translate(NO_CONTROLS)) as raised:
            player.play(tmp_path / name)
        assert len(str(raised.value).splitlines()) == 1
        assert not player.ended
        player.resume()
    player.play(good)


@unprivileged
def test_unreadable_file_raises(player: FilePlayer, tmp_path: Path) -> None:
    song = sound(tmp_path / "song.wav")
    song.chmod(0)
    with pytest.raises(UnplayableError, match=r"song\.wav"):
        player.play(song)


def test_truncated_file_ends_normally(player: FilePlayer, tmp_path: Path) -> None:
    song = sound(tmp_path / "song.mp3", 20)
    song.write_bytes(song.read_bytes()[: song.stat().st_size // 60])
    player.play(song)
    until(lambda: player.ended)


def test_stalled_song_counts_as_ended(player: FilePlayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    player.play(silence(tmp_path / "song.wav", TEN_HOURS_S))
    wait_for_progress(player)
    # As after a sound device is unplugged: it requests no more samples
    monkeypatch.setattr(just_playback.Playback, "curr_pos", 1.0)
    polls = [player.ended for _ in range(40) if clock.advance(0.25)]
    assert polls == sorted(polls)
    assert 19 <= polls.index(True) <= 21
    monkeypatch.undo()


def test_long_gap_between_polls_is_no_stall(player: FilePlayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(just_playback.Playback, "curr_pos", 1.0)
    player.play(silence(tmp_path / "song.wav", TEN_HOURS_S))
    assert not player.ended
    assert clock.advance(3600)
    assert not player.ended


class Clock:
    """Replaces `time`."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def monotonic(self) -> float:
        return self._now_s

    def advance(self, seconds: float) -> bool:
        self._now_s += seconds
        return True


def wait_for_progress(player: FilePlayer) -> None:
    """Wait until the position of the song moves."""
    playback = player._playback  # pyright: ignore[reportPrivateUsage] - the player has no public position
    assert playback is not None
    until(lambda: playback.curr_pos > 0)
    assert not player.ended


def test_device_failure_is_not_reported_as_unplayable_file(
    player: FilePlayer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = silence(tmp_path / "song.wav", 60)
    player.play(song)
    player.pause()
    for function, number in (("set_device_volume", -300), ("start_audio_stream", -402)):
        with monkeypatch.context() as patch:
            patch.setattr(library, "lib", Failing(library.lib, function, number))
            with pytest.raises(EmodjError, match="no sound") as raised:
                player.resume() if function.startswith("start") else setattr(player, "volume", 0.5)
            assert not isinstance(raised.value, UnplayableError)
    with monkeypatch.context() as patch:
        patch.setattr(library, "lib", Failing(library.lib, "init_audio_stream", -401))
        with pytest.raises(EmodjError, match="no sound") as raised:
            player.play(song)
        assert not isinstance(raised.value, UnplayableError)
    player.play(song)


class Failing:
    """The C library of just_playback with one function that fails."""

    def __init__(self, lib: object, function: str, number: int) -> None:
        self._lib, self._function, self._number = lib, function, number

    def __getattr__(self, name: str) -> object:
        return self._fail if name == self._function else getattr(self._lib, name)

    def _fail(self, *_: object) -> int:
        return self._number


def test_missing_just_playback_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "just_playback", None)
    with pytest.raises(EmodjError, match="just_playback does not run here"):
        FilePlayer()


PROGRAM = """
import os, sys
from pathlib import Path
from realtime.music.local.file_player import FilePlayer
from tests.support.waiting import until
threads = lambda: len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1
before = threads()
player = FilePlayer()
player.volume = 0
for path in sys.argv[1:]:
    player.play(Path(path))
    assert threads() > before or before == 1
    until(lambda: player.ended)
player.close()
until(lambda: threads() == before)
print("done")
"""


def test_player_prints_nothing_and_leaves_no_thread(tmp_path: Path) -> None:
    songs = [sound(tmp_path / "one.wav"), sound(tmp_path / "two.mp3")]
    completed = subprocess.run([sys.executable, "-c", PROGRAM, *songs], check=False, capture_output=True, text=True)
    # Without a sound card ALSA would print two hundred lines
    assert (completed.returncode, completed.stdout, completed.stderr) == (0, "done\n", "")


# Fades


class Steps:
    """A clock that goes one step further each time that it is asked or that somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def volumes(player: FilePlayer) -> tuple[float | None, float | None]:
    """Volume of the file that leaves, and of the file."""
    leaving, playback = playbacks(player)
    return leaving and round(leaving.volume, 2), playback and round(playback.volume, 2)


def playbacks(player: FilePlayer) -> tuple[Playback | None, Playback | None]:
    """The library's objects of the file that leaves and of the file; no sound says which volume they have."""
    return vars(player)["_leaving"], vars(player)["_playback"]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    steps = Steps()
    monkeypatch.setattr(module, "time", steps)
    return steps


def test_one_file_fades_into_the_next(player: FilePlayer, steps: Steps, tmp_path: Path) -> None:
    first, second = (silence(tmp_path / f"{name}.wav", TEN_HOURS_S) for name in "ab")
    player.volume, player.fade_s = 0.5, 2.0
    player.play(first)
    assert (volumes(player), player.fading) == ((None, 0.5), False)
    player.play(second)
    assert (volumes(player), player.fading) == ((0.5, 0.0), True)
    steps.sleep(1)
    player.step_fade()
    assert volumes(player) == (0.35, 0.35)
    steps.sleep(1)
    player.step_fade()
    assert (volumes(player), player.fading) == ((None, 0.5), False)


def test_a_file_fades_to_a_pause_and_a_resume_takes_it_back(player: FilePlayer, steps: Steps, tmp_path: Path) -> None:
    player.volume, player.fade_s = 0.5, 2.0
    player.play(silence(tmp_path / "a.wav", TEN_HOURS_S))
    player.fade_out()
    steps.sleep(1)
    player.step_fade()
    assert volumes(player) == (None, 0.35)
    player.resume()
    assert (volumes(player), player.fading) == ((None, 0.5), False)
    player.fade_out()
    steps.sleep(2)
    player.step_fade()
    assert not player.fading
    playback = playbacks(player)[1]
    assert playback is not None
    assert playback.paused
    player.resume()
    assert (volumes(player), playback.paused) == ((None, 0.5), False)


def test_a_fade_within_a_fade_begins_at_the_volume_of_now(player: FilePlayer, steps: Steps, tmp_path: Path) -> None:
    first, second, third = (silence(tmp_path / f"{name}.wav", TEN_HOURS_S) for name in "abc")
    player.volume, player.fade_s = 0.5, 2.0
    player.play(first)
    player.play(second)
    steps.sleep(1)
    player.step_fade()
    player.play(third)
    assert volumes(player) == (0.35, 0.0)
    player.step_fade()
    assert volumes(player) == (0.35, 0.0)
    steps.sleep(1)
    player.step_fade()
    assert volumes(player) == (0.25, 0.35)
    player.fade_out()
    player.step_fade()
    assert volumes(player) == (0.25, 0.35)
    steps.sleep(1)
    player.step_fade()
    assert volumes(player) == (0.18, 0.25)
    steps.sleep(1)
    player.step_fade()
    assert (volumes(player), player.fading) == ((None, 0.0), False)
    player.play(first)
    assert volumes(player) == (None, 0.5)


def test_a_key_during_a_fade_ends_it(player: FilePlayer, steps: Steps, tmp_path: Path) -> None:
    first, second = (silence(tmp_path / f"{name}.wav", TEN_HOURS_S) for name in "ab")
    player.volume, player.fade_s = 0.5, 2.0
    player.play(first)
    player.play(second)
    player.volume = 0.4
    assert volumes(player) == (0.5, 0.0), "the next step brings the new volume"
    steps.sleep(1)
    player.step_fade()
    assert volumes(player) == (0.28, 0.28)
    player.pause()
    assert (volumes(player), player.fading) == ((None, 0.4), False)
    player.stop()
    assert volumes(player) == (None, None)


def test_a_file_that_cannot_be_played_ends_the_one_before(player: FilePlayer, steps: Steps, tmp_path: Path) -> None:
    del steps
    player.fade_s = 2.0
    player.play(silence(tmp_path / "a.wav", TEN_HOURS_S))
    with pytest.raises(UnplayableError):
        player.play(tmp_path / "none.wav")
    assert (playbacks(player)[0], player.fading) == (None, False)


def test_a_player_that_is_left_fades_out(player: FilePlayer, steps: Steps, tmp_path: Path) -> None:
    player.fade_s = 0.8
    player.play(silence(tmp_path / "a.wav", TEN_HOURS_S))
    player.leave()
    assert volumes(player) == (None, None)
    assert steps.now_s == pytest.approx(100.8, abs=0.1)
    player.leave()


@pytest.mark.parametrize(("seconds", "is_ending"), [(10.0, True), (7.9, False)])
def test_a_song_ends_early_for_a_fade_unless_it_is_short(
    seconds: float, *, is_ending: bool, player: FilePlayer, tmp_path: Path
) -> None:
    player.fade_s = 2.0
    player.play(silence(tmp_path / "a.wav", seconds))
    assert not player.ending
    playback = playbacks(player)[1]
    assert playback is not None
    playback.seek(seconds - 1.5)
    until(lambda: playback.curr_pos >= seconds - 1.5)
    assert player.ending is is_ending
    player.fade_s = 0.0
    assert not player.ending


def test_the_length_of_an_mp3_is_known_if_its_frames_are_counted(tmp_path: Path) -> None:
    plain, counted, tagged = (tmp_path / f"{name}.mp3" for name in ("plain", "counted", "tagged"))
    plain.write_bytes(b"\xff\xfb\x90\x00" + bytes(1000))
    counted.write_bytes(b"\xff\xfb\x90\x00" + bytes(32) + b"Info" + bytes(1000))
    tagged.write_bytes(b"ID3\x04\x00\x00\x00\x04\x00\x00" + bytes(4 << 14) + counted.read_bytes())
    states = [module.states_length(path) for path in (plain, counted, tagged, tmp_path / "none.mp3", tmp_path / "none.ogg")]
    assert states == [False, True, True, False, True]
