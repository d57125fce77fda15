from collections.abc import Sequence
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime import mood
from realtime.domain import EXPRESSIONS, Box, Expression, Face, Mood
from realtime.mood import MoodVote

BOX = Box(0, 0, 10, 10)

rows = st.tuples(*[st.integers(0, 100)] * 7).filter(any).map(lambda parts: tuple(part / sum(parts) for part in parts))
faces_of_a_frame = st.lists(st.builds(Face, st.just(BOX), rows), max_size=3)
sessions = st.lists(st.tuples(st.floats(0, 4), faces_of_a_frame), max_size=12).map(
    lambda frames: list(zip(accumulate(gap for gap, _ in frames), (faces for _, faces in frames), strict=True))
)


def looks(expression: Expression, confidence: float = 1.0, *, otherwise: Expression = Expression.NEUTRAL) -> Face:
    """A face between two expressions."""
    shares = dict.fromkeys(EXPRESSIONS, 0.0) | {otherwise: 1 - confidence, expression: confidence}
    return Face(BOX, tuple(shares.values()))


def unsure(face: Face) -> Face:
    return Face(face.box, face.probabilities, face.track, "low confidence")


HAPPY, SAD, ANGRY = looks(Expression.HAPPY), looks(Expression.SAD), looks(Expression.ANGRY)


def share(of: Mood | None, expression: Expression) -> float:
    assert of is not None
    return of.shares[EXPRESSIONS.index(expression)]


def average(faces: Sequence[Face]) -> list[float]:
    return [sum(column) / len(faces) for column in zip(*(face.probabilities for face in faces), strict=True)]


def test_there_is_no_mood_until_somebody_voted() -> None:
    vote = MoodVote(window_s=15, lead=0.1)
    assert vote.mood() is None
    vote.vote([], 0)
    vote.vote([unsure(HAPPY)], 1)
    assert vote.mood() is None
    assert vote.whole() is None
    assert vote.shares() is None
    vote.vote([HAPPY], 2)
    assert vote.mood() == Mood(HAPPY.probabilities, Expression.HAPPY, "faces")


@given(sessions, st.floats(0.5, 10), st.floats(0, 1))
def test_the_vote_is_the_average_of_the_faces_in_the_window(
    session: list[tuple[float, list[Face]]], window_s: float, lead: float
) -> None:
    vote = MoodVote(window_s=window_s, lead=lead)
    cast: list[tuple[float, Face]] = []
    for time_s, faces in session:
        vote.vote(faces, time_s)
        cast += [(time_s, face) for face in faces]
        now, whole = vote.mood(), vote.whole()
        if not cast:
            assert now is None
            assert whole is None
            continue
        assert now is not None
        assert whole is not None
        counted = [face for voted_s, face in cast if cast[-1][0] - voted_s <= window_s]
        assert now.shares == pytest.approx(average(counted))
        assert whole.shares == pytest.approx(average([face for _, face in cast]))
        assert whole.shares == vote.shares()
        assert whole.share == max(whole.shares)
        assert sum(now.shares) == pytest.approx(1, abs=1e-9)
        assert sum(whole.shares) == pytest.approx(1, abs=1e-9)


@given(sessions, st.floats(0, 0.5))
def test_the_leader_changes_when_another_is_ahead_by_the_lead_and_only_then(
    session: list[tuple[float, list[Face]]], lead: float
) -> None:
    vote = MoodVote(window_s=6, lead=lead)
    leader: Expression | None = None
    for time_s, faces in session:
        vote.vote(faces, time_s)
        now = vote.mood()
        if now is None:
            continue
        assert now.leader is not None
        if leader is None:
            assert now.share == max(now.shares)
        elif now.leader is leader:
            assert max(now.shares) - share(now, leader) <= lead
        else:
            assert now.share - share(now, leader) > lead
            assert now.share == max(now.shares)
        leader = now.leader


@pytest.mark.parametrize(("lead", "leader"), [(0.25, Expression.HAPPY), (0.24, Expression.SAD)])
def test_a_challenger_has_to_be_further_ahead_than_the_lead(lead: float, leader: Expression) -> None:
    vote = MoodVote(window_s=0.5, lead=lead)
    vote.vote([HAPPY], 0)
    vote.vote([looks(Expression.SAD, 0.625, otherwise=Expression.HAPPY)], 1)
    now = vote.mood()
    assert now is not None
    assert now.leader is leader
    assert now.share == (0.375 if leader is Expression.HAPPY else 0.625), "the leader's own, also while another is ahead"


