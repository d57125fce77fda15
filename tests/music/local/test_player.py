"""A jukebox with the real player, and with one that plays nothing where the order of the songs is all that counts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from realtime.errors import EmodjError
from realtime.music.commands import PlayerCommand
from realtime.music.local import player as module
from realtime.music.local.file_player import FilePlayer, UnplayableError
from realtime.music.local.player import LocalPlayer
from realtime.music.songs import NowPlaying, Song
from tests.support.player_keys import COMMAND_KEYS
from tests.support.sounds import silence, sound
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

NEXT, BACK, PAUSE, SHUFFLE, LOUDER = (COMMAND_KEYS[key] for key in "n,.z+")


class Desk:
    """A player on whose desk the songs lie."""

    def __init__(self) -> None:
        self.volume = 1.0
        self.ended = False
        self.playing: Path | None = None
        self.paused = False
        self.broken: set[Path] = set()
        self.unplugged = False

    def play(self, path: Path) -> None:
        self.playing, self.paused, self.ended = None, False, False
        if path in self.broken:
            raise UnplayableError(f"cannot play {path}: it is damaged")
        self.resume()
        self.playing = path

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        if self.unplugged:
            raise EmodjError("no sound: the sound device does not answer")
        self.paused = False

    def stop(self) -> None:
        self.playing, self.ended = None, False

    def close(self) -> None:
        self.stop()


PATHS = [Path(f"/music/{name}.mp3") for name in "abcdefghijkl"]
SONGS = [Song(path.stem.upper(), "Somebody", path) for path in PATHS]


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def jukebox(desk: Desk) -> LocalPlayer:
    return LocalPlayer(desk, volume=0.7, shuffle=False, seed=1)


@pytest.fixture
def real() -> Iterator[LocalPlayer]:
    with LocalPlayer(FilePlayer(), volume=0, shuffle=False) as jukebox:
        yield jukebox


def playing(jukebox: LocalPlayer) -> NowPlaying:
    now = jukebox.now_playing
    assert now is not None
    return now


def title(jukebox: LocalPlayer) -> str:
    return playing(jukebox).title


def ends(jukebox: LocalPlayer, desk: Desk) -> str | None:
    """The song comes to its end."""
    desk.ended = True
    assert jukebox.track_ended
    return jukebox.poll()


def test_nothing_is_on_at_the_start(jukebox: LocalPlayer) -> None:
    assert (jukebox.now_playing, jukebox.key, jukebox.finished, jukebox.track_ended, jukebox.poll()) == (
        None,
        None,
        True,
        False,
        None,
    )
    for wish in (NEXT, BACK, PAUSE):
        assert jukebox.handle(wish) == "nothing is playing: press p for music"
    assert jukebox.handle(PlayerCommand()) is None
    assert jukebox.handle(SHUFFLE) == "shuffle on"
    assert jukebox.handle(LOUDER) == "volume 80%"


def test_one_song_after_the_other_and_round_again(jukebox: LocalPlayer, desk: Desk) -> None:
    assert jukebox.play(SONGS[:2], "ab") is None
    assert jukebox.now_playing == NowPlaying("A", "Somebody", 1, 2, paused=False, shuffled=False, volume=0.7)
    assert jukebox.poll() is None
    for expected in "BAB":
        assert ends(jukebox, desk) is None
        assert title(jukebox) == expected


def test_once_is_each_song_once(desk: Desk) -> None:
    jukebox = LocalPlayer(desk, volume=1, shuffle=True, seed=1, once=True)
    jukebox.play(SONGS, "all")
    heard = [title(jukebox)]
    while ends(jukebox, desk) is None and not jukebox.finished:
        heard.append(title(jukebox))
    assert sorted(heard) == list("ABCDEFGHIJKL")
    assert desk.playing is None


def test_once_ends_behind_a_last_song_that_is_broken(desk: Desk) -> None:
    jukebox = LocalPlayer(desk, volume=1, shuffle=False, once=True)
    desk.broken = {PATHS[1]}
    jukebox.play(SONGS[:2], "ab")
    assert ends(jukebox, desk) == "skipped a song: cannot play /music/b.mp3: it is damaged"
    assert jukebox.finished


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (NEXT, "B"),
        (BACK, "L"),
        (NEXT.merged_with(NEXT).merged_with(NEXT), "D"),
        (PlayerCommand(skip=-13), "L"),
        (NEXT.merged_with(BACK), "A"),
    ],
)
def test_a_skip_goes_either_way_and_any_number(wish: PlayerCommand, expected: str, jukebox: LocalPlayer) -> None:
    jukebox.play(SONGS, "all")
    assert jukebox.handle(wish) is None
    assert title(jukebox) == expected


def test_a_pause_and_on_again(jukebox: LocalPlayer, desk: Desk) -> None:
    jukebox.play(SONGS, "all")
    assert jukebox.handle(PAUSE) is None
    assert playing(jukebox).paused
    assert desk.paused
    desk.ended = True
    assert not jukebox.track_ended
    desk.ended = False
    jukebox.handle(PAUSE.merged_with(PAUSE).merged_with(PAUSE))
    assert not playing(jukebox).paused
    assert not desk.paused


def test_a_skip_plays_also_out_of_a_pause(jukebox: LocalPlayer, desk: Desk) -> None:
    jukebox.play(SONGS, "all")
    jukebox.handle(PAUSE)
    jukebox.handle(NEXT)
    assert (title(jukebox), playing(jukebox).paused, desk.playing) == ("B", False, PATHS[1])


def test_shuffle_keeps_the_song_and_repeats_none(jukebox: LocalPlayer, desk: Desk) -> None:
    jukebox.play(SONGS, "all")
    jukebox.handle(NEXT)
    assert jukebox.handle(SHUFFLE) == "shuffle on"
    assert playing(jukebox) == NowPlaying("B", "Somebody", 2, 12, paused=False, shuffled=True, volume=0.7)
    heard = ["B"]
    for _ in range(11):
        ends(jukebox, desk)
        heard.append(title(jukebox))
    assert sorted(heard) == list("ABCDEFGHIJKL")
    assert heard != sorted(heard)
    jukebox.handle(PlayerCommand(skip=-11))
    assert title(jukebox) == "B"
    jukebox.handle(BACK)
    assert title(jukebox) == "A"
    assert jukebox.handle(SHUFFLE) == "shuffle off"
    jukebox.handle(NEXT)
    assert title(jukebox) == "B"


def test_the_volume_goes_in_steps_and_stays_in_its_bounds(jukebox: LocalPlayer, desk: Desk) -> None:
    jukebox.play(SONGS, "all")
    assert jukebox.handle(COMMAND_KEYS["="]) == "volume 80%"
    assert (desk.volume, playing(jukebox).volume) == (0.8, 0.8)
    assert jukebox.handle(PlayerCommand(louder=9, shuffle=True)) == "volume 100%, shuffle on"
    assert jukebox.handle(PlayerCommand(louder=-99)) == "volume 0%"
    assert desk.volume == 0


def test_the_same_list_goes_on_and_another_begins_anew(jukebox: LocalPlayer, desk: Desk) -> None:
    jukebox.play(SONGS, "all")
    jukebox.handle(PlayerCommand(skip=2, toggle=True))
    jukebox.handle(PAUSE)
    assert jukebox.play(SONGS, "all") is None
    assert (title(jukebox), playing(jukebox).paused, desk.paused) == ("C", False, False)
    jukebox.play(SONGS[5:], "others")
    assert (title(jukebox), jukebox.key) == ("F", "others")
    jukebox.stop()
    assert (jukebox.now_playing, jukebox.key, desk.playing) == (None, None, None)
    jukebox.play(SONGS[5:], "others")
    assert title(jukebox) == "F"


def test_a_broken_song_is_skipped_in_the_direction_of_the_skip_and_told_once(jukebox: LocalPlayer, desk: Desk) -> None:
    desk.broken = {PATHS[1]}
    jukebox.play(SONGS[:3], "abc")
    jukebox.handle(NEXT)
    assert title(jukebox) == "C"
    assert jukebox.poll() == "skipped a song: cannot play /music/b.mp3: it is damaged"
    jukebox.handle(BACK)
    assert title(jukebox) == "A"
    assert jukebox.poll() is None


def test_many_broken_songs_are_one_sentence(jukebox: LocalPlayer, desk: Desk) -> None:
    desk.broken = set(PATHS[:11])
    assert jukebox.play(SONGS, "all") == "skipped 11 songs; the first: cannot play /music/a.mp3: it is damaged"
    assert title(jukebox) == "L"
    assert ends(jukebox, desk) is None
    assert title(jukebox) == "L"


def test_where_none_can_be_played_it_says_so_and_stops(jukebox: LocalPlayer, desk: Desk) -> None:
    desk.broken = set(PATHS)
    with pytest.raises(EmodjError, match=r"^none of the 12 songs of Mine can be played; the first: cannot play /music/a"):
        jukebox.play(SONGS, "all", "Mine")
    assert jukebox.finished
    desk.broken = set()
    jukebox.play(SONGS[:1], "all")
    desk.broken = set(PATHS)
    assert ends(jukebox, desk) == "cannot play /music/a.mp3: it is damaged"
    assert (jukebox.finished, jukebox.now_playing) == (True, None)


class Clock:
    """Takes the place of `time`: each look at it takes a hundredth of a second."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def monotonic(self) -> float:
        self._now_s += 0.01
        return self._now_s


