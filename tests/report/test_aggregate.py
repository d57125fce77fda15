from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Expression
from realtime.mood.vote import MoodVote
from realtime.report.aggregate import MOST_MUSIC, MOST_PERSONS, MOST_REASONS, OTHER_REASON, SessionSums
from realtime.report.log_reader import LogReader
from realtime.report.observations import FaceReading, FrameTimes, Moment, MusicChange, mood_key, one_hot, read_face
from realtime.session.timeline import MOST_SPANS
from tests.support.logs import HAPPY, SAD, face, session_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.report.aggregate import SessionReport

SEVEN = st.lists(st.floats(0.01, 1), min_size=7, max_size=7).map(lambda values: tuple(each / sum(values) for each in values))
FACES = st.builds(
    FaceReading,
    track=st.one_of(st.none(), st.integers(1, 4)),
    probabilities=SEVEN,
    confidence=st.floats(0.1, 1),
    reason=st.sampled_from([None, None, "too dark", "blurred"]),
    size=st.floats(1, 20),
)
SOURCES: tuple[Literal["faces", "hand"], ...] = ("faces", "hand")
MOODS = st.one_of(st.none(), st.tuples(st.sampled_from([None, *EXPRESSIONS]), st.sampled_from(SOURCES)))
STEPS = st.tuples(st.floats(0.01, 40), st.lists(FACES, max_size=3), MOODS)


@st.composite
def sessions(draw: st.DrawFn) -> list[Moment]:
    times, time_s, moments = FrameTimes(), 0.0, list[Moment]()
    for step_s, faces, mood in draw(st.lists(STEPS, min_size=1, max_size=30)):
        time_s += step_s
        moments.append(Moment(time_s, times.duration(time_s), faces, mood))
    return moments


def summed(moments: Sequence[Moment]) -> SessionSums:
    sums = SessionSums()
    sums.add_all(moments)
    return sums


def report_of(*moments: Moment) -> SessionReport:
    return summed(moments).report()


def moment(time_s: float, *faces: FaceReading, seconds: float = 0.5) -> Moment:
    return Moment(time_s, seconds, faces, (HAPPY, "faces"))


def sure(expression: Expression = HAPPY, track: int | None = 1, confidence: float = 1.0) -> FaceReading:
    return FaceReading(track, one_hot(expression), confidence, None)


def unsure(reason: str, track: int | None = 1) -> FaceReading:
    return FaceReading(track, one_hot(HAPPY), 1.0, reason)


@given(sessions())
def test_shares_sum_to_one(moments: list[Moment]) -> None:
    report = report_of(*moments)
    every = [report.shares, *(span.shares for span in report.spans), *(person.shares for person in report.persons)]
    for shares in every:
        assert shares is None or sum(shares) == pytest.approx(1)
    assert (report.shares is None) == all(face.reason is not None for each in moments for face in each.faces)


@given(sessions(), st.data())
def test_the_report_of_two_parts_together_is_that_of_the_whole(moments: list[Moment], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(moments)))
    merged, whole = summed(moments[:cut]), summed(moments)
    merged.merge(summed(moments[cut:]))
    one, other = merged.report(), whole.report()
    assert (one.frames, one.seconds, one.others) == (other.frames, other.seconds, other.others)
    assert one.shares == pytest.approx(other.shares)
    assert [(each.start_s, each.end_s) for each in one.spans] == [(each.start_s, each.end_s) for each in other.spans]
    for mine, theirs in zip(one.spans, other.spans, strict=True):
        assert mine.shares == pytest.approx(theirs.shares)
    assert {each.number: each.seconds for each in one.persons} == pytest.approx(
        {each.number: each.seconds for each in other.persons}
    )
    assert {each.reason: each.seconds for each in one.reasons} == pytest.approx(
        {each.reason: each.seconds for each in other.reasons}
    )
    assert one.unsure == pytest.approx(other.unsure)


@given(sessions())
def test_shares_of_not_sure_lie_in_0_to_1_and_spans_in_the_session(moments: list[Moment]) -> None:
    report = report_of(*moments)
    assert len(report.spans) <= MOST_SPANS
    for span in report.spans:
        assert 0 <= span.start_s < span.end_s <= report.seconds
    for reason in report.reasons:
        assert 0 < reason.share <= 1
        assert all(0 < part.amount <= 1 and part.start_s < part.end_s for part in reason.parts)
    assert report.unsure is None or sum(each.share for each in report.reasons) == pytest.approx(report.unsure)


