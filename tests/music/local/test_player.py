"""LocalPlayer with the real file player, and with a fake one where only the order of the songs matters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from realtime.domain import Expression
from realtime.errors import EmodjError
from realtime.music.commands import PlayerCommand
from realtime.music.feedback import Tally, Verdict
from realtime.music.feedback_book import FeedbackBook
from realtime.music.feedback_file import FeedbackFile
from realtime.music.local import player as module
from realtime.music.local.file_player import UnplayableError
from realtime.music.local.isolated_player import IsolatedPlayer
from realtime.music.local.player import LocalPlayer
from realtime.music.songs import NowPlaying, Song, SongEnd
from realtime.music.taste import key_of_song
from tests.support.player_keys import COMMAND_KEYS
from tests.support.sounds import damaged_ogg, silence, sound
from tests.support.thumbs import Thumbs
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.music.feedback import FeedbackKey

NEXT, BACK, PAUSE, SHUFFLE, LOUDER = (COMMAND_KEYS[key] for key in "n,.z+")


class FakeFilePlayer:
    """A file player that only records what it plays."""

    def __init__(self) -> None:
        self.volume = 1.0
        self.fade_s = 0.0
        self.ended = False
        self.playing: Path | None = None
        self.paused = False
        self.broken: set[Path] = set()
        self.unplugged = False
        self.fault: str | None = None

    def take_fault(self) -> str | None:
        fault, self.fault = self.fault, None
        return fault

    def play(self, path: Path) -> None:
        self.playing, self.paused, self.ended = None, False, False
        if path in self.broken:
            raise UnplayableError(f"cannot play {path}: it is damaged")
        self.resume()
        self.playing = path

    @property
    def ending(self) -> bool:
        return self.ended

    def pause(self) -> None:
        self.paused = True

    def fade_out(self) -> None:
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
def files() -> FakeFilePlayer:
    return FakeFilePlayer()


@pytest.fixture
def player(files: FakeFilePlayer) -> LocalPlayer:
    return LocalPlayer(files, volume=0.7, shuffle=False, seed=1)


@pytest.fixture
def real() -> Iterator[LocalPlayer]:
    with LocalPlayer(IsolatedPlayer(), volume=0, shuffle=False) as player:
        yield player


def playing(player: LocalPlayer) -> NowPlaying:
    now = player.now_playing
    assert now is not None
    return now


def title(player: LocalPlayer) -> str:
    return playing(player).title


def end_song(player: LocalPlayer, files: FakeFilePlayer) -> str | None:
    """Let the song end, and poll."""
    files.ended = True
    assert player.track_ended
    return player.poll()


def test_new_player_has_no_list(player: LocalPlayer) -> None:
    assert (player.now_playing, player.key, player.finished, player.track_ended, player.poll()) == (
        None,
        None,
        True,
        False,
        None,
    )
    for command in (NEXT, BACK, PAUSE):
        assert player.handle(command) == "nothing is playing: press p for music"
    assert player.handle(PlayerCommand()) is None
    assert player.handle(SHUFFLE) == "shuffle on"
    assert player.handle(LOUDER) == "volume 80%"


def test_songs_play_in_order_and_repeat(player: LocalPlayer, files: FakeFilePlayer) -> None:
    assert player.play(SONGS[:2], "ab") is None
    assert player.now_playing == NowPlaying("A", "Somebody", 1, 2, paused=False, shuffled=False, volume=0.7)
    assert player.poll() is None
    for expected in "BAB":
        assert end_song(player, files) is None
        assert title(player) == expected


def test_once_plays_each_song_once(files: FakeFilePlayer) -> None:
    player = LocalPlayer(files, volume=1, shuffle=True, seed=1, once=True)
    player.play(SONGS, "all")
    played = [title(player)]
    while end_song(player, files) is None and not player.finished:
        played.append(title(player))
    assert sorted(played) == list("ABCDEFGHIJKL")
    assert files.playing is None


def test_once_ends_after_a_broken_last_song(files: FakeFilePlayer) -> None:
    player = LocalPlayer(files, volume=1, shuffle=False, once=True)
    files.broken = {PATHS[1]}
    player.play(SONGS[:2], "ab")
    assert end_song(player, files) == "skipped a song: cannot play /music/b.mp3: it is damaged"
    assert player.finished


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (NEXT, "B"),
        (BACK, "L"),
        (NEXT.merged_with(NEXT).merged_with(NEXT), "D"),
        (PlayerCommand(skip=-13), "L"),
        (NEXT.merged_with(BACK), "A"),
    ],
)
def test_skip_goes_forward_and_back_by_any_number(command: PlayerCommand, expected: str, player: LocalPlayer) -> None:
    player.play(SONGS, "all")
    assert player.handle(command) is None
    assert title(player) == expected


def test_pause_and_resume(player: LocalPlayer, files: FakeFilePlayer) -> None:
    player.play(SONGS, "all")
    assert player.handle(PAUSE) is None
    assert playing(player).paused
    assert files.paused
    files.ended = True
    assert not player.track_ended
    files.ended = False
    player.handle(PAUSE.merged_with(PAUSE).merged_with(PAUSE))
    assert not playing(player).paused
    assert not files.paused


def test_skip_ends_a_pause(player: LocalPlayer, files: FakeFilePlayer) -> None:
    player.play(SONGS, "all")
    player.handle(PAUSE)
    player.handle(NEXT)
    assert (title(player), playing(player).paused, files.playing) == ("B", False, PATHS[1])


def test_shuffle_keeps_the_current_song_and_repeats_none(player: LocalPlayer, files: FakeFilePlayer) -> None:
    player.play(SONGS, "all")
    player.handle(NEXT)
    assert player.handle(SHUFFLE) == "shuffle on"
    assert playing(player) == NowPlaying("B", "Somebody", 2, 12, paused=False, shuffled=True, volume=0.7)
    played = ["B"]
    for _ in range(11):
        end_song(player, files)
        played.append(title(player))
    assert sorted(played) == list("ABCDEFGHIJKL")
    assert played != sorted(played)
    player.handle(PlayerCommand(skip=-11))
    assert title(player) == "B"
    player.handle(BACK)
    assert title(player) == "A"
    assert player.handle(SHUFFLE) == "shuffle off"
    player.handle(NEXT)
    assert title(player) == "B"


def test_volume_changes_in_steps_within_its_range(player: LocalPlayer, files: FakeFilePlayer) -> None:
    player.play(SONGS, "all")
    assert player.handle(COMMAND_KEYS["="]) == "volume 80%"
    assert (files.volume, playing(player).volume) == (0.8, 0.8)
    assert player.handle(PlayerCommand(louder=9, shuffle=True)) == "volume 100%, shuffle on"
    assert player.handle(PlayerCommand(louder=-99)) == "volume 0%"
    assert files.volume == 0


def test_same_list_continues_and_another_list_starts(player: LocalPlayer, files: FakeFilePlayer) -> None:
    player.play(SONGS, "all")
    player.handle(PlayerCommand(skip=2, toggle=True))
    player.handle(PAUSE)
    assert player.play(SONGS, "all") is None
    assert (title(player), playing(player).paused, files.paused) == ("C", False, False)
    player.play(SONGS[5:], "others")
    assert (title(player), player.key) == ("F", "others")
    player.stop()
    assert (player.now_playing, player.key, files.playing) == (None, None, None)
    player.play(SONGS[5:], "others")
    assert title(player) == "F"


def test_broken_song_is_skipped_in_the_direction_of_the_skip_and_reported_once(
    player: LocalPlayer, files: FakeFilePlayer
) -> None:
    files.broken = {PATHS[1]}
    player.play(SONGS[:3], "abc")
    player.handle(NEXT)
    assert title(player) == "C"
    assert player.poll() == "skipped a song: cannot play /music/b.mp3: it is damaged"
    player.handle(BACK)
    assert title(player) == "A"
    assert player.poll() is None


def test_song_that_crashes_the_player_is_reported_once_and_the_next_one_plays(
    player: LocalPlayer, files: FakeFilePlayer
) -> None:
    player.play(SONGS[:2], "all")
    files.fault = "cannot play a.mp3: it is damaged"
    files.broken.add(PATHS[0])
    assert end_song(player, files) == "skipped a song: cannot play a.mp3: it is damaged"
    assert title(player) == "B"
    assert end_song(player, files) is None
    assert title(player) == "B"


def test_many_broken_songs_give_one_sentence(player: LocalPlayer, files: FakeFilePlayer) -> None:
    files.broken = set(PATHS[:11])
    assert player.play(SONGS, "all") == "skipped 11 songs; the first: cannot play /music/a.mp3: it is damaged"
    assert title(player) == "L"
    assert end_song(player, files) is None
    assert title(player) == "L"


def test_list_without_playable_songs_raises_and_stops(player: LocalPlayer, files: FakeFilePlayer) -> None:
    files.broken = set(PATHS)
    with pytest.raises(EmodjError, match=r"^none of the 12 songs of Mine can be played; the first: cannot play /music/a"):
        player.play(SONGS, "all", "Mine")
    assert player.finished
    files.broken = set()
    player.play(SONGS[:1], "all")
    files.broken = set(PATHS)
    assert end_song(player, files) == "cannot play /music/a.mp3: it is damaged"
    assert (player.finished, player.now_playing) == (True, None)


class Clock:
    """Replaces `time`: each call takes a hundredth of a second."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def monotonic(self) -> float:
        self._now_s += 0.01
        return self._now_s


