from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Box, Expression, Face, Mood
from realtime.mood import vote as vote_module
from realtime.mood.vote import (
    DEFAULT_FRAME_S,
    ENTER_SHARE,
    IN_VIEW_S,
    LEAVE_SHARE,
    MAX_FRAME_S,
    MIN_FRAME_S,
    SETTLE_S,
    MoodVote,
)

BOX = Box(0, 0, 10, 10)
FPS = 30

rows = st.tuples(*[st.integers(0, 100)] * 7).filter(any).map(lambda parts: tuple(part / sum(parts) for part in parts))
boxes = st.builds(Box, st.integers(0, 500), st.just(0), st.integers(20, 300), st.integers(20, 300))
faces_of_a_frame = st.lists(st.builds(Face, boxes, rows, st.integers(1, 4)), max_size=3, unique_by=lambda face: face.track)
gaps = st.floats(-5, 5) | st.floats(0, 0.2) | st.sampled_from([0.0, 1 / 30, 3600.0, -3600.0])
sessions = st.lists(st.tuples(gaps, faces_of_a_frame), max_size=15).map(
    lambda frames: list(zip(accumulate(gap for gap, _ in frames), (faces for _, faces in frames), strict=True))
)
Session = list[tuple[float, list[Face]]]


def make_face(
    expression: Expression,
    confidence: float = 1.0,
    *,
    second: Expression = Expression.NEUTRAL,
    track: int | None = None,
    side: int = 10,
) -> Face:
    """A face with two expressions: `expression` at `confidence`, `second` for the rest."""
    shares = dict.fromkeys(EXPRESSIONS, 0.0) | {second: 1 - confidence, expression: confidence}
    return Face(Box(BOX.left, BOX.top, side, side), tuple(shares.values()), track)


def unsure(face: Face) -> Face:
    return Face(face.box, face.probabilities, face.track, "low confidence")


HAPPY, SAD, ANGRY = make_face(Expression.HAPPY), make_face(Expression.SAD), make_face(Expression.ANGRY)
ANNA = make_face(Expression.HAPPY, track=1)
BERT = make_face(Expression.SAD, track=2)
CARL = make_face(Expression.HAPPY, track=3)


def make_vote(*, window_s: float = 15, lead: float = 0.1, dwell_s: float = 0) -> MoodVote:
    return MoodVote(window_s=window_s, lead=lead, dwell_s=dwell_s)


def vote_repeatedly(vote: MoodVote, faces: Sequence[Face], seconds: float, *, since_s: float = 0, fps: float = FPS) -> float:
    """Let the same faces vote for some seconds; returns the time of the next frame."""
    count = round(seconds * fps)
    for frame in range(count):
        vote.vote(faces, since_s + frame / fps)
    return since_s + count / fps


def share(mood: Mood | None, expression: Expression) -> float:
    assert mood is not None
    return mood.shares[EXPRESSIONS.index(expression)]


def leader(vote: MoodVote) -> Expression | None:
    now = vote.mood()
    assert now is not None
    return now.leader


def frame_durations(session: Session) -> list[float]:
    """Seconds that each frame stands for, written out plainly."""
    times = [time_s for time_s, _ in session]
    passed = [0.0, *(now - before for before, now in pairwise(times))][: len(times)]
    return [max(MIN_FRAME_S, min(gap, MAX_FRAME_S)) if gap > 0 else DEFAULT_FRAME_S for gap in passed]


def ballot(faces: Sequence[Face], seconds: float) -> list[float]:
    """What the faces of one frame add to the seven sums, written out plainly."""
    sides = [(face.box.width * face.box.height) ** 0.25 for face in faces]
    return [
        sum(
            seconds * face.confidence * side / sum(sides) * face.probabilities[index]
            for face, side in zip(faces, sides, strict=True)
        )
        for index in range(7)
    ]


def distribution(ballots: Sequence[Sequence[float]]) -> list[float]:
    sums = [sum(column) for column in zip(*ballots, strict=True)]
    return [each / sum(sums) for each in sums]


def test_a_face_whose_held_label_has_become_impossible_does_not_vote() -> None:
    vote = make_vote()
    vote.vote([replace(HAPPY, label=Expression.SAD)], 0)
    assert vote.mood() is None
    vote.vote([replace(HAPPY, label=Expression.SAD), SAD], 0.1)
    assert leader(vote) is Expression.SAD


