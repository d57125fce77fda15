"""Ask TMDb. Each call blocks until it is answered or its time is over: call it on a thread that may wait.

The key goes into a header and never into an address, which servers and proxies keep in their logs.
"""

from __future__ import annotations

import json
import random
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from realtime.http_deadline import Deadline
from realtime.movies.tmdb import (
    MAX_PAGE,
    TmdbError,
    draw_parameters,
    explain_refusal,
    make_questions,
    no_fitting_movies,
    no_movies,
    read_page,
    unreadable_answer,
)
from realtime.offline import explain_offline

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    import requests

    from realtime.domain import Mood
    from realtime.movies.catalog import Movie
    from realtime.movies.tmdb import TmdbFilters, TmdbQuestion
    from realtime.movies.tmdb_key import TmdbKey
    from realtime.music.planner import Strategy

TIMEOUT_S = 10.0
"""Longest time for all answers to one call, in seconds, however slowly they arrive."""

_USER_AGENT = "emodj"


@dataclass(frozen=True, slots=True)
class TmdbService:
    """Address of TMDb.

    Attributes:
        api: base address of version 3 of its interface, with a slash at the end.
    """

    api: str = "https://api.themoviedb.org/3/"


SERVICE = TmdbService()
"""The real TMDb; tests replace it. No setting can: it would send the key to another server."""


def check_key(key: TmdbKey, *, timeout_s: float | None = None) -> None:
    """Ask TMDb whether it accepts a key.

    Args:
        key: the key.
        timeout_s: longest time, in seconds; None for `TIMEOUT_S`.

    Raises:
        TmdbKeyError: it does not.
        TmdbError: TMDb refuses for another reason, cannot be reached, or must not be asked.
    """
    with _asking(key, timeout_s) as tmdb:
        answer = tmdb.ask("authentication", {})
        if not isinstance(answer, dict) or cast("dict[str, object]", answer).get("success") is not True:
            raise unreadable_answer()


def fetch_movies(
    key: TmdbKey, mood: Mood, strategy: Strategy, seed: int, filters: TmdbFilters, *, timeout_s: float | None = None
) -> tuple[Movie, ...]:
    """Fetch movies for a mood, from which `planner.plan_movies` chooses.

    There is one request, and a second one where TMDb has fewer pages than lot chose from, or no movie on its page fits; a
    strategy with two questions, as `make_questions` says, has up to four.

    Args:
        key: key of the person.
        mood: mood of the faces, or chosen by hand.
        strategy: rule that chooses.
        seed: 0 or more; the same seed asks for the same pages.
        filters: which movies TMDb may name.
        timeout_s: longest time for all requests together, in seconds; None for `TIMEOUT_S`.

    Returns:
        At most 20 movies for each question, and at least one for each that is not extra.

    Raises:
        TmdbKeyError: TMDb does not accept the key.
        TmdbError: TMDb refuses for another reason, cannot be reached, must not be asked, or has no movie.
    """
    lot = random.Random(seed)  # noqa: S311 - a draw of movies guards no secret
    with _asking(key, timeout_s) as tmdb:
        return tuple(
            movie for question in make_questions(mood, strategy) for movie in _fetch_page(tmdb, question, filters, lot)
        )


def _fetch_page(tmdb: _Connection, question: TmdbQuestion, filters: TmdbFilters, lot: random.Random) -> tuple[Movie, ...]:
    parameters = draw_parameters(question, filters, lot)
    number = lot.randint(1, MAX_PAGE)
    page = read_page(tmdb.ask("discover/movie", parameters | {"page": str(number)}), question)
    others = [each for each in range(1, min(page.total_pages, MAX_PAGE) + 1) if each != number]
    if not page.movies and others:
        page = read_page(tmdb.ask("discover/movie", parameters | {"page": str(lot.choice(others))}), question)
    if not page.movies and not question.extra:
        raise no_fitting_movies() if page.total_pages else no_movies()
    return page.movies


class _Connection:
    """Sends requests with a key, all within one time limit."""

    def __init__(self, session: requests.Session, key: TmdbKey, timeout_s: float) -> None:
        self._session = session
        self._key = key
        self._timeout_s = timeout_s
        self._deadline = Deadline()
        self._deadline.start(timeout_s)

    def ask(self, path: str, parameters: Mapping[str, str]) -> object:
        """Send one request and parse its answer as JSON.

        Raises:
            TmdbError: TMDb refuses or cannot be reached, or the answer is no JSON.
        """
        import requests

        from realtime.http_session import explain_failure, hide_secrets

        headers = {"Authorization": f"Bearer {self._key.token}", "Accept": "application/json", "User-Agent": _USER_AGENT}
        try:
            answer = self._session.get(
                f"{SERVICE.api}{path}", params=dict(parameters), headers=headers, timeout=self._deadline.left_s()
            )
            if answer.status_code == HTTPStatus.OK:
                parsed: object = json.loads(answer.content)
                return parsed
        except (requests.RequestException, OSError, ValueError, RecursionError) as error:
            why = explain_failure(error, "TMDb", self._timeout_s)
            # Do not chain the original error: -vv would print the key if the answer repeats it
            raise (unreadable_answer() if why is None else TmdbError(why)) from hide_secrets(error, [self._key.token])
        raise explain_refusal(answer.status_code, answer.headers.get("Retry-After"), self._key.place)


@contextmanager
def _asking(key: TmdbKey, timeout_s: float | None) -> Generator[_Connection]:
    from realtime.http_session import new_session

    forbidden = explain_offline("TMDb")
    if forbidden is not None:
        raise TmdbError(forbidden)
    with new_session() as session:
        yield _Connection(session, key, TIMEOUT_S if timeout_s is None else timeout_s)
