from pathlib import Path

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.mood.affect import POINTS
from realtime.music.catalog import MusicChoice, Playlists
from realtime.music.commands import PlayerCommand
from realtime.music.planner import JOURNEY_STEPS, Strategy
from realtime.music.selector import REPEAT_GUARD_S, Answer, MusicSelector
from tests.support.lists import LIFTS, PLAYLISTS, link


def mood_of(expression: Expression) -> Mood:
    return Mood(tuple(float(each is expression) for each in EXPRESSIONS), expression)


SAD, HAPPY = mood_of(Expression.SAD), mood_of(Expression.HAPPY)


def new_selector(strategy: Strategy = Strategy.MATCH) -> MusicSelector:
    return MusicSelector(PLAYLISTS, strategy)


def step(answer: Answer) -> int | None:
    assert answer.command is not None
    assert answer.command.plan is not None
    return answer.command.plan.step


def test_strategies_rotate_and_are_named() -> None:
    selector = new_selector()
    answer = [selector.next_strategy() for _ in Strategy]
    assert [str(each.sentence).split(":")[0] for each in answer] == ["lift", "journey", "match"]
    assert [each.command for each in answer] == [None, None, None]
    assert selector.strategy is Strategy.MATCH


def test_only_strategies_other_than_match_have_a_name_on_screen() -> None:
    assert new_selector().name is None
    assert new_selector(Strategy.LIFT).name == "lift"
    assert new_selector(Strategy.JOURNEY).name == "journey"


def test_press_requests_the_plan_and_names_it() -> None:
    answer = new_selector().request(SAD, 10)
    assert answer.sentence == "opening sad, for sad"
    assert answer.command is not None
    assert answer.command.plan == new_selector().plan(SAD)
    assert new_selector(Strategy.LIFT).request(SAD, 10).sentence == "opening calm, to lift sad"


def test_press_without_a_mood_or_music_gives_advice() -> None:
    without_mood = new_selector().request(None, 0)
    assert (without_mood.command, str(without_mood.sentence)[:11]) == (None, "no mood yet")
    without_music = MusicSelector(Playlists({}), Strategy.MATCH).request(SAD, 0)
    assert without_music.command is None
    assert "playlists in config.toml" in str(without_music.sentence)


def test_second_press_for_the_same_music_within_three_seconds_does_nothing() -> None:
    selector = new_selector()
    assert selector.request(SAD, 10).command
    assert selector.request(SAD, 10 + REPEAT_GUARD_S - 0.01) == Answer()
    assert selector.request(SAD, 10 + REPEAT_GUARD_S).command


def test_other_music_starts_without_delay() -> None:
    selector = new_selector()
    selector.request(SAD, 10)
    assert selector.request(HAPPY, 10.5).command, "the mood is another one"
    selector.next_strategy()
    assert selector.request(HAPPY, 11).command, "the strategy is another one"
    selector.reset_journey()
    assert selector.request(HAPPY, 11.5).command, "a mood was chosen by hand"


def test_each_press_of_a_journey_is_one_step() -> None:
    selector = new_selector(Strategy.JOURNEY)
    # A change of the mood meanwhile has no effect
    steps = [step(selector.request(mood, 10.0 * turn)) for turn, mood in enumerate([SAD, HAPPY, SAD, HAPPY, SAD], 1)]
    # The second and the third step have the same list
    assert steps == [0, 1, 3, 3, 3]
    assert selector.name == f"journey {JOURNEY_STEPS}/{JOURNEY_STEPS}"
    last = selector.plan(HAPPY)
    assert last is not None
    assert last.best == LIFTS


def test_journey_continues_without_a_mood() -> None:
    selector = new_selector(Strategy.JOURNEY)
    assert step(selector.request(SAD, 10)) == 0
    assert step(selector.request(None, 20)) == 1


def songs(*moods: Expression) -> Playlists:
    """Playlists with local songs for some moods."""
    return Playlists(
        {each: (MusicChoice(each.value, None, Path("/music") / each.value, POINTS[each], each),) for each in moods}
    )


def test_next_song_is_a_step_of_a_journey() -> None:
    selector = MusicSelector(songs(Expression.SAD, Expression.NEUTRAL, Expression.HAPPY), Strategy.JOURNEY)
    assert selector.next_song(9) is None
    selector.request(SAD, 10)
    steps: list[int | None] = []
    while (answer := selector.next_song(10.1)) is not None:
        steps.append(step(answer))
    assert steps == sorted(set(map(int, filter(None, steps))))
    assert steps[-1] == JOURNEY_STEPS - 1


def test_held_key_opens_one_link() -> None:
    selector = new_selector(Strategy.JOURNEY)
    selector.request(SAD, 10)
    for answer in (selector.next_song(10.1), selector.request(SAD, 10.2), selector.next_song(10.3)):
        assert answer is not None
        assert answer.command is None
        assert answer.sentence
    assert selector.name == "journey 1/4"
    later = selector.next_song(10 + REPEAT_GUARD_S)
    assert later is not None
    assert step(later) == 1


def test_steps_with_the_same_music_are_skipped() -> None:
    selector = MusicSelector(Playlists({Expression.SAD: (link(Expression.SAD),)}, (LIFTS,)), Strategy.JOURNEY)
    found = [selector.request(SAD, 10.0 * turn).command for turn in range(1, 3)]
    assert [command.plan.best for command in found if command and command.plan] == [link(Expression.SAD), LIFTS]


def test_journey_from_a_pleasant_mood_starts_at_its_last_step() -> None:
    selector = new_selector(Strategy.JOURNEY)
    assert step(selector.request(HAPPY, 10)) == JOURNEY_STEPS - 1
    assert selector.name == "journey 4/4"
    assert selector.next_song(20) is None


def test_journey_follows_the_player_forward_only() -> None:
    selector = new_selector(Strategy.JOURNEY)
    first = selector.request(SAD, 10).command
    assert first is not None
    assert first.plan is not None
    selector.note_playing(first.plan.next_step)
    assert selector.name == "journey 2/4"
    selector.note_playing(first.plan)
    selector.note_playing(None)
    assert selector.name == "journey 2/4"


def test_journey_ignores_songs_of_another_journey() -> None:
    selector = new_selector(Strategy.JOURNEY)
    old = selector.request(SAD, 10).command
    assert old is not None
    assert old.plan is not None
    assert selector.reset_journey() == PlayerCommand(end_journey=True)
    assert selector.reset_journey() is None, "no journey is in progress any more"
    selector.request(mood_of(Expression.ANGRY), 20)
    selector.note_playing(old.plan.next_step)
    assert selector.name == "journey 1/4"


def test_reset_journey_starts_again() -> None:
    selector = new_selector(Strategy.JOURNEY)
    for reset_s in (30, 60):
        selector.request(SAD, reset_s - 20)
        selector.request(SAD, reset_s - 10)
        if reset_s == 30:
            selector.reset_journey()
        else:
            for _ in Strategy:
                selector.next_strategy()
        again = selector.plan(mood_of(Expression.ANGRY))
        assert again is not None
        assert (again.step, again.best) == (0, link(Expression.ANGRY))