def test_there_is_no_mood_before_the_first_vote() -> None:
    vote = make_vote(dwell_s=2)
    assert vote.mood() is None
    vote.vote([], 0)
    vote.vote([unsure(HAPPY)], 1)
    assert vote.mood() is None
    assert vote.session_mood() is None
    assert vote.shares() is None
    vote.vote([HAPPY], 2)
    assert vote.mood() == Mood(HAPPY.probabilities, Expression.HAPPY, "faces"), "the first sure face gives a mood at once"


@given(sessions, st.floats(0.5, 10))
def test_the_shares_are_those_of_all_votes_in_the_window(session: Session, window_s: float) -> None:
    vote = make_vote(window_s=window_s)
    ballots: list[tuple[float, list[float]]] = []
    now_s = 0.0
    for (time_s, faces), seconds in zip(session, frame_durations(session), strict=True):
        vote.vote(faces, time_s)
        now_s += seconds
        ballots += [(now_s, ballot(faces, seconds))] if faces else []
        now, of_session = vote.mood(), vote.session_mood()
        if not ballots:
            assert now is None
            assert of_session is None
            continue
        assert now is not None
        assert of_session is not None
        # The window ends within a hundredth of its length
        ages = [ballots[-1][0] - voted_s for voted_s, _ in ballots]
        least = sum(age < 0.99 * window_s - 1e-9 for age in ages)
        most = sum(age <= window_s + 1e-9 for age in ages)
        assert any(
            now.shares == pytest.approx(distribution([each for _, each in ballots[-count:]]))
            for count in range(least, most + 1)
        )
        assert of_session.shares == pytest.approx(distribution([each for _, each in ballots]))
        assert of_session.shares == vote.shares()
        for shares in (now.shares, of_session.shares):
            assert min(shares) >= 0
            assert sum(shares) == pytest.approx(1, abs=1e-9)


@given(sessions, st.floats(0, 0.5), st.floats(0, 5))
def test_the_mood_stays_for_the_dwell_and_a_new_leader_is_ahead_by_the_lead(
    session: Session, lead: float, dwell_s: float
) -> None:
    vote = make_vote(window_s=6, lead=lead, dwell_s=dwell_s)
    before: Mood | None = None
    now_s = changed_s = 0.0
    for (time_s, faces), seconds in zip(session, frame_durations(session), strict=True):
        vote.vote(faces, time_s)
        now_s += seconds
        now = vote.mood()
        if now is None:
            continue
        if before is None:
            changed_s = now_s
        elif now.leader is not before.leader:
            assert now_s - changed_s >= dwell_s - 1e-9
            if before.leader is not None and now.leader is not None:
                assert now.share - share(now, before.leader) > lead
                assert now.share == max(now.shares)
            changed_s = now_s
        before = now


@given(sessions, st.floats(0, 0.5), faces_of_a_frame.filter(bool))
def test_after_a_window_of_the_same_faces_no_expression_is_ahead_of_the_leader(
    session: Session, lead: float, last: list[Face]
) -> None:
    vote = make_vote(window_s=2, lead=lead, dwell_s=1)
    for time_s, faces in session:
        vote.vote(faces, time_s)
    vote_repeatedly(vote, last, 4, fps=10)
    now, alone = vote.mood(), vote_module.mood_of_pictures(last)
    assert now is not None
    assert alone is not None
    assert now.shares == pytest.approx(alone.shares)
    assert now.leader is None or max(now.shares) - now.share <= lead + 1e-9


@given(st.lists(st.tuples(gaps, faces_of_a_frame.flatmap(lambda f: st.tuples(st.just(f), st.permutations(f)))), max_size=15))
def test_the_order_of_the_faces_in_a_frame_has_no_effect(frames: list[tuple[float, tuple[list[Face], list[Face]]]]) -> None:
    one, other = make_vote(dwell_s=1), make_vote(dwell_s=1)
    time_s = 0.0
    for gap, (faces, shuffled) in frames:
        time_s += gap
        untracked, shuffled_untracked = ([replace(face, track=None) for face in each] for each in (faces, shuffled))
        for frame, other_order in ((faces, shuffled), (untracked, shuffled_untracked)):
            one.vote(frame, time_s)
            other.vote(other_order, time_s)
            assert one.mood() == other.mood()
            assert one.session_mood() == other.session_mood()
            assert vote_module.mood_of_pictures(frame) == vote_module.mood_of_pictures(other_order)


