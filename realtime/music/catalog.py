"""Which music there is for which mood, and which of it a mood asks for (pure)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, Expression
from realtime.mood.affect import POINTS, Point
from realtime.music.links import parse

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path


LONGEST_TITLE = 40
"""Characters of a title: more does not fit on one line of a 640 pixels wide picture."""
CALM = Point(0.55, -0.25)
"""Where music is that lifts, if nothing else is said of it."""


@dataclass(frozen=True, slots=True)
class MusicChoice:
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

    moods: Mapping[Expression, tuple[MusicChoice, ...]]
    lift: tuple[MusicChoice, ...] = ()

    def all(self) -> tuple[MusicChoice, ...]:
        """Every choice, those of moods first, each once."""
        return tuple(dict.fromkeys([*(choice for each in EXPRESSIONS for choice in self.moods.get(each, ())), *self.lift]))

    def preferring(self, library: Path, moods: Collection[Expression]) -> Playlists:
        """The same with a person's own songs before all others of the moods that the library has some for."""
        own = {each: MusicChoice("your own songs", None, library, POINTS[each], each) for each in moods}
        first = {each: (own[each],) if each in own else () for each in EXPRESSIONS}
        return Playlists({each: (*first[each], *self.moods.get(each, ())) for each in EXPRESSIONS}, self.lift)


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
