"""The DJ's rules: examples, and any schedule of moods, people, keys and songs before a model of a player."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.mood.affect import POINTS
from realtime.music.catalog import MusicChoice
from realtime.music.commands import DjAct, MusicKind, PlayingMusic
from realtime.music.dj import GAP_S, MOST_STEP_S, DjDecision, DjPolicy, DjRules
from realtime.music.planner import Plan, Strategy

if TYPE_CHECKING:
    from collections.abc import Callable

HAPPY, SAD = Expression.HAPPY, Expression.SAD
RULES = DjRules(begin_s=5, hold_s=30, decent_s=240, away_s=120)
STEP_S = 0.5


def faces_mood(leader: Expression | None) -> Mood:
    return Mood((1 / 7,) * 7, leader) if leader is None else replace(Mood.by_hand(leader), source="faces")


@dataclass
class Evening:
    """A policy before a model of a player, whose songs are `song_s` long; None for songs whose end nobody knows."""

    song_s: float | None = 60.0
    kind: MusicKind = MusicKind.SONGS
    rules: DjRules = RULES
    policy: DjPolicy = field(init=False)
    now_s: float = 100.0
    playing: PlayingMusic = field(default_factory=PlayingMusic)
    left_s: float = 0.0
    next_order: DjDecision | None = None
    # When: what was decided
    decided: list[tuple[float, DjDecision]] = field(default_factory=list[tuple[float, DjDecision]])
    # When the music changed, and how much of the song before was left
    changes: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    links: int = 0
    pauses_by_hand: bool = False

    def __post_init__(self) -> None:
        self.policy = DjPolicy(self.rules, on=True)

    @property
    def acts(self) -> list[DjAct]:
        return [decision.act for _, decision in self.decided]

    @property
    def reasons(self) -> list[str]:
        return [decision.reason for _, decision in self.decided]

    def run(self, seconds: float, mood: Mood | Expression | None, *, seen: bool | None = True) -> None:
        """Let time pass with one mood."""
        mood = faces_mood(mood) if isinstance(mood, Expression) else mood
        for _ in range(round(seconds / STEP_S)):
            self.now_s += STEP_S
            self._play_on()
            decision = self.policy.decide(self.now_s, mood, self.playing, seen=seen)
            if decision is not None:
                self.decided.append((self.now_s, decision))
                self._carry_out(decision)

    def start_song(self, order: int | None = None) -> None:
        self.left_s = 0.0 if self.song_s is None else self.song_s
        order = self.playing.order if order is None else order
        kind = MusicKind.SONGS if self.playing.kind is MusicKind.NOTHING else self.playing.kind
        self.playing = PlayingMusic(kind, self.playing.song + 1, end_known=self.song_s is not None, order=order)
        self.pauses_by_hand = False

    def press_pause(self) -> None:
        self.playing = replace(self.playing, paused=not self.playing.paused)

    def press(self, key: str) -> bool:
        """Press a key, and say whether it has an effect on the music or shows that somebody is there."""
        if key in {"on", "off"}:
            act = self.policy.turn(on=key == "on")
            if act is not None:
                self.next_order = None
            if act is DjAct.RESUME:
                self.playing = replace(self.playing, paused=False)
            if key == "off":
                # As its notice says, the music plays on, but for a pause that the person has begun
                assert self.playing.paused == self.pauses_by_hand
            return True
        if not key or self.playing.kind is not MusicKind.SONGS:
            return False
        if key == "pause":
            self.press_pause()
            self.pauses_by_hand = self.playing.paused
            return not self.playing.paused
        self.policy.note_choice() if key == "choice" else self.policy.note_skip()
        self.next_order = None if key == "choice" else self.next_order
        self.start_song()
        return True

    def _play_on(self) -> None:
        if self.song_s is None or self.playing.paused or self.playing.kind is not MusicKind.SONGS:
            return
        self.left_s -= STEP_S
        if self.left_s <= 0:
            order, self.next_order = self.next_order, None
            if order is not None:
                self.changes.append((self.now_s, 0.0))
            self.start_song(None if order is None else order.number)

    def _carry_out(self, decision: DjDecision) -> None:
        match decision.act:
            case DjAct.BEGIN if self.kind is MusicKind.LINK:
                assert decision.opens_link
                self.links += 1
                self.playing = PlayingMusic(self.kind, self.playing.song, order=decision.number)
            case DjAct.BEGIN | DjAct.NOW:
                self.changes.append((self.now_s, self.left_s))
                self.start_song(decision.number)
            case DjAct.NEXT:
                self.next_order = decision
            case DjAct.STAY:
                self.next_order = None
            case DjAct.FADE:
                self.next_order, self.playing = None, replace(self.playing, paused=True)
            case DjAct.RESUME:
                self.playing = replace(self.playing, paused=False)
            case DjAct.SUGGEST:
                pass


def test_music_begins_after_a_mood_has_held_for_some_seconds() -> None:
    evening = Evening()
    evening.run(4, HAPPY)
    evening.run(4, SAD)
    assert evening.acts == []
    evening.run(2, SAD)
    assert evening.acts == [DjAct.BEGIN]
    assert evening.reasons == ["sad for 5 s"]
    evening.run(300, SAD)
    assert evening.acts == [DjAct.BEGIN]


def test_music_changes_at_the_end_of_the_song() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(35, SAD)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT]
    assert evening.reasons[1] == "sad for 30 s"
    assert evening.playing.song == 1
    evening.run(25, SAD)
    assert (evening.playing.song, evening.playing.order) == (2, 2)
    evening.run(300, SAD)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT]


def test_a_mood_that_passes_before_the_end_changes_nothing() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(35, SAD)
    evening.run(60, HAPPY)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT, DjAct.STAY]
    assert evening.reasons[-1] == "sad has passed"
    assert evening.playing.order == 1


def test_a_song_that_ends_while_the_change_is_taken_back_is_followed() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(35, SAD)
    order = evening.next_order
    assert order is not None
    evening.run(STEP_S, HAPPY)
    # The player was quicker
    evening.start_song(order.number)
    evening.run(40, HAPPY)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT, DjAct.STAY, DjAct.NEXT]


def test_the_next_song_is_taken_back_when_nobody_is_there() -> None:
    evening = Evening(song_s=100.0)
    evening.run(10, HAPPY)
    evening.run(35, SAD)
    evening.run(GAP_S, SAD, seen=False)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT]
    evening.run(80, SAD, seen=False)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT, DjAct.STAY]
    assert evening.reasons[-1] == "nobody seen for 6 s"
    assert evening.playing.order == 1
    evening.run(31, SAD)
    assert evening.acts[3:] == [DjAct.NEXT]


def test_the_next_song_for_a_mood_by_hand_comes_in_an_empty_room() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(80, Mood.by_hand(SAD), seen=False)
    assert (evening.acts, evening.playing.order) == ([DjAct.BEGIN, DjAct.NEXT], 2)


def test_another_strategy_takes_the_next_song_back_and_chooses_anew() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(35, SAD)
    evening.policy.note_strategy()
    evening.run(2, SAD)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT, DjAct.STAY, DjAct.NEXT]
    assert evening.reasons[2] == "another strategy"


def test_another_strategy_takes_the_next_song_back_in_an_empty_room_too() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(35, SAD)
    evening.policy.note_strategy()
    evening.run(2, SAD, seen=False)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT, DjAct.STAY]


def test_another_strategy_has_other_music_for_the_mood_of_the_music() -> None:
    evening = Evening()
    evening.run(70, HAPPY)
    assert evening.acts == [DjAct.BEGIN]
    evening.policy.note_strategy()
    evening.run(100, HAPPY)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT]


def test_music_that_could_not_begin_begins_with_another_strategy() -> None:
    evening = Evening()
    evening.run(5, HAPPY)
    beginning = evening.policy.decide(evening.now_s + STEP_S, faces_mood(HAPPY), PlayingMusic(), seen=True)
    assert beginning is not None
    evening.policy.drop(beginning)
    evening.run(100, HAPPY)
    assert evening.acts == []
    evening.policy.note_strategy()
    evening.run(1, HAPPY)
    assert evening.acts == [DjAct.BEGIN]
    assert evening.decided[0][1].opens_link


def test_moods_that_alternate_change_nothing() -> None:
    evening = Evening()
    for _ in range(40):
        evening.run(29, HAPPY)
        evening.run(29, SAD)
    assert evening.acts == [DjAct.BEGIN]


def test_without_a_mood_and_with_nobody_the_music_plays_on_and_fades() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(119, None, seen=False)
    assert (evening.acts, evening.playing.paused) == ([DjAct.BEGIN], False)
    evening.run(200, None, seen=False)
    assert evening.acts == [DjAct.BEGIN, DjAct.FADE]
    assert evening.reasons[-1] == "nobody seen for 2 minutes"
    evening.run(1, None)
    assert (evening.acts[2:], evening.playing.paused) == ([DjAct.RESUME], False)


def test_a_frozen_picture_is_no_empty_room() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(1000, HAPPY, seen=None)
    assert evening.acts == [DjAct.BEGIN]


def test_a_short_absence_does_not_end_a_mood_and_a_longer_one_does() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(20, SAD)
    evening.run(GAP_S - 1, SAD, seen=False)
    evening.run(12, SAD)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT]
    other = Evening()
    other.run(10, HAPPY)
    other.run(20, SAD)
    other.run(GAP_S + 1, SAD, seen=False)
    other.run(29, SAD)
    assert other.acts == [DjAct.BEGIN]


def test_a_pause_by_hand_stays() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.press_pause()
    evening.run(200, SAD)
    evening.run(200, SAD, seen=False)
    evening.run(200, SAD)
    assert evening.acts == [DjAct.BEGIN]


def test_a_key_ends_the_pause_of_a_fade_and_the_dj_leads_again() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(130, None, seen=False)
    evening.press_pause()
    # It plays although nobody is seen: the person is there, and in the dark
    evening.run(119, None, seen=False)
    assert (evening.acts, evening.playing.paused) == ([DjAct.BEGIN, DjAct.FADE], False)
    evening.run(2, None, seen=False)
    assert evening.acts == [DjAct.BEGIN, DjAct.FADE, DjAct.FADE]


def press_choice(evening: Evening) -> None:
    evening.policy.note_choice()
    evening.start_song()


def press_skip(evening: Evening) -> None:
    evening.policy.note_skip()
    evening.start_song()


def choose_mood(evening: Evening) -> None:
    evening.run(STEP_S, Mood.by_hand(SAD), seen=False)


def press_another_key(evening: Evening) -> None:
    evening.policy.note_person()


@pytest.mark.parametrize("press", [press_choice, press_skip, choose_mood, press_another_key])
def test_a_key_shows_that_somebody_is_there(press: Callable[[Evening], None]) -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(119, None, seen=False)
    press(evening)
    evening.run(119, None, seen=False)
    assert DjAct.FADE not in evening.acts
    evening.run(2, None, seen=False)
    assert evening.acts[-1] is DjAct.FADE


def test_music_that_a_mood_by_hand_begins_in_the_dark_is_heard() -> None:
    evening = Evening()
    evening.run(200, None, seen=False)
    evening.run(119, Mood.by_hand(HAPPY), seen=False)
    assert evening.acts == [DjAct.BEGIN]


def test_a_skip_while_the_music_fades_ends_the_fade() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(120, None, seen=False)
    assert evening.acts == [DjAct.BEGIN, DjAct.FADE]
    press_skip(evening)
    evening.run(122, None, seen=False)
    assert evening.acts == [DjAct.BEGIN, DjAct.FADE, DjAct.FADE]


@pytest.mark.parametrize("fade_s", [0, 5], ids=["during the fade", "after it"])
def test_turned_off_it_leaves_no_pause_of_its_own(fade_s: float) -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(120 + fade_s, None, seen=False)
    assert evening.playing.paused
    assert evening.policy.turn(on=False) is DjAct.RESUME
    evening.playing = replace(evening.playing, paused=False)
    assert evening.policy.turn(on=True) is None
    evening.run(119, None, seen=False)
    assert evening.acts == [DjAct.BEGIN, DjAct.FADE]


def test_turned_off_it_leaves_a_pause_by_hand() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.press_pause()
    evening.run(130, None, seen=False)
    assert evening.policy.turn(on=False) is None


def test_music_chosen_by_hand_counts_as_a_change() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(40, SAD)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT]
    evening.policy.note_choice()
    evening.next_order = None
    evening.start_song()
    evening.run(300, SAD)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT]


def test_a_mood_by_hand_needs_no_face_and_no_time() -> None:
    evening = Evening()
    evening.run(1, Mood.by_hand(SAD), seen=False)
    evening.run(1, Mood.by_hand(HAPPY), seen=False)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT]
    assert evening.reasons == ["sad by hand", "happy by hand"]


def test_a_mixed_mood_is_a_mood() -> None:
    evening = Evening()
    evening.run(6, faces_mood(None))
    assert evening.reasons == ["faces that disagree for 5 s"]


def test_a_link_opens_once_and_others_are_suggested() -> None:
    evening = Evening(kind=MusicKind.LINK)
    evening.run(240, HAPPY)
    evening.run(29, SAD)
    assert evening.acts == [DjAct.BEGIN]
    evening.run(1000, SAD)
    assert evening.acts == [DjAct.BEGIN, DjAct.SUGGEST]
    evening.run(1000, Expression.ANGRY)
    assert evening.acts == [DjAct.BEGIN, DjAct.SUGGEST, DjAct.SUGGEST]
    # Its tab is closed, and its music has ended
    evening.playing, evening.kind = PlayingMusic(order=1), MusicKind.SONGS
    evening.run(1000, SAD)
    assert [decision.opens_link for _, decision in evening.decided if decision.act is DjAct.BEGIN] == [True, False]


def test_own_songs_do_not_use_up_the_link() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.playing = PlayingMusic(song=1, order=1)
    evening.run(100, HAPPY)
    assert [decision.opens_link for _, decision in evening.decided if decision.act is DjAct.BEGIN] == [True, True]


def test_where_the_end_of_a_song_is_unknown_a_change_comes_after_a_decent_time() -> None:
    evening = Evening(song_s=None)
    evening.run(10, HAPPY)
    evening.run(230, SAD)
    assert evening.acts == [DjAct.BEGIN]
    evening.run(10, SAD)
    assert evening.acts == [DjAct.BEGIN, DjAct.NOW]
    evening.run(230, HAPPY)
    assert evening.acts == [DjAct.BEGIN, DjAct.NOW]


def test_music_that_cannot_be_had_is_not_tried_again_for_the_same_mood() -> None:
    evening = Evening()
    evening.run(5, HAPPY)
    evening.playing = PlayingMusic()
    evening.decided.clear()
    policy = DjPolicy(RULES, on=True)
    decisions = [policy.decide(step / 2, faces_mood(HAPPY), PlayingMusic(), seen=True) for step in range(1000)]
    made = [decision for decision in decisions if decision is not None]
    assert [decision.act for decision in made] == [DjAct.BEGIN]
    policy.drop(made[0])
    again = [policy.decide(500 + step / 2, faces_mood(SAD), PlayingMusic(), seen=True) for step in range(100)]
    assert [(decision.act, decision.opens_link) for decision in again if decision is not None] == [(DjAct.BEGIN, True)]


def test_music_that_failed_leaves_the_mood_of_the_music_and_is_not_tried_again() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(31, SAD)
    evening.next_order, evening.playing = None, replace(evening.playing, failed=2, failure="gone")
    evening.run(100, SAD)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT]
    # The music of before still plays
    evening.run(100, HAPPY)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT]
    evening.run(31, SAD)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT, DjAct.NEXT]


def test_a_dropped_decision_waits_for_another_mood_or_strategy() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(31, SAD)
    evening.policy.drop(evening.decided[-1][1])
    evening.next_order = None
    evening.run(100, SAD)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT]
    evening.policy.note_strategy()
    evening.run(1, SAD)
    assert evening.acts == [DjAct.BEGIN, DjAct.NEXT, DjAct.NEXT]


def test_turned_off_it_decides_nothing_and_takes_an_order_back() -> None:
    evening = Evening()
    evening.run(10, HAPPY)
    evening.run(35, SAD)
    assert evening.policy.turn(on=False) is DjAct.STAY
    assert evening.policy.turn(on=False) is None
    evening.next_order = None
    evening.run(100, SAD)
    assert len(evening.acts) == 2
    evening.policy.turn(on=True)
    evening.run(1, SAD)
    assert evening.acts[2:] == [DjAct.NEXT]


def test_a_clock_that_jumps_or_falls_lets_no_mood_hold() -> None:
    policy = DjPolicy(RULES, on=True)
    for now_s in (0.0, 1e6, 10.0, 2e6, -5.0):
        assert policy.decide(now_s, faces_mood(HAPPY), PlayingMusic(), seen=True) is None
    assert RULES.begin_s > 2 * MOST_STEP_S


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (DjAct.BEGIN, "happy for 34 s: music begins, for happy"),
        (DjAct.NEXT, "happy for 34 s: the next song is for happy"),
        (DjAct.NOW, "happy for 34 s: the music changes now, for happy"),
        (DjAct.SUGGEST, "happy for 34 s: mine would fit now: press p for it"),
        (DjAct.STAY, "happy for 34 s: the music stays as it is"),
        (DjAct.FADE, "happy for 34 s: the music fades"),
        (DjAct.RESUME, "happy for 34 s: the music goes on"),
    ],
)
def test_sentence_of_each_decision(act: DjAct, sentence: str) -> None:
    choice = MusicChoice("mine", "https://example.org/mine", None, POINTS[HAPPY], HAPPY)
    decision = DjDecision(act, 1, "happy for 34 s")
    plan = Plan(Strategy.MATCH, POINTS[HAPPY], (choice,), "for happy") if decision.wants_plan else None
    assert decision.sentence(plan) == sentence


def test_a_camera_looks_often_before_a_change() -> None:
    evening = Evening()
    assert not evening.policy.near_change
    evening.run(1, HAPPY)
    assert evening.policy.near_change
    evening.run(10, HAPPY)
    assert not evening.policy.near_change
    evening.run(26, SAD)
    assert evening.policy.near_change
    evening.run(10, SAD)
    assert not evening.policy.near_change
    evening.run(2, SAD, seen=False)
    assert evening.policy.near_change
    evening.run(GAP_S, SAD, seen=False)
    assert not evening.policy.near_change


MOODS = st.sampled_from([None, *(faces_mood(each) for each in (*EXPRESSIONS[:3], None))])
BY_HAND = st.sampled_from([Mood.by_hand(each) for each in EXPRESSIONS[:2]])
PERIODS = st.lists(
    st.tuples(
        st.one_of(st.floats(0.5, 8), st.floats(20, 50), st.floats(100, 300)),
        MOODS,
        st.sampled_from([True, True, True, False, None]),
        st.sampled_from(["", "", "", "pause", "skip", "choice", "off", "on"]),
    ),
    max_size=25,
)


WITH_HANDS = st.lists(
    st.tuples(
        st.one_of(st.floats(0.5, 8), st.floats(20, 50), st.floats(100, 300)),
        st.one_of(MOODS, BY_HAND),
        st.sampled_from([True, True, False, False, False, None]),
        st.sampled_from(["", "", "", "pause", "skip", "choice", "off", "on"]),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=150)
@given(PERIODS, st.sampled_from([1.0, 20.0, 45.0, 200.0, None]), st.sampled_from([MusicKind.SONGS, MusicKind.LINK]))
def test_no_schedule_breaks_the_rules(
    periods: list[tuple[float, Mood | None, bool | None, str]], song_s: float | None, kind: MusicKind
) -> None:
    evening = Evening(song_s=song_s, kind=kind)
    by_hand: list[float] = []
    for seconds, mood, seen, key in periods:
        if evening.press(key) and key in {"skip", "choice"}:
            by_hand.append(evening.now_s)
        evening.run(seconds, mood, seen=seen)
    times = [at_s for at_s, _ in evening.changes]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    # Never to and fro: a mood has held, and a song has been heard, since the change before
    assert all(gap >= RULES.hold_s - STEP_S for gap in gaps)
    if song_s is None:
        assert all(gap >= RULES.decent_s - STEP_S for gap in gaps)
        assert all(time - key >= RULES.decent_s - STEP_S for time in times[1:] for key in by_hand if key < time)
    else:
        assert all(gap >= song_s for gap in gaps)
        assert all(left_s <= 0 for _, left_s in evening.changes[1:])
    # A link is opened once, and the others are only said, now and then
    assert evening.links <= 1
    said = [at_s for at_s, decision in evening.decided if decision.act is DjAct.SUGGEST]
    assert all(later - earlier >= RULES.decent_s - STEP_S for earlier, later in pairwise(said))
    begun = [decision.opens_link for _, decision in evening.decided if decision.act is DjAct.BEGIN]
    assert sum(begun) <= 1


@settings(deadline=None, max_examples=150)
@given(WITH_HANDS)
def test_music_fades_only_after_nobody_was_there_for_long(periods: list[tuple[float, Mood | None, bool | None, str]]) -> None:
    evening, away_s, mood_before = Evening(), 0.0, None
    for seconds, mood, seen, key in periods:
        before = len(evening.decided)
        # A key, and a mood by hand, show that somebody is there
        if evening.press(key) or (mood != mood_before and mood is not None and mood.source == "hand"):
            away_s = 0.0
        mood_before = mood
        evening.run(seconds, mood, seen=seen)
        faded = [at_s for at_s, decision in evening.decided[before:] if decision.act is DjAct.FADE]
        away_s = 0.0 if seen else away_s + (round(seconds / STEP_S) * STEP_S if seen is False else 0.0)
        if faded:
            assert away_s - (evening.now_s - faded[0]) >= RULES.away_s
        if seen:
            assert evening.playing.paused == evening.pauses_by_hand


@settings(deadline=None, max_examples=150)
@given(PERIODS, st.sampled_from([20.0, 45.0, 200.0, None]))
def test_music_does_not_change_while_nobody_is_there(
    periods: list[tuple[float, Mood | None, bool | None, str]], song_s: float | None
) -> None:
    evening = Evening(song_s=song_s)
    for seconds, mood, seen, key in periods:
        evening.press(key)
        began_s, before = evening.now_s, len(evening.changes)
        evening.run(seconds, mood, seen=seen)
        if seen is False:
            assert all(at_s - began_s <= GAP_S + 2 * STEP_S for at_s, _ in evening.changes[before:])


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.floats(0.5, 120), BY_HAND), max_size=15))
def test_moods_by_hand_change_the_music_only_between_songs(periods: list[tuple[float, Mood]]) -> None:
    evening = Evening(song_s=45.0)
    for seconds, mood in periods:
        evening.run(seconds, mood, seen=False)
    assert all(left_s <= 0 for _, left_s in evening.changes[1:])
    times = [at_s for at_s, _ in evening.changes]
    assert all(later - earlier >= 45 for earlier, later in pairwise(times))
