"""What the cards of the overlay say: values in, cards out. Words only ever say what a face looks like."""

from __future__ import annotations

from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, LOW_CONFIDENCE, Expression, Face, Mood
from realtime.overlay.text import ellipsize, text_width, wrap
from realtime.overlay.widgets import DIM, EXPRESSION_COLOURS, RED, Bar, Card, Cell, Dot, Gap, Icon, KeyCap, TabStop, Word
from realtime.session.keymap import Group, KeyRow, help_rows, window_hints

if TYPE_CHECKING:
    from realtime.music.songs import NowPlaying

ENOUGH_NAME = 14
"""Text sizes of title and artist that are worth more than the volume and the number of the song."""
LEAST_NAME = 3
"""Text sizes below which too little is left of an artist to be recognised."""
LEAST_SHARE = 0.05
"""A smaller share of a mixed mood is left out: it is doubt about some face, not a face that looks like it."""
SMALLEST = 11
"""Pixels: below this the font can no longer be read."""


def sentence_card(text: str, size: int, width: int) -> Card:
    """A sentence in up to four lines of at most `width` pixels."""
    return Card(tuple((Word(line),) for line in wrap(text, size, width, 4)), size)


def info_card(text: str, size: int) -> Card:
    """What only the curious want to know, smaller."""
    return Card(((Word(text, DIM),),), _smaller(size))


def recording_card(size: int) -> Card:
    """That what is shown is being written to a file."""
    return Card(((Dot(RED), Word("REC", bold=True)),), size)


def label_card(face: Face, size: int) -> Card:
    """What a face looks like; of one that is not to be relied on, that first, and why: a low share says it by itself."""
    name, share = face.expression.value, _percent(face.confidence)
    if face.reason == LOW_CONFIDENCE:
        return Card(((Word("not sure", bold=True),), (Word(f"maybe {name} {share}", DIM),)), size)
    if face.reason is not None:
        return Card(((Word("not sure:", bold=True),), (Word(face.reason, DIM),)), size)
    return Card(((Word(name, bold=True), Word(share)),), size)


def top_three_card(face: Face, size: int) -> Card:
    """The three most probable expressions of a face as bars."""
    return Card(
        tuple(_share_row(name, share) for name, share in face.ranked()[:3]),
        _smaller(size),
    )


def mood_card(mood: Mood | None, size: int, strategy: str | None = None) -> Card:
    """What the mood is, and by what right: its share of the vote, or somebody's choice; of a mixed one the largest shares.

    Args:
        mood: of the session.
        size: of the text, pixels.
        strategy: what it asks of the music, in a word or two.
    """
    rows = _of_mood(mood)
    if strategy:
        rows = (*rows, (Word("music:", DIM), Word(strategy)))
    return Card(rows, _smaller(size) if mood and mood.leader is None else size)


def _of_mood(mood: Mood | None) -> tuple[tuple[Cell, ...], ...]:
    if mood is None:
        return ((Word("no mood yet"),),)
    if mood.leader is None:
        ranked = sorted(zip(EXPRESSIONS, mood.shares, strict=True), key=lambda pair: -pair[1])
        rows = [_share_row(name, share) for name, share in ranked[:3] if share >= LEAST_SHARE]
        return ((Word("mood:", DIM), Word("mixed", bold=True)), *rows)
    head = (Word("mood:", DIM), Word(mood.leader.value, bold=True))
    if mood.source == "hand":
        return ((*head, Dot(EXPRESSION_COLOURS[mood.leader])), (Word("chosen by hand", DIM),))
    return ((*head, Word(_percent(mood.share))), (Bar(mood.share, EXPRESSION_COLOURS[mood.leader], 8.5),))


