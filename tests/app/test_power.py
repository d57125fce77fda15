from __future__ import annotations

import itertools
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.app.power import ASK_S, PowerPolicy, PowerWatch
from realtime.app.power_supply import PowerReason
from tests.support.waiting import PATIENCE_S, until

REASONS = st.sampled_from([None, *PowerReason])
STEPS = st.lists(st.tuples(st.floats(0, 100), REASONS), max_size=40)


@given(STEPS)
def test_the_system_is_asked_every_half_minute_at_most(steps: list[tuple[float, PowerReason | None]]) -> None:
    policy, now_s, asked = PowerPolicy(None), 1000.0, list[float]()
    for passed_s, reason in steps:
        now_s += passed_s
        if policy.is_due(now_s):
            asked.append(now_s)
            policy.answer(reason)
    assert all(later - earlier >= ASK_S for earlier, later in itertools.pairwise(asked))
    assert bool(asked) == bool(steps)


@given(STEPS)
def test_a_session_saves_as_the_last_answer_says(steps: list[tuple[float, PowerReason | None]]) -> None:
    policy = PowerPolicy(None)
    assert not policy.saving
    for _, reason in steps:
        policy.answer(reason)
        assert policy.saving == (reason is not None)


@pytest.mark.parametrize("fixed", [False, True])
@given(steps=STEPS)
def test_a_fixed_choice_never_changes_and_asks_nobody(*, fixed: bool, steps: list[tuple[float, PowerReason | None]]) -> None:
    policy, now_s = PowerPolicy(fixed), 0.0
    for passed_s, reason in steps:
        now_s += passed_s
        assert not policy.is_due(now_s)
        policy.answer(reason)
        assert policy.saving is fixed
        assert policy.take_sentence() is None


@given(STEPS)
def test_it_is_said_once_and_only_while_power_is_saved(steps: list[tuple[float, PowerReason | None]]) -> None:
    policy, said = PowerPolicy(None), list[str]()
    for _, reason in steps:
        policy.answer(reason)
        sentence = policy.take_sentence()
        assert sentence is None or (reason is not None and sentence.startswith(f"{reason.value}: "))
        said += [sentence] if sentence else []
    assert len(said) == any(reason is not None for _, reason in steps)


def test_the_sentence_names_what_to_do() -> None:
    policy = PowerPolicy(None)
    policy.answer(PowerReason.BATTERY)
    assert policy.take_sentence() == "on battery: emodj looks at the faces about 10 times a second (--power full: as usual)"


def test_a_system_that_takes_its_time_holds_nobody_up() -> None:
    answers, asked = threading.Event(), threading.Semaphore(0)

    def read() -> PowerReason | None:
        asked.release()
        answers.wait(PATIENCE_S)
        return PowerReason.SAVER

    with PowerWatch(PowerPolicy(None), read) as power:
        assert not power.saving(0.0)
        assert asked.acquire(timeout=PATIENCE_S)
        # It has not answered, and is not asked again
        assert not power.saving(1.0)
        assert power.take_sentence() is None
        answers.set()
        until(lambda: power.saving(2.0))
        assert power.take_sentence() is not None
        assert not asked.acquire(blocking=False)
        power.saving(ASK_S)
        assert asked.acquire(timeout=PATIENCE_S)


def test_a_plug_ends_the_saving_with_the_next_question() -> None:
    reasons: list[PowerReason | None] = [PowerReason.BATTERY, None]
    with PowerWatch(PowerPolicy(None), lambda: reasons.pop(0)) as power:
        until(lambda: power.saving(0.0))
        until(lambda: not power.saving(ASK_S))
    assert not reasons


def test_a_reader_that_fails_saves_no_power() -> None:
    failed = threading.Event()

    def read() -> PowerReason | None:
        failed.set()
        raise RuntimeError("odd")

    with PowerWatch(PowerPolicy(None), read) as power:
        assert not power.saving(0.0)
        assert failed.wait(PATIENCE_S)
        assert not power.saving(ASK_S)


def test_a_fixed_choice_starts_no_thread() -> None:
    before = threading.active_count()
    with PowerWatch(PowerPolicy(True), lambda: None) as power:
        assert power.saving(0.0)
        assert threading.active_count() == before
