import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Box, Expression, Probabilities
from realtime.faces.tracker import Tracker

LEFT, RIGHT = Box(0, 0, 100, 100), Box(300, 0, 100, 100)

boxes = st.builds(Box, st.integers(0, 60), st.integers(0, 60), st.integers(10, 60), st.integers(10, 60))
rows = st.tuples(*[st.integers(0, 100)] * 7).filter(any).map(lambda parts: tuple(part / sum(parts) for part in parts))
frames = st.lists(st.tuples(st.floats(0, 2), st.lists(st.tuples(boxes, rows), max_size=4)), max_size=12)


def make_tracker(*, match_overlap: float = 0.3, forget_after_s: float = 1.0, smoothing_s: float = 0.0) -> Tracker:
    return Tracker(match_overlap=match_overlap, forget_after_s=forget_after_s, smoothing_s=smoothing_s)


def batch(*probabilities: Sequence[float]) -> Probabilities:
    return np.array(probabilities, np.float32).reshape(-1, 7)


def certain(expression: Expression) -> tuple[float, ...]:
    return tuple(float(other is expression) for other in EXPRESSIONS)


HAPPY, SAD = certain(Expression.HAPPY), certain(Expression.SAD)


def update_numbers(tracker: Tracker, boxes: Sequence[Box], time_s: float) -> list[int | None]:
    """Update with happy faces; returns their numbers."""
    return [face.track for face in tracker.update(boxes, batch(*[HAPPY] * len(boxes)), time_s)]


@given(frames, st.floats(0, 1), st.floats(0, 3), st.floats(0, 2))
def test_a_number_belongs_to_one_person_and_is_not_used_again(
    frames: list[tuple[float, list[tuple[Box, tuple[float, ...]]]]], match: float, forget_after_s: float, smoothing_s: float
) -> None:
    tracker = make_tracker(match_overlap=match, forget_after_s=forget_after_s, smoothing_s=smoothing_s)
    last_s: dict[int, float] = {}
    now = 0.0
    for gap, found in frames:
        now += gap
        faces = tracker.update([box for box, _ in found], batch(*[row for _, row in found]), now)
        tracks = [face.track for face in faces if face.track is not None]
        assert len(set(tracks)) == len(faces)
        assert [face.box for face in faces] == [box for box, _ in found]
        highest = max(last_s, default=0)
        for track in tracks:
            assert track > highest or now - last_s[track] <= forget_after_s
        last_s |= dict.fromkeys(tracks, now)


@given(st.lists(st.tuples(st.floats(0, 1), rows), min_size=1, max_size=30), st.floats(0, 5))
def test_smoothed_probabilities_are_a_distribution_within_the_range_of_their_inputs(
    inputs: list[tuple[float, tuple[float, ...]]], smoothing_s: float
) -> None:
    tracker = make_tracker(smoothing_s=smoothing_s, forget_after_s=2)
    now = 0.0
    for gap, row in inputs:
        now += gap
        (face,) = tracker.update([LEFT], batch(row), now)
        assert face.track == 1
        assert sum(face.probabilities) == pytest.approx(1, abs=1e-9)
        for index, value in enumerate(face.probabilities):
            column = [past[index] for _, past in inputs]
            assert min(column) - 1e-6 <= value <= max(column) + 1e-6


def test_without_smoothing_each_frame_counts_alone() -> None:
    tracker = make_tracker(smoothing_s=0)
    tracker.update([LEFT], batch(HAPPY), 0)
    (face,) = tracker.update([LEFT], batch(SAD), 0)
    assert face.probabilities == SAD


def test_after_the_time_constant_two_thirds_of_a_change_have_arrived() -> None:
    tracker = make_tracker(smoothing_s=0.5)
    for index in range(300):
        tracker.update([LEFT], batch(HAPPY), 10 + index / 30)
    for index in range(300, 314):
        tracker.update([LEFT], batch(SAD), 10 + index / 30)
    (face,) = tracker.update([LEFT], batch(SAD), 10 + 314 / 30)
    assert dict(face.ranked())[Expression.SAD] == pytest.approx(1 - 1 / math.e, abs=1e-3)
    assert dict(face.ranked())[Expression.HAPPY] == pytest.approx(1 / math.e, abs=1e-3)


def test_the_first_frame_of_a_face_weighs_no_more_than_a_later_one() -> None:
    tracker = make_tracker(smoothing_s=10)
    for index, row in enumerate([SAD, HAPPY]):
        tracker.update([LEFT], batch(row), index / 30)
    (face,) = tracker.update([LEFT], batch(HAPPY), 2 / 30)
    assert dict(face.ranked())[Expression.HAPPY] == pytest.approx(2 / 3, abs=0.01)


