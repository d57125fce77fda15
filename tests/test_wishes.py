from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from realtime.wishes import KEYS, Wish
from tests.lists import PLAN

presses = st.lists(st.sampled_from([*KEYS.values(), Wish(PLAN), Wish(stay=True)]))


def test_presses_of_a_busy_moment_come_to_one_wish() -> None:
    assert reduce(Wish.then, [KEYS["n"], KEYS["n"], KEYS[","], KEYS["n"]]) == Wish(skip=2)
    assert reduce(Wish.then, [KEYS["+"], KEYS["="], KEYS["-"]]) == Wish(louder=1)


def test_two_presses_that_undo_each_other_are_none() -> None:
    for key in (".", "z"):
        assert KEYS[key].then(KEYS[key]) == Wish()
        assert KEYS[key].then(KEYS[key]).then(KEYS[key]) == KEYS[key]


def test_music_that_is_asked_for_begins_anew_and_keeps_how_it_is_to_be_played() -> None:
    before = Wish(toggle=True, skip=3, shuffle=True, louder=-2)
    assert before.then(Wish(PLAN)) == Wish(PLAN, shuffle=True, louder=-2)
    assert Wish(PLAN).then(KEYS["n"]) == Wish(PLAN, skip=1)


@given(presses, presses)
def test_it_does_not_matter_which_presses_came_together(first: list[Wish], then: list[Wish]) -> None:
    one_by_one = reduce(Wish.then, [*first, *then], Wish())
    assert reduce(Wish.then, first, Wish()).then(reduce(Wish.then, then, Wish())) == one_by_one
