from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.classifier.occlusion import Explanation
from realtime.domain import EXPRESSIONS, Box, Expression, Face, Mood
from realtime.mood.vote import MoodVote
from realtime.movies.planner import key_of_movie
from realtime.music.catalog import MusicChoice, Playlists
from realtime.music.commands import DjAct, DjOrder, MusicKind, PlayerCommand, PlayingMusic
from realtime.music.dj import DjRules
from realtime.music.feedback import FeedbackKey, Kind, Verdict
from realtime.music.planner import ONLY_DISLIKED, Plan, Strategy
from realtime.music.selector import NO_MOOD, REPEAT_GUARD_S
from realtime.music.songs import NowPlaying
from realtime.music.taste import NOTHING_TO_JUDGE, THUMBS_OFF, key_of_music
from realtime.session.dj import DJ_OFF, DJ_ON
from realtime.session.keymap import BINDINGS, Action, find_binding
from realtime.session.recommendation_cards import FACT_S, NO_MOVIES
from realtime.session.recommendations import CARD_MOVIES, SUMMARY_MOVIES
from realtime.session.state import NO_FACE, NOTICE_S, WELCOME, Session
from realtime.session.summary import Summary
from realtime.session.view import ViewState
from tests.support.lists import FACTS, LIFTS, MOVIES, PLAYLISTS, link, make_recommender
from tests.support.thumbs import Thumbs

KEYS = sorted(key for binding in BINDINGS for key in binding.keys)
COMMANDS = [(key, binding.effect) for binding in BINDINGS for key in binding.keys if isinstance(binding.effect, PlayerCommand)]


def make_face(expression: Expression, left: int = 0) -> Face:
    return Face(Box(left, 0, 10, 10), tuple(float(other is expression) for other in EXPRESSIONS))


HAPPY, SAD = make_face(Expression.HAPPY), make_face(Expression.SAD, 20)
UNSURE = Face(Box(0, 0, 10, 10), (1 / 7,) * 7, reason="low confidence")


def make_session(*, mirrored: bool = False, bars: bool = True, info: bool = False, window_s: float = 15) -> Session:
    vote = MoodVote(window_s=window_s, lead=0.1, dwell_s=0)
    return Session(vote, PLAYLISTS, mirrored=mirrored, bars=bars, info=info, recommender=make_recommender())


def notice(running: Session, now_s: float) -> str | None:
    return running.view(now_s, "").notice


def best_choice(plan: Plan | None) -> MusicChoice | None:
    return None if plan is None else plan.best


def choice_to_open(command: object) -> MusicChoice | None:
    return best_choice(command.plan) if isinstance(command, PlayerCommand) else None


def leading_expression(running: Session) -> Expression | None:
    mood = running.mood()
    return mood.leader if mood else None


def sadness(running: Session) -> float:
    mood = running.mood()
    return mood.shares[EXPRESSIONS.index(Expression.SAD)] if mood else 0.0


def either_case(key: str) -> list[str]:
    return sorted({key, key.upper()}) if len(key) == 1 else [key]


def test_a_session_starts_without_faces_and_with_its_settings() -> None:
    assert make_session().view(0, "30 fps") == ViewState(bars=True)
    assert make_session(mirrored=True, bars=False, info=True).view(0, "30 fps") == ViewState(
        mirrored=True, bars=False, info="30 fps"
    )


def test_the_view_has_the_faces_of_the_last_frame_and_the_mood_of_all() -> None:
    running = make_session()
    for time_s, face in enumerate([HAPPY, HAPPY, HAPPY, SAD]):
        running.add_frame([face], time_s)
    view = running.view(3, "")
    assert view.faces == (SAD,)
    assert view.mood == running.mood()
    assert view.mood is not None
    # The first frame counts for a moment, each of the others for one second
    assert (view.mood.leader, view.mood.share) == (Expression.HAPPY, pytest.approx(2 / 3, abs=0.01))
    running.add_frame([], 4)
    assert running.view(4, "").faces == ()
    assert leading_expression(running) is Expression.HAPPY


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
def test_a_key_returns_an_action_of_the_live_loop(key: str, action: Action) -> None:
    assert make_session().handle_key(key, 0) is action


@pytest.mark.parametrize(
    ("key", "part"),
    [("h", "help"), ("H", "help"), ("?", "help"), *[(key, "mirrored") for key in "mM"], ("b", "bars"), ("B", "bars")],
)
def test_a_key_toggles_one_field_of_the_view(key: str, part: str) -> None:
    running = make_session()
    before = running.view(0, "")
    assert running.handle_key(key, 0) is None
    assert running.view(0, "") == replace(before, **{part: not getattr(before, part)})
    assert running.handle_key(key, 0) is None
    assert running.view(0, "") == before


@pytest.mark.parametrize("key", ["i", "I"])
def test_a_key_toggles_frame_rate_and_latency(key: str) -> None:
    running = make_session()
    assert running.handle_key(key, 0) is None
    assert running.view(0, "30 fps").info == "30 fps"
    assert running.view(0, "29 fps").info == "29 fps"
    assert running.handle_key(key, 0) is None
    assert running.view(0, "30 fps").info is None