def test_search_among_ten_thousand_missing_songs_does_not_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "time", Clock())
    songs = [Song(path=tmp_path / f"{number}.mp3") for number in range(10_000)]
    with LocalPlayer(IsolatedPlayer(), volume=0, shuffle=True) as player:
        assert player.play(songs, "gone") is None
        sentences = [player.poll() for _ in iter(lambda: player.finished, True)]
    # By this clock, about twenty songs a poll
    assert 400 < len(sentences) < 600
    *earlier, last = sentences
    assert set(earlier) == {None}
    assert str(last).startswith("none of the 10000 songs can be played; the first: cannot play ")


def test_current_song_is_none_during_the_search(
    player: LocalPlayer, files: FakeFilePlayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "time", Clock())
    links = [Song("Link", url=f"https://example.org/{number}") for number in range(100)]
    player.play([SONGS[0], *links, SONGS[1]], "all")
    player.handle(NEXT)
    assert player.now_playing is None
    assert player.handle(PAUSE) == "nothing is playing: press p for music"
    while player.now_playing is None:
        assert player.poll() is None
    assert (title(player), files.playing) == ("B", PATHS[1])


def test_songs_without_a_file_are_skipped(player: LocalPlayer, files: FakeFilePlayer) -> None:
    link = Song("Link", url="https://example.org/song")
    with pytest.raises(EmodjError, match="no file among the 2 songs of Links"):
        player.play([link, Song("Name")], "links", "Links")
    assert player.play([link, SONGS[0], Song("Name"), SONGS[1]], "both") is None
    assert title(player) == "A"
    assert end_song(player, files) is None
    assert title(player) == "B"