@given(rows, st.lists(st.tuples(gaps, boxes), min_size=1, max_size=20))
def test_one_face_with_constant_probabilities_is_never_mixed(
    probabilities: tuple[float, ...], frames: list[tuple[float, Box]]
) -> None:
    vote = make_vote(window_s=3, dwell_s=0.5)
    time_s = 0.0
    for gap, box in frames:
        time_s += gap
        face = Face(box, probabilities, 7)
        vote.vote([face], time_s)
        now = vote.mood()
        assert now is not None
        assert now.leader is face.expression
        assert now.shares == pytest.approx(probabilities)
        of_session, alone = vote.session_mood(), vote_module.mood_of_pictures([face])
        assert of_session is not None
        assert alone is not None
        assert of_session.leader is alone.leader is face.expression
        assert alone.shares == pytest.approx(probabilities)


@given(
    phases=st.lists(st.tuples(faces_of_a_frame.filter(bool), st.sampled_from([1, 2, 3])), min_size=1, max_size=4),
    rates=st.sampled_from([(30, 10), (30, 5), (120, 15)]),
)
def test_the_frame_rate_has_no_effect(phases: list[tuple[list[Face], int]], rates: tuple[int, int]) -> None:
    votes = [make_vote(window_s=4), make_vote(window_s=4)]
    for vote, fps in zip(votes, rates, strict=True):
        since_s = 0.0
        for faces, seconds in phases:
            since_s = vote_repeatedly(vote, faces, seconds, since_s=since_s, fps=fps)
    (fast, slow), (of_session, slow_session) = [vote.mood() for vote in votes], [vote.session_mood() for vote in votes]
    assert fast is not None
    assert slow is not None
    assert of_session is not None
    assert slow_session is not None
    # The first frame after a change stands for the gap before it, and the edge of the window is a frame wide
    assert fast.shares == pytest.approx(slow.shares, abs=0.1)
    assert of_session.shares == pytest.approx(slow_session.shares, abs=0.1)


def test_a_falling_frame_rate_does_not_distort_the_vote() -> None:
    vote = make_vote()
    since_s = vote_repeatedly(vote, [HAPPY], 6, fps=30)
    vote_repeatedly(vote, [SAD], 6, since_s=since_s, fps=2)
    assert share(vote.mood(), Expression.SAD) == pytest.approx(0.5, abs=0.05)
    assert share(vote.session_mood(), Expression.SAD) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("jump_s", [20, 3600, 1e9, -0.5, -3600, -1e9])
def test_an_outage_or_a_jump_of_the_clock_counts_for_a_second_at_most(jump_s: float) -> None:
    vote = make_vote()
    since_s = vote_repeatedly(vote, [HAPPY], 9) + jump_s
    vote.vote([SAD], since_s)
    assert share(vote.mood(), Expression.SAD) <= 0.1 + 1e-9
    vote_repeatedly(vote, [SAD], 10, since_s=since_s)
    assert share(vote.mood(), Expression.SAD) == pytest.approx(10 / 15, abs=0.07), "time continues from there"
    assert leader(vote) is Expression.SAD


def test_faces_vote_even_if_the_clock_stands() -> None:
    vote = make_vote(window_s=2)
    for face in (HAPPY, SAD):
        for _ in range(90):
            vote.vote([face], 5)
    assert vote.mood() == Mood(SAD.probabilities, Expression.SAD)


@pytest.mark.parametrize(("lead", "expected"), [(0.3, Expression.HAPPY), (0.2, Expression.SAD)])
def test_a_challenger_must_be_further_ahead_than_the_lead(lead: float, expected: Expression) -> None:
    vote = make_vote(window_s=0.5, lead=lead)
    since_s = vote_repeatedly(vote, [HAPPY], 1)
    vote_repeatedly(vote, [make_face(Expression.SAD, 0.625, second=Expression.HAPPY)], 2, since_s=since_s)
    now = vote.mood()
    assert now is not None
    assert now.leader is expected
    assert now.share == (0.375 if expected is Expression.HAPPY else 0.625), "the share of the leader, not the largest one"