@pytest.mark.parametrize(("typed", "key"), [("й", "q"), ("Ы", "s"), ("ח", "j"), ("η", "h"), ("م", "l"), ("۳", "3"), ("=", "+")])
def test_a_key_of_another_layout_acts_like_the_latin_key_in_its_place(typed: str, key: str) -> None:
    one, other = make_session(), make_session()
    assert one.handle_key(typed, 0) == other.handle_key(key, 0)
    assert one.view(0, "info") == other.view(0, "info")


@pytest.mark.parametrize("key", [key for name in KEYS for key in either_case(name)])
def test_every_key_of_the_table_has_an_effect(key: str) -> None:
    running = make_session()
    before = running.view(0, "info")
    action = running.handle_key(key, 0)
    assert action is not None or running.view(0, "info") != before


@given(st.text(max_size=6).filter(lambda key: find_binding(key) is None))
def test_any_other_key_has_no_effect(key: str) -> None:
    running = make_session()
    running.add_frame([HAPPY], 0)
    before = running.view(0, "info")
    assert running.handle_key(key, 0) is None
    assert running.view(0, "info") == before


def test_the_space_bar_freezes_the_frame_and_pauses_the_vote() -> None:
    running = make_session(window_s=15)
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
    assert (mood.leader, mood.share) == (Expression.HAPPY, 0.5), "the earlier vote still counts"


def test_between_two_stretches_of_a_source_no_time_passes_for_the_vote() -> None:
    unbroken, broken = make_session(), make_session()
    for running, stretch in ((unbroken, 0), (broken, 1)):
        running.add_frame([HAPPY], 0)
        running.add_frame([SAD], 100, stretch)
    assert sadness(unbroken) > 0.9, "a frame counts for the time since the previous one"
    assert sadness(broken) == 0.5, "each frame counts for a moment"
    broken.add_frame([SAD], 101, 1)
    assert sadness(broken) > 0.9, "time passes within a stretch of any number"
    assert broken.summary().frames == 3


def test_a_view_leaves_out_faces_of_another_stretch() -> None:
    running = make_session()
    running.add_frame([HAPPY], 0, 3)
    for view in (
        running.view(0, ""),
        running.view(0, "", stretch=3),
        running.snapshot_view(0),
        running.snapshot_view(0, 3),
    ):
        assert view.faces == (HAPPY,)
    for view in (running.view(0, "", stretch=4), running.snapshot_view(0, 4)):
        assert view.faces == ()
        assert view.mood == running.mood()
    running.add_frame([SAD], 9, 4)
    assert running.view(0, "", stretch=4).faces == (SAD,)


def test_the_view_has_the_trouble_of_the_camera_while_it_lasts() -> None:
    running = make_session()
    assert running.view(0, "", "unplugged").trouble == "unplugged"
    assert running.view(0, "").trouble is None


def test_recording_is_shown_until_it_ends() -> None:
    running = make_session()
    assert not running.view(0, "").recording
    running.set_recording(on=True)
    running.add_frame([HAPPY], 0)
    assert running.view(0, "").recording
    assert not running.snapshot_view(0).recording
    running.set_recording(on=False)
    assert not running.view(0, "").recording


@pytest.mark.parametrize("key", ["p", "P"])
def test_the_play_key_opens_the_playlist_of_the_mood(key: str) -> None:
    running = make_session()
    running.add_frame([SAD], 0)
    assert best_choice(running.summary().plan) == link(Expression.SAD)
    assert choice_to_open(running.handle_key(key, 10)) == link(Expression.SAD)
    assert notice(running, 10) == "opening sad, for sad"


@pytest.mark.parametrize("faces", [[], [UNSURE]])
def test_without_a_mood_the_play_key_gives_a_notice(faces: list[Face]) -> None:
    running = make_session()
    running.add_frame(faces, 0)
    assert running.summary().plan is None
    assert running.handle_key("p", 10) is None
    sentence = notice(running, 10)
    assert sentence is not None
    assert sentence.startswith("no mood yet")


def test_a_second_play_key_within_three_seconds_has_no_effect() -> None:
    running = make_session()
    running.add_frame([HAPPY], 0)
    assert choice_to_open(running.handle_key("p", 10))
    running.notify("something else", 10)
    before = running.view(10, "")
    for now_s in (10, 11, 12.99):
        assert running.handle_key("p", now_s) is None
        assert running.view(12.99, "") == before
    assert choice_to_open(running.handle_key("p", 10 + REPEAT_GUARD_S))
    assert running.handle_key("p", 10 + REPEAT_GUARD_S + 1) is None, "the three seconds count from the last time it opened"
    assert REPEAT_GUARD_S == 3


def test_a_play_key_before_the_first_vote_does_not_delay_the_next() -> None:
    running = make_session()
    assert running.handle_key("p", 10) is None
    running.add_frame([HAPPY], 0)
    assert choice_to_open(running.handle_key("p", 10.5))


@pytest.mark.parametrize(("key", "expression"), list(zip("1234567", EXPRESSIONS, strict=True)))
def test_a_number_chooses_the_mood_in_the_order_of_the_alphabet(key: str, expression: Expression) -> None:
    running = make_session()
    running.add_frame([HAPPY], 0)
    assert running.handle_key(key, 5) is None
    assert running.mood() == Mood(make_face(expression).probabilities, expression, "hand")
    assert running.view(5, "").mood == running.mood()
    assert best_choice(running.summary().plan) == link(expression)
    assert notice(running, 5) == f"mood by hand: {expression.value}"
    assert running.handle_key("0", 6) is None
    assert running.mood() == Mood(HAPPY.probabilities, Expression.HAPPY, "faces")
    assert notice(running, 6) == "the faces choose the mood again"


