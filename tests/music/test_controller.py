"""The music of a session with everything real but the browser: folders, lists, tags and the player."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.mood.affect import POINTS
from realtime.music.catalog import MusicChoice, Playlists
from realtime.music.commands import PlayerCommand
from realtime.music.controller import MusicController
from realtime.music.local.library import moods_with_songs
from realtime.music.planner import Plan, Strategy, plan_music
from realtime.music.spotify import playback_state, remote_player
from tests.support.bus import private_bus
from tests.support.player_keys import COMMAND_KEYS
from tests.support.sounds import sound
from tests.support.spotify_server import Fault, refusal
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from realtime.music.spotify.credentials import CredentialStore
    from tests.support.spotify_server import Spotify

HAPPY, SAD = Expression.HAPPY, Expression.SAD


def web(name: str, mood: Expression = HAPPY) -> MusicChoice:
    return MusicChoice(name, f"https://example.org/{name}", None, POINTS[mood], mood)


def folder(path: Path, mood: Expression = HAPPY, title: str = "mine") -> MusicChoice:
    return MusicChoice(title, None, path, POINTS[mood], mood)


def asked(*choices: MusicChoice) -> PlayerCommand:
    return PlayerCommand(Plan(Strategy.MATCH, POINTS[HAPPY], choices, "for happy"))


class Room:
    """Music and what it said of links."""

    def __init__(self, music: MusicController, announced: list[str]) -> None:
        self.music = music
        self.announced = announced

    @property
    def title(self) -> str | None:
        playing = self.music.now_playing()[0]
        return None if playing is None else playing.title


@contextmanager
def room(library: Path | None = None, *, shuffle: bool = False, device: str = "") -> Generator[Room]:
    announced: list[str] = []
    music = MusicController(
        lambda choice, _why: announced.append(choice.place),
        lambda _title: None,
        library=library,
        volume=0.5,
        shuffle=shuffle,
        spotify_device=device,
    )
    try:
        yield Room(music, announced)
    finally:
        music.close()


def test_a_folder_plays_and_its_songs_are_named(tmp_path: Path) -> None:
    sound(tmp_path / "songs" / "1.ogg", title="Première", artist="Quelqu’un")
    sound(tmp_path / "songs" / "2 second.wav")
    with room() as here:
        assert here.music.now_playing() == (None, None)
        assert here.music.handle(asked(folder(tmp_path / "songs"))) == "playing mine, for happy"
        playing, begun = here.music.now_playing()
        assert playing is not None
        assert (playing.title, playing.artist, playing.number, playing.count) == ("Première", "Quelqu’un", 1, 2)
        assert playing.volume == 0.5
        assert begun is not None
        assert begun.why == "for happy"
        here.music.handle(COMMAND_KEYS["n"])
        assert here.title == "2 second"
        assert not here.announced


def test_one_song_after_the_other_without_a_key(tmp_path: Path) -> None:
    for name in "ab":
        sound(tmp_path / "songs" / f"{name}.wav", seconds=0.2)
    with room() as here:
        here.music.handle(asked(folder(tmp_path / "songs")))

        def on_second() -> bool:
            here.music.poll()
            return here.title == "b"

        until(on_second)


def test_keys_without_music_say_what_to_do() -> None:
    with room() as here:
        assert here.music.poll() is None
        assert here.music.handle(COMMAND_KEYS["."]) == "nothing is playing: press p for music"
        assert here.music.handle(COMMAND_KEYS["+"]) == "volume 60%"


def test_what_cannot_be_had_gives_way_to_the_next_choice(tmp_path: Path, browser: Callable[[], list[str]]) -> None:
    with room() as here:
        told = here.music.handle(asked(folder(tmp_path / "gone"), web("one"), web("two")))
        assert told is not None
        assert str(tmp_path / "gone") in told
        assert told.endswith("; so handed to the browser: one, for happy")
        assert here.announced == browser() == ["https://example.org/one"]


def test_where_no_link_can_be_opened_songs_can_still_be_played_and_each_link_is_not_tried(tmp_path: Path) -> None:
    sound(tmp_path / "songs" / "a.flac")
    with room() as here:
        told = here.music.handle(asked(web("one"), web("two"), folder(tmp_path / "songs")))
        assert here.title == "a"
        assert str(told).endswith("the link is in the terminal; so playing mine, for happy")
        assert here.announced == ["https://example.org/one"]


def test_where_nothing_can_be_had_the_first_reason_is_said(tmp_path: Path) -> None:
    with room() as here:
        assert str(tmp_path / "gone") in str(here.music.handle(asked(folder(tmp_path / "gone"))))
        assert "the link is in the terminal" in str(here.music.handle(asked(web("one"))))
        assert here.music.now_playing() == (None, None)


def test_a_link_that_is_opened_ends_the_songs(tmp_path: Path, browser: Callable[[], list[str]]) -> None:
    sound(tmp_path / "songs" / "a.wav")
    with room() as here:
        here.music.handle(asked(folder(tmp_path / "songs")))
        assert here.title == "a"
        here.music.handle(asked(web("one")))
        assert here.title is None
        assert browser() == ["https://example.org/one"]


def test_the_same_music_again_goes_on_where_it_is(tmp_path: Path) -> None:
    for name in "ab":
        sound(tmp_path / "songs" / f"{name}.wav")
    with room() as here:
        again = asked(folder(tmp_path / "songs"))
        here.music.handle(again)
        here.music.handle(COMMAND_KEYS["n"].merged_with(COMMAND_KEYS["."]))
        here.music.handle(again)
        playing = here.music.now_playing()[0]
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
    playlists = Playlists({HAPPY: (web("one"),)}).preferring(library, moods_with_songs(library))
    with room(library) as here:
        here.music.handle(PlayerCommand(plan_music(playlists, alone(SAD), Strategy.MATCH)))
        assert here.title == "sad song"


def test_a_library_without_songs_for_the_mood_gives_way_to_its_list(tmp_path: Path, browser: Callable[[], list[str]]) -> None:
    library = library_of(tmp_path, HAPPY)
    # Its folder was there when the session began
    playlists = Playlists({SAD: (web("one", SAD),)}).preferring(library, {HAPPY, SAD})
    with room(library) as here:
        told = here.music.handle(PlayerCommand(plan_music(playlists, alone(SAD), Strategy.MATCH)))
        assert str(told).startswith(f"no songs for sad in {library}; so handed to the browser")
        assert browser() == ["https://example.org/one"]


def test_a_journey_goes_on_by_itself_from_song_to_song_and_opens_no_link(
    tmp_path: Path, browser: Callable[[], list[str]]
) -> None:
    for mood in (SAD, Expression.NEUTRAL, HAPPY):
        sound(tmp_path / mood.value / f"{mood.value} song.wav", seconds=0.2)
    lists = {mood: (web("link", mood), folder(tmp_path / mood.value, mood)) for mood in (SAD, Expression.NEUTRAL, HAPPY)}
    first = plan_music(Playlists({**lists, SAD: (folder(tmp_path / "sad", SAD),)}), alone(SAD), Strategy.JOURNEY)
    assert first is not None
    heard: list[str | None] = []
    with room() as here:
        here.music.handle(PlayerCommand(first))

        def arrived() -> bool:
            here.music.poll()
            heard.extend([here.title] if here.title and here.title not in heard else [])
            begun = here.music.now_playing()[1]
            return begun is not None and begun.step == 3

        until(arrived)
    assert heard[:2] == ["sad song", "neutral song"]
    assert not browser()


def test_a_journey_that_was_given_up_goes_no_further_by_itself(tmp_path: Path) -> None:
    for mood in (SAD, Expression.NEUTRAL):
        sound(tmp_path / mood.value / f"{mood.value} song.wav", seconds=0.2)
        sound(tmp_path / mood.value / f"{mood.value} too.wav", seconds=0.2)
    lists = {mood: (folder(tmp_path / mood.value, mood),) for mood in (SAD, Expression.NEUTRAL)}
    first = plan_music(Playlists(lists), alone(SAD), Strategy.JOURNEY)
    with room() as here:
        here.music.handle(PlayerCommand(first))
        here.music.handle(PlayerCommand(end_journey=True))

        def next_one() -> bool:
            here.music.poll()
            return here.title == "sad too"

        until(next_one)


def test_the_next_step_in_the_same_list_is_its_next_song(tmp_path: Path) -> None:
    for name in "ab":
        sound(tmp_path / "songs" / f"{name}.wav")
    first = plan_music(Playlists({SAD: (folder(tmp_path / "songs", SAD),)}), alone(SAD), Strategy.JOURNEY)
    assert first is not None
    with room() as here:
        here.music.handle(PlayerCommand(first))
        here.music.handle(PlayerCommand(first.then))
        assert here.title == "b"


def test_where_songs_cannot_be_played_here_a_key_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "just_playback", None)
    with room() as here:
        for key in (".", "+", "z"):
            assert str(here.music.handle(COMMAND_KEYS[key])).startswith("cannot play music files: the library just_playback")


def test_nothing_is_said_twice_or_lost_where_much_was_asked_at_once(tmp_path: Path) -> None:
    with room() as here:
        told = str(here.music.handle(asked(folder(tmp_path / "gone")).merged_with(COMMAND_KEYS["+"])))
        assert str(tmp_path / "gone") in told
        assert told.endswith("; volume 60%")


def test_what_is_left_out_of_a_list_is_said(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav")
    (tmp_path / "list.m3u8").write_text("a.wav\n../b.wav\n", encoding="utf-8")
    with room() as here:
        told = str(here.music.handle(asked(folder(tmp_path / "list.m3u8"))))
        assert "line 2" in told
        assert here.title == "a"


def test_a_session_that_is_over_begins_nothing_any_more(tmp_path: Path, browser: Callable[[], list[str]]) -> None:
    sound(tmp_path / "songs" / "a.wav")
    with room() as here:
        here.music.stop_accepting()
        assert here.music.handle(asked(folder(tmp_path / "songs"), web("one"))) == "the session is over"
        assert here.title is None
        assert not here.announced
        assert not browser()


def test_the_end_stops_what_is_played(tmp_path: Path) -> None:
    sound(tmp_path / "songs" / "a.wav", seconds=30)
    with room() as here:
        here.music.handle(asked(folder(tmp_path / "songs")))
        assert here.title == "a"
    assert here.title is None


KITCHEN = "Kitchen"
ID = "37i9dQZF1DXdPec7aLTml{}"


def spotifys(letter: str = "C", title: str = "list") -> MusicChoice:
    return MusicChoice(title, f"https://open.spotify.com/playlist/{ID.format(letter)}", None, POINTS[HAPPY], HAPPY)


def commands(spotify: Spotify) -> list[str]:
    """What the player was told."""
    told = (asked.path for asked in spotify.asked if asked.method != "GET" and asked.path.startswith("/v1/me/player/"))
    return [path.rpartition("/")[2] for path in told]


def devices_asked(spotify: Spotify) -> int:
    return sum(asked.path == "/v1/me/player/devices" for asked in spotify.asked)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for between two looks at Spotify, without the waiting."""
    monkeypatch.setattr(remote_player, "START_LOOK_S", 0.0)
    monkeypatch.setattr(playback_state, "LOOK_S", 0.0)
    monkeypatch.setattr(playback_state, "SOON_S", 0.0)


