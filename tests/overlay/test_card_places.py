from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import Box
from realtime.overlay.draw import intersection, label_positions, low_positions, place_card, positions_around, positions_within
from realtime.overlay.widgets import Card, Gap

FRAME = Box(0, 0, 640, 480)
BOXES = st.builds(Box, st.integers(-300, 700), st.integers(-300, 700), st.integers(1, 400), st.integers(1, 400))


def make_card(width: int, size: int = 20) -> Card:
    return Card(((Gap(width / size),),), size, padding=(0, 0))


def is_inside(box: Box, frame: Box) -> bool:
    return frame.left <= box.left and frame.top <= box.top and box.right <= frame.right and box.bottom <= frame.bottom


@given(BOXES, BOXES)
def test_intersection_is_the_largest_box_inside_both(one: Box, other: Box) -> None:
    common = intersection(one, other)
    assert common == intersection(other, one)
    assert intersection(one, one) == one
    pixels = max(0, min(one.right, other.right) - max(one.left, other.left)) * max(
        0, min(one.bottom, other.bottom) - max(one.top, other.top)
    )
    assert (common.area if common else 0) == pixels
    if common:
        assert is_inside(common, one)
        assert is_inside(common, other)


@given(face=BOXES, occupied=st.lists(BOXES, max_size=4), width=st.integers(1, 640), only_free=st.booleans())
def test_a_card_is_placed_inside_the_frame(face: Box, occupied: list[Box], width: int, *, only_free: bool) -> None:
    card = make_card(width)
    area = place_card(
        card,
        [*positions_around(card, face), *positions_within(card, face), *low_positions(card, face)],
        FRAME,
        occupied,
        only_free=only_free,
    )
    if area is None:
        assert only_free
        return
    assert is_inside(area, FRAME)
    assert (area.width, area.height) == card.size_px()
    assert not only_free or not any(intersection(area, other) for other in occupied)


def test_a_card_larger_than_the_frame_has_no_place() -> None:
    assert place_card(make_card(641), [(0, 0)], FRAME, []) is None
    assert place_card(make_card(100, size=400), [(0, 0)], FRAME, []) is None
    assert place_card(make_card(640), [(0, 0)], FRAME, []) is not None


def test_the_first_position_that_hides_least_is_chosen() -> None:
    card = make_card(100)
    positions = [(0, 0), (200, 0), (400, 0)]

    def left(*occupied: Box) -> int:
        area = place_card(card, positions, FRAME, occupied)
        assert area
        return area.left

    assert left() == 0
    assert left(Box(50, 0, 100, 100)) == 200
    assert left(Box(50, 0, 100, 100), Box(250, 0, 10, 10)) == 400
    # Every position hides something
    assert left(Box(0, 0, 30, 30), Box(200, 0, 20, 30), Box(400, 0, 40, 30)) == 200


def test_only_free_gives_none_where_every_position_hides_something() -> None:
    assert place_card(make_card(100), [(0, 0)], FRAME, [Box(99, 0, 10, 10)], only_free=True) is None
    assert place_card(make_card(100), [(0, 0)], FRAME, [Box(100, 0, 10, 10)], only_free=True) == Box(
        0, 0, *make_card(100).size_px()
    )


@given(st.integers(30, 400), st.integers(100, 300))
def test_positions_around_are_outside_the_face_and_positions_within_inside(side: int, corner: int) -> None:
    card, face = make_card(20, size=12), Box(corner, corner, side, side)
    width, height = card.size_px()
    for left, top in positions_around(card, face):
        assert intersection(Box(left, top, width, height), face) is None
    for left, top in positions_within(card, face):
        assert is_inside(Box(left, top, width, height), face)


def test_a_label_is_outside_a_small_face_and_may_be_inside_a_large_one() -> None:
    card = make_card(60)
    height = card.size_px()[1]
    small, large = Box(100, 100, 60, 5 * height), Box(100, 100, 300, 5 * height + 1)
    below = (100, small.bottom + 5)
    assert label_positions(card, small).index(below) < 3
    assert label_positions(card, large)[-1] == (100, large.bottom + 5)
    for face in (small, large):
        left, top = label_positions(card, face)[0]
        assert left == face.left
        assert top + height <= face.top


def test_low_positions_rise_by_one_line_in_the_lower_half() -> None:
    card, face = make_card(60), Box(0, 0, 400, 400)
    tops = [top for _, top in low_positions(card, face)]
    assert tops == sorted(tops, reverse=True)
    assert tops[0] > 360 - card.size_px()[1]
    assert min(tops) >= 200 - card.size_px()[1] - card.size
