"""A session's player: real commands to a server, at a clock of the test's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from realtime.music.commands import PlayerCommand
from realtime.music.songs import NowPlaying
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from realtime.music.spotify.playback_state import GRACE_S, LONGEST_LOOK_S, LOOK_S, REST_S, SPOTIFY, STALE_S
from realtime.music.spotify.remote_player import MOST_SKIPS, NOTHING, START_LOOK_S, START_S, SpotifyPlayer
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
    """The app of this computer, if there is one."""

    there: bool = True
    started: list[str] = field(default_factory=list[str])

    def __call__(self, uri: str) -> bool:
        self.started.append(uri)
        return self.there


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def remote(web: SpotifyClient, clock: list[float], app: App) -> SpotifyPlayer:
    return SpotifyPlayer(web, "", app, lambda: clock[0])


@pytest.fixture
def kitchen(spotify: Server) -> Row:
    """A device that is active."""
    return spotify.device("Kitchen", active=True)


def playing(remote: SpotifyPlayer) -> NowPlaying:
    now = remote.now_playing
    assert now is not None
    return now


def refused(ask: Callable[[], object]) -> SpotifyError:
    with pytest.raises(SpotifyError) as caught:
        ask()
    return caught.value


def count(spotify: Server, question: tuple[str, str] = STATE) -> int:
    return sum((each.method, each.path) == question for each in spotify.asked)


def asked_at(
    remote: SpotifyPlayer, spotify: Server, clock: list[float], until: float, *wishes: PlayerCommand, each_s: float = 0.25
) -> list[float]:
    """Go on to a moment in quarters of a second, with keys pressed in turn; when it was asked what is on."""
    times = list[float]()
    for turn in range(1, 1 + round(4 * (until - clock[0]))):
        clock[0] += 0.25
        before = count(spotify)
        presses, between = divmod(turn, round(4 * each_s))
        if wishes and not between:
            remote.handle(wishes[presses % len(wishes)])
        remote.poll()
        assert count(spotify) <= before + 1
        times += [clock[0]] if count(spotify) > before else []
    return times


def test_at_first_nothing_is_on_and_nobody_asks(
    remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    spotify.is_playing = True
    assert asked_at(remote, spotify, clock, 60) == []
    assert (remote.now_playing, remote.starting, spotify.asked) == (None, False, [])


def test_a_list_begins_on_the_active_device(remote: SpotifyPlayer, spotify: Server, kitchen: Row, app: App) -> None:
    spotify.device("Desk")
    assert remote.begin(LIST, "Mine") == "playing Mine on Kitchen"
    assert (spotify.context, spotify.is_playing, spotify.asked[-1].query) == (LIST, True, {"device_id": kitchen["id"]})
    assert remote.now_playing == NowPlaying("Mine", None, 1, 1, volume=0.5)
    assert (count(spotify), app.started) == (0, [])


def test_where_none_is_active_a_listed_one_is_woken(remote: SpotifyPlayer, spotify: Server) -> None:
    spotify.device("Speaker", type="Speaker")
    desk = spotify.device("Desk")
    assert remote.begin(LIST, "Mine") == "playing Mine on Desk"
    assert desk["is_active"]


@pytest.mark.parametrize(("wanted", "name"), [("desk", "Desk"), ("DES", "Desk"), ("cellar", "Kitchen")])
def test_the_preferred_device_comes_first(
    web: SpotifyClient, spotify: Server, kitchen: Row, clock: list[float], wanted: str, name: str
) -> None:
    del kitchen
    spotify.device("Desk")
    remote = SpotifyPlayer(web, wanted, App(), lambda: clock[0])
    assert remote.begin(LIST, "Mine") == f"playing Mine on {name}"


def test_the_device_of_last_time_comes_before_others(remote: SpotifyPlayer, spotify: Server) -> None:
    last = spotify.device("Speaker", active=True, type="Speaker")
    spotify.device("Desk")
    remote.begin(LIST, "Mine")
    last["is_active"] = False
    assert remote.begin(OTHER, "Other") == "playing Other on Speaker"


@pytest.mark.parametrize("restricted", [True, False])
def test_without_a_device_and_without_an_app_it_says_so(
    remote: SpotifyPlayer,
    spotify: Server,
    app: App,
    restricted: bool,  # noqa: FBT001
) -> None:
    if restricted:
        spotify.device("Car", active=True, is_restricted=True)
    app.there = False
    error = refused(lambda: remote.begin(LIST, "Mine"))
    assert (error.kind, str(error)) == (ErrorKind.NO_DEVICE, "no Spotify device is on: open Spotify on one and try again")
    assert (app.started, remote.starting, remote.now_playing) == ([LIST], False, None)


def test_an_app_is_started_and_waited_for(remote: SpotifyPlayer, spotify: Server, app: App, clock: list[float]) -> None:
    assert remote.begin(LIST, "Mine") == "starting the Spotify app with Mine"
    assert remote.starting
    assert remote.begin(LIST, "Mine") == "waiting for the Spotify app with Mine"
    asked = len(spotify.asked)
    clock[0] = START_LOOK_S - 0.1
    assert remote.poll() is None
    assert len(spotify.asked) == asked
    clock[0] = START_LOOK_S
    assert remote.poll() is None
    assert len(spotify.asked) == asked + 1
    spotify.device("Desk")
    assert remote.poll() is None
    clock[0] = 2 * START_LOOK_S
    assert remote.poll() == "playing Mine on Desk"
    assert (remote.starting, spotify.context, app.started) == (False, LIST, [LIST])
    assert playing(remote).title == "Mine"


def test_an_app_that_does_not_come_is_given_up(remote: SpotifyPlayer, spotify: Server, clock: list[float]) -> None:
    remote.begin(LIST, "Mine")
    clock[0] = START_S - 0.1
    assert remote.poll() is None
    clock[0] = START_S + START_LOOK_S
    assert refused(remote.poll).kind is ErrorKind.NO_DEVICE
    assert not remote.starting
    asked = len(spotify.asked)
    clock[0] += 100
    assert remote.poll() is None
    assert len(spotify.asked) == asked
    assert remote.begin(LIST, "Mine") == "starting the Spotify app with Mine"


def test_of_two_lists_the_app_gets_the_later_one(remote: SpotifyPlayer, spotify: Server, app: App, clock: list[float]) -> None:
    remote.begin(LIST, "Mine")
    assert remote.begin(OTHER, "Other") == "starting the Spotify app with Other"
    spotify.device("Desk")
    clock[0] = START_LOOK_S
    assert remote.poll() == "playing Other on Desk"
    assert app.started == [LIST, OTHER]


def test_a_fault_while_the_app_starts_is_told_once(remote: SpotifyPlayer, spotify: Server, clock: list[float]) -> None:
    remote.begin(LIST, "Mine")
    spotify.fail("GET", "/v1/me/player/devices", Fault(503))
    clock[0] = START_LOOK_S
    assert refused(remote.poll).kind is ErrorKind.AWAY
    assert (remote.starting, remote.poll()) == (False, None)


def test_a_device_that_refuses_makes_way_for_the_app(remote: SpotifyPlayer, spotify: Server, kitchen: Row, app: App) -> None:
    del kitchen
    spotify.fail("PUT", "/v1/me/player/play", refusal(403, "Player command failed: Restricted device", "UNKNOWN"))
    assert remote.begin(LIST, "Mine") == "starting the Spotify app with Mine"
    assert app.started == [LIST]


def test_a_list_that_cannot_be_played_is_no_reason_to_start_an_app(
    remote: SpotifyPlayer, spotify: Server, kitchen: Row, app: App
) -> None:
    del kitchen
    spotify.unplayable.add(LIST.rpartition(":")[2])
    assert refused(lambda: remote.begin(LIST, "Mine")).kind is ErrorKind.GONE
    assert (app.started, remote.now_playing) == ([], None)


def test_whether_there_is_premium_is_learned_by_doing(
    remote: SpotifyPlayer, spotify: Server, kitchen: Row, tokens: CredentialStore
) -> None:
    del kitchen

    def premium() -> bool | None:
        token = tokens.load()
        assert token is not None
        return token.premium

    assert premium() is None
    spotify.premium = False
    assert refused(lambda: remote.begin(LIST, "Mine")).kind is ErrorKind.NO_PREMIUM
    assert premium() is False
    spotify.premium = True
    remote.begin(LIST, "Mine")
    assert premium() is True
    stamp = tokens.version()
    remote.handle(NEXT)
    assert tokens.version() == stamp


def test_what_is_on_is_asked_soon_after_a_list_was_begun(
    remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    assert asked_at(remote, spotify, clock, 4) == [1]
    assert playing(remote).title == "Song aaaa"
    assert playing(remote).artist == "Somebody"


def test_while_a_song_goes_on_it_is_asked_rarely_and_after_its_end(
    remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    assert asked_at(remote, spotify, clock, 65) == [1, 1 + REST_S, 1 + 2 * REST_S]
    spotify.progress_ms = 172_000
    remote.handle(LOUDER)
    clock[0] = 70
    assert asked_at(remote, spotify, clock, 90)[1] == pytest.approx(70.25 + 8 + 1)


def test_what_stands_still_is_asked_rarely(remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    remote.handle(TOGGLE)
    times = asked_at(remote, spotify, clock, 70)
    assert [later - sooner for sooner, later in pairwise(times)] == [REST_S, REST_S]


KEYS_PRESSED = [[wish] for wish in (NEXT, TOGGLE, SHUFFLE, LOUDER, SOFTER)] + [[NEXT, TOGGLE, SHUFFLE, LOUDER, SOFTER, TOGGLE]]


@pytest.mark.parametrize("wishes", KEYS_PRESSED)
@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("each_s", [0.25, 1.5])
def test_what_is_on_is_asked_at_most_once_in_five_seconds_whatever_is_pressed(
    remote: SpotifyPlayer,
    spotify: Server,
    kitchen: Row,
    clock: list[float],
    wishes: list[PlayerCommand],
    begun: bool,  # noqa: FBT001
    each_s: float,
) -> None:
    del kitchen
    if begun:
        remote.begin(LIST, "Mine")
    spotify.queue = [spotify.track(f"Song {number}", "Somebody") for number in range(300)]
    spotify.is_playing = True
    times = asked_at(remote, spotify, clock, 30, *wishes, each_s=each_s)
    assert all(later - sooner >= LOOK_S for sooner, later in pairwise(times))
    # After each command Spotify is given a second to know of it: a key that is held down puts the question off
    assert len(times) >= 3 or each_s < 1
    assert asked_at(remote, spotify, clock, 36)


def test_a_key_right_after_the_beginning_pauses(remote: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    assert remote.handle(TOGGLE) is None
    assert (spotify.is_playing, playing(remote).paused, count(spotify)) == (False, True, 0)
    assert remote.handle(TOGGLE) is None
    assert (spotify.is_playing, playing(remote).paused, count(spotify)) == (True, False, 0)


def test_what_somebody_did_at_the_player_itself_is_looked_at_when_it_shows(
    remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    spotify.is_playing = False
    assert remote.handle(TOGGLE) == "Spotify cannot do that now: look into its app"
    assert not spotify.is_playing
    assert asked_at(remote, spotify, clock, 2) == [1]
    assert playing(remote).paused
    spotify.is_playing = True
    assert remote.handle(TOGGLE) == "Spotify cannot do that now: look into its app"
    assert spotify.is_playing
    assert asked_at(remote, spotify, clock, 7) == [6]
    assert not playing(remote).paused


def test_a_list_that_is_on_goes_on(remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    remote.handle(NEXT)
    begun = count(spotify, PLAYED)
    assert remote.begin(LIST, "Mine") == "playing Mine"
    assert (spotify.index, count(spotify, PLAYED)) == (1, begun)
    remote.handle(TOGGLE)
    clock[0] = 100
    assert remote.begin(LIST, "Mine") == "playing Mine"
    assert (spotify.index, spotify.is_playing, playing(remote).paused) == (1, True, False)
    assert remote.begin(OTHER, "Other") == "playing Other on Kitchen"
    assert (spotify.index, spotify.context) == (0, OTHER)


def test_a_list_that_somebody_has_left_at_the_player_itself_begins_anew(
    remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    spotify.context, spotify.index = OTHER, 2
    clock[0] = LOOK_S
    assert remote.begin(LIST, "Mine") == "playing Mine on Kitchen"
    assert (spotify.context, spotify.index) == (LIST, 0)


def test_a_key_is_for_what_somebody_began_at_the_player_itself(
    remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    spotify.queue, spotify.is_playing = [spotify.track("Theirs", "Somebody")], True
    assert remote.handle(TOGGLE) is None
    assert (spotify.is_playing, playing(remote).title, playing(remote).paused) == (False, "Theirs", True)
    spotify.is_playing = True
    clock[0] = LOOK_S
    assert remote.handle(TOGGLE) is None
    assert (spotify.is_playing, count(spotify)) == (False, 2)


def test_a_player_that_stood_still_for_long_is_woken(
    remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    remote.begin(LIST, "Mine")
    remote.handle(TOGGLE)
    kitchen["is_active"] = False
    clock[0] = 600
    assert remote.handle(TOGGLE) is None
    assert (spotify.is_playing, kitchen["is_active"], spotify.context) == (True, True, LIST)
    clock[0] += 6
    assert remote.poll() is None
    assert playing(remote).title == "Song aaaa"


@pytest.mark.parametrize("wish", [NEXT, BACK, TOGGLE, SHUFFLE, LOUDER, PlayerCommand(skip=2, shuffle=True, louder=1)])
def test_where_nothing_is_on_keys_say_so_once(
    remote: SpotifyPlayer, spotify: Server, clock: list[float], wish: PlayerCommand
) -> None:
    assert remote.handle(wish) == NOTHING
    assert [(each.method, each.path) for each in spotify.asked] == [STATE]
    # Nothing is looked at any more
    assert asked_at(remote, spotify, clock, 60) == []


def test_no_key_is_no_answer(remote: SpotifyPlayer, spotify: Server) -> None:
    assert remote.handle(PlayerCommand()) is None
    assert spotify.asked == []


@pytest.mark.parametrize(
    ("wish", "index"),
    [
        (NEXT, 21),
        (BACK, 19),
        (NEXT.merged_with(NEXT).merged_with(NEXT), 23),
        (NEXT.merged_with(BACK), 20),
        (PlayerCommand(skip=99), 30),
        (PlayerCommand(skip=-99), 10),
    ],
)
def test_skips_come_to_one_number_and_to_no_more_than_ten(
    remote: SpotifyPlayer, spotify: Server, kitchen: Row, wish: PlayerCommand, index: int
) -> None:
    del kitchen
    spotify.queue = [spotify.track(f"Song {number}", "Somebody") for number in range(50)]
    spotify.index, spotify.is_playing = 20, True
    assert remote.handle(wish) is None
    assert (spotify.index, MOST_SKIPS) == (index, 10)


def test_a_skip_plays_also_out_of_a_pause(remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    assert asked_at(remote, spotify, clock, 2) == [1]
    remote.handle(TOGGLE)
    remote.handle(PlayerCommand(skip=1, toggle=True))
    assert (spotify.index, spotify.is_playing) == (1, True)
    # Which song it is has yet to be said
    assert remote.now_playing == NowPlaying("Mine", None, 1, 1, paused=False, volume=0.5)
    remote.handle(TOGGLE)
    assert not spotify.is_playing
    clock[0] = 7
    remote.poll()
    assert (playing(remote).title, playing(remote).paused) == ("Song aaab", True)


def test_before_the_first_song_there_is_none(remote: SpotifyPlayer, kitchen: Row) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    assert refused(lambda: remote.handle(BACK)).kind is ErrorKind.ALREADY
    assert playing(remote).title == "Mine"


def test_the_volume_goes_in_steps_and_stays_in_its_bounds(remote: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    remote.begin(LIST, "Mine")
    assert remote.handle(LOUDER) == "volume 60%"
    assert remote.handle(LOUDER.merged_with(LOUDER)) == "volume 80%"
    assert (kitchen["volume_percent"], playing(remote).volume) == (80, 0.8)
    assert remote.handle(PlayerCommand(louder=99)) == "volume 100%"
    assert remote.handle(PlayerCommand(louder=-99)) == "volume 0%"
    assert (kitchen["volume_percent"], count(spotify)) == (0, 0)


@pytest.mark.parametrize("more", [{"supports_volume": False}, {"volume_percent": None}])
def test_a_device_may_keep_its_volume_to_itself(remote: SpotifyPlayer, spotify: Server, more: Row) -> None:
    spotify.device("Phone", active=True, **more)
    remote.begin(LIST, "Mine")
    assert playing(remote).volume is None
    assert remote.handle(LOUDER) == "Phone lets nobody else set its volume: turn it there"
    assert count(spotify, ("PUT", "/v1/me/player/volume")) == 0


def test_shuffle_there_and_back(remote: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    assert remote.handle(SHUFFLE) == "shuffle on"
    assert (spotify.shuffle, playing(remote).shuffled) == (True, True)
    assert remote.handle(SHUFFLE.merged_with(LOUDER)) == "volume 60%, shuffle off"
    assert (spotify.shuffle, playing(remote).shuffled) == (False, False)


def test_while_an_advertisement_is_on_the_list_is_named(
    remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    spotify.queue = [{"type": "ad", "uri": "spotify:ad:1"}]
    assert asked_at(remote, spotify, clock, 40) == [1, 31]
    assert (playing(remote).title, playing(remote).artist, playing(remote).paused) == ("Mine", None, False)


def test_of_what_was_not_begun_here_nobody_knows_a_name(remote: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    del kitchen
    spotify.is_playing = True
    remote.handle(SHUFFLE)
    assert playing(remote).title == SPOTIFY


def test_an_episode_is_named_with_its_show(remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    spotify.queue = [spotify.track("Part one", "", type="episode", artists=None, show={"name": "Radio"})]
    asked_at(remote, spotify, clock, 2)
    assert (playing(remote).title, playing(remote).artist) == ("Part one", "Radio")


def test_a_player_that_is_slow_to_wake_is_believed_for_a_while(
    remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    remote.begin(LIST, "Mine")
    kitchen["is_active"] = False
    assert asked_at(remote, spotify, clock, GRACE_S) == [1, 6]
    assert playing(remote).title == "Mine"
    assert asked_at(remote, spotify, clock, 100) == [11]
    assert remote.now_playing is None


def test_while_spotify_is_away_it_is_asked_ever_more_rarely(
    remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    spotify.always[STATE] = Fault(503)
    assert asked_at(remote, spotify, clock, 200) == [1, 11, 31, 71, 131, 191]
    assert LONGEST_LOOK_S == 60
    assert playing(remote).title == "Mine"
    spotify.always.clear()
    assert asked_at(remote, spotify, clock, 300) == [251, 281]
    assert playing(remote).title == "Song aaaa"


def test_after_too_many_questions_none_is_asked_for_as_long_as_spotify_says(
    remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    spotify.fail(*STATE, refusal(429, "Too many requests", "QUOTA_EXCEEDED", {"Retry-After": "200"}))
    assert asked_at(remote, spotify, clock, 200) == [1]
    error = refused(lambda: remote.handle(NEXT))
    assert (error.kind, "daily quota" in str(error)) == (ErrorKind.BUSY, True)
    assert playing(remote).title == "Mine"
    assert asked_at(remote, spotify, clock, 210) == [201]
    assert playing(remote).title == "Song aaaa"


def test_after_so_long_without_an_answer_nobody_knows_what_is_on(
    remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]
) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    spotify.fail(*STATE, refusal(429, "Too many requests", "QUOTA_EXCEEDED", {"Retry-After": "48925"}))
    assert asked_at(remote, spotify, clock, 2) == [1]
    assert remote.now_playing is None
    assert asked_at(remote, spotify, clock, 200) == []
    clock[0] = 50_000
    remote.begin(LIST, "Mine")
    spotify.always[STATE] = Fault(503)
    asked_at(remote, spotify, clock, 50_000 + STALE_S)
    assert remote.now_playing is None


def test_a_list_that_may_have_begun_is_paused_for_other_music(remote: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    del kitchen
    spotify.queue, spotify.is_playing = [spotify.track("Begun", "Somebody")], True
    spotify.fail(*PLAYED, Fault(close=True))
    assert refused(lambda: remote.begin(LIST, "Mine")).kind is ErrorKind.AWAY
    remote.silence()
    assert (spotify.is_playing, count(spotify, PAUSED)) == (False, 1)
    remote.silence()
    spotify.fail(*PLAYED, refusal(404, "Resource not found"))
    assert refused(lambda: remote.begin(LIST, "Mine")).kind is ErrorKind.GONE
    remote.silence()
    assert count(spotify, PAUSED) == 1


def test_a_login_that_ends_is_told_once(remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    spotify.expire_access()
    spotify.revoke()
    clock[0] = 1
    error = refused(remote.poll)
    assert (error.kind, str(error)) == (ErrorKind.ENDED, "your Spotify login has ended: log in with emodj spotify login")
    asked = len(spotify.asked)
    assert asked_at(remote, spotify, clock, 100) == []
    assert (remote.now_playing, len(spotify.asked)) == (None, asked)


def test_who_logs_out_meanwhile_is_told_once(
    remote: SpotifyPlayer, kitchen: Row, tokens: CredentialStore, clock: list[float]
) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    tokens.delete()
    clock[0] = 1
    assert refused(remote.poll).kind is ErrorKind.LOGGED_OUT
    assert (remote.poll(), remote.now_playing) == (None, None)


def test_other_music_makes_it_pause(remote: SpotifyPlayer, spotify: Server, kitchen: Row, clock: list[float]) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    remote.silence()
    assert (spotify.is_playing, remote.now_playing, count(spotify, PAUSED)) == (False, None, 1)
    assert asked_at(remote, spotify, clock, 60) == []
    remote.silence()
    assert count(spotify, PAUSED) == 1


def test_what_is_paused_or_wanted_on_is_not_paused(remote: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    remote.silence(pause=False)
    assert (spotify.is_playing, remote.now_playing) == (True, None)
    remote.begin(LIST, "Mine")
    remote.handle(TOGGLE)
    remote.silence()
    assert (count(spotify, PAUSED), remote.now_playing) == (1, None)


def test_what_cannot_be_paused_keeps_no_other_music_back(remote: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    spotify.fail(*PAUSED, Fault(503))
    remote.silence()
    assert (spotify.is_playing, remote.now_playing) == (True, None)


def test_an_app_is_waited_for_no_more_once_there_is_other_music(
    remote: SpotifyPlayer, spotify: Server, clock: list[float]
) -> None:
    remote.begin(LIST, "Mine")
    remote.silence()
    spotify.device("Desk")
    clock[0] = START_S
    assert (remote.starting, remote.poll(), spotify.is_playing) == (False, None, False)


def test_what_plays_goes_on_when_the_session_ends(remote: SpotifyPlayer, spotify: Server, kitchen: Row) -> None:
    del kitchen
    remote.begin(LIST, "Mine")
    remote.close()
    assert spotify.is_playing
