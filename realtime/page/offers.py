"""What the page offers for a mood: music, five songs, five movies and a fact."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realtime.errors import EmodjError
from realtime.facts import draw_fact
from realtime.movies.catalog import movie_link
from realtime.movies.planner import key_of_movie, nearest_mood
from realtime.movies.recommender import recommend_movies
from realtime.movies.tmdb import ATTRIBUTION
from realtime.music.feedback import NO_ANSWER, order_of_lot
from realtime.music.links import spotify_uri
from realtime.music.local.library import read_library, read_songs
from realtime.music.planner import ONLY_DISLIKED, plan_music
from realtime.music.taste import Taste, key_of_music, key_of_song
from realtime.printable import one_line
from realtime.session.documents import movies_document
from realtime.session.recommendations import RecommendedMovies
from realtime.storage import resources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from realtime.domain import Expression, Mood
    from realtime.facts import Fact
    from realtime.movies.catalog import Movie
    from realtime.movies.tmdb import TmdbFilters
    from realtime.music.catalog import MusicChoice, Playlists
    from realtime.music.feedback import FeedbackCounts, Tally
    from realtime.music.local.library import FoundSongs
    from realtime.music.planner import Plan, Strategy
    from realtime.music.songs import Song
    from realtime.page.songs import SongLists
    from realtime.session.documents import Document

COUNT = 5
"""Songs, movies, and lists of music that are offered at once."""
MAX_TRIED = 200
"""Songs of a library that are looked at for five whose files exist; a slow disk answers a hundred times a second."""


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """Music, movies and facts to offer from.

    Attributes:
        playlists: music of the settings, with the library.
        library: path of the person's songs; None for the example list that comes with emodj.
        movies: list of movies, at least one.
        movie_link: template of the link of a movie.
        facts: at least one of each mood.
        tmdb: which movies TMDb may name; None to ask nobody.
    """

    playlists: Playlists
    library: Path | None
    movies: Sequence[Movie]
    movie_link: str
    facts: Sequence[Fact]
    tmdb: TmdbFilters | None = None


def offer(
    shelf: Shelf, mood: Mood, strategy: Strategy, seed: int, lists: SongLists, counts: FeedbackCounts | None = None
) -> Document:
    """Collect what fits a mood; it reads the disk, and so is not for the event loop.

    Args:
        shelf: what there is.
        mood: the mood.
        strategy: how music and movies are chosen.
        seed: 0 or more; the same seed draws the same songs, movies and fact.
        lists: gets the lists that the page can play, and the choices that may get a thumb.
        counts: thumbs of the person; None without thumbs.

    Returns:
        The document of the page, with `music`, `songs`, `movies` and `fact`. A part that cannot be read has only an `error`.
    """
    fact = draw_fact(shelf.facts, mood.leader, seed)
    return {
        "music": _music(shelf, mood, strategy, lists, None if counts is None else Taste(counts, seed)),
        "songs": _guarded(lambda: _songs(shelf, nearest_mood(mood), seed, lists, counts)),
        "movies": _guarded(lambda: _movies(shelf, mood, strategy, seed, lists, counts)),
        "fact": {"text": fact.text, "source": fact.source},
    }


def _guarded(part: Callable[[], Document]) -> Document:
    try:
        return part()
    except EmodjError as error:
        return {"error": one_line(str(error))}


def _music(shelf: Shelf, mood: Mood, strategy: Strategy, lists: SongLists, taste: Taste | None) -> Document:
    plan = plan_music(shelf.playlists, mood, strategy, taste=taste)
    if plan is None and plan_music(shelf.playlists, mood, strategy) is not None:
        return {"error": ONLY_DISLIKED}
    if plan is None:
        return {"error": "your settings name no music for this mood: add a list for it, or choose lift"}
    steps = [{"why": step.why, **_choice(shelf, step.best, lists)} for step in _steps(plan)]
    return {
        "strategy": plan.strategy.value,
        "why": plan.why,
        "choices": [_choice(shelf, choice, lists) for choice in plan.choices[:COUNT]],
        "steps": None if plan.step is None else steps,
    }


def _steps(plan: Plan | None) -> Iterator[Plan]:
    while plan is not None:
        yield plan
        plan = plan.next_step


def _choice(shelf: Shelf, choice: MusicChoice, lists: SongLists) -> Document:
    thumb = lists.offer_thumb(key_of_music(choice), choice.title)
    on_spotify = choice.url is not None and spotify_uri(choice.url) is not None
    return {
        "title": choice.title,
        "url": choice.url,
        "list": offer_list(shelf, choice, lists),
        "on_spotify": on_spotify,
        "thumb": thumb,
    }


def offer_list(shelf: Shelf, choice: MusicChoice, lists: SongLists) -> str | None:
    """Offer the songs of a choice, which are read when the list is opened; returns the list's name, None for a link."""
    path = choice.path
    return None if path is None else lists.offer(choice, lambda: _read_choice(shelf, choice, path), choice.mood)