def test_one_frame_after_a_gap_does_not_outweigh_all_frames_before_it() -> None:
    tracker = make_tracker(smoothing_s=0.5)
    for index in range(60):
        tracker.update([LEFT], batch(HAPPY), index / 30)
    (face,) = tracker.update([LEFT], batch(SAD), 2.9)
    assert face.expression is Expression.HAPPY


@given(st.integers(1, 40), rows, rows)
def test_a_slow_machine_smooths_over_the_same_time(steps: int, first: tuple[float, ...], then: tuple[float, ...]) -> None:
    slow, fast = make_tracker(smoothing_s=0.5), make_tracker(smoothing_s=0.5)
    for tracker in (slow, fast):
        tracker.update([LEFT], batch(first), 0)
    (at_once,) = slow.update([LEFT], batch(then), 0.25)
    for step in range(1, steps):
        fast.update([LEFT], batch(then), 0.25 * step / steps)
    (in_steps,) = fast.update([LEFT], batch(then), 0.25)
    assert in_steps.probabilities == pytest.approx(at_once.probabilities, abs=1e-6)


@pytest.mark.parametrize("time_s", [5, 4, -1e300, math.nan, math.inf])
def test_a_clock_that_stands_or_falls_changes_no_track(time_s: float) -> None:
    tracker = make_tracker(smoothing_s=0.5)
    tracker.update([LEFT], batch(HAPPY), 5)
    assert tracker.boxes(time_s) == [LEFT]
    (face,) = tracker.update([LEFT], batch(SAD), time_s)
    assert (face.track, face.probabilities) == (1, HAPPY)


@given(st.lists(st.tuples(st.floats(), st.booleans(), st.lists(boxes, max_size=3)), max_size=12), st.floats(0, 2))
def test_faces_have_different_numbers_whatever_the_clock_does(
    updates: list[tuple[float, bool, list[Box]]], smoothing_s: float
) -> None:
    tracker = make_tracker(smoothing_s=smoothing_s)
    for time_s, paused, found in updates:
        if paused:
            tracker.pause()
        for box in tracker.boxes(time_s):
            assert box.area > 0
        faces = tracker.update(found, batch(*[HAPPY, SAD, HAPPY][: len(found)]), time_s)
        assert len({face.track for face in faces}) == len(found)
        for face in faces:
            assert sum(face.probabilities) == pytest.approx(1, abs=1e-9)


def test_faces_are_numbered_in_the_order_of_their_appearance() -> None:
    tracker = make_tracker()
    assert update_numbers(tracker, [LEFT, RIGHT], 0) == [1, 2]
    assert update_numbers(tracker, [LEFT, Box(150, 0, 100, 100), RIGHT], 0.1) == [1, 3, 2]


@given(st.lists(st.tuples(st.integers(-20, 20), st.booleans()), max_size=20))
def test_two_distant_faces_never_swap_numbers(moves: list[tuple[int, bool]]) -> None:
    tracker = make_tracker()
    here, there = LEFT, RIGHT
    update_numbers(tracker, [here, there], 0)
    for count, (step, turned) in enumerate(moves, 1):
        here = Box(min(max(here.left + step, 0), 150), here.top, 100, 100)
        there = Box(min(max(there.left - step, 250), 400), there.top, 100, 100)
        expected = [(here, 1), (there, 2)]
        order = expected[::-1] if turned else expected
        assert update_numbers(tracker, [box for box, _ in order], count * 0.03) == [number for _, number in order]


def test_probabilities_stay_with_their_face_in_any_order() -> None:
    tracker = make_tracker(smoothing_s=1000)
    tracker.update([LEFT, RIGHT], batch(HAPPY, SAD), 0)
    right, left = tracker.update([RIGHT, LEFT], batch(SAD, HAPPY), 0.1)
    assert (left.track, left.expression) == (1, Expression.HAPPY)
    assert (right.track, right.expression) == (2, Expression.SAD)


def test_the_closest_pair_is_matched_first() -> None:
    tracker = make_tracker()
    update_numbers(tracker, [Box(0, 0, 100, 100), Box(40, 0, 100, 100)], 0)
    # The first box is closer to track 2 than to track 1, yet the second box is closer still
    assert update_numbers(tracker, [Box(24, 0, 100, 100), Box(44, 0, 100, 100)], 0.1) == [1, 2]


def test_one_track_gets_one_box_and_the_other_box_a_new_track() -> None:
    tracker = make_tracker()
    update_numbers(tracker, [LEFT], 0)
    assert update_numbers(tracker, [Box(20, 0, 100, 100), Box(5, 0, 100, 100)], 0.1) == [2, 1]


