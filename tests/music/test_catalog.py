from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.mood.affect import LIFTED, POINTS, Point, blend
from realtime.music.catalog import LONGEST_TITLE, MusicChoice, Playlists, check_title
from realtime.music.planner import JOURNEY_STEPS, MIN_JOURNEY_DISTANCE, Strategy, plan_music
from tests.support.lists import LIFTS, PLAYLISTS, link

PLAIN = "https://open.spotify.com/playlist/37i9dQZF1DXdPec7aLTmlC"
HERE = Point(0, 0)

moods = st.sampled_from(EXPRESSIONS)
shares = st.tuples(*[st.integers(0, 9)] * 7).filter(any).map(lambda parts: tuple(part / sum(parts) for part in parts))


def mood_of(expression: Expression) -> Mood:
    return Mood(tuple(float(each is expression) for each in EXPRESSIONS), expression)


@pytest.mark.parametrize("title", ["x", "Énergie\u00a0!", "悲しい", "a" * LONGEST_TITLE, "\U0001f469\u200d\U0001f3a4 live"])
def test_title_may_be_in_any_script(title: str) -> None:
    assert check_title(title) == title


@pytest.mark.parametrize(
    ("title", "sentence"),
    [
        ("", "can be seen"),
        ("  ", "can be seen"),
        ("a" * 41, "not 41"),
        ("a\nb", "one line"),
        ("\x1b[31mred", "one line"),
        ("a\u2028b", "one line"),
    ],
)
def test_invalid_title_raises(title: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        check_title(title)


@pytest.mark.parametrize(
    ("title", "url", "path", "sentence"),
    [
        ("", PLAIN, None, "can be seen"),
        ("Songs", "nowhere", None, "starts with"),
        ("Songs", "spotify:playlist:37i9dQZF1DXdPec7aLTmlC", None, "as parse"),
        ("Songs", PLAIN, Path("/music"), "either a link or a path"),
        ("Songs", None, None, "either a link or a path"),
    ],
)
def test_choice_is_checked_when_built(title: str, url: str | None, path: Path | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        MusicChoice(title, url, path, HERE)


def test_place_of_a_choice_is_a_link() -> None:
    assert MusicChoice("Songs", PLAIN, None, HERE).place == PLAIN
    place = MusicChoice("Songs", None, Path("/my music/a").absolute(), HERE).place
    assert place.startswith("file:///")
    assert place.endswith("/my%20music/a")


@pytest.mark.parametrize("leader", EXPRESSIONS)
def test_match_takes_the_playlist_of_the_leader_in_order(leader: Expression) -> None:
    # The second choice is nearer to the mood
    far = MusicChoice("far", PLAIN, None, Point(1, -1))
    near = link(leader)
    plan = plan_music(Playlists({**PLAYLISTS.moods, leader: (far, near)}), mood_of(leader), Strategy.MATCH)
    assert plan is not None
    assert (plan.choices, plan.best, plan.why, plan.step) == ((far, near), far, f"for {leader.value}", None)
    assert plan.target == POINTS[leader]


@given(shares)
def test_match_of_a_mixed_mood_sorts_by_distance_to_the_mean_of_shares(parts: tuple[float, ...]) -> None:
    plan = plan_music(PLAYLISTS, Mood(parts, None), Strategy.MATCH)
    assert plan is not None
    assert plan.target == blend(parts)
    distances = [choice.point.distance(plan.target) for choice in plan.choices]
    assert distances == sorted(distances)
    assert set(plan.choices) == {link(each) for each in EXPRESSIONS}, "music that only lifts matches no mood"
    assert plan.why == "for faces that disagree"


def test_mixed_group_does_not_get_the_music_of_the_largest_share() -> None:
    # Half happy, half sad: between the two lies neutral
    halves = {Expression.HAPPY: 0.51, Expression.SAD: 0.49}
    plan = plan_music(PLAYLISTS, Mood(tuple(halves.get(each, 0.0) for each in EXPRESSIONS), None), Strategy.MATCH)
    assert plan is not None
    assert plan.best == link(Expression.NEUTRAL)


@pytest.mark.parametrize("leader", EXPRESSIONS)
def test_lift_leads_to_calm_and_keeps_pleasant_moods(leader: Expression) -> None:
    plan = plan_music(PLAYLISTS, mood_of(leader), Strategy.LIFT)
    assert plan is not None
    assert (plan.target, plan.why) == (LIFTED[leader], f"to lift {leader.value}")
    assert plan.target.valence >= POINTS[leader].valence
    pleasant = leader in {Expression.HAPPY, Expression.SURPRISE, Expression.NEUTRAL}
    assert plan.best == (link(leader) if pleasant else LIFTS)


@given(st.one_of(moods.map(mood_of), shares.map(lambda parts: Mood(parts, None))))
def test_journey_approaches_the_lifted_point_step_by_step(mood: Mood) -> None:
    start, end = plan_music(PLAYLISTS, mood, Strategy.MATCH), plan_music(PLAYLISTS, mood, Strategy.LIFT)
    steps = [plan_music(PLAYLISTS, mood, Strategy.JOURNEY, step) for step in range(JOURNEY_STEPS)]
    assert start is not None
    assert end is not None
    if start.target.distance(end.target) < MIN_JOURNEY_DISTANCE:
        assert [(step.step, step.next_step) for step in steps if step] == [(JOURNEY_STEPS - 1, None)] * JOURNEY_STEPS
        return
    assert [step.step for step in steps if step] == list(range(JOURNEY_STEPS))
    left = [step.target.distance(end.target) for step in steps if step]
    assert left == sorted(left, reverse=True)
    assert (left[0], left[-1]) == (pytest.approx(start.target.distance(end.target)), pytest.approx(0))
    assert plan_music(PLAYLISTS, mood, Strategy.JOURNEY, JOURNEY_STEPS + 3) == steps[-1], "a journey stays at its last step"
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        assert step is not None
        assert step.next_step == after


def test_journey_names_its_step() -> None:
    plan = plan_music(PLAYLISTS, mood_of(Expression.SAD), Strategy.JOURNEY, 1)
    assert plan is not None
    assert plan.why == "step 2 of 4 from sad"


@pytest.mark.parametrize("strategy", Strategy)
def test_no_plan_without_a_mood_or_music(strategy: Strategy) -> None:
    assert plan_music(PLAYLISTS, None, strategy) is None
    assert plan_music(Playlists({}), mood_of(Expression.SAD), strategy) is None
    assert plan_music(Playlists({}), Mood((1 / 7,) * 7, None), strategy) is None


def test_mood_without_a_playlist_is_not_matched_but_lifted() -> None:
    happy = Playlists({Expression.HAPPY: (link(Expression.HAPPY),)})
    assert plan_music(happy, mood_of(Expression.SAD), Strategy.MATCH) is None
    assert plan_music(happy, mood_of(Expression.SAD), Strategy.LIFT) is not None


def test_library_comes_before_the_playlists_of_its_moods() -> None:
    library = Path("/music")
    playlists = PLAYLISTS.with_library(library, {Expression.SAD, Expression.HAPPY})
    for each in EXPRESSIONS:
        *first, last = playlists.moods[each]
        assert last == link(each)
        assert [(choice.path, choice.mood, choice.point) for choice in first] == (
            [(library, each, POINTS[each])] if each in {Expression.SAD, Expression.HAPPY} else []
        )
    assert playlists.lift == PLAYLISTS.lift