def test_a_mood_by_hand_plays_before_the_first_vote() -> None:
    running = make_session()
    running.handle_key("6", 0)
    assert choice_to_open(running.handle_key("p", 1))
    running.handle_key("0", 2)
    assert running.mood() is None


@pytest.mark.parametrize("key", ["r", "R"])
def test_the_vote_starts_anew(key: str) -> None:
    running = make_session()
    running.add_frame([HAPPY], 0)
    assert running.handle_key(key, 5) is None
    assert running.mood() is None
    assert notice(running, 5) == "the vote is restarted"
    running.add_frame([SAD], 6)
    assert leading_expression(running) is Expression.SAD
    assert running.summary().shares == SAD.probabilities
    assert running.summary().frames == 2, "the count of frames continues"


def test_a_notice_ends_after_a_while() -> None:
    running = make_session()
    running.notify(WELCOME, 100)
    assert notice(running, 100) == WELCOME
    assert notice(running, 100 + NOTICE_S - 0.01) == WELCOME
    assert notice(running, 100 + NOTICE_S) is None
    assert notice(running, 100) is None
    assert 2 <= NOTICE_S <= 8, "long enough to read, short enough not to be in the way"


def test_a_new_notice_replaces_the_last_and_restarts_its_time() -> None:
    running = make_session()
    running.notify("one", 0)
    running.notify("two", 3)
    assert notice(running, 3) == "two"
    assert notice(running, NOTICE_S) == "two"
    assert notice(running, 3 + NOTICE_S) is None


def test_a_notice_ends_while_the_frame_is_frozen() -> None:
    running = make_session()
    running.handle_key("space", 0)
    running.notify("saved", 1)
    assert notice(running, 1 + NOTICE_S) is None


def test_the_welcome_says_that_nothing_leaves_the_computer() -> None:
    assert WELCOME == "analysed on this computer, nothing is saved"


def test_a_snapshot_shows_faces_and_mood_and_nothing_about_the_program() -> None:
    running = make_session(mirrored=True, bars=False, info=True)
    running.add_frame([HAPPY], 0)
    running.set_recording(on=True)
    running.handle_key("h", 0)
    running.handle_key("space", 0)
    running.notify("a notice", 0)
    before = running.view(0, "30 fps")
    assert running.snapshot_view(0) == ViewState(faces=(HAPPY,), mood=running.mood(), mirrored=True, bars=False, hints=False)
    assert running.view(0, "30 fps") == before, "the view is unchanged"
    assert (before.help, before.frozen, before.recording) == (True, True, True)
    assert (before.notice, before.info) == ("a notice", "30 fps")


def test_the_summary_counts_from_the_first_analysed_frame_to_the_last() -> None:
    running = make_session()
    for time_s, face in [(1000.5, HAPPY), (1001.5, HAPPY), (1012, SAD), (1030, HAPPY), (1030.5, HAPPY)]:
        running.add_frame([face], time_s)
    summary = running.summary()
    assert (summary.frames, summary.seconds) == (5, 30)
    assert summary.mood is not None
    # No frame counts for more than one second
    assert (summary.mood.leader, summary.mood.share) == (Expression.HAPPY, pytest.approx(2.5 / 3.5, abs=0.01))
    assert summary.shares == summary.mood.shares
    assert best_choice(summary.plan) == link(Expression.HAPPY)


def test_the_summary_of_a_session_without_faces() -> None:
    assert make_session().summary() == Summary(None, None, 0, 0, None, seed=0)
    running = make_session()
    running.add_frame([], 7)
    assert running.summary() == Summary(None, None, 1, 0, None, seed=0)


def test_the_summary_of_a_mood_by_hand_has_the_shares_of_the_faces() -> None:
    running = make_session()
    running.add_frame([HAPPY], 0)
    running.handle_key("1", 0)
    summary = running.summary()
    assert summary.mood == running.mood()
    assert best_choice(summary.plan) == link(Expression.ANGRY)
    assert summary.shares == HAPPY.probabilities


def test_the_play_key_in_a_mixed_mood_plays_music_between_the_expressions() -> None:
    running = make_session()
    running.add_frame([HAPPY, SAD, make_face(Expression.FEAR, 40)], 0)
    assert leading_expression(running) is None
    assert choice_to_open(running.handle_key("p", 1)) == link(Expression.NEUTRAL)
    assert notice(running, 1) == "opening neutral, for faces that disagree"


@pytest.mark.parametrize("key", ["l", "L"])
def test_a_key_changes_the_strategy(key: str) -> None:
    running = make_session()
    running.add_frame([SAD], 0)
    assert running.view(0, "").strategy is None
    assert running.handle_key(key, 1) is None
    assert notice(running, 1) == "lift: music towards calm and content"
    assert running.view(1, "").strategy == "lift"
    assert choice_to_open(running.handle_key("p", 2)) == LIFTS
    assert best_choice(running.summary().plan) == LIFTS
    running.handle_key(key, 3)
    assert running.view(3, "").strategy == "journey"
    running.handle_key(key, 4)
    assert running.view(4, "").strategy is None


def test_a_session_starts_with_the_strategy_of_the_settings() -> None:
    vote = MoodVote(window_s=15, lead=0.1, dwell_s=0)
    running = Session(vote, PLAYLISTS, mirrored=False, bars=True, info=False, strategy=Strategy.LIFT)
    assert running.view(0, "").strategy == "lift"


