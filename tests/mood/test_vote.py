from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Box, Expression, Face, Mood
from realtime.mood import vote as vote_module
from realtime.mood.vote import ENTER_SHARE, IN_VIEW_S, LEAVE_SHARE, MAX_FRAME_S, DEFAULT_FRAME_S, SETTLE_S, MIN_FRAME_S, MoodVote

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


def looks(
    expression: Expression,
    confidence: float = 1.0,
    *,
    otherwise: Expression = Expression.NEUTRAL,
    track: int | None = None,
    side: int = 10,
) -> Face:
    """A face between two expressions."""
    shares = dict.fromkeys(EXPRESSIONS, 0.0) | {otherwise: 1 - confidence, expression: confidence}
    return Face(Box(BOX.left, BOX.top, side, side), tuple(shares.values()), track)


def unsure(face: Face) -> Face:
    return Face(face.box, face.probabilities, face.track, "low confidence")


HAPPY, SAD, ANGRY = looks(Expression.HAPPY), looks(Expression.SAD), looks(Expression.ANGRY)
ANNA = looks(Expression.HAPPY, track=1)
BERT = looks(Expression.SAD, track=2)
CARL = looks(Expression.HAPPY, track=3)


def vote_of(*, window_s: float = 15, lead: float = 0.1, dwell_s: float = 0) -> MoodVote:
    return MoodVote(window_s=window_s, lead=lead, dwell_s=dwell_s)


def watch(vote: MoodVote, faces: Sequence[Face], seconds: float, *, since_s: float = 0, fps: float = FPS) -> float:
    """Let the vote see the same faces for a while; returns the time of the next frame."""
    count = round(seconds * fps)
    for frame in range(count):
        vote.vote(faces, since_s + frame / fps)
    return since_s + count / fps


def share(of: Mood | None, expression: Expression) -> float:
    assert of is not None
    return of.shares[EXPRESSIONS.index(expression)]


def leader(vote: MoodVote) -> Expression | None:
    now = vote.mood()
    assert now is not None
    return now.leader


def stands_for(session: Session) -> list[float]:
    """Seconds that each frame stands for."""
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


def test_there_is_no_mood_until_somebody_voted() -> None:
    vote = vote_of(dwell_s=2)
    assert vote.mood() is None
    vote.vote([], 0)
    vote.vote([unsure(HAPPY)], 1)
    assert vote.mood() is None
    assert vote.session_mood() is None
    assert vote.shares() is None
    vote.vote([HAPPY], 2)
    assert vote.mood() == Mood(HAPPY.probabilities, Expression.HAPPY, "faces"), "the first sure face makes a mood at once"


@given(sessions, st.floats(0.5, 10))
def test_the_vote_is_the_plain_sum_over_the_window(session: Session, window_s: float) -> None:
    vote = vote_of(window_s=window_s)
    cast: list[tuple[float, list[float]]] = []
    now_s = 0.0
    for (time_s, faces), seconds in zip(session, stands_for(session), strict=True):
        vote.vote(faces, time_s)
        now_s += seconds
        cast += [(now_s, ballot(faces, seconds))] if faces else []
        now, whole = vote.mood(), vote.session_mood()
        if not cast:
            assert now is None
            assert whole is None
            continue
        assert now is not None
        assert whole is not None
        # The window ends within a hundredth of its length
        ages = [cast[-1][0] - voted_s for voted_s, _ in cast]
        least = sum(age < 0.99 * window_s - 1e-9 for age in ages)
        most = sum(age <= window_s + 1e-9 for age in ages)
        assert any(
            now.shares == pytest.approx(distribution([each for _, each in cast[-count:]])) for count in range(least, most + 1)
        )
        assert whole.shares == pytest.approx(distribution([each for _, each in cast]))
        assert whole.shares == vote.shares()
        for shares in (now.shares, whole.shares):
            assert min(shares) >= 0
            assert sum(shares) == pytest.approx(1, abs=1e-9)