def test_two_close_shares_do_not_change_the_leader() -> None:
    vote = make_vote(window_s=0.5)
    since_s = vote_repeatedly(vote, [HAPPY], 1)
    leaders: set[Expression | None] = set()
    for turn in range(50):
        sad = make_face(Expression.SAD, 0.54 if turn % 2 else 0.46, second=Expression.HAPPY)
        since_s = vote_repeatedly(vote, [sad], 0.6, since_s=since_s)
        leaders.add(leader(vote))
    assert leaders == {Expression.HAPPY}


def test_the_leader_stays_for_the_dwell() -> None:
    vote = make_vote(window_s=0.5, dwell_s=3)
    since_s = vote_repeatedly(vote, [HAPPY], 0.2)
    since_s = vote_repeatedly(vote, [SAD], 2.7, since_s=since_s)
    assert leader(vote) is Expression.HAPPY
    assert share(vote.mood(), Expression.SAD) == 1
    since_s = vote_repeatedly(vote, [SAD], 0.3, since_s=since_s)
    assert leader(vote) is Expression.SAD


def test_of_equal_shares_the_first_in_the_alphabet_leads() -> None:
    vote = make_vote(lead=0)
    vote.vote([Face(BOX, (0.0, 0.0, 0.0, 0.5, 0.0, 0.5, 0.0))], 0)
    assert leader(vote) is Expression.HAPPY


@given(sessions, faces_of_a_frame)
def test_an_unsure_face_does_not_vote(session: Session, others: list[Face]) -> None:
    with_them, without = make_vote(window_s=5), make_vote(window_s=5)
    for time_s, faces in session:
        with_them.vote([*map(unsure, others), *faces], time_s)
        without.vote(faces, time_s)
        assert with_them.mood() == without.mood()
        assert with_them.session_mood() == without.session_mood()


def test_each_face_votes_with_its_probabilities_times_its_confidence() -> None:
    vote = make_vote()
    vote.vote([make_face(Expression.HAPPY, 0.6), make_face(Expression.SAD, 0.9), HAPPY], 0)
    now = vote.mood()
    assert share(now, Expression.HAPPY) == pytest.approx((0.36 + 1) / 2.5)
    assert share(now, Expression.SAD) == pytest.approx(0.81 / 2.5)
    assert share(now, Expression.NEUTRAL) == pytest.approx((0.24 + 0.09) / 2.5)


def test_a_confident_face_counts_more_than_a_doubtful_one() -> None:
    vote = make_vote()
    since_s = vote_repeatedly(vote, [make_face(Expression.HAPPY, 0.6)], 5)
    vote_repeatedly(vote, [make_face(Expression.SAD, 0.9)], 5, since_s=since_s)
    assert share(vote.mood(), Expression.SAD) == pytest.approx(0.81 / 1.5, abs=0.01)


def test_a_face_at_a_quarter_of_the_distance_counts_twice() -> None:
    vote = make_vote()
    vote.vote([make_face(Expression.HAPPY, side=200, track=1), make_face(Expression.SAD, side=50, track=2)], 0)
    assert share(vote.mood(), Expression.HAPPY) == pytest.approx(2 / 3)


def test_a_crowd_does_not_outweigh_the_time_before_it() -> None:
    vote = make_vote()
    since_s = vote_repeatedly(vote, [HAPPY], 5)
    vote_repeatedly(vote, [make_face(Expression.SAD, track=track) for track in range(1, 6)], 5, since_s=since_s)
    assert share(vote.mood(), Expression.SAD) == pytest.approx(0.5, abs=0.01)


def test_two_faces_with_different_expressions_are_mixed_and_stay_mixed() -> None:
    vote = make_vote(dwell_s=2)
    vote.vote([ANNA, BERT], 0)
    now = vote.mood()
    assert now is not None
    assert (now.leader, now.share) == (None, 0), "mixed from the first frame on"
    assert share(now, Expression.HAPPY) == share(now, Expression.SAD) == 0.5
    vote_repeatedly(vote, [ANNA, BERT], 20, since_s=DEFAULT_FRAME_S)
    assert vote.mood() == now
    assert vote.session_mood() == now


@pytest.mark.parametrize("near", [0.7, 1.0, 1.4, 2.0, 2.8])
def test_the_nearer_of_two_faces_does_not_lead_alone(near: float) -> None:
    vote = make_vote()
    vote_repeatedly(
        vote, [make_face(Expression.HAPPY, track=1, side=round(100 * near)), make_face(Expression.SAD, track=2, side=100)], 3
    )
    assert leader(vote) is None


