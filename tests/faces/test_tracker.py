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


def tracker(*, match_overlap: float = 0.3, forget_after_s: float = 1.0, smoothing_s: float = 0.0) -> Tracker:
    return Tracker(match_overlap=match_overlap, forget_after_s=forget_after_s, smoothing_s=smoothing_s)


def batch(*probabilities: Sequence[float]) -> Probabilities:
    return np.array(probabilities, np.float32).reshape(-1, 7)


def sure_of(expression: Expression) -> tuple[float, ...]:
    return tuple(float(other is expression) for other in EXPRESSIONS)


HAPPY, SAD = sure_of(Expression.HAPPY), sure_of(Expression.SAD)


def numbers(followed: Tracker, boxes: Sequence[Box], time_s: float) -> list[int | None]:
    return [face.track for face in followed.update(boxes, batch(*[HAPPY] * len(boxes)), time_s)]


@given(frames, st.floats(0, 1), st.floats(0, 3), st.floats(0, 2))
def test_a_number_is_one_persons_and_never_used_again(
    frames: list[tuple[float, list[tuple[Box, tuple[float, ...]]]]], match: float, forget_after_s: float, smoothing_s: float
) -> None:
    followed = tracker(match_overlap=match, forget_after_s=forget_after_s, smoothing_s=smoothing_s)
    seen: dict[int, float] = {}
    now = 0.0
    for gap, found in frames:
        now += gap
        faces = followed.update([box for box, _ in found], batch(*[row for _, row in found]), now)
        tracks = [face.track for face in faces if face.track is not None]
        assert len(set(tracks)) == len(faces)
        assert [face.box for face in faces] == [box for box, _ in found]
        highest = max(seen, default=0)
        for track in tracks:
            assert track > highest or now - seen[track] <= forget_after_s
        seen |= dict.fromkeys(tracks, now)


@given(st.lists(st.tuples(st.floats(0, 1), rows), min_size=1, max_size=30), st.floats(0, 5))
def test_smoothing_keeps_a_distribution_between_what_was_said(
    said: list[tuple[float, tuple[float, ...]]], smoothing_s: float
) -> None:
    followed = tracker(smoothing_s=smoothing_s, forget_after_s=2)
    now = 0.0
    for gap, row in said:
        now += gap
        (face,) = followed.update([LEFT], batch(row), now)
        assert face.track == 1
        assert sum(face.probabilities) == pytest.approx(1, abs=1e-9)
        for index, value in enumerate(face.probabilities):
            column = [past[index] for _, past in said]
            assert min(column) - 1e-6 <= value <= max(column) + 1e-6


def test_without_smoothing_each_frame_counts_for_itself() -> None:
    followed = tracker(smoothing_s=0)
    followed.update([LEFT], batch(HAPPY), 0)
    (face,) = followed.update([LEFT], batch(SAD), 0)
    assert face.probabilities == SAD


def test_after_the_time_constant_two_thirds_of_a_change_have_arrived() -> None:
    followed = tracker(smoothing_s=0.5)
    for index in range(300):
        followed.update([LEFT], batch(HAPPY), 10 + index / 30)
    for index in range(300, 314):
        followed.update([LEFT], batch(SAD), 10 + index / 30)
    (face,) = followed.update([LEFT], batch(SAD), 10 + 314 / 30)
    assert dict(face.ranked())[Expression.SAD] == pytest.approx(1 - 1 / math.e, abs=1e-3)
    assert dict(face.ranked())[Expression.HAPPY] == pytest.approx(1 / math.e, abs=1e-3)


def test_the_first_look_at_a_face_weighs_no_more_than_a_later_one() -> None:
    followed = tracker(smoothing_s=10)
    for index, said in enumerate([SAD, HAPPY]):
        followed.update([LEFT], batch(said), index / 30)
    (face,) = followed.update([LEFT], batch(HAPPY), 2 / 30)
    assert dict(face.ranked())[Expression.HAPPY] == pytest.approx(2 / 3, abs=0.01)


def test_one_look_after_a_while_does_not_outweigh_all_that_was_seen_before() -> None:
    followed = tracker(smoothing_s=0.5)
    for index in range(60):
        followed.update([LEFT], batch(HAPPY), index / 30)
    (face,) = followed.update([LEFT], batch(SAD), 2.9)
    assert face.expression is Expression.HAPPY


