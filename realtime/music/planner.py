"""Plan which music fits a mood: match, lift or journey (pure). Movies are planned by the same strategies and target points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.mood.affect import LIFTED, POINTS, Point, blend

if TYPE_CHECKING:
    from realtime.music.catalog import MusicChoice, Playlists
    from realtime.music.feedback import Tally
    from realtime.music.taste import Taste


JOURNEY_STEPS = 4
"""Number of steps of a journey, from the point of the mood to the lifted point, both included."""
MIN_JOURNEY_DISTANCE = 0.05
"""Shortest distance of a journey, in units of valence and arousal: a shorter one begins at its last step."""
ONLY_DISLIKED = "all music for this mood has two thumbs down: emodj feedback reset offers it again"
"""Why there is no plan, if `plan_music` finds one without thumbs."""


class Strategy(Enum):
    """Rule by which music is chosen for a mood."""

    MATCH = "match"
    """Music like the mood."""
    LIFT = "lift"
    """Music that leads towards calm and content."""
    JOURNEY = "journey"
    """From MATCH to LIFT, step by step: the iso-principle (Altshuler 1948; Starcke et al. 2021, IJERPH 18:12486)."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where music or movies for a mood should lie.

    Attributes:
        point: their valence and arousal.
        why: reason in a few words, for the screen and the documents: "for happy".
        step: step of a journey, from 0; None outside a journey.
    """

    point: Point
    why: str
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Music chosen for a mood.

    Attributes:
        strategy: rule that chose the music.
        target: valence and arousal that the music should have.
        choices: the best first; a later one replaces a choice that is not available. Never empty.
        why: reason in a few words, for the screen and the documents: "for happy".
        step: step of a journey, from 0; None outside a journey.
        next_step: plan of the next step of a journey; None at its end and outside a journey.
        learnt: thumbs of the best choice; None without any.
    """

    strategy: Strategy
    target: Point
    choices: tuple[MusicChoice, ...]
    why: str
    step: int | None = None
    next_step: Plan | None = None
    learnt: Tally | None = None

    @property
    def best(self) -> MusicChoice:
        """The choice that fits best."""
        return self.choices[0]


def plan_music(
    playlists: Playlists, mood: Mood | None, strategy: Strategy, step: int = 0, taste: Taste | None = None
) -> Plan | None:
    """Choose music for a mood.

    A mood with a leader, matched, takes the playlist of the leader in its order. Every other plan sorts choices by their
    distance to one target point. For a mixed mood, matched, the target is the mean of the shares, so that one face with
    a large share does not choose for all. With thumbs, a list is in the order of their draws, and so are choices that lie
    about equally near to a target.

    Args:
        playlists: music that the settings name.
        mood: mood at the start; None while no mood is known.
        strategy: rule that chooses the music.
        step: step of a journey, from 0; a step beyond the last one of `JOURNEY_STEPS` counts as the last.
        taste: thumbs of the person; None plans without.

    Returns:
        The plan, or None without a mood or without music for it.
    """
    if mood is None:
        return None
    target = find_target(mood, strategy, step)
    if strategy is not Strategy.MATCH:
        choices = _sort_by_distance(playlists.all(), target.point, taste)
    elif mood.leader is not None:
        own = playlists.moods.get(mood.leader, ())
        choices = own if taste is None else taste.arrange(own)
    else:
        matching = tuple(choice for each in EXPRESSIONS for choice in playlists.moods.get(each, ()))
        choices = _sort_by_distance(matching, target.point, taste)
    if not choices:
        return None
    following = JOURNEY_STEPS if target.step is None else target.step + 1
    next_step = plan_music(playlists, mood, strategy, following, taste) if following < JOURNEY_STEPS else None
    learnt = None if taste is None else taste.tally(choices[0])
    return Plan(strategy, target.point, choices, target.why, target.step, next_step, learnt)


def keep_songs(plan: Plan) -> Plan | None:
    """A plan, and the later steps of its journey, with songs of one's own alone; None if it has none."""
    songs = tuple(choice for choice in plan.choices if choice.path is not None)
    if not songs:
        return None
    next_step = None if plan.next_step is None else keep_songs(plan.next_step)
    return replace(plan, choices=songs, next_step=next_step, learnt=plan.learnt if songs[0] == plan.best else None)


def find_target(mood: Mood, strategy: Strategy, step: int = 0) -> Target:
    """Find the point that a strategy asks for.

    For a mixed mood it is found from the mean of the shares, so that one face with a large share does not choose for all.

    Args:
        mood: mood at the start.
        strategy: rule that chooses.
        step: step of a journey, from 0; a step beyond the last one of `JOURNEY_STEPS` counts as the last. A journey shorter
            than `MIN_JOURNEY_DISTANCE` has only its last step.
    """
    name, start, end = name_mood(mood), _point_of_mood(mood, POINTS), _point_of_mood(mood, LIFTED)
    if strategy is Strategy.MATCH:
        return Target(start, f"for {name}")
    if strategy is Strategy.LIFT:
        return Target(end, f"to lift {name}")
    step = JOURNEY_STEPS - 1 if start.distance(end) < MIN_JOURNEY_DISTANCE else min(step, JOURNEY_STEPS - 1)
    return Target(start.towards(end, step / (JOURNEY_STEPS - 1)), f"step {step + 1} of {JOURNEY_STEPS} from {name}", step)


def name_mood(mood: Mood) -> str:
    """Name a mood in a sentence: its leader, or "faces that disagree"."""
    return "faces that disagree" if mood.leader is None else mood.leader.value


def _point_of_mood(mood: Mood, points: dict[Expression, Point]) -> Point:
    return blend(mood.shares, points) if mood.leader is None else points[mood.leader]


def _sort_by_distance(choices: tuple[MusicChoice, ...], target: Point, taste: Taste | None) -> tuple[MusicChoice, ...]:
    if taste is not None:
        return taste.arrange(choices, [choice.point.distance(target) for choice in choices])
    return tuple(sorted(choices, key=lambda choice: choice.point.distance(target)))