def ends_login(spotify: Spotify) -> None:
    spotify.expire_access()
    spotify.revoke()


def test_a_session_of_somebody_who_is_logged_in_asks_nothing_before_a_key(
    spotify: Spotify, tokens: CredentialStore, tmp_path: Path
) -> None:
    spotify.device(KITCHEN, active=True)
    sound(tmp_path / "songs" / "a.wav")
    with room() as here:
        assert here.music.poll() is None
        here.music.handle(asked(folder(tmp_path / "songs")))
        here.music.handle(COMMAND_KEYS["."])
        assert here.music.poll() is None
        assert here.title == "a"
    assert tokens.version() is not None
    assert not spotify.asked


def test_p_begins_the_list_on_spotify_and_opens_nothing(
    spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]
) -> None:
    spotify.device(KITCHEN)
    with room() as here:
        assert here.music.handle(asked(spotifys(), web("one"))) == "playing list on Kitchen, for happy"
        assert (spotify.context, spotify.is_playing) == (f"spotify:playlist:{ID.format('C')}", True)
        playing, begun = here.music.now_playing()
        assert playing is not None
        assert (playing.title, playing.paused, playing.volume) == ("list", False, 0.5)
        assert begun is not None
        assert begun.why == "for happy"
        assert not here.announced
        assert not browser()
    token = tokens.load()
    assert token is not None
    assert token.premium is True


