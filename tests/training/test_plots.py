import sys
from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
import pytest

from realtime.errors import EmodjError
from realtime.training import plots

TABLE = [[8 if row == column else 1 for column in range(7)] for row in range(7)]
EMPTY = [[0] * 7 for _ in range(7)]
BINS = [{"low": 8 / 15, "high": 9 / 15, "images": 4, "confidence": 0.57, "accuracy": 0.5}]
POINTS = [
    {"threshold": 0.9, "answered": 0.2, "right": 1.0},
    {"threshold": 0.6, "answered": 0.7, "right": 0.9},
    {"threshold": 0.2, "answered": 1.0, "right": 0.8},
]
HISTORY = [{"number": 1, "loss": 1.9, "accuracy": 0.3, "seconds": 9.0}, {"number": 2, "loss": 1.6, "accuracy": 0.4}]

Draw = Callable[[], bytes]


def pixels(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG")
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert len(np.unique(image)) > 50, "something is drawn"
    return image.shape[1], image.shape[0]


@pytest.mark.parametrize(
    ("draw", "height"),
    [
        (lambda: plots.draw_confusion(TABLE, "title"), 740),
        (lambda: plots.draw_reliability(BINS, 0.07, "title"), 640),
        (lambda: plots.draw_coverage(POINTS, (0.7, 0.9), "0.60", "title"), 640),
        (lambda: plots.draw_curves(HISTORY, "title"), 740),
        # Figures that do not exist
        (lambda: plots.draw_confusion(EMPTY, "nobody"), 740),
        (lambda: plots.draw_reliability([], None, "nobody"), 640),
        (lambda: plots.draw_coverage([], (None, None), "0.60", "nobody"), 640),
        (lambda: plots.draw_coverage(POINTS, (0.0, None), "1.00", "nobody answered"), 640),
        (lambda: plots.draw_curves(HISTORY[:1], "one epoch"), 740),
    ],
)
def test_a_picture_is_a_png_800_pixels_wide_and_equal_data_give_equal_files(draw: Draw, height: int) -> None:
    first = draw()
    assert pixels(first) == (800, height)
    assert draw() == first


def test_other_data_give_another_picture() -> None:
    turned = [row[::-1] for row in TABLE]
    better = [{**row, "right": 1.0} for row in POINTS]
    drawn = [
        (plots.draw_confusion(TABLE, ""), plots.draw_confusion(turned, "")),
        (plots.draw_reliability(BINS, None, ""), plots.draw_reliability([{**BINS[0], "accuracy": 0.9}], None, "")),
        (plots.draw_reliability(BINS, 0.07, ""), plots.draw_reliability(BINS, 0.08, "")),
        (plots.draw_coverage(POINTS, (0.7, 0.9), "0.60", ""), plots.draw_coverage(better, (0.7, 0.9), "0.60", "")),
        (plots.draw_coverage(POINTS, (0.7, 0.9), "0.60", ""), plots.draw_coverage(POINTS, (0.2, 1.0), "0.60", "")),
        (plots.draw_curves(HISTORY, ""), plots.draw_curves([HISTORY[0], {**HISTORY[1], "loss": 1.2}], "")),
        (plots.draw_curves(HISTORY, ""), plots.draw_curves([HISTORY[0], {**HISTORY[1], "accuracy": 0.5}], "")),
    ]
    assert all(one != other for one, other in drawn)


def test_a_cell_is_the_darker_the_greater_its_share_of_the_row() -> None:
    shares = [100, 60, 30, 0, 0, 0, 0]
    table = [[count, 100 - count, 0, 0, 0, 0, 0] for count in shares]
    image = cv2.imdecode(np.frombuffer(plots.draw_confusion(table, ""), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    # Above the text of each cell of the first column
    rows = [image[top : top + 8, 160:180].mean() for top in (40, 135, 225, 320)]
    assert all(above < below for above, below in pairwise(rows))


def test_drawing_registers_no_figure() -> None:
    plots.draw_curves(HISTORY, "")
    if "matplotlib.pyplot" in sys.modules:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []


def test_a_missing_matplotlib_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(EmodjError, match=r"needs matplotlib, which is not installed: pip install 'emodj\[train\]'"):
        plots.require_matplotlib()