@given(sessions, st.floats(0, 0.5), st.floats(0, 5))
def test_the_mood_stays_for_the_dwell_and_a_leader_gives_way_only_to_who_is_ahead_by_the_lead(
    session: Session, lead: float, dwell_s: float
) -> None:
    vote = vote_of(window_s=6, lead=lead, dwell_s=dwell_s)
    before: Mood | None = None
    now_s = changed_s = 0.0
    for (time_s, faces), seconds in zip(session, stands_for(session), strict=True):
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
def test_after_a_window_of_the_same_faces_nobody_is_ahead_of_the_leader(
    session: Session, lead: float, last: list[Face]
) -> None:
    vote = vote_of(window_s=2, lead=lead, dwell_s=1)
    for time_s, faces in session:
        vote.vote(faces, time_s)
    watch(vote, last, 4, fps=10)
    now, alone = vote.mood(), vote_module.mood_of_pictures(last)
    assert now is not None
    assert alone is not None
    assert now.shares == pytest.approx(alone.shares)
    assert now.leader is None or max(now.shares) - now.share <= lead + 1e-9


@given(st.lists(st.tuples(gaps, faces_of_a_frame.flatmap(lambda f: st.tuples(st.just(f), st.permutations(f)))), max_size=15))
def test_the_order_of_the_faces_in_a_frame_means_nothing(frames: list[tuple[float, tuple[list[Face], list[Face]]]]) -> None:
    one, other = vote_of(dwell_s=1), vote_of(dwell_s=1)
    time_s = 0.0
    for gap, (faces, shuffled) in frames:
        time_s += gap
        strangers, shuffled_strangers = ([replace(face, track=None) for face in each] for each in (faces, shuffled))
        for seen, also in ((faces, shuffled), (strangers, shuffled_strangers)):
            one.vote(seen, time_s)
            other.vote(also, time_s)
            assert one.mood() == other.mood()
            assert one.session_mood() == other.session_mood()
            assert vote_module.mood_of_pictures(seen) == vote_module.mood_of_pictures(also)


@given(rows, st.lists(st.tuples(gaps, boxes), min_size=1, max_size=20))
def test_one_face_of_one_look_is_never_mixed_wherever_it_is(look: tuple[float, ...], frames: list[tuple[float, Box]]) -> None:
    vote = vote_of(window_s=3, dwell_s=0.5)
    time_s = 0.0
    for gap, box in frames:
        time_s += gap
        face = Face(box, look, 7)
        vote.vote([face], time_s)
        now = vote.mood()
        assert now is not None
        assert now.leader is face.expression
        assert now.shares == pytest.approx(look)
        whole, alone = vote.session_mood(), vote_module.mood_of_pictures([face])
        assert whole is not None
        assert alone is not None
        assert whole.leader is alone.leader is face.expression
        assert alone.shares == pytest.approx(look)


@given(
    looks_s=st.lists(st.tuples(faces_of_a_frame.filter(bool), st.sampled_from([1, 2, 3])), min_size=1, max_size=4),
    rates=st.sampled_from([(30, 10), (30, 5), (120, 15)]),
)
def test_the_rate_of_analysis_changes_nothing(looks_s: list[tuple[list[Face], int]], rates: tuple[int, int]) -> None:
    votes = [vote_of(window_s=4), vote_of(window_s=4)]
    for vote, fps in zip(votes, rates, strict=True):
        since_s = 0.0
        for faces, seconds in looks_s:
            since_s = watch(vote, faces, seconds, since_s=since_s, fps=fps)
    (fast, slow), (whole, slow_whole) = [vote.mood() for vote in votes], [vote.session_mood() for vote in votes]
    assert fast is not None
    assert slow is not None
    assert whole is not None
    assert slow_whole is not None
    # The first frame of a look stands for the gap before it, and the edge of the window is a frame wide
    assert fast.shares == pytest.approx(slow.shares, abs=0.1)
    assert whole.shares == pytest.approx(slow_whole.shares, abs=0.1)


def test_a_machine_that_slows_down_does_not_distort_the_vote() -> None:
    vote = vote_of()
    since_s = watch(vote, [HAPPY], 6, fps=30)
    watch(vote, [SAD], 6, since_s=since_s, fps=2)
    assert share(vote.mood(), Expression.SAD) == pytest.approx(0.5, abs=0.05)
    assert share(vote.session_mood(), Expression.SAD) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("jump_s", [20, 3600, 1e9, -0.5, -3600, -1e9])
def test_an_outage_or_a_clock_that_jumps_counts_for_a_second_at_most(jump_s: float) -> None:
    vote = vote_of()
    since_s = watch(vote, [HAPPY], 9) + jump_s
    vote.vote([SAD], since_s)
    assert share(vote.mood(), Expression.SAD) <= 0.1 + 1e-9
    watch(vote, [SAD], 10, since_s=since_s)
    assert share(vote.mood(), Expression.SAD) == pytest.approx(10 / 15, abs=0.07), "and time goes on from there"
    assert leader(vote) is Expression.SAD