def test_the_keys_of_the_music_are_for_spotify(spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    kitchen = spotify.device(KITCHEN)
    with room() as here:
        here.music.handle(asked(spotifys()))
        here.music.handle(COMMAND_KEYS["."])
        assert not spotify.is_playing
        playing = here.music.now_playing()[0]
        assert playing is not None
        assert playing.paused
        here.music.handle(COMMAND_KEYS["."])
        assert spotify.is_playing
        here.music.handle(COMMAND_KEYS["n"].merged_with(COMMAND_KEYS["n"]))
        assert spotify.index == 2
        here.music.handle(COMMAND_KEYS[","])
        assert spotify.index == 1
        assert here.music.handle(COMMAND_KEYS["z"]) == "shuffle on"
        assert spotify.shuffle
        assert here.music.handle(COMMAND_KEYS["-"]) == "volume 40%"
        assert kitchen["volume_percent"] == 40
        assert here.music.handle(COMMAND_KEYS["+"].merged_with(COMMAND_KEYS["="])) == "volume 60%"
        assert kitchen["volume_percent"] == 60
        playing = here.music.now_playing()[0]
        assert playing is not None
        assert (playing.shuffled, playing.volume, playing.paused) == (True, 0.6, False)
        # And what cannot be done is said
        here.music.handle(COMMAND_KEYS[","])
        assert here.music.handle(COMMAND_KEYS[","]) == "Spotify cannot do that now: look into its app"
    assert commands(spotify) == [
        *("play", "pause", "play", "next", "next", "previous", "shuffle", "volume", "volume", "previous", "previous")
    ]


def test_the_same_list_again_goes_on_where_it_is(spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    with room() as here:
        here.music.handle(asked(spotifys()))
        here.music.handle(COMMAND_KEYS["n"].merged_with(COMMAND_KEYS["."]))
        here.music.handle(COMMAND_KEYS["."])
        here.music.handle(asked(spotifys()))
        assert (spotify.index, spotify.is_playing) == (1, True)
        playing = here.music.now_playing()[0]
        assert playing is not None
        assert not playing.paused


def test_keys_before_any_music_are_for_what_spotify_plays_already(spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    with room() as here:
        for key in (".", "n", "+", "z"):
            assert here.music.handle(COMMAND_KEYS[key]) == "nothing is playing: press p for music"
    assert not commands(spotify)
    spotify.device(KITCHEN, active=True)
    spotify.queue, spotify.is_playing = [spotify.track("Song", "Artist")], True
    with room() as here:
        assert here.music.handle(COMMAND_KEYS["."]) is None
        assert not spotify.is_playing
        assert here.title == "Song"


@pytest.mark.usefixtures("quick")
def test_what_spotify_plays_is_named_with_its_artist(
    spotify: Spotify, tokens: CredentialStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playback_state, "REST_S", 0.0)
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    songs = [spotify.track(name, artist) for name, artist in (("Träne", "月"), ("Second", "Other"))]
    mine = spotify.playlist("Mine", tracks=songs)
    choice = replace(spotifys(), url=f"https://open.spotify.com/playlist/{mine['id']}")
    shown: list[tuple[str, str | None]] = []

    def shows(title: str, artist: str) -> Callable[[], bool]:
        def looked() -> bool:
            here.music.poll()
            playing = here.music.now_playing()[0]
            assert playing is not None
            shown.append((playing.title, playing.artist))
            return shown[-1] == (title, artist)

        return looked

    with room() as here:
        here.music.handle(asked(choice))
        until(shows("Träne", "月"))
        here.music.handle(COMMAND_KEYS["n"])
        until(shows("Second", "Other"))
        # Somebody stops it at the player itself
        spotify.is_playing = False

        def paused() -> bool:
            here.music.poll()
            playing = here.music.now_playing()[0]
            return playing is not None and playing.paused

        until(paused)
    assert set(shown) <= {("list", None), ("Träne", "月"), ("Second", "Other")}


def test_songs_of_this_computer_take_over_and_spotify_is_paused(
    spotify: Spotify, tokens: CredentialStore, tmp_path: Path
) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    for name in "ab":
        sound(tmp_path / "songs" / f"{name}.wav", seconds=30)
    with room() as here:
        here.music.handle(asked(spotifys()))
        here.music.handle(asked(folder(tmp_path / "songs")))
        assert (spotify.is_playing, here.title) == (False, "a")
        before = len(spotify.asked)
        here.music.handle(COMMAND_KEYS["n"])
        assert here.music.handle(COMMAND_KEYS["+"]) == "volume 60%"
        here.music.poll()
        assert here.title == "b"
        assert len(spotify.asked) == before


def test_spotify_takes_over_and_songs_of_this_computer_stop(spotify: Spotify, tokens: CredentialStore, tmp_path: Path) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    sound(tmp_path / "songs" / "a.wav", seconds=30)
    with room() as here:
        here.music.handle(asked(folder(tmp_path / "songs")))
        here.music.handle(asked(spotifys()))
        assert here.title == "list"
        here.music.handle(COMMAND_KEYS["."])
        assert not spotify.is_playing
        here.music.poll()
        assert here.title == "list"


def test_a_link_that_is_not_spotifys_pauses_it(
    spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]
) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    with room() as here:
        here.music.handle(asked(spotifys()))
        assert here.music.handle(asked(web("one"))) == "handed to the browser: one, for happy"
        assert not spotify.is_playing
        assert here.title is None
        assert here.announced == browser() == ["https://example.org/one"]


def test_a_link_that_cannot_be_opened_leaves_spotify_playing(spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    with room() as here:
        here.music.handle(asked(spotifys()))
        assert "the link is in the terminal" in str(here.music.handle(asked(web("one"))))
        assert spotify.is_playing
        assert here.title == "list"


def test_an_account_without_premium_opens_links_and_says_so_once(
    spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]
) -> None:
    spotify.device(KITCHEN)
    spotify.premium = False
    with room() as here:
        told = here.music.handle(asked(spotifys()))
        assert told == "Spotify lets only Premium accounts be controlled; so handed to the browser: list, for happy"
        asked_for = len(spotify.asked)
        assert here.music.handle(asked(spotifys())) == "handed to the browser: list, for happy"
        assert len(spotify.asked) == asked_for
        assert here.announced == browser() == [spotifys().place] * 2
        assert here.title is None
    token = tokens.load()
    assert token is not None
    assert token.premium is False


def test_a_login_that_has_ended_is_said_once_and_a_new_one_is_used(
    spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]
) -> None:
    spotify.device(KITCHEN)
    ends_login(spotify)
    token = tokens.load()
    assert token is not None
    with room() as here:
        told = here.music.handle(asked(spotifys()))
        said = "your Spotify login has ended: log in with emodj spotify login; so handed to the browser: list, for happy"
        assert told == said
        assert tokens.version() is None
        assert here.music.handle(asked(spotifys())) == "handed to the browser: list, for happy"
        assert here.announced == browser() == [spotifys().place] * 2
        given = spotify.issue(token.scope)
        tokens.save(replace(token, access=given["access_token"], refresh=given["refresh_token"]))
        assert here.music.handle(asked(spotifys())) == "playing list on Kitchen, for happy"
        assert len(browser()) == 2


def test_a_login_that_ends_while_music_plays_is_said_once(spotify: Spotify, tokens: CredentialStore, quick: None) -> None:
    del quick
    spotify.device(KITCHEN)
    said = list[str | None]()
    with room() as here:
        here.music.handle(asked(spotifys()))
        ends_login(spotify)

        def told() -> bool:
            said.append(here.music.poll())
            return said[-1] is not None

        until(told)
        assert said[-1] == "your Spotify login has ended: log in with emodj spotify login"
        assert here.title is None
        assert [here.music.poll(), here.music.handle(COMMAND_KEYS["."])] == [None, "nothing is playing: press p for music"]
    assert tokens.version() is None
    assert spotify.is_playing


def test_a_key_that_finds_the_login_ended_says_so(spotify: Spotify, tokens: CredentialStore) -> None:
    spotify.device(KITCHEN)
    with room() as here:
        here.music.handle(asked(spotifys()))
        ends_login(spotify)
        assert here.music.handle(COMMAND_KEYS["."]) == "your Spotify login has ended: log in with emodj spotify login"
        assert here.title is None
        assert tokens.version() is None


@pytest.mark.parametrize("damage", ["damaged", "others can read"])
def test_a_login_that_is_no_good_is_said_once(
    damage: str, spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]
) -> None:
    if damage == "damaged":
        tokens.path.write_text("no token", encoding="utf-8")
    else:
        tokens.path.chmod(0o644)
    with room() as here:
        told = str(here.music.handle(asked(spotifys())))
        assert damage in told
        assert told.endswith("emodj spotify logout, then login again; so handed to the browser: list, for happy")
        assert here.music.handle(asked(spotifys())) == "handed to the browser: list, for happy"
        assert len(browser()) == 2
    assert not spotify.asked


