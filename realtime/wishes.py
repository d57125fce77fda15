"""What keys ask of the music (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realtime.playlists import Plan


@dataclass(frozen=True, slots=True)
class Wish:
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
    stay: bool = False

    def then(self, later: Wish) -> Wish:
        """Both in one: two that undo each other are none. Music that is asked for later begins anew."""
        shuffle, louder = self.shuffle != later.shuffle, self.louder + later.louder
        if later.plan is not None:
            return Wish(later.plan, later.toggle, later.skip, shuffle, louder, later.stay)
        toggle, skip = self.toggle != later.toggle, self.skip + later.skip
        return Wish(self.plan, toggle, skip, shuffle, louder, self.stay or later.stay)


KEYS: dict[str, Wish] = {
    ".": Wish(toggle=True),
    "n": Wish(skip=1),
    ",": Wish(skip=-1),
    "z": Wish(shuffle=True),
    "-": Wish(louder=-1),
    "+": Wish(louder=1),
    "=": Wish(louder=1),
}
"""The keys of the music, in the window and in a terminal alike."""
