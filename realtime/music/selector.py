"""Choose the music that the next key press plays, and track the step of a journey (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from realtime.music.commands import PlayerCommand
from realtime.music.planner import JOURNEY_STEPS, ONLY_DISLIKED, Plan, Strategy, plan_music

if TYPE_CHECKING:
    from realtime.domain import Mood
    from realtime.music.catalog import Playlists
    from realtime.music.taste import Taste

REPEAT_GUARD_S = 3.0
"""Within so many seconds a second press for the same music, or for the next step, does nothing.

Otherwise a double press would open two tabs of the browser."""

NO_MOOD = "no mood yet: look at the camera first, or choose a mood with the keys 1 to 7"
"""Answer to a key that needs a mood."""

_TOO_SOON = "too soon: press it again in a moment"

_DESCRIPTIONS = {
    Strategy.MATCH: "music like the mood",
    Strategy.LIFT: "music towards calm and content",
    Strategy.JOURNEY: "from the mood towards calm and content, a step with each p",
}


@dataclass(frozen=True, slots=True)
class _Journey:
    """Mood at the start of a journey, and its current step, from 0."""

    mood: Mood
    step: int = 0

    @property
    def arrived(self) -> bool:
        return self.step + 1 >= JOURNEY_STEPS


@dataclass(frozen=True, slots=True)
class Answer:
    """Result of a key press.

    Attributes:
        sentence: for the screen; None if there is nothing to say.
        command: for the player; None if it has nothing to do.
    """

    sentence: str | None = None
    command: PlayerCommand | None = None


class MusicSelector:
    """Chooses the music to play next.

    A journey starts at the mood of its first press. It goes on to its last step, even if the mood changes meanwhile, and
    stays there until it is reset.

    Args:
        playlists: music that the settings name.
        strategy: strategy at the start.
        taste: thumbs of the person; None chooses without.
    """

    def __init__(self, playlists: Playlists, strategy: Strategy, taste: Taste | None = None) -> None:
        self._playlists = playlists
        self._taste = taste
        self.strategy = strategy
        self._journey: _Journey | None = None
        self._requested_at_s: float | None = None
        self._requested: Plan | None = None

    @property
    def name(self) -> str | None:
        """The strategy for the screen, with the step of a journey, as in "journey 2/4"; None for `Strategy.MATCH`."""
        if self._journey is not None:
            return f"{self.strategy.value} {self._journey.step + 1}/{JOURNEY_STEPS}"
        return None if self.strategy is Strategy.MATCH else self.strategy.value

    def next_strategy(self) -> Answer:
        """Switch to the next strategy; the sentence of the answer names it."""
        strategies = list(Strategy)
        self.strategy = strategies[(strategies.index(self.strategy) + 1) % len(strategies)]
        return Answer(f"{self.strategy.value}: {_DESCRIPTIONS[self.strategy]}", self.reset_journey())

    def reset_journey(self) -> PlayerCommand | None:
        """End the journey, so that the next press starts a new one without delay.

        Returns:
            A command that ends the journey in the player too; None if no journey was in progress.
        """
        journey, self._journey, self._requested_at_s = self._journey, None, None
        return None if journey is None else PlayerCommand(end_journey=True)

    def note_playing(self, playing: Plan | None) -> None:
        """Follow the player: where a song ends, the player takes the next step of a journey by itself.

        Args:
            playing: plan whose music plays now; None if no music plays.
        """
        if self._journey is None or playing is None or playing.step is None or playing.step <= self._journey.step:
            return
        expected = self._plan_at(replace(self._journey, step=playing.step))
        # The song may still belong to an earlier journey that was reset
        if expected is not None and (expected.target, expected.why) == (playing.target, playing.why):
            self._journey = replace(self._journey, step=playing.step)

    def plan(self, mood: Mood | None) -> Plan | None:
        """The plan for a mood, or the plan of the current step while a journey is in progress."""
        if self._journey is not None:
            return self._plan_at(self._journey)
        return plan_music(self._playlists, mood, self.strategy, taste=self._taste)

    def _plan_at(self, journey: _Journey) -> Plan | None:
        return plan_music(self._playlists, journey.mood, Strategy.JOURNEY, journey.step, self._taste)

    def forget_request(self) -> None:
        """Let the next press be answered at once: the music of the last one is not wanted."""
        self._requested_at_s = None

    def request(self, mood: Mood | None, now_s: float) -> Answer:
        """Handle a press of the playlist key.

        Args:
            mood: current mood; None while no mood is known.
            now_s: session time of the press, in seconds.
        """
        if mood is None and self._journey is None:
            return Answer(NO_MOOD)
        if self._journey is not None:
            return (
                Answer(_TOO_SOON) if self._too_soon(now_s) else self._take_step(self._next_distinct_step(self._journey), now_s)
            )
        if mood is not None and self.strategy is Strategy.JOURNEY:
            return self._take_step(_Journey(mood), now_s)
        plan = self.plan(mood)
        if self._too_soon(now_s) and _asks_the_same(plan, self._requested):
            return Answer()
        return self._answer(plan, now_s, mood, self.strategy)

    @property
    def is_travelling(self) -> bool:
        """Whether a journey is in progress that has not arrived."""
        return self._journey is not None and not self._journey.arrived

    def plan_for_dj(self, mood: Mood | None) -> Plan | None:
        """Choose music without a key; a journey starts, in place of one that was in progress: see `is_travelling`.

        Returns:
            The plan; None without a mood, and without music for it.
        """
        if mood is None:
            return None
        self._journey = None
        if self.strategy is Strategy.JOURNEY:
            journey = _Journey(mood)
            plan = self._plan_at(journey)
            self._journey = None if plan is None or plan.step is None else replace(journey, step=plan.step)
        else:
            plan = self.plan(mood)
        if plan is not None and self._taste is not None:
            self._taste.note_played(plan.best)
        return plan

    def next_song(self, now_s: float) -> Answer | None:
        """Handle a press of the key for the next song.

        Returns:
            The answer if the press is a step of a journey; None if the player just goes to its next song.
        """
        if self._journey is None or self._journey.arrived:
            return None
        ahead = self._next_distinct_step(self._journey)
        plan = self._plan_at(ahead)
        if plan is not None and plan.best.url is not None and self._too_soon(now_s):
            # A key that is held down must not fill the browser with tabs
            return Answer(_TOO_SOON)
        return self._take_step(ahead, now_s)

    def _too_soon(self, now_s: float) -> bool:
        return self._requested_at_s is not None and now_s - self._requested_at_s < REPEAT_GUARD_S

    def _next_distinct_step(self, journey: _Journey) -> _Journey:
        """The next step with other music than the current one; a journey that has arrived stays at its last step."""
        current = self._plan_at(journey)
        while not journey.arrived:
            journey = replace(journey, step=journey.step + 1)
            later = self._plan_at(journey)
            if current is None or later is None or later.best != current.best:
                break
        return journey

    def _take_step(self, journey: _Journey, now_s: float) -> Answer:
        plan = self._plan_at(journey)
        if plan is not None and plan.step is not None:
            self._journey = replace(journey, step=plan.step)
        return self._answer(plan, now_s, journey.mood, Strategy.JOURNEY)

    def _answer(self, plan: Plan | None, now_s: float, mood: Mood | None, strategy: Strategy) -> Answer:
        if plan is None:
            self._journey = None
            if plan_music(self._playlists, mood, strategy) is not None:
                return Answer(ONLY_DISLIKED)
            return Answer("no music for this mood in your settings: see playlists in config.toml")
        self._requested_at_s, self._requested = now_s, plan
        if self._taste is not None:
            self._taste.note_played(plan.best)
        return Answer(f"opening {plan.best.title}, {plan.why}", PlayerCommand(plan))


def _asks_the_same(plan: Plan | None, before: Plan | None) -> bool:
    """Whether two presses ask for the same: the same music, or the same list, which thumbs draw from anew for each press."""
    if plan is None or before is None:
        return False
    is_same_list = set(plan.choices) == set(before.choices) and (plan.strategy, plan.why) == (before.strategy, before.why)
    return plan.best == before.best or is_same_list
