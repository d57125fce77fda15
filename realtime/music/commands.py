"""Player commands that keys give, merged while the player is busy (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realtime.music.planner import Plan

VOLUME_STEP = 10
"""Change of the volume for one step, in per cent."""
NOTHING_PLAYING = "nothing is playing: press p for music"
"""Answer of a player to a key that needs music."""


@dataclass(frozen=True, slots=True)
class PlayerCommand:
    """Key presses that the player has not handled yet. While the player is busy, presses merge into one command.

    Attributes:
        plan: play the first choice of this plan that is available.
        toggle: switch between playing and paused.
        skip: number of songs to go forward, or back if negative.
        shuffle: switch between shuffled and in order.
        louder: number of volume steps, up if positive and down if negative.
        end_journey: the current journey takes no further step by itself.
    """

    plan: Plan | None = None
    toggle: bool = False
    skip: int = 0
    shuffle: bool = False
    louder: int = 0
    end_journey: bool = False

    def merged_with(self, later: PlayerCommand) -> PlayerCommand:
        """Merge this command with a later one.

        Two toggles cancel each other, as do two skips in opposite directions. A later plan replaces the music, so earlier
        skips and pauses are dropped with it; shuffle and volume stay.
        """
        shuffle, louder = self.shuffle != later.shuffle, self.louder + later.louder
        if later.plan is not None:
            return PlayerCommand(later.plan, later.toggle, later.skip, shuffle, louder, later.end_journey)
        toggle, skip = self.toggle != later.toggle, self.skip + later.skip
        return PlayerCommand(self.plan, toggle, skip, shuffle, louder, self.end_journey or later.end_journey)