def test_where_neither_spotify_nor_a_browser_can_be_had_both_are_said(spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    spotify.premium = False
    spotify.device(KITCHEN)
    with room() as here:
        told = here.music.handle(asked(spotifys()))
        assert told == (
            "Spotify lets only Premium accounts be controlled; not opened: there is no screen here, the link is in the terminal"
        )
        assert here.announced == [spotifys().place]


def test_a_list_that_spotify_does_not_give_is_a_link(
    spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]
) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    spotify.unplayable.add(ID.format("C"))
    with room() as here:
        told = str(here.music.handle(asked(spotifys())))
        assert told.startswith("Spotify has no such list for other programs than its own; so handed to the browser")
        # The next list may be there all the same
        assert here.music.handle(asked(spotifys("D", "other"))) == "playing other on Kitchen, for happy"
        assert browser() == [spotifys().place]


def test_spotify_that_was_asked_too_much_is_left_alone_and_links_open(
    spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]
) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    spotify.fail("GET", "/v1/me/player/devices", refusal(429, "", headers={"Retry-After": "3600"}))
    with room() as here:
        for _ in range(2):
            told = str(here.music.handle(asked(spotifys())))
            assert re.match(
                "Spotify has been asked too much: try again in (an hour|60 minutes); so handed to the browser", told
            )
        assert len(spotify.asked) == 1
        assert here.announced == browser() == [spotifys().place] * 2


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(502), "Spotify has a fault of its own (502): try again in a moment"),
        (Fault(close=True), "Spotify cannot be reached: is this computer on line?"),
        (Fault(200, b"<html>"), "the answer is not Spotify's: does this network want you to log in first?"),
    ],
)
def test_a_fault_that_passes_is_a_link_now_and_spotify_the_next_time(
    fault: Fault, said: str, spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]
) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    spotify.fail("GET", "/v1/me/player/devices", fault)
    with room() as here:
        assert here.music.handle(asked(spotifys())) == f"{said}; so handed to the browser: list, for happy"
        assert here.music.handle(asked(spotifys())) == "playing list on Kitchen, for happy"
        assert browser() == [spotifys().place]


