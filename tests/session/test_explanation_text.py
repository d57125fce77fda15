from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from realtime.classifier.occlusion import Explanation
from realtime.domain import EXPRESSIONS, Box, Expression, Face
from realtime.session.explanation_text import explanation_sentence, short_percent


def explanation(happy: float = 0.9, drop: float = 0.4) -> Explanation:
    shares = {Expression.HAPPY: happy, Expression.SAD: 1 - happy}
    probabilities = tuple(shares.get(each, 0.0) for each in EXPRESSIONS)
    face = Face(Box(0, 0, 40, 40), tuple({Expression.HAPPY: 0.8, Expression.SAD: 0.2}.get(each, 0.0) for each in EXPRESSIONS))
    drops = np.zeros((48, 48), np.float32)
    drops[10, 10] = drop
    return Explanation(face, np.zeros((48, 48), np.uint8), probabilities, drops)


def test_an_explanation_is_one_sentence() -> None:
    assert explanation_sentence(explanation()) == (
        "happy 90%; 2nd guess: sad 10%; happy if covered: up to +40% where it is blue, –40% where it is orange"
    )


def test_what_the_window_says_of_a_face_is_said() -> None:
    found = explanation(happy=0.3)
    doubtful = replace(found, face=replace(found.face, reason="too dark", calibrated=True))
    said = explanation_sentence(doubtful)
    assert said.startswith("happy 30%; this crop alone: sad 70%; before calibration; not sure: too dark; happy if covered")


@pytest.mark.parametrize(("share", "words"), [(0.4, "40%"), (0.004, "0.4%"), (1e-9, "0%"), (0.0, "0%")])
def test_a_small_share_has_a_digit_that_says_something(share: float, words: str) -> None:
    assert short_percent(share) == words
