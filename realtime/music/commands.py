"""Player commands that keys and the DJ give, merged while the player is busy, and what the player answers (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realtime.music.planner import Plan

VOLUME_STEP = 10
"""Change of the volume for one step, in per cent."""
NOTHING_PLAYING = "nothing is playing: press p for music"
"""Answer of a player to a key that needs music."""


class DjAct(Enum):
    """What the DJ decides; the value is its name in documents."""

    BEGIN = "begin"
    """Start music, as none plays."""
    NEXT = "next"
    """Play other music when the song has ended."""
    NOW = "now"
    """Play other music now: nobody knows where the song ends."""
    STAY = "stay"
    """Forget the music that was to come next."""
    FADE = "fade"
    """Fade out and pause."""
    RESUME = "resume"
    """End the pause after a fade."""
    SUGGEST = "suggest"
    """Only say what would fit."""


@dataclass(frozen=True, slots=True)
class DjOrder:
    """What the DJ wants of the player.

    Attributes:
        act: any but `DjAct.SUGGEST`.
        number: published in `PlayingMusic.order` once the music has changed, in `PlayingMusic.failed` if it could not.
        plan: music for BEGIN, NEXT and NOW.
        opens_link: whether a link may be opened outside emodj.
    """

    act: DjAct
    number: int
    plan: Plan | None = None
    opens_link: bool = False


class MusicKind(Enum):
    """What kind of music plays."""

    NOTHING = "nothing"
    SONGS = "songs"
    SPOTIFY = "spotify"
    """A list that emodj has started on a Spotify device."""
    LINK = "link"
    """A link that was handed to a browser or an app: emodj does not know what it plays."""
    OTHER = "other"
    """Spotify starts, or it plays music that emodj did not start."""


@dataclass(frozen=True, slots=True)
class PlayingMusic:
    """What the player does, for the DJ.

    Attributes:
        kind: kind of the music; a paused song counts as well.
        song: number of songs started so far: it grows with each song.
        paused: whether the song is paused.
        end_known: whether the player notices where this song ends.
        order: number of the latest order of the DJ that has changed the music, 0 before the first.
        failed: number of the latest order of the DJ whose music could not be played, 0 before the first.
        failure: why, in a sentence; empty before the first.
    """

    kind: MusicKind = MusicKind.NOTHING
    song: int = 0
    paused: bool = False
    end_known: bool = True
    order: int = 0
    failed: int = 0
    failure: str = ""


@dataclass(frozen=True, slots=True)
class PlayerCommand:
    """Key presses that the player has not handled yet. While the player is busy, presses merge into one command.

    Attributes:
        plan: play the first choice of this plan that is available.
        toggle: switch between playing and paused.
        skip: number of songs to go forward, or back if negative.
        shuffle: switch between shuffled and in order.
        louder: number of volume steps, up if positive and down if negative.
        end_journey: the current journey takes no further step by itself.
        dj: what the DJ wants; carried out after the rest.
    """

    plan: Plan | None = None
    toggle: bool = False
    skip: int = 0
    shuffle: bool = False
    louder: int = 0
    end_journey: bool = False
    dj: DjOrder | None = None

    def merged_with(self, later: PlayerCommand) -> PlayerCommand:
        """Merge this command with a later one.

        Two toggles cancel each other, as do two skips in opposite directions. A later plan replaces the music, so earlier
        skips and pauses, and an order of the DJ, are dropped with it; shuffle and volume stay. Of two orders of the DJ the
        later one stays.
        """
        shuffle, louder = self.shuffle != later.shuffle, self.louder + later.louder
        if later.plan is not None:
            return PlayerCommand(later.plan, later.toggle, later.skip, shuffle, louder, later.end_journey, later.dj)
        toggle, skip = self.toggle != later.toggle, self.skip + later.skip
        end_journey, dj = self.end_journey or later.end_journey, later.dj or self.dj
        return PlayerCommand(self.plan, toggle, skip, shuffle, louder, end_journey, dj)