def test_a_session_that_ends_leaves_spotify_playing(spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    with room() as here:
        here.music.handle(asked(spotifys()))
        here.music.stop_accepting()
        assert here.music.handle(asked(spotifys("D"))) == "the session is over"
    assert spotify.is_playing
    assert commands(spotify) == ["play"]


def test_the_settings_name_the_device(spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN, active=True)
    spotify.device("Living room")
    with room(device="living") as here:
        assert here.music.handle(asked(spotifys())) == "playing list on Living room, for happy"


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """A desktop with a Spotify app that writes down what it is started with."""
    programs, started = tmp_path / "programs", tmp_path / "started"
    programs.mkdir()
    for name, text in (("xdg-mime", "echo spotify.desktop"), ("xdg-open", f'echo "$1" >> {started}')):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("DISPLAY", ":4711")
    return lambda: started.read_text(encoding="utf-8").splitlines() if started.exists() else []


def tended(here: Room, *, to: str) -> Callable[[], bool]:
    """Whether a look after the music says that."""

    def told() -> bool:
        said = here.music.poll()
        assert said in {None, to}
        return said == to

    return told


@pytest.mark.usefixtures("tokens", "quick")
def test_an_app_that_is_started_plays_as_soon_as_it_is_there(
    spotify: Spotify, desktop: Callable[[], list[str]], browser: Callable[[], list[str]]
) -> None:
    with room() as here:
        assert here.music.handle(asked(spotifys())) == "starting the Spotify app with list, for happy"
        assert desktop() == [f"spotify:playlist:{ID.format('C')}"]
        assert here.music.handle(asked(spotifys())) == "waiting for the Spotify app with list, for happy"
        assert len(desktop()) == 1
        for _ in range(3):
            assert here.music.poll() is None
        assert not spotify.is_playing
        spotify.device("Desk")
        until(tended(here, to="playing list on Desk"))
        assert (spotify.context, spotify.is_playing) == (f"spotify:playlist:{ID.format('C')}", True)
        assert here.title is not None
        assert not here.announced
        assert not browser()


@pytest.mark.usefixtures("tokens", "quick")
def test_an_app_that_never_comes_gives_way_to_the_link(
    desktop: Callable[[], list[str]], browser: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_player, "START_S", 0.0)
    with room() as here:
        here.music.handle(asked(spotifys()))
        assert not browser()
        told = "no Spotify device is on: open Spotify on one and try again; so handed to the browser: list, for happy"
        until(tended(here, to=told))
        assert here.announced == browser() == [spotifys().place]
        # Once
        assert here.music.poll() is None
        assert len(browser()) == len(desktop()) == 1


@pytest.mark.usefixtures("tokens", "quick", "desktop")
def test_an_app_that_never_comes_where_no_link_can_be_opened_is_said_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_player, "START_S", 0.0)
    monkeypatch.setenv("BROWSER", "/nowhere/browser %s")
    with room() as here:
        here.music.handle(asked(spotifys()))
        said = "no Spotify device is on: open Spotify on one and try again; not opened: no browser could be started"
        until(tended(here, to=f"{said}, the link is in the terminal"))
        assert here.announced == [spotifys().place]


