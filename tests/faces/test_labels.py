from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, LOW_CONFIDENCE, Box, Expression, Face, Threshold
from realtime.faces.labels import STATE_LIFETIME_S, LabelHysteresis

rows = st.tuples(*[st.integers(0, 100)] * 7).filter(any).map(lambda parts: tuple(part / sum(parts) for part in parts))
HAPPY, SAD, ANGRY = Expression.HAPPY, Expression.SAD, Expression.ANGRY


def make_labels(**changed: Any) -> LabelHysteresis:
    defaults: dict[str, Any] = {"unsure_below": Threshold(0.5), "slack": 0.1, "lead": 0.2, "dwell_s": 1.0}
    return LabelHysteresis(**defaults | changed)


def face(track: int = 1, **shares: float) -> Face:
    """A face with these probabilities; the rest is divided evenly among the other expressions."""
    rest = (1 - sum(shares.values())) / (len(EXPRESSIONS) - len(shares))
    return Face(Box(0, 0, 50, 50), tuple(shares.get(expression.value, rest) for expression in EXPRESSIONS), track)


def update_labels(labels: LabelHysteresis, updates: Sequence[tuple[float, Face]]) -> list[Expression]:
    return [labels.update(face, now_s).expression for now_s, face in updates]


def update_confidence(labels: LabelHysteresis, updates: Sequence[tuple[float, float]]) -> list[bool]:
    return [not labels.update(face(happy=probability), now_s).unsure for now_s, probability in updates]


def update_reasons(labels: LabelHysteresis, updates: Sequence[tuple[float, str | None]]) -> list[str | None]:
    return [labels.update(replace(face(happy=0.9), reason=reason), now_s).reason for now_s, reason in updates]


@given(st.lists(st.tuples(st.integers(1, 3), st.floats(0, 2), rows), max_size=40))
def test_a_label_is_or_was_the_most_probable_expression(updates: list[tuple[int, float, tuple[float, ...]]]) -> None:
    labels = make_labels()
    best: dict[int, set[Expression]] = {}
    now = 0.0
    for track, gap, row in updates:
        now += gap
        current = Face(Box(0, 0, 50, 50), row, track)
        best.setdefault(track, set()).add(current.expression)
        label = labels.update(current, now).expression
        assert label in best[track]
        assert max(row) - row[EXPRESSIONS.index(label)] < 0.2 or label is current.expression, "no rival is ahead by the lead"


def test_a_new_face_is_labelled_at_once() -> None:
    labels = make_labels()
    assert labels.update(face(happy=0.9), 0) == replace(face(happy=0.9), label=HAPPY)
    assert labels.update(face(2, sad=0.4), 0) == replace(face(2, sad=0.4), label=SAD, reason=LOW_CONFIDENCE)
    dark = replace(face(3, sad=0.4), reason="too dark")
    assert labels.update(dark, 0) == replace(dark, label=SAD)


def test_only_a_rival_with_the_lead_becomes_the_label_at_once() -> None:
    updates = [(0.0, face(happy=0.6)), (0.1, face(happy=0.36, sad=0.55)), (0.2, face(happy=0.34, sad=0.55))]
    assert update_labels(make_labels(), updates) == [HAPPY, HAPPY, SAD]


def test_a_rival_with_a_smaller_lead_becomes_the_label_after_the_dwell() -> None:
    updates = [(time_s, face(happy=0.4, sad=0.5)) for time_s in (0.1, 0.6, 1.05, 1.15)]
    assert update_labels(make_labels(), [(0.0, face(happy=0.6)), *updates]) == [HAPPY, HAPPY, HAPPY, HAPPY, SAD]


def test_the_dwell_restarts_when_a_rival_falls_behind_or_another_passes_it() -> None:
    ahead, behind, other = face(happy=0.4, sad=0.5), face(happy=0.5, sad=0.4), face(happy=0.4, angry=0.5)
    for between in (behind, other):
        updates = [(0.0, face(happy=0.6)), (0.1, ahead), (0.9, between), (1.0, ahead), (1.9, ahead), (2.0, ahead)]
        assert update_labels(make_labels(), updates) == [HAPPY] * 5 + [SAD]


def test_noise_around_a_tie_changes_no_label() -> None:
    updates = [(index / 30, face(happy=0.45 + swing, sad=0.45 - swing)) for index in range(300) for swing in (0.04, -0.04)]
    assert set(update_labels(make_labels(), updates)) == {HAPPY}


def test_faces_are_labelled_independently() -> None:
    labels = make_labels()
    updates = [(0.0, face(1, happy=0.9)), (0.0, face(2, sad=0.9)), (0.1, face(2, angry=0.9)), (0.1, face(1, happy=0.9))]
    assert update_labels(labels, updates) == [HAPPY, SAD, ANGRY, HAPPY]


def test_an_unsure_face_becomes_confident_at_the_threshold() -> None:
    assert update_confidence(make_labels(), [(0, 0.49), (0.1, 0.5)]) == [False, True]