def test_a_clock_that_stands_still_silences_nobody() -> None:
    vote = vote_of(window_s=2)
    for face in (HAPPY, SAD):
        for _ in range(90):
            vote.vote([face], 5)
    assert vote.mood() == Mood(SAD.probabilities, Expression.SAD)


@pytest.mark.parametrize(("lead", "expected"), [(0.3, Expression.HAPPY), (0.2, Expression.SAD)])
def test_a_challenger_has_to_be_further_ahead_than_the_lead(lead: float, expected: Expression) -> None:
    vote = vote_of(window_s=0.5, lead=lead)
    since_s = watch(vote, [HAPPY], 1)
    watch(vote, [looks(Expression.SAD, 0.625, otherwise=Expression.HAPPY)], 2, since_s=since_s)
    now = vote.mood()
    assert now is not None
    assert now.leader is expected
    assert now.share == (0.375 if expected is Expression.HAPPY else 0.625), "the leader's own, also while another is ahead"


def test_a_close_race_does_not_flip() -> None:
    vote = vote_of(window_s=0.5)
    since_s = watch(vote, [HAPPY], 1)
    leaders: set[Expression | None] = set()
    for turn in range(50):
        sad = looks(Expression.SAD, 0.54 if turn % 2 else 0.46, otherwise=Expression.HAPPY)
        since_s = watch(vote, [sad], 0.6, since_s=since_s)
        leaders.add(leader(vote))
    assert leaders == {Expression.HAPPY}


def test_the_mood_stays_for_the_dwell_whoever_is_ahead() -> None:
    vote = vote_of(window_s=0.5, dwell_s=3)
    since_s = watch(vote, [HAPPY], 0.2)
    since_s = watch(vote, [SAD], 2.7, since_s=since_s)
    assert leader(vote) is Expression.HAPPY
    assert share(vote.mood(), Expression.SAD) == 1
    since_s = watch(vote, [SAD], 0.3, since_s=since_s)
    assert leader(vote) is Expression.SAD


def test_of_equals_the_alphabet_decides_the_first_mood() -> None:
    vote = vote_of(lead=0)
    vote.vote([Face(BOX, (0.0, 0.0, 0.0, 0.5, 0.0, 0.5, 0.0))], 0)
    assert leader(vote) is Expression.HAPPY


@given(sessions, faces_of_a_frame)
def test_an_unsure_face_does_not_vote(session: Session, others: list[Face]) -> None:
    with_them, without = vote_of(window_s=5), vote_of(window_s=5)
    for time_s, faces in session:
        with_them.vote([*map(unsure, others), *faces], time_s)
        without.vote(faces, time_s)
        assert with_them.mood() == without.mood()
        assert with_them.session_mood() == without.session_mood()


def test_all_faces_of_a_frame_vote_each_with_its_probabilities_times_its_confidence() -> None:
    vote = vote_of()
    vote.vote([looks(Expression.HAPPY, 0.6), looks(Expression.SAD, 0.9), HAPPY], 0)
    now = vote.mood()
    assert share(now, Expression.HAPPY) == pytest.approx((0.36 + 1) / 2.5)
    assert share(now, Expression.SAD) == pytest.approx(0.81 / 2.5)
    assert share(now, Expression.NEUTRAL) == pytest.approx((0.24 + 0.09) / 2.5)


def test_a_confident_second_counts_for_more_than_a_doubtful_one() -> None:
    vote = vote_of()
    since_s = watch(vote, [looks(Expression.HAPPY, 0.6)], 5)
    watch(vote, [looks(Expression.SAD, 0.9)], 5, since_s=since_s)
    assert share(vote.mood(), Expression.SAD) == pytest.approx(0.81 / 1.5, abs=0.01)


def test_a_face_four_times_as_near_counts_twice() -> None:
    vote = vote_of()
    vote.vote([looks(Expression.HAPPY, side=200, track=1), looks(Expression.SAD, side=50, track=2)], 0)
    assert share(vote.mood(), Expression.HAPPY) == pytest.approx(2 / 3)


