from __future__ import annotations

import numpy as np
import pytest

from realtime.sources.film_memory import MAX_PIXELS
from realtime.sources.frame_pixels import to_bgr, with_square_pixels


def test_grey_is_repeated_and_the_fourth_channel_is_dropped() -> None:
    grey = np.full((2, 3), 9, np.uint8)
    assert to_bgr(grey).tolist() == to_bgr(grey[..., None]).tolist() == np.full((2, 3, 3), 9).tolist()
    four = np.dstack([np.full((2, 3), value, np.uint8) for value in (1, 2, 3, 4)])
    assert to_bgr(four).tolist() == to_bgr(four[..., :3]).tolist() == four[..., :3].tolist()


@pytest.mark.parametrize(("ratio", "shape"), [(1.0, (40, 60)), (2.0, (40, 120)), (0.5, (80, 60))])
def test_the_longer_side_of_a_pixel_sets_the_scale(ratio: float, shape: tuple[int, int]) -> None:
    assert with_square_pixels(np.zeros((40, 60, 3), np.uint8), ratio).shape == (*shape, 3)


def test_square_pixels_make_no_picture_larger_than_8k() -> None:
    height, width, _ = with_square_pixels(np.zeros((4320, 7680, 3), np.uint8), 2.0).shape
    assert 0.99 * MAX_PIXELS < width * height <= 1.001 * MAX_PIXELS
    assert width / height == pytest.approx(2 * 7680 / 4320, rel=0.001)