@pytest.mark.usefixtures("tokens", "quick", "desktop")
def test_other_music_in_the_meantime_is_what_is_wanted(
    spotify: Spotify, browser: Callable[[], list[str]], tmp_path: Path
) -> None:
    sound(tmp_path / "songs" / "a.wav", seconds=30)
    for other, title in ((folder(tmp_path / "songs"), "a"), (web("one"), None)):
        with room() as here:
            here.music.handle(asked(spotifys()))
            here.music.handle(asked(other))
            device = spotify.device("Desk")
            before = len(spotify.asked)
            for _ in range(3):
                assert here.music.poll() is None
            assert here.title == title
            assert len(spotify.asked) == before
            spotify.devices.remove(device)
    assert not spotify.is_playing
    assert browser() == ["https://example.org/one"]


@pytest.mark.usefixtures("tokens", "quick", "desktop")
def test_another_list_in_the_meantime_is_the_one_that_begins(spotify: Spotify) -> None:
    with room() as here:
        here.music.handle(asked(spotifys()))
        assert here.music.handle(asked(spotifys("D", "other"))) == "starting the Spotify app with other, for happy"
        spotify.device("Desk")
        until(tended(here, to="playing other on Desk"))
        assert spotify.context == f"spotify:playlist:{ID.format('D')}"
    assert commands(spotify) == ["play"]


