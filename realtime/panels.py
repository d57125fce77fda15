"""What the cards of the overlay say: values in, cards out. Words only ever say what a face looks like."""

from dataclasses import dataclass
from itertools import zip_longest

from realtime.cards import COLOURS, DIM, RED, Bar, Cap, Card, Cell, Dot, Gap, Tab, Word
from realtime.domain import EXPRESSIONS, Expression, Face, Mood
from realtime.lettering import wrapped


@dataclass(frozen=True, slots=True)
class Key:
    """What a key of the live window does; `names` are keys that do the same."""

    names: tuple[str, ...]
    does: str


MOOD_KEYS = (
    *(Key((str(number),), expression.value) for number, expression in enumerate(EXPRESSIONS, start=1)),
    Key(("0",), "back to automatic"),
)
PLAIN_KEYS = (
    Key(("p",), "open the mood’s playlist"),
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
KEYS: tuple[Key, ...] = PLAIN_KEYS + MOOD_KEYS
"""Every key of the live window, as the help panel shows it; 1 to 7 and 0 choose the mood by hand."""

HINTS = (("1-7", "mood"), ("space", "freeze"), ("p", "playlist"), ("h", "help"), ("q", "quit"))

LEAST_SHARE = 0.05
"""A smaller share of a mixed mood is left out: it is doubt about some face, not a face that looks like it."""

SMALLEST = 11
"""Pixels: below this the font can no longer be read."""


def sentence(text: str, size: int, width: int) -> Card:
    """A sentence in up to four lines of at most `width` pixels."""
    return Card(tuple((Word(line),) for line in wrapped(text, size, width, 4)), size)


def info_card(text: str, size: int) -> Card:
    """What only the curious want to know, smaller."""
    return Card(((Word(text, DIM),),), _smaller(size))


def recording_card(size: int) -> Card:
    """That what is shown is being written to a file."""
    return Card(((Dot(RED), Word("REC", bold=True)),), size)


def label(face: Face, size: int) -> Card:
    """What a face looks like; of one that is not to be relied on, that first."""
    name, share = face.expression.value, _percent(face.confidence)
    if face.unsure:
        return Card(((Word("not sure", bold=True),), (Word(f"maybe {name} {share}", DIM),)), size)
    return Card(((Word(name, bold=True), Word(share)),), size)


def top_three(face: Face, size: int) -> Card:
    """The three most probable expressions of a face as bars."""
    return Card(
        tuple(_share_row(name, share) for name, share in face.ranked()[:3]),
        _smaller(size),
    )


def mood_card(mood: Mood | None, size: int) -> Card:
    """What the mood is, and by what right: its share of the vote, or somebody's choice; of a mixed one the largest shares."""
    if mood is None:
        return Card(((Word("no mood yet"),),), size)
    if mood.leader is None:
        ranked = sorted(zip(EXPRESSIONS, mood.shares, strict=True), key=lambda pair: -pair[1])
        rows = [_share_row(name, share) for name, share in ranked[:3] if share >= LEAST_SHARE]
        return Card(((Word("mood:", DIM), Word("mixed", bold=True)), *rows), _smaller(size))
    head = (Word("mood:", DIM), Word(mood.leader.value, bold=True))
    if mood.source == "hand":
        return Card(((*head, Dot(COLOURS[mood.leader])), (Word("chosen by hand", DIM),)), size)
    return Card(((*head, Word(_percent(mood.share))), (Bar(mood.share, COLOURS[mood.leader], 8.5),)), size)


def hints_card(size: int, width: int) -> Card | None:
    """As many hints as fit into `width` pixels; the last, how to quit and to get help, are the last to go."""
    for first in range(len(HINTS)):
        cells = [cell for name, does in HINTS[first:] for cell in (Gap(0.2), Cap(name), Word(does))]
        card = Card((tuple(cells[1:]),), _smaller(size))
        if card.extent()[0] <= width:
            return card
    return None


def help_card(size: int) -> Card:
    """Every key: what it does at the left, the moods at the right."""
    rows = list[tuple[Cell, ...]]()
    for plain, hand in zip_longest(PLAIN_KEYS, MOOD_KEYS):
        row: tuple[Cell, ...] = (*(Cap(name) for name in plain.names), Tab(5), Word(plain.does, DIM))
        if hand:
            dots = [Dot(colour) for expression, colour in COLOURS.items() if expression.value == hand.does]
            row += (Tab(20), *(Cap(name) for name in hand.names), Tab(21.8), *dots, Tab(23), Word(hand.does, DIM))
        rows.append(row)
    head = (Word("keys", bold=True), Tab(20), Word("mood by hand", bold=True))
    return Card((head, (Gap(0),), *rows), size, cover=235, padding=(1.1, 0.8))


def _share_row(name: Expression, share: float) -> tuple[Cell, ...]:
    return Word(name.value), Tab(4.6), Bar(share, COLOURS[name], 4.2), Word(_percent(share), room=2.3)


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _smaller(size: int) -> int:
    return max(SMALLEST, round(0.85 * size))