def test_a_box_matches_a_track_from_the_match_overlap_on() -> None:
    half = Box(0, 0, 100, 200)
    exact, beyond = make_tracker(match_overlap=0.5), make_tracker(match_overlap=0.51)
    assert [update_numbers(exact, [box], 0) for box in (LEFT, half)] == [[1], [1]]
    assert [update_numbers(beyond, [box], 0) for box in (LEFT, half)] == [[1], [2]]


def test_boxes_that_do_not_touch_are_never_the_same_face() -> None:
    tracker = make_tracker(match_overlap=0)
    assert [update_numbers(tracker, [box], 0) for box in (LEFT, RIGHT)] == [[1], [2]]


def test_a_face_that_is_missed_for_a_moment_keeps_its_number() -> None:
    tracker = make_tracker(forget_after_s=1)
    update_numbers(tracker, [LEFT], 0)
    assert update_numbers(tracker, [], 0.5) == []
    assert tracker.boxes(0.9) == [LEFT], "predicted where it was last detected"
    assert update_numbers(tracker, [Box(10, 0, 100, 100)], 1.0) == [1]


def test_a_face_that_is_missed_for_longer_loses_number_and_probabilities() -> None:
    tracker = make_tracker(forget_after_s=1, smoothing_s=1000)
    tracker.update([LEFT], batch(HAPPY), 0)
    assert tracker.boxes(1.01) == []
    (face,) = tracker.update([LEFT], batch(SAD), 1.01)
    assert (face.track, face.probabilities) == (2, SAD)
    assert tracker.boxes(1.5) == [LEFT]


def test_the_end_of_one_track_leaves_the_other_numbers_as_they_are() -> None:
    tracker = make_tracker(forget_after_s=1)
    update_numbers(tracker, [LEFT, RIGHT], 0)
    for count in range(1, 9):
        assert update_numbers(tracker, [RIGHT], count * 0.2) == [2]
    assert tracker.boxes(1.6) == [RIGHT]
    assert update_numbers(tracker, [LEFT, RIGHT], 1.7) == [3, 2]


def test_a_still_face_is_predicted_where_it_was_last_detected() -> None:
    tracker = make_tracker()
    update_numbers(tracker, [LEFT, RIGHT], 0)
    moved = Box(30, 10, 110, 110)
    update_numbers(tracker, [RIGHT, moved], 0.1)
    assert tracker.boxes(0.1) == [moved, RIGHT]


def box_at(x: float, y: float = 100, side: int = 100) -> Box:
    return Box(round(x - side / 2), round(y - side / 2), side, side)


def test_a_moving_face_is_predicted_where_it_will_be() -> None:
    tracker = make_tracker()
    for index in range(30):
        update_numbers(tracker, [box_at(100 + 10 * index)], index / 30)
    (box,) = tracker.boxes(30 / 30)
    assert abs(box.left - box_at(400).left) <= 2
    (later,) = tracker.boxes(1.9)
    assert box.left < later.left < box_at(390 + 300 * 0.9).left, "a lost face slows down"


def cross(speed: float, hidden_s: float, *, behind: int = 0, drop: float = 0.0, fps: float = 30) -> list[list[int | None]]:
    """Let two faces pass each other, one of them hidden in the middle; returns their numbers before and after."""
    tracker = make_tracker(forget_after_s=2)
    found: list[list[int | None]] = []
    for index in range(round(-1.5 * fps), round(1.5 * fps)):
        time_s = index / fps
        people = [box_at(300 + speed * time_s, 100 + drop), box_at(300 - speed * time_s)]
        if abs(time_s) <= hidden_s / 2:
            del people[behind]
        numbers = update_numbers(tracker, people, time_s)
        if len(people) == 2:
            found.append(numbers)
    return [found[0], found[-1]]


@pytest.mark.parametrize("behind", [0, 1])
@pytest.mark.parametrize("fps", [30, 10])
@given(st.floats(100, 300), st.floats(0.1, 0.6), st.floats(-10, 10))
def test_two_faces_that_cross_keep_their_numbers(behind: int, fps: float, speed: float, hidden_s: float, drop: float) -> None:
    before, after = cross(speed, hidden_s, behind=behind, drop=drop, fps=fps)
    assert before == after == [1, 2]


def test_a_face_that_leaves_for_a_second_keeps_its_number_near_its_old_place() -> None:
    tracker = make_tracker(forget_after_s=2)
    update_numbers(tracker, [box_at(300), box_at(700)], 0)
    for index in range(1, 30):
        assert update_numbers(tracker, [box_at(700)], index / 30) == [2]
    assert update_numbers(tracker, [box_at(420), box_at(700)], 1.0) == [1, 2]