def test_ten_thousand_songs_that_are_gone_keep_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "time", Clock())
    songs = [Song(path=tmp_path / f"{number}.mp3") for number in range(10_000)]
    with LocalPlayer(FilePlayer(), volume=0, shuffle=True) as jukebox:
        assert jukebox.play(songs, "gone") is None
        said = [jukebox.poll() for _ in iter(lambda: jukebox.finished, True)]
    # About twenty songs a look, as the clock goes
    assert 400 < len(said) < 600
    *nothing, last = said
    assert set(nothing) == {None}
    assert str(last).startswith("none of the 10000 songs can be played; the first: cannot play ")


def test_what_is_on_is_unknown_while_it_is_looked_for_behind_many_links(
    jukebox: LocalPlayer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "time", Clock())
    links = [Song("Link", url=f"https://example.org/{number}") for number in range(100)]
    jukebox.play([SONGS[0], *links, SONGS[1]], "all")
    jukebox.handle(NEXT)
    assert jukebox.now_playing is None
    assert jukebox.handle(PAUSE) == "nothing is playing: press p for music"
    while jukebox.now_playing is None:
        assert jukebox.poll() is None
    assert (title(jukebox), desk.playing) == ("B", PATHS[1])


def test_links_and_names_are_left_out(jukebox: LocalPlayer, desk: Desk) -> None:
    link = Song("Link", url="https://example.org/song")
    with pytest.raises(EmodjError, match="no file among the 2 songs of Links"):
        jukebox.play([link, Song("Name")], "links", "Links")
    assert jukebox.play([link, SONGS[0], Song("Name"), SONGS[1]], "both") is None
    assert title(jukebox) == "A"
    assert ends(jukebox, desk) is None
    assert title(jukebox) == "B"