def test_skips_work_without_a_sound_device(player: LocalPlayer, files: FakeFilePlayer) -> None:
    files.unplugged = True
    assert player.play(SONGS, "all") == "no sound: the sound device does not answer"
    assert (title(player), playing(player).paused) == ("A", True)
    player.handle(NEXT)
    assert player.poll() == "no sound: the sound device does not answer"
    assert (title(player), playing(player).paused) == ("B", True)
    files.unplugged = False
    player.handle(PAUSE)
    assert player.poll() is None
    assert (files.playing, playing(player).paused) == (PATHS[1], False)


def test_device_lost_during_a_pause_is_reported_and_used_again(player: LocalPlayer, files: FakeFilePlayer) -> None:
    player.play(SONGS, "all")
    player.handle(PAUSE)
    files.unplugged = True
    player.handle(PAUSE)
    assert "no sound" in str(player.poll())
    assert playing(player).paused
    files.unplugged = False
    assert player.resume() is None
    assert not playing(player).paused


def test_real_songs_play_one_after_the_other(real: LocalPlayer, tmp_path: Path) -> None:
    (tmp_path / "b.mp3").write_text("no music")
    songs = [Song(path=sound(tmp_path / "a.ogg", title="Tïtle", artist="日本")), Song(path=tmp_path / "b.mp3")]
    songs.append(Song("Named", "By its list", silence(tmp_path / "c.wav", 36000)))
    assert real.play(songs, tmp_path) is None
    assert real.now_playing == NowPlaying("Tïtle", "日本", 1, 3, volume=0)
    until(lambda: real.track_ended)
    assert str(real.poll()).startswith(f"skipped a song: cannot play {tmp_path / 'b.mp3'}: it is damaged")
    assert real.now_playing == NowPlaying("Named", "By its list", 3, 3, volume=0)


def test_song_file_may_be_deleted_while_it_plays(real: LocalPlayer, tmp_path: Path) -> None:
    song = sound(tmp_path / "a.mp3")
    real.play([Song(path=song)], "one")
    song.unlink()
    until(lambda: real.track_ended)
    assert real.poll() == f"cannot play {song}: there is no such file"
    assert real.finished


