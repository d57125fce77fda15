import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Box, Expression, Face, Mood
from realtime.session.timeline import FIRST_SPAN_S, MOST_SPANS, MoodPhase, MoodSpan, MoodTimeline, join_phases, split_runs

HAPPY, SAD = (
    Face(Box(0, 0, 10, 10), tuple(float(other is expression) for other in EXPRESSIONS), track=1)
    for expression in (Expression.HAPPY, Expression.SAD)
)
UNSURE = Face(Box(0, 0, 10, 10), (1 / 7,) * 7, reason="low confidence")


def by_faces(expression: Expression) -> Mood:
    return Mood(tuple(float(other is expression) for other in EXPRESSIONS), expression)


IS_HAPPY, IS_SAD = by_faces(Expression.HAPPY), by_faces(Expression.SAD)


def share(span: MoodSpan, expression: Expression) -> float:
    assert span.shares is not None
    return span.shares[EXPRESSIONS.index(expression)]


def filled(seconds: float, rate: float = 10) -> MoodTimeline:
    timeline = MoodTimeline()
    for index in range(int(seconds * rate) + 1):
        timeline.add([HAPPY], index / rate, IS_HAPPY)
    return timeline


def test_a_new_timeline_has_no_span() -> None:
    assert MoodTimeline().spans() == ()


def test_a_session_of_one_frame_has_one_span() -> None:
    timeline = MoodTimeline()
    timeline.add([HAPPY], 0, IS_HAPPY)
    (span,) = timeline.spans()
    assert (span.start_s, span.leader, span.source) == (0, Expression.HAPPY, "faces")
    assert 0 < span.end_s < FIRST_SPAN_S
    assert share(span, Expression.HAPPY) == 1


@pytest.mark.parametrize("rate", [1, 3, 10, 30, 200])
def test_a_face_that_is_always_there_leaves_no_gap_at_any_frame_rate(rate: float) -> None:
    spans = filled(20, rate).spans()
    assert (spans[0].start_s, spans[-1].end_s) == (0, pytest.approx(20, abs=0.1))
    assert len(split_runs(spans)) == len(join_phases(spans)) == 1


@pytest.mark.parametrize("seconds", [59, 61, 3600, 40000])
def test_the_number_of_spans_is_bounded_however_long_a_session_is(seconds: float) -> None:
    spans = filled(seconds, 1).spans()
    assert MOST_SPANS // 2 < len(spans) <= MOST_SPANS
    assert spans[-1].end_s == pytest.approx(seconds, abs=0.1)


def test_spans_keep_what_the_faces_looked_like_when_they_are_joined() -> None:
    timeline = MoodTimeline(most=4, first_span_s=1)
    for index in range(40):
        face, mood = (HAPPY, IS_HAPPY) if index < 30 else (SAD, IS_SAD)
        timeline.add([face], index / 10, mood)
    assert [span.leader for span in timeline.spans()] == [Expression.HAPPY] * 3 + [Expression.SAD]
    # The fifth second joins each two: the seconds 2 and 3 become one span, half of it happy
    timeline.add([SAD], 4.5, IS_SAD)
    first, second, third = timeline.spans()
    assert (first.start_s, first.end_s, second.start_s, second.end_s) == (0, 2, 2, 4)
    assert share(first, Expression.HAPPY) == 1
    assert share(second, Expression.HAPPY) == pytest.approx(0.5, abs=0.07)
    assert share(third, Expression.SAD) == 1


def test_a_frame_counts_for_the_time_since_the_frame_before() -> None:
    timeline = MoodTimeline(first_span_s=1)
    timeline.add([HAPPY], 0, IS_HAPPY)
    timeline.add([HAPPY], 0.25, IS_HAPPY)
    timeline.add([SAD], 1.0, IS_SAD)
    first = timeline.spans()[0]
    assert share(first, Expression.SAD) == pytest.approx(0.75 / 1.0, abs=0.04)
    assert first.leader is Expression.SAD