@pytest.mark.parametrize(("key", "command"), [*COMMANDS, ("=", PlayerCommand(louder=1))])
def test_the_music_keys_return_player_commands(key: str, command: PlayerCommand) -> None:
    assert make_session().handle_key(key, 0) == command


def test_a_journey_takes_a_step_with_each_play_and_next_key() -> None:
    running = make_session()
    running.add_frame([SAD], 0)
    running.handle_key("l", 0)
    running.handle_key("l", 0)
    assert choice_to_open(running.handle_key("p", 10)) == link(Expression.SAD)
    assert running.view(10, "").strategy == "journey 1/4"
    assert running.handle_key("n", 10.1) is None
    assert notice(running, 10.1) == "too soon: press it again in a moment"
    running.handle_key("n", 15)
    assert running.view(15, "").strategy == "journey 2/4"
    assert choice_to_open(running.handle_key("p", 20)) == LIFTS
    assert running.view(21, "").strategy == "journey 4/4"
    assert best_choice(running.summary().plan) == LIFTS
    assert running.handle_key("n", 22) == PlayerCommand(skip=1), "at the end of a journey the key skips a song"


@pytest.mark.parametrize("key", ["r", "1", "0", "l"])
def test_a_new_vote_a_mood_by_hand_or_another_strategy_ends_a_journey(key: str) -> None:
    running = make_session()
    running.add_frame([SAD], 0)
    running.handle_key("l", 0)
    running.handle_key("l", 0)
    running.handle_key("p", 10)
    assert running.handle_key(key, 11) == PlayerCommand(end_journey=True), "the player stops the journey, too"
    assert running.view(11, "").strategy in {"journey", None}
    assert running.handle_key(key, 12) is None


def test_the_view_has_the_song_and_a_snapshot_has_not() -> None:
    running = make_session()
    playing = NowPlaying("Title", "Artist", 1, 2)
    running.set_now_playing(playing, None)
    running.handle_key("l", 0)
    assert (running.view(0, "").playing, running.view(0, "").strategy) == (playing, "lift")
    assert (running.snapshot_view(0).playing, running.snapshot_view(0).strategy) == (None, None)
    running.set_now_playing(None, None)
    assert running.view(0, "").playing is None


def test_a_journey_continues_from_the_step_that_the_player_reached() -> None:
    running = make_session()
    running.add_frame([SAD], 0)
    running.handle_key("l", 0)
    running.handle_key("l", 0)
    command = running.handle_key("p", 10)
    assert isinstance(command, PlayerCommand)
    assert command.plan is not None
    running.set_now_playing(NowPlaying("Title", None, 1, 1), command.plan.next_step)
    assert running.view(10, "").strategy == "journey 2/4"


def test_a_session_has_its_welcome() -> None:
    assert make_session().welcome == WELCOME
    vote = MoodVote(window_s=15, lead=0.1, dwell_s=0)
    written = Session(vote, PLAYLISTS, mirrored=False, bars=True, info=False, welcome="written to a.mkv")
    assert written.welcome == "written to a.mkv"


# The DJ


class Night:
    """A session with the DJ on, whose faces look alike for a while, and what it has ordered."""

    def __init__(self, *, on: bool = True, strategy: Strategy = Strategy.MATCH) -> None:
        vote = MoodVote(window_s=0.5, lead=0.1, dwell_s=0)
        rules = DjRules(begin_s=5, hold_s=30, decent_s=60, away_s=120)
        self.session = Session(vote, PLAYLISTS, mirrored=False, bars=True, info=False, strategy=strategy, dj=rules, dj_on=on)
        self.now_s = 0.0
        self.playing = PlayingMusic()
        self.orders: list[DjOrder] = []

    def look(self, seconds: float, *faces: Face, watching: bool = True) -> None:
        for _ in range(round(4 * seconds)):
            self.now_s += 0.25
            self.session.add_frame(faces, self.now_s)
            command = self.session.lead_music(self.now_s, self.playing, watching=watching)
            if command is not None:
                assert command.dj is not None
                assert command == PlayerCommand(dj=command.dj)
                self.orders.append(command.dj)

    def play(self, order: int) -> None:
        self.playing = PlayingMusic(MusicKind.SONGS, self.playing.song + 1, order=order)

    @property
    def whys(self) -> list[str]:
        return [event.why for event in self.session.summary().dj or ()]


def test_the_dj_begins_music_and_changes_it_at_the_end_of_the_song() -> None:
    night = Night()
    night.look(6, HAPPY)
    (begin,) = night.orders
    assert (begin.act, begin.number, begin.opens_link, best_choice(begin.plan)) == (
        DjAct.BEGIN,
        1,
        True,
        link(Expression.HAPPY),
    )
    assert notice(night.session, night.now_s) == "happy for 5 s: music begins, for happy"
    night.play(1)
    night.look(40, SAD)
    assert [(order.act, best_choice(order.plan)) for order in night.orders[1:]] == [(DjAct.NEXT, link(Expression.SAD))]
    assert [event.what for event in night.session.take_dj_events()] == ["begin", "changed", "next"]
    assert night.session.take_dj_events() == ()
    night.play(2)
    night.look(1, SAD)
    assert [event.what for event in night.session.take_dj_events()] == ["changed"]
    assert night.session.take_dj_sentences() == ("happy for 5 s: music begins, for happy", night.whys[-1])
    assert night.session.take_dj_sentences() == ()
    assert night.whys[-1].endswith(": the next song is for sad")
    assert len(night.whys) == 4


