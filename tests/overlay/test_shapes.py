from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import Box, Image
from realtime.overlay.shapes import IconName, blend_mask, draw_face_box, icon, rounded_rect


def grey(height: int, width: int, value: int = 90) -> Image:
    return np.full((height, width, 3), value, np.uint8)


def test_an_opaque_mask_covers_and_a_transparent_one_does_not() -> None:
    canvas = grey(4, 6)
    mask = np.zeros((4, 3), np.uint8)
    mask[:, 1] = 255
    blend_mask(canvas, mask, 2, 0, (1, 2, 3))
    assert (canvas[:, 3] == (1, 2, 3)).all()
    assert (np.delete(canvas, 3, axis=1) == 90).all()


def test_half_a_mask_blends_and_rounds() -> None:
    canvas = grey(1, 1, 0)
    blend_mask(canvas, np.full((1, 1), 128, np.uint8), 0, 0, (255, 100, 0))
    assert canvas[0, 0].tolist() == [128, 50, 0]


@given(left=st.integers(-50, 50), top=st.integers(-50, 50), width=st.integers(1, 40), height=st.integers(1, 40))
def test_blend_mask_clips_at_the_canvas(left: int, top: int, width: int, height: int) -> None:
    canvas = grey(20, 30)
    blend_mask(canvas, np.full((height, width), 255, np.uint8), left, top, (200, 200, 200))
    rows = np.arange(20)[:, None]
    columns = np.arange(30)[None, :]
    inside = (rows >= top) & (rows < top + height) & (columns >= left) & (columns < left + width)
    assert np.array_equal(canvas[..., 0] == 200, inside)


@given(width=st.integers(3, 60), height=st.integers(1, 60), radius=st.integers(0, 80), cover=st.integers(1, 255))
def test_a_rounded_mask_is_symmetrical_and_full_in_the_middle(width: int, height: int, radius: int, cover: int) -> None:
    mask = rounded_rect(width, height, radius, cover)
    assert mask.shape == (height, width)
    assert mask.max() == mask[height // 2, width // 2] == cover
    assert np.array_equal(mask, mask[::-1])
    assert np.array_equal(mask, mask[:, ::-1])


def test_rounded_rect_has_round_corners() -> None:
    mask = rounded_rect(40, 40, 12)
    assert mask[0, 0] == 0
    assert mask[0, 20] == 255


@pytest.mark.parametrize("dashed", [False, True])
def test_a_face_box_leaves_its_inside_unchanged(dashed: bool) -> None:  # noqa: FBT001 a parameter of the test
    canvas = grey(120, 120)
    draw_face_box(canvas, Box(20, 20, 80, 80), (0, 0, 255), (0, 0, 0), 2, dashed=dashed)
    assert (canvas[26:94, 26:94] == 90).all()
    assert (canvas[:16] == 90).all()
    assert (canvas[20, 40:80] != 90).any()


def test_a_dashed_face_box_has_gaps() -> None:
    red = (0, 0, 255)
    shares = list[float]()
    for dashed in (False, True):
        canvas = grey(120, 120)
        draw_face_box(canvas, Box(20, 20, 80, 80), red, (0, 0, 0), 2, dashed=dashed)
        shares.append(float((canvas[20, 32:88] == red).all(axis=1).mean()))
    assert shares[0] == 1
    assert 0.2 < shares[1] < 0.8


@given(
    left=st.integers(0, 29), top=st.integers(0, 19), width=st.integers(1, 30), height=st.integers(1, 20), size=st.integers(1, 9)
)
def test_a_face_box_of_any_size_is_drawn(left: int, top: int, width: int, height: int, size: int) -> None:
    canvas = grey(20, 30)
    box = Box(left, top, min(width, 30 - left), min(height, 20 - top))
    draw_face_box(canvas, box, (0, 0, 255), (0, 0, 0), size, dashed=size % 2 == 0)
    assert (canvas != 90).any()


ICONS: tuple[IconName, ...] = get_args(IconName)


@pytest.mark.parametrize("name", ICONS)
@pytest.mark.parametrize("side", [1, 8, 10, 50])
def test_an_icon_fills_a_part_of_its_square(name: IconName, side: int) -> None:
    mask = icon(name, side)
    assert mask.shape == (side, side)
    assert mask.any()
    assert not mask.flags.writeable
    assert 0.2 < float(mask.mean()) / 255 < 0.8


def test_the_smallest_icons_differ_in_shape() -> None:
    drawn = [icon(name, 8).astype(float) for name in ICONS]
    for at, one in enumerate(drawn):
        for other in drawn[at + 1 :]:
            assert abs(one - other).mean() > 40


def test_play_points_right_and_pause_is_two_bars() -> None:
    play, pause = icon("play", 40), icon("pause", 40)
    assert (play[:, 5] > 0).sum() > 2 * (play[:, 30] > 0).sum()
    assert abs(pause.astype(float) - pause[:, ::-1]).mean() < 20
    assert pause[20, 20] == 0
    assert pause[20, 10] == 255
