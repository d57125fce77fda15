"""What a live session knows and what its keys do; no device, no clock, no thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, Mood
from realtime.overlay import Screen
from realtime.playlists import Strategy
from realtime.selection import Selection
from realtime.wishes import KEYS as MUSIC_KEYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Expression, Face
    from realtime.mood import MoodVote
    from realtime.playlists import Plan, Playlists
    from realtime.selection import Asked
    from realtime.songs import Playing
    from realtime.wishes import Wish

NOTICE_S = 4.0
"""How long a sentence stays on screen."""

WELCOME = "analysed on this computer, nothing is saved"
"""Said at the start, where nothing is."""


class Action(Enum):
    """What a key asks of the parts around the session."""

    QUIT = auto()
    SNAPSHOT = auto()
    FULL_SCREEN = auto()
    FREEZE = auto()
    NEXT_CAMERA = auto()


@dataclass(frozen=True, slots=True)
class Summary:
    """What a session came to.

    Attributes:
        mood: of all its votes, or the one chosen by hand; None if nobody voted.
        shares: what the faces looked like, 0..1 for each expression; None if nobody voted.
        frames: how many were analysed.
        seconds: from the first analysed frame to the last.
        plan: what music fits the mood.
    """

    mood: Mood | None
    shares: tuple[float, ...] | None
    frames: int
    seconds: float
    plan: Plan | None


class Session:
    """The state of a live session.

    Args:
        vote: the session's own.
        playlists: what music there is.
        strategy: what a mood asks of it at the start.
        mirrored: whether the picture is shown as in a mirror.
        bars: whether the three most probable expressions are shown.
        info: whether rate and latency are shown.
        welcome: what the screen says at the start.
    """

    def __init__(
        self,
        vote: MoodVote,
        playlists: Playlists,
        *,
        strategy: Strategy = Strategy.MATCH,
        mirrored: bool,
        bars: bool,
        info: bool,
        welcome: str = WELCOME,
    ) -> None:
        self.welcome = welcome
        self._vote = vote
        self._selection = Selection(playlists, strategy)
        self._screen = Screen(mirrored=mirrored, bars=bars)
        self._shows_info = info
        self._notice_until: float | None = None
        self._frames = 0
        self._first_s = self._last_s = 0.0
        self._stretch = 0

    @property
    def frozen(self) -> bool:
        """Whether picture and vote stand still."""
        return self._screen.frozen

    def take(self, faces: Sequence[Face], time_s: float, stretch: int = 0) -> None:
        """Count the faces of one analysed frame, of `time_s` in seconds on the source's clock, in a stretch of it."""
        if stretch != self._stretch:
            self._vote.pause()
            self._stretch = stretch
        self._vote.vote(faces, time_s)
        self._screen = replace(self._screen, faces=tuple(faces))
        self._first_s = time_s if self._frames == 0 else self._first_s
        self._last_s = time_s
        self._frames += 1

    def record(self, *, on: bool) -> None:
        """Show, or no longer show, that a film is being made."""
        self._screen = replace(self._screen, recording=on)

    def tell(self, sentence: str, now_s: float) -> None:
        """Show a sentence for a while, from `now_s` on the clock of keys and screen."""
        self._screen = replace(self._screen, notice=sentence)
        self._notice_until = now_s + NOTICE_S

    def screen(self, now_s: float, info: str, trouble: str | None = None, stretch: int | None = None) -> Screen:
        """What is on screen at a moment.

        Args:
            now_s: on the clock of keys and screen.
            info: the line on rate and latency, shown on demand.
            trouble: the camera's.
            stretch: of the picture, if there is a choice; faces of another stretch may be long gone and are left out.
        """
        if self._notice_until is not None and now_s >= self._notice_until:
            self._screen = replace(self._screen, notice=None)
            self._notice_until = None
        mood, shown_info = self._vote.mood(), info if self._shows_info else None
        faces = self._screen.faces if stretch in {None, self._stretch} else ()
        return replace(self._screen, faces=faces, mood=mood, info=shown_info, trouble=trouble, strategy=self._selection.name)

    def plain_screen(self, now_s: float, stretch: int | None = None) -> Screen:
        """What a snapshot shows, of a picture of that stretch: faces and mood, nothing that is about the program."""
        screen = self.screen(now_s, "", stretch=stretch)
        about_us = replace(screen, hints=False, help=False, notice=None, info=None, frozen=False, recording=False)
        return replace(about_us, playing=None, strategy=None)

    def hear(self, playing: Playing | None, begun: Plan | None) -> None:
        """Be told what is played now, and the plan that it belongs to: songs go on by themselves, and a journey with them."""
        self._screen = replace(self._screen, playing=playing)
        self._selection.follow(begun)

    def mood(self) -> Mood | None:
        """The mood of now."""
        return self._vote.mood()

    def summary(self) -> Summary:
        """What the session came to until now."""
        whole = self._vote.whole()
        seconds = self._last_s - self._first_s
        return Summary(whole, self._vote.shares(), self._frames, seconds, self._selection.plan(whole))

    def press(self, key: str, now_s: float) -> Action | Wish | None:
        """Do what a key is for.

        Args:
            key: a character in either case, "escape" or "space".
            now_s: on a clock that does not fall.

        Returns:
            What is left for others to do, if anything.
        """
        key = key.lower()
        if key in _ACTIONS:
            return _ACTIONS[key]
        if key == "space":
            return self._freeze()
        if key == "p":
            return self._asked(self._selection.ask(self._vote.mood(), now_s), now_s)
        if key == "n" and (step := self._selection.next_song(now_s)) is not None:
            return self._asked(step, now_s)
        if key in MUSIC_KEYS:
            return MUSIC_KEYS[key]
        return self._change(key, now_s)

    def _change(self, key: str, now_s: float) -> Wish | None:
        """Do what a key is for that is about the session itself; a journey that it ends goes no further by itself."""
        if key in _SWITCHES:
            part = _SWITCHES[key]
            self._screen = replace(self._screen, **{part: not getattr(self._screen, part)})
        elif key == "i":
            self._shows_info = not self._shows_info
        elif key == "l":
            return self._asked(self._selection.change(), now_s)
        elif key == "r":
            self._vote.restart()
            self.tell("the vote starts anew", now_s)
            return self._selection.give_up()
        elif key in _BY_HAND:
            return self._choose(_BY_HAND[key], now_s)
        return None

    def _freeze(self) -> Action:
        self._screen = replace(self._screen, frozen=not self._screen.frozen)
        self._vote.pause()
        return Action.FREEZE

    def _choose(self, expression: Expression | None, now_s: float) -> Wish | None:
        self._vote.choose(expression)
        self.tell(f"mood by hand: {expression.value}" if expression else "the faces choose the mood again", now_s)
        return self._selection.give_up()

    def _asked(self, asked: Asked, now_s: float) -> Wish | None:
        if asked.sentence is not None:
            self.tell(asked.sentence, now_s)
        return asked.wish


_SWITCHES = {"h": "help", "?": "help", "m": "mirrored", "b": "bars"}
_ACTIONS = {
    "q": Action.QUIT,
    "escape": Action.QUIT,
    "s": Action.SNAPSHOT,
    "f": Action.FULL_SCREEN,
    "c": Action.NEXT_CAMERA,
}
_BY_HAND: dict[str, Expression | None] = {"0": None} | {str(i): expression for i, expression in enumerate(EXPRESSIONS, 1)}
