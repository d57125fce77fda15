from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Box, Expression, Face, Mood
from realtime.mood.vote import MoodVote
from realtime.music.catalog import MusicChoice
from realtime.music.commands import PlayerCommand
from realtime.music.planner import Plan, Strategy
from realtime.music.selector import PLAY_AGAIN_S
from realtime.music.songs import NowPlaying
from realtime.session.keymap import BINDINGS, Action, find_binding
from realtime.session.state import NOTICE_S, WELCOME, Session, Summary
from realtime.session.view import ViewState
from tests.support.lists import LIFTS, PLAYLISTS, link

KEYS = sorted(key for binding in BINDINGS for key in binding.keys)
COMMANDS = [(key, binding.effect) for binding in BINDINGS for key in binding.keys if isinstance(binding.effect, PlayerCommand)]


def looks(expression: Expression, left: int = 0) -> Face:
    return Face(Box(left, 0, 10, 10), tuple(float(other is expression) for other in EXPRESSIONS))


HAPPY, SAD = looks(Expression.HAPPY), looks(Expression.SAD, 20)
NOBODY = Face(Box(0, 0, 10, 10), (1 / 7,) * 7, reason="low confidence")


def session(*, mirrored: bool = False, bars: bool = True, info: bool = False, window_s: float = 15) -> Session:
    return Session(MoodVote(window_s=window_s, lead=0.1, dwell_s=0), PLAYLISTS, mirrored=mirrored, bars=bars, info=info)


def notice(of: Session, now_s: float) -> str | None:
    return of.view(now_s, "").notice


def best(plan: Plan | None) -> MusicChoice | None:
    return None if plan is None else plan.best


def opens(asked: object) -> MusicChoice | None:
    return best(asked.plan) if isinstance(asked, PlayerCommand) else None


def leader(of: Session) -> Expression | None:
    mood = of.mood()
    return mood.leader if mood else None


def sadness(of: Session) -> float:
    mood = of.mood()
    return mood.shares[EXPRESSIONS.index(Expression.SAD)] if mood else 0.0


def either_case(key: str) -> list[str]:
    return sorted({key, key.upper()}) if len(key) == 1 else [key]


def test_a_session_begins_with_nobody_and_what_the_settings_ask_for() -> None:
    assert session().view(0, "30 fps") == ViewState(bars=True)
    assert session(mirrored=True, bars=False, info=True).view(0, "30 fps") == ViewState(
        mirrored=True, bars=False, info="30 fps"
    )


def test_the_screen_shows_the_faces_of_the_last_frame_and_the_mood_of_all() -> None:
    running = session()
    for time_s, face in enumerate([HAPPY, HAPPY, HAPPY, SAD]):
        running.add_frame([face], time_s)
    screen = running.view(3, "")
    assert screen.faces == (SAD,)
    assert screen.mood == running.mood()
    assert screen.mood is not None
    # The first frame stands for a moment, each of the others for a second
    assert (screen.mood.leader, screen.mood.share) == (Expression.HAPPY, pytest.approx(2 / 3, abs=0.01))
    running.add_frame([], 4)
    assert running.view(4, "").faces == ()
    assert leader(running) is Expression.HAPPY


@pytest.mark.parametrize(
    ("key", "action"),
    [
        *[(key, Action.QUIT) for key in ("q", "Q", "escape")],
        *[(key, Action.SNAPSHOT) for key in ("s", "S")],
        *[(key, Action.FULL_SCREEN) for key in ("f", "F")],
        *[(key, Action.NEXT_CAMERA) for key in ("c", "C")],
        ("space", Action.FREEZE),
    ],
)
def test_a_key_for_the_parts_around(key: str, action: Action) -> None:
    assert session().handle_key(key, 0) is action


@pytest.mark.parametrize(
    ("key", "part"),
    [("h", "help"), ("H", "help"), ("?", "help"), *[(key, "mirrored") for key in "mM"], ("b", "bars"), ("B", "bars")],
)
def test_a_key_switches_one_thing_and_switches_it_back(key: str, part: str) -> None:
    running = session()
    before = running.view(0, "")
    assert running.handle_key(key, 0) is None
    assert running.view(0, "") == replace(before, **{part: not getattr(before, part)})
    assert running.handle_key(key, 0) is None
    assert running.view(0, "") == before


@pytest.mark.parametrize("key", ["i", "I"])
def test_rate_and_latency_are_shown_on_demand(key: str) -> None:
    running = session()
    assert running.handle_key(key, 0) is None
    assert running.view(0, "30 fps").info == "30 fps"
    assert running.view(0, "29 fps").info == "29 fps"
    assert running.handle_key(key, 0) is None
    assert running.view(0, "30 fps").info is None


