"""`emodj movies --online`, with a local server in place of TMDb."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from realtime.movies.tmdb import ATTRIBUTION
from realtime.movies.tmdb_key import TmdbKeyFile
from tests.support.faulty_server import Fault
from tests.support.tmdb_server import TOKEN, refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.support.tmdb_server import Tmdb

    Run = Callable[..., CompletedProcess[str]]
    Write = Callable[[str], Path]
    Visits = Callable[[], list[str]]

LIST = "emodj: the movies are from the list on this computer: "


@pytest.fixture(autouse=True)
def keyed(tmdb: Tmdb) -> None:
    """A key that is kept, and three movies."""
    TmdbKeyFile().save(TOKEN)
    tmdb.movie("Heat \x1b[31m", "Action", "Crime", year=1995)
    tmdb.movie("Rescue", "Action", "Comedy", year=2010)
    tmdb.movie("Home", "Comedy", year=2020)


def read_document(ended: CompletedProcess[str]) -> dict[str, Any]:
    assert ended.returncode == 0, ended.stderr
    document: dict[str, Any] = json.loads(ended.stdout)
    return document


def test_movies_of_tmdb_are_printed_with_what_tmdb_asks_for(emodj: Run, tmdb: Tmdb) -> None:
    ended = emodj("movies", "angry", "--online")
    assert (ended.returncode, ended.stderr) == (0, "emodj: TMDb's answer has only 2 movies that fit\n")
    heading, *lines, last = ended.stdout.splitlines()
    assert (heading, last) == ("Movies for angry", ATTRIBUTION)
    assert sorted(line[3:] for line in lines[::2]) == ["Heat �[31m (1995), Action, Crime", "Rescue (2010), Action, Comedy"]
    assert all("https://en.wikipedia.org/w/index.php?search=" in line for line in lines[1::2])
    # The page that lot chose, then the one that exists
    assert len(tmdb.requests) <= 2


def test_more_movies_than_a_page_has_are_said(emodj: Run, tmdb: Tmdb) -> None:
    for number in range(30):
        tmdb.movie(f"Crime {number}", "Crime", year=1950 + number)
    ended = emodj("movies", "angry", "-n", "25", "--seed", "0", "--online")
    assert ended.returncode == 0
    assert re.fullmatch(r"emodj: TMDb's answer has only \d+ movies that fit; a page has 20 movies at most\n", ended.stderr)
    assert 2 * 10 < len(ended.stdout.splitlines()) <= 2 + 2 * 20


def test_without_online_nobody_is_asked_and_nothing_of_tmdb_is_printed(emodj: Run, tmdb: Tmdb) -> None:
    ended = emodj("movies", "angry")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "TMDB" not in ended.stdout
    assert not tmdb.requests


def test_the_document(emodj: Run) -> None:
    document = read_document(emodj("movies", "angry", "--strategy", "lift", "-n", "1", "--seed", "3", "--online", "--json"))
    assert document == {
        "schema": 1,
        "mood": "angry",
        "mood_used": "angry",
        "strategy": "lift",
        "why": "to lift angry",
        "source": "tmdb",
        "list": None,
        "seed": 3,
        "movies": [
            {
                "title": "Home",
                "year": 2020,
                "genres": ["Comedy"],
                "country": None,
                "url": "https://en.wikipedia.org/w/index.php?search=Home+2020+film",
            }
        ],
        "notice": None,
        "problem": None,
        "attribution": ATTRIBUTION,
        "opened": None,
    }


def test_the_settings_ask_and_an_option_wins(emodj: Run, settings: Write, tmdb: Tmdb) -> None:
    text = 'online = true\nlanguage = "de-de"\nregion = "de"\nmin_votes = 10\nmin_rating = 5\n'
    file = settings(f"[movies]\n{text}")
    assert read_document(emodj("movies", "angry", "--json", "--config", file))["source"] == "tmdb"
    query = tmdb.requests[0].query
    assert (query["language"], query["region"], query["vote_count.gte"], query["vote_average.gte"]) == (
        "de-DE",
        "DE",
        "10",
        "5",
    )
    tmdb.requests.clear()
    assert read_document(emodj("movies", "angry", "--json", "--no-online", "--config", file))["source"] == "list"
    assert not tmdb.requests


def test_the_first_movie_of_tmdb_is_opened_on_request_alone(emodj: Run, browser: Visits) -> None:
    arguments = ("movies", "angry", "--strategy", "lift", "-n", "1", "--online")
    assert emodj(*arguments).returncode == 0
    assert not browser()
    assert emodj(*arguments, "--open").stderr == "emodj: handed to the browser: Home\n"
    assert browser() == ["https://en.wikipedia.org/w/index.php?search=Home+2020+film"]


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault(close=True), "TMDb cannot be reached: is this computer online?"),
        (refusal(401, 7, "Invalid API key"), "TMDb refuses the key in "),
        (refusal(429, 25, "slow", {"Retry-After": "60"}), "too many requests to TMDb: try again in a minute"),
        (refusal(500, 11, "oops"), "TMDb has an internal error (500): try again in a moment"),
        (Fault(200, b"<html>"), "the answer is not TMDb's: does this network want you to log in first?"),
        (Fault(200, {"results": [], "total_pages": 0}), "TMDb has no movie of these genres: "),
    ],
)
def test_what_tmdb_cannot_give_comes_from_the_list_and_is_said(emodj: Run, tmdb: Tmdb, fault: Fault, problem: str) -> None:
    tmdb.always = fault
    ended = emodj("movies", "angry", "--online", "-vv")
    assert (ended.returncode, len(ended.stdout.splitlines())) == (0, 11)
    assert [line for line in ended.stderr.splitlines() if line.startswith("emodj:")] == [
        line for line in ended.stderr.splitlines() if line.startswith(LIST + problem)
    ]
    assert LIST + problem in ended.stderr
    assert TOKEN not in ended.stdout + ended.stderr
    quiet = emodj("movies", "angry", "--online", "-q", "--json", "--seed", "1")
    assert quiet.stderr == ""
    document = read_document(quiet)
    assert (document["source"], document["attribution"], len(document["movies"])) == ("list", None, 5)
    assert document["problem"].startswith(problem)


def test_without_a_key_it_says_how_to_give_one(emodj: Run, tmdb: Tmdb) -> None:
    TmdbKeyFile().delete()
    ended = emodj("movies", "angry", "--online")
    assert ended.returncode == 0
    assert ended.stderr == f"{LIST}there is no key of TMDb: emodj movies login keeps yours\n"
    assert not tmdb.requests


def test_a_key_of_the_environment_wins(emodj: Run, monkeypatch: pytest.MonkeyPatch, tmdb: Tmdb) -> None:
    monkeypatch.setenv("TMDB_TOKEN", "another.one.here")
    assert "TMDb refuses the key in TMDB_TOKEN: " in emodj("movies", "angry", "--online").stderr
    assert [request.bearer for request in tmdb.requests] == ["another.one.here"]
