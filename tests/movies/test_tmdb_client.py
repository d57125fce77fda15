"""Questions to a real server shaped as TMDb, and each way in which they can fail."""

from __future__ import annotations

import gzip
import json
import socket
import traceback
from typing import TYPE_CHECKING

import pytest
import requests.utils

from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.http_session import MAX_BYTES
from realtime.movies import tmdb_client
from realtime.movies.tmdb import MAX_PAGE, TmdbError, TmdbFilters, TmdbKeyError
from realtime.movies.tmdb_client import TmdbService, check_key, fetch_movies
from realtime.movies.tmdb_key import TmdbKey
from realtime.music.planner import Strategy
from tests.support.faulty_server import Fault
from tests.support.slow_answers import STARTS
from tests.support.tmdb_server import TOKEN, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.movies.catalog import Movie
    from tests.support.tmdb_server import Tmdb

KEY = TmdbKey(TOKEN, "in TMDB_TOKEN")
FILTERS = TmdbFilters("en-US", "", 300, 6.5)
QUICK_S = 0.2
NOT_TMDBS = "the answer is not TMDb's: does this network want you to log in first?"


def fetch(
    strategy: Strategy = Strategy.MATCH, seed: int = 0, *, mood: Expression = Expression.SAD, timeout_s: float | None = None
) -> tuple[Movie, ...]:
    return fetch_movies(KEY, Mood.by_hand(mood), strategy, seed, FILTERS, timeout_s=timeout_s)


def error_of(timeout_s: float | None = None) -> TmdbError:
    """The error of a question that fails."""
    with pytest.raises(TmdbError) as caught:
        fetch(timeout_s=timeout_s)
    return caught.value


def fill(tmdb: Tmdb, *genres: str, count: int = 300) -> None:
    """Add movies of some genres."""
    for number in range(count):
        tmdb.movie(f"{' '.join(genres)} {number}", *genres, year=1950 + number % 70)


# What is asked


def test_one_page_of_movies_is_fetched_with_one_request(tmdb: Tmdb) -> None:
    fill(tmdb, "Drama")
    fill(tmdb, "Comedy")
    movies = fetch()
    assert len(movies) == 20
    assert {movie.genres for movie in movies} == {("Drama",)}
    (request,) = tmdb.requests
    assert (request.method, request.path, request.bearer) == ("GET", "/3/discover/movie", TOKEN)
    assert 1 <= int(request.query["page"]) <= MAX_PAGE
    assert TOKEN not in json.dumps(request.query)


def test_the_filters_are_sent(tmdb: Tmdb) -> None:
    tmdb.movie("Few votes", "Drama", vote_count=299)
    tmdb.movie("Bad", "Drama", vote_average=6.4)
    tmdb.movie("Adult", "Drama", adult=True)
    tmdb.movie("Good", "Drama")
    assert [movie.title for movie in fetch()] == ["Good"]


def test_lot_chooses_the_page_and_a_seed_repeats_it(tmdb: Tmdb) -> None:
    fill(tmdb, "Drama")
    pages = [fetch(seed=seed)[0].title for seed in range(20)]
    assert pages == [fetch(seed=seed)[0].title for seed in range(20)]
    assert len(set(pages)) > 5


@pytest.mark.parametrize("count", [1, 20, 21, 45])
def test_a_page_that_does_not_exist_is_asked_for_once_more(tmdb: Tmdb, count: int) -> None:
    fill(tmdb, "Drama", count=count)
    for seed in range(20):
        tmdb.requests.clear()
        assert fetch(seed=seed)
        assert len(tmdb.requests) <= 2


def test_a_journey_has_movies_for_both_its_ends(tmdb: Tmdb) -> None:
    fill(tmdb, "Drama")
    fill(tmdb, "Comedy")
    movies = fetch(Strategy.JOURNEY)
    assert [movie.mood for movie in movies] == [Expression.SAD] * 20 + [None] * 20
    assert len(tmdb.requests) == 2


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("mood", EXPRESSIONS)
def test_every_mood_has_a_question_that_tmdb_takes(tmdb: Tmdb, mood: Expression, strategy: Strategy) -> None:
    for genres in (["Comedy", "Crime"], ["Comedy", "Horror"], ["Comedy"], ["Drama"], ["Mystery"], ["Action"], ["Animation"]):
        fill(tmdb, *genres, count=20)
    assert fetch(strategy, mood=mood)