def test_a_crowd_does_not_outvote_the_time_before_it() -> None:
    vote = vote_of()
    since_s = watch(vote, [HAPPY], 5)
    watch(vote, [looks(Expression.SAD, track=track) for track in range(1, 6)], 5, since_s=since_s)
    assert share(vote.mood(), Expression.SAD) == pytest.approx(0.5, abs=0.01)


def test_two_who_look_different_are_mixed_and_stay_so() -> None:
    vote = vote_of(dwell_s=2)
    vote.vote([ANNA, BERT], 0)
    now = vote.mood()
    assert now is not None
    assert (now.leader, now.share) == (None, 0), "from the first frame on"
    assert share(now, Expression.HAPPY) == share(now, Expression.SAD) == 0.5
    watch(vote, [ANNA, BERT], 20, since_s=DEFAULT_FRAME_S)
    assert vote.mood() == now
    assert vote.session_mood() == now


@pytest.mark.parametrize("near", [0.7, 1.0, 1.4, 2.0, 2.8])
def test_the_nearer_of_two_does_not_speak_for_both(near: float) -> None:
    vote = vote_of()
    watch(vote, [looks(Expression.HAPPY, track=1, side=round(100 * near)), looks(Expression.SAD, track=2, side=100)], 3)
    assert leader(vote) is None


def test_two_of_three_are_a_clear_majority() -> None:
    vote = vote_of()
    watch(
        vote,
        [looks(Expression.HAPPY, 0.7, track=1), looks(Expression.SAD, 0.7, track=2), looks(Expression.HAPPY, 0.7, track=3)],
        3,
    )
    now = vote.mood()
    assert now is not None
    assert now.leader is Expression.HAPPY
    assert now.share < LEAVE_SHARE, "by heads, also where the faces are not quite sure of it"


def test_those_who_look_alike_are_not_mixed_however_unsure_they_are() -> None:
    vote = vote_of()
    faces = [Face(BOX, (0.1, 0.1, 0.1, 0.3, 0.2, 0.1, 0.1), track) for track in range(1, 4)]
    watch(vote, faces, 3)
    assert leader(vote) is Expression.HAPPY
    alone = vote_module.mood_of_pictures(faces)
    assert alone is not None
    assert alone.leader is Expression.HAPPY


def test_one_person_whose_face_changes_is_no_group() -> None:
    vote = vote_of(window_s=4)
    since_s = 0.0
    for turn in range(40):
        face = looks(Expression.SAD if turn % 2 else Expression.HAPPY, track=1)
        for _ in range(15):
            vote.vote([face], since_s)
            since_s += 1 / FPS
            assert leader(vote) is not None


def test_nor_is_one_person_who_is_found_anew_between_two_looks() -> None:
    def soft(expression: Expression, track: int) -> Face:
        return Face(BOX, tuple(0.5 if other is expression else 0.5 / 6 for other in EXPRESSIONS), track)

    vote = vote_of(lead=0.02, dwell_s=4)
    since_s = 0.0
    for track, expression, seconds in [
        (1, Expression.SAD, 1),
        (1, Expression.HAPPY, 2),
        (2, Expression.SAD, 1.5),
        # Not enough to outweigh the same person's sadder seconds under that number, but those of the session
        (2, Expression.HAPPY, 1.45),
    ]:
        for _ in range(round(seconds * FPS)):
            since_s = watch(vote, [soft(expression, track)], 1 / FPS, since_s=since_s)
            assert leader(vote) is not None
    assert leader(vote) is Expression.HAPPY


def test_people_one_after_the_other_are_no_group() -> None:
    vote = vote_of(window_s=4)
    since_s = watch(vote, [ANNA], 4)
    for _ in range(10):
        since_s = watch(vote, [], IN_VIEW_S + 0.1, since_s=since_s)
        since_s = watch(vote, [BERT], 0.2, since_s=since_s)
        assert leader(vote) is not None


def test_who_joins_is_heard_as_the_vote_rolls_on_and_who_stays_names_the_mood() -> None:
    vote = vote_of(window_s=6, dwell_s=1)
    since_s = watch(vote, [ANNA], 6)
    assert leader(vote) is Expression.HAPPY
    seen: list[Expression | None] = []
    for _ in range(8 * FPS):
        since_s = watch(vote, [ANNA, BERT], 1 / FPS, since_s=since_s)
        seen += [leader(vote)] if leader(vote) not in seen[-1:] else []
    assert seen == [Expression.HAPPY, None]
    for _ in range(8 * FPS):
        since_s = watch(vote, [BERT], 1 / FPS, since_s=since_s)
        seen += [leader(vote)] if leader(vote) not in seen[-1:] else []
    assert seen == [Expression.HAPPY, None, Expression.SAD], "not the one who left, though the shares began equal"


