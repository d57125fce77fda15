"""MusicController with real folders, lists, tags, file player and a Spotify test server; only the browser is a fake."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.mood.affect import POINTS
from realtime.music.catalog import MusicChoice, Playlists
from realtime.music.commands import DjAct, DjOrder, MusicKind, PlayerCommand
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


def link(name: str, mood: Expression = HAPPY) -> MusicChoice:
    return MusicChoice(name, f"https://example.org/{name}", None, POINTS[mood], mood)


def folder(path: Path, mood: Expression = HAPPY, title: str = "mine") -> MusicChoice:
    return MusicChoice(title, None, path, POINTS[mood], mood)


def play_command(*choices: MusicChoice) -> PlayerCommand:
    return PlayerCommand(Plan(Strategy.MATCH, POINTS[HAPPY], choices, "for happy"))


class RunningMusic:
    """A controller, and the places of the links that it announced."""

    def __init__(self, music: MusicController, announced: list[str]) -> None:
        self.music = music
        self.announced = announced

    @property
    def title(self) -> str | None:
        playing = self.music.now_playing()[0]
        return None if playing is None else playing.title


@contextmanager
def start_music(library: Path | None = None, *, shuffle: bool = False, device: str = "") -> Generator[RunningMusic]:
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
        yield RunningMusic(music, announced)
    finally:
        music.close()


def test_folder_plays_and_songs_are_named(tmp_path: Path) -> None:
    sound(tmp_path / "songs" / "1.ogg", title="Première", artist="Quelqu’un")
    sound(tmp_path / "songs" / "2 second.wav")
    with start_music() as running:
        assert running.music.now_playing() == (None, None)
        assert running.music.handle(play_command(folder(tmp_path / "songs"))) == "playing mine, for happy"
        playing, plan = running.music.now_playing()
        assert playing is not None
        assert (playing.title, playing.artist, playing.number, playing.count) == ("Première", "Quelqu’un", 1, 2)
        assert playing.volume == 0.5
        assert plan is not None
        assert plan.why == "for happy"
        running.music.handle(COMMAND_KEYS["n"])
        assert running.title == "2 second"
        assert not running.announced


def test_next_song_plays_without_a_key(tmp_path: Path) -> None:
    for name in "ab":
        sound(tmp_path / "songs" / f"{name}.wav", seconds=0.2)
    with start_music() as running:
        running.music.handle(play_command(folder(tmp_path / "songs")))

        def on_second() -> bool:
            running.music.poll()
            return running.title == "b"

        until(on_second)


def test_keys_without_music_answer_with_advice() -> None:
    with start_music() as running:
        assert running.music.poll() is None
        assert running.music.handle(COMMAND_KEYS["."]) == "nothing is playing: press p for music"
        assert running.music.handle(COMMAND_KEYS["+"]) == "volume 60%"


def test_unavailable_choice_is_replaced_by_the_next(tmp_path: Path, browser: Callable[[], list[str]]) -> None:
    with start_music() as running:
        notice = running.music.handle(play_command(folder(tmp_path / "gone"), link("one"), link("two")))
        assert notice is not None
        assert str(tmp_path / "gone") in notice
        assert notice.endswith("; so handed to the browser: one, for happy")
        assert running.announced == browser() == ["https://example.org/one"]


def test_songs_play_if_no_link_can_be_opened_and_only_one_link_is_tried(tmp_path: Path) -> None:
    sound(tmp_path / "songs" / "a.flac")
    with start_music() as running:
        notice = running.music.handle(play_command(link("one"), link("two"), folder(tmp_path / "songs")))
        assert running.title == "a"
        assert str(notice).endswith("the link is in the terminal; so playing mine, for happy")
        assert running.announced == ["https://example.org/one"]


def test_first_reason_is_given_if_no_choice_is_available(tmp_path: Path) -> None:
    with start_music() as running:
        assert str(tmp_path / "gone") in str(running.music.handle(play_command(folder(tmp_path / "gone"))))
        assert "the link is in the terminal" in str(running.music.handle(play_command(link("one"))))
        assert running.music.now_playing() == (None, None)


def test_opened_link_stops_local_songs(tmp_path: Path, browser: Callable[[], list[str]]) -> None:
    sound(tmp_path / "songs" / "a.wav")
    with start_music() as running:
        running.music.handle(play_command(folder(tmp_path / "songs")))
        assert running.title == "a"
        running.music.handle(play_command(link("one")))
        assert running.title is None
        assert browser() == ["https://example.org/one"]


def test_same_songs_continue(tmp_path: Path) -> None:
    for name in "ab":
        sound(tmp_path / "songs" / f"{name}.wav")
    with start_music() as running:
        again = play_command(folder(tmp_path / "songs"))
        running.music.handle(again)
        running.music.handle(COMMAND_KEYS["n"].merged_with(COMMAND_KEYS["."]))
        running.music.handle(again)
        playing = running.music.now_playing()[0]
        assert playing is not None
        assert (playing.title, playing.paused) == ("b", False)


def library_of(tmp_path: Path, *moods: Expression) -> Path:
    for mood in moods:
        sound(tmp_path / "library" / mood.value / f"{mood.value} song.wav")
    return tmp_path / "library"


def mood_of(expression: Expression) -> Mood:
    return Mood(tuple(float(each is expression) for each in EXPRESSIONS), expression)


def test_library_plays_the_songs_of_the_mood(tmp_path: Path) -> None:
    library = library_of(tmp_path, HAPPY, SAD)
    playlists = Playlists({HAPPY: (link("one"),)}).with_library(library, moods_with_songs(library))
    with start_music(library) as running:
        running.music.handle(PlayerCommand(plan_music(playlists, mood_of(SAD), Strategy.MATCH)))
        assert running.title == "sad song"


def test_library_without_songs_for_the_mood_is_replaced_by_the_playlist(
    tmp_path: Path, browser: Callable[[], list[str]]
) -> None:
    library = library_of(tmp_path, HAPPY)
    # The folder of sad songs existed when the session began
    playlists = Playlists({SAD: (link("one", SAD),)}).with_library(library, {HAPPY, SAD})
    with start_music(library) as running:
        notice = running.music.handle(PlayerCommand(plan_music(playlists, mood_of(SAD), Strategy.MATCH)))
        assert str(notice).startswith(f"no songs for sad in {library}; so handed to the browser")
        assert browser() == ["https://example.org/one"]


def test_journey_continues_from_song_to_song_and_opens_no_link(tmp_path: Path, browser: Callable[[], list[str]]) -> None:
    for mood in (SAD, Expression.NEUTRAL, HAPPY):
        sound(tmp_path / mood.value / f"{mood.value} song.wav", seconds=0.2)
    lists = {mood: (link("link", mood), folder(tmp_path / mood.value, mood)) for mood in (SAD, Expression.NEUTRAL, HAPPY)}
    first = plan_music(Playlists({**lists, SAD: (folder(tmp_path / "sad", SAD),)}), mood_of(SAD), Strategy.JOURNEY)
    assert first is not None
    titles: list[str | None] = []
    with start_music() as running:
        running.music.handle(PlayerCommand(first))

        def arrived() -> bool:
            running.music.poll()
            titles.extend([running.title] if running.title and running.title not in titles else [])
            plan = running.music.now_playing()[1]
            return plan is not None and plan.step == 3

        until(arrived)
    assert titles[:2] == ["sad song", "neutral song"]
    assert not browser()


def test_ended_journey_takes_no_further_step(tmp_path: Path) -> None:
    for mood in (SAD, Expression.NEUTRAL):
        sound(tmp_path / mood.value / f"{mood.value} song.wav", seconds=0.2)
        sound(tmp_path / mood.value / f"{mood.value} too.wav", seconds=0.2)
    lists = {mood: (folder(tmp_path / mood.value, mood),) for mood in (SAD, Expression.NEUTRAL)}
    first = plan_music(Playlists(lists), mood_of(SAD), Strategy.JOURNEY)
    with start_music() as running:
        running.music.handle(PlayerCommand(first))
        running.music.handle(PlayerCommand(end_journey=True))

        def on_next_song() -> bool:
            running.music.poll()
            return running.title == "sad too"

        until(on_next_song)


def test_next_step_in_the_same_list_plays_its_next_song(tmp_path: Path) -> None:
    for name in "ab":
        sound(tmp_path / "songs" / f"{name}.wav")
    first = plan_music(Playlists({SAD: (folder(tmp_path / "songs", SAD),)}), mood_of(SAD), Strategy.JOURNEY)
    assert first is not None
    with start_music() as running:
        running.music.handle(PlayerCommand(first))
        running.music.handle(PlayerCommand(first.next_step))
        assert running.title == "b"


def test_missing_just_playback_is_reported_by_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "just_playback.py").write_text("raise ImportError('no wheel')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with start_music() as running:
        for key in (".", "+", "z"):
            assert str(running.music.handle(COMMAND_KEYS[key])).startswith("cannot play music files: the library just_playback")


def test_merged_command_reports_each_result_once(tmp_path: Path) -> None:
    with start_music() as running:
        notice = str(running.music.handle(play_command(folder(tmp_path / "gone")).merged_with(COMMAND_KEYS["+"])))
        assert str(tmp_path / "gone") in notice
        assert notice.endswith("; volume 60%")


def test_songs_left_out_of_a_list_are_reported(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav")
    (tmp_path / "list.m3u8").write_text("a.wav\n../b.wav\n", encoding="utf-8")
    with start_music() as running:
        notice = str(running.music.handle(play_command(folder(tmp_path / "list.m3u8"))))
        assert "line 2" in notice
        assert running.title == "a"


def test_ended_session_starts_no_music(tmp_path: Path, browser: Callable[[], list[str]]) -> None:
    sound(tmp_path / "songs" / "a.wav")
    with start_music() as running:
        running.music.stop_accepting()
        assert running.music.handle(play_command(folder(tmp_path / "songs"), link("one"))) == "the session is over"
        assert running.title is None
        assert not running.announced
        assert not browser()


def test_close_stops_local_songs(tmp_path: Path) -> None:
    sound(tmp_path / "songs" / "a.wav", seconds=30)
    with start_music() as running:
        running.music.handle(play_command(folder(tmp_path / "songs")))
        assert running.title == "a"
    assert running.title is None


KITCHEN = "Kitchen"
ID = "37i9dQZF1DXdPec7aLTml{}"


def spotify_list(letter: str = "C", title: str = "list") -> MusicChoice:
    return MusicChoice(title, f"https://open.spotify.com/playlist/{ID.format(letter)}", None, POINTS[HAPPY], HAPPY)


def player_commands(spotify: Spotify) -> list[str]:
    """Names of the commands that the Spotify player received."""
    paths = (
        request.path for request in spotify.requests if request.method != "GET" and request.path.startswith("/v1/me/player/")
    )
    return [path.rpartition("/")[2] for path in paths]


def count_device_requests(spotify: Spotify) -> int:
    return sum(request.path == "/v1/me/player/devices" for request in spotify.requests)


@pytest.fixture
def no_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll Spotify without a delay."""
    monkeypatch.setattr(remote_player, "APP_POLL_S", 0.0)
    monkeypatch.setattr(playback_state, "MIN_POLL_S", 0.0)
    monkeypatch.setattr(playback_state, "COMMAND_DELAY_S", 0.0)