def test_a_key_is_checked_with_one_request(tmdb: Tmdb) -> None:
    check_key(KEY)
    assert [request.path for request in tmdb.requests] == ["/3/authentication"]
    with pytest.raises(TmdbKeyError):
        check_key(TmdbKey("a.b.c", "that you gave"))
    tmdb.always = Fault(200, {"success": False})
    with pytest.raises(TmdbError, match="is not TMDb's"):
        check_key(KEY)


# Faults


def test_no_movie_is_a_sentence(tmdb: Tmdb) -> None:
    assert str(error_of()) == "TMDb has no movie of these genres: lower movies.min_votes or movies.min_rating in your settings"
    assert len(tmdb.requests) == 1
    # A server that promises pages and gives none is not asked for ever
    for pages in (1, 500):
        tmdb.always = Fault(200, {"results": [], "total_pages": pages})
        tmdb.requests.clear()
        assert str(error_of()) == "no movie on the pages that TMDb gave fits: try again"
        assert len(tmdb.requests) <= 2


def test_another_page_is_asked_for_once_if_no_movie_on_the_first_one_fits(tmdb: Tmdb) -> None:
    fill(tmdb, "Drama")
    untitled = {"title": "", "release_date": "", "genre_ids": [18], "adult": False}
    tmdb.faults.append(Fault(200, {"results": [untitled] * 20, "total_pages": 15}))
    assert len(fetch()) == 20
    first, second = (int(request.query["page"]) for request in tmdb.requests)
    assert first != second


def test_to_lift_sad_a_page_of_each_kind_is_asked_for(tmdb: Tmdb) -> None:
    fill(tmdb, "Comedy", "Drama")
    fill(tmdb, "Comedy")
    movies = fetch(Strategy.LIFT)
    assert [movie.genres for movie in movies] == [("Comedy",)] * 20 + [("Comedy", "Drama")] * 20
    # Without a comedy that is a drama, the others are there all the same
    tmdb.movies = [row for row in tmdb.movies if len(row["genre_ids"]) == 1]
    assert {movie.genres for movie in fetch(Strategy.LIFT)} == {("Comedy",)}


FAULTS = {
    "401": (
        refusal(401, 7, "Invalid API key"),
        "TMDb refuses the key in TMDB_TOKEN: copy the API Read Access Token again from",
    ),
    "403": (Fault(403, b"<html>forbidden</html>"), "TMDb forbids what was asked with the key in TMDB_TOKEN (403)"),
    "404": (refusal(404, 34, "not found"), "TMDb refuses this request (404)"),
    "429": (refusal(429, 25, "over the limit", {"Retry-After": "90"}), "too many requests to TMDb: try again in 2 minutes"),
    "500": (refusal(500, 11, "Internal error"), "TMDb has an internal error (500): try again in a moment"),
    "503 as a page": (Fault(503, b"<html>Bad gateway</html>"), "TMDb has an internal error (503): try again in a moment"),
    "hung up": (Fault(close=True), "TMDb cannot be reached: is this computer online?"),
    "cut off": (Fault(200, {"results": [], "total_pages": 1}, cut=True), "TMDb's answer was cut off: try again in a moment"),
    "half": (Fault(200, b'{"results": ['), NOT_TMDBS),
    "a page": (Fault(200, b"<html>log in to this cafe</html>"), NOT_TMDBS),
    "a list": (Fault(200, b"[]"), NOT_TMDBS),
    "no text": (Fault(200, b"\xff\xfe\x00\xd8"), NOT_TMDBS),
    "nothing": (Fault(200), NOT_TMDBS),
    "no content": (Fault(204), NOT_TMDBS),
    "deep": (Fault(200, b"[" * 100_000), NOT_TMDBS),
    "a long number": (Fault(200, b'{"results": [], "total_pages": ' + b"9" * 5000 + b"}"), NOT_TMDBS),
    "no gzip": (Fault(200, b"plain", {"Content-Encoding": "gzip"}), NOT_TMDBS),
    "too large": (Fault(200, b" " * (MAX_BYTES + 1)), NOT_TMDBS),
    "too large, packed": (Fault(200, gzip.compress(b" " * 64 * MAX_BYTES), {"Content-Encoding": "gzip"}), NOT_TMDBS),
}