def test_a_key_turns_the_dj_on_and_off_on_the_screen() -> None:
    night = Night(on=False)
    night.look(20, HAPPY)
    assert (night.orders, night.session.dj_on, night.session.summary().dj) == ([], False, None)
    assert night.session.handle_key("a", 20) is None
    assert (notice(night.session, 20), night.session.view(20, "").dj) == (DJ_ON, True)
    assert not night.session.snapshot_view(20).dj
    night.look(1, HAPPY)
    assert [order.act for order in night.orders] == [DjAct.BEGIN]
    night.play(1)
    night.look(35, SAD)
    assert night.session.handle_key("A", 60) == PlayerCommand(dj=DjOrder(DjAct.STAY, 0))
    assert (notice(night.session, 60), night.session.view(60, "").dj) == (DJ_OFF, False)
    night.look(100, HAPPY)
    assert [order.act for order in night.orders] == [DjAct.BEGIN, DjAct.NEXT]
    assert len(night.session.summary().dj or ()) == 3


def test_a_key_of_music_wins_over_the_dj() -> None:
    night = Night()
    night.look(6, HAPPY)
    night.play(1)
    night.look(35, SAD)
    assert [order.act for order in night.orders] == [DjAct.BEGIN, DjAct.NEXT]
    command = night.session.handle_key("p", night.now_s)
    assert isinstance(command, PlayerCommand)
    assert command.dj is None
    night.play(1)
    night.look(300, SAD)
    assert [order.act for order in night.orders] == [DjAct.BEGIN, DjAct.NEXT]


def test_nobody_is_missed_while_the_picture_is_frozen_or_the_camera_is_away() -> None:
    night = Night()
    night.look(6, HAPPY)
    night.play(1)
    night.look(200, watching=False)
    night.session.handle_key("space", night.now_s)
    night.look(200)
    assert [order.act for order in night.orders] == [DjAct.BEGIN]
    night.session.handle_key("space", night.now_s)
    night.look(125)
    assert [order.act for order in night.orders] == [DjAct.BEGIN, DjAct.FADE]


def test_the_dj_leaves_a_journey_alone_until_it_has_arrived() -> None:
    night = Night(strategy=Strategy.JOURNEY)
    night.look(6, SAD)
    assert night.session.view(6, "").strategy == "journey 1/4"
    night.play(1)
    night.look(100, HAPPY)
    # A mood that has held long during the journey is followed as soon as it has arrived
    night.look(100, make_face(Expression.ANGRY))
    assert [order.act for order in night.orders] == [DjAct.BEGIN]
    plan = night.orders[0].plan
    while plan is not None and plan.next_step is not None:
        plan = plan.next_step
    night.session.set_now_playing(NowPlaying("Title", None, 1, 1), plan)
    night.look(1, make_face(Expression.ANGRY))
    assert [order.act for order in night.orders] == [DjAct.BEGIN, DjAct.NEXT]
    assert night.session.view(0, "").strategy == "journey 1/4"


def test_a_mood_by_hand_is_kept_with_what_the_dj_did_while_it_is_on() -> None:
    night = Night()
    night.look(6, HAPPY)
    night.session.handle_key("6", night.now_s)
    night.session.handle_key("0", night.now_s)
    night.session.handle_key("a", night.now_s)
    night.session.handle_key("6", night.now_s)
    found = [(event.what, event.why, event.mood and event.mood.leader) for event in night.session.take_dj_events()[1:]]
    assert found == [
        ("mood", "mood by hand: sad", Expression.SAD),
        ("mood", "the faces choose the mood again", Expression.HAPPY),
    ]


def test_each_step_of_a_journey_is_kept_once_with_the_kind_of_its_music() -> None:
    night = Night(strategy=Strategy.JOURNEY)
    night.look(6, SAD)
    begun = night.orders[0].plan
    assert begun is not None
    night.session.set_now_playing(NowPlaying("One", None, 1, 1), begun)
    night.play(1)
    night.look(1, SAD)
    second = begun.next_step
    assert second is not None
    for title in ("Two", "Three"):
        night.session.set_now_playing(NowPlaying(title, None, 1, 1), second)
        night.look(1, SAD)
    night.session.set_now_playing(None, second.next_step)
    night.playing = replace(night.playing, kind=MusicKind.LINK)
    night.look(1, SAD)
    events = night.session.take_dj_events()
    assert [(event.what, event.kind, event.plan and event.plan.step) for event in events] == [
        ("begin", None, 0),
        ("changed", MusicKind.SONGS, 0),
        ("step", MusicKind.SONGS, 1),
        ("step", MusicKind.LINK, 2),
    ]
    assert events[2].why == second.why


def test_a_step_of_a_journey_is_not_kept_while_the_dj_is_off() -> None:
    night = Night(on=False, strategy=Strategy.JOURNEY)
    night.look(1, SAD)
    command = night.session.handle_key("p", night.now_s)
    assert isinstance(command, PlayerCommand)
    assert command.plan is not None
    night.session.set_now_playing(NowPlaying("Two", None, 1, 1), command.plan.next_step)
    night.look(1, SAD)
    night.session.handle_key("a", night.now_s)
    night.look(1, SAD)
    assert night.session.take_dj_events() == ()


