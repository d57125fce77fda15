"""What keys ask of the music (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realtime.music.planner import Plan


@dataclass(frozen=True, slots=True)
class PlayerCommand:
    """Key presses that the music has not answered yet; those of a busy moment come to one.

    Attributes:
        plan: play the best of it that can be had.
        toggle: play in place of pause, or the other way round.
        skip: so many songs on, or back if below zero.
        shuffle: shuffle in place of in order, or the other way round.
        louder: steps of the volume, down if below zero.
        stay: a journey that is under way goes no further by itself.
    """

    plan: Plan | None = None
    toggle: bool = False
    skip: int = 0
    shuffle: bool = False
    louder: int = 0
    end_journey: bool = False

    def merged_with(self, later: PlayerCommand) -> PlayerCommand:
        """Both in one: two that undo each other are none. Music that is asked for later begins anew."""
        shuffle, louder = self.shuffle != later.shuffle, self.louder + later.louder
        if later.plan is not None:
            return PlayerCommand(later.plan, later.toggle, later.skip, shuffle, louder, later.end_journey)
        toggle, skip = self.toggle != later.toggle, self.skip + later.skip
        return PlayerCommand(self.plan, toggle, skip, shuffle, louder, self.end_journey or later.end_journey)