def _read_choice(shelf: Shelf, choice: MusicChoice, path: Path) -> FoundSongs:
    if path == shelf.library and choice.mood is not None:
        return read_library(path, choice.mood)
    return read_songs(path, choice.mood)


def _songs(shelf: Shelf, mood: Expression, seed: int, lists: SongLists, counts: FeedbackCounts | None) -> Document:
    library = shelf.library
    found = read_library(library or resources.shipped_songs(), mood)
    used = found.mood or mood
    name = lists.offer((library, used), lambda: found, used)

    def tally(song: Song) -> Tally:
        return NO_ANSWER if counts is None else counts.feedback.of(key_of_song(song, used))

    chosen = list(_draw(found, seed, tally))
    if not chosen and found.songs and all(tally(song).left_out for song in found.songs):
        raise EmodjError("every song for this mood has two thumbs down: emodj feedback reset offers them again")
    if not chosen:
        raise EmodjError(f"none of the song files in {library} exists: is its disk connected?")
    return {
        "list": name,
        "count": len(found.songs),
        "own": library is not None,
        "notices": [one_line(notice) for notice in found.notices],
        "songs": [_song(lists, name, number) for number in chosen],
    }


def _draw(found: FoundSongs, seed: int, tally: Callable[[Song], Tally]) -> Iterator[int]:
    """Numbers of `COUNT` songs, drawn at random, that are links or whose files exist; each file and each link once.

    Among the first `MAX_TRIED` songs of the draw, thumbs move songs; those with two thumbs down in a row are left out.
    """
    drawn = set[object]()
    lot = [*map(int, np.random.default_rng(seed).permutation(len(found.songs))[:MAX_TRIED])]
    order = order_of_lot([tally(found.songs[number]) for number in lot], random.Random(seed))  # noqa: S311 - no secret
    for number in (lot[place] for place in order):
        song = found.songs[number]
        place = song.path or song.url or song
        is_missing = song.path is not None and not os.path.isfile(song.path)  # noqa: PTH113 - never raises
        if place in drawn or (is_missing and song.url is None):
            continue
        drawn.add(place)
        yield number
        if len(drawn) == COUNT:
            return


def _song(lists: SongLists, name: str, number: int) -> Document:
    listed = lists.song(name, number)
    return {
        "number": number,
        "title": listed.title,
        "artist": listed.artist,
        "url": listed.url,
        "address": listed.address,
        "thumb": listed.thumb,
    }


def _movies(
    shelf: Shelf, mood: Mood, strategy: Strategy, seed: int, lists: SongLists, counts: FeedbackCounts | None
) -> Document:
    feedback = None if counts is None else counts.feedback
    made = recommend_movies(shelf.movies, mood, strategy, COUNT, seed, shelf.tmdb, feedback=feedback)
    plan = made.plan
    if not plan.movies:
        raise EmodjError("the list has no movie for this mood: choose lift, or add one")
    links = tuple(movie_link(shelf.movie_link, movie) for movie in plan.movies)
    notices = [] if made.problem is None else [f"from the list on this computer: {made.problem}"]
    return {
        "why": plan.why,
        "notices": [*notices, *([ATTRIBUTION] if made.source == "tmdb" else [])],
        "movies": [
            {**shown, "thumb": lists.offer_thumb(key_of_movie(movie), f"{movie.title} ({movie.year})")}
            for shown, movie in zip(movies_document(RecommendedMovies(plan, links)), plan.movies, strict=True)
        ],
    }