@given(st.integers(1, 40), rows, rows)
def test_a_slow_machine_smooths_over_the_same_time(steps: int, first: tuple[float, ...], then: tuple[float, ...]) -> None:
    slow, fast = tracker(smoothing_s=0.5), tracker(smoothing_s=0.5)
    for followed in (slow, fast):
        followed.update([LEFT], batch(first), 0)
    (at_once,) = slow.update([LEFT], batch(then), 0.25)
    for step in range(1, steps):
        fast.update([LEFT], batch(then), 0.25 * step / steps)
    (in_steps,) = fast.update([LEFT], batch(then), 0.25)
    assert in_steps.probabilities == pytest.approx(at_once.probabilities, abs=1e-6)


@pytest.mark.parametrize("time_s", [5, 4, -1e300, math.nan, math.inf])
def test_a_clock_that_stands_or_falls_back_spoils_nothing(time_s: float) -> None:
    followed = tracker(smoothing_s=0.5)
    followed.update([LEFT], batch(HAPPY), 5)
    assert followed.boxes(time_s) == [LEFT]
    (face,) = followed.update([LEFT], batch(SAD), time_s)
    assert (face.track, face.probabilities) == (1, HAPPY)


@given(st.lists(st.tuples(st.floats(), st.booleans(), st.lists(boxes, max_size=3)), max_size=12), st.floats(0, 2))
def test_whatever_the_clock_says_faces_are_told_apart(told: list[tuple[float, bool, list[Box]]], smoothing_s: float) -> None:
    followed = tracker(smoothing_s=smoothing_s)
    for time_s, paused, found in told:
        if paused:
            followed.pause()
        for box in followed.boxes(time_s):
            assert box.area > 0
        faces = followed.update(found, batch(*[HAPPY, SAD, HAPPY][: len(found)]), time_s)
        assert len({face.track for face in faces}) == len(found)
        for face in faces:
            assert sum(face.probabilities) == pytest.approx(1, abs=1e-9)


def test_faces_are_numbered_as_they_come() -> None:
    followed = tracker()
    assert numbers(followed, [LEFT, RIGHT], 0) == [1, 2]
    assert numbers(followed, [LEFT, Box(150, 0, 100, 100), RIGHT], 0.1) == [1, 3, 2]


@given(st.lists(st.tuples(st.integers(-20, 20), st.booleans()), max_size=20))
def test_two_faces_apart_never_swap(moves: list[tuple[int, bool]]) -> None:
    followed = tracker()
    here, there = LEFT, RIGHT
    numbers(followed, [here, there], 0)
    for count, (step, turned) in enumerate(moves, 1):
        here = Box(min(max(here.left + step, 0), 150), here.top, 100, 100)
        there = Box(min(max(there.left - step, 250), 400), there.top, 100, 100)
        expected = [(here, 1), (there, 2)]
        order = expected[::-1] if turned else expected
        assert numbers(followed, [box for box, _ in order], count * 0.03) == [number for _, number in order]


def test_probabilities_go_with_their_face_whatever_the_order() -> None:
    followed = tracker(smoothing_s=1000)
    followed.update([LEFT, RIGHT], batch(HAPPY, SAD), 0)
    right, left = followed.update([RIGHT, LEFT], batch(SAD, HAPPY), 0.1)
    assert (left.track, left.expression) == (1, Expression.HAPPY)
    assert (right.track, right.expression) == (2, Expression.SAD)


def test_the_closest_pair_is_matched_first() -> None:
    followed = tracker()
    numbers(followed, [Box(0, 0, 100, 100), Box(40, 0, 100, 100)], 0)
    # The first box is closer to track 2 than to track 1, yet the second box is closer still
    assert numbers(followed, [Box(24, 0, 100, 100), Box(44, 0, 100, 100)], 0.1) == [1, 2]


def test_one_track_goes_to_one_box_the_other_is_somebody_new() -> None:
    followed = tracker()
    numbers(followed, [LEFT], 0)
    assert numbers(followed, [Box(20, 0, 100, 100), Box(5, 0, 100, 100)], 0.1) == [2, 1]


def test_a_box_goes_on_a_track_from_the_wanted_overlap_on() -> None:
    half = Box(0, 0, 100, 200)
    exact, beyond = tracker(match_overlap=0.5), tracker(match_overlap=0.51)
    assert [numbers(exact, [box], 0) for box in (LEFT, half)] == [[1], [1]]
    assert [numbers(beyond, [box], 0) for box in (LEFT, half)] == [[1], [2]]


