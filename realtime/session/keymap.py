"""The keys of the live window and of the terminal player, and what each does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from realtime.domain import EXPRESSIONS, Expression
from realtime.music.commands import PlayerCommand


@dataclass(frozen=True, slots=True)
class Key:
    """What a key of the live window does; `names` are keys that do the same, or the things that are said, in that order."""

    names: tuple[str, ...]
    does: str


MOOD_KEYS = (
    *(Key((str(number),), expression.value) for number, expression in enumerate(EXPRESSIONS, start=1)),
    Key(("0",), "back to automatic"),
)
MUSIC_KEYS = (
    Key(("p",), "play what fits the mood"),
    Key(("l",), "match, lift or journey"),
    Key((".",), "pause or go on"),
    Key(("n", ","), "next, previous song"),
    Key(("z",), "shuffle"),
    Key(("-", "+"), "volume"),
)
PLAIN_KEYS = (
    Key(("space",), "freeze; the vote pauses too"),
    Key(("r",), "start the vote anew"),
    Key(("s",), "save a snapshot"),
    Key(("c",), "next camera"),
    Key(("m",), "mirror"),
    Key(("b",), "bars"),
    Key(("i",), "frames a second and latency"),
    Key(("f",), "full screen"),
    Key(("h", "?"), "help"),
    Key(("q", "Esc"), "quit"),
)
KEYS: tuple[Key, ...] = PLAIN_KEYS + MUSIC_KEYS + MOOD_KEYS
"""Every key of the live window, as the help panel shows it; 1 to 7 and 0 choose the mood by hand."""
HINTS = (("1-7", "mood"), ("space", "freeze"), ("p", "play"), ("l", "lift"), ("h", "help"), ("q", "quit"))


class Action(Enum):
    """What a key asks of the parts around the session."""

    QUIT = auto()
    SNAPSHOT = auto()
    FULL_SCREEN = auto()
    FREEZE = auto()
    NEXT_CAMERA = auto()


SWITCHES = {"h": "help", "?": "help", "m": "mirrored", "b": "bars"}
ACTIONS = {
    "q": Action.QUIT,
    "escape": Action.QUIT,
    "s": Action.SNAPSHOT,
    "f": Action.FULL_SCREEN,
    "c": Action.NEXT_CAMERA,
}
BY_HAND: dict[str, Expression | None] = {"0": None} | {str(i): expression for i, expression in enumerate(EXPRESSIONS, 1)}

COMMAND_KEYS: dict[str, PlayerCommand] = {
    ".": PlayerCommand(toggle=True),
    "n": PlayerCommand(skip=1),
    ",": PlayerCommand(skip=-1),
    "z": PlayerCommand(shuffle=True),
    "-": PlayerCommand(louder=-1),
    "+": PlayerCommand(louder=1),
    "=": PlayerCommand(louder=1),
}
"""The keys of the music, in the window and in a terminal alike."""
