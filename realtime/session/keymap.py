"""The one table of keys: what each key does in a session, its help and its hint.

Help panel, hints, the help of a terminal, and the effect of a press are all made from `BINDINGS`; tests compare the documents
with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from itertools import groupby
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, Expression
from realtime.music.commands import PlayerCommand
from realtime.session.keyboard_layouts import latin_key

if TYPE_CHECKING:
    from collections.abc import Iterable


class Action(Enum):
    """An effect that the program around the session carries out."""

    QUIT = auto()
    SNAPSHOT = auto()
    FULL_SCREEN = auto()
    FREEZE = auto()
    NEXT_CAMERA = auto()


class SessionAction(Enum):
    """An effect on the vote or on the choice of music."""

    PLAY = auto()
    NEXT_STRATEGY = auto()
    RESTART_VOTE = auto()


class ViewToggle(Enum):
    """A part of the screen that a key shows and hides again."""

    HELP = auto()
    MIRROR = auto()
    BARS = auto()
    INFO = auto()


@dataclass(frozen=True, slots=True)
class MoodChoice:
    """A mood by hand; None leaves it to the faces again."""

    expression: Expression | None


Effect = Action | SessionAction | ViewToggle | MoodChoice | PlayerCommand


class Group(Enum):
    """A part of the help panel; the value is its heading."""

    PROGRAM = "keys"
    MUSIC = "music"
    MOOD = "mood by hand"


@dataclass(frozen=True, slots=True)
class Binding:
    """What one key does.

    Attributes:
        keys: the key, and others that do the same: a lower-case character, "space" or "escape".
        does: its text in the help. Neighbours with the same text share a row of the help.
        effect: what a press asks for.
        group: the part of the help with this key.
        hint: a word for it in a line of keys; None leaves it out of such a line. Neighbours with the same word share it.
    """

    keys: tuple[str, ...]
    does: str
    effect: Effect
    group: Group
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A row of the help: keys as they are shown, and what they do, in that order."""

    keys: tuple[str, ...]
    does: str


@dataclass(frozen=True, slots=True)
class KeyHint:
    """A key, or a range of keys, as it is shown, and a word for what it does."""

    keys: str
    word: str


def _bind_moods() -> tuple[Binding, ...]:
    return tuple(
        Binding((str(number),), expression.value, MoodChoice(expression), Group.MOOD, hint="mood")
        for number, expression in enumerate(EXPRESSIONS, start=1)
    )


BINDINGS: tuple[Binding, ...] = (
    *_bind_moods(),
    Binding(("0",), "back to automatic", MoodChoice(None), Group.MOOD),
    Binding(("space",), "freeze; the vote pauses too", Action.FREEZE, Group.PROGRAM, hint="freeze"),
    Binding(("r",), "start the vote anew", SessionAction.RESTART_VOTE, Group.PROGRAM),
    Binding(("s",), "save a snapshot", Action.SNAPSHOT, Group.PROGRAM),
    Binding(("c",), "next camera", Action.NEXT_CAMERA, Group.PROGRAM),
    Binding(("m",), "mirror", ViewToggle.MIRROR, Group.PROGRAM),
    Binding(("b",), "bars", ViewToggle.BARS, Group.PROGRAM),
    Binding(("i",), "frames a second and latency", ViewToggle.INFO, Group.PROGRAM),
    Binding(("f",), "full screen", Action.FULL_SCREEN, Group.PROGRAM),
    Binding(("p",), "play what fits the mood", SessionAction.PLAY, Group.MUSIC, hint="play"),
    Binding(("l",), "match, lift or journey", SessionAction.NEXT_STRATEGY, Group.MUSIC, hint="lift"),
    Binding((".",), "pause or go on", PlayerCommand(toggle=True), Group.MUSIC, hint="pause"),
    Binding(("n",), "next, previous song", PlayerCommand(skip=1), Group.MUSIC, hint="next"),
    Binding((",",), "next, previous song", PlayerCommand(skip=-1), Group.MUSIC, hint="previous"),
    Binding(("z",), "shuffle", PlayerCommand(shuffle=True), Group.MUSIC, hint="shuffle"),
    Binding(("-",), "volume", PlayerCommand(louder=-1), Group.MUSIC, hint="volume"),
    Binding(("+",), "volume", PlayerCommand(louder=1), Group.MUSIC, hint="volume"),
    Binding(("h", "?"), "help", ViewToggle.HELP, Group.PROGRAM, hint="help"),
    Binding(("q", "escape"), "quit", Action.QUIT, Group.PROGRAM, hint="quit"),
)
"""Every key of a session, in the order of help and hints. Hints are left out from the first where room is scarce, so that
those for help and for the end come last."""

_LABELS = {"escape": "Esc"}
# The plus of most keyboards, without Shift
_SAME_KEY = {"=": "+"}

_BY_KEY = {key: binding for binding in BINDINGS for key in binding.keys}

PLAYER_BINDINGS = tuple(
    binding for binding in BINDINGS if isinstance(binding.effect, PlayerCommand) or binding.effect is Action.QUIT
)
"""The keys of a player in a terminal, which has neither faces nor a picture: those of songs, and the one that ends it."""


def find_binding(key: str) -> Binding | None:
    """What a key does; None for a key without an effect.

    Args:
        key: a character of any script in either case, "space" or "escape". A letter of a layout without Latin letters counts
            as the Latin one in its place (`keyboard_layouts`).
    """
    key = latin_key(key)
    return _BY_KEY.get(_SAME_KEY.get(key, key))


def help_rows(group: Group) -> tuple[KeyRow, ...]:
    """The rows of one part of the help panel."""
    return _rows(binding for binding in BINDINGS if binding.group is group)


def player_rows() -> tuple[KeyRow, ...]:
    """The rows of the help of a player in a terminal."""
    return _rows(PLAYER_BINDINGS)


def window_hints() -> tuple[KeyHint, ...]:
    """The line of keys at the bottom of a window; it has no room for those of songs."""
    return _hints(binding for binding in BINDINGS if not isinstance(binding.effect, PlayerCommand))


def player_hints() -> tuple[KeyHint, ...]:
    """The line of keys of a player in a terminal."""
    return _hints(PLAYER_BINDINGS)


def _rows(bindings: Iterable[Binding]) -> tuple[KeyRow, ...]:
    return tuple(
        KeyRow(tuple(_label(key) for binding in row for key in binding.keys), does)
        for does, row in groupby(bindings, key=lambda binding: binding.does)
    )


def _hints(bindings: Iterable[Binding]) -> tuple[KeyHint, ...]:
    hints: list[KeyHint] = []
    for word, row in groupby(bindings, key=lambda binding: binding.hint):
        if word is not None:
            keys = [_label(binding.keys[0]) for binding in row]
            hints.append(KeyHint(f"{keys[0]}-{keys[-1]}" if keys[0].isdigit() else " ".join(keys), word))
    return tuple(hints)


def _label(key: str) -> str:
    """A key as it is shown."""
    return _LABELS.get(key, key)