def test_boxes_that_do_not_touch_are_never_the_same_face() -> None:
    followed = tracker(match_overlap=0)
    assert [numbers(followed, [box], 0) for box in (LEFT, RIGHT)] == [[1], [2]]


def test_a_face_that_blinks_out_is_known_again_in_time() -> None:
    followed = tracker(forget_after_s=1)
    numbers(followed, [LEFT], 0)
    assert numbers(followed, [], 0.5) == []
    assert followed.boxes(0.9) == [LEFT], "looked for where it was seen last"
    assert numbers(followed, [Box(10, 0, 100, 100)], 1.0) == [1]


def test_a_face_that_is_away_for_longer_is_forgotten_with_its_past() -> None:
    followed = tracker(forget_after_s=1, smoothing_s=1000)
    followed.update([LEFT], batch(HAPPY), 0)
    assert followed.boxes(1.01) == []
    (face,) = followed.update([LEFT], batch(SAD), 1.01)
    assert (face.track, face.probabilities) == (2, SAD)
    assert followed.boxes(1.5) == [LEFT]


def test_each_face_is_forgotten_for_itself_and_the_others_keep_their_numbers() -> None:
    followed = tracker(forget_after_s=1)
    numbers(followed, [LEFT, RIGHT], 0)
    for count in range(1, 9):
        assert numbers(followed, [RIGHT], count * 0.2) == [2]
    assert followed.boxes(1.6) == [RIGHT]
    assert numbers(followed, [LEFT, RIGHT], 1.7) == [3, 2]


def test_the_tracker_looks_where_a_face_is_now() -> None:
    followed = tracker()
    numbers(followed, [LEFT, RIGHT], 0)
    moved = Box(30, 10, 110, 110)
    numbers(followed, [RIGHT, moved], 0.1)
    assert followed.boxes(0.1) == [moved, RIGHT]


def box_at(x: float, y: float = 100, side: int = 100) -> Box:
    return Box(round(x - side / 2), round(y - side / 2), side, side)


def test_the_tracker_looks_where_a_moving_face_will_be() -> None:
    followed = tracker()
    for index in range(30):
        numbers(followed, [box_at(100 + 10 * index)], index / 30)
    (box,) = followed.boxes(30 / 30)
    assert abs(box.left - box_at(400).left) <= 2
    (later,) = followed.boxes(1.9)
    assert box.left < later.left < box_at(390 + 300 * 0.9).left, "it slows down out of sight"


def cross(speed: float, hidden_s: float, *, behind: int = 0, drop: float = 0.0, fps: float = 30) -> list[list[int | None]]:
    """Two faces pass each other, one of them hidden behind the other in the middle; their numbers before and after."""
    followed = tracker(forget_after_s=2)
    found: list[list[int | None]] = []
    for index in range(round(-1.5 * fps), round(1.5 * fps)):
        time_s = index / fps
        people = [box_at(300 + speed * time_s, 100 + drop), box_at(300 - speed * time_s)]
        if abs(time_s) <= hidden_s / 2:
            del people[behind]
        said = numbers(followed, people, time_s)
        if len(people) == 2:
            found.append(said)
    return [found[0], found[-1]]


@pytest.mark.parametrize("behind", [0, 1])
@pytest.mark.parametrize("fps", [30, 10])
@given(st.floats(100, 300), st.floats(0.1, 0.6), st.floats(-10, 10))
def test_two_faces_that_cross_keep_their_numbers(behind: int, fps: float, speed: float, hidden_s: float, drop: float) -> None:
    before, after = cross(speed, hidden_s, behind=behind, drop=drop, fps=fps)
    assert before == after == [1, 2]


def test_a_face_that_leaves_for_a_second_is_known_again_near_where_it_was() -> None:
    followed = tracker(forget_after_s=2)
    numbers(followed, [box_at(300), box_at(700)], 0)
    for index in range(1, 30):
        assert numbers(followed, [box_at(700)], index / 30) == [2]
    assert numbers(followed, [box_at(420), box_at(700)], 1.0) == [1, 2]


