from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, LOW_CONFIDENCE, Box, Expression, Face
from realtime.faces.labels import STATE_LIFETIME_S, LabelHysteresis

rows = st.tuples(*[st.integers(0, 100)] * 7).filter(any).map(lambda parts: tuple(part / sum(parts) for part in parts))
HAPPY, SAD, ANGRY = Expression.HAPPY, Expression.SAD, Expression.ANGRY


def labels(**changed: float) -> LabelHysteresis:
    wanted: dict[str, Any] = {"unsure_below": 0.5, "slack": 0.1, "lead": 0.2, "dwell_s": 1.0}
    return LabelHysteresis(**wanted | changed)


def face(track: int = 1, **shares: float) -> Face:
    """A face that looks as named; what is left is shared by the others, so little to each that none of them leads."""
    rest = (1 - sum(shares.values())) / (len(EXPRESSIONS) - len(shares))
    return Face(Box(0, 0, 50, 50), tuple(shares.get(expression.value, rest) for expression in EXPRESSIONS), track)


def called(held: LabelHysteresis, told: Sequence[tuple[float, Face]]) -> list[Expression]:
    return [held.update(face, now_s).expression for now_s, face in told]


def relied_on(held: LabelHysteresis, told: Sequence[tuple[float, float]]) -> list[bool]:
    return [not held.update(face(happy=probability), now_s).unsure for now_s, probability in told]


def readable(held: LabelHysteresis, told: Sequence[tuple[float, str | None]]) -> list[str | None]:
    return [held.update(replace(face(happy=0.9), reason=reason), now_s).reason for now_s, reason in told]


@given(st.lists(st.tuples(st.integers(1, 3), st.floats(0, 2), rows), max_size=40))
def test_a_label_is_one_that_is_or_was_the_most_probable(told: list[tuple[int, float, tuple[float, ...]]]) -> None:
    held = labels()
    best: dict[int, set[Expression]] = {}
    now = 0.0
    for track, gap, row in told:
        now += gap
        someone = Face(Box(0, 0, 50, 50), row, track)
        best.setdefault(track, set()).add(someone.expression)
        label = held.update(someone, now).expression
        assert label in best[track]
        assert max(row) - row[EXPRESSIONS.index(label)] < 0.2 or label is someone.expression, "nobody is ahead by the lead"


def test_a_new_face_has_its_label_at_once() -> None:
    held = labels()
    assert held.update(face(happy=0.9), 0) == replace(face(happy=0.9), held=HAPPY)
    assert held.update(face(2, sad=0.4), 0) == replace(face(2, sad=0.4), held=SAD, reason=LOW_CONFIDENCE)
    dark = replace(face(3, sad=0.4), reason="too dark")
    assert held.update(dark, 0) == replace(dark, held=SAD)


def test_a_rival_takes_the_label_at_once_only_with_the_lead() -> None:
    told = [(0.0, face(happy=0.6)), (0.1, face(happy=0.36, sad=0.55)), (0.2, face(happy=0.34, sad=0.55))]
    assert called(labels(), told) == [HAPPY, HAPPY, SAD]


def test_a_rival_with_less_takes_it_when_it_has_been_ahead_for_long_enough() -> None:
    told = [(time_s, face(happy=0.4, sad=0.5)) for time_s in (0.1, 0.6, 1.05, 1.15)]
    assert called(labels(), [(0.0, face(happy=0.6)), *told]) == [HAPPY, HAPPY, HAPPY, HAPPY, SAD]


def test_a_rival_that_falls_behind_or_is_passed_by_another_one_starts_anew() -> None:
    ahead, behind, other = face(happy=0.4, sad=0.5), face(happy=0.5, sad=0.4), face(happy=0.4, angry=0.5)
    for between in (behind, other):
        told = [(0.0, face(happy=0.6)), (0.1, ahead), (0.9, between), (1.0, ahead), (1.9, ahead), (2.0, ahead)]
        assert called(labels(), told) == [HAPPY] * 5 + [SAD]


def test_noise_about_a_tie_changes_no_label() -> None:
    told = [(index / 30, face(happy=0.45 + swing, sad=0.45 - swing)) for index in range(300) for swing in (0.04, -0.04)]
    assert set(called(labels(), told)) == {HAPPY}


def test_each_face_has_its_own_label() -> None:
    held = labels()
    told = [(0.0, face(1, happy=0.9)), (0.0, face(2, sad=0.9)), (0.1, face(2, angry=0.9)), (0.1, face(1, happy=0.9))]
    assert called(held, told) == [HAPPY, SAD, ANGRY, HAPPY]


