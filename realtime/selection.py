"""Which music a session asks for next: the strategy, and how far a journey has come (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from realtime.playlists import JOURNEY_STEPS, Plan, Playlists, Strategy, plan
from realtime.wishes import Wish

if TYPE_CHECKING:
    from realtime.domain import Mood

PLAY_AGAIN_S = 3.0
"""A second press of the playlist key within so many seconds does nothing: one press, one tab in the browser."""

_SAID = {
    Strategy.MATCH: "music like the mood",
    Strategy.LIFT: "music towards calm and content",
    Strategy.JOURNEY: "from the mood towards calm and content, a step with each p",
}


@dataclass(frozen=True, slots=True)
class _Journey:
    """Where a journey set out from, and how far it came."""

    mood: Mood
    step: int = 0

    @property
    def arrived(self) -> bool:
        return self.step + 1 >= JOURNEY_STEPS


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking for music: a sentence for the screen, and what is asked for, if anything."""

    sentence: str | None = None
    wish: Wish | None = None


class Selection:
    """What to play next.

    A journey starts at the mood of its first press and goes on until it arrives, whatever the mood does meanwhile; there it
    stays until it is given up.

    Args:
        playlists: what there is.
        strategy: what a mood asks of it at the start.
    """

    def __init__(self, playlists: Playlists, strategy: Strategy) -> None:
        self._playlists = playlists
        self.strategy = strategy
        self._journey: _Journey | None = None
        self._played_at: float | None = None

    @property
    def name(self) -> str | None:
        """The strategy in a word or two, with the step of a journey; None where music just matches."""
        if self._journey is not None:
            return f"{self.strategy.value} {self._journey.step + 1}/{JOURNEY_STEPS}"
        return None if self.strategy is Strategy.MATCH else self.strategy.value

    @property
    def on_the_way(self) -> bool:
        """Whether a journey has steps left."""
        return self._journey is not None and not self._journey.arrived

    def change(self) -> str:
        """Take the next strategy; returns the sentence that says which."""
        strategies = list(Strategy)
        self.strategy = strategies[(strategies.index(self.strategy) + 1) % len(strategies)]
        self.give_up()
        return f"{self.strategy.value}: {_SAID[self.strategy]}"

    def give_up(self) -> None:
        """The next press sets out anew."""
        self._journey = None

    def follow(self, begun: Plan | None) -> None:
        """Be told what is played: where a song ends, a journey goes on by itself."""
        if self._journey is not None and begun is not None and begun.step is not None:
            self._journey = replace(self._journey, step=max(self._journey.step, begun.step))

    def plan(self, mood: Mood | None) -> Plan | None:
        """What a mood asks for, or a journey that is under way where it stands."""
        if self._journey is not None:
            return plan(self._playlists, self._journey.mood, Strategy.JOURNEY, self._journey.step)
        return plan(self._playlists, mood, self.strategy)

    def ask(self, mood: Mood | None, now_s: float) -> Asked:
        """What a press of the playlist key at a moment comes to."""
        if mood is None and self._journey is None:
            return Asked("no mood yet: a face has to look at the camera first, or choose with 1 to 7")
        if self._played_at is not None and now_s - self._played_at < PLAY_AGAIN_S:
            return Asked()
        if self._journey is not None:
            return self.next_step(mood, now_s)
        if mood is not None and self.strategy is Strategy.JOURNEY:
            self._journey = _Journey(mood)
        return self._asked(mood, now_s)

    def next_step(self, mood: Mood | None, now_s: float) -> Asked:
        """Go on with a journey; where it has arrived it stays."""
        if self._journey is not None and not self._journey.arrived:
            self._journey = replace(self._journey, step=self._journey.step + 1)
        return self._asked(mood, now_s)

    def _asked(self, mood: Mood | None, now_s: float) -> Asked:
        wanted = self.plan(mood)
        if wanted is None:
            self._journey = None
            return Asked("no music for this mood in your settings: see playlists in config.toml")
        self._played_at = now_s
        return Asked(f"opening {wanted.best.title}, {wanted.why}", Wish(wanted))
