"""A whole evening with the DJ: a film of drawn faces, real songs in a folder for each mood, the real network and decoder."""

from __future__ import annotations

import json
import re
from itertools import count, islice
from typing import TYPE_CHECKING

import pytest

from realtime.app.build import build_frame_reader, build_playlists, build_recommender, build_session
from realtime.config.files import load_settings
from realtime.domain import Expression, Frame
from realtime.music.commands import PlayerCommand
from realtime.music.controller import MusicController
from realtime.storage import resources
from tests.support.clips import RATE, write_clip
from tests.support.drawn_faces import drawn_scene
from tests.support.live import run_live
from tests.support.sounds import sound
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from realtime.music.songs import SongEnd

HAPPY, SURPRISE, NEUTRAL = Expression.HAPPY, Expression.SURPRISE, Expression.NEUTRAL
SETTINGS = """
[music]
library = "songs"
volume = 0
dj_begin_s = 2
dj_hold_s = 6
dj_decent_s = 30
dj_away_s = 20
[mood]
window_s = 2.0
"""
LOOKS_PER_S = 4


def settings_file(folder: Path) -> Path:
    path = folder / "dj.toml"
    path.write_text(SETTINGS, encoding="utf-8")
    return path


class DjEvening:
    """The parts of a session without its loop: the film has a time of its own, and a song ends only in `end_song`."""

    def __init__(self, folder: Path) -> None:
        settings = load_settings([resources.shipped_config(), settings_file(folder)])
        self.said: list[str] = []
        self.ends: list[SongEnd] = []
        self.session = build_session(
            settings,
            build_playlists(settings, self.said.append),
            build_recommender(settings, self.said.append, 0),
            mirrored=False,
        )
        self.music = MusicController(
            lambda choice, _why: self.said.append(choice.place),
            lambda _title: None,
            library=settings.music.library,
            volume=0,
            shuffle=False,
            spotify_device="",
            on_song_end=self.ends.append,
        )
        self._reader = build_frame_reader(settings, self.said.append)
        self._steps = count()
        self._now_s = 0.0
        self.session.handle_key("a", 0)

    @property
    def whats(self) -> list[str]:
        return [event.what for event in self.session.summary().dj or ()]

    @property
    def song(self) -> str | None:
        playing = self.music.now_playing()[0]
        return None if playing is None else playing.title

    def look(self, seconds: float, expression: Expression | None) -> None:
        """Let a part of the film pass, with one face or an empty room."""
        for step in islice(self._steps, round(seconds * LOOKS_PER_S)):
            self._now_s += 1 / LOOKS_PER_S
            faces = self._reader.read(Frame(drawn_scene(step, expression), step, self._now_s))
            self.session.add_frame(faces, self._now_s)
            command = self.session.lead_music(self._now_s, self.music.playing_music())
            if command is not None:
                self.music.handle(command)

    def end_song(self) -> str | None:
        """Play the song to its end; returns the title of the next one."""
        before = self.music.playing_music().song

        def next_plays() -> bool:
            self.music.poll()
            return self.music.playing_music().song > before

        until(next_plays)
        return self.song


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[DjEvening]:
    for mood in (HAPPY, SURPRISE, NEUTRAL):
        for number in (1, 2, 3):
            sound(tmp_path / "songs" / mood.value / f"{mood.value} {number}.ogg", seconds=0.3)
    made = DjEvening(tmp_path)
    yield made
    made.music.close()


def test_music_follows_the_faces_of_an_evening(evening: DjEvening) -> None:
    evening.look(1, HAPPY)
    assert evening.song is None
    evening.look(4, HAPPY)
    assert (evening.song, evening.whats) == ("happy 1", ["begin", "changed"])
    assert evening.end_song() == "happy 2"
    # Another mood passes
    evening.look(5, SURPRISE)
    evening.look(3, HAPPY)
    assert evening.end_song() == "happy 3"
    assert set(evening.whats) <= {"begin", "changed"}
    # It stays, and changes the music at the end of the song
    evening.look(12, SURPRISE)
    assert (evening.song, evening.whats) == ("happy 3", ["begin", "changed", "next"])
    assert evening.end_song() == "surprise 1"
    evening.look(3, SURPRISE)
    assert evening.end_song() == "surprise 2"
    # Everybody leaves; the music plays on, fades, and goes on when somebody is back
    evening.look(15, None)
    assert evening.end_song() == "surprise 3"
    assert not evening.music.playing_music().paused
    evening.look(10, None)
    assert evening.music.playing_music().paused
    evening.look(2, SURPRISE)
    assert (evening.song, evening.music.playing_music().paused) == ("surprise 3", False)
    evening.look(12, NEUTRAL)
    assert evening.end_song() == "neutral 1"
    evening.look(1, NEUTRAL)
    assert evening.whats == ["begin", "changed", "next", "changed", "fade", "resume", "next", "changed"]
    # Every song but the one that plays was heard to its end
    assert {end.how for end in evening.ends} == {"finished"}
    assert [end.song.path.stem for end in evening.ends if end.song.path] == [
        *(f"happy {number}" for number in (1, 2, 3)),
        *(f"surprise {number}" for number in (1, 2, 3)),
    ]
    assert evening.said == []


def test_keys_win_over_the_dj(evening: DjEvening) -> None:
    evening.look(5, HAPPY)
    evening.session.handle_key("5", 5)
    evening.look(1, HAPPY)
    assert evening.end_song() == "neutral 1", "a mood by hand needs no time to hold"
    evening.session.handle_key("0", 6)
    evening.look(4, SURPRISE)
    command = evening.session.handle_key("p", 10)
    assert isinstance(command, PlayerCommand)
    evening.music.handle(command)
    assert evening.song == "surprise 1"
    evening.session.handle_key("a", 11)
    evening.look(15, HAPPY)
    assert evening.end_song() == "surprise 2"


@pytest.mark.window
def test_the_window_plays_an_evening_by_itself(display: str, tmp_path: Path) -> None:
    for mood in (HAPPY, SURPRISE):
        for number in range(1, 7):
            sound(tmp_path / "songs" / mood.value / f"{mood.value}{number}.ogg", seconds=1)
    first = [drawn_scene(step, HAPPY) for step in range(12 * RATE)]
    film = write_clip(tmp_path / "film.mov", first, [drawn_scene(step, SURPRISE) for step in range(40)])
    options = ("-v", "--config", str(settings_file(tmp_path)), "--source", str(film), "--dj", "--log", "evening.jsonl")
    with run_live(display, tmp_path, *options) as emodj:
        log = tmp_path / "evening.jsonl"

        def events() -> list[tuple[str, str]]:
            lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
            return [(event["what"], event["mood"]) for line in lines for event in line.get("dj", ())]

        until(lambda: len(events()) >= 4)
        assert events() == [("begin", "happy"), ("changed", "happy"), ("next", "surprise"), ("changed", "surprise")]
        emodj.press_until("q", lambda: emodj.process.poll() == 0)
    ended = re.findall(r"(happy|surprise)(\d)\.ogg (\w+) after", emodj.stderr)
    assert {how for _, _, how in ended[:-1]} == {"finished"}
    assert ended[-1][2] == "stopped"
    moods = [mood for mood, _, _ in ended]
    assert moods == sorted(moods), "happy songs, then surprising ones, and never back"
    assert [int(number) for mood, number, _ in ended if mood == "happy"][:3] == [1, 2, 3]