@pytest.mark.parametrize(("fault", "sentence"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_one_sentence_after_one_request(tmdb: Tmdb, fault: Fault, sentence: str) -> None:
    fill(tmdb, "Drama")
    tmdb.faults.append(fault)
    error = error_of()
    assert str(error).startswith(sentence)
    assert isinstance(error, TmdbKeyError) == (fault.status in {401, 403})
    assert len(tmdb.requests) == 1
    # The next question succeeds
    assert fetch()


@pytest.mark.parametrize("fault", [Fault(silent=True), *(Fault(slow=part) for part in STARTS)])
def test_a_slow_server_times_out(tmdb: Tmdb, fault: Fault) -> None:
    tmdb.faults.append(fault)
    assert str(error_of(QUICK_S)) == "TMDb did not answer for 0.2 s: try again in a moment"
    assert len(tmdb.requests) == 1


def test_all_requests_of_a_question_have_one_time_limit(tmdb: Tmdb) -> None:
    fill(tmdb, "Drama", count=1)
    # The first page that lot chooses does not exist; the answer to the second request is slow
    tmdb.faults.extend([Fault(200, {"results": [], "total_pages": 1}), Fault(slow="body")])
    with pytest.raises(TmdbError, match=r"^TMDb did not answer for 0\.5 s"):
        fetch(timeout_s=0.5)
    assert len(tmdb.requests) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(tmdb: Tmdb, status: int) -> None:
    tmdb.always = Fault(status, headers={"Location": f"{tmdb.address}/3/elsewhere"})
    assert str(error_of()) == NOT_TMDBS
    assert [request.path for request in tmdb.requests] == ["/3/discover/movie"]


def test_without_a_network_it_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as taken:
        # The port is taken, but nothing listens on it
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr(tmdb_client, "SERVICE", TmdbService(f"http://127.0.0.1:{taken.getsockname()[1]}/3/"))
        assert str(error_of()) == "TMDb cannot be reached: is this computer online?"


def test_a_changed_connection_is_a_sentence(tmdb: Tmdb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tmdb_client, "SERVICE", TmdbService(f"{tmdb.address.replace('http:', 'https:')}/3/"))
    assert str(error_of()).startswith("this network changes the connection to TMDb: ")


def test_missing_certificates_are_a_sentence(tmdb: Tmdb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/missing/bundle.pem")
    monkeypatch.setattr(tmdb_client, "SERVICE", TmdbService(f"{tmdb.address.replace('http:', 'https:')}/3/"))
    assert str(error_of()).startswith("there are no certificates at /missing/bundle.pem: correct REQUESTS_CA_BUNDLE")


# The key


def test_a_password_of_netrc_does_not_replace_the_key(tmdb: Tmdb, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NETRC", raising=False)
    (home / ".netrc").write_text("machine 127.0.0.1 login anna password secret\n")
    (home / ".netrc").chmod(0o600)
    assert requests.utils.get_netrc_auth(tmdb.address) == ("anna", "secret")
    check_key(KEY)
    assert tmdb.requests[-1].bearer == TOKEN


@pytest.mark.parametrize(
    "fault",
    [
        *(refusal(status, 7, f"no {TOKEN}") for status in (400, 401, 403, 429, 500)),
        Fault(302, headers={"Location": f"http://127.0.0.1/{TOKEN}"}),
        Fault(200, TOKEN.encode()),
        Fault(200, b"", {"Content-Encoding": TOKEN}),
        Fault(200, f"HTTP {TOKEN}".encode(), {"Transfer-Encoding": "chunked"}),
    ],
)
def test_no_error_and_no_log_shows_the_key_even_if_tmdb_repeats_it(
    tmdb: Tmdb, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    caplog.set_level("DEBUG")
    tmdb.always = fault
    shown = "".join(traceback.format_exception(error_of())) + caplog.text
    assert TOKEN not in shown


def test_the_default_address_is_that_of_tmdb_with_encryption() -> None:
    assert TmdbService().api == "https://api.themoviedb.org/3/"
