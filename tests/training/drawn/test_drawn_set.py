from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from realtime.domain import EXPRESSIONS, Expression
from realtime.training.drawn.action_units import UNITS
from realtime.training.drawn.drawn_set import FACES_A_PERSON, draw_faces, draw_pairs, plan_labels

if TYPE_CHECKING:
    from pathlib import Path

NEUTRAL = EXPRESSIONS.index(Expression.NEUTRAL)


def test_a_fifth_is_neutral_and_the_others_share_the_rest() -> None:
    counts = np.bincount(plan_labels(3000, 1), minlength=7)
    assert counts[NEUTRAL] == 600
    assert (np.delete(counts, NEUTRAL) == 400).all()
    np.testing.assert_array_equal(plan_labels(30, 1), plan_labels(30, 1))
    assert (plan_labels(30, 1) != plan_labels(30, 2)).any()


def test_the_same_seed_draws_the_same_faces_in_any_number_of_processes(model_path: Path) -> None:
    alone, together = (draw_faces(model_path, 14, seed=3, jobs=jobs) for jobs in (1, 2))
    assert set(alone) == set(together)
    for name, array in alone.items():
        np.testing.assert_array_equal(array, together[name])
    other = draw_faces(model_path, 14, seed=4)
    assert (other["images"] != alone["images"]).mean() > 0.5


def test_a_set_says_what_was_drawn(model_path: Path) -> None:
    drawn = draw_faces(model_path, 20, seed=1)
    assert (drawn["images"].shape, drawn["images"].dtype) == ((20, 48, 48), np.uint8)
    assert drawn["units"].shape == (20, len(UNITS))
    assert drawn["unit_numbers"].tolist() == list(UNITS)
    assert drawn["identity"].tolist() == [number // FACES_A_PERSON for number in range(20)]
    assert ((drawn["strength"] == 0) == (drawn["labels"] == NEUTRAL)).all()
    assert (drawn["images"].std(axis=(1, 2)) > 10).all()
    for identity in range(4):
        rows = drawn["identity"] == identity
        assert len(np.unique(drawn["skin"][rows])) == len(np.unique(drawn["sex"][rows])) == 1
    units = drawn["units"].astype(float)
    smiles = units[drawn["labels"] == EXPRESSIONS.index(Expression.HAPPY), UNITS.index(12)]
    others = units[drawn["labels"] != EXPRESSIONS.index(Expression.HAPPY), UNITS.index(12)]
    assert smiles.max() > 0.5 > others.max()


def test_pairs_differ_in_one_attribute(model_path: Path) -> None:
    drawn = draw_pairs(model_path, 2, seed=1)
    changes = drawn["change"].tolist()
    assert changes.count("") == changes.count("skin dark") == changes.count("glasses") == 2
    for group in range(2):
        rows = drawn["group"] == group
        first = int(np.flatnonzero(rows)[0])
        assert drawn["change"][first] == ""
        for name in ("units", "labels", "strength", "yaw", "pitch"):
            assert (drawn[name][rows] == drawn[name][first]).all()
        for attribute in ("skin", "age", "sex"):
            same = rows & ~np.char.startswith(drawn["change"], attribute)
            assert (drawn[attribute][same] == drawn[attribute][first]).all()
            assert len(np.unique(drawn[attribute][rows & ~same])) >= 2
    assert drawn["skin"][drawn["change"] == "skin dark"].tolist() == [pytest.approx(0.1, abs=1e-3)] * 2


def test_every_change_is_seen_in_the_picture(model_path: Path) -> None:
    drawn = draw_pairs(model_path, 2, seed=2)
    pictures = {change: drawn["images"][drawn["change"] == change] for change in set(drawn["change"].tolist())}
    for first, second in (
        ("skin dark", "skin light"),
        ("age young", "age old"),
        ("sex feminine", "sex masculine"),
        ("beard none", "beard full"),
        ("glasses none", "glasses"),
        ("hair short", "hair long"),
    ):
        assert (pictures[first] != pictures[second]).mean() > 0.1, first
