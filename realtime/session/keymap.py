"""The one table of keys: the effect of each key in a session, its help and its hint.

The help panel, the hints, the help of a terminal and the effect of a press all come from `BINDINGS`. Tests compare the
documentation with it.
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
    """Effect that the live loop carries out, not the session."""

    QUIT = auto()
    SNAPSHOT = auto()
    FULL_SCREEN = auto()
    FREEZE = auto()
    NEXT_CAMERA = auto()


class SessionAction(Enum):
    """Effect on the vote, on the choice of music, or on what the session recommends."""

    PLAY = auto()
    NEXT_STRATEGY = auto()
    RESTART_VOTE = auto()
    MOVIES = auto()
    FACT = auto()
    FACE_AT_REST = auto()
    LIKE = auto()
    DISLIKE = auto()
    DJ = auto()


class Answer(Enum):
    """Answer to a question on the screen, such as whether a face at rest is kept; or the end of what is measured."""

    YES = auto()
    NO = auto()


class ViewToggle(Enum):
    """Option of the view that a key turns on and off."""

    HELP = auto()
    MIRROR = auto()
    BARS = auto()
    EXPLANATION = auto()
    INFO = auto()


@dataclass(frozen=True, slots=True)
class MoodByHand:
    """Mood that the user chooses; None returns to the vote of the faces."""

    expression: Expression | None


Effect = Action | SessionAction | ViewToggle | MoodByHand | PlayerCommand


class Group(Enum):
    """Section of the help panel; the value is its heading."""

    PROGRAM = "keys"
    MUSIC = "music"
    MOOD = "mood by hand"


@dataclass(frozen=True, slots=True)
class Binding:
    """Keys with one effect.

    Attributes:
        keys: keys that have the effect: lower-case characters, "space" or "escape".
        does: description in the help. Consecutive bindings with the same description share a row.
        effect: effect of a press.
        group: section of the help.
        hint: word in the line of hints; None gives no hint. Consecutive bindings with the same word share a hint.
    """

    keys: tuple[str, ...]
    does: str
    effect: Effect
    group: Group
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """Row of the help: labels of the keys, and their description."""

    keys: tuple[str, ...]
    does: str


@dataclass(frozen=True, slots=True)
class KeyHint:
    """Hint: label of a key, of several keys or of a range, and a word for the effect."""

    keys: str
    word: str


def _bind_moods() -> tuple[Binding, ...]:
    return tuple(
        Binding((str(number),), expression.value, MoodByHand(expression), Group.MOOD, hint="mood")
        for number, expression in enumerate(EXPRESSIONS, start=1)
    )


BINDINGS: tuple[Binding, ...] = (
    *_bind_moods(),
    Binding(("0",), "back to automatic", MoodByHand(None), Group.MOOD),
    Binding(("space",), "freeze; the vote pauses too", Action.FREEZE, Group.PROGRAM, hint="freeze"),
    Binding(("r",), "restart the vote", SessionAction.RESTART_VOTE, Group.PROGRAM),
    Binding(("s",), "save a snapshot", Action.SNAPSHOT, Group.PROGRAM),
    Binding(("c",), "next camera", Action.NEXT_CAMERA, Group.PROGRAM),
    Binding(("m",), "mirror, bars, full screen", ViewToggle.MIRROR, Group.PROGRAM),
    Binding(("b",), "mirror, bars, full screen", ViewToggle.BARS, Group.PROGRAM),
    Binding(("f",), "mirror, bars, full screen", Action.FULL_SCREEN, Group.PROGRAM),
    Binding(("e",), "why this label", ViewToggle.EXPLANATION, Group.PROGRAM),
    Binding(("i",), "frames a second and latency", ViewToggle.INFO, Group.PROGRAM),
    Binding(("v",), "movies for the mood, a fact", SessionAction.MOVIES, Group.PROGRAM, hint="movies"),
    Binding(("d",), "movies for the mood, a fact", SessionAction.FACT, Group.PROGRAM),
    Binding(("k",), "your face at rest", SessionAction.FACE_AT_REST, Group.PROGRAM),
    Binding(("p",), "play what fits the mood", SessionAction.PLAY, Group.MUSIC, hint="play"),
    Binding(("a",), "DJ: music follows the mood", SessionAction.DJ, Group.PROGRAM, hint="DJ"),
    Binding(("l",), "match, lift or journey", SessionAction.NEXT_STRATEGY, Group.MUSIC, hint="lift"),
    Binding((".",), "pause, shuffle", PlayerCommand(toggle=True), Group.MUSIC, hint="pause"),
    Binding(("z",), "pause, shuffle", PlayerCommand(shuffle=True), Group.MUSIC, hint="shuffle"),
    Binding(("n",), "next, previous song", PlayerCommand(skip=1), Group.MUSIC, hint="next"),
    Binding((",",), "next, previous song", PlayerCommand(skip=-1), Group.MUSIC, hint="previous"),
    Binding(("y",), "like, dislike", SessionAction.LIKE, Group.MUSIC, hint="like"),
    Binding(("x",), "like, dislike", SessionAction.DISLIKE, Group.MUSIC, hint="dislike"),
    Binding(("-",), "volume", PlayerCommand(louder=-1), Group.MUSIC, hint="volume"),
    Binding(("+",), "volume", PlayerCommand(louder=1), Group.MUSIC, hint="volume"),
    Binding(("h", "?"), "help", ViewToggle.HELP, Group.PROGRAM, hint="help"),
    Binding(("q", "escape"), "quit", Action.QUIT, Group.PROGRAM, hint="quit"),
)
"""Every key of a session, in the order of help and hints. A narrow window leaves out the first hints, so the hints for help and
quit are the last."""

ANSWERS = {"k": Answer.YES, "escape": Answer.NO}
"""Keys that have another effect while a question is on the screen; the screen names them."""

_KEY_LABELS = {"escape": "Esc"}
# Most keyboards type = without Shift on the key of +
_KEY_ALIASES = {"=": "+"}

_BINDING_BY_KEY = {key: binding for binding in BINDINGS for key in binding.keys}

_THUMBS = {SessionAction.LIKE, SessionAction.DISLIKE}

PLAYER_BINDINGS = tuple(
    binding
    for binding in BINDINGS
    if isinstance(binding.effect, PlayerCommand) or binding.effect is Action.QUIT or binding.effect in _THUMBS
)
"""Keys of the player in a terminal: those of songs, thumbs, and quit. It has no faces and no image, so it needs no other."""


def find_binding(key: str) -> Binding | None:
    """Find the binding of a key; None for a key without an effect.

    Args:
        key: a character of any script in upper or lower case, "space" or "escape". A letter of a layout without Latin letters
            counts as the Latin letter in the same place (`keyboard_layouts`).
    """
    key = latin_key(key)
    return _BINDING_BY_KEY.get(_KEY_ALIASES.get(key, key))


def find_answer(key: str) -> Answer | None:
    """Find the answer of a key while a question is on the screen; None for any other key. Keys as for `find_binding`."""
    return ANSWERS.get(latin_key(key))


def answer_hints(yes: str, no: str) -> tuple[KeyHint, ...]:
    """Hints of the two answers to a question; a word for each, empty for an answer without an effect."""
    words = {Answer.YES: yes, Answer.NO: no}
    return tuple(KeyHint(_key_label(key), words[answer]) for key, answer in ANSWERS.items() if words[answer])


def help_rows(group: Group) -> tuple[KeyRow, ...]:
    """Rows of one section of the help panel."""
    return _group_rows(binding for binding in BINDINGS if binding.group is group)


def player_rows() -> tuple[KeyRow, ...]:
    """Rows of the help of the player in a terminal."""
    return _group_rows(PLAYER_BINDINGS)


def window_hints() -> tuple[KeyHint, ...]:
    """Hints at the bottom of a window; it has no room for the keys of songs."""
    return _group_hints(
        binding for binding in BINDINGS if not isinstance(binding.effect, PlayerCommand) and binding.effect not in _THUMBS
    )


def player_hints() -> tuple[KeyHint, ...]:
    """Hints of the player in a terminal."""
    return _group_hints(PLAYER_BINDINGS)


def _group_rows(bindings: Iterable[Binding]) -> tuple[KeyRow, ...]:
    return tuple(
        KeyRow(tuple(_key_label(key) for binding in neighbours for key in binding.keys), does)
        for does, neighbours in groupby(bindings, key=lambda binding: binding.does)
    )


def _group_hints(bindings: Iterable[Binding]) -> tuple[KeyHint, ...]:
    hints: list[KeyHint] = []
    for word, neighbours in groupby(bindings, key=lambda binding: binding.hint):
        if word is not None:
            keys = [_key_label(binding.keys[0]) for binding in neighbours]
            hints.append(KeyHint(f"{keys[0]}-{keys[-1]}" if keys[0].isdigit() else " ".join(keys), word))
    return tuple(hints)


def _key_label(key: str) -> str:
    """Label of a key in help and hints."""
    return _KEY_LABELS.get(key, key)