@pytest.mark.parametrize(("typed", "key"), [("й", "q"), ("Ы", "s"), ("ח", "j"), ("η", "h"), ("م", "l"), ("۳", "3"), ("=", "+")])
def test_a_key_of_another_layout_does_what_the_latin_key_in_its_place_does(typed: str, key: str) -> None:
    one, other = session(), session()
    assert one.handle_key(typed, 0) == other.handle_key(key, 0)
    assert one.view(0, "info") == other.view(0, "info")


@pytest.mark.parametrize("key", [key for name in KEYS for key in either_case(name)])
def test_every_key_of_the_table_does_something(key: str) -> None:
    running = session()
    before = running.view(0, "info")
    action = running.handle_key(key, 0)
    assert action is not None or running.view(0, "info") != before


@given(st.text(max_size=6).filter(lambda key: find_binding(key) is None))
def test_any_other_key_does_nothing(key: str) -> None:
    running = session()
    running.add_frame([HAPPY], 0)
    before = running.view(0, "info")
    assert running.handle_key(key, 0) is None
    assert running.view(0, "info") == before


def test_the_space_bar_freezes_and_thaws_and_the_vote_pauses_too() -> None:
    running = session(window_s=15)
    running.add_frame([HAPPY], 0)
    assert not running.frozen
    assert running.handle_key("space", 0) is Action.FREEZE
    assert running.frozen
    assert running.view(0, "").frozen
    assert running.handle_key("space", 100) is Action.FREEZE
    assert not running.frozen
    assert not running.view(100, "").frozen
    running.add_frame([SAD], 100)
    mood = running.mood()
    assert mood is not None
    assert (mood.leader, mood.share) == (Expression.HAPPY, 0.5), "the vote of before still counts"


def test_between_two_stretches_of_a_source_no_time_passes_for_the_vote() -> None:
    unbroken, broken = session(), session()
    for running, stretch in ((unbroken, 0), (broken, 1)):
        running.add_frame([HAPPY], 0)
        running.add_frame([SAD], 100, stretch)
    assert sadness(unbroken) > 0.9, "a frame stands for the time since the one before"
    assert sadness(broken) == 0.5, "a moment each"
    broken.add_frame([SAD], 101, 1)
    assert sadness(broken) > 0.9, "time goes on within a stretch, whatever its number"
    assert broken.summary().frames == 3


def test_faces_of_an_earlier_stretch_are_not_on_the_picture_of_another() -> None:
    running = session()
    running.add_frame([HAPPY], 0, 3)
    for screen in (
        running.view(0, ""),
        running.view(0, "", stretch=3),
        running.snapshot_view(0),
        running.snapshot_view(0, 3),
    ):
        assert screen.faces == (HAPPY,)
    for screen in (running.view(0, "", stretch=4), running.snapshot_view(0, 4)):
        assert screen.faces == ()
        assert screen.mood == running.mood()
    running.add_frame([SAD], 9, 4)
    assert running.view(0, "", stretch=4).faces == (SAD,)


def test_the_trouble_of_the_camera_is_on_screen_for_as_long_as_it_lasts() -> None:
    running = session()
    assert running.view(0, "", "unplugged").trouble == "unplugged"
    assert running.view(0, "").trouble is None


def test_recording_is_shown_from_when_it_begins_until_it_ends() -> None:
    running = session()
    assert not running.view(0, "").recording
    running.set_recording(on=True)
    running.add_frame([HAPPY], 0)
    assert running.view(0, "").recording
    assert not running.snapshot_view(0).recording
    running.set_recording(on=False)
    assert not running.view(0, "").recording


@pytest.mark.parametrize("key", ["p", "P"])
def test_the_playlist_key_asks_for_the_moods_playlist_and_says_so(key: str) -> None:
    running = session()
    running.add_frame([SAD], 0)
    assert best(running.summary().plan) == link(Expression.SAD)
    assert opens(running.handle_key(key, 10)) == link(Expression.SAD)
    assert notice(running, 10) == "opening sad, for sad"


@pytest.mark.parametrize("faces", [[], [NOBODY]])
def test_without_a_mood_the_playlist_key_says_so(faces: list[Face]) -> None:
    running = session()
    running.add_frame(faces, 0)
    assert running.summary().plan is None
    assert running.handle_key("p", 10) is None
    said = notice(running, 10)
    assert said is not None
    assert said.startswith("no mood yet")


def test_the_playlist_key_again_within_three_seconds_does_nothing() -> None:
    running = session()
    running.add_frame([HAPPY], 0)
    assert opens(running.handle_key("p", 10))
    running.notify("something else", 10)
    before = running.view(10, "")
    for now_s in (10, 11, 12.99):
        assert running.handle_key("p", now_s) is None
        assert running.view(12.99, "") == before
    assert opens(running.handle_key("p", 10 + PLAY_AGAIN_S))
    assert running.handle_key("p", 10 + PLAY_AGAIN_S + 1) is None, "the three seconds count from the last time it opened"
    assert PLAY_AGAIN_S == 3


