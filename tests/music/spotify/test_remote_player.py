"""SpotifyPlayer: real requests to a test server, with a clock that the test sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from realtime.music.commands import NOTHING_PLAYING, PlayerCommand
from realtime.music.songs import NowPlaying
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from realtime.music.spotify.playback_state import MAX_POLL_S, MIN_POLL_S, SONG_POLL_S, STALE_S, START_GRACE_S, UNKNOWN_TITLE
from realtime.music.spotify.remote_player import APP_POLL_S, APP_START_TIMEOUT_S, MAX_SKIPS, SpotifyPlayer
from tests.support.player_keys import COMMAND_KEYS
from tests.support.spotify_server import Fault, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.music.spotify.client import SpotifyClient
    from realtime.music.spotify.credentials import CredentialStore
    from tests.support.spotify_server import Row
    from tests.support.spotify_server import Spotify as Server

NEXT, BACK, TOGGLE, SHUFFLE, LOUDER, SOFTER = (COMMAND_KEYS[key] for key in "n,.z+-")
LIST, OTHER = (f"spotify:playlist:{letter * 22}" for letter in "ab")
STATE = "GET", "/v1/me/player"
PAUSED = "PUT", "/v1/me/player/pause"
PLAYED = "PUT", "/v1/me/player/play"


@dataclass
class App:
    """Stands for the Spotify app of this computer."""

    installed: bool = True
    started: list[str] = field(default_factory=list[str])

    def __call__(self, uri: str) -> bool:
        self.started.append(uri)
        return self.installed


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def player(client: SpotifyClient, clock: list[float], app: App) -> SpotifyPlayer:
    return SpotifyPlayer(client, "", app, lambda: clock[0])


@pytest.fixture
def kitchen(spotify: Server) -> Row:
    """An active device."""
    return spotify.device("Kitchen", active=True)


def playing(player: SpotifyPlayer) -> NowPlaying:
    now = player.now_playing
    assert now is not None
    return now


def error_of(call: Callable[[], object]) -> SpotifyError:
    with pytest.raises(SpotifyError) as caught:
        call()
    return caught.value


def count(spotify: Server, endpoint: tuple[str, str] = STATE) -> int:
    return sum((each.method, each.path) == endpoint for each in spotify.requests)


def poll_times(
    player: SpotifyPlayer, spotify: Server, clock: list[float], until: float, *commands: PlayerCommand, each_s: float = 0.25
) -> list[float]:
    """Advance the clock in quarters of a second, with commands in turn; return the times of the polls."""
    times = list[float]()
    for turn in range(1, 1 + round(4 * (until - clock[0]))):
        clock[0] += 0.25
        before = count(spotify)
        presses, between = divmod(turn, round(4 * each_s))
        if commands and not between:
            player.handle(commands[presses % len(commands)])
        player.poll()
        assert count(spotify) <= before + 1
        times += [clock[0]] if count(spotify) > before else []
    return times


def test_new_player_sends_no_request(player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    del kitchen
    spotify.is_playing = True
    assert poll_times(player, spotify, clock, 60) == []
    assert (player.now_playing, player.is_starting_app, spotify.requests) == (None, False, [])


def test_list_starts_on_the_active_device(player: SpotifyPlayer, spotify: Server, kitchen: Row, app: App) -> None:
    spotify.device("Desk")
    assert player.play(LIST, "Mine") == "playing Mine on Kitchen"
    assert (spotify.context, spotify.is_playing, spotify.requests[-1].query) == (LIST, True, {"device_id": kitchen["id"]})
    assert player.now_playing == NowPlaying("Mine", None, 1, 1, volume=0.5)
    assert (count(spotify), app.started) == (0, [])


def test_without_an_active_device_a_listed_one_is_used(player: SpotifyPlayer, spotify: Server) -> None:
    spotify.device("Speaker", type="Speaker")
    desk = spotify.device("Desk")
    assert player.play(LIST, "Mine") == "playing Mine on Desk"
    assert desk["is_active"]


@pytest.mark.parametrize(("wanted", "name"), [("desk", "Desk"), ("DES", "Desk"), ("cellar", "Kitchen")])
def test_the_preferred_device_comes_first(
    client: SpotifyClient, spotify: Server, kitchen: Row, clock: list[float], wanted: str, name: str
) -> None:
    del kitchen
    spotify.device("Desk")
    player = SpotifyPlayer(client, wanted, App(), lambda: clock[0])
    assert player.play(LIST, "Mine") == f"playing Mine on {name}"


def test_last_device_comes_before_others(player: SpotifyPlayer, spotify: Server) -> None:
    last = spotify.device("Speaker", active=True, type="Speaker")
    spotify.device("Desk")
    player.play(LIST, "Mine")
    last["is_active"] = False
    assert player.play(OTHER, "Other") == "playing Other on Speaker"


@pytest.mark.parametrize("restricted", [True, False])
def test_missing_device_and_missing_app_raise(
    player: SpotifyPlayer,
    spotify: Server,
    app: App,
    restricted: bool,  # noqa: FBT001
) -> None:
    if restricted:
        spotify.device("Car", active=True, is_restricted=True)
    app.installed = False
    error = error_of(lambda: player.play(LIST, "Mine"))
    assert (error.kind, str(error)) == (ErrorKind.NO_DEVICE, "no Spotify device is on: open Spotify on one and try again")
    assert (app.started, player.is_starting_app, player.now_playing) == ([LIST], False, None)


def test_app_is_started_and_polled(player: SpotifyPlayer, spotify: Server, app: App, clock: list[float]) -> None:
    assert player.play(LIST, "Mine") == "starting the Spotify app with Mine"
    assert player.is_starting_app
    assert player.play(LIST, "Mine") == "waiting for the Spotify app with Mine"
    requests = len(spotify.requests)
    clock[0] = APP_POLL_S - 0.1
    assert player.poll() is None
    assert len(spotify.requests) == requests
    clock[0] = APP_POLL_S
    assert player.poll() is None
    assert len(spotify.requests) == requests + 1
    spotify.device("Desk")
    assert player.poll() is None
    clock[0] = 2 * APP_POLL_S
    assert player.poll() == "playing Mine on Desk"
    assert (player.is_starting_app, spotify.context, app.started) == (False, LIST, [LIST])
    assert playing(player).title == "Mine"


def test_app_that_does_not_appear_times_out(player: SpotifyPlayer, spotify: Server, clock: list[float]) -> None:
    player.play(LIST, "Mine")
    clock[0] = APP_START_TIMEOUT_S - 0.1
    assert player.poll() is None
    clock[0] = APP_START_TIMEOUT_S + APP_POLL_S
    assert error_of(player.poll).kind is ErrorKind.NO_DEVICE
    assert not player.is_starting_app
    requests = len(spotify.requests)
    clock[0] += 100
    assert player.poll() is None
    assert len(spotify.requests) == requests
    assert player.play(LIST, "Mine") == "starting the Spotify app with Mine"


def test_pending_list_is_replaced_by_a_later_one(player: SpotifyPlayer, spotify: Server, app: App, clock: list[float]) -> None:
    player.play(LIST, "Mine")
    assert player.play(OTHER, "Other") == "starting the Spotify app with Other"
    spotify.device("Desk")
    clock[0] = APP_POLL_S
    assert player.poll() == "playing Other on Desk"
    assert app.started == [LIST, OTHER]


def test_fault_while_the_app_starts_is_reported_once(player: SpotifyPlayer, spotify: Server, clock: list[float]) -> None:
    player.play(LIST, "Mine")
    spotify.fail("GET", "/v1/me/player/devices", Fault(503))
    clock[0] = APP_POLL_S
    assert error_of(player.poll).kind is ErrorKind.UNAVAILABLE
    assert (player.is_starting_app, player.poll()) == (False, None)


def test_app_is_started_if_the_device_refuses(player: SpotifyPlayer, spotify: Server, kitchen: Row, app: App) -> None:
    del kitchen
    spotify.fail("PUT", "/v1/me/player/play", refusal(403, "Player command failed: Restricted device", "UNKNOWN"))
    assert player.play(LIST, "Mine") == "starting the Spotify app with Mine"
    assert app.started == [LIST]


def test_unplayable_list_does_not_start_the_app(player: SpotifyPlayer, spotify: Server, kitchen: Row, app: App) -> None:
    del kitchen
    spotify.unplayable.add(LIST.rpartition(":")[2])
    assert error_of(lambda: player.play(LIST, "Mine")).kind is ErrorKind.NOT_FOUND
    assert (app.started, player.now_playing) == ([], None)


def test_premium_is_learned_from_commands(
    player: SpotifyPlayer, spotify: Server, kitchen: Row, tokens: CredentialStore
) -> None:
    del kitchen

    def premium() -> bool | None:
        token = tokens.load()
        assert token is not None
        return token.premium

    assert premium() is None
    spotify.premium = False
    assert error_of(lambda: player.play(LIST, "Mine")).kind is ErrorKind.NO_PREMIUM
    assert premium() is False
    spotify.premium = True
    player.play(LIST, "Mine")
    assert premium() is True
    stamp = tokens.version()
    player.handle(NEXT)
    assert tokens.version() == stamp


def test_state_is_polled_soon_after_a_list_starts(
    player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    player.play(LIST, "Mine")
    assert poll_times(player, spotify, clock, 4) == [1]
    assert playing(player).title == "Song aaaa"
    assert playing(player).artist == "Somebody"


def test_state_is_polled_rarely_during_a_song_and_after_its_end(
    player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    player.play(LIST, "Mine")
    assert poll_times(player, spotify, clock, 65) == [1, 1 + SONG_POLL_S, 1 + 2 * SONG_POLL_S]
    spotify.progress_ms = 172_000
    player.handle(LOUDER)
    clock[0] = 70
    assert poll_times(player, spotify, clock, 90)[1] == pytest.approx(70.25 + 8 + 1)


def test_paused_player_is_polled_rarely(player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    del kitchen
    player.play(LIST, "Mine")
    player.handle(TOGGLE)
    times = poll_times(player, spotify, clock, 70)
    assert [later - sooner for sooner, later in pairwise(times)] == [SONG_POLL_S, SONG_POLL_S]


KEYS_PRESSED = [[command] for command in (NEXT, TOGGLE, SHUFFLE, LOUDER, SOFTER)] + [
    [NEXT, TOGGLE, SHUFFLE, LOUDER, SOFTER, TOGGLE]
]


@pytest.mark.parametrize("commands", KEYS_PRESSED)
@pytest.mark.parametrize("started", [True, False])
@pytest.mark.parametrize("each_s", [0.25, 1.5])
def test_state_is_polled_at_most_every_five_seconds_despite_keys(
    player: SpotifyPlayer,
    spotify: Server,
    kitchen: Row,
    clock: list[float],
    commands: list[PlayerCommand],
    started: bool,  # noqa: FBT001
    each_s: float,
) -> None:
    del kitchen
    if started:
        player.play(LIST, "Mine")
    spotify.queue = [spotify.track(f"Song {number}", "Somebody") for number in range(300)]
    spotify.is_playing = True
    times = poll_times(player, spotify, clock, 30, *commands, each_s=each_s)
    assert all(later - sooner >= MIN_POLL_S for sooner, later in pairwise(times))
    # The poll comes a second after each command, so a key that is held down delays it
    assert len(times) >= 3 or each_s < 1
    assert poll_times(player, spotify, clock, 36)


def test_pause_works_right_after_the_start(player: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    del kitchen
    player.play(LIST, "Mine")
    assert player.handle(TOGGLE) is None
    assert (spotify.is_playing, playing(player).paused, count(spotify)) == (False, True, 0)
    assert player.handle(TOGGLE) is None
    assert (spotify.is_playing, playing(player).paused, count(spotify)) == (True, False, 0)


def test_changes_made_in_the_spotify_app_are_found(
    player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    player.play(LIST, "Mine")
    spotify.is_playing = False
    assert player.handle(TOGGLE) == "Spotify cannot do that now: see the Spotify app"
    assert not spotify.is_playing
    assert poll_times(player, spotify, clock, 2) == [1]
    assert playing(player).paused
    spotify.is_playing = True
    assert player.handle(TOGGLE) == "Spotify cannot do that now: see the Spotify app"
    assert spotify.is_playing
    assert poll_times(player, spotify, clock, 7) == [6]
    assert not playing(player).paused


def test_current_list_continues(player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    del kitchen
    player.play(LIST, "Mine")
    player.handle(NEXT)
    started = count(spotify, PLAYED)
    assert player.play(LIST, "Mine") == "playing Mine"
    assert (spotify.index, count(spotify, PLAYED)) == (1, started)
    player.handle(TOGGLE)
    clock[0] = 100
    assert player.play(LIST, "Mine") == "playing Mine"
    assert (spotify.index, spotify.is_playing, playing(player).paused) == (1, True, False)
    assert player.play(OTHER, "Other") == "playing Other on Kitchen"
    assert (spotify.index, spotify.context) == (0, OTHER)


def test_list_replaced_in_the_spotify_app_starts_again(
    player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    player.play(LIST, "Mine")
    spotify.context, spotify.index = OTHER, 2
    clock[0] = MIN_POLL_S
    assert player.play(LIST, "Mine") == "playing Mine on Kitchen"
    assert (spotify.context, spotify.index) == (LIST, 0)


def test_keys_control_music_started_in_the_spotify_app(
    player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    spotify.queue, spotify.is_playing = [spotify.track("Theirs", "Somebody")], True
    assert player.handle(TOGGLE) is None
    assert (spotify.is_playing, playing(player).title, playing(player).paused) == (False, "Theirs", True)
    spotify.is_playing = True
    clock[0] = MIN_POLL_S
    assert player.handle(TOGGLE) is None
    assert (spotify.is_playing, count(spotify)) == (False, 2)


def test_device_is_woken_after_a_long_pause(player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    player.play(LIST, "Mine")
    player.handle(TOGGLE)
    kitchen["is_active"] = False
    clock[0] = 600
    assert player.handle(TOGGLE) is None
    assert (spotify.is_playing, kitchen["is_active"], spotify.context) == (True, True, LIST)
    clock[0] += 6
    assert player.poll() is None
    assert playing(player).title == "Song aaaa"


@pytest.mark.parametrize("command", [NEXT, BACK, TOGGLE, SHUFFLE, LOUDER, PlayerCommand(skip=2, shuffle=True, louder=1)])
def test_keys_without_music_answer_and_do_not_start_polling(
    player: SpotifyPlayer, spotify: Server, clock: list[float], command: PlayerCommand
) -> None:
    assert player.handle(command) == NOTHING_PLAYING
    assert [(each.method, each.path) for each in spotify.requests] == [STATE]
    # Polling is off
    assert poll_times(player, spotify, clock, 60) == []


def test_empty_command_has_no_effect(player: SpotifyPlayer, spotify: Server) -> None:
    assert player.handle(PlayerCommand()) is None
    assert spotify.requests == []


@pytest.mark.parametrize(
    ("command", "index"),
    [
        (NEXT, 21),
        (BACK, 19),
        (NEXT.merged_with(NEXT).merged_with(NEXT), 23),
        (NEXT.merged_with(BACK), 20),
        (PlayerCommand(skip=99), 30),
        (PlayerCommand(skip=-99), 10),
    ],
)
def test_skips_merge_and_are_limited_to_ten(
    player: SpotifyPlayer, spotify: Server, kitchen: Row, command: PlayerCommand, index: int
) -> None:
    del kitchen
    spotify.queue = [spotify.track(f"Song {number}", "Somebody") for number in range(50)]
    spotify.index, spotify.is_playing = 20, True
    assert player.handle(command) is None
    assert (spotify.index, MAX_SKIPS) == (index, 10)


def test_skip_ends_a_pause(player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    del kitchen
    player.play(LIST, "Mine")
    assert poll_times(player, spotify, clock, 2) == [1]
    player.handle(TOGGLE)
    player.handle(PlayerCommand(skip=1, toggle=True))
    assert (spotify.index, spotify.is_playing) == (1, True)
    # The next poll will name the song
    assert player.now_playing == NowPlaying("Mine", None, 1, 1, paused=False, volume=0.5)
    player.handle(TOGGLE)
    assert not spotify.is_playing
    clock[0] = 7
    player.poll()
    assert (playing(player).title, playing(player).paused) == ("Song aaab", True)


def test_skip_back_from_the_first_song_raises(player: SpotifyPlayer, kitchen: Row) -> None:
    del kitchen
    player.play(LIST, "Mine")
    assert error_of(lambda: player.handle(BACK)).kind is ErrorKind.INVALID_STATE
    assert playing(player).title == "Mine"


def test_volume_changes_in_steps_within_its_range(player: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    player.play(LIST, "Mine")
    assert player.handle(LOUDER) == "volume 60%"
    assert player.handle(LOUDER.merged_with(LOUDER)) == "volume 80%"
    assert (kitchen["volume_percent"], playing(player).volume) == (80, 0.8)
    assert player.handle(PlayerCommand(louder=99)) == "volume 100%"
    assert player.handle(PlayerCommand(louder=-99)) == "volume 0%"
    assert (kitchen["volume_percent"], count(spotify)) == (0, 0)


@pytest.mark.parametrize("more", [{"supports_volume": False}, {"volume_percent": None}])
def test_device_may_refuse_volume_changes(player: SpotifyPlayer, spotify: Server, more: Row) -> None:
    spotify.device("Phone", active=True, **more)
    player.play(LIST, "Mine")
    assert playing(player).volume is None
    assert player.handle(LOUDER) == "Phone does not let other programs set its volume: set it on the device"
    assert count(spotify, ("PUT", "/v1/me/player/volume")) == 0


def test_shuffle_on_and_off(player: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    del kitchen
    player.play(LIST, "Mine")
    assert player.handle(SHUFFLE) == "shuffle on"
    assert (spotify.shuffle, playing(player).shuffled) == (True, True)
    assert player.handle(SHUFFLE.merged_with(LOUDER)) == "volume 60%, shuffle off"
    assert (spotify.shuffle, playing(player).shuffled) == (False, False)


def test_title_of_the_list_stands_for_an_advertisement(
    player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    player.play(LIST, "Mine")
    spotify.queue = [{"type": "ad", "uri": "spotify:ad:1"}]
    assert poll_times(player, spotify, clock, 40) == [1, 31]
    assert (playing(player).title, playing(player).artist, playing(player).paused) == ("Mine", None, False)


def test_unknown_music_is_called_spotify(player: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    del kitchen
    spotify.is_playing = True
    player.handle(SHUFFLE)
    assert playing(player).title == UNKNOWN_TITLE


def test_episode_is_shown_with_its_show(player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    del kitchen
    player.play(LIST, "Mine")
    spotify.queue = [spotify.track("Part one", "", type="episode", artists=None, show={"name": "Radio"})]
    poll_times(player, spotify, clock, 2)
    assert (playing(player).title, playing(player).artist) == ("Part one", "Radio")


def test_empty_state_is_ignored_for_some_seconds_after_the_start(
    player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    player.play(LIST, "Mine")
    kitchen["is_active"] = False
    assert poll_times(player, spotify, clock, START_GRACE_S) == [1, 6]
    assert playing(player).title == "Mine"
    assert poll_times(player, spotify, clock, 100) == [11]
    assert player.now_playing is None


def test_poll_interval_grows_while_spotify_is_unavailable(
    player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    player.play(LIST, "Mine")
    spotify.always[STATE] = Fault(503)
    assert poll_times(player, spotify, clock, 200) == [1, 11, 31, 71, 131, 191]
    assert MAX_POLL_S == 60
    assert playing(player).title == "Mine"
    spotify.always.clear()
    assert poll_times(player, spotify, clock, 300) == [251, 281]
    assert playing(player).title == "Song aaaa"


def test_rate_limit_stops_polling_for_the_given_time(
    player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    player.play(LIST, "Mine")
    spotify.fail(*STATE, refusal(429, "Too many requests", "QUOTA_EXCEEDED", {"Retry-After": "200"}))
    assert poll_times(player, spotify, clock, 200) == [1]
    error = error_of(lambda: player.handle(NEXT))
    assert (error.kind, "daily quota" in str(error)) == (ErrorKind.RATE_LIMITED, True)
    assert playing(player).title == "Mine"
    assert poll_times(player, spotify, clock, 210) == [201]
    assert playing(player).title == "Song aaaa"


def test_stale_state_is_forgotten(player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    del kitchen
    player.play(LIST, "Mine")
    spotify.fail(*STATE, refusal(429, "Too many requests", "QUOTA_EXCEEDED", {"Retry-After": "48925"}))
    assert poll_times(player, spotify, clock, 2) == [1]
    assert player.now_playing is None
    assert poll_times(player, spotify, clock, 200) == []
    clock[0] = 50_000
    player.play(LIST, "Mine")
    spotify.always[STATE] = Fault(503)
    poll_times(player, spotify, clock, 50_000 + STALE_S)
    assert player.now_playing is None


def test_unconfirmed_start_is_paused_for_other_music(player: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    del kitchen
    spotify.queue, spotify.is_playing = [spotify.track("Begun", "Somebody")], True
    spotify.fail(*PLAYED, Fault(close=True))
    assert error_of(lambda: player.play(LIST, "Mine")).kind is ErrorKind.UNAVAILABLE
    player.silence()
    assert (spotify.is_playing, count(spotify, PAUSED)) == (False, 1)
    player.silence()
    spotify.fail(*PLAYED, refusal(404, "Resource not found"))
    assert error_of(lambda: player.play(LIST, "Mine")).kind is ErrorKind.NOT_FOUND
    player.silence()
    assert count(spotify, PAUSED) == 1


def test_expired_login_is_reported_once(player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    del kitchen
    player.play(LIST, "Mine")
    spotify.expire_access()
    spotify.revoke()
    clock[0] = 1
    error = error_of(player.poll)
    assert (error.kind, str(error)) == (ErrorKind.EXPIRED, "your Spotify login has ended: log in with emodj spotify login")
    requests = len(spotify.requests)
    assert poll_times(player, spotify, clock, 100) == []
    assert (player.now_playing, len(spotify.requests)) == (None, requests)


def test_logout_is_reported_once(player: SpotifyPlayer, kitchen: Row, tokens: CredentialStore, clock: list[float]) -> None:
    del kitchen
    player.play(LIST, "Mine")
    tokens.delete()
    clock[0] = 1
    assert error_of(player.poll).kind is ErrorKind.LOGGED_OUT
    assert (player.poll(), player.now_playing) == (None, None)


def test_other_music_pauses_spotify(player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    del kitchen
    player.play(LIST, "Mine")
    player.silence()
    assert (spotify.is_playing, player.now_playing, count(spotify, PAUSED)) == (False, None, 1)
    assert poll_times(player, spotify, clock, 60) == []
    player.silence()
    assert count(spotify, PAUSED) == 1


def test_silence_pauses_only_if_requested_and_playing(player: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    del kitchen
    player.play(LIST, "Mine")
    player.silence(pause=False)
    assert (spotify.is_playing, player.now_playing) == (True, None)
    player.play(LIST, "Mine")
    player.handle(TOGGLE)
    player.silence()
    assert (count(spotify, PAUSED), player.now_playing) == (1, None)


def test_failed_pause_does_not_stop_other_music(player: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    del kitchen
    player.play(LIST, "Mine")
    spotify.fail(*PAUSED, Fault(503))
    player.silence()
    assert (spotify.is_playing, player.now_playing) == (True, None)


def test_other_music_cancels_the_pending_list(player: SpotifyPlayer, spotify: Server, clock: list[float]) -> None:
    player.play(LIST, "Mine")
    player.silence()
    spotify.device("Desk")
    clock[0] = APP_START_TIMEOUT_S
    assert (player.is_starting_app, player.poll(), spotify.is_playing) == (False, None, False)


def test_music_continues_after_close(player: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    del kitchen
    player.play(LIST, "Mine")
    player.close()
    assert spotify.is_playing


# Ends of songs, for the DJ


def start_songs(player: SpotifyPlayer, spotify: Server) -> None:
    songs = [spotify.track(name, "Somebody") for name in ("One", "Two", "Three")]
    mine = spotify.playlist("Mine", tracks=songs)
    player.play(f"spotify:playlist:{mine['id']}", "Mine")


def advance(player: SpotifyPlayer, spotify: Server, clock: list[float], seconds: float) -> list[float]:
    """Play songs of 180 s; returns the times at which the player noticed that one had followed another."""
    noticed = list[float]()
    for _ in range(round(seconds * 4)):
        clock[0] += 0.25
        if spotify.is_playing:
            spotify.progress_ms += 250
        if spotify.progress_ms >= 180_000:
            spotify.index, spotify.progress_ms = (spotify.index + 1) % len(spotify.queue), 0
        player.poll()
        noticed += [clock[0]] if player.take_song_start() else []
    return noticed


def test_the_end_of_each_song_is_noticed_right_after_it(
    player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    began_s = clock[0]
    start_songs(player, spotify)
    assert (player.plays_own_list, player.end_known) == (True, False)
    noticed = advance(player, spotify, clock, 400)
    assert [time_s - began_s for time_s in noticed] == pytest.approx([181, 361], abs=1.0)
    assert (player.plays_own_list, player.end_known, player.songs_started) == (True, True, 3)


def test_a_song_that_a_key_starts_is_no_end_of_a_song(
    player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    start_songs(player, spotify)
    assert advance(player, spotify, clock, 60) == []
    player.handle(NEXT)
    assert advance(player, spotify, clock, 60) == []
    assert player.songs_started == 2


def test_music_of_the_spotify_app_is_not_the_own_list(
    player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    start_songs(player, spotify)
    advance(player, spotify, clock, 10)
    spotify.context = "spotify:playlist:other"
    advance(player, spotify, clock, 40)
    assert not player.plays_own_list


def test_a_late_answer_is_no_end_of_a_song(player: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    del kitchen
    start_songs(player, spotify)
    advance(player, spotify, clock, 10)
    # The person goes to the middle of another song in the Spotify app
    spotify.index, spotify.progress_ms = 2, 90_000
    assert advance(player, spotify, clock, 40) == []
    assert player.songs_started == 2
