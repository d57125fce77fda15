"""Which music fits a mood: match, lift or journey. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.mood.affect import LIFTED, POINTS, Point, blend

if TYPE_CHECKING:
    from realtime.music.catalog import MusicChoice, Playlists


JOURNEY_STEPS = 4
"""From the mood to where it leads, both included."""
STAYS = 0.05
"""A journey that leads no further than this has arrived before it begins."""


class Strategy(Enum):
    """What a mood asks of music."""

    MATCH = "match"
    """Music like the mood."""
    LIFT = "lift"
    """Music towards calm and content."""
    JOURNEY = "journey"
    """From the one to the other, step by step: the iso-principle (Altshuler 1948; Starcke et al. 2021, IJERPH 18:12486)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a mood asks for.

    Attributes:
        strategy: by which it was chosen.
        wanted: what the music should sound like.
        choices: the best first; the next is for where it cannot be had. Never empty.
        why: in a few words, for the screen and the documents: "for happy".
        step: of a journey, from 0; else None.
        then: the next step of a journey; None at its end, and where there is none.
    """

    strategy: Strategy
    wanted: Point
    choices: tuple[MusicChoice, ...]
    why: str
    step: int | None = None
    then: Plan | None = None

    @property
    def best(self) -> MusicChoice:
        """What fits best."""
        return self.choices[0]


def plan_music(playlists: Playlists, mood: Mood | None, strategy: Strategy, step: int = 0) -> Plan | None:
    """What a mood asks for; None while there is no mood, or if there is no music for it.

    Args:
        playlists: what there is.
        mood: where the music starts from.
        strategy: a mood with a leader that is to be matched takes that mood's own list in its order. Anything else takes
            whatever lies nearest to one point: a mixed mood that is to be matched the mean of its shares, so that the
            loudest face does not choose for all.
        step: of a journey, from 0; beyond `JOURNEY_STEPS` it stays where it arrived.
    """
    if mood is None:
        return None
    step = min(step, JOURNEY_STEPS - 1)
    name = "faces that disagree" if mood.leader is None else mood.leader.value
    start, end = _point(mood, POINTS), _point(mood, LIFTED)
    if strategy is Strategy.MATCH:
        own = () if mood.leader is None else playlists.moods.get(mood.leader, ())
        matching = tuple(choice for each in EXPRESSIONS for choice in playlists.moods.get(each, ()))
        choices = own if mood.leader else _by_distance(matching, start)
        return Plan(strategy, start, choices, f"for {name}") if choices else None
    if start.distance(end) < STAYS:
        step = JOURNEY_STEPS - 1
    wanted = end if strategy is Strategy.LIFT else start.towards(end, step / (JOURNEY_STEPS - 1))
    choices = _by_distance(playlists.all(), wanted)
    if not choices:
        return None
    if strategy is Strategy.LIFT:
        return Plan(strategy, wanted, choices, f"to lift {name}")
    then = plan_music(playlists, mood, strategy, step + 1) if step + 1 < JOURNEY_STEPS else None
    return Plan(strategy, wanted, choices, f"step {step + 1} of {JOURNEY_STEPS} from {name}", step, then)


def _point(mood: Mood, points: dict[Expression, Point]) -> Point:
    return blend(mood.shares, points) if mood.leader is None else points[mood.leader]


def _by_distance(choices: tuple[MusicChoice, ...], wanted: Point) -> tuple[MusicChoice, ...]:
    return tuple(sorted(choices, key=lambda choice: choice.point.distance(wanted)))
