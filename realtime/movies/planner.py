"""Choose movies for a mood: by the targets of the music, the genres that suit them, and a draw by lot (pure).

A genre is a rough stand-in for what a movie feels like (Sampaolo et al., doi 10.1422/109317: genres and feelings of 60
movies correlate at tau = .38), so the list of a mood counts first and genres only sort within the rest.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, Expression
from realtime.mood.affect import POINTS, Point, rank_by_distance
from realtime.movies.catalog import Movie
from realtime.music.feedback import FeedbackKey, Kind, digest_place, order_of_lot
from realtime.music.planner import JOURNEY_STEPS, Strategy, find_target, name_mood

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from realtime.domain import Mood
    from realtime.music.feedback import Feedback, Tally

BAND = 0.25
"""Width of a band of distances, in units of valence and arousal: lot decides between movies within the same band."""


@dataclass(frozen=True, slots=True)
class GenreRule:
    """Which genres suit a mood, by their names at TMDb in lower case.

    Attributes:
        wanted: a movie is wanted if it has all genres of one of these groups.
        unwanted: a movie with one of these is left out.
        always: a movie with all of these is always among several ones, even if `unwanted` names one of them; may be empty.
    """

    wanted: tuple[frozenset[str], ...]
    unwanted: frozenset[str] = frozenset()
    always: frozenset[str] = frozenset()


def _rule(*wanted: str, without: str = "", always: str = "") -> GenreRule:
    return GenreRule(tuple(_names(group) for group in wanted), _names(without), _names(always))


def _names(genres: str) -> frozenset[str]:
    return frozenset(name.strip() for name in genres.split(",") if name)


MATCHING: dict[Expression, GenreRule] = {
    Expression.ANGRY: _rule("action", "crime", "thriller", without="horror"),
    Expression.DISGUST: _rule("comedy,crime", "comedy,horror"),
    Expression.FEAR: _rule("horror", "thriller", "mystery"),
    Expression.HAPPY: _rule("comedy", "music", "adventure", without="horror,thriller,crime,war"),
    Expression.NEUTRAL: _rule("documentary", "drama", "history", without="horror,thriller"),
    Expression.SAD: _rule("drama", without="comedy,action,horror,thriller"),
    Expression.SURPRISE: _rule("mystery", "science fiction", without="horror"),
}
"""Genres of movies like the mood. Our choice, after Greenwood 2010 and Banerjee et al. 2008 (doi 10.1027/1864-1105.20.3.97)."""

LIFTING: dict[Expression, GenreRule] = {
    # In anger and fear without threat and violence: far from the trouble (mood management, Zillmann 1988)
    Expression.ANGRY: _rule("comedy", "family", "documentary", without="action,crime,thriller,war,horror,western"),
    Expression.DISGUST: _rule("animation", "music", "family", without="horror,thriller,crime"),
    Expression.FEAR: _rule("comedy", "family", "romance", without="horror,thriller,mystery,crime,war"),
    Expression.HAPPY: MATCHING[Expression.HAPPY],
    Expression.NEUTRAL: _rule("comedy", "romance", "adventure", without="horror,thriller"),
    # Some sad people look for a drama, in the hope of meaning (Kim 2007), so one that is a comedy too stays
    Expression.SAD: _rule(
        "comedy", "family", "animation", "music", without="drama,war,horror,thriller,crime", always="comedy,drama"
    ),
    Expression.SURPRISE: MATCHING[Expression.SURPRISE],
}
"""Genres at the end of the strategies lift and journey."""

BETWEEN: dict[Expression, GenreRule] = {
    Expression.ANGRY: _rule("adventure,comedy", without="horror,war"),
    Expression.DISGUST: _rule("comedy", without="horror"),
    Expression.FEAR: _rule("fantasy,adventure", without="horror"),
    Expression.HAPPY: LIFTING[Expression.HAPPY],
    Expression.NEUTRAL: _rule("comedy,drama", without="horror,thriller"),
    Expression.SAD: _rule("comedy,drama", without="horror,thriller,war"),
    Expression.SURPRISE: LIFTING[Expression.SURPRISE],
}
"""Genres between the first and the last step of a journey."""


@dataclass(frozen=True, slots=True)
class MoviePlan:
    """Movies chosen for a mood.

    Attributes:
        strategy: rule that chose them.
        why: reason in a few words: "for happy".
        mood_used: mood whose movies and genres were used: the nearest one of a mixed mood, and the nearest one with movies
            where they have to match a mood for which the list has none.
        movies: in the order of the draw; of a journey in the order of its steps. No movie twice.
        replaced: mood that has no movies, so that those of `mood_used` stand in; None if all is as it was asked for.
        learnt: thumbs of each movie, None without any; empty if no movie has thumbs.
    """

    strategy: Strategy
    why: str
    mood_used: Expression
    movies: tuple[Movie, ...]
    replaced: Expression | None = None
    learnt: tuple[Tally | None, ...] = ()


def key_of_movie(movie: Movie) -> FeedbackKey:
    """What a thumb on a movie is counted for."""
    title, year = movie.key
    return FeedbackKey(movie.mood, Kind.MOVIE, digest_place(f"{title} {year}"))


def plan_movies(
    movies: Sequence[Movie],
    mood: Mood,
    strategy: Strategy,
    count: int,
    seed: int,
    feedback: Feedback | None = None,
    without: Collection[FeedbackKey] = (),
) -> MoviePlan:
    """Choose movies for a mood.

    `MATCH` draws from the list of the mood. `LIFT` and `JOURNEY` draw from all movies: first those of a wanted genre, then
    those whose point is nearest to the target, and by lot within a band. Without any movie that a rule allows, its unwanted
    genres are allowed too. A thumb moves a movie within its lot; two thumbs down in a row leave it out.

    Args:
        movies: a list, at least one movie.
        mood: mood of the faces, or chosen by hand.
        strategy: rule that chooses.
        count: how many movies, 1 or more. There are fewer if the list has fewer for the mood.
        seed: 0 or more; the same seed draws the same movies from the same list with the same thumbs.
        feedback: thumbs of the person; None draws without.
        without: keys of movies that are left out; the others keep their lot.
    """
    count = min(count, len(movies))
    shuffled = random.Random(seed).sample(movies, len(movies))  # noqa: S311 - a draw of movies guards no secret
    tallies = [] if feedback is None else [feedback.of(key_of_movie(movie)) for movie in shuffled]
    if any(tally.evidence for tally in tallies):
        order = order_of_lot(tallies, random.Random(f"{seed} thumbs"))  # noqa: S311 - likewise
        # A list of which every movie is left out still has to offer some
        shuffled = [shuffled[index] for index in order] or shuffled
    if without:
        shuffled = [movie for movie in shuffled if key_of_movie(movie) not in without]
    nearest = nearest_mood(mood)
    used = _mood_with_movies(shuffled, nearest)
    match strategy:
        case Strategy.MATCH:
            why, chosen = find_target(mood, strategy).why, _match(shuffled, mood, used, count)
        case Strategy.LIFT:
            target = find_target(mood, strategy)
            used, why, chosen = nearest, target.why, _lift(shuffled, target.point, LIFTING[nearest], count)
        case Strategy.JOURNEY:
            why, chosen = f"from {name_mood(mood)}, step by step", _journey(shuffled, mood, nearest, used, count)
    # The movies of faces that disagree lie nearest to their mean, whatever their mood is
    replaced = nearest if used is not nearest and not (strategy is Strategy.MATCH and mood.leader is None) else None
    if replaced is not None and chosen:
        start = f"for {used.value}" if strategy is Strategy.MATCH else f"{why}, first those for {used.value}"
        why = f"{start}, the nearest mood with movies"
    return MoviePlan(strategy, why, used, tuple(chosen), replaced, _learnt(chosen, feedback))


def _learnt(movies: Sequence[Movie], feedback: Feedback | None) -> tuple[Tally | None, ...]:
    tallies = [] if feedback is None else [feedback.of(key_of_movie(movie)) for movie in movies]
    return tuple(tally if tally.evidence else None for tally in tallies) if any(each.evidence for each in tallies) else ()


def nearest_mood(mood: Mood) -> Expression:
    """The mood whose genres are used: its leader, or the one nearest to the mean of faces that disagree."""
    if mood.leader is not None:
        return mood.leader
    point = find_target(mood, Strategy.MATCH).point
    return min(EXPRESSIONS, key=lambda each: point.distance(POINTS[each]))


def _match(movies: Sequence[Movie], mood: Mood, used: Expression, count: int) -> list[Movie]:
    if mood.leader is not None:
        return _take((movie for movie in movies if movie.mood is used), count)
    point = find_target(mood, Strategy.MATCH).point
    matching = [movie for movie in movies if movie.mood is not None] or movies
    return _take(sorted(matching, key=lambda movie: _band(movie, point)), count)


def _lift(movies: Sequence[Movie], target: Point, rule: GenreRule, count: int) -> list[Movie]:
    kept = list[Movie]()
    if rule.always and count > 1:
        allowed = [
            movie for movie in movies if rule.always <= (genres := _genres(movie)) and not genres & rule.unwanted - rule.always
        ]
        kept = _take(sorted(allowed, key=lambda movie: _band(movie, target)), 1)
    return [*_take(_rank(movies, target, rule), count - len(kept), kept), *kept]


def _journey(movies: Sequence[Movie], mood: Mood, nearest: Expression, used: Expression, count: int) -> list[Movie]:
    last, chosen = JOURNEY_STEPS - 1, list[Movie]()
    # Spread over the steps, so that the first movie is like the mood and the last one lifts
    targets = Counter(find_target(mood, Strategy.JOURNEY, round(index * last / max(1, count - 1))) for index in range(count))
    for target, share in targets.items():
        if target.step == 0:
            ranked = [movie for movie in movies if movie.mood is used]
        else:
            ranked = _rank(movies, target.point, LIFTING[nearest] if target.step == last else BETWEEN[nearest])
        chosen += _take(ranked, share, chosen)
    return chosen


def _rank(movies: Iterable[Movie], target: Point, rule: GenreRule) -> list[Movie]:
    allowed = [movie for movie in movies if not _genres(movie) & rule.unwanted] or list(movies)
    return sorted(allowed, key=lambda movie: (not _is_wanted(movie, rule), _band(movie, target)))


def _is_wanted(movie: Movie, rule: GenreRule) -> bool:
    genres = _genres(movie)
    return any(group <= genres for group in rule.wanted)


def _genres(movie: Movie) -> frozenset[str]:
    return frozenset(genre.lower() for genre in movie.genres)


def _band(movie: Movie, target: Point) -> int:
    return int(movie.point.distance(target) / BAND)


def _take(ranked: Iterable[Movie], count: int, taken: Collection[Movie] = ()) -> list[Movie]:
    """The first movies that are not taken yet, none twice."""
    keys, chosen = {movie.key for movie in taken}, list[Movie]()
    for movie in ranked:
        if len(chosen) == count:
            break
        if movie.key not in keys:
            keys.add(movie.key)
            chosen.append(movie)
    return chosen


def _mood_with_movies(movies: Sequence[Movie], mood: Expression) -> Expression:
    """The mood, or the nearest one that has movies; the mood itself if the list has only movies that lift."""
    present = {movie.mood for movie in movies}
    return next((each for each in rank_by_distance(mood) if each in present), mood)
