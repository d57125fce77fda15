from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Box, Face
from realtime.mood.vote import VoteWindow, find_voters

boxes = st.builds(Box, st.integers(0, 500), st.integers(0, 500), st.integers(1, 10**4), st.integers(1, 10**4))
rows = st.tuples(*[st.integers(0, 100)] * 7).filter(any).map(lambda parts: tuple(part / sum(parts) for part in parts))
faces = st.builds(Face, boxes, rows, st.none() | st.integers(1), st.none() | st.just("too dark"))
# Times are not multiples of a step of the window, and persons come in any order
cast = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 3), st.lists(st.integers(0, 2**60), min_size=7, max_size=7)))


@given(st.lists(faces, max_size=5))
def test_frame_shares_are_confidences_weighted_by_size(frame: list[Face]) -> None:
    sure = [face for face in frame if not face.unsure]
    found = find_voters(frame)
    assert sorted(voter.probabilities for voter in found) == sorted(face.probabilities for face in sure)
    if not found:
        return
    assert min(face.confidence for face in sure) - 1e-9 <= sum(voter.frame_share for voter in found)
    assert sum(voter.frame_share for voter in found) <= max(face.confidence for face in sure) + 1e-9
    total = sum(voter.weight / max(voter.probabilities) for voter in found)
    assert [voter.frame_share for voter in found] == pytest.approx([voter.weight / total for voter in found])


def test_a_face_at_a_quarter_of_the_distance_counts_twice() -> None:
    near, far = (
        Face(Box(0, 0, 80, 80), (0.0, 0.0, 0.0, 0.8, 0.2, 0.0, 0.0), 1),
        Face(Box(9, 9, 20, 20), (1 / 2, 1 / 2, *[0.0] * 5), 2),
    )
    large, small = find_voters([near, far])
    assert (large.person, small.person) == (1, 2)
    assert large.weight / 0.8 == pytest.approx(2 * small.weight / 0.5)
    assert (large.frame_share, small.frame_share) == (pytest.approx(0.8 * 2 / 3), pytest.approx(0.5 / 3))


@given(st.lists(st.builds(Face, boxes, rows), max_size=4).flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_faces_without_a_track_are_numbered_from_left_to_right(frame: tuple[list[Face], list[Face]]) -> None:
    one, other = (sorted(find_voters(each)) for each in frame)
    assert one == other
    assert [voter.person for voter in one] == list(range(-len(one), 0))


@given(cast, st.integers(1, 5))
def test_votes_that_leave_the_window_leave_no_trace_in_the_sums(votes: list[tuple[int, int, list[int]]], window_s: int) -> None:
    window = VoteWindow(window_s)
    times = list(accumulate(gap / 100 for gap, _, _ in votes))
    for (_, person, ballot), time_s in zip(votes, times, strict=True):
        window.advance(time_s)
        window.add(person, ballot)
    kept = [
        (person, ballot)
        for (_, person, ballot), time_s in zip(votes, times, strict=True)
        if int(time_s / (window_s / 100)) > int(times[-1] / (window_s / 100)) - 100
    ]
    assert window.sums == (
        [sum(column) for column in zip(*(ballot for _, ballot in kept), strict=True)] or [0] * len(EXPRESSIONS)
    )
    for person in {person for person, ballot in kept if any(ballot)}:
        ballots = [ballot for other, ballot in kept if other == person]
        assert window.sums_of_persons[person] == [sum(column) for column in zip(*ballots, strict=True)]
    assert set(window.sums_of_persons) <= {person for person, _ in kept}