def test_an_unsure_face_is_sure_from_the_threshold_on() -> None:
    assert relied_on(labels(), [(0, 0.49), (0.1, 0.5)]) == [False, True]


def test_a_sure_face_stays_so_within_the_slack_however_long() -> None:
    assert relied_on(labels(), [(time_s, 0.41) for time_s in (5.0, 50.0)]) == [False, False]
    assert relied_on(labels(), [(0, 0.5), (0.1, 0.41), (5.0, 0.41), (50.0, 0.41)]) == [True] * 4


def test_a_sure_face_that_falls_clearly_below_is_unsure_after_a_while() -> None:
    assert relied_on(labels(), [(0, 0.5), (0.1, 0.39), (1.0, 0.39), (1.1, 0.39), (1.2, 0.45)]) == [True] * 3 + [False] * 2


def test_a_moment_of_doubt_that_passes_counts_for_nothing() -> None:
    for passed in (0.41, 0.9):
        told = [(0.0, 0.5), (0.1, 0.3), (0.9, passed), (1.0, 0.3), (1.9, 0.3), (2.0, 0.3)]
        assert relied_on(labels(), told) == [True] * 5 + [False]


def test_a_face_cannot_be_read_when_it_could_not_for_a_while_and_likewise_back() -> None:
    told = [(0.0, None), (0.1, "too dark"), (1.0, "too dark"), (1.1, "too dark"), (1.2, None), (2.1, None), (2.2, None)]
    assert readable(labels(), told) == [None, None, None, "too dark", "too dark", "too dark", None]


def test_a_moment_in_which_a_face_can_be_read_starts_the_while_anew() -> None:
    told = [(0.0, None), (0.1, "too dark"), (0.9, None), (1.0, "too dark"), (1.9, "too dark"), (2.0, "too dark")]
    assert readable(labels(), told) == [None] * 5 + ["too dark"]


def test_reasons_that_take_turns_make_one_that_stays() -> None:
    turns = [(index / 10, ("blurred", "too dark")[index % 2]) for index in range(1, 40)]
    found = readable(labels(), [(0.0, None), *turns])
    assert found[:11] == [None] * 11
    assert len(set(found[11:])) == 1
    assert found[11] in {"blurred", "too dark"}


def test_another_reason_takes_its_place_when_it_has_lasted() -> None:
    told = [(0.0, "too dark"), (0.05, "too dark"), (0.1, "cut off"), (1.0, "cut off"), (1.1, "cut off")]
    assert readable(labels(), told) == [*["too dark"] * 4, "cut off"]


def test_one_bad_look_at_a_newcomer_is_overruled_by_the_next() -> None:
    assert readable(labels(), [(0.0, "too dark"), (0.03, None), (0.06, "too dark")]) == ["too dark", None, None]


@given(st.lists(st.tuples(st.floats(0, 0.3), st.sampled_from([None, "too dark", "blurred"])), min_size=1, max_size=60))
def test_why_a_face_cannot_be_read_never_changes_twice_within_a_while(told: list[tuple[float, str | None]]) -> None:
    held = labels()
    now, changed, before = 0.0, 0.0, told[0][1]
    for look, (gap, reason) in enumerate(told):
        now += gap
        shown = held.update(replace(face(happy=0.9), reason=reason), now).reason
        if shown != before:
            # The second look at a newcomer may overrule the first
            assert now - changed >= 1 or look == 1
            assert shown == reason
            changed, before = now, shown


def test_a_face_that_a_frame_misses_keeps_what_was_said_of_it() -> None:
    held = labels()
    assert readable(held, [(0.0, None), (0.1, "too dark")]) == [None, None]
    assert held.update(face(happy=0.9), 0.5, seen=False).reason is None
    assert readable(held, [(1.1, "too dark")]) == ["too dark"]
    assert held.update(face(happy=0.9), 5, seen=False).reason == "too dark"


def test_faces_that_will_not_come_back_are_forgotten_and_others_kept() -> None:
    held = labels()
    held.update(face(1, happy=0.9), 0)
    held.update(face(2, happy=0.9), STATE_LIFETIME_S)
    held.prune(STATE_LIFETIME_S)
    between = {"happy": 0.4, "sad": 0.5}
    assert called(held, [(STATE_LIFETIME_S, face(1, **between)), (STATE_LIFETIME_S, face(2, **between))]) == [HAPPY, HAPPY]
    held.update(face(2, **between), STATE_LIFETIME_S + 2)
    held.prune(STATE_LIFETIME_S + STATE_LIFETIME_S + 1)
    assert called(held, [(121.0, face(1, **between)), (121.0, face(2, **between))]) == [SAD, SAD]