def test_neutral_has_to_be_more_probable_than_others() -> None:
    labels = make_labels(unsure_below=Threshold(0.5, 0.8))
    faces = [face(1, happy=0.6), face(2, neutral=0.6), face(3, neutral=0.8)]
    assert [labels.update(each, 0.0).unsure for each in faces] == [False, True, False]
    # Within the slack below its own threshold; later clearly below it for the dwell
    assert not labels.update(face(3, neutral=0.71), 0.1).unsure
    assert [labels.update(face(3, neutral=0.6), now_s).unsure for now_s in (0.2, 1.2)] == [False, True]


def test_a_confident_face_stays_confident_within_the_slack() -> None:
    assert update_confidence(make_labels(), [(time_s, 0.41) for time_s in (5.0, 50.0)]) == [False, False]
    assert update_confidence(make_labels(), [(0, 0.5), (0.1, 0.41), (5.0, 0.41), (50.0, 0.41)]) == [True] * 4


def test_a_confident_face_clearly_below_the_threshold_is_unsure_after_the_dwell() -> None:
    assert (
        update_confidence(make_labels(), [(0, 0.5), (0.1, 0.39), (1.0, 0.39), (1.1, 0.39), (1.2, 0.45)])
        == [True] * 3 + [False] * 2
    )


def test_a_moment_near_the_threshold_restarts_the_dwell() -> None:
    for passed in (0.41, 0.9):
        updates = [(0.0, 0.5), (0.1, 0.3), (0.9, passed), (1.0, 0.3), (1.9, 0.3), (2.0, 0.3)]
        assert update_confidence(make_labels(), updates) == [True] * 5 + [False]


def test_a_reason_appears_and_disappears_after_the_dwell() -> None:
    updates = [(0.0, None), (0.1, "too dark"), (1.0, "too dark"), (1.1, "too dark"), (1.2, None), (2.1, None), (2.2, None)]
    assert update_reasons(make_labels(), updates) == [None, None, None, "too dark", "too dark", "too dark", None]


def test_one_readable_crop_restarts_the_dwell_of_a_reason() -> None:
    updates = [(0.0, None), (0.1, "too dark"), (0.9, None), (1.0, "too dark"), (1.9, "too dark"), (2.0, "too dark")]
    assert update_reasons(make_labels(), updates) == [None] * 5 + ["too dark"]


def test_alternating_reasons_become_one_that_stays() -> None:
    turns = [(index / 10, ("blurred", "too dark")[index % 2]) for index in range(1, 40)]
    found = update_reasons(make_labels(), [(0.0, None), *turns])
    assert found[:11] == [None] * 11
    assert len(set(found[11:])) == 1
    assert found[11] in {"blurred", "too dark"}


def test_another_reason_takes_effect_after_the_dwell() -> None:
    updates = [(0.0, "too dark"), (0.05, "too dark"), (0.1, "cut off"), (1.0, "cut off"), (1.1, "cut off")]
    assert update_reasons(make_labels(), updates) == [*["too dark"] * 4, "cut off"]


def test_the_second_crop_of_a_new_face_may_remove_its_reason_at_once() -> None:
    assert update_reasons(make_labels(), [(0.0, "too dark"), (0.03, None), (0.06, "too dark")]) == ["too dark", None, None]


@given(st.lists(st.tuples(st.floats(0, 0.3), st.sampled_from([None, "too dark", "blurred"])), min_size=1, max_size=60))
def test_a_reason_never_changes_twice_within_the_dwell(updates: list[tuple[float, str | None]]) -> None:
    labels = make_labels()
    now, changed, before = 0.0, 0.0, updates[0][1]
    for index, (gap, reason) in enumerate(updates):
        now += gap
        shown = labels.update(replace(face(happy=0.9), reason=reason), now).reason
        if shown != before:
            # The second crop of a new face may change the reason at once
            assert now - changed >= 1 or index == 1
            assert shown == reason
            changed, before = now, shown


def test_a_frame_that_misses_a_face_does_not_change_its_reason() -> None:
    labels = make_labels()
    assert update_reasons(labels, [(0.0, None), (0.1, "too dark")]) == [None, None]
    assert labels.update(face(happy=0.9), 0.5, detected=False).reason is None
    assert update_reasons(labels, [(1.1, "too dark")]) == ["too dark"]
    assert labels.update(face(happy=0.9), 5, detected=False).reason == "too dark"


def test_old_states_are_pruned_and_others_kept() -> None:
    labels = make_labels()
    labels.update(face(1, happy=0.9), 0)
    labels.update(face(2, happy=0.9), STATE_LIFETIME_S)
    labels.prune(STATE_LIFETIME_S)
    between = {"happy": 0.4, "sad": 0.5}
    assert update_labels(labels, [(STATE_LIFETIME_S, face(1, **between)), (STATE_LIFETIME_S, face(2, **between))]) == [
        HAPPY,
        HAPPY,
    ]
    labels.update(face(2, **between), STATE_LIFETIME_S + 2)
    labels.prune(STATE_LIFETIME_S + STATE_LIFETIME_S + 1)
    assert update_labels(labels, [(121.0, face(1, **between)), (121.0, face(2, **between))]) == [SAD, SAD]