def test_a_face_that_stopped_while_hidden_keeps_its_number() -> None:
    tracker = make_tracker(forget_after_s=2)
    for index in range(30):
        update_numbers(tracker, [box_at(100 + 10 * index)], index / 30)
    last_s = 29 / 30
    (predicted,) = tracker.boxes(last_s + 1)
    assert predicted.left > box_at(390 + 150).left, "the old place is out of reach of the predicted one"
    assert update_numbers(tracker, [box_at(390)], last_s + 1) == [1]


def test_a_new_face_takes_no_known_number() -> None:
    tracker = make_tracker(forget_after_s=2)
    update_numbers(tracker, [box_at(300)], 0)
    assert update_numbers(tracker, [box_at(390)], 1 / 30) == [2], "beside a face that was missed for one frame"
    assert update_numbers(tracker, [box_at(300), box_at(390)], 2 / 30) == [1, 2]
    assert update_numbers(tracker, [box_at(300), box_at(390), box_at(480)], 1.0) == [1, 2, 3]


def test_a_box_of_another_size_that_overlaps_too_little_is_a_new_face() -> None:
    tracker = make_tracker(forget_after_s=2)
    update_numbers(tracker, [box_at(300)], 0)
    assert update_numbers(tracker, [box_at(300, side=50)], 0.5) == [2]


@given(st.lists(st.tuples(st.integers(-6, 6), st.integers(-6, 6), st.integers(-6, 6), st.booleans()), max_size=60))
def test_a_still_face_keeps_one_number_through_jitter_and_dropouts(jitters: list[tuple[int, int, int, bool]]) -> None:
    tracker = make_tracker(forget_after_s=2)
    detected_s = 0.0
    update_numbers(tracker, [box_at(300)], 0)
    for index, (right, down, larger, missed) in enumerate(jitters, 1):
        time_s = index / 15
        if missed and time_s - detected_s < 1.9:
            assert update_numbers(tracker, [], time_s) == []
            continue
        assert update_numbers(tracker, [box_at(300 + right, 100 + down, 100 + larger)], time_s) == [1]
        detected_s = time_s


@given(st.permutations(range(4)), st.lists(st.integers(-15, 15), min_size=4, max_size=4))
def test_numbers_do_not_depend_on_the_order_of_boxes(order: list[int], moves: list[int]) -> None:
    tracker = make_tracker()
    assert update_numbers(tracker, [box_at(200 * person) for person in range(4)], 0) == [1, 2, 3, 4]
    moved = [box_at(200 * person + move) for person, move in enumerate(moves)]
    assert update_numbers(tracker, [moved[person] for person in order], 0.03) == [person + 1 for person in order]


def test_faces_keep_their_numbers_when_all_move_towards_the_place_of_the_next() -> None:
    tracker = make_tracker()
    update_numbers(tracker, [box_at(100), box_at(160)], 0)
    assert update_numbers(tracker, [box_at(140), box_at(200)], 0.1) == [1, 2]


def test_during_a_pause_a_face_keeps_number_and_probabilities_but_not_its_velocity() -> None:
    tracker = make_tracker(forget_after_s=2, smoothing_s=0.5)
    for index in range(30):
        tracker.update([box_at(100 + 5 * index)], batch(HAPPY), 50 + index / 30)
    tracker.pause()
    assert tracker.boxes(3600) == [box_at(245)]
    (face,) = tracker.update([box_at(345)], batch(SAD), 3600)
    assert face.track == 1, "the face may have moved during the pause"
    assert face.probabilities == pytest.approx(HAPPY)
    assert tracker.boxes(3600.1) == [box_at(345)]


def test_a_pause_does_not_prolong_the_track_of_a_lost_face() -> None:
    tracker = make_tracker(forget_after_s=2)
    update_numbers(tracker, [LEFT], 0)
    update_numbers(tracker, [], 1.5)
    tracker.pause()
    assert update_numbers(tracker, [], 100) == []
    assert tracker.boxes(100.5) == [LEFT]
    assert tracker.boxes(100.6) == []


def test_the_track_of_a_rarely_detected_face_ends_soon() -> None:
    tracker = make_tracker(forget_after_s=2)
    for index in range(10):
        update_numbers(tracker, [LEFT], index / 30)
    # Detected twice a second, so it is never missed for as long as forget_after_s
    times = [index / 30 for index in range(10, 150)]
    for index, time_s in enumerate(times):
        update_numbers(tracker, [LEFT] if index % 15 == 0 and tracker.boxes(time_s) else [], time_s)
    assert tracker.boxes(times[-1]) == []


def test_a_face_that_every_second_frame_misses_keeps_its_track() -> None:
    tracker = make_tracker(forget_after_s=2)
    found = [update_numbers(tracker, [LEFT] if index % 2 == 0 else [], index / 30) for index in range(300)]
    assert [number for frame in found for number in frame] == [1] * 150