@pytest.mark.usefixtures("tokens")
def test_without_an_app_to_start_a_link_opens_at_once(spotify: Spotify, browser: Callable[[], list[str]]) -> None:
    with room() as here:
        told = here.music.handle(asked(spotifys()))
        assert told == "no Spotify device is on: open Spotify on one and try again; so handed to the browser: list, for happy"
        assert browser() == [spotifys().place]
        # A device may be there the next time
        spotify.device(KITCHEN)
        assert here.music.handle(asked(spotifys())) == "playing list on Kitchen, for happy"
    assert devices_asked(spotify) == 2


def test_the_app_that_runs_takes_the_link_of_somebody_who_is_not_logged_in(
    spotify: Spotify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with private_bus(tmp_path) as bus, bus.player("answers") as calls, room() as here:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        assert here.music.handle(asked(spotifys())) == "handed to the Spotify app: list, for happy"
        assert calls.read_text().endswith(f"OpenUri spotify:playlist:{ID.format('C')}\n")
        assert here.announced == [spotifys().place]
    assert not spotify.asked


@pytest.mark.usefixtures("spotify")
def test_keys_of_somebody_who_is_not_logged_in_are_for_songs_of_this_computer(tmp_path: Path) -> None:
    sound(tmp_path / "songs" / "a.wav", seconds=30)
    with room() as here:
        assert here.music.handle(COMMAND_KEYS["."]) == "nothing is playing: press p for music"
        assert here.music.handle(COMMAND_KEYS["+"]) == "volume 60%"
        here.music.handle(asked(folder(tmp_path / "songs")))
        here.music.handle(COMMAND_KEYS["."])
        playing = here.music.now_playing()[0]
        assert playing is not None
        assert (playing.title, playing.paused, playing.volume) == ("a", True, 0.6)
