"""Which music a session asks for next: the strategy, and how far a journey has come (pure)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from realtime.music.commands import PlayerCommand
from realtime.music.planner import JOURNEY_STEPS, Plan, Strategy, plan_music

if TYPE_CHECKING:
    from realtime.domain import Mood
    from realtime.music.catalog import MusicChoice, Playlists

PLAY_AGAIN_S = 3.0
"""A second press for the same music, or for the next step, within so many seconds does nothing: one press, one tab."""

_SOON = "that was just now: press it again in a moment"

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
class Answer:
    """What came of asking for music: a sentence for the screen, and what is asked for, if anything."""

    sentence: str | None = None
    command: PlayerCommand | None = None


class MusicSelector:
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
        self._played: MusicChoice | None = None

    @property
    def name(self) -> str | None:
        """The strategy in a word or two, with the step of a journey; None where music just matches."""
        if self._journey is not None:
            return f"{self.strategy.value} {self._journey.step + 1}/{JOURNEY_STEPS}"
        return None if self.strategy is Strategy.MATCH else self.strategy.value

    def next_strategy(self) -> Answer:
        """Take the next strategy, and say which."""
        strategies = list(Strategy)
        self.strategy = strategies[(strategies.index(self.strategy) + 1) % len(strategies)]
        return Answer(f"{self.strategy.value}: {_SAID[self.strategy]}", self.reset_journey())

    def reset_journey(self) -> PlayerCommand | None:
        """The next press sets out anew, and at once; returns what to ask of the music where a journey was under way."""
        under_way, self._journey, self._played_at = self._journey, None, None
        return None if under_way is None else PlayerCommand(end_journey=True)

    def note_playing(self, begun: Plan | None) -> None:
        """Be told what is played: where a song ends, a journey goes on by itself."""
        if self._journey is None or begun is None or begun.step is None or begun.step <= self._journey.step:
            return
        own = self._at(replace(self._journey, step=begun.step))
        # The song may still be one of a journey that was given up
        if own is not None and (own.wanted, own.why) == (begun.wanted, begun.why):
            self._journey = replace(self._journey, step=begun.step)

    def plan(self, mood: Mood | None) -> Plan | None:
        """What a mood asks for, or a journey that is under way where it stands."""
        return plan_music(self._playlists, mood, self.strategy) if self._journey is None else self._at(self._journey)

    def _at(self, journey: _Journey) -> Plan | None:
        return plan_music(self._playlists, journey.mood, Strategy.JOURNEY, journey.step)

    def request(self, mood: Mood | None, now_s: float) -> Answer:
        """What a press of the playlist key at a moment comes to."""
        if mood is None and self._journey is None:
            return Answer("no mood yet: a face has to look at the camera first, or choose with 1 to 7")
        if self._journey is not None:
            return Answer(_SOON) if self._just_played(now_s) else self._step(self._ahead(self._journey), now_s)
        if mood is not None and self.strategy is Strategy.JOURNEY:
            return self._step(_Journey(mood), now_s)
        wanted = self.plan(mood)
        if wanted is not None and wanted.best == self._played and self._just_played(now_s):
            return Answer()
        return self._asked(wanted, now_s)

    def next_song(self, now_s: float) -> Answer | None:
        """What the key of the next song comes to where it is a step of a journey; None where it is just the next song."""
        if self._journey is None or self._journey.arrived:
            return None
        ahead = self._ahead(self._journey)
        wanted = self._at(ahead)
        if wanted is not None and wanted.best.url is not None and self._just_played(now_s):
            # A key that is held down must not fill the browser with tabs
            return Answer(_SOON)
        return self._step(ahead, now_s)

    def _just_played(self, now_s: float) -> bool:
        return self._played_at is not None and now_s - self._played_at < PLAY_AGAIN_S

    def _ahead(self, journey: _Journey) -> _Journey:
        """The next step that leads to other music; where it has arrived it stays."""
        here = self._at(journey)
        while not journey.arrived:
            journey = replace(journey, step=journey.step + 1)
            there = self._at(journey)
            if here is None or there is None or there.best != here.best:
                break
        return journey

    def _step(self, journey: _Journey, now_s: float) -> Answer:
        wanted = self._at(journey)
        if wanted is not None and wanted.step is not None:
            self._journey = replace(journey, step=wanted.step)
        return self._asked(wanted, now_s)

    def _asked(self, wanted: Plan | None, now_s: float) -> Answer:
        if wanted is None:
            self._journey = None
            return Answer("no music for this mood in your settings: see playlists in config.toml")
        self._played_at, self._played = now_s, wanted.best
        return Answer(f"opening {wanted.best.title}, {wanted.why}", PlayerCommand(wanted))