def test_song_that_crashes_its_decoder_is_skipped(real: LocalPlayer, tmp_path: Path) -> None:
    bad, good = damaged_ogg(tmp_path / "bad.ogg"), silence(tmp_path / "good.wav", 36000)
    notice = real.play([Song(path=bad), Song(path=good)], tmp_path)
    assert str(notice).startswith(f"skipped a song: cannot play {bad}: it is damaged")
    assert playing(real).title == "good"
    assert real.handle(NEXT) is None
    assert (real.poll(), playing(real).title) == (None, "good")


# Thumbs


class Seconds:
    """A clock that stands still until it is set."""

    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def thumbs() -> Thumbs:
    return Thumbs()


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def learning(files: FakeFilePlayer, thumbs: Thumbs, clock: Seconds) -> LocalPlayer:
    return LocalPlayer(files, volume=0.7, shuffle=False, seed=1, counts=thumbs, clock=clock)


def key_of(number: int, mood: Expression | None = Expression.HAPPY) -> FeedbackKey:
    return key_of_song(SONGS[number], mood)


def played(player: LocalPlayer, files: FakeFilePlayer, count: int) -> list[str]:
    names = list[str]()
    for _ in range(count):
        assert files.playing is not None
        names.append(files.playing.stem)
        player.handle(NEXT)
    return names


@pytest.mark.parametrize("shuffle", [False, True])
def test_without_a_thumb_the_order_is_that_of_a_player_without_thumbs(
    files: FakeFilePlayer, tmp_path: Path, *, shuffle: bool
) -> None:
    orders = list[list[str]]()
    for counts in (None, FeedbackBook(FeedbackFile(tmp_path / "feedback.json"), None)):
        player = LocalPlayer(files, volume=0.7, shuffle=shuffle, seed=5, counts=counts)
        player.play(SONGS, "list", mood=Expression.SAD)
        names = played(player, files, 15)
        player.handle(SHUFFLE)
        orders.append([*names, *played(player, files, 15)])
    assert orders[0] == orders[1]


def test_a_song_that_is_heard_to_its_end_counts_once(learning: LocalPlayer, files: FakeFilePlayer, thumbs: Thumbs) -> None:
    learning.play(SONGS, "list", mood=Expression.HAPPY)
    files.ended = True
    learning.poll()
    learning.poll()
    assert thumbs.given == [(key_of(0), Verdict.HEARD)]
    assert files.playing == PATHS[1]


def test_the_end_counts_also_where_another_list_takes_over(
    learning: LocalPlayer, files: FakeFilePlayer, thumbs: Thumbs
) -> None:
    learning.play(SONGS, "list")
    files.ended = True
    learning.play(SONGS[3:], "other", mood=Expression.SAD)
    learning.stop()
    assert thumbs.given == [(key_of(0, None), Verdict.HEARD)]


def test_a_thumb_stands_for_the_play_in_which_it_is_given_alone(files: FakeFilePlayer, clock: Seconds, tmp_path: Path) -> None:
    book = FeedbackBook(FeedbackFile(tmp_path / "feedback.json"), None)
    player = LocalPlayer(files, volume=0.7, shuffle=False, seed=1, counts=book, clock=clock)
    player.play(SONGS, "list", mood=Expression.HAPPY)
    book.add(key_of(0), Verdict.LIKE)
    clock.now_s += 60
    player.handle(NEXT)
    clock.now_s += 60
    player.handle(BACK)
    assert files.playing == PATHS[0]
    files.ended = True
    player.poll()
    assert book.feedback.of(key_of(0)) == Tally(1.5, 0)


@pytest.mark.parametrize(
    ("command", "after_s", "counted"), [(NEXT, 9.9, True), (NEXT, 10.0, False), (BACK, 1.0, False), (PAUSE, 1.0, False)]
)
def test_a_song_that_is_skipped_within_ten_seconds_counts(
    learning: LocalPlayer, thumbs: Thumbs, clock: Seconds, command: PlayerCommand, after_s: float, *, counted: bool
) -> None:
    learning.play(SONGS, "list", mood=Expression.HAPPY)
    clock.now_s += after_s
    learning.handle(command)
    assert thumbs.given == ([(key_of(0), Verdict.SKIPPED)] if counted else [])


def test_a_song_that_breaks_off_is_not_heard(learning: LocalPlayer, files: FakeFilePlayer, thumbs: Thumbs) -> None:
    learning.play(SONGS, "list", mood=Expression.HAPPY)
    files.ended, files.fault = True, "its disk is gone"
    assert learning.poll() == "skipped a song: its disk is gone"
    assert thumbs.given == []


