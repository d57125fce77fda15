from __future__ import annotations

import pytest

from realtime.app.build import build_page, shipped_settings
from realtime.domain import Box, Expression, Face, Mood
from realtime.music.planner import Strategy
from realtime.page.visits import IDLE_S, MAX_VISITS, SILENT_S, FullError, GoneError, Visit, Visits

PARTS = build_page(shipped_settings(), lambda _: None, in_network=False)
HAPPY = Face(Box(0, 0, 10, 10), (0, 0, 0, 1, 0, 0, 0), track=1)


def new_visit() -> Visit:
    return Visit(PARTS.new_session)


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def visits(clock: Clock) -> Visits:
    return Visits(PARTS.new_session, clock)


def test_two_visits_do_not_share_a_mood(visits: Visits) -> None:
    (one, first), (other, second) = visits.begin(), visits.begin()
    assert one != other
    first.choose_mood(Expression.SAD, 0)
    first_mood = visits.get(one).mood()
    assert first_mood is not None
    assert first_mood.leader is Expression.SAD
    assert visits.get(other) is second
    assert second.mood() is None


def test_visits_of_open_tabs_stay_when_another_tab_comes(visits: Visits, clock: Clock) -> None:
    names = [visits.begin()[0] for _ in range(MAX_VISITS)]
    clock.now_s = SILENT_S
    with pytest.raises(FullError):
        visits.begin()
    assert len({id(visits.get(name)) for name in names}) == MAX_VISITS


def test_the_visit_that_was_silent_longest_goes_for_a_new_one(visits: Visits, clock: Clock) -> None:
    names = [visits.begin()[0] for _ in range(MAX_VISITS)]
    clock.now_s = 1.0
    visits.get(names[0])
    clock.now_s = SILENT_S + 0.5
    visits.begin()
    assert len(visits) == MAX_VISITS
    visits.get(names[0])
    with pytest.raises(GoneError):
        visits.get(names[1])


def test_an_idle_visit_is_forgotten(visits: Visits, clock: Clock) -> None:
    name, _ = visits.begin()
    clock.now_s = IDLE_S
    visits.get(name)
    clock.now_s = 2 * IDLE_S
    visits.get(name)
    clock.now_s = 3 * IDLE_S + 1
    with pytest.raises(GoneError):
        visits.get(name)


def test_the_mood_is_of_what_is_shown_unless_it_is_chosen_by_hand() -> None:
    visit = new_visit()
    visit.add_frame([HAPPY], 0.0, 0)
    assert leader(visit) is Expression.HAPPY
    visit.show_picture(Mood((0, 0, 0, 0, 0, 1, 0), Expression.SAD))
    assert leader(visit) is Expression.SAD
    visit.choose_mood(Expression.FEAR, 1.0)
    assert leader(visit) is Expression.FEAR
    visit.choose_mood(None, 2.0)
    assert leader(visit) is Expression.SAD
    visit.add_frame([HAPPY], 3.0, 0)
    assert leader(visit) is Expression.HAPPY
    visit.show_picture(None)
    assert visit.mood() is None


def leader(visit: Visit) -> Expression | None:
    mood = visit.mood()
    assert mood is not None
    return mood.leader


@pytest.mark.parametrize("strategy", Strategy)
def test_each_strategy_can_be_chosen(strategy: Strategy) -> None:
    visit = new_visit()
    for _ in range(2):
        visit.choose_strategy(strategy, 0.0)
        assert visit.session.strategy is strategy


def test_a_restart_forgets_votes_picture_and_choice() -> None:
    visit = new_visit()
    visit.add_frame([HAPPY], 5.0, 0)
    visit.add_frame([HAPPY], 7.5, 0)
    assert (visit.frames, visit.seconds) == (2, 2.5)
    visit.show_picture(Mood((0, 0, 0, 0, 0, 1, 0), Expression.SAD))
    visit.choose_mood(Expression.FEAR, 1.0)
    visit.restart()
    assert visit.mood() is None
    assert visit.session.summary().frames == 0
    assert (visit.frames, visit.seconds) == (0, 0.0)
