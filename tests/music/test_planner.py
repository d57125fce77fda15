"""Which music fits a mood, by each strategy."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.mood.affect import LIFTED, POINTS, Point
from realtime.music.catalog import MusicChoice, Playlists
from realtime.music.planner import JOURNEY_STEPS, Plan, Strategy, find_target, keep_songs, name_mood, plan_music

if TYPE_CHECKING:
    from pathlib import Path


def choice(title: str, point: Point, mood: Expression | None = None) -> MusicChoice:
    return MusicChoice(title, f"https://example.org/{title}", None, point, mood)


def mixed(*shares: tuple[Expression, float]) -> Mood:
    given = dict(shares)
    return Mood(tuple(given.get(each, 0.0) for each in EXPRESSIONS), None)


SAD, HAPPY = Expression.SAD, Expression.HAPPY
SECOND, FIRST = choice("second", POINTS[SAD], SAD), choice("first", Point(0.9, 0.9), SAD)
GLAD, CALM = choice("glad", POINTS[HAPPY], HAPPY), choice("calm", LIFTED[SAD])
MUSIC = Playlists({SAD: (FIRST, SECOND), HAPPY: (GLAD,)}, (CALM,))


def test_without_a_mood_there_is_no_plan() -> None:
    assert all(plan_music(MUSIC, None, strategy) is None for strategy in Strategy)


def test_a_match_takes_the_list_of_the_leader_in_its_order() -> None:
    plan = plan_music(MUSIC, Mood.by_hand(SAD), Strategy.MATCH)
    assert plan is not None
    # Although the second one lies nearer
    assert (plan.choices, plan.best, plan.why) == ((FIRST, SECOND), FIRST, "for sad")
    assert (plan.target, plan.step, plan.next_step) == (POINTS[SAD], None, None)


def test_a_match_of_a_mood_without_music_is_none_and_its_lift_is_not() -> None:
    fear = Mood.by_hand(Expression.FEAR)
    assert plan_music(MUSIC, fear, Strategy.MATCH) is None
    lifted = plan_music(MUSIC, fear, Strategy.LIFT)
    assert lifted is not None
    assert (lifted.best, lifted.why) == (CALM, "to lift fear")


def test_a_match_of_faces_that_disagree_is_nearest_to_the_mean_and_never_lifts() -> None:
    plan = plan_music(MUSIC, mixed((SAD, 0.6), (HAPPY, 0.4)), Strategy.MATCH)
    assert plan is not None
    expected = POINTS[SAD].towards(POINTS[HAPPY], 0.4)
    assert plan.target.distance(expected) == pytest.approx(0)
    assert sorted(plan.choices, key=lambda each: each.point.distance(expected)) == list(plan.choices)
    assert CALM not in plan.choices
    assert plan.why == "for faces that disagree"


def test_a_journey_goes_from_the_mood_to_calm_in_even_steps() -> None:
    plan = plan_music(MUSIC, Mood.by_hand(SAD), Strategy.JOURNEY)
    targets, whys = list[Point](), list[str]()
    while plan is not None:
        assert plan.step == len(targets)
        targets, whys, plan = [*targets, plan.target], [*whys, plan.why], plan.next_step
    assert whys == [f"step {step} of {JOURNEY_STEPS} from sad" for step in range(1, JOURNEY_STEPS + 1)]
    assert [targets[0].distance(POINTS[SAD]), targets[-1].distance(LIFTED[SAD])] == pytest.approx([0, 0])
    ways = [one.distance(other) for one, other in pairwise(targets)]
    assert ways == pytest.approx([POINTS[SAD].distance(LIFTED[SAD]) / (JOURNEY_STEPS - 1)] * (JOURNEY_STEPS - 1))


def test_a_journey_from_a_mood_that_is_calm_already_has_its_last_step_alone() -> None:
    plan = plan_music(MUSIC, Mood.by_hand(HAPPY), Strategy.JOURNEY)
    assert plan is not None
    assert (plan.step, plan.next_step, plan.best) == (JOURNEY_STEPS - 1, None, GLAD)


def test_a_step_beyond_the_last_is_the_last() -> None:
    last = find_target(Mood.by_hand(SAD), Strategy.JOURNEY, JOURNEY_STEPS + 5)
    assert last.step == JOURNEY_STEPS - 1
    assert last.point.distance(LIFTED[SAD]) == pytest.approx(0)


def test_no_music_at_all_is_no_plan() -> None:
    assert all(plan_music(Playlists({}), Mood.by_hand(SAD), strategy) is None for strategy in Strategy)


def test_a_mood_is_named_by_its_leader() -> None:
    assert [name_mood(Mood.by_hand(SAD)), name_mood(mixed((SAD, 0.5), (HAPPY, 0.5)))] == ["sad", "faces that disagree"]


def test_a_plan_of_songs_alone_keeps_the_lists_of_songs_in_each_step(tmp_path: Path) -> None:
    sad, glad = (MusicChoice("own songs", None, tmp_path / each.value, POINTS[each], each) for each in (SAD, HAPPY))
    plan = plan_music(Playlists({SAD: (FIRST, sad), HAPPY: (GLAD, glad)}, (CALM,)), mixed((SAD, 1.0)), Strategy.JOURNEY)
    assert plan is not None
    kept, steps = keep_songs(plan), list[Plan]()
    while kept is not None:
        steps.append(kept)
        kept = kept.next_step
    assert [step.step for step in steps] == [0, 1, 2, 3]
    assert all(sorted(step.choices, key=str) == sorted((sad, glad), key=str) for step in steps)
    assert (steps[0].best, steps[-1].best) == (sad, glad)
    assert keep_songs(replace(plan, choices=(FIRST, GLAD))) is None
