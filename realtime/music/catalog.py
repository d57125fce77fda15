"""Music choices and the playlists that the settings name for each mood (pure)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, Expression
from realtime.mood.affect import POINTS, Point
from realtime.music.links import parse_link

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path


LONGEST_TITLE = 40
"""Maximum number of characters of a title: a longer one does not fit on one line of a picture 640 pixels wide."""
CALM = Point(0.55, -0.25)
"""Default point of music that lifts, where the settings give none."""


@dataclass(frozen=True, slots=True)
class MusicChoice:
    """One item of a playlist: a link, or songs of this computer.

    Attributes:
        title: name that emodj shows, 1..40 characters. It comes from the settings, since the owner of a linked list may
            rename the list.
        url: https link as `links.parse_link` returns it; None for music on this computer.
        path: absolute path of a folder, an M3U8 or a CSV of songs; None for a link.
        point: valence and arousal of the music.
        mood: mood whose playlist contains this choice. It selects the rows of a CSV, which holds songs of several moods.
            None for music that lifts.

    Raises:
        ValueError: the title or the link is invalid, or the choice has both a link and a path, or neither.
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
        if self.url is not None and parse_link(self.url) != self.url:
            raise ValueError(f"a choice holds the link as parse_link() returns it, {parse_link(self.url)}, not {self.url}")

    @property
    def place(self) -> str:
        """The link, or the path as a `file:` link."""
        return self.url if self.url is not None else self.path.as_uri() if self.path is not None else ""


@dataclass(frozen=True, slots=True)
class Playlists:
    """All music that the settings name.

    Attributes:
        moods: choices that match each expression, the preferred one first; an expression may have none.
        lift: choices that calm or release tension and match no mood. Only `Strategy.LIFT` and `Strategy.JOURNEY` use them.
    """

    moods: Mapping[Expression, tuple[MusicChoice, ...]]
    lift: tuple[MusicChoice, ...] = ()

    def all(self) -> tuple[MusicChoice, ...]:
        """Every choice once: first the choices of the moods, then those that lift."""
        return tuple(dict.fromkeys([*(choice for each in EXPRESSIONS for choice in self.moods.get(each, ())), *self.lift]))

    def with_library(self, library: Path, moods: Collection[Expression]) -> Playlists:
        """Put the user's library in front of the other choices.

        Args:
            library: path of the library: a folder or a CSV.
            moods: moods for which the library has songs; the playlists of other moods stay as they are.
        """
        songs = {each: MusicChoice("your own songs", None, library, POINTS[each], each) for each in moods}
        first = {each: (songs[each],) if each in songs else () for each in EXPRESSIONS}
        return Playlists({each: (*first[each], *self.moods.get(each, ())) for each in EXPRESSIONS}, self.lift)


def check_title(text: str) -> str:
    """Check a title and return it unchanged.

    Raises:
        ValueError: the title is blank, longer than 40 characters, or has line ends or control characters, which disturb a
            terminal. The message is a sentence.
    """
    if not text.strip():
        raise ValueError("a title needs at least one character that can be seen")
    if len(text) > LONGEST_TITLE:
        raise ValueError(f"a title has at most {LONGEST_TITLE} characters, not {len(text)}")
    # isprintable() is too strict: it refuses spaces of other widths and the joiners that some scripts need
    if any(unicodedata.category(mark) in {"Cc", "Cs", "Zl", "Zp"} for mark in text):
        raise ValueError("a title is one line without control characters")
    return text