def revoke_login(spotify: Spotify) -> None:
    spotify.expire_access()
    spotify.revoke()


def test_no_request_to_spotify_before_its_music_is_needed(spotify: Spotify, tokens: CredentialStore, tmp_path: Path) -> None:
    spotify.device(KITCHEN, active=True)
    sound(tmp_path / "songs" / "a.wav")
    with start_music() as running:
        assert running.music.poll() is None
        running.music.handle(play_command(folder(tmp_path / "songs")))
        running.music.handle(COMMAND_KEYS["."])
        assert running.music.poll() is None
        assert running.title == "a"
    assert tokens.version() is not None
    assert not spotify.requests


def test_plan_starts_the_list_on_spotify_and_opens_no_link(
    spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]
) -> None:
    spotify.device(KITCHEN)
    with start_music() as running:
        assert running.music.handle(play_command(spotify_list(), link("one"))) == "playing list on Kitchen, for happy"
        assert (spotify.context, spotify.is_playing) == (f"spotify:playlist:{ID.format('C')}", True)
        playing, plan = running.music.now_playing()
        assert playing is not None
        assert (playing.title, playing.paused, playing.volume) == ("list", False, 0.5)
        assert plan is not None
        assert plan.why == "for happy"
        assert not running.announced
        assert not browser()
    token = tokens.load()
    assert token is not None
    assert token.premium is True