def test_two_of_three_faces_are_a_clear_majority() -> None:
    vote = make_vote()
    vote_repeatedly(
        vote,
        [
            make_face(Expression.HAPPY, 0.7, track=1),
            make_face(Expression.SAD, 0.7, track=2),
            make_face(Expression.HAPPY, 0.7, track=3),
        ],
        3,
    )
    now = vote.mood()
    assert now is not None
    assert now.leader is Expression.HAPPY
    assert now.share < LEAVE_SHARE, "a majority of the faces, not of the vote"


def test_faces_with_the_same_expression_are_not_mixed_at_any_confidence() -> None:
    vote = make_vote()
    faces = [Face(BOX, (0.1, 0.1, 0.1, 0.3, 0.2, 0.1, 0.1), track) for track in range(1, 4)]
    vote_repeatedly(vote, faces, 3)
    assert leader(vote) is Expression.HAPPY
    alone = vote_module.mood_of_pictures(faces)
    assert alone is not None
    assert alone.leader is Expression.HAPPY


def test_one_face_that_changes_its_expression_is_never_mixed() -> None:
    vote = make_vote(window_s=4)
    since_s = 0.0
    for turn in range(40):
        face = make_face(Expression.SAD if turn % 2 else Expression.HAPPY, track=1)
        for _ in range(15):
            vote.vote([face], since_s)
            since_s += 1 / FPS
            assert leader(vote) is not None


def test_one_person_with_a_new_track_is_never_mixed() -> None:
    def doubtful(expression: Expression, track: int) -> Face:
        return Face(BOX, tuple(0.5 if other is expression else 0.5 / 6 for other in EXPRESSIONS), track)

    vote = make_vote(lead=0.02, dwell_s=4)
    since_s = 0.0
    for track, expression, seconds in [
        (1, Expression.SAD, 1),
        (1, Expression.HAPPY, 2),
        (2, Expression.SAD, 1.5),
        # Too short to outweigh the sad seconds of this track, long enough to outweigh those of the session
        (2, Expression.HAPPY, 1.45),
    ]:
        for _ in range(round(seconds * FPS)):
            since_s = vote_repeatedly(vote, [doubtful(expression, track)], 1 / FPS, since_s=since_s)
            assert leader(vote) is not None
    assert leader(vote) is Expression.HAPPY


def test_faces_one_after_the_other_are_never_mixed() -> None:
    vote = make_vote(window_s=4)
    since_s = vote_repeatedly(vote, [ANNA], 4)
    for _ in range(10):
        since_s = vote_repeatedly(vote, [], IN_VIEW_S + 0.1, since_s=since_s)
        since_s = vote_repeatedly(vote, [BERT], 0.2, since_s=since_s)
        assert leader(vote) is not None


def test_a_second_face_makes_the_mood_mixed_and_the_remaining_one_leads() -> None:
    vote = make_vote(window_s=6, dwell_s=1)
    since_s = vote_repeatedly(vote, [ANNA], 6)
    assert leader(vote) is Expression.HAPPY
    leaders: list[Expression | None] = []
    for _ in range(8 * FPS):
        since_s = vote_repeatedly(vote, [ANNA, BERT], 1 / FPS, since_s=since_s)
        leaders += [leader(vote)] if leader(vote) not in leaders[-1:] else []
    assert leaders == [Expression.HAPPY, None]
    for _ in range(8 * FPS):
        since_s = vote_repeatedly(vote, [BERT], 1 / FPS, since_s=since_s)
        leaders += [leader(vote)] if leader(vote) not in leaders[-1:] else []
    assert leaders == [Expression.HAPPY, None, Expression.SAD], "the face that left does not lead"


def happy_and_sad(happy_share: float) -> list[Face]:
    """A happy and a sad face; `happy_share` is the weighted share of the happy one."""
    side = round(100 * (happy_share / (1 - happy_share)) ** 2)
    return [make_face(Expression.HAPPY, 0.8, track=1, side=side), make_face(Expression.SAD, 0.8, track=2, side=100)]


