from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import Box
from realtime.overlay.draw import intersection, label_spots, low_spots, place_card, spots_around, spots_within
from realtime.overlay.widgets import Card, Gap

FRAME = Box(0, 0, 640, 480)
BOXES = st.builds(Box, st.integers(-300, 700), st.integers(-300, 700), st.integers(1, 400), st.integers(1, 400))


def card_of(width: int, size: int = 20) -> Card:
    return Card(((Gap(width / size),),), size, padding=(0, 0))


def inside(box: Box, frame: Box) -> bool:
    return frame.left <= box.left and frame.top <= box.top and box.right <= frame.right and box.bottom <= frame.bottom


@given(BOXES, BOXES)
def test_what_two_boxes_have_in_common_lies_in_both_and_is_as_large_as_can_be(one: Box, other: Box) -> None:
    shared = intersection(one, other)
    assert shared == intersection(other, one)
    assert intersection(one, one) == one
    pixels = max(0, min(one.right, other.right) - max(one.left, other.left)) * max(
        0, min(one.bottom, other.bottom) - max(one.top, other.top)
    )
    assert (shared.area if shared else 0) == pixels
    if shared:
        assert inside(shared, one)
        assert inside(shared, other)


@given(face=BOXES, taken=st.lists(BOXES, max_size=4), width=st.integers(1, 640), free=st.booleans())
def test_a_card_lies_within_the_frame_wherever_it_is_wanted(face: Box, taken: list[Box], width: int, *, free: bool) -> None:
    card = card_of(width)
    area = place_card(
        card, [*spots_around(card, face), *spots_within(card, face), *low_spots(card, face)], FRAME, taken, free=free
    )
    if area is None:
        assert free
        return
    assert inside(area, FRAME)
    assert (area.width, area.height) == card.size_px()
    assert not free or not any(intersection(area, other) for other in taken)


def test_a_card_that_is_larger_than_the_frame_lies_nowhere() -> None:
    assert place_card(card_of(641), [(0, 0)], FRAME, []) is None
    assert place_card(card_of(100, size=400), [(0, 0)], FRAME, []) is None
    assert place_card(card_of(640), [(0, 0)], FRAME, []) is not None


def test_of_the_spots_the_first_is_taken_that_hides_least() -> None:
    card = card_of(100)
    spots = [(0, 0), (200, 0), (400, 0)]

    def left(*taken: Box) -> int:
        area = place_card(card, spots, FRAME, taken)
        assert area
        return area.left

    assert left() == 0
    assert left(Box(50, 0, 100, 100)) == 200
    assert left(Box(50, 0, 100, 100), Box(250, 0, 10, 10)) == 400
    # A little is hidden everywhere
    assert left(Box(0, 0, 30, 30), Box(200, 0, 20, 30), Box(400, 0, 40, 30)) == 200


def test_what_has_to_be_free_and_is_not_lies_nowhere() -> None:
    assert place_card(card_of(100), [(0, 0)], FRAME, [Box(99, 0, 10, 10)], free=True) is None
    assert place_card(card_of(100), [(0, 0)], FRAME, [Box(100, 0, 10, 10)], free=True) == Box(0, 0, *card_of(100).size_px())


@given(st.integers(30, 400), st.integers(100, 300))
def test_spots_around_a_face_hide_nothing_of_it_and_spots_within_lie_in_it(side: int, corner: int) -> None:
    card, face = card_of(20, size=12), Box(corner, corner, side, side)
    width, height = card.size_px()
    for left, top in spots_around(card, face):
        assert intersection(Box(left, top, width, height), face) is None
    for left, top in spots_within(card, face):
        assert inside(Box(left, top, width, height), face)


def test_the_label_of_a_small_face_lies_outside_and_that_of_a_large_one_may_lie_in_it() -> None:
    card = card_of(60)
    height = card.size_px()[1]
    small, large = Box(100, 100, 60, 5 * height), Box(100, 100, 300, 5 * height + 1)
    below = (100, small.bottom + 5)
    assert label_spots(card, small).index(below) < 3
    assert label_spots(card, large)[-1] == (100, large.bottom + 5)
    for face in (small, large):
        left, top = label_spots(card, face)[0]
        assert left == face.left
        assert top + height <= face.top


def test_low_spots_go_up_by_a_line_within_the_lower_half() -> None:
    card, face = card_of(60), Box(0, 0, 400, 400)
    tops = [top for _, top in low_spots(card, face)]
    assert tops == sorted(tops, reverse=True)
    assert tops[0] > 360 - card.size_px()[1]
    assert min(tops) >= 200 - card.size_px()[1] - card.size