def test_commands_control_spotify(spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    kitchen = spotify.device(KITCHEN)
    with start_music() as running:
        running.music.handle(play_command(spotify_list()))
        running.music.handle(COMMAND_KEYS["."])
        assert not spotify.is_playing
        playing = running.music.now_playing()[0]
        assert playing is not None
        assert playing.paused
        running.music.handle(COMMAND_KEYS["."])
        assert spotify.is_playing
        running.music.handle(COMMAND_KEYS["n"].merged_with(COMMAND_KEYS["n"]))
        assert spotify.index == 2
        running.music.handle(COMMAND_KEYS[","])
        assert spotify.index == 1
        assert running.music.handle(COMMAND_KEYS["z"]) == "shuffle on"
        assert spotify.shuffle
        assert running.music.handle(COMMAND_KEYS["-"]) == "volume 40%"
        assert kitchen["volume_percent"] == 40
        assert running.music.handle(COMMAND_KEYS["+"].merged_with(COMMAND_KEYS["="])) == "volume 60%"
        assert kitchen["volume_percent"] == 60
        playing = running.music.now_playing()[0]
        assert playing is not None
        assert (playing.shuffled, playing.volume, playing.paused) == (True, 0.6, False)
        # A refused command is reported
        running.music.handle(COMMAND_KEYS[","])
        assert running.music.handle(COMMAND_KEYS[","]) == "Spotify cannot do that now: see the Spotify app"
    assert player_commands(spotify) == [
        *("play", "pause", "play", "next", "next", "previous", "shuffle", "volume", "volume", "previous", "previous")
    ]


def test_same_spotify_list_continues(spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    with start_music() as running:
        running.music.handle(play_command(spotify_list()))
        running.music.handle(COMMAND_KEYS["n"].merged_with(COMMAND_KEYS["."]))
        running.music.handle(COMMAND_KEYS["."])
        running.music.handle(play_command(spotify_list()))
        assert (spotify.index, spotify.is_playing) == (1, True)
        playing = running.music.now_playing()[0]
        assert playing is not None
        assert not playing.paused


def test_keys_control_music_already_playing_on_spotify(spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    with start_music() as running:
        for key in (".", "n", "+", "z"):
            assert running.music.handle(COMMAND_KEYS[key]) == "nothing is playing: press p for music"
    assert not player_commands(spotify)
    spotify.device(KITCHEN, active=True)
    spotify.queue, spotify.is_playing = [spotify.track("Song", "Artist")], True
    with start_music() as running:
        assert running.music.handle(COMMAND_KEYS["."]) is None
        assert not spotify.is_playing
        assert running.title == "Song"


@pytest.mark.usefixtures("no_delays")
def test_song_on_spotify_is_named_with_its_artist(
    spotify: Spotify, tokens: CredentialStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playback_state, "SONG_POLL_S", 0.0)
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    songs = [spotify.track(name, artist) for name, artist in (("Träne", "月"), ("Second", "Other"))]
    mine = spotify.playlist("Mine", tracks=songs)
    choice = replace(spotify_list(), url=f"https://open.spotify.com/playlist/{mine['id']}")
    shown: list[tuple[str, str | None]] = []

    def shows(title: str, artist: str) -> Callable[[], bool]:
        def is_shown() -> bool:
            running.music.poll()
            playing = running.music.now_playing()[0]
            assert playing is not None
            shown.append((playing.title, playing.artist))
            return shown[-1] == (title, artist)

        return is_shown

    with start_music() as running:
        running.music.handle(play_command(choice))
        until(shows("Träne", "月"))
        running.music.handle(COMMAND_KEYS["n"])
        until(shows("Second", "Other"))
        # The user pauses in the Spotify app
        spotify.is_playing = False

        def paused() -> bool:
            running.music.poll()
            playing = running.music.now_playing()[0]
            return playing is not None and playing.paused

        until(paused)
    assert set(shown) <= {("list", None), ("Träne", "月"), ("Second", "Other")}


def test_local_songs_pause_spotify(spotify: Spotify, tokens: CredentialStore, tmp_path: Path) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    for name in "ab":
        sound(tmp_path / "songs" / f"{name}.wav", seconds=30)
    with start_music() as running:
        running.music.handle(play_command(spotify_list()))
        running.music.handle(play_command(folder(tmp_path / "songs")))
        assert (spotify.is_playing, running.title) == (False, "a")
        before = len(spotify.requests)
        running.music.handle(COMMAND_KEYS["n"])
        assert running.music.handle(COMMAND_KEYS["+"]) == "volume 60%"
        running.music.poll()
        assert running.title == "b"
        assert len(spotify.requests) == before


def test_spotify_stops_local_songs(spotify: Spotify, tokens: CredentialStore, tmp_path: Path) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    sound(tmp_path / "songs" / "a.wav", seconds=30)
    with start_music() as running:
        running.music.handle(play_command(folder(tmp_path / "songs")))
        running.music.handle(play_command(spotify_list()))
        assert running.title == "list"
        running.music.handle(COMMAND_KEYS["."])
        assert not spotify.is_playing
        running.music.poll()
        assert running.title == "list"


def test_other_link_pauses_spotify(spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    with start_music() as running:
        running.music.handle(play_command(spotify_list()))
        assert running.music.handle(play_command(link("one"))) == "handed to the browser: one, for happy"
        assert not spotify.is_playing
        assert running.title is None
        assert running.announced == browser() == ["https://example.org/one"]


def test_link_that_cannot_be_opened_does_not_pause_spotify(spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    with start_music() as running:
        running.music.handle(play_command(spotify_list()))
        assert "the link is in the terminal" in str(running.music.handle(play_command(link("one"))))
        assert spotify.is_playing
        assert running.title == "list"


def test_account_without_premium_opens_links_and_is_reported_once(
    spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]
) -> None:
    spotify.device(KITCHEN)
    spotify.premium = False
    with start_music() as running:
        notice = running.music.handle(play_command(spotify_list()))
        assert notice == "Spotify lets only Premium accounts be controlled; so handed to the browser: list, for happy"
        requests = len(spotify.requests)
        assert running.music.handle(play_command(spotify_list())) == "handed to the browser: list, for happy"
        assert len(spotify.requests) == requests
        assert running.announced == browser() == [spotify_list().place] * 2
        assert running.title is None
    token = tokens.load()
    assert token is not None
    assert token.premium is False


def test_expired_login_is_reported_once_and_a_new_one_is_used(
    spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]
) -> None:
    spotify.device(KITCHEN)
    revoke_login(spotify)
    token = tokens.load()
    assert token is not None
    with start_music() as running:
        notice = running.music.handle(play_command(spotify_list()))
        sentence = "your Spotify login has ended: log in with emodj spotify login; so handed to the browser: list, for happy"
        assert notice == sentence
        assert tokens.version() is None
        assert running.music.handle(play_command(spotify_list())) == "handed to the browser: list, for happy"
        assert running.announced == browser() == [spotify_list().place] * 2
        given = spotify.issue(token.scope)
        tokens.save(replace(token, access=given["access_token"], refresh=given["refresh_token"]))
        assert running.music.handle(play_command(spotify_list())) == "playing list on Kitchen, for happy"
        assert len(browser()) == 2


def test_login_that_expires_during_music_is_reported_once(spotify: Spotify, tokens: CredentialStore, no_delays: None) -> None:
    del no_delays
    spotify.device(KITCHEN)
    sentences = list[str | None]()
    with start_music() as running:
        running.music.handle(play_command(spotify_list()))
        revoke_login(spotify)

        def notice() -> bool:
            sentences.append(running.music.poll())
            return sentences[-1] is not None

        until(notice)
        assert sentences[-1] == "your Spotify login has ended: log in with emodj spotify login"
        assert running.title is None
        assert [running.music.poll(), running.music.handle(COMMAND_KEYS["."])] == [
            None,
            "nothing is playing: press p for music",
        ]
    assert tokens.version() is None
    assert spotify.is_playing


def test_key_after_the_login_expired_reports_it(spotify: Spotify, tokens: CredentialStore) -> None:
    spotify.device(KITCHEN)
    with start_music() as running:
        running.music.handle(play_command(spotify_list()))
        revoke_login(spotify)
        assert running.music.handle(COMMAND_KEYS["."]) == "your Spotify login has ended: log in with emodj spotify login"
        assert running.title is None
        assert tokens.version() is None


@pytest.mark.parametrize("damage", ["damaged", "others can read"])
def test_invalid_login_is_reported_once(
    damage: str, spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]
) -> None:
    if damage == "damaged":
        tokens.path.write_text("no token", encoding="utf-8")
    else:
        tokens.path.chmod(0o644)
    with start_music() as running:
        notice = str(running.music.handle(play_command(spotify_list())))
        assert damage in notice
        assert notice.endswith("emodj spotify logout, then login again; so handed to the browser: list, for happy")
        assert running.music.handle(play_command(spotify_list())) == "handed to the browser: list, for happy"
        assert len(browser()) == 2
    assert not spotify.requests


def test_missing_premium_and_missing_screen_are_both_reported(spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    spotify.premium = False
    spotify.device(KITCHEN)
    with start_music() as running:
        notice = running.music.handle(play_command(spotify_list()))
        assert notice == (
            "Spotify lets only Premium accounts be controlled; not opened: there is no screen here, the link is in the terminal"
        )
        assert running.announced == [spotify_list().place]


def test_list_not_offered_to_programs_is_opened_as_a_link(
    spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]
) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    spotify.unplayable.add(ID.format("C"))
    with start_music() as running:
        notice = str(running.music.handle(play_command(spotify_list())))
        assert notice.startswith("Spotify does not offer this list to other programs; so handed to the browser")
        # Another list may be available
        assert running.music.handle(play_command(spotify_list("D", "other"))) == "playing other on Kitchen, for happy"
        assert browser() == [spotify_list().place]


def test_rate_limited_spotify_gets_no_request_and_links_open(
    spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]
) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    spotify.fail("GET", "/v1/me/player/devices", refusal(429, "", headers={"Retry-After": "3600"}))
    with start_music() as running:
        for _ in range(2):
            notice = str(running.music.handle(play_command(spotify_list())))
            assert re.match("too many requests to Spotify: try again in (an hour|60 minutes); so handed to the browser", notice)
        assert len(spotify.requests) == 1
        assert running.announced == browser() == [spotify_list().place] * 2


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault(502), "Spotify has an internal error (502): try again in a moment"),
        (Fault(close=True), "Spotify cannot be reached: is this computer online?"),
        (Fault(200, b"<html>"), "the answer is not Spotify's: does this network want you to log in first?"),
    ],
)
def test_temporary_fault_opens_the_link_once(
    fault: Fault, sentence: str, spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]]
) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    spotify.fail("GET", "/v1/me/player/devices", fault)
    with start_music() as running:
        assert running.music.handle(play_command(spotify_list())) == f"{sentence}; so handed to the browser: list, for happy"
        assert running.music.handle(play_command(spotify_list())) == "playing list on Kitchen, for happy"
        assert browser() == [spotify_list().place]