def test_a_close_race_does_not_flip() -> None:
    vote = MoodVote(window_s=0.5, lead=0.1)
    vote.vote([HAPPY], 0)
    leaders: set[Expression | None] = set()
    for second in range(1, 50):
        sad = 0.54 if second % 2 else 0.46
        vote.vote([looks(Expression.SAD, sad, otherwise=Expression.HAPPY)], second)
        now = vote.mood()
        leaders.add(now.leader if now else None)
    assert leaders == {Expression.HAPPY}


def test_of_equals_the_alphabet_decides_the_first_mood() -> None:
    vote = MoodVote(window_s=15, lead=0)
    vote.vote([SAD, ANGRY, HAPPY], 0)
    now = vote.mood()
    assert now is not None
    assert now.leader is Expression.ANGRY


@given(sessions, faces_of_a_frame)
def test_an_unsure_face_does_not_vote(session: list[tuple[float, list[Face]]], others: list[Face]) -> None:
    with_them, without = MoodVote(window_s=5, lead=0.1), MoodVote(window_s=5, lead=0.1)
    for time_s, faces in session:
        with_them.vote([*map(unsure, others), *faces], time_s)
        without.vote(faces, time_s)
        assert with_them.mood() == without.mood()
        assert with_them.whole() == without.whole()


def test_all_faces_of_a_frame_vote_each_with_its_probabilities() -> None:
    vote = MoodVote(window_s=15, lead=0.1)
    vote.vote([looks(Expression.HAPPY, 0.6), looks(Expression.SAD, 0.9), HAPPY], 0)
    now = vote.mood()
    assert share(now, Expression.HAPPY) == pytest.approx(1.6 / 3)
    assert share(now, Expression.SAD) == pytest.approx(0.9 / 3)
    assert share(now, Expression.NEUTRAL) == pytest.approx(0.5 / 3)


@pytest.mark.parametrize("fps", [2, 30])
def test_the_window_is_in_seconds_however_many_frames_they_hold(fps: int) -> None:
    vote = MoodVote(window_s=15, lead=0.1)
    for frame in range(28 * fps):
        vote.vote([HAPPY if frame < 20 * fps else SAD], frame / fps)
    assert share(vote.mood(), Expression.SAD) == pytest.approx(8 / 15, abs=0.02)
    assert share(vote.whole(), Expression.SAD) == pytest.approx(8 / 28, abs=0.02)


@pytest.mark.parametrize(("time_s", "happy"), [(15, 0.5), (15.001, 0)])
def test_a_vote_is_dropped_when_it_is_older_than_the_window(time_s: float, happy: float) -> None:
    vote = MoodVote(window_s=15, lead=0.1)
    vote.vote([HAPPY], 0)
    vote.vote([SAD], time_s)
    assert share(vote.mood(), Expression.HAPPY) == happy


def test_an_empty_room_keeps_its_last_mood() -> None:
    vote = MoodVote(window_s=15, lead=0.1)
    vote.vote([HAPPY], 0)
    before = vote.mood()
    for second in range(1, 100):
        vote.vote([], second)
    assert vote.mood() == before
    vote.vote([SAD], 100)
    assert share(vote.mood(), Expression.HAPPY) == 0, "what is long past does not come back with the next face"


def test_the_whole_session_counts_what_left_the_window() -> None:
    vote = MoodVote(window_s=5, lead=0.1)
    for second in range(20):
        vote.vote([HAPPY], second)
    for second in range(20, 30):
        vote.vote([SAD], second)
    now, whole = vote.mood(), vote.whole()
    assert now is not None
    assert whole is not None
    assert (now.leader, now.share) == (Expression.SAD, 1)
    assert (whole.leader, whole.share) == (Expression.HAPPY, pytest.approx(2 / 3))


@given(
    # Whole seconds, lest rounding moves a vote across the edge of the window
    session=st.lists(st.tuples(st.integers(0, 4), faces_of_a_frame), min_size=1, max_size=12),
    pause_s=st.integers(0, 10**6),
    presses=st.integers(1, 3),
    paused_at=st.integers(0, 11),
)
def test_a_pause_lets_no_time_pass(session: list[tuple[int, list[Face]]], pause_s: int, presses: int, paused_at: int) -> None:
    paused, straight = MoodVote(window_s=5, lead=0.1), MoodVote(window_s=5, lead=0.1)
    time_s = straight_s = 0
    for count, (gap, faces) in enumerate(session):
        time_s += gap
        straight_s += gap
        if count == paused_at:
            for _ in range(presses):
                paused.pause()
            time_s += pause_s
            straight_s -= gap
        paused.vote(faces, time_s)
        straight.vote(faces, straight_s)
        assert paused.mood() == straight.mood()


