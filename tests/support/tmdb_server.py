"""A local TMDb server: the two questions of version 3 that emodj asks, with the answers that TMDb gives."""

from __future__ import annotations

import math
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from realtime.movies.tmdb import GENRES
from tests.support.faulty_server import Fault, Request, Row, serving

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

TOKEN = "anna.may-only-read.signed-by-the-test"  # noqa: S105 - of no real account
"""The key of the account."""

_NUMBERS = {name: number for number, name in GENRES.items()}
_PAGE, _LAST_PAGE = 20, 500


def refusal(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Fault:
    """An error in the format of TMDb."""
    return Fault(status, {"success": False, "status_code": code, "status_message": message}, headers or {})


@dataclass
class Tmdb:
    """One account, the movies, and the requests that the server received. A test may change all attributes while it runs.

    Attributes:
        movies: rows as TMDb has them, the most popular first.
        faults: responses that replace real ones, in order.
        always: a response that replaces each one that `faults` does not; None for real ones.
    """

    address: str = ""
    movies: list[Row] = field(default_factory=list[Row])
    requests: list[Request] = field(default_factory=list[Request])
    faults: list[Fault] = field(default_factory=list[Fault])
    always: Fault | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    closing: threading.Event = field(default_factory=threading.Event)

    def movie(self, title: str, *genres: str, year: int = 2001, **more: object) -> Row:
        """Add a movie; `more` replaces fields of its row."""
        row: Row = {
            "adult": False,
            "backdrop_path": None,
            "genre_ids": [_NUMBERS[genre] for genre in genres],
            "id": len(self.movies) + 1,
            "original_language": "en",
            "original_title": title,
            "overview": "A movie.",
            "popularity": 1000.0 - len(self.movies),
            "poster_path": None,
            "release_date": f"{year}-05-17",
            "title": title,
            "video": False,
            "vote_average": 7.5,
            "vote_count": 5000,
        }
        self.movies.append(row | more)
        return self.movies[-1]

    def answer(self, request: Request) -> Fault:
        """The response to a request."""
        self.requests.append(request)
        if self.faults:
            return self.faults.pop(0)
        if self.always is not None:
            return self.always
        if request.bearer != TOKEN:
            return refusal(401, 7, "Invalid API key: You must be granted a valid key.")
        match request.method, request.path:
            case "GET", "/3/authentication":
                return Fault(200, {"success": True, "status_code": 1, "status_message": "Success."})
            case "GET", "/3/discover/movie":
                return self._discover(request.query)
            case _:
                return refusal(404, 34, "The resource you requested could not be found.")

    def _discover(self, query: dict[str, str]) -> Fault:
        page = int(query.get("page", "1"))
        if not 1 <= page <= _LAST_PAGE:
            return refusal(400, 22, "Invalid page: Pages start at 1 and max at 500. They are expected to be an integer.")
        found = [row for row in self.movies if _fits(row, query)]
        pages = math.ceil(len(found) / _PAGE)
        answer: dict[str, Any] = {"page": page, "results": found[(page - 1) * _PAGE : page * _PAGE]}
        return Fault(200, answer | {"total_pages": pages, "total_results": len(found)})


def _fits(row: Row, query: dict[str, str]) -> bool:
    wanted, excluded = query.get("with_genres", ""), query.get("without_genres", "")
    assert not {",", "|"} <= set(wanted), "TMDb takes one of them, not both"
    every, genres = (any if "|" in wanted else all), set(row["genre_ids"])
    return (
        every(int(number) in genres for number in wanted.replace("|", ",").split(","))
        and not any(int(number) in genres for number in excluded.split(",") if number)
        and row["vote_count"] >= float(query.get("vote_count.gte", 0))
        and row["vote_average"] >= float(query.get("vote_average.gte", 0))
        and (not row["adult"] or query.get("include_adult") == "true")
    )


@contextmanager
def serving_tmdb() -> Generator[Tmdb]:
    """Run the server; a test fills it with movies."""
    tmdb = Tmdb()
    with serving(tmdb) as tmdb.address:
        yield tmdb
