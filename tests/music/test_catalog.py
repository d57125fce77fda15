from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.mood.affect import LIFTED, POINTS, Point, blend
from realtime.music.catalog import LONGEST_TITLE, MusicChoice, Playlists, check_title
from realtime.music.planner import JOURNEY_STEPS, STAYS, Strategy, plan_music
from tests.support.lists import LIFTS, PLAYLISTS, link

PLAIN = "https://open.spotify.com/playlist/37i9dQZF1DXdPec7aLTmlC"
HERE = Point(0, 0)

moods = st.sampled_from(EXPRESSIONS)
shares = st.tuples(*[st.integers(0, 9)] * 7).filter(any).map(lambda parts: tuple(part / sum(parts) for part in parts))


def alone(expression: Expression) -> Mood:
    return Mood(tuple(float(each is expression) for each in EXPRESSIONS), expression)


@pytest.mark.parametrize("title", ["x", "Énergie\u00a0!", "悲しい", "a" * LONGEST_TITLE, "\U0001f469\u200d\U0001f3a4 live"])
def test_a_title_is_one_line_of_any_script(title: str) -> None:
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
def test_a_title_that_would_spoil_the_screen_is_refused(title: str, sentence: str) -> None:
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
def test_a_choice_is_checked_when_it_is_built(title: str, url: str | None, path: Path | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        MusicChoice(title, url, path, HERE)


def test_a_choice_says_where_it_is() -> None:
    assert MusicChoice("Songs", PLAIN, None, HERE).place == PLAIN
    assert MusicChoice("Songs", None, Path("/my music/a"), HERE).place == "file:///my%20music/a"


@pytest.mark.parametrize("leader", EXPRESSIONS)
def test_a_mood_is_matched_by_its_own_list_in_its_order(leader: Expression) -> None:
    # The second would lie nearer to the mood
    far = MusicChoice("far", PLAIN, None, Point(1, -1))
    near = link(leader)
    found = plan_music(Playlists({**PLAYLISTS.moods, leader: (far, near)}), alone(leader), Strategy.MATCH)
    assert found is not None
    assert (found.choices, found.best, found.why, found.step) == ((far, near), far, f"for {leader.value}", None)
    assert found.wanted == POINTS[leader]


@given(shares)
def test_a_mixed_mood_is_matched_by_what_lies_nearest_to_the_mean_of_its_shares(parts: tuple[float, ...]) -> None:
    found = plan_music(PLAYLISTS, Mood(parts, None), Strategy.MATCH)
    assert found is not None
    assert found.wanted == blend(parts)
    distances = [choice.point.distance(found.wanted) for choice in found.choices]
    assert distances == sorted(distances)
    assert set(found.choices) == {link(each) for each in EXPRESSIONS}, "what only lifts matches nothing"
    assert found.why == "for faces that disagree"


def test_a_mixed_group_does_not_get_the_loudest_faces_music() -> None:
    # Half happy, half sad: between the two lies neutral
    halves = {Expression.HAPPY: 0.51, Expression.SAD: 0.49}
    found = plan_music(PLAYLISTS, Mood(tuple(halves.get(each, 0.0) for each in EXPRESSIONS), None), Strategy.MATCH)
    assert found is not None
    assert found.best == link(Expression.NEUTRAL)


@pytest.mark.parametrize("leader", EXPRESSIONS)
def test_what_lifts_leads_towards_calm_and_content_and_keeps_what_is_pleasant(leader: Expression) -> None:
    found = plan_music(PLAYLISTS, alone(leader), Strategy.LIFT)
    assert found is not None
    assert (found.wanted, found.why) == (LIFTED[leader], f"to lift {leader.value}")
    assert found.wanted.valence >= POINTS[leader].valence
    pleasant = leader in {Expression.HAPPY, Expression.SURPRISE, Expression.NEUTRAL}
    assert found.best == (link(leader) if pleasant else LIFTS)


@given(st.one_of(moods.map(alone), shares.map(lambda parts: Mood(parts, None))))
def test_a_journey_goes_from_the_mood_to_where_it_is_lifted_a_step_nearer_each_time(mood: Mood) -> None:
    start, end = plan_music(PLAYLISTS, mood, Strategy.MATCH), plan_music(PLAYLISTS, mood, Strategy.LIFT)
    steps = [plan_music(PLAYLISTS, mood, Strategy.JOURNEY, step) for step in range(JOURNEY_STEPS)]
    assert start is not None
    assert end is not None
    if start.wanted.distance(end.wanted) < STAYS:
        assert [(step.step, step.then) for step in steps if step] == [(JOURNEY_STEPS - 1, None)] * JOURNEY_STEPS
        return
    assert [step.step for step in steps if step] == list(range(JOURNEY_STEPS))
    left = [step.wanted.distance(end.wanted) for step in steps if step]
    assert left == sorted(left, reverse=True)
    assert (left[0], left[-1]) == (pytest.approx(start.wanted.distance(end.wanted)), pytest.approx(0))
    assert plan_music(PLAYLISTS, mood, Strategy.JOURNEY, JOURNEY_STEPS + 3) == steps[-1], "there it stays"
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        assert step is not None
        assert step.then == after


def test_a_journey_says_which_step_it_is() -> None:
    found = plan_music(PLAYLISTS, alone(Expression.SAD), Strategy.JOURNEY, 1)
    assert found is not None
    assert found.why == "step 2 of 4 from sad"


@pytest.mark.parametrize("strategy", Strategy)
def test_no_mood_and_no_music_give_no_plan(strategy: Strategy) -> None:
    assert plan_music(PLAYLISTS, None, strategy) is None
    assert plan_music(Playlists({}), alone(Expression.SAD), strategy) is None
    assert plan_music(Playlists({}), Mood((1 / 7,) * 7, None), strategy) is None


def test_a_mood_without_a_list_is_matched_by_nothing_and_lifted_by_the_rest() -> None:
    happy = Playlists({Expression.HAPPY: (link(Expression.HAPPY),)})
    assert plan_music(happy, alone(Expression.SAD), Strategy.MATCH) is None
    assert plan_music(happy, alone(Expression.SAD), Strategy.LIFT) is not None


def test_songs_of_ones_own_come_before_the_lists_of_the_moods_that_have_some() -> None:
    library = Path("/music")
    own = PLAYLISTS.preferring(library, {Expression.SAD, Expression.HAPPY})
    for each in EXPRESSIONS:
        *first, last = own.moods[each]
        assert last == link(each)
        assert [(choice.path, choice.mood, choice.point) for choice in first] == (
            [(library, each, POINTS[each])] if each in {Expression.SAD, Expression.HAPPY} else []
        )
    assert own.lift == PLAYLISTS.lift