def test_close_does_not_stop_spotify(spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    with start_music() as running:
        running.music.handle(play_command(spotify_list()))
        running.music.stop_accepting()
        assert running.music.handle(play_command(spotify_list("D"))) == "the session is over"
    assert spotify.is_playing
    assert player_commands(spotify) == ["play"]


def test_device_of_the_settings_is_used(spotify: Spotify, tokens: CredentialStore) -> None:
    assert tokens.version() is not None
    spotify.device(KITCHEN, active=True)
    spotify.device("Living room")
    with start_music(device="living") as running:
        assert running.music.handle(play_command(spotify_list())) == "playing list on Living room, for happy"


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """A desktop with a fake Spotify app; returns the links with which it was started."""
    programs, started = tmp_path / "programs", tmp_path / "started"
    programs.mkdir()
    for name, text in (("xdg-mime", "echo spotify.desktop"), ("xdg-open", f'echo "$1" >> {started}')):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("DISPLAY", ":4711")
    return lambda: started.read_text(encoding="utf-8").splitlines() if started.exists() else []


def polled(running: RunningMusic, *, until_sentence: str) -> Callable[[], bool]:
    """A condition: whether poll returns this sentence."""

    def condition() -> bool:
        sentence = running.music.poll()
        assert sentence in {None, until_sentence}
        return sentence == until_sentence

    return condition


@pytest.mark.usefixtures("tokens", "no_delays")
def test_started_app_plays_as_soon_as_it_is_listed(
    spotify: Spotify, desktop: Callable[[], list[str]], browser: Callable[[], list[str]]
) -> None:
    with start_music() as running:
        assert running.music.handle(play_command(spotify_list())) == "starting the Spotify app with list, for happy"
        assert desktop() == [f"spotify:playlist:{ID.format('C')}"]
        assert running.music.handle(play_command(spotify_list())) == "waiting for the Spotify app with list, for happy"
        assert len(desktop()) == 1
        for _ in range(3):
            assert running.music.poll() is None
        assert not spotify.is_playing
        spotify.device("Desk")
        until(polled(running, until_sentence="playing list on Desk"))
        assert (spotify.context, spotify.is_playing) == (f"spotify:playlist:{ID.format('C')}", True)
        assert running.title is not None
        assert not running.announced
        assert not browser()


@pytest.mark.usefixtures("tokens", "no_delays")
def test_link_opens_if_the_app_does_not_appear(
    desktop: Callable[[], list[str]], browser: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_player, "APP_START_TIMEOUT_S", 0.0)
    with start_music() as running:
        running.music.handle(play_command(spotify_list()))
        assert not browser()
        notice = "no Spotify device is on: open Spotify on one and try again; so handed to the browser: list, for happy"
        until(polled(running, until_sentence=notice))
        assert running.announced == browser() == [spotify_list().place]
        # The link opens only once
        assert running.music.poll() is None
        assert len(browser()) == len(desktop()) == 1


@pytest.mark.usefixtures("tokens", "no_delays", "desktop")
def test_missing_app_and_missing_browser_are_both_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_player, "APP_START_TIMEOUT_S", 0.0)
    monkeypatch.setenv("BROWSER", "/nowhere/browser %s")
    with start_music() as running:
        running.music.handle(play_command(spotify_list()))
        sentence = "no Spotify device is on: open Spotify on one and try again; not opened: no browser could be started"
        until(polled(running, until_sentence=f"{sentence}, the link is in the terminal"))
        assert running.announced == [spotify_list().place]