def test_music_that_could_not_be_played_is_no_change() -> None:
    night = Night()
    night.look(6, HAPPY)
    night.playing = PlayingMusic(failed=1, failure="no songs in the folder")
    night.look(60, HAPPY)
    assert [event.what for event in night.session.take_dj_events()] == ["begin", "failed"]
    assert night.whys[-1] == "no songs in the folder"


def test_music_that_has_faded_goes_on_when_the_dj_is_turned_off() -> None:
    night = Night()
    night.look(6, HAPPY)
    night.play(1)
    night.look(125)
    assert night.session.handle_key("a", night.now_s) == PlayerCommand(dj=DjOrder(DjAct.RESUME, 0))
    assert [event.what for event in night.session.take_dj_events()] == ["begin", "changed", "fade", "resume"]
    assert night.session.handle_key("a", night.now_s) is None


def test_any_key_shows_that_somebody_is_there() -> None:
    night = Night()
    night.look(6, HAPPY)
    night.play(1)
    night.look(119)
    night.session.handle_key("h", night.now_s)
    night.look(119)
    assert [order.act for order in night.orders] == [DjAct.BEGIN]
    night.look(3)
    assert [order.act for order in night.orders] == [DjAct.BEGIN, DjAct.FADE]


def test_a_mood_without_music_leaves_the_music_as_it_is() -> None:
    vote = MoodVote(window_s=0.5, lead=0.1, dwell_s=0)
    running = Session(vote, Playlists({}), mirrored=False, bars=True, info=False, dj_on=True)
    for step in range(400):
        running.add_frame([HAPPY], step / 4)
        assert running.lead_music(step / 4, PlayingMusic()) is None
    assert running.summary().dj == ()


def test_other_music_is_only_suggested_while_a_link_plays() -> None:
    night = Night()
    night.look(6, HAPPY)
    night.playing = PlayingMusic(MusicKind.LINK, order=1)
    night.look(100, SAD)
    assert [order.act for order in night.orders] == [DjAct.BEGIN]
    assert night.whys[-1].endswith(": sad would fit now: press p for it")


# Movies and facts


def shown_movies(running: Session, now_s: float = 0) -> list[str]:
    movies = running.view(now_s, "").movies
    return [] if movies is None else [movie.title for movie in movies.plan.movies]


@pytest.mark.parametrize("key", ["v", "V"])
def test_the_key_of_movies_shows_a_card_and_takes_it_away(key: str) -> None:
    running = make_session()
    running.add_frame([HAPPY], 0)
    assert running.handle_key(key, 0) is None
    first = shown_movies(running, 1000)
    assert len(first) == CARD_MOVIES
    assert {title.split()[0] for title in first} == {"happy"}
    running.handle_key(key, 0)
    assert shown_movies(running) == []
    running.handle_key(key, 0)
    assert shown_movies(running) not in ([], first)
    assert notice(running, 0) is None


def test_movies_need_a_mood_and_a_mood_by_hand_is_one() -> None:
    running = make_session()
    running.handle_key("v", 5)
    assert shown_movies(running, 5) == []
    assert notice(running, 5) == NO_MOOD
    running.handle_key("6", 5)
    running.handle_key("v", 5)
    assert {title.split()[0] for title in shown_movies(running)} == {"sad"}


def test_movies_on_the_card_follow_the_user_and_not_the_faces() -> None:
    running = make_session(window_s=1)
    running.add_frame([HAPPY], 0)
    running.handle_key("v", 0)
    first = shown_movies(running)
    for index in range(1, 50):
        running.add_frame([SAD], index / 10)
    assert leading_expression(running) is Expression.SAD
    assert shown_movies(running) == first
    running.handle_key("3", 0)
    assert {title.split()[0] for title in shown_movies(running)} == {"fear"}
    running.handle_key("l", 0)
    movies = running.view(0, "").movies
    assert movies is not None
    assert movies.plan.strategy is Strategy.LIFT


def test_a_card_without_a_mood_disappears() -> None:
    running = make_session()
    for key in "4v0":
        running.handle_key(key, 0)
    assert shown_movies(running) == []


def test_a_list_without_a_movie_for_the_mood_is_said() -> None:
    lifting = [replace(movie, mood=None) for movie in MOVIES]
    vote, recommender = MoodVote(window_s=15, lead=0.1, dwell_s=0), make_recommender(movies=lifting)
    running = Session(vote, PLAYLISTS, mirrored=False, bars=True, info=False, recommender=recommender)
    running.handle_key("4", 0)
    running.handle_key("v", 0)
    assert shown_movies(running) == []
    assert notice(running, 0) == NO_MOVIES


def test_a_card_that_a_key_leaves_without_movies_says_so() -> None:
    lifting = [replace(movie, mood=None) for movie in MOVIES]
    vote, recommender = MoodVote(window_s=15, lead=0.1, dwell_s=0), make_recommender(movies=lifting)
    running = Session(vote, PLAYLISTS, strategy=Strategy.LIFT, mirrored=False, bars=True, info=False, recommender=recommender)
    running.handle_key("6", 0)
    running.handle_key("v", 0)
    assert shown_movies(running) != []
    # From lift over journey, whose first step has movies that lift too, to match
    while running.strategy is not Strategy.MATCH:
        running.handle_key("l", 100)
    assert shown_movies(running, 100) == []
    assert (notice(running, 100) or "").endswith(f"; {NO_MOVIES}")


