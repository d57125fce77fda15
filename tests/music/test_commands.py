from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from realtime.music.commands import PlayerCommand
from tests.support.lists import PLAN
from tests.support.player_keys import COMMAND_KEYS

presses = st.lists(st.sampled_from([*COMMAND_KEYS.values(), PlayerCommand(PLAN), PlayerCommand(end_journey=True)]))


def test_presses_merge_into_one_command() -> None:
    assert reduce(
        PlayerCommand.merged_with, [COMMAND_KEYS["n"], COMMAND_KEYS["n"], COMMAND_KEYS[","], COMMAND_KEYS["n"]]
    ) == PlayerCommand(skip=2)
    assert reduce(PlayerCommand.merged_with, [COMMAND_KEYS["+"], COMMAND_KEYS["="], COMMAND_KEYS["-"]]) == PlayerCommand(
        louder=1
    )


def test_two_toggles_cancel_each_other() -> None:
    for key in (".", "z"):
        assert COMMAND_KEYS[key].merged_with(COMMAND_KEYS[key]) == PlayerCommand()
        assert COMMAND_KEYS[key].merged_with(COMMAND_KEYS[key]).merged_with(COMMAND_KEYS[key]) == COMMAND_KEYS[key]


def test_later_plan_drops_skips_and_keeps_shuffle_and_volume() -> None:
    before = PlayerCommand(toggle=True, skip=3, shuffle=True, louder=-2)
    assert before.merged_with(PlayerCommand(PLAN)) == PlayerCommand(PLAN, shuffle=True, louder=-2)
    assert PlayerCommand(PLAN).merged_with(COMMAND_KEYS["n"]) == PlayerCommand(PLAN, skip=1)


@given(presses, presses)
def test_merging_is_associative(first: list[PlayerCommand], then: list[PlayerCommand]) -> None:
    one_by_one = reduce(PlayerCommand.merged_with, [*first, *then], PlayerCommand())
    assert (
        reduce(PlayerCommand.merged_with, first, PlayerCommand()).merged_with(
            reduce(PlayerCommand.merged_with, then, PlayerCommand())
        )
        == one_by_one
    )
