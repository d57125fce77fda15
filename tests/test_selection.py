from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.playlists import JOURNEY_STEPS, Playlists, Strategy
from realtime.selection import PLAY_AGAIN_S, Asked, Selection
from tests.lists import LIFTS, PLAYLISTS, link


def alone(expression: Expression) -> Mood:
    return Mood(tuple(float(each is expression) for each in EXPRESSIONS), expression)


SAD, HAPPY = alone(Expression.SAD), alone(Expression.HAPPY)


def selection(strategy: Strategy = Strategy.MATCH) -> Selection:
    return Selection(PLAYLISTS, strategy)


def step(asked: Asked) -> int | None:
    assert asked.wish is not None
    assert asked.wish.plan is not None
    return asked.wish.plan.step


def test_strategies_come_in_turn_and_each_says_what_it_is() -> None:
    chosen = selection()
    said = [chosen.change() for _ in Strategy]
    assert [sentence.split(":")[0] for sentence in said] == ["lift", "journey", "match"]
    assert chosen.strategy is Strategy.MATCH


def test_only_what_is_not_simply_matched_has_a_name_on_screen() -> None:
    assert selection().name is None
    assert selection(Strategy.LIFT).name == "lift"
    assert selection(Strategy.JOURNEY).name == "journey"


def test_a_press_asks_for_what_fits_and_says_so() -> None:
    asked = selection().ask(SAD, 10)
    assert asked.sentence == "opening sad, for sad"
    assert asked.wish is not None
    assert asked.wish.plan == selection().plan(SAD)
    assert selection(Strategy.LIFT).ask(SAD, 10).sentence == "opening calm, to lift sad"


def test_without_a_mood_or_music_a_press_says_what_to_do() -> None:
    nobody = selection().ask(None, 0)
    assert (nobody.wish, str(nobody.sentence)[:11]) == (None, "no mood yet")
    nothing = Selection(Playlists({}), Strategy.MATCH).ask(SAD, 0)
    assert nothing.wish is None
    assert "playlists in config.toml" in str(nothing.sentence)


def test_a_second_press_within_three_seconds_does_nothing() -> None:
    chosen = selection()
    assert chosen.ask(SAD, 10).wish
    assert chosen.ask(SAD, 10 + PLAY_AGAIN_S - 0.01) == Asked()
    assert chosen.ask(SAD, 10 + PLAY_AGAIN_S).wish


def test_each_press_of_a_journey_is_one_step_until_it_arrives() -> None:
    chosen = selection(Strategy.JOURNEY)
    # What the face looks like meanwhile does not turn it round
    steps = [step(chosen.ask(mood, 10.0 * turn)) for turn, mood in enumerate([SAD, HAPPY, SAD, HAPPY, SAD], 1)]
    assert steps == [0, 1, 2, 3, 3]
    assert chosen.name == f"journey {JOURNEY_STEPS}/{JOURNEY_STEPS}"
    last = chosen.plan(HAPPY)
    assert last is not None
    assert last.best == LIFTS


def test_a_journey_goes_on_where_nobody_is_seen_any_more() -> None:
    chosen = selection(Strategy.JOURNEY)
    assert step(chosen.ask(SAD, 10)) == 0
    assert step(chosen.ask(None, 20)) == 1


def test_the_next_song_is_a_step_too() -> None:
    chosen = selection(Strategy.JOURNEY)
    assert not chosen.on_the_way
    chosen.ask(SAD, 10)
    assert chosen.on_the_way
    assert [step(chosen.next_step(SAD, 10.1)) for _ in range(3)] == [1, 2, 3]
    assert not chosen.on_the_way


def test_a_journey_follows_the_songs_that_go_on_by_themselves_and_never_back() -> None:
    chosen = selection(Strategy.JOURNEY)
    first = chosen.ask(SAD, 10).wish
    assert first is not None
    assert first.plan is not None
    chosen.follow(first.plan.then)
    assert chosen.name == "journey 2/4"
    chosen.follow(first.plan)
    chosen.follow(None)
    assert chosen.name == "journey 2/4"


def test_a_journey_that_was_given_up_sets_out_anew() -> None:
    chosen = selection(Strategy.JOURNEY)
    for given_up_s in (30, 60):
        chosen.ask(SAD, given_up_s - 20)
        chosen.ask(SAD, given_up_s - 10)
        if given_up_s == 30:
            chosen.give_up()
        else:
            for _ in Strategy:
                chosen.change()
        again = chosen.plan(HAPPY)
        assert again is not None
        assert (again.step, again.best) == (0, link(Expression.HAPPY))
