"""The music of a session with everything real but the browser: folders, lists, tags and the player."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from realtime.affect import POINTS
from realtime.cli.music import Music
from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.music.library import moods_in
from realtime.playlists import Choice, Plan, Playlists, Strategy, plan
from realtime.settings import Music as Terms
from realtime.wishes import KEYS, Wish
from tests.sounds import sound
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    import pytest

HAPPY, SAD = Expression.HAPPY, Expression.SAD


def web(name: str, mood: Expression = HAPPY) -> Choice:
    return Choice(name, f"https://example.org/{name}", None, POINTS[mood], mood)


def folder(path: Path, mood: Expression = HAPPY, title: str = "mine") -> Choice:
    return Choice(title, None, path, POINTS[mood], mood)


def asked(*choices: Choice) -> Wish:
    return Wish(Plan(Strategy.MATCH, POINTS[HAPPY], choices, "for happy"))


class Room:
    """Music and what it said of links."""

    def __init__(self, music: Music, announced: list[str]) -> None:
        self.music = music
        self.announced = announced

    @property
    def title(self) -> str | None:
        playing = self.music.now()[0]
        return None if playing is None else playing.title


@contextmanager
def room(library: Path | None = None, *, shuffle: bool = False) -> Generator[Room]:
    announced: list[str] = []
    terms = Terms(Strategy.MATCH, library, 0.5, shuffle, "")
    music = Music(terms, lambda choice, _why: announced.append(choice.place))
    try:
        yield Room(music, announced)
    finally:
        music.end()


def test_a_folder_plays_and_its_songs_are_named(tmp_path: Path) -> None:
    sound(tmp_path / "songs" / "1.ogg", title="Première", artist="Quelqu’un")
    sound(tmp_path / "songs" / "2 second.wav")
    with room() as here:
        assert here.music.now() == (None, None)
        assert here.music.obey(asked(folder(tmp_path / "songs"))) == "playing mine, for happy"
        playing, begun = here.music.now()
        assert playing is not None
        assert (playing.title, playing.artist, playing.number, playing.count) == ("Première", "Quelqu’un", 1, 2)
        assert playing.volume == 0.5
        assert begun is not None
        assert begun.why == "for happy"
        here.music.obey(KEYS["n"])
        assert here.title == "2 second"
        assert not here.announced


def test_one_song_after_the_other_without_a_key(tmp_path: Path) -> None:
    for name in "ab":
        sound(tmp_path / "songs" / f"{name}.wav", seconds=0.2)
    with room() as here:
        here.music.obey(asked(folder(tmp_path / "songs")))

        def on_second() -> bool:
            here.music.tend()
            return here.title == "b"

        until(on_second)


def test_keys_without_music_say_what_to_do() -> None:
    with room() as here:
        assert here.music.tend() is None
        assert here.music.obey(KEYS["."]) == "nothing is playing: press p for music"
        assert here.music.obey(KEYS["+"]) == "volume 60%"


def test_what_cannot_be_had_gives_way_to_the_next_choice(tmp_path: Path, browser: Callable[[], list[str]]) -> None:
    with room() as here:
        told = here.music.obey(asked(folder(tmp_path / "gone"), web("one"), web("two")))
        assert told is not None
        assert str(tmp_path / "gone") in told
        assert told.endswith("; so handed to the browser: one, for happy")
        assert here.announced == browser() == ["https://example.org/one"]


def test_where_no_link_can_be_opened_songs_can_still_be_played_and_each_link_is_not_tried(tmp_path: Path) -> None:
    sound(tmp_path / "songs" / "a.flac")
    with room() as here:
        told = here.music.obey(asked(web("one"), web("two"), folder(tmp_path / "songs")))
        assert here.title == "a"
        assert str(told).endswith("the link is in the terminal; so playing mine, for happy")
        assert here.announced == ["https://example.org/one"]


def test_where_nothing_can_be_had_the_first_reason_is_said(tmp_path: Path) -> None:
    with room() as here:
        assert str(tmp_path / "gone") in str(here.music.obey(asked(folder(tmp_path / "gone"))))
        assert "the link is in the terminal" in str(here.music.obey(asked(web("one"))))
        assert here.music.now() == (None, None)


def test_a_link_that_is_opened_ends_the_songs(tmp_path: Path, browser: Callable[[], list[str]]) -> None:
    sound(tmp_path / "songs" / "a.wav")
    with room() as here:
        here.music.obey(asked(folder(tmp_path / "songs")))
        assert here.title == "a"
        here.music.obey(asked(web("one")))
        assert here.title is None
        assert browser() == ["https://example.org/one"]


def test_the_same_music_again_goes_on_where_it_is(tmp_path: Path) -> None:
    for name in "ab":
        sound(tmp_path / "songs" / f"{name}.wav")
    with room() as here:
        again = asked(folder(tmp_path / "songs"))
        here.music.obey(again)
        here.music.obey(KEYS["n"].then(KEYS["."]))
        here.music.obey(again)
        playing = here.music.now()[0]
        assert playing is not None
        assert (playing.title, playing.paused) == ("b", False)


def library_of(tmp_path: Path, *moods: Expression) -> Path:
    for mood in moods:
        sound(tmp_path / "library" / mood.value / f"{mood.value} song.wav")
    return tmp_path / "library"


def alone(expression: Expression) -> Mood:
    return Mood(tuple(float(each is expression) for each in EXPRESSIONS), expression)


def test_a_library_plays_the_songs_of_the_mood(tmp_path: Path) -> None:
    library = library_of(tmp_path, HAPPY, SAD)
    playlists = Playlists({HAPPY: (web("one"),)}).preferring(library, moods_in(library))
    with room(library) as here:
        here.music.obey(Wish(plan(playlists, alone(SAD), Strategy.MATCH)))
        assert here.title == "sad song"


def test_a_library_without_songs_for_the_mood_gives_way_to_its_list(tmp_path: Path, browser: Callable[[], list[str]]) -> None:
    library = library_of(tmp_path, HAPPY)
    # Its folder was there when the session began
    playlists = Playlists({SAD: (web("one", SAD),)}).preferring(library, {HAPPY, SAD})
    with room(library) as here:
        told = here.music.obey(Wish(plan(playlists, alone(SAD), Strategy.MATCH)))
        assert str(told).startswith(f"no songs for sad in {library}; so handed to the browser")
        assert browser() == ["https://example.org/one"]


def test_a_journey_goes_on_by_itself_from_song_to_song_and_opens_no_link(
    tmp_path: Path, browser: Callable[[], list[str]]
) -> None:
    for mood in (SAD, Expression.NEUTRAL, HAPPY):
        sound(tmp_path / mood.value / f"{mood.value} song.wav", seconds=0.2)
    lists = {mood: (web("link", mood), folder(tmp_path / mood.value, mood)) for mood in (SAD, Expression.NEUTRAL, HAPPY)}
    first = plan(Playlists({**lists, SAD: (folder(tmp_path / "sad", SAD),)}), alone(SAD), Strategy.JOURNEY)
    assert first is not None
    heard: list[str | None] = []
    with room() as here:
        here.music.obey(Wish(first))

        def arrived() -> bool:
            here.music.tend()
            heard.extend([here.title] if here.title and here.title not in heard else [])
            begun = here.music.now()[1]
            return begun is not None and begun.step == 3

        until(arrived)
    assert heard[:2] == ["sad song", "neutral song"]
    assert not browser()


def test_a_journey_that_was_given_up_goes_no_further_by_itself(tmp_path: Path) -> None:
    for mood in (SAD, Expression.NEUTRAL):
        sound(tmp_path / mood.value / f"{mood.value} song.wav", seconds=0.2)
        sound(tmp_path / mood.value / f"{mood.value} too.wav", seconds=0.2)
    lists = {mood: (folder(tmp_path / mood.value, mood),) for mood in (SAD, Expression.NEUTRAL)}
    first = plan(Playlists(lists), alone(SAD), Strategy.JOURNEY)
    with room() as here:
        here.music.obey(Wish(first))
        here.music.obey(Wish(stay=True))

        def next_one() -> bool:
            here.music.tend()
            return here.title == "sad too"

        until(next_one)


def test_the_next_step_in_the_same_list_is_its_next_song(tmp_path: Path) -> None:
    for name in "ab":
        sound(tmp_path / "songs" / f"{name}.wav")
    first = plan(Playlists({SAD: (folder(tmp_path / "songs", SAD),)}), alone(SAD), Strategy.JOURNEY)
    assert first is not None
    with room() as here:
        here.music.obey(Wish(first))
        here.music.obey(Wish(first.then))
        assert here.title == "b"


def test_where_songs_cannot_be_played_here_a_key_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "just_playback", None)
    with room() as here:
        for key in (".", "+", "z"):
            assert str(here.music.obey(KEYS[key])).startswith("cannot play music files: the library just_playback")


def test_nothing_is_said_twice_or_lost_where_much_was_asked_at_once(tmp_path: Path) -> None:
    with room() as here:
        told = str(here.music.obey(asked(folder(tmp_path / "gone")).then(KEYS["+"])))
        assert str(tmp_path / "gone") in told
        assert told.endswith("; volume 60%")


def test_what_is_left_out_of_a_list_is_said(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav")
    (tmp_path / "list.m3u8").write_text("a.wav\n../b.wav\n", encoding="utf-8")
    with room() as here:
        told = str(here.music.obey(asked(folder(tmp_path / "list.m3u8"))))
        assert "line 2" in told
        assert here.title == "a"


def test_a_session_that_is_over_begins_nothing_any_more(tmp_path: Path, browser: Callable[[], list[str]]) -> None:
    sound(tmp_path / "songs" / "a.wav")
    with room() as here:
        here.music.leave()
        assert here.music.obey(asked(folder(tmp_path / "songs"), web("one"))) == "the session is over"
        assert here.title is None
        assert not here.announced
        assert not browser()


def test_the_end_stops_what_is_played(tmp_path: Path) -> None:
    sound(tmp_path / "songs" / "a.wav", seconds=30)
    with room() as here:
        here.music.obey(asked(folder(tmp_path / "songs")))
        assert here.title == "a"
    assert here.title is None
