from pathlib import Path

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.mood.affect import POINTS
from realtime.music.catalog import MusicChoice, Playlists
from realtime.music.commands import PlayerCommand
from realtime.music.planner import JOURNEY_STEPS, Strategy
from realtime.music.selector import PLAY_AGAIN_S, Answer, MusicSelector
from tests.support.lists import LIFTS, PLAYLISTS, link


def alone(expression: Expression) -> Mood:
    return Mood(tuple(float(each is expression) for each in EXPRESSIONS), expression)


SAD, HAPPY = alone(Expression.SAD), alone(Expression.HAPPY)


def selection(strategy: Strategy = Strategy.MATCH) -> MusicSelector:
    return MusicSelector(PLAYLISTS, strategy)


def step(asked: Answer) -> int | None:
    assert asked.command is not None
    assert asked.command.plan is not None
    return asked.command.plan.step


def test_strategies_come_in_turn_and_each_says_what_it_is() -> None:
    chosen = selection()
    asked = [chosen.next_strategy() for _ in Strategy]
    assert [str(each.sentence).split(":")[0] for each in asked] == ["lift", "journey", "match"]
    assert [each.command for each in asked] == [None, None, None]
    assert chosen.strategy is Strategy.MATCH


def test_only_what_is_not_simply_matched_has_a_name_on_screen() -> None:
    assert selection().name is None
    assert selection(Strategy.LIFT).name == "lift"
    assert selection(Strategy.JOURNEY).name == "journey"


def test_a_press_asks_for_what_fits_and_says_so() -> None:
    asked = selection().request(SAD, 10)
    assert asked.sentence == "opening sad, for sad"
    assert asked.command is not None
    assert asked.command.plan == selection().plan(SAD)
    assert selection(Strategy.LIFT).request(SAD, 10).sentence == "opening calm, to lift sad"


def test_without_a_mood_or_music_a_press_says_what_to_do() -> None:
    nobody = selection().request(None, 0)
    assert (nobody.command, str(nobody.sentence)[:11]) == (None, "no mood yet")
    nothing = MusicSelector(Playlists({}), Strategy.MATCH).request(SAD, 0)
    assert nothing.command is None
    assert "playlists in config.toml" in str(nothing.sentence)


def test_a_second_press_for_the_same_music_within_three_seconds_does_nothing() -> None:
    chosen = selection()
    assert chosen.request(SAD, 10).command
    assert chosen.request(SAD, 10 + PLAY_AGAIN_S - 0.01) == Answer()
    assert chosen.request(SAD, 10 + PLAY_AGAIN_S).command


def test_other_music_need_not_wait() -> None:
    chosen = selection()
    chosen.request(SAD, 10)
    assert chosen.request(HAPPY, 10.5).command, "the mood is another one"
    chosen.next_strategy()
    assert chosen.request(HAPPY, 11).command, "the strategy is another one"
    chosen.reset_journey()
    assert chosen.request(HAPPY, 11.5).command, "a mood was chosen by hand"


def test_each_press_of_a_journey_is_one_step_until_it_arrives() -> None:
    chosen = selection(Strategy.JOURNEY)
    # What the face looks like meanwhile does not turn it round
    steps = [step(chosen.request(mood, 10.0 * turn)) for turn, mood in enumerate([SAD, HAPPY, SAD, HAPPY, SAD], 1)]
    # The second and the third lead to the same list
    assert steps == [0, 1, 3, 3, 3]
    assert chosen.name == f"journey {JOURNEY_STEPS}/{JOURNEY_STEPS}"
    last = chosen.plan(HAPPY)
    assert last is not None
    assert last.best == LIFTS


def test_a_journey_goes_on_where_nobody_is_seen_any_more() -> None:
    chosen = selection(Strategy.JOURNEY)
    assert step(chosen.request(SAD, 10)) == 0
    assert step(chosen.request(None, 20)) == 1


def songs(*moods: Expression) -> Playlists:
    """Songs for some moods, on this computer."""
    return Playlists(
        {each: (MusicChoice(each.value, None, Path("/music") / each.value, POINTS[each], each),) for each in moods}
    )


def test_the_next_song_is_a_step_too_until_it_arrives() -> None:
    chosen = MusicSelector(songs(Expression.SAD, Expression.NEUTRAL, Expression.HAPPY), Strategy.JOURNEY)
    assert chosen.next_song(9) is None
    chosen.request(SAD, 10)
    steps: list[int | None] = []
    while (asked := chosen.next_song(10.1)) is not None:
        steps.append(step(asked))
    assert steps == sorted(set(map(int, filter(None, steps))))
    assert steps[-1] == JOURNEY_STEPS - 1


def test_a_key_that_is_held_down_opens_one_link() -> None:
    chosen = selection(Strategy.JOURNEY)
    chosen.request(SAD, 10)
    for asked in (chosen.next_song(10.1), chosen.request(SAD, 10.2), chosen.next_song(10.3)):
        assert asked is not None
        assert asked.command is None
        assert asked.sentence
    assert chosen.name == "journey 1/4"
    onward = chosen.next_song(10 + PLAY_AGAIN_S)
    assert onward is not None
    assert step(onward) == 1


def test_steps_that_lead_to_the_same_music_are_one() -> None:
    chosen = MusicSelector(Playlists({Expression.SAD: (link(Expression.SAD),)}, (LIFTS,)), Strategy.JOURNEY)
    found = [chosen.request(SAD, 10.0 * turn).command for turn in range(1, 3)]
    assert [wish.plan.best for wish in found if wish and wish.plan] == [link(Expression.SAD), LIFTS]


def test_a_journey_from_what_is_kept_has_arrived() -> None:
    chosen = selection(Strategy.JOURNEY)
    assert step(chosen.request(HAPPY, 10)) == JOURNEY_STEPS - 1
    assert chosen.name == "journey 4/4"
    assert chosen.next_song(20) is None


def test_a_journey_follows_the_songs_that_go_on_by_themselves_and_never_back() -> None:
    chosen = selection(Strategy.JOURNEY)
    first = chosen.request(SAD, 10).command
    assert first is not None
    assert first.plan is not None
    chosen.note_playing(first.plan.then)
    assert chosen.name == "journey 2/4"
    chosen.note_playing(first.plan)
    chosen.note_playing(None)
    assert chosen.name == "journey 2/4"


def test_a_journey_does_not_follow_the_songs_of_another() -> None:
    chosen = selection(Strategy.JOURNEY)
    old = chosen.request(SAD, 10).command
    assert old is not None
    assert old.plan is not None
    assert chosen.reset_journey() == PlayerCommand(end_journey=True)
    assert chosen.reset_journey() is None, "nothing is under way any more"
    chosen.request(alone(Expression.ANGRY), 20)
    chosen.note_playing(old.plan.then)
    assert chosen.name == "journey 1/4"


def test_a_journey_that_was_given_up_sets_out_anew() -> None:
    chosen = selection(Strategy.JOURNEY)
    for given_up_s in (30, 60):
        chosen.request(SAD, given_up_s - 20)
        chosen.request(SAD, given_up_s - 10)
        if given_up_s == 30:
            chosen.reset_journey()
        else:
            for _ in Strategy:
                chosen.next_strategy()
        again = chosen.plan(alone(Expression.ANGRY))
        assert again is not None
        assert (again.step, again.best) == (0, link(Expression.ANGRY))