@pytest.mark.usefixtures("tokens", "no_delays", "desktop")
def test_other_music_cancels_the_list_that_waits_for_the_app(
    spotify: Spotify, browser: Callable[[], list[str]], tmp_path: Path
) -> None:
    sound(tmp_path / "songs" / "a.wav", seconds=30)
    for other, title in ((folder(tmp_path / "songs"), "a"), (link("one"), None)):
        with start_music() as running:
            running.music.handle(play_command(spotify_list()))
            running.music.handle(play_command(other))
            device = spotify.device("Desk")
            before = len(spotify.requests)
            for _ in range(3):
                assert running.music.poll() is None
            assert running.title == title
            assert len(spotify.requests) == before
            spotify.devices.remove(device)
    assert not spotify.is_playing
    assert browser() == ["https://example.org/one"]


@pytest.mark.usefixtures("tokens", "no_delays", "desktop")
def test_later_list_replaces_the_list_that_waits_for_the_app(spotify: Spotify) -> None:
    with start_music() as running:
        running.music.handle(play_command(spotify_list()))
        assert (
            running.music.handle(play_command(spotify_list("D", "other"))) == "starting the Spotify app with other, for happy"
        )
        spotify.device("Desk")
        until(polled(running, until_sentence="playing other on Desk"))
        assert spotify.context == f"spotify:playlist:{ID.format('D')}"
    assert player_commands(spotify) == ["play"]