def test_who_stopped_behind_something_is_known_again_where_it_was() -> None:
    followed = tracker(forget_after_s=2)
    for index in range(30):
        numbers(followed, [box_at(100 + 10 * index)], index / 30)
    last_s = 29 / 30
    (foretold,) = followed.boxes(last_s + 1)
    assert foretold.left > box_at(390 + 150).left, "it is out of reach from where it would have gone"
    assert numbers(followed, [box_at(390)], last_s + 1) == [1]


def test_a_newcomer_takes_nobodys_number() -> None:
    followed = tracker(forget_after_s=2)
    numbers(followed, [box_at(300)], 0)
    assert numbers(followed, [box_at(390)], 1 / 30) == [2], "beside one that was missed for a frame"
    assert numbers(followed, [box_at(300), box_at(390)], 2 / 30) == [1, 2]
    assert numbers(followed, [box_at(300), box_at(390), box_at(480)], 1.0) == [1, 2, 3]


def test_a_face_of_another_size_is_another_face_unless_it_overlaps() -> None:
    followed = tracker(forget_after_s=2)
    numbers(followed, [box_at(300)], 0)
    assert numbers(followed, [box_at(300, side=50)], 0.5) == [2]


@given(st.lists(st.tuples(st.integers(-6, 6), st.integers(-6, 6), st.integers(-6, 6), st.booleans()), max_size=60))
def test_a_still_face_keeps_one_number_through_jitter_and_dropouts(looks: list[tuple[int, int, int, bool]]) -> None:
    followed = tracker(forget_after_s=2)
    seen_s = 0.0
    numbers(followed, [box_at(300)], 0)
    for index, (right, down, larger, missed) in enumerate(looks, 1):
        time_s = index / 15
        if missed and time_s - seen_s < 1.9:
            assert numbers(followed, [], time_s) == []
            continue
        assert numbers(followed, [box_at(300 + right, 100 + down, 100 + larger)], time_s) == [1]
        seen_s = time_s


@given(st.permutations(range(4)), st.lists(st.integers(-15, 15), min_size=4, max_size=4))
def test_who_is_who_does_not_depend_on_the_order_of_boxes(order: list[int], moves: list[int]) -> None:
    followed = tracker()
    assert numbers(followed, [box_at(200 * person) for person in range(4)], 0) == [1, 2, 3, 4]
    moved = [box_at(200 * person + move) for person, move in enumerate(moves)]
    assert numbers(followed, [moved[person] for person in order], 0.03) == [person + 1 for person in order]


def test_all_move_on_by_more_than_half_the_way_to_the_next_one() -> None:
    followed = tracker()
    numbers(followed, [box_at(100), box_at(160)], 0)
    assert numbers(followed, [box_at(140), box_at(200)], 0.1) == [1, 2]


def test_through_a_pause_a_face_keeps_number_and_past_and_loses_its_speed() -> None:
    followed = tracker(forget_after_s=2, smoothing_s=0.5)
    for index in range(30):
        followed.update([box_at(100 + 5 * index)], batch(HAPPY), 50 + index / 30)
    followed.pause()
    assert followed.boxes(3600) == [box_at(245)]
    (face,) = followed.update([box_at(345)], batch(SAD), 3600)
    assert face.track == 1, "it may have moved meanwhile"
    assert face.probabilities == pytest.approx(HAPPY)
    assert followed.boxes(3600.1) == [box_at(345)]


def test_a_pause_starts_no_new_time_for_those_who_do_not_come_back() -> None:
    followed = tracker(forget_after_s=2)
    numbers(followed, [LEFT], 0)
    numbers(followed, [], 1.5)
    followed.pause()
    assert numbers(followed, [], 100) == []
    assert followed.boxes(100.5) == [LEFT]
    assert followed.boxes(100.6) == []


def test_what_only_now_and_then_looks_like_a_face_ends_soon() -> None:
    followed = tracker(forget_after_s=2)
    for index in range(10):
        numbers(followed, [LEFT], index / 30)
    # Found twice a second, so never forgotten for being out of sight
    times = [index / 30 for index in range(10, 150)]
    for index, time_s in enumerate(times):
        numbers(followed, [LEFT] if index % 15 == 0 and followed.boxes(time_s) else [], time_s)
    assert followed.boxes(times[-1]) == []


def test_a_face_that_every_second_frame_misses_stays() -> None:
    followed = tracker(forget_after_s=2)
    found = [numbers(followed, [LEFT] if index % 2 == 0 else [], index / 30) for index in range(300)]
    assert [number for frame in found for number in frame] == [1] * 150