def test_a_challenger_without_a_clear_majority_makes_a_group_mixed() -> None:
    vote = make_vote(window_s=1)
    vote_repeatedly(vote, happy_and_sad(ENTER_SHARE + 0.02), 2)
    assert leader(vote) is Expression.HAPPY
    vote_repeatedly(vote, happy_and_sad(1 - (ENTER_SHARE + LEAVE_SHARE) / 2), 4, since_s=2)
    assert share(vote.mood(), Expression.SAD) > share(vote.mood(), Expression.HAPPY) + 0.1
    assert leader(vote) is None


def test_the_remaining_face_does_not_lead_while_its_share_is_far_behind() -> None:
    vote = make_vote(window_s=30)
    since_s = vote_repeatedly(vote, happy_and_sad(0.6), 30)
    assert leader(vote) is None
    while leader(vote) is None:
        since_s = vote_repeatedly(vote, happy_and_sad(0.6)[1:], 1 / FPS, since_s=since_s)
    now = vote.mood()
    assert now is not None
    assert now.leader is Expression.SAD
    assert max(now.shares) - now.share <= 0.1


def test_a_clear_majority_of_the_vote_leads_where_the_faces_differ() -> None:
    together = vote_module.mood_of_pictures(
        [make_face(Expression.HAPPY, 0.9), make_face(Expression.SAD, 0.55, second=Expression.HAPPY)]
    )
    assert together is not None
    assert together.leader is Expression.HAPPY
    assert together.share > ENTER_SHARE


def test_between_the_two_thresholds_the_mood_stays_as_it_was() -> None:
    mixed_first, led_first = make_vote(window_s=1), make_vote(window_s=1)
    vote_repeatedly(mixed_first, happy_and_sad(0.5), 2)
    vote_repeatedly(led_first, happy_and_sad(ENTER_SHARE + 0.02), 2)
    assert (leader(mixed_first), leader(led_first)) == (None, Expression.HAPPY)
    for vote in (mixed_first, led_first):
        for happy_share in (LEAVE_SHARE + 0.01, ENTER_SHARE - 0.01):
            vote_repeatedly(vote, happy_and_sad(happy_share), 3, since_s=2)
    assert (leader(mixed_first), leader(led_first)) == (None, Expression.HAPPY)
    vote_repeatedly(led_first, happy_and_sad(LEAVE_SHARE - 0.02), 3, since_s=5)
    vote_repeatedly(mixed_first, happy_and_sad(ENTER_SHARE + 0.02), 3, since_s=5)
    assert (leader(mixed_first), leader(led_first)) == (Expression.HAPPY, None)


@pytest.mark.parametrize("missed_s", [0, 0.1, IN_VIEW_S - 0.05, SETTLE_S + 0.05])
def test_a_person_with_a_new_track_counts_once(missed_s: float) -> None:
    vote = make_vote(window_s=6)
    since_s = vote_repeatedly(vote, [ANNA, BERT], 6)
    for track in range(10, 15):
        for faces, seconds in (([BERT], missed_s), ([replace(ANNA, track=track), BERT], 4)):
            for _ in range(round(seconds * FPS)):
                since_s = vote_repeatedly(vote, faces, 1 / FPS, since_s=since_s)
                assert leader(vote) is None


def test_a_session_that_was_mixed_for_most_of_its_time_is_mixed() -> None:
    vote = make_vote(window_s=3)
    since_s = vote_repeatedly(vote, [ANNA, BERT], 10)
    since_s = vote_repeatedly(vote, [ANNA], 5, since_s=since_s)
    of_session = vote.session_mood()
    assert leader(vote) is Expression.HAPPY
    assert of_session is not None
    assert of_session.leader is None
    vote_repeatedly(vote, [ANNA], 10, since_s=since_s)
    of_session = vote.session_mood()
    assert of_session is not None
    assert of_session.leader is Expression.HAPPY


@pytest.mark.parametrize("fps", [2, 30])
def test_the_length_of_the_window_does_not_depend_on_the_frame_rate(fps: int) -> None:
    vote = make_vote()
    for frame in range(28 * fps):
        vote.vote([HAPPY if frame < 20 * fps else SAD], frame / fps)
    assert share(vote.mood(), Expression.SAD) == pytest.approx(8 / 15, abs=0.02)
    assert share(vote.session_mood(), Expression.SAD) == pytest.approx(8 / 28, abs=0.02)


