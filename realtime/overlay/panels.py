"""Content of the panels: cards for label, mood, song, hints and help.

The text describes only how a face looks, never what a person feels.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, LOW_CONFIDENCE, Expression, Face, Mood, percentages, ranked_percentages
from realtime.overlay.text import ellipsize, text_width, wrap
from realtime.overlay.widgets import DIM, EXPRESSION_COLOURS, RED, Bar, Card, Cell, Dot, Gap, Icon, KeyCap, TabStop, Word
from realtime.session.keymap import Group, KeyRow, help_rows, window_hints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.facts import Fact
    from realtime.movies.catalog import Movie
    from realtime.music.songs import NowPlaying
    from realtime.session.face_at_rest import RestCard
    from realtime.session.recommendations import RecommendedMovies

MIN_NAMES_WIDTH = 14
"""Width in text sizes that title and artist get before the volume and the number of the song get any."""
MIN_ARTIST_WIDTH = 3
"""Width in text sizes below which a shortened artist is unrecognisable, and is left out."""
MIN_SHARE = 0.05
"""Smallest share of a mixed mood that gets a row. A smaller one is uncertainty of the network, not a face with it."""
HELP_COLUMN = 18.8
"""Text sizes from the left end of the help panel to its second column."""
_READ_OPACITY = 235
"""Opacity of a card with lines that are read for a while."""
_MOST_LINES = 8
_ROOM_FOR_HIDE = 18
"""Width of the card of movies in text sizes from which on its heading names the key that hides it."""
MIN_TEXT_SIZE = 11
"""Text size in pixels below which the font is illegible."""


@lru_cache(maxsize=16)
def sentence_card(text: str, size: int, width: int) -> Card:
    """Card with a sentence in up to four lines of at most `width` pixels."""
    return Card(tuple((Word(line),) for line in wrap(text, size, width, 4)), size)


def info_card(text: str, size: int) -> Card:
    """Card with frame rate and latency, in smaller text."""
    return Card(((Word(text, DIM),),), smaller_size(size))


@lru_cache(maxsize=4)
def recording_card(size: int) -> Card:
    """Card that shows that a film is recorded."""
    return Card(((Dot(RED), Word("REC", bold=True)),), size)


def label_card(face: Face, size: int) -> Card:
    """Label of a face: expression and confidence.

    The label of an unsure face starts with "not sure". A reason follows, or the likely expression if its confidence is low.
    """
    name, share = face.expression.value, _percent(face.probabilities, face.expression)
    if face.reason == LOW_CONFIDENCE:
        return Card(((Word("not sure", bold=True),), (Word(f"maybe {name} {share}", DIM),)), size)
    if face.reason is not None:
        return Card(((Word("not sure:", bold=True),), (Word(face.reason, DIM),)), size)
    return Card(((Word(name, bold=True), Word(share)),), size)


def top_three_card(face: Face, size: int) -> Card:
    """Card with bars of the three most probable expressions of a face."""
    return Card(
        tuple(_share_row(*each) for each in ranked_percentages(face.probabilities)[:3]),
        smaller_size(size),
    )


def mood_card(
    mood: Mood | None, size: int, strategy: str | None = None, calibrated: str | None = None, *, dj: bool = False
) -> Card:
    """Card of the mood: its share of the vote, or that the user chose it; the largest shares of a mixed mood.

    Args:
        mood: mood of the session; None before the first vote.
        size: text size in pixels.
        strategy: name of the music strategy, one or two words; None adds no word.
        calibrated: words on the face at rest that is in use; None adds no row.
        dj: whether the music follows the mood by itself.
    """
    rows = _mood_rows(mood)
    words = ", ".join(filter(None, ("DJ" if dj else None, strategy)))
    if words:
        rows = (*rows, (Word("music:", DIM), Word(words)))
    if calibrated:
        rows = (*rows, (Word("face:", DIM), Word(calibrated)))
    return Card(rows, smaller_size(size) if mood and mood.leader is None else size)


def _mood_rows(mood: Mood | None) -> tuple[tuple[Cell, ...], ...]:
    if mood is None:
        return ((Word("no mood yet"),),)
    if mood.leader is None:
        rows = [_share_row(*each) for each in ranked_percentages(mood.shares)[:3] if each[1] >= MIN_SHARE]
        return ((Word("mood:", DIM), Word("mixed", bold=True)), *rows)
    heading = (Word("mood:", DIM), Word(mood.leader.value, bold=True))
    if mood.source == "hand":
        return ((*heading, Dot(EXPRESSION_COLOURS[mood.leader])), (Word("chosen by hand", DIM),))
    return ((*heading, Word(_percent(mood.shares, mood.leader))), (Bar(mood.share, EXPRESSION_COLOURS[mood.leader], 8.5),))


@lru_cache(maxsize=16)
def playing_card(playing: NowPlaying, size: int, width: int) -> Card | None:
    """Card of the song in one line of at most `width` pixels; None if the width is too small.

    Whole names of title and artist have priority over volume, number and the shuffle icon.
    """
    size = smaller_size(size)
    state = Icon("pause" if playing.paused else "play")
    number = (Word(f"{playing.number}/{playing.count}", DIM),) if playing.count > 1 else ()
    shuffled = (Icon("shuffle", DIM),) if playing.shuffled else ()
    volume = () if playing.volume is None else (Icon("volume", DIM), Bar(playing.volume, DIM, 2))
    title, artist = playing.title.strip() or "no title", (playing.artist or "").strip()
    for details in ((*number, *shuffled, *volume), (*number, *shuffled), shuffled, ()):
        beside = (Gap(0.2), *details) if details else ()
        room = width - Card(((state, Gap(0), *beside),), size).size_px()[0]
        names = _names(title, artist, size, max(room, MIN_NAMES_WIDTH * size))
        card = Card(((state, *names, *beside),), size)
        if card.size_px()[0] <= width:
            return card
    card = Card(((state, *_names(title, "", size, room)),), size)
    return card if card.size_px()[0] <= width else None


def _names(title: str, artist: str, size: int, room: int) -> tuple[Cell, ...]:
    """Title and artist in `room` pixels. Two long names are both shortened; without enough room the artist is left out."""
    dash = Word("–", DIM)
    width = room - text_width(dash.text, size) - 2 * round(0.4 * size)
    artist_width = max(width - text_width(title, size, bold=True), round(0.4 * width))
    if not artist or artist_width < MIN_ARTIST_WIDTH * size:
        return (Word(ellipsize(title, size, room, bold=True), bold=True),)
    shown_artist = ellipsize(artist, size, artist_width)
    return (
        Word(ellipsize(title, size, width - text_width(shown_artist, size), bold=True), bold=True),
        dash,
        Word(shown_artist, DIM),
    )


@lru_cache(maxsize=16)
def movies_card(movies: RecommendedMovies, size: int, width: int, count: int) -> Card:
    """Card of the first `count` movies, a line of at most `width` pixels for each; the genres are left out first."""
    size = smaller_size(size)
    room = width - size
    hide = (Gap(0.4), KeyCap("v"), Word("hide", DIM)) if room > _ROOM_FOR_HIDE * size else ()
    words = ellipsize(f"Movies {movies.plan.why}", size, room - (7 * size if hide else 0), bold=True)
    rows = [_movie_row(number, movie, size, room) for number, movie in enumerate(movies.plan.movies[:count], 1)]
    return Card(((Word(words, bold=True), *hide), *rows), size, opacity=_READ_OPACITY)


def _movie_row(number: int, movie: Movie, size: int, width: int) -> tuple[Cell, ...]:
    start, year = (Word(str(number), DIM), TabStop(1)), Word(str(movie.year))
    room = width - Card(((*start, year),), size).size_px()[0]
    title = Word(ellipsize(movie.title, size, room, bold=True), bold=True)
    for genres in (movie.genres, movie.genres[:1]):
        row = (*start, title, year, Word(", ".join(genres), DIM))
        if genres and Card((row,), size).size_px()[0] <= width:
            return row
    return *start, title, year


@lru_cache(maxsize=4)
def fact_card(fact: Fact, size: int, width: int, *, with_source: bool = True) -> Card:
    """Card of a fact in lines of at most `width` pixels, and its source below them."""
    inside = width - 2 * size
    lines = [(Word(line),) for line in wrap(fact.text, size, inside, _MOST_LINES)]
    source = [(Word(line, DIM),) for line in wrap(fact.source, size, inside, _MOST_LINES)] if with_source else []
    return Card((*lines, *source), size, opacity=_READ_OPACITY)


@lru_cache(maxsize=16)
def at_rest_card(shown: RestCard, size: int, width: int) -> Card:
    """Card of a face at rest in lines of at most `width` pixels: what to do or what was measured, and the keys of an answer."""
    heading, *lines = shown.lines
    inside = width - 2 * size
    left = () if shown.seconds_left is None else (Gap(0.4), Word(f"{shown.seconds_left} s", bold=True))
    *before, last = wrap(heading, size, inside - (3 * size if left else 0), _MOST_LINES)
    words = [*((Word(line, bold=True),) for line in before), (Word(last, bold=True), *left)]
    rows = [(Word(part),) for line in lines for part in wrap(line, size, inside, _MOST_LINES)]
    keys = [cell for hint in shown.keys for cell in (Gap(0.4), KeyCap(hint.keys), Word(hint.word, DIM))]
    return Card((*words, *rows, tuple(keys[1:])), size, opacity=_READ_OPACITY)


@lru_cache(maxsize=4)
def hints_card(size: int, width: int) -> Card | None:
    """Card with the last hints that fit into `width` pixels: help and quit stay longest. None if not even one fits."""
    hints = window_hints()
    for first in range(len(hints)):
        cells = [cell for hint in hints[first:] for cell in (Gap(0.2), KeyCap(hint.keys), Word(hint.word))]
        card = Card((tuple(cells[1:]),), smaller_size(size))
        if card.size_px()[0] <= width:
            return card
    return None


@lru_cache(maxsize=4)
def help_card(size: int, *, tall: bool = False) -> Card:
    """Card with every key. The keys of music and moods are in a second column, or below the others if `tall`."""
    music = [_heading(Group.MUSIC), *(_key_row(row, 3.4) for row in help_rows(Group.MUSIC))]
    mood_keys = [_heading(Group.MOOD), *_mood_key_rows()]
    rows = [_heading(Group.PROGRAM), *(_key_row(row, 4.4) for row in help_rows(Group.PROGRAM))]
    if tall:
        rows += [*music, *mood_keys]
    else:
        beside = [*music, *mood_keys]
        rows = [
            (*row, *(_shift_tab_stop(cell) for cell in second_row))
            for row, second_row in zip_longest(rows, beside, fillvalue=())
        ]
    return Card(tuple(rows), size, opacity=_READ_OPACITY, padding=(1.1, 0.6))


def _heading(group: Group) -> tuple[Cell, ...]:
    return TabStop(0), Word(group.value, bold=True)


def _key_row(row: KeyRow, at: float) -> tuple[Cell, ...]:
    return (TabStop(0), *(KeyCap(key) for key in row.keys), TabStop(at), Word(row.does, DIM))


def _mood_key_rows() -> list[tuple[Cell, ...]]:
    """Keys of the moods, two in a row, numbered down each column; the last key is the one for the automatic mood."""
    *moods, automatic = help_rows(Group.MOOD)
    half = (len(moods) + 1) // 2
    rows = [(TabStop(0), *_mood_key_cells(row)) for row in moods[:half]]
    beside = [*moods[half:], automatic]
    return [(*cells, TabStop(7.3), *_mood_key_cells(row)) for cells, row in zip(rows, beside, strict=True)]


def _mood_key_cells(row: KeyRow) -> tuple[Cell, ...]:
    dots = [Dot(colour) for expression, colour in EXPRESSION_COLOURS.items() if expression.value == row.does]
    return KeyCap(row.keys[0]), *dots, Word(row.does, DIM)


def _shift_tab_stop(cell: Cell) -> Cell:
    return TabStop(cell.at + HELP_COLUMN) if isinstance(cell, TabStop) else cell


def _share_row(name: Expression, share: float, percent: int) -> tuple[Cell, ...]:
    return Word(name.value), TabStop(4.6), Bar(share, EXPRESSION_COLOURS[name], 4.2), Word(f"{percent}%", min_width=2.3)


def _percent(shares: Sequence[float], name: Expression) -> str:
    """The share of an expression, as it stands beside the others on other cards and in what is printed."""
    return f"{percentages(shares)[EXPRESSIONS.index(name)]}%"


def smaller_size(size: int) -> int:
    """Text size of less important cards, for a text size; pixels."""
    return max(MIN_TEXT_SIZE, round(0.85 * size))