def test_asking_too_early_does_not_delay_the_first_playlist() -> None:
    running = session()
    assert running.handle_key("p", 10) is None
    running.add_frame([HAPPY], 0)
    assert opens(running.handle_key("p", 10.5))


@pytest.mark.parametrize(("key", "expression"), list(zip("1234567", EXPRESSIONS, strict=True)))
def test_a_number_chooses_the_mood_in_the_order_of_the_alphabet(key: str, expression: Expression) -> None:
    running = session()
    running.add_frame([HAPPY], 0)
    assert running.handle_key(key, 5) is None
    assert running.mood() == Mood(looks(expression).probabilities, expression, "hand")
    assert running.view(5, "").mood == running.mood()
    assert best(running.summary().plan) == link(expression)
    assert notice(running, 5) == f"mood by hand: {expression.value}"
    assert running.handle_key("0", 6) is None
    assert running.mood() == Mood(HAPPY.probabilities, Expression.HAPPY, "faces")
    assert notice(running, 6) == "the faces choose the mood again"


def test_a_mood_chosen_by_hand_plays_before_anybody_voted() -> None:
    running = session()
    running.handle_key("6", 0)
    assert opens(running.handle_key("p", 1))
    running.handle_key("0", 2)
    assert running.mood() is None


@pytest.mark.parametrize("key", ["r", "R"])
def test_the_vote_starts_anew(key: str) -> None:
    running = session()
    running.add_frame([HAPPY], 0)
    assert running.handle_key(key, 5) is None
    assert running.mood() is None
    assert notice(running, 5) == "the vote starts anew"
    running.add_frame([SAD], 6)
    assert leader(running) is Expression.SAD
    assert running.summary().shares == SAD.probabilities
    assert running.summary().frames == 2, "frames are counted on"


def test_a_notice_ends_after_a_while() -> None:
    running = session()
    running.notify(WELCOME, 100)
    assert notice(running, 100) == WELCOME
    assert notice(running, 100 + NOTICE_S - 0.01) == WELCOME
    assert notice(running, 100 + NOTICE_S) is None
    assert notice(running, 100) is None
    assert 2 <= NOTICE_S <= 8, "long enough to read, short enough not to be in the way"


def test_the_next_notice_takes_the_place_of_the_last_and_has_its_own_time() -> None:
    running = session()
    running.notify("one", 0)
    running.notify("two", 3)
    assert notice(running, 3) == "two"
    assert notice(running, NOTICE_S) == "two"
    assert notice(running, 3 + NOTICE_S) is None


def test_a_notice_ends_while_the_picture_stands_still() -> None:
    running = session()
    running.handle_key("space", 0)
    running.notify("saved", 1)
    assert notice(running, 1 + NOTICE_S) is None


def test_the_welcome_says_that_nothing_leaves_the_computer() -> None:
    assert WELCOME == "analysed on this computer, nothing is saved"


def test_a_snapshot_shows_faces_and_mood_and_nothing_about_the_program() -> None:
    running = session(mirrored=True, bars=False, info=True)
    running.add_frame([HAPPY], 0)
    running.set_recording(on=True)
    running.handle_key("h", 0)
    running.handle_key("space", 0)
    running.notify("a notice", 0)
    before = running.view(0, "30 fps")
    assert running.snapshot_view(0) == ViewState(faces=(HAPPY,), mood=running.mood(), mirrored=True, bars=False, hints=False)
    assert running.view(0, "30 fps") == before, "what is on screen stays"
    assert (before.help, before.frozen, before.recording) == (True, True, True)
    assert (before.notice, before.info) == ("a notice", "30 fps")


def test_the_summary_counts_from_the_first_analysed_frame_to_the_last() -> None:
    running = session()
    for time_s, face in [(1000.5, HAPPY), (1001.5, HAPPY), (1012, SAD), (1030, HAPPY), (1030.5, HAPPY)]:
        running.add_frame([face], time_s)
    summary = running.summary()
    assert (summary.frames, summary.seconds) == (5, 30)
    assert summary.mood is not None
    # No frame stands for more than a second
    assert (summary.mood.leader, summary.mood.share) == (Expression.HAPPY, pytest.approx(2.5 / 3.5, abs=0.01))
    assert summary.shares == summary.mood.shares
    assert best(summary.plan) == link(Expression.HAPPY)


def test_the_summary_of_a_session_in_which_nobody_was_seen() -> None:
    assert session().summary() == Summary(None, None, 0, 0, None)
    running = session()
    running.add_frame([], 7)
    assert running.summary() == Summary(None, None, 1, 0, None)