def test_the_shares_are_those_of_the_vote() -> None:
    vote, times, sums = MoodVote(window_s=15, lead=0.1, dwell_s=2), FrameTimes(), SessionSums()
    for index in range(200):
        time_s = index / 20
        faces = [face(HAPPY if index < 50 else SAD), face(Expression.FEAR, 2, side=40)][: 1 + index % 2]
        vote.vote(faces, time_s)
        sums.add(Moment(time_s, times.duration(time_s), [read_face(each) for each in faces], mood_key(vote.mood())))
    assert sums.report().shares == pytest.approx(vote.shares())


def test_a_log_of_a_session_becomes_its_report() -> None:
    sums = SessionSums()
    sums.add_all(LogReader(BytesIO(b"".join(session_lines(300)))).observations())
    report = sums.report()
    assert (report.mood, report.frames) == ((HAPPY, "faces"), 300)
    assert report.seconds == pytest.approx(299 / 30, abs=1e-3)
    assert [span.leader for span in report.spans] == [HAPPY] * 20 + [SAD] * 20
    first, second = report.persons
    assert (first.number, second.number) == (1, 2)
    assert (first.seconds, second.seconds) == pytest.approx((10, 5), abs=1e-2)
    assert first.unsure == pytest.approx(0.05, abs=1e-3)
    assert [part.expression for part in first.parts] == [HAPPY, SAD]
    assert [part.expression for part in second.parts] == [HAPPY]
    (dark,) = report.reasons
    assert (dark.reason, dark.seconds, dark.share) == (
        "too dark",
        pytest.approx(0.5, abs=1e-2),
        pytest.approx(0.5 / 15, abs=1e-3),
    )


def test_slow_frames_leave_no_gaps() -> None:
    report = report_of(*(moment(time_s, sure(), seconds=1) for time_s in range(1, 9)))
    assert [(span.start_s, span.end_s) for span in report.spans] == [(n / 4, (n + 1) / 4) for n in range(32)]


def test_memory_does_not_grow_with_the_length() -> None:
    report = report_of(*(moment(10.0 * index, sure()) for index in range(1, 3000)))
    assert MOST_SPANS / 2 < len(report.spans) <= MOST_SPANS
    assert report.seconds == 29990


def test_persons_beyond_a_number_are_counted_together_and_the_longest_stay() -> None:
    sums = SessionSums()
    for index in range(2 * MOST_PERSONS):
        sums.add(moment(index / 10, sure(SAD, 0), sure(HAPPY, 1000 + index), seconds=0.1))
    report = sums.report()
    assert report.persons[0].number == 0
    assert len(report.persons) <= MOST_PERSONS
    assert len(report.persons) + report.others == 2 * MOST_PERSONS + 1


def test_reasons_and_music_of_somebody_else_have_bounds() -> None:
    sums = SessionSums()
    for index in range(2 * MOST_REASONS):
        sums.add(moment(1, unsure(f"reason {index}")))
    for index in range(2 * MOST_MUSIC):
        sums.add(MusicChange(float(index), "Song"))
    report = sums.report()
    assert len(report.reasons) == MOST_REASONS + 1
    assert report.reasons[0].reason == OTHER_REASON
    # The latest ones, as a session keeps them
    assert [change.time_s for change in report.music] == [*range(MOST_MUSIC, 2 * MOST_MUSIC)]
    sums.merge(summed([]))
    assert sums.report().music == report.music


def test_a_source_without_moods_and_persons_gets_a_report_too() -> None:
    faces = [FaceReading(None, one_hot(SAD), 0.8, None), FaceReading(None, one_hot(SAD), 0.2, "blurred")]
    report = report_of(Moment(1, 0.5, faces, None), Moment(1.5, 0.5, faces, None))
    assert report.mood == (SAD, "faces")
    assert {span.leader for span in report.spans} == {SAD}
    assert report.persons == ()
    assert report.unsure == 0.5


def test_without_a_face_there_is_no_mood() -> None:
    report = report_of(Moment(1, 0.5, [], None))
    assert (report.mood, report.shares, report.unsure, report.spans) == (None, None, None, ())