@pytest.mark.parametrize("window_s", [0.5, 15, 600])
def test_a_vote_older_than_the_window_is_dropped(window_s: float) -> None:
    vote = make_vote(window_s=window_s)
    vote.vote([HAPPY], 0)
    since_s = vote_repeatedly(vote, [], 0.97 * window_s, since_s=1 / 100, fps=100)
    vote.vote([SAD], since_s)
    assert share(vote.mood(), Expression.HAPPY) > 0
    vote.vote([SAD], vote_repeatedly(vote, [], 0.04 * window_s, since_s=since_s + 1 / 100, fps=100))
    assert share(vote.mood(), Expression.HAPPY) == 0


def test_an_empty_room_keeps_its_last_mood() -> None:
    vote = make_vote()
    vote.vote([HAPPY], 0)
    before = vote.mood()
    for second in range(1, 100):
        vote.vote([], second)
    assert vote.mood() == before
    vote.vote([SAD], 100)
    assert share(vote.mood(), Expression.HAPPY) == 0, "old votes do not return with the next face"


def test_the_session_mood_counts_the_votes_that_left_the_window() -> None:
    vote = make_vote(window_s=5)
    vote_repeatedly(vote, [SAD], 10, since_s=vote_repeatedly(vote, [HAPPY], 20))
    now, of_session = vote.mood(), vote.session_mood()
    assert now is not None
    assert of_session is not None
    assert (now.leader, now.share) == (Expression.SAD, 1)
    assert (of_session.leader, of_session.share) == (Expression.HAPPY, pytest.approx(2 / 3))


@given(
    # Whole seconds, so that rounding moves no vote across the edge of the window
    session=st.lists(st.tuples(st.integers(-2, 4), faces_of_a_frame), min_size=1, max_size=12),
    pause_s=st.integers(-(10**6), 10**6),
    presses=st.integers(1, 3),
    paused_at=st.integers(0, 11),
)
def test_a_pause_lets_no_time_pass(session: list[tuple[int, list[Face]]], pause_s: int, presses: int, paused_at: int) -> None:
    paused, straight = make_vote(window_s=5, dwell_s=1), make_vote(window_s=5, dwell_s=1)
    time_s = straight_s = 0
    for count, (gap, faces) in enumerate(session):
        time_s += gap
        # As if the clock had stood for this one frame
        straight_s += gap if count != paused_at else 0
        if count == paused_at:
            for _ in range(presses):
                paused.pause()
            time_s += pause_s
        paused.vote(faces, time_s)
        straight.vote(faces, straight_s)
        assert paused.mood() == straight.mood()
        assert paused.session_mood() == straight.session_mood()


def test_time_continues_after_a_pause() -> None:
    vote = make_vote(window_s=2)
    since_s = vote_repeatedly(vote, [HAPPY], 1)
    vote.pause()
    vote_repeatedly(vote, [SAD], 1, since_s=since_s + 1000)
    assert share(vote.mood(), Expression.HAPPY) == pytest.approx(0.5, abs=0.02)
    vote_repeatedly(vote, [SAD], 1.1, since_s=since_s + 1001)
    assert share(vote.mood(), Expression.HAPPY) == 0


def test_a_pause_takes_no_time_but_an_empty_room_before_or_after_it_does() -> None:
    before, after = make_vote(window_s=2), make_vote(window_s=2)
    for vote in (before, after):
        vote.vote([HAPPY], 0)
    vote_repeatedly(before, [], 2.1)
    before.pause()
    before.vote([SAD], 100)
    assert share(before.mood(), Expression.HAPPY) == 0
    after.pause()
    after.vote([SAD], 100)
    assert share(after.mood(), Expression.HAPPY) == 0.5
    after.vote([SAD], vote_repeatedly(after, [], 2.1, since_s=100))
    assert share(after.mood(), Expression.HAPPY) == 0


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_mood_can_be_chosen_by_hand_before_the_first_vote(expression: Expression) -> None:
    vote = make_vote()
    vote.choose(expression)
    assert vote.mood() == vote.session_mood()
    now = vote.mood()
    assert now is not None
    assert (now.leader, now.share, now.source) == (expression, 1, "hand")
    assert vote.shares() is None, "a choice is no vote"
    vote.choose(None)
    assert vote.mood() is None
    assert vote.session_mood() is None