def two(voice: float) -> list[Face]:
    """A happy and a sad face, the happy one with so large a part of the voices."""
    side = round(100 * (voice / (1 - voice)) ** 2)
    return [looks(Expression.HAPPY, 0.8, track=1, side=side), looks(Expression.SAD, 0.8, track=2, side=100)]


def test_a_challenger_without_a_clear_majority_makes_a_group_mixed() -> None:
    vote = vote_of(window_s=1)
    watch(vote, two(ENTER_SHARE + 0.02), 2)
    assert leader(vote) is Expression.HAPPY
    watch(vote, two(1 - (ENTER_SHARE + LEAVE_SHARE) / 2), 4, since_s=2)
    assert share(vote.mood(), Expression.SAD) > share(vote.mood(), Expression.HAPPY) + 0.1
    assert leader(vote) is None


def test_who_stays_does_not_name_the_mood_while_far_behind() -> None:
    vote = vote_of(window_s=30)
    since_s = watch(vote, two(0.6), 30)
    assert leader(vote) is None
    while leader(vote) is None:
        since_s = watch(vote, two(0.6)[1:], 1 / FPS, since_s=since_s)
    now = vote.mood()
    assert now is not None
    assert now.leader is Expression.SAD
    assert max(now.shares) - now.share <= 0.1


def test_a_clear_share_is_a_majority_where_the_voices_are_divided() -> None:
    together = vote_module.mood_of_pictures(
        [looks(Expression.HAPPY, 0.9), looks(Expression.SAD, 0.55, otherwise=Expression.HAPPY)]
    )
    assert together is not None
    assert together.leader is Expression.HAPPY
    assert together.share > ENTER_SHARE


def test_between_the_two_thresholds_a_group_stays_what_it_was() -> None:
    mixed_first, led_first = vote_of(window_s=1), vote_of(window_s=1)
    watch(mixed_first, two(0.5), 2)
    watch(led_first, two(ENTER_SHARE + 0.02), 2)
    assert (leader(mixed_first), leader(led_first)) == (None, Expression.HAPPY)
    for vote in (mixed_first, led_first):
        for voice in (LEAVE_SHARE + 0.01, ENTER_SHARE - 0.01):
            watch(vote, two(voice), 3, since_s=2)
    assert (leader(mixed_first), leader(led_first)) == (None, Expression.HAPPY)
    watch(led_first, two(LEAVE_SHARE - 0.02), 3, since_s=5)
    watch(mixed_first, two(ENTER_SHARE + 0.02), 3, since_s=5)
    assert (leader(mixed_first), leader(led_first)) == (Expression.HAPPY, None)


@pytest.mark.parametrize("missed_s", [0, 0.1, IN_VIEW_S - 0.05, SETTLE_S + 0.05])
def test_a_person_who_is_found_anew_counts_once(missed_s: float) -> None:
    vote = vote_of(window_s=6)
    since_s = watch(vote, [ANNA, BERT], 6)
    for track in range(10, 15):
        for faces, seconds in (([BERT], missed_s), ([replace(ANNA, track=track), BERT], 4)):
            for _ in range(round(seconds * FPS)):
                since_s = watch(vote, faces, 1 / FPS, since_s=since_s)
                assert leader(vote) is None


def test_who_was_mixed_for_most_of_the_session_was_mixed() -> None:
    vote = vote_of(window_s=3)
    since_s = watch(vote, [ANNA, BERT], 10)
    since_s = watch(vote, [ANNA], 5, since_s=since_s)
    whole = vote.session_mood()
    assert leader(vote) is Expression.HAPPY
    assert whole is not None
    assert whole.leader is None
    watch(vote, [ANNA], 10, since_s=since_s)
    whole = vote.session_mood()
    assert whole is not None
    assert whole.leader is Expression.HAPPY


@pytest.mark.parametrize("fps", [2, 30])
def test_the_window_is_in_seconds_however_many_frames_they_hold(fps: int) -> None:
    vote = vote_of()
    for frame in range(28 * fps):
        vote.vote([HAPPY if frame < 20 * fps else SAD], frame / fps)
    assert share(vote.mood(), Expression.SAD) == pytest.approx(8 / 15, abs=0.02)
    assert share(vote.session_mood(), Expression.SAD) == pytest.approx(8 / 28, abs=0.02)


