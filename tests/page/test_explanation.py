from __future__ import annotations

import numpy as np

from realtime.page.explanation import FALLS, MOST_INK, RISES, paint_map


def test_a_drop_is_orange_a_rise_is_blue_and_the_largest_is_the_strongest() -> None:
    drops = np.zeros((2, 2), np.float32)
    drops[0, 0], drops[0, 1], drops[1, 0] = 0.4, -0.2, 0.1
    painted = paint_map(drops)
    assert painted[0, 0].tolist() == [*FALLS[::-1], round(255 * MOST_INK)]
    assert painted[0, 1].tolist() == [*RISES[::-1], round(255 * MOST_INK / 2)]
    assert painted[:, :, 3].tolist() == [[191, 96], [48, 0]]


def test_a_label_that_depends_on_no_part_has_no_colour() -> None:
    assert not paint_map(np.zeros((48, 48), np.float32))[:, :, 3].any()