def test_time_goes_on_after_a_pause() -> None:
    vote = MoodVote(window_s=15, lead=0.1)
    vote.vote([HAPPY], 0)
    vote.pause()
    vote.vote([SAD], 1000)
    assert share(vote.mood(), Expression.HAPPY) == 0.5
    vote.pause()
    vote.vote([SAD], 5000)
    vote.vote([SAD], 5015)
    assert share(vote.mood(), Expression.HAPPY) == 0.25
    vote.vote([SAD], 5015.5)
    assert share(vote.mood(), Expression.HAPPY) == 0


def test_a_pause_swallows_its_own_time_and_not_that_of_an_empty_room_before_or_after() -> None:
    before, after = MoodVote(window_s=15, lead=0.1), MoodVote(window_s=15, lead=0.1)
    for vote in (before, after):
        vote.vote([HAPPY], 0)
    before.vote([], 16)
    before.pause()
    before.vote([SAD], 100)
    assert share(before.mood(), Expression.HAPPY) == 0
    after.pause()
    after.vote([], 100)
    after.vote([SAD], 116)
    assert share(after.mood(), Expression.HAPPY) == 0


def test_a_pause_before_the_first_vote_changes_nothing() -> None:
    vote = MoodVote(window_s=15, lead=0.1)
    vote.pause()
    vote.vote([HAPPY], 1000)
    vote.vote([SAD], 1010)
    assert share(vote.mood(), Expression.HAPPY) == 0.5
    vote.vote([SAD], 1016)
    assert share(vote.mood(), Expression.HAPPY) == 0


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_mood_is_chosen_by_hand_also_before_anybody_voted(expression: Expression) -> None:
    vote = MoodVote(window_s=15, lead=0.1)
    vote.choose(expression)
    assert vote.mood() == vote.whole()
    now = vote.mood()
    assert now is not None
    assert (now.leader, now.share, now.source) == (expression, 1, "hand")
    assert vote.shares() is None, "a choice is no vote"
    vote.choose(None)
    assert vote.mood() is None
    assert vote.whole() is None


def test_the_faces_vote_on_under_a_choice_by_hand() -> None:
    by_hand, straight = MoodVote(window_s=3, lead=0.1), MoodVote(window_s=3, lead=0.1)
    for second, face in enumerate([HAPPY, HAPPY, SAD, SAD, SAD, ANGRY]):
        by_hand.vote([face], second)
        straight.vote([face], second)
        if second == 1:
            by_hand.choose(Expression.FEAR)
            by_hand.choose(Expression.SURPRISE)
    now = by_hand.mood()
    assert now is not None
    assert now.leader is Expression.SURPRISE
    assert by_hand.shares() == straight.shares()
    by_hand.choose(None)
    assert by_hand.mood() == straight.mood()
    assert by_hand.whole() == straight.whole()


def test_a_restart_forgets_all_votes_and_who_led() -> None:
    vote = MoodVote(window_s=15, lead=0.5)
    vote.vote([HAPPY], 0)
    vote.restart()
    assert vote.mood() is None
    assert vote.shares() is None
    vote.vote([looks(Expression.SAD, 0.6, otherwise=Expression.HAPPY)], 1)
    now = vote.mood()
    assert now is not None
    assert (now.leader, now.share) == (Expression.SAD, 0.6)
    assert vote.shares() == now.shares


def test_a_restart_in_a_pause_ends_it() -> None:
    vote = MoodVote(window_s=15, lead=0.1)
    vote.vote([HAPPY], 0)
    vote.pause()
    vote.restart()
    vote.vote([HAPPY], 500)
    vote.vote([SAD], 516)
    assert share(vote.mood(), Expression.HAPPY) == 0


def test_a_choice_by_hand_survives_a_restart() -> None:
    vote = MoodVote(window_s=15, lead=0.1)
    vote.choose(Expression.SAD)
    vote.restart()
    now = vote.mood()
    assert now is not None
    assert now.leader is Expression.SAD


def test_a_long_session_leaves_no_rounding_behind() -> None:
    vote = MoodVote(window_s=0.5, lead=0.1)
    for frame in range(2000):
        vote.vote([looks(Expression.HAPPY, 0.1 + frame % 7 / 10)], frame / 10)
    vote.vote([SAD], 1000)
    assert vote.mood() == Mood(SAD.probabilities, Expression.SAD)


def test_the_mood_of_a_picture_is_that_of_its_sure_faces() -> None:
    assert mood.of([]) is None
    assert mood.of([unsure(HAPPY)]) is None
    together = mood.of([looks(Expression.HAPPY, 0.6), unsure(ANGRY), unsure(ANGRY), SAD, looks(Expression.SAD, 0.8)])
    assert together is not None
    assert (together.leader, together.source) == (Expression.SAD, "faces")
    assert together.share == pytest.approx(0.6)
    assert share(together, Expression.ANGRY) == 0