def test_a_time_without_faces_is_a_gap() -> None:
    timeline = filled(2)
    for index in range(21, 40):
        timeline.add([UNSURE] if index % 2 else [], index / 10, IS_HAPPY)
    for index in range(40, 60):
        timeline.add([HAPPY], index / 10, IS_HAPPY)
    one, other = split_runs(timeline.spans())
    assert one[-1].end_s == pytest.approx(2, abs=FIRST_SPAN_S)
    assert other[0].start_s == pytest.approx(4, abs=FIRST_SPAN_S)


def test_a_pause_is_a_gap() -> None:
    timeline = filled(2)
    timeline.pause()
    timeline.add([HAPPY], 60, IS_HAPPY)
    before, after = split_runs(timeline.spans())
    assert before[-1].end_s < 2.1
    assert after[0].start_s > 59.7


def test_an_outage_is_a_gap_although_a_frame_stands_for_a_second_at_most() -> None:
    timeline = filled(2)
    timeline.add([HAPPY], 60, IS_HAPPY)
    _, after = split_runs(timeline.spans())
    assert after[0].start_s == pytest.approx(59, abs=FIRST_SPAN_S)


def test_a_mood_by_hand_needs_no_face() -> None:
    timeline = MoodTimeline()
    by_hand = Mood.by_hand(Expression.FEAR)
    for index in range(11):
        timeline.add([], index / 10, by_hand)
    assert join_phases(timeline.spans()) == (MoodPhase(0, 1, Expression.FEAR, "hand"),)
    assert split_runs(timeline.spans()) == ()


def test_a_mixed_mood_has_no_leader() -> None:
    timeline = MoodTimeline()
    timeline.add([HAPPY, SAD], 0, Mood((0, 0, 0, 0.5, 0, 0.5, 0), None))
    (span,) = timeline.spans()
    assert (span.leader, span.source) == (None, "faces")
    assert share(span, Expression.HAPPY) == pytest.approx(0.5)


def test_a_restart_forgets_the_spans_and_keeps_the_time() -> None:
    timeline = filled(5)
    timeline.restart()
    assert timeline.spans() == ()
    timeline.add([SAD], 5.1, IS_SAD)
    assert timeline.spans()[0].start_s >= 5 - FIRST_SPAN_S


def test_phases_join_neighbours_with_the_same_mood_alone() -> None:
    def span(start_s: float, leader: Expression | None, source: str = "faces") -> MoodSpan:
        return MoodSpan(start_s, start_s + 1, None, leader, "hand" if source == "hand" else "faces")

    happy, sad = Expression.HAPPY, Expression.SAD
    spans = [span(0, happy), span(1, happy), span(2, happy, "hand"), span(3, sad), span(5, sad), span(6, None)]
    assert join_phases(spans) == (
        MoodPhase(0, 2, happy, "faces"),
        MoodPhase(2, 3, happy, "hand"),
        MoodPhase(3, 4, sad, "faces"),
        MoodPhase(5, 6, sad, "faces"),
        MoodPhase(6, 7, None, "faces"),
    )


times = st.one_of(st.floats(), st.floats(0, 1e6), st.integers(-10, 10**9))


@given(st.lists(st.tuples(times, st.sampled_from([(), (HAPPY,), (SAD, HAPPY), (UNSURE,)])), max_size=60), st.integers(1, 9))
def test_any_times_give_ordered_spans_within_the_bound(frames: list[tuple[float, tuple[Face, ...]]], most: int) -> None:
    timeline = MoodTimeline(most=most)
    for time_s, faces in frames:
        timeline.add(faces, time_s, IS_HAPPY if faces else None)
    spans = timeline.spans()
    assert len(spans) <= most
    assert all(span.start_s < span.end_s and math.isfinite(span.end_s) for span in spans)
    assert all(one.end_s <= other.start_s for one, other in pairwise(spans))
    assert all(span.shares is None or sum(span.shares) == pytest.approx(1) for span in spans)