def test_without_a_sound_device_the_list_can_be_leafed_through(jukebox: LocalPlayer, desk: Desk) -> None:
    desk.unplugged = True
    assert jukebox.play(SONGS, "all") == "no sound: the sound device does not answer"
    assert (title(jukebox), playing(jukebox).paused) == ("A", True)
    jukebox.handle(NEXT)
    assert jukebox.poll() == "no sound: the sound device does not answer"
    assert (title(jukebox), playing(jukebox).paused) == ("B", True)
    desk.unplugged = False
    jukebox.handle(PAUSE)
    assert jukebox.poll() is None
    assert (desk.playing, playing(jukebox).paused) == (PATHS[1], False)


def test_a_device_that_is_gone_after_a_pause_is_told_and_found_again(jukebox: LocalPlayer, desk: Desk) -> None:
    jukebox.play(SONGS, "all")
    jukebox.handle(PAUSE)
    desk.unplugged = True
    jukebox.handle(PAUSE)
    assert "no sound" in str(jukebox.poll())
    assert playing(jukebox).paused
    desk.unplugged = False
    assert jukebox.resume() is None
    assert not playing(jukebox).paused


def test_real_songs_play_one_after_the_other(real: LocalPlayer, tmp_path: Path) -> None:
    (tmp_path / "b.mp3").write_text("no music")
    songs = [Song(path=sound(tmp_path / "a.ogg", title="Tïtle", artist="日本")), Song(path=tmp_path / "b.mp3")]
    songs.append(Song("Named", "By its list", silence(tmp_path / "c.wav", 36000)))
    assert real.play(songs, tmp_path) is None
    assert real.now_playing == NowPlaying("Tïtle", "日本", 1, 3, volume=0)
    until(lambda: real.track_ended)
    assert str(real.poll()).startswith(f"skipped a song: cannot play {tmp_path / 'b.mp3'}: it is damaged")
    assert real.now_playing == NowPlaying("Named", "By its list", 3, 3, volume=0)


def test_songs_may_be_taken_away_while_they_play(real: LocalPlayer, tmp_path: Path) -> None:
    song = sound(tmp_path / "a.mp3")
    real.play([Song(path=song)], "one")
    song.unlink()
    until(lambda: real.track_ended)
    assert real.poll() == f"cannot play {song}: there is no such file"
    assert real.finished