@lru_cache(maxsize=16)
def playing_card(playing: NowPlaying, size: int, width: int) -> Card | None:
    """What is being played, in one line of at most `width` pixels: rather whole names than volume and number."""
    size = _smaller(size)
    state = Icon("pause" if playing.paused else "play")
    number = (Word(f"{playing.number}/{playing.count}", DIM),) if playing.count > 1 else ()
    shuffled = (Icon("shuffle", DIM),) if playing.shuffled else ()
    volume = () if playing.volume is None else (Icon("volume", DIM), Bar(playing.volume, DIM, 2))
    title, artist = playing.title.strip() or "no title", (playing.artist or "").strip()
    for rest in ((*number, *shuffled, *volume), (*number, *shuffled), shuffled, ()):
        beside = (Gap(0.2), *rest) if rest else ()
        room = width - Card(((state, Gap(0), *beside),), size).size_px()[0]
        names = _names(title, artist, size, max(room, ENOUGH_NAME * size))
        card = Card(((state, *names, *beside),), size)
        if card.size_px()[0] <= width:
            return card
    card = Card(((state, *_names(title, "", size, room)),), size)
    return card if card.size_px()[0] <= width else None


def _names(title: str, artist: str, size: int, room: int) -> tuple[Cell, ...]:
    """Title and artist in `room` pixels: of two long ones both are cut, and an artist that has too little room is left out."""
    dash = Word("–", DIM)
    left = room - text_width(dash.text, size) - 2 * round(0.4 * size)
    share = max(left - text_width(title, size, bold=True), round(0.4 * left))
    if not artist or share < LEAST_NAME * size:
        return (Word(ellipsize(title, size, room, bold=True), bold=True),)
    shown = ellipsize(artist, size, share)
    return Word(ellipsize(title, size, left - text_width(shown, size), bold=True), bold=True), dash, Word(shown, DIM)


def hints_card(size: int, width: int) -> Card | None:
    """As many hints as fit into `width` pixels; the last, how to quit and to get help, are the last to go."""
    hints = window_hints()
    for first in range(len(hints)):
        cells = [cell for hint in hints[first:] for cell in (Gap(0.2), KeyCap(hint.keys), Word(hint.word))]
        card = Card((tuple(cells[1:]),), _smaller(size))
        if card.size_px()[0] <= width:
            return card
    return None


def help_card(size: int, *, tall: bool = False) -> Card:
    """Every key: of picture and program at the left, of music and moods at the right; or if `tall`, below them."""
    music = [_heading(Group.MUSIC), *(_key_row(row, 3.4) for row in help_rows(Group.MUSIC))]
    hand = [_heading(Group.MOOD), *_mood_rows()]
    rows = [_heading(Group.PROGRAM), *(_key_row(row, 4.4) for row in help_rows(Group.PROGRAM))]
    if tall:
        rows += [(Gap(0),), *music, (Gap(0),), *hand]
    else:
        beside = [*music, (), *hand]
        rows = [(*one, *(_shifted(cell) for cell in other)) for one, other in zip_longest(rows, beside, fillvalue=())]
    return Card(tuple(rows), size, cover=235, padding=(1.1, 0.8))


HELP_COLUMN = 18.8
"""Text sizes from the left end of the help to its second column."""


def _heading(group: Group) -> tuple[Cell, ...]:
    return TabStop(0), Word(group.value, bold=True)


def _key_row(row: KeyRow, at: float) -> tuple[Cell, ...]:
    return (TabStop(0), *(KeyCap(key) for key in row.keys), TabStop(at), Word(row.does, DIM))


def _mood_rows() -> list[tuple[Cell, ...]]:
    """Two moods a row, the first four below each other; and how to get back."""
    *moods, back = help_rows(Group.MOOD)
    half = (len(moods) + 1) // 2
    rows = [(TabStop(0), *_mood_cells(row)) for row in moods[:half]]
    beside = [*moods[half:], back]
    return [(*cells, TabStop(7.3), *_mood_cells(row)) for cells, row in zip(rows, beside, strict=True)]


def _mood_cells(row: KeyRow) -> tuple[Cell, ...]:
    dots = [Dot(colour) for expression, colour in EXPRESSION_COLOURS.items() if expression.value == row.does]
    return KeyCap(row.keys[0]), *dots, Word(row.does, DIM)


def _shifted(cell: Cell) -> Cell:
    return TabStop(cell.at + HELP_COLUMN) if isinstance(cell, TabStop) else cell


def _share_row(name: Expression, share: float) -> tuple[Cell, ...]:
    return Word(name.value), TabStop(4.6), Bar(share, EXPRESSION_COLOURS[name], 4.2), Word(_percent(share), room=2.3)


def _percent(share: float) -> str:
    return f"{share:.0%}"


def _smaller(size: int) -> int:
    return max(SMALLEST, round(0.85 * size))