@pytest.mark.parametrize("window_s", [0.5, 15, 600])
def test_a_vote_is_dropped_when_it_is_older_than_the_window(window_s: float) -> None:
    vote = vote_of(window_s=window_s)
    vote.vote([HAPPY], 0)
    since_s = watch(vote, [], 0.97 * window_s, since_s=1 / 100, fps=100)
    vote.vote([SAD], since_s)
    assert share(vote.mood(), Expression.HAPPY) > 0
    vote.vote([SAD], watch(vote, [], 0.04 * window_s, since_s=since_s + 1 / 100, fps=100))
    assert share(vote.mood(), Expression.HAPPY) == 0


def test_an_empty_room_keeps_its_last_mood() -> None:
    vote = vote_of()
    vote.vote([HAPPY], 0)
    before = vote.mood()
    for second in range(1, 100):
        vote.vote([], second)
    assert vote.mood() == before
    vote.vote([SAD], 100)
    assert share(vote.mood(), Expression.HAPPY) == 0, "what is long past does not come back with the next face"


def test_the_whole_session_counts_what_left_the_window() -> None:
    vote = vote_of(window_s=5)
    watch(vote, [SAD], 10, since_s=watch(vote, [HAPPY], 20))
    now, whole = vote.mood(), vote.session_mood()
    assert now is not None
    assert whole is not None
    assert (now.leader, now.share) == (Expression.SAD, 1)
    assert (whole.leader, whole.share) == (Expression.HAPPY, pytest.approx(2 / 3))


@given(
    # Whole seconds, lest rounding moves a vote across the edge of the window
    session=st.lists(st.tuples(st.integers(-2, 4), faces_of_a_frame), min_size=1, max_size=12),
    pause_s=st.integers(-(10**6), 10**6),
    presses=st.integers(1, 3),
    paused_at=st.integers(0, 11),
)
def test_a_pause_lets_no_time_pass(session: list[tuple[int, list[Face]]], pause_s: int, presses: int, paused_at: int) -> None:
    paused, straight = vote_of(window_s=5, dwell_s=1), vote_of(window_s=5, dwell_s=1)
    time_s = straight_s = 0
    for count, (gap, faces) in enumerate(session):
        time_s += gap
        # As if the clock had stood still for this one frame
        straight_s += gap if count != paused_at else 0
        if count == paused_at:
            for _ in range(presses):
                paused.pause()
            time_s += pause_s
        paused.vote(faces, time_s)
        straight.vote(faces, straight_s)
        assert paused.mood() == straight.mood()
        assert paused.session_mood() == straight.session_mood()


def test_time_goes_on_after_a_pause() -> None:
    vote = vote_of(window_s=2)
    since_s = watch(vote, [HAPPY], 1)
    vote.pause()
    watch(vote, [SAD], 1, since_s=since_s + 1000)
    assert share(vote.mood(), Expression.HAPPY) == pytest.approx(0.5, abs=0.02)
    watch(vote, [SAD], 1.1, since_s=since_s + 1001)
    assert share(vote.mood(), Expression.HAPPY) == 0


def test_a_pause_swallows_its_own_time_and_not_that_of_an_empty_room_before_or_after() -> None:
    before, after = vote_of(window_s=2), vote_of(window_s=2)
    for vote in (before, after):
        vote.vote([HAPPY], 0)
    watch(before, [], 2.1)
    before.pause()
    before.vote([SAD], 100)
    assert share(before.mood(), Expression.HAPPY) == 0
    after.pause()
    after.vote([SAD], 100)
    assert share(after.mood(), Expression.HAPPY) == 0.5
    after.vote([SAD], watch(after, [], 2.1, since_s=100))
    assert share(after.mood(), Expression.HAPPY) == 0


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_mood_is_chosen_by_hand_also_before_anybody_voted(expression: Expression) -> None:
    vote = vote_of()
    vote.choose(expression)
    assert vote.mood() == vote.session_mood()
    now = vote.mood()
    assert now is not None
    assert (now.leader, now.share, now.source) == (expression, 1, "hand")
    assert vote.shares() is None, "a choice is no vote"
    vote.choose(None)
    assert vote.mood() is None
    assert vote.session_mood() is None