@pytest.mark.usefixtures("tokens")
def test_without_an_app_the_link_opens_at_once(spotify: Spotify, browser: Callable[[], list[str]]) -> None:
    with start_music() as running:
        notice = running.music.handle(play_command(spotify_list()))
        assert notice == "no Spotify device is on: open Spotify on one and try again; so handed to the browser: list, for happy"
        assert browser() == [spotify_list().place]
        # A device may be available the next time
        spotify.device(KITCHEN)
        assert running.music.handle(play_command(spotify_list())) == "playing list on Kitchen, for happy"
    assert count_device_requests(spotify) == 2


def test_without_a_login_the_running_app_gets_the_link(
    spotify: Spotify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with private_bus(tmp_path) as bus, bus.player("answers") as calls, start_music() as running:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
        assert running.music.handle(play_command(spotify_list())) == "handed to the Spotify app: list, for happy"
        assert calls.read_text().endswith(f"OpenUri spotify:playlist:{ID.format('C')}\n")
        assert running.announced == [spotify_list().place]
    assert not spotify.requests


@pytest.mark.usefixtures("spotify")
def test_without_a_login_keys_control_local_songs(tmp_path: Path) -> None:
    sound(tmp_path / "songs" / "a.wav", seconds=30)
    with start_music() as running:
        assert running.music.handle(COMMAND_KEYS["."]) == "nothing is playing: press p for music"
        assert running.music.handle(COMMAND_KEYS["+"]) == "volume 60%"
        running.music.handle(play_command(folder(tmp_path / "songs")))
        running.music.handle(COMMAND_KEYS["."])
        playing = running.music.now_playing()[0]
        assert playing is not None
        assert (playing.title, playing.paused, playing.volume) == ("a", True, 0.6)


# The DJ


def order(act: DjAct, number: int, *choices: MusicChoice, opens_link: bool = False, why: str = "for happy") -> PlayerCommand:
    plan = Plan(Strategy.MATCH, POINTS[HAPPY], choices, why) if choices else None
    return PlayerCommand(dj=DjOrder(act, number, plan, opens_link))


class Heard:
    """A controller with the DJ, and the songs that were heard and ended."""

    def __init__(self, library: Path | None = None) -> None:
        self.ends: list[tuple[str, str]] = []
        self.music = MusicController(
            lambda choice, _why: self.announced.append(choice.place),
            lambda _title: None,
            library=library,
            volume=0,
            shuffle=False,
            spotify_device="",
            on_song_end=lambda end: self.ends.append((end.song.path.stem if end.song.path else "", end.how)),
        )
        self.announced: list[str] = []
        self.titles: list[str] = []

    def title(self) -> str | None:
        playing = self.music.now_playing()[0]
        return None if playing is None else playing.title

    def plays(self, title: str) -> bool:
        """Poll, and say whether a song plays."""
        self.music.poll()
        return self.title() == title


@pytest.fixture
def heard() -> Generator[Heard]:
    made = Heard()
    yield made
    made.music.close()


def test_the_dj_changes_the_music_at_the_end_of_the_song(heard: Heard, tmp_path: Path) -> None:
    for name in ("happy/a", "happy/b", "sad/c", "sad/d"):
        sound(tmp_path / f"{name}.wav", seconds=0.4)
    happy, sad = folder(tmp_path / "happy", title="happy"), folder(tmp_path / "sad", SAD, "sad")
    assert heard.music.handle(order(DjAct.BEGIN, 1, happy)) is None
    assert (heard.title(), heard.music.playing_music().kind, heard.music.playing_music().order) == ("a", MusicKind.SONGS, 1)
    assert heard.music.handle(order(DjAct.NEXT, 2, sad, why="for sad")) is None
    assert (heard.title(), heard.music.playing_music().order) == ("a", 1)
    until(lambda: heard.plays("c"))
    assert (heard.music.playing_music().order, heard.music.playing_music().song) == (2, 2)
    assert heard.ends == [("a", "finished")]
    plan = heard.music.now_playing()[1]
    assert plan is not None
    assert plan.why == "for sad"
    until(lambda: heard.plays("d"))
    assert heard.ends == [("a", "finished"), ("c", "finished")]


def test_a_change_that_is_taken_back_does_not_come(heard: Heard, tmp_path: Path) -> None:
    for name in ("happy/a", "happy/b", "sad/c"):
        sound(tmp_path / f"{name}.wav", seconds=0.4)
    heard.music.handle(order(DjAct.BEGIN, 1, folder(tmp_path / "happy")))
    heard.music.handle(order(DjAct.NEXT, 2, folder(tmp_path / "sad", SAD, "sad")))
    heard.music.handle(order(DjAct.STAY, 3))
    until(lambda: heard.plays("b"))
    assert heard.music.playing_music().order == 1


def test_a_choice_by_hand_drops_what_the_dj_had_next(heard: Heard, tmp_path: Path) -> None:
    for name in ("happy/a", "angry/b", "angry/b2", "sad/c"):
        sound(tmp_path / f"{name}.wav", seconds=0.4)
    heard.music.handle(order(DjAct.BEGIN, 1, folder(tmp_path / "happy")))
    heard.music.handle(order(DjAct.NEXT, 2, folder(tmp_path / "sad", SAD, "sad")))
    heard.music.handle(play_command(folder(tmp_path / "angry", title="angry")))
    assert heard.title() == "b"
    until(lambda: heard.plays("b2"))
    assert heard.ends == [("a", "replaced"), ("b", "finished")]


def test_music_that_is_the_list_of_now_goes_on_with_its_next_song(heard: Heard, tmp_path: Path) -> None:
    for name in "ab":
        sound(tmp_path / "songs" / f"{name}.wav", seconds=0.4)
    heard.music.handle(order(DjAct.BEGIN, 1, folder(tmp_path / "songs")))
    heard.music.handle(order(DjAct.NEXT, 2, folder(tmp_path / "songs"), why="for sad"))
    until(lambda: heard.plays("b"))
    assert heard.music.playing_music().order == 2


def test_music_that_cannot_be_had_next_is_said_and_the_list_goes_on(heard: Heard, tmp_path: Path) -> None:
    for name in "ab":
        sound(tmp_path / "songs" / f"{name}.wav", seconds=0.4)
    said: list[str] = []
    heard.music.handle(order(DjAct.BEGIN, 1, folder(tmp_path / "songs")))
    heard.music.handle(order(DjAct.NEXT, 2, folder(tmp_path / "gone", SAD, "gone"), why="for sad"))

    def on_second() -> bool:
        said.extend(filter(None, [heard.music.poll()]))
        return heard.title() == "b"

    until(on_second)
    assert [str(tmp_path / "gone") in sentence for sentence in said] == [True]
    playing = heard.music.playing_music()
    assert (playing.order, playing.failed, playing.failure) == (1, 2, said[0])


def test_the_dj_opens_a_link_only_if_it_may(heard: Heard, tmp_path: Path, browser: Callable[[], list[str]]) -> None:
    assert heard.music.handle(order(DjAct.BEGIN, 1, link("one"))) == "one would fit: press p for it"
    assert (browser(), heard.announced, heard.music.playing_music().kind) == ([], [], MusicKind.NOTHING)
    assert heard.music.handle(order(DjAct.BEGIN, 2, link("one"), opens_link=True)) == "handed to the browser: one, for happy"
    assert browser() == ["https://example.org/one"]
    assert heard.music.playing_music() == replace(heard.music.playing_music(), kind=MusicKind.LINK, order=2)
    sound(tmp_path / "songs" / "a.wav")
    assert heard.music.handle(order(DjAct.BEGIN, 3, folder(tmp_path / "songs"))) is None, "something plays already"
    heard.music.handle(play_command(folder(tmp_path / "songs")))
    assert heard.music.playing_music().kind is MusicKind.SONGS


def test_songs_are_not_replaced_by_a_link_of_the_dj(heard: Heard, tmp_path: Path, browser: Callable[[], list[str]]) -> None:
    for name in "ab":
        sound(tmp_path / "songs" / f"{name}.wav", seconds=0.4)
    heard.music.handle(order(DjAct.BEGIN, 1, folder(tmp_path / "songs"), opens_link=True))
    heard.music.handle(order(DjAct.NEXT, 2, link("one", SAD), why="for sad"))
    until(lambda: heard.plays("b"))
    assert browser() == []


def test_the_dj_fades_songs_to_a_pause_and_goes_on(heard: Heard, tmp_path: Path) -> None:
    sound(tmp_path / "songs" / "a.wav", seconds=60)
    heard.music.handle(order(DjAct.BEGIN, 1, folder(tmp_path / "songs")))
    assert heard.music.handle(order(DjAct.FADE, 2)) is None
    assert heard.music.playing_music().paused
    assert heard.music.handle(order(DjAct.RESUME, 3)) is None
    assert not heard.music.playing_music().paused
    heard.music.handle(COMMAND_KEYS["."])
    heard.music.handle(order(DjAct.FADE, 4))
    assert heard.music.playing_music().paused


@pytest.mark.usefixtures("no_delays")
def test_the_dj_changes_a_list_on_spotify_when_a_song_has_ended(
    heard: Heard, spotify: Spotify, tokens: CredentialStore, browser: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playback_state, "SONG_POLL_S", 0.0)
    assert tokens.version() is not None
    spotify.device(KITCHEN)
    happy, sad = (
        spotify.playlist(name, tracks=[spotify.track(f"{name} {number}", "Somebody") for number in (1, 2)])
        for name in ("happy", "sad")
    )
    choices = [replace(spotify_list(), url=f"https://open.spotify.com/playlist/{each['id']}") for each in (happy, sad)]
    heard.music.handle(order(DjAct.BEGIN, 1, choices[0]))
    until(lambda: heard.plays("happy 1"))
    assert (heard.music.playing_music().kind, heard.music.playing_music().end_known) == (MusicKind.SPOTIFY, True)
    heard.music.handle(order(DjAct.NEXT, 2, choices[1], why="for sad"))
    spotify.progress_ms = 170_000
    heard.music.poll()
    heard.music.poll()
    assert spotify.context == f"spotify:playlist:{happy['id']}"
    # The song ends
    spotify.index, spotify.progress_ms = 1, 500
    until(lambda: heard.plays("sad 1"))
    assert (spotify.context, heard.music.playing_music().order) == (f"spotify:playlist:{sad['id']}", 2)
    heard.music.handle(order(DjAct.FADE, 3))
    assert (spotify.is_playing, heard.music.playing_music().paused) == (False, True)
    heard.music.handle(order(DjAct.RESUME, 4))
    assert (spotify.is_playing, heard.music.playing_music().paused) == (True, False)
    # The person chooses other music in the Spotify app
    spotify.context = "spotify:playlist:other"

    def is_other() -> bool:
        heard.music.poll()
        return heard.music.playing_music().kind is MusicKind.OTHER

    until(is_other)
    assert browser() == []


@pytest.mark.usefixtures("no_delays", "tokens")
@pytest.mark.parametrize("act", [DjAct.FADE, DjAct.RESUME])
@pytest.mark.parametrize("poll_s", [0.0, 1000.0], ids=["the state is read anew", "the state is of some seconds ago"])
def test_the_dj_never_turns_round_a_pause_of_the_spotify_app(
    heard: Heard, spotify: Spotify, act: DjAct, poll_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    spotify.device(KITCHEN)
    happy = spotify.playlist("happy", tracks=[spotify.track(f"happy {number}", "Somebody") for number in (1, 2)])
    choice = replace(spotify_list(), url=f"https://open.spotify.com/playlist/{happy['id']}")
    heard.music.handle(order(DjAct.BEGIN, 1, choice))
    until(lambda: heard.plays("happy 1"))
    if act is DjAct.RESUME:
        heard.music.handle(order(DjAct.FADE, 2))
    monkeypatch.setattr(playback_state, "MIN_POLL_S", poll_s)
    # The person has done it with the phone
    spotify.is_playing = act is DjAct.RESUME
    heard.music.handle(order(act, 3))
    assert spotify.is_playing is (act is DjAct.RESUME)


@pytest.mark.usefixtures("no_delays", "tokens")
def test_the_dj_does_not_pause_music_of_the_spotify_app(heard: Heard, spotify: Spotify) -> None:
    spotify.device(KITCHEN)
    happy = spotify.playlist("happy", tracks=[spotify.track("happy 1", "Somebody")])
    choice = replace(spotify_list(), url=f"https://open.spotify.com/playlist/{happy['id']}")
    heard.music.handle(order(DjAct.BEGIN, 1, choice))
    until(lambda: heard.plays("happy 1"))
    spotify.context = "spotify:playlist:other"
    heard.music.handle(order(DjAct.FADE, 2))
    assert spotify.is_playing


def test_a_skipped_song_and_the_last_one_are_told(tmp_path: Path) -> None:
    for name in "ab":
        sound(tmp_path / "songs" / f"{name}.wav", seconds=60)
    heard = Heard()
    heard.music.handle(play_command(folder(tmp_path / "songs")))
    heard.music.handle(COMMAND_KEYS["n"])
    heard.music.close()
    assert heard.ends == [("a", "skipped"), ("b", "stopped")]