def test_a_card_whose_mood_by_hand_ends_before_a_face_voted_says_so() -> None:
    running = make_session()
    running.handle_key("6", 0)
    running.handle_key("v", 0)
    running.handle_key("0", 100)
    assert shown_movies(running, 100) == []
    assert notice(running, 100) == f"the faces choose the mood again; {NO_MOOD}"


def test_a_fact_is_shown_for_a_few_seconds() -> None:
    running = make_session()
    running.add_frame([SAD], 0)
    assert running.handle_key("d", 100) is None
    fact = running.view(100, "").fact
    assert fact is not None
    assert fact.mood is Expression.SAD
    assert running.view(100 + FACT_S - 0.01, "").fact == fact
    assert running.view(100 + FACT_S, "").fact is None
    assert running.view(100 + 2 * FACT_S, "").fact is None


def test_the_key_of_facts_shows_the_next_one_and_starts_the_time_again() -> None:
    running = make_session()
    running.add_frame([SAD], 0)
    shown = []
    for index in range(3):
        running.handle_key("D", 10 * index)
        shown.append(running.view(10 * index, "").fact)
    assert sorted(shown, key=FACTS.index) == [fact for fact in FACTS if fact.mood is Expression.SAD]
    assert running.view(20 + FACT_S - 0.01, "").fact == shown[-1]


def test_a_fact_needs_no_mood() -> None:
    running = make_session()
    running.handle_key("d", 0)
    assert running.view(0, "").fact in FACTS


def test_a_snapshot_has_neither_movies_nor_a_fact() -> None:
    running = make_session()
    running.add_frame([HAPPY], 0)
    for key in "vd":
        running.handle_key(key, 0)
    shown, saved = running.view(0, ""), running.snapshot_view(0)
    assert shown.movies is not None
    assert shown.fact is not None
    assert (saved.movies, saved.fact) == (None, None)


def test_the_summary_has_the_first_movies_of_the_card_and_another_fact() -> None:
    running = make_session()
    running.add_frame([HAPPY], 0)
    for key in "vd":
        running.handle_key(key, 0)
    summary = running.summary()
    assert summary.movies is not None
    assert [movie.title for movie in summary.movies.plan.movies] == shown_movies(running)[:SUMMARY_MOVIES]
    assert summary.fact is not None
    assert summary.fact.mood is Expression.HAPPY
    assert summary.fact != running.view(0, "").fact
    assert summary.seed == 0


def test_the_summary_without_a_mood_recommends_nothing() -> None:
    summary = make_session().summary()
    assert (summary.movies, summary.fact) == (None, None)


def test_the_summary_has_the_mood_over_time() -> None:
    running = make_session()
    for index in range(20):
        running.add_frame([HAPPY], 1000 + index / 10)
    running.handle_key("6", 0)
    running.add_frame([HAPPY], 1002)
    timeline = running.summary().timeline
    assert (timeline[0].start_s, timeline[-1].end_s) == (0, pytest.approx(2))
    assert {span.leader for span in timeline} >= {Expression.HAPPY}
    running.handle_key("r", 0)
    assert running.summary().timeline == ()


def test_a_freeze_is_a_gap_in_the_mood_over_time() -> None:
    running = make_session()
    running.add_frame([HAPPY], 0)
    running.handle_key("space", 0)
    running.handle_key("space", 0)
    running.add_frame([HAPPY], 30)
    one, other = running.summary().timeline
    assert one.end_s < 1
    assert other.start_s > 29


# Thumbs


def make_judging_session() -> tuple[Session, Thumbs]:
    thumbs = Thumbs()
    vote = MoodVote(window_s=15, lead=0.1, dwell_s=0)
    recommender = make_recommender()
    running = Session(vote, PLAYLISTS, mirrored=False, bars=True, info=False, recommender=recommender, counts=thumbs)
    running.handle_key("4", 0)
    return running, thumbs


SONG_KEY = FeedbackKey(Expression.HAPPY, Kind.SONG, "0" * 16)
SONG = NowPlaying("Song A", "Somebody", 1, 9, key=SONG_KEY)


def test_a_thumb_is_for_the_song_that_plays_and_a_thumb_down_goes_on_to_the_next() -> None:
    running, thumbs = make_judging_session()
    running.set_now_playing(SONG, None)
    assert running.handle_key("y", 10) is None
    assert notice(running, 10) == "liked: Song A, for happy"
    assert running.handle_key("X", 20) == PlayerCommand(skip=1)
    assert notice(running, 20) == "disliked: Song A, for happy; a second dislike, another time, leaves it out"
    assert thumbs.given == [(SONG_KEY, Verdict.LIKE), (SONG_KEY, Verdict.DISLIKE)]