def test_the_faces_vote_on_under_a_choice_by_hand() -> None:
    by_hand, straight = vote_of(window_s=3), vote_of(window_s=3)
    for second, faces in enumerate([[HAPPY], [HAPPY], [ANNA, BERT], [SAD], [ANNA, BERT], [ANGRY], [ANNA, BERT]]):
        by_hand.vote(faces, second)
        straight.vote(faces, second)
        if second == 1:
            by_hand.choose(Expression.FEAR)
            by_hand.choose(Expression.SURPRISE)
    now, whole = by_hand.mood(), by_hand.session_mood()
    assert now is not None
    assert now == whole
    assert now.leader is Expression.SURPRISE, "also where the faces are mixed"
    assert by_hand.shares() == straight.shares()
    by_hand.choose(None)
    assert by_hand.mood() == straight.mood()
    assert by_hand.session_mood() == straight.session_mood()


@pytest.mark.parametrize("paused", [False, True])
def test_a_restart_forgets_all_votes_and_who_led(*, paused: bool) -> None:
    vote = vote_of(lead=0.5, dwell_s=60)
    watch(vote, [ANNA, BERT], 5)
    if paused:
        vote.pause()
    vote.restart()
    assert vote.mood() is None
    assert vote.shares() is None
    vote.vote([looks(Expression.SAD, 0.6, otherwise=Expression.HAPPY)], 500)
    now = vote.mood()
    assert now is not None
    assert (now.leader, now.share) == (Expression.SAD, pytest.approx(0.6))
    assert vote.shares() == now.shares
    assert vote.session_mood() == now


def test_a_choice_by_hand_survives_a_restart() -> None:
    vote = vote_of()
    vote.choose(Expression.SAD)
    vote.restart()
    assert leader(vote) is Expression.SAD


def test_a_long_session_leaves_no_rounding_behind() -> None:
    vote = vote_of(window_s=0.5)
    for frame in range(2000):
        vote.vote([looks(Expression.HAPPY, 0.1 + frame % 7 / 10, track=frame % 50)], frame / 10)
    watch(vote, [SAD], 2, since_s=1000)
    assert vote.mood() == Mood(SAD.probabilities, Expression.SAD)


def test_the_mood_of_a_picture_is_that_of_its_sure_faces() -> None:
    assert vote_module.mood_of_pictures() is None
    assert vote_module.mood_of_pictures([]) is None
    assert vote_module.mood_of_pictures([unsure(HAPPY)]) is None
    together = vote_module.mood_of_pictures(
        [looks(Expression.HAPPY, 0.6), unsure(ANGRY), unsure(ANGRY), SAD, looks(Expression.SAD, 0.8)]
    )
    assert together is not None
    assert (together.leader, together.source) == (Expression.SAD, "faces")
    assert together.share == pytest.approx((1 + 0.64) / 2.4)
    assert share(together, Expression.ANGRY) == 0


def test_a_picture_of_two_who_look_different_is_mixed() -> None:
    together = vote_module.mood_of_pictures([HAPPY, SAD])
    assert together == Mood(
        tuple((one + other) / 2 for one, other in zip(HAPPY.probabilities, SAD.probabilities, strict=True)), None
    )
    assert vote_module.mood_of_pictures([HAPPY, SAD, HAPPY]) is not None
    assert vote_module.mood_of_pictures([HAPPY, SAD, HAPPY]) != together


@given(faces_of_a_frame.filter(bool))
def test_a_picture_is_a_session_of_one_frame(faces: list[Face]) -> None:
    vote = vote_of(lead=0)
    vote.vote(faces, 0)
    one, now = vote_module.mood_of_pictures(faces), vote.mood()
    assert one is not None
    assert now is not None
    assert one.leader is now.leader
    assert one.shares == pytest.approx(now.shares)


def test_several_pictures_count_the_same_whatever_their_size_and_crowd() -> None:
    small, large = [looks(Expression.HAPPY, side=20)], [looks(Expression.SAD, side=2000)] * 3
    together = vote_module.mood_of_pictures(small, [], large)
    assert together is not None
    assert together.leader is None
    assert share(together, Expression.HAPPY) == pytest.approx(0.5)
    album = vote_module.mood_of_pictures(small, large, small)
    assert album is not None
    assert album.leader is Expression.HAPPY