def test_faces_go_on_voting_under_a_choice_by_hand() -> None:
    by_hand, straight = make_vote(window_s=3), make_vote(window_s=3)
    for second, faces in enumerate([[HAPPY], [HAPPY], [ANNA, BERT], [SAD], [ANNA, BERT], [ANGRY], [ANNA, BERT]]):
        by_hand.vote(faces, second)
        straight.vote(faces, second)
        if second == 1:
            by_hand.choose(Expression.FEAR)
            by_hand.choose(Expression.SURPRISE)
    now, of_session = by_hand.mood(), by_hand.session_mood()
    assert now is not None
    assert now == of_session
    assert now.leader is Expression.SURPRISE, "the choice goes before a mixed mood"
    assert by_hand.shares() == straight.shares()
    by_hand.choose(None)
    assert by_hand.mood() == straight.mood()
    assert by_hand.session_mood() == straight.session_mood()


@pytest.mark.parametrize("paused", [False, True])
def test_a_restart_forgets_all_votes_and_the_leader(*, paused: bool) -> None:
    vote = make_vote(lead=0.5, dwell_s=60)
    vote_repeatedly(vote, [ANNA, BERT], 5)
    if paused:
        vote.pause()
    vote.restart()
    assert vote.mood() is None
    assert vote.shares() is None
    vote.vote([make_face(Expression.SAD, 0.6, second=Expression.HAPPY)], 500)
    now = vote.mood()
    assert now is not None
    assert (now.leader, now.share) == (Expression.SAD, pytest.approx(0.6))
    assert vote.shares() == now.shares
    assert vote.session_mood() == now


def test_a_choice_by_hand_survives_a_restart() -> None:
    vote = make_vote()
    vote.choose(Expression.SAD)
    vote.restart()
    assert leader(vote) is Expression.SAD


def test_a_long_session_leaves_no_rounding_errors() -> None:
    vote = make_vote(window_s=0.5)
    for frame in range(2000):
        vote.vote([make_face(Expression.HAPPY, 0.1 + frame % 7 / 10, track=frame % 50)], frame / 10)
    vote_repeatedly(vote, [SAD], 2, since_s=1000)
    assert vote.mood() == Mood(SAD.probabilities, Expression.SAD)


def test_only_sure_faces_count_for_the_mood_of_a_picture() -> None:
    assert vote_module.mood_of_pictures() is None
    assert vote_module.mood_of_pictures([]) is None
    assert vote_module.mood_of_pictures([unsure(HAPPY)]) is None
    together = vote_module.mood_of_pictures(
        [make_face(Expression.HAPPY, 0.6), unsure(ANGRY), unsure(ANGRY), SAD, make_face(Expression.SAD, 0.8)]
    )
    assert together is not None
    assert (together.leader, together.source) == (Expression.SAD, "faces")
    assert together.share == pytest.approx((1 + 0.64) / 2.4)
    assert share(together, Expression.ANGRY) == 0


def test_a_picture_of_two_faces_with_different_expressions_is_mixed() -> None:
    together = vote_module.mood_of_pictures([HAPPY, SAD])
    assert together == Mood(
        tuple((one + other) / 2 for one, other in zip(HAPPY.probabilities, SAD.probabilities, strict=True)), None
    )
    assert vote_module.mood_of_pictures([HAPPY, SAD, HAPPY]) is not None
    assert vote_module.mood_of_pictures([HAPPY, SAD, HAPPY]) != together


@given(faces_of_a_frame.filter(bool))
def test_the_mood_of_a_picture_is_that_of_a_session_of_one_frame(faces: list[Face]) -> None:
    vote = make_vote(lead=0)
    vote.vote(faces, 0)
    one, now = vote_module.mood_of_pictures(faces), vote.mood()
    assert one is not None
    assert now is not None
    assert one.leader is now.leader
    assert one.shares == pytest.approx(now.shares)


def test_several_pictures_count_the_same_at_any_size_and_number_of_faces() -> None:
    small, large = [make_face(Expression.HAPPY, side=20)], [make_face(Expression.SAD, side=2000)] * 3
    together = vote_module.mood_of_pictures(small, [], large)
    assert together is not None
    assert together.leader is None
    assert share(together, Expression.HAPPY) == pytest.approx(0.5)
    album = vote_module.mood_of_pictures(small, large, small)
    assert album is not None
    assert album.leader is Expression.HAPPY