def test_the_summary_of_a_mood_chosen_by_hand_still_says_what_faces_looked_like() -> None:
    running = session()
    running.add_frame([HAPPY], 0)
    running.handle_key("1", 0)
    summary = running.summary()
    assert summary.mood == running.mood()
    assert best(summary.plan) == link(Expression.ANGRY)
    assert summary.shares == HAPPY.probabilities


def test_p_in_a_mixed_mood_plays_what_lies_between_the_faces() -> None:
    running = session()
    running.add_frame([HAPPY, SAD, looks(Expression.FEAR, 40)], 0)
    assert leader(running) is None
    assert opens(running.handle_key("p", 1)) == link(Expression.NEUTRAL)
    assert notice(running, 1) == "opening neutral, for faces that disagree"


@pytest.mark.parametrize("key", ["l", "L"])
def test_a_key_changes_what_the_mood_asks_of_music(key: str) -> None:
    running = session()
    running.add_frame([SAD], 0)
    assert running.view(0, "").strategy is None
    assert running.handle_key(key, 1) is None
    assert notice(running, 1) == "lift: music towards calm and content"
    assert running.view(1, "").strategy == "lift"
    assert opens(running.handle_key("p", 2)) == LIFTS
    assert best(running.summary().plan) == LIFTS
    running.handle_key(key, 3)
    assert running.view(3, "").strategy == "journey"
    running.handle_key(key, 4)
    assert running.view(4, "").strategy is None


def test_a_session_begins_with_the_strategy_of_the_settings() -> None:
    vote = MoodVote(window_s=15, lead=0.1, dwell_s=0)
    running = Session(vote, PLAYLISTS, mirrored=False, bars=True, info=False, strategy=Strategy.LIFT)
    assert running.view(0, "").strategy == "lift"


@pytest.mark.parametrize(("key", "wish"), [*COMMANDS, ("=", PlayerCommand(louder=1))])
def test_the_keys_of_the_music_are_handed_on(key: str, wish: PlayerCommand) -> None:
    assert session().handle_key(key, 0) == wish


def test_a_journey_takes_a_step_with_each_p_and_each_next_song_and_the_screen_counts_them() -> None:
    running = session()
    running.add_frame([SAD], 0)
    running.handle_key("l", 0)
    running.handle_key("l", 0)
    assert opens(running.handle_key("p", 10)) == link(Expression.SAD)
    assert running.view(10, "").strategy == "journey 1/4"
    assert running.handle_key("n", 10.1) is None
    assert notice(running, 10.1) == "that was just now: press it again in a moment"
    running.handle_key("n", 15)
    assert running.view(15, "").strategy == "journey 2/4"
    assert opens(running.handle_key("p", 20)) == LIFTS
    assert running.view(21, "").strategy == "journey 4/4"
    assert best(running.summary().plan) == LIFTS
    assert running.handle_key("n", 22) == PlayerCommand(skip=1), "where it has arrived the next song is just the next"


@pytest.mark.parametrize("key", ["r", "1", "0", "l"])
def test_a_new_vote_a_mood_by_hand_or_another_strategy_end_a_journey(key: str) -> None:
    running = session()
    running.add_frame([SAD], 0)
    running.handle_key("l", 0)
    running.handle_key("l", 0)
    running.handle_key("p", 10)
    assert running.handle_key(key, 11) == PlayerCommand(end_journey=True), "its songs go no further by themselves either"
    assert running.view(11, "").strategy in {"journey", None}
    assert running.handle_key(key, 12) is None


def test_the_screen_shows_what_is_played_and_a_snapshot_does_not() -> None:
    running = session()
    playing = NowPlaying("Title", "Artist", 1, 2)
    running.set_now_playing(playing, None)
    running.handle_key("l", 0)
    assert (running.view(0, "").playing, running.view(0, "").strategy) == (playing, "lift")
    assert (running.snapshot_view(0).playing, running.snapshot_view(0).strategy) == (None, None)
    running.set_now_playing(None, None)
    assert running.view(0, "").playing is None


def test_a_journey_whose_songs_went_on_by_themselves_goes_on_from_there() -> None:
    running = session()
    running.add_frame([SAD], 0)
    running.handle_key("l", 0)
    running.handle_key("l", 0)
    asked = running.handle_key("p", 10)
    assert isinstance(asked, PlayerCommand)
    assert asked.plan is not None
    running.set_now_playing(NowPlaying("Title", None, 1, 1), asked.plan.then)
    assert running.view(10, "").strategy == "journey 2/4"


def test_the_start_says_what_it_was_told_to() -> None:
    assert session().welcome == WELCOME
    vote = MoodVote(window_s=15, lead=0.1, dwell_s=0)
    written = Session(vote, PLAYLISTS, mirrored=False, bars=True, info=False, welcome="written to a.mkv")
    assert written.welcome == "written to a.mkv"
