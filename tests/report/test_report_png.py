from __future__ import annotations

import numpy as np
import pytest

from realtime.errors import UsageError
from realtime.overlay.widgets import EXPRESSION_COLOURS
from realtime.report.report_png import MOST_INPUTS, draw_report
from realtime.report.report_text import InputReport
from tests.report.test_report_html import NOTHING, REPORT, hostile_report
from tests.support.logs import HAPPY, SAD
from tests.support.summaries import HOSTILE


def share_of(picture: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float(np.mean(np.all(picture == colour, axis=2)))


def test_a_picture_shows_the_colours_of_the_session() -> None:
    picture = draw_report([InputReport("evening.jsonl", REPORT)])
    assert picture.shape[1:] == (1200, 3)
    assert picture.dtype == np.uint8
    assert share_of(picture, EXPRESSION_COLOURS[HAPPY]) > 0.05
    assert share_of(picture, EXPRESSION_COLOURS[SAD]) > 0.02
    # Nothing reaches into the margin
    assert np.all(picture[:, :55] == 255)
    assert np.all(picture[-40:] == 255)


def test_any_report_can_be_drawn() -> None:
    one = draw_report([InputReport("a", NOTHING)])
    both = draw_report([InputReport("a", NOTHING), InputReport(HOSTILE, hostile_report(HOSTILE))])
    assert len(both) > len(one)


def test_a_picture_has_no_endless_length() -> None:
    with pytest.raises(UsageError, match=r"write a page, FILE\.html, for 17$"):
        draw_report([InputReport("a", NOTHING)] * (MOST_INPUTS + 1))