def test_the_song_that_plays_says_what_a_thumb_is_counted_for(learning: LocalPlayer) -> None:
    learning.play(SONGS, "list", mood=Expression.HAPPY)
    assert learning.now_playing is not None
    assert learning.now_playing.key == key_of(0)


def test_a_song_with_two_thumbs_down_does_not_come_again(
    learning: LocalPlayer, files: FakeFilePlayer, thumbs: Thumbs, clock: Seconds
) -> None:
    learning.play(SONGS, "list", mood=Expression.HAPPY)
    for _ in range(2):
        thumbs.add(key_of(4), Verdict.DISLIKE)
    clock.now_s += 1000
    assert "e" not in played(learning, files, 30)


def test_the_next_start_begins_with_what_is_liked(learning: LocalPlayer, files: FakeFilePlayer, thumbs: Thumbs) -> None:
    thumbs.add(key_of(4), Verdict.LIKE)
    learning.play(SONGS, "list", mood=Expression.HAPPY)
    assert played(learning, files, 3) == ["e", "a", "b"]
    learning.play(SONGS, "other", mood=Expression.SAD)
    assert files.playing == PATHS[0]


def test_a_list_of_disliked_songs_says_so(learning: LocalPlayer, thumbs: Thumbs) -> None:
    learning.play(SONGS[:2], "list", "mine", Expression.HAPPY)
    for number in (0, 0, 1, 1):
        thumbs.add(key_of(number), Verdict.DISLIKE)
    learning.handle(NEXT)
    assert learning.poll() == "every song of mine has two thumbs down: emodj feedback reset offers them again"
    assert learning.finished
    with pytest.raises(EmodjError, match="every song of mine has two thumbs down"):
        learning.play(SONGS[:2], "list", "mine", Expression.HAPPY)
    assert learning.finished


def test_once_ends_after_every_song_that_is_offered(files: FakeFilePlayer, thumbs: Thumbs) -> None:
    for number in (3, 3):
        thumbs.add(key_of(number), Verdict.DISLIKE)
    player = LocalPlayer(files, volume=0.7, shuffle=True, seed=1, once=True, counts=thumbs)
    player.play(SONGS, "list", mood=Expression.HAPPY)
    names = list[str]()
    while not player.finished:
        assert files.playing is not None
        names.append(files.playing.stem)
        files.ended = True
        player.poll()
    assert sorted(names) == [path.stem for path in PATHS if path.stem != "d"]


def test_broken_songs_are_passed_over_with_thumbs_too(learning: LocalPlayer, files: FakeFilePlayer, thumbs: Thumbs) -> None:
    thumbs.add(key_of(0), Verdict.LIKE)
    files.broken = {*PATHS} - {PATHS[7]}
    learning.play(SONGS, "list", mood=Expression.HAPPY)
    assert files.playing == PATHS[7]
    learning.handle(NEXT)
    assert files.playing == PATHS[7]


def test_a_song_that_has_ended_may_wait_for_the_next_poll(player: LocalPlayer, files: FakeFilePlayer) -> None:
    player.play(SONGS, "list")
    files.ended = True
    player.poll(advance=False)
    assert title(player) == "A"
    player.poll()
    assert title(player) == "B"


def test_songs_that_end_are_told_with_how_they_ended(files: FakeFilePlayer) -> None:
    ends: list[SongEnd] = []
    with LocalPlayer(files, volume=0, shuffle=False, on_song_end=ends.append) as player:
        player.play(SONGS, "list")
        end_song(player, files)
        player.handle(NEXT)
        files.fault = "cannot play it: it is damaged"
        end_song(player, files)
        player.play(SONGS[5:], "other")
    assert [(end.song, end.key, end.how) for end in ends] == [
        (SONGS[0], "list", "finished"),
        (SONGS[1], "list", "skipped"),
        (SONGS[2], "list", "broken"),
        (SONGS[3], "list", "replaced"),
        (SONGS[5], "other", "stopped"),
    ]
    assert all(0 <= end.heard_s < 60 for end in ends)


def test_a_fade_pauses_the_song_and_a_key_goes_on_with_it(player: LocalPlayer, files: FakeFilePlayer) -> None:
    player.set_fade(2.0)
    player.play(SONGS, "list")
    player.fade_out()
    assert (files.fade_s, files.paused, playing(player).paused) == (2.0, True, True)
    player.fade_out()
    player.handle(PAUSE)
    assert (files.paused, playing(player).paused) == (False, False)
