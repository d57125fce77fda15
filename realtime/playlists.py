"""Which music there is for which mood, and which of it a mood asks for (pure)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from realtime.affect import LIFTED, POINTS, Point, blend
from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.links import parse

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

LONGEST_TITLE = 40
"""Characters of a title: more does not fit on one line of a 640 pixels wide picture."""

CALM = Point(0.55, -0.25)
"""Where music is that lifts, if nothing else is said of it."""

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
class Choice:
    """Music that can be had in one place.

    Attributes:
        title: our own words for it, 1..40 characters; lists that others keep get renamed.
        url: an https link as `links.parse` returns it; None for music on this computer.
        path: absolute path of a folder, an M3U8 or a CSV of songs; None for a link.
        point: what it sounds like.
        mood: in whose list it stands: a CSV holds songs of several; None for what lifts.

    Raises:
        ValueError: the title or the link will not do, or there are both a link and a path, or none.
    """

    title: str
    url: str | None
    path: Path | None
    point: Point
    mood: Expression | None = None

    def __post_init__(self) -> None:
        check_title(self.title)
        if (self.url is None) == (self.path is None):
            raise ValueError("music is either a link or a path")
        if self.url is not None and parse(self.url) != self.url:
            raise ValueError(f"a choice holds the link as parse() returns it, {parse(self.url)}, not {self.url}")

    @property
    def place(self) -> str:
        """Where it is: the link, or the path as a `file:` link."""
        return self.url if self.url is not None else self.path.as_uri() if self.path is not None else ""


@dataclass(frozen=True, slots=True)
class Playlists:
    """All music that a configuration names.

    Attributes:
        moods: for each expression what matches it, the first choice first; maybe none.
        lift: what calms or releases and matches no mood: only for `Strategy.LIFT` and `Strategy.JOURNEY`.
    """

    moods: Mapping[Expression, tuple[Choice, ...]]
    lift: tuple[Choice, ...] = ()

    def all(self) -> tuple[Choice, ...]:
        """Every choice, those of moods first, each once."""
        return tuple(dict.fromkeys([*(choice for each in EXPRESSIONS for choice in self.moods.get(each, ())), *self.lift]))

    def preferring(self, library: Path, moods: Collection[Expression]) -> Playlists:
        """The same with a person's own songs before all others of the moods that the library has some for."""
        own = {each: Choice("your own songs", None, library, POINTS[each], each) for each in moods}
        first = {each: (own[each],) if each in own else () for each in EXPRESSIONS}
        return Playlists({each: (*first[each], *self.moods.get(each, ())) for each in EXPRESSIONS}, self.lift)


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
    choices: tuple[Choice, ...]
    why: str
    step: int | None = None
    then: Plan | None = None

    @property
    def best(self) -> Choice:
        """What fits best."""
        return self.choices[0]


def plan(playlists: Playlists, mood: Mood | None, strategy: Strategy, step: int = 0) -> Plan | None:
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
    then = plan(playlists, mood, strategy, step + 1) if step + 1 < JOURNEY_STEPS else None
    return Plan(strategy, wanted, choices, f"step {step + 1} of {JOURNEY_STEPS} from {name}", step, then)


def check_title(text: str) -> str:
    """Return the title as it is.

    Raises:
        ValueError: it is blank, longer than 40 characters or would upset a terminal; the message is a sentence.
    """
    if not text.strip():
        raise ValueError("a title needs at least one character that can be seen")
    if len(text) > LONGEST_TITLE:
        raise ValueError(f"a title has at most {LONGEST_TITLE} characters, not {len(text)}")
    # Blanks of other widths and the joiners of scripts are welcome, so isprintable() is too strict
    if any(unicodedata.category(mark) in {"Cc", "Cs", "Zl", "Zp"} for mark in text):
        raise ValueError("a title is one line without control characters")
    return text


def _point(mood: Mood, points: dict[Expression, Point]) -> Point:
    return blend(mood.shares, points) if mood.leader is None else points[mood.leader]


def _by_distance(choices: tuple[Choice, ...], wanted: Point) -> tuple[Choice, ...]:
    return tuple(sorted(choices, key=lambda choice: choice.point.distance(wanted)))