def test_a_key_that_is_held_down_skips_one_song() -> None:
    running, thumbs = make_judging_session()
    commands = list[object]()
    for press in range(60):
        # The next song plays at once, as the player skips
        running.set_now_playing(replace(SONG, number=1 + press // 3), None)
        commands.append(running.handle_key("x", 10 + press / 30))
    assert commands[0] == PlayerCommand(skip=1)
    assert set(commands[1:]) == {None}
    assert len(thumbs.given) == 1


def test_without_a_song_a_thumb_is_for_the_link_that_was_opened_last() -> None:
    running, thumbs = make_judging_session()
    assert running.handle_key("y", 1) is None
    assert notice(running, 1) == NOTHING_TO_JUDGE
    command = running.handle_key("p", 5)
    assert isinstance(command, PlayerCommand)
    running.set_now_playing(None, command.plan)
    running.handle_key("x", 8)
    assert notice(running, 8) == "disliked: happy, for happy; a second dislike, another time, leaves it out"
    assert thumbs.given == [(key_of_music(link(Expression.HAPPY)), Verdict.DISLIKE)]
    # A song of Spotify belongs to the list that was opened
    running.set_now_playing(NowPlaying("Elsewhere", None, 1, 1), command.plan)
    running.handle_key("y", 20)
    assert notice(running, 20) == "liked: happy, for happy"


def test_after_a_thumb_down_the_next_press_opens_music_at_once_or_says_why_not() -> None:
    running, _ = make_judging_session()
    command = running.handle_key("p", 5)
    assert isinstance(command, PlayerCommand)
    for press, time_s in enumerate((6.0, 8.0)):
        running.set_now_playing(None, None if press else command.plan)
        running.set_now_playing(None, command.plan)
        running.handle_key("x", time_s)
    assert notice(running, 8) == "not offered again: happy, for happy"
    assert running.handle_key("p", 8.5) is None
    assert notice(running, 8.5) == ONLY_DISLIKED


def test_on_the_card_a_thumb_is_for_the_first_movie_and_a_thumb_down_takes_it_away() -> None:
    running, thumbs = make_judging_session()
    running.set_now_playing(SONG, None)
    running.handle_key("v", 1)
    shown = running.view(1, "").movies
    assert shown is not None
    first, *others = shown.plan.movies
    running.handle_key("y", 2)
    assert notice(running, 2) == f"liked: {first.title} ({first.year}), for happy"
    assert running.handle_key("x", 4) is None
    after = running.view(4, "").movies
    assert after is not None
    assert first not in after.plan.movies
    assert after.plan.movies[: len(others)] == tuple(others)
    assert [key for key, _ in thumbs.given] == [key_of_movie(first)] * 2


def test_a_card_whose_movies_are_all_disliked_has_those_of_the_nearest_mood() -> None:
    running, thumbs = make_judging_session()
    running.handle_key("v", 1)
    for press in range(6):
        running.handle_key("x", 10.0 + 2 * press)
    card = running.view(21, "").movies
    assert card is not None
    assert card.plan.replaced is Expression.HAPPY
    assert {key.mood for key, _ in thumbs.given} == {Expression.HAPPY}


def test_without_counts_thumbs_are_off() -> None:
    running = make_session()
    running.set_now_playing(SONG, None)
    assert running.handle_key("x", 1) is None
    assert notice(running, 1) == THUMBS_OFF


def test_without_a_thumb_a_session_with_counts_is_one_without() -> None:
    running, _ = make_judging_session()
    plain = make_session()
    plain.handle_key("4", 0)
    for time_s, key in enumerate("pplpvvdlpnp0", start=1):
        assert running.handle_key(key, time_s * 2.0) == plain.handle_key(key, time_s * 2.0)
        assert running.view(time_s * 2.0, "") == plain.view(time_s * 2.0, "")
    assert running.summary() == plain.summary()


def explanation_of(face: Face) -> Explanation:
    return Explanation(face, np.zeros((48, 48), np.uint8), face.probabilities, np.zeros((48, 48), np.float32))


def test_an_explanation_is_shown_while_its_face_is_there_and_until_the_key_again() -> None:
    running = make_session()
    one, other = replace(HAPPY, track=1), replace(SAD, track=2)
    running.add_frame([one, other], 0)
    assert running.handle_key("e", 0) is None
    assert running.explaining
    assert running.view(0, "").explanation is None, "it is not made yet"
    explanation = explanation_of(one)
    running.set_explanation(explanation)
    assert running.view(0, "").explanation is explanation
    running.add_frame([other], 1)
    assert running.view(1, "").explanation is None
    running.add_frame([replace(one, box=other.box)], 2)
    assert running.view(2, "").explanation is explanation
    # Faces of another stretch of the source are out of date, and so is the explanation
    assert running.view(2, "", stretch=5).explanation is None
    running.handle_key("E", 3)
    assert not running.explaining
    assert running.view(3, "").explanation is None
    running.handle_key("e", 4)
    assert running.view(4, "").explanation is None, "the old one is of another moment"


def test_a_snapshot_has_the_explanation() -> None:
    running = make_session()
    running.add_frame([replace(HAPPY, track=1)], 0)
    running.handle_key("e", 0)
    assert running.snapshot_view(0).explanation is None
    running.set_explanation(explanation_of(replace(HAPPY, track=1)))
    assert running.snapshot_view(0).explanation is not None


def test_without_a_face_the_key_says_that_there_is_none() -> None:
    running = make_session()
    running.handle_key("e", 0)
    assert notice(running, 0) == NO_FACE
    running.handle_key("e", 10)
    assert notice(running, 10) is None


def test_an_explanation_that_fails_takes_its_panel_away() -> None:
    running = make_session()
    running.add_frame([HAPPY], 0)
    running.handle_key("e", 0)
    running.stop_explaining("the network is gone", 0)
    assert not running.explaining
    assert notice(running, 0) == "the network is gone"
