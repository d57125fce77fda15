"""`emodj movies`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from realtime.domain import EXPRESSIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    Run = Callable[..., CompletedProcess[str]]
    Write = Callable[[str], Path]
    Visits = Callable[[], list[str]]


@pytest.fixture
def own_list(settings: Write, tmp_path: Path) -> Path:
    """Settings with a list of two movies for sad and one that lifts."""
    rows = "sad,One,1950,Drama;War,Peru\nsad,Two (a & b),1960,,\nlift,Three,1970,Comedy,\n"
    (tmp_path / "mine.csv").write_text(f"mood,title,year,genres,country\n{rows}", encoding="utf-8")
    return settings('[movies]\nlist = "mine.csv"\nlink = "https://example.org/?q={title}"\n')


def read_document(ended: CompletedProcess[str]) -> dict[str, Any]:
    assert ended.returncode == 0, ended.stderr
    document: dict[str, Any] = json.loads(ended.stdout)
    return document


@pytest.mark.parametrize("mood", EXPRESSIONS)
def test_a_new_installation_has_movies_for_each_mood(emodj: Run, mood: object) -> None:
    name = str(getattr(mood, "value", ""))
    ended = emodj("movies", name.upper())
    assert (ended.returncode, ended.stderr) == (0, "")
    heading, *lines = ended.stdout.splitlines()
    assert heading == f"Movies for {name}"
    assert len(lines) == 10
    for number, (title, link) in enumerate(zip(lines[::2], lines[1::2], strict=True), 1):
        assert re.fullmatch(rf"{number}\. .+ \((19|20)\d\d\), .+", title)
        assert re.fullmatch(r" {3}https://en\.wikipedia\.org/w/index\.php\?search=\S+\+\d{4}\+film", link)


def test_movies_of_an_own_list_are_printed_with_all_that_it_says(emodj: Run, own_list: Path) -> None:
    ended = emodj("movies", "sad", "--config", own_list)
    assert (ended.returncode, ended.stderr) == (0, "emodj: the list has no other movies for sad\n")
    heading, *lines = ended.stdout.splitlines()
    assert heading == "Movies for sad"
    assert sorted(line[2:] for line in lines) == [
        " One (1950), Drama, War, Peru",
        " Two (a & b) (1960)",
        " https://example.org/?q=One",
        " https://example.org/?q=Two%20%28a%20%26%20b%29",
    ]


def test_the_document(emodj: Run, own_list: Path, tmp_path: Path) -> None:
    document = read_document(
        emodj("movies", "sad", "--strategy", "lift", "-n", "1", "--seed", "3", "--json", "--config", own_list)
    )
    assert document == {
        "schema": 1,
        "mood": "sad",
        "mood_used": "sad",
        "strategy": "lift",
        "why": "to lift sad",
        "source": "list",
        "list": str(tmp_path / "mine.csv"),
        "seed": 3,
        "movies": [
            {"title": "Three", "year": 1970, "genres": ["Comedy"], "country": None, "url": "https://example.org/?q=Three"}
        ],
        "notice": None,
        "problem": None,
        "attribution": None,
        "opened": None,
    }


def test_a_seed_repeats_the_movies_and_is_in_the_document(emodj: Run) -> None:
    first = read_document(emodj("movies", "fear", "--json"))
    assert (first["list"], len(first["movies"])) == (None, 5)
    assert read_document(emodj("movies", "fear", "--json", "--seed", str(first["seed"]))) == first
    assert len({emodj("movies", "fear", "-n", "3").stdout for _ in range(9)}) > 1


def test_the_strategy_of_the_settings_is_used(emodj: Run, settings: Write) -> None:
    file = settings('[music]\nstrategy = "journey"\n')
    assert emodj("movies", "sad", "--config", file).stdout.startswith("Movies from sad, step by step\n")
    assert emodj("movies", "sad", "--strategy", "match", "--config", file).stdout.startswith("Movies for sad\n")


def test_a_mood_without_movies_gets_the_nearest_mood_and_a_notice(emodj: Run, own_list: Path, tmp_path: Path) -> None:
    ended = emodj("movies", "fear", "-n", "2", "--json", "--config", own_list)
    document = read_document(ended)
    notice = f"{tmp_path / 'mine.csv'} has no movie for fear: using the nearest mood, sad"
    assert (document["mood"], document["mood_used"], document["notice"]) == ("fear", "sad", notice)
    assert ended.stderr == f"emodj: {notice}\n"
    lifted = emodj("movies", "fear", "--strategy", "lift", "-n", "1", "--config", own_list)
    assert (lifted.stderr, lifted.stdout.splitlines()[1]) == ("", "1. Three (1970), Comedy")


def test_a_list_that_only_lifts_is_a_sentence_where_movies_have_to_match(emodj: Run, own_list: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("mood,title,year\nlift,A,1999\n", encoding="utf-8")
    ended = emodj("movies", "sad", "--config", own_list)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "names only movies that lift: add a movie for sad, or try --strategy lift" in ended.stderr


def test_a_row_that_is_left_out_is_named_and_the_others_count(emodj: Run, own_list: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("mood,title,year\nsad,A,1999\nsad,B,soon\n", encoding="utf-8")
    ended = emodj("movies", "sad", "-n", "1", "--config", own_list)
    assert (ended.returncode, ended.stdout.splitlines()[1]) == (0, "1. A (1999)")
    assert "line 3 is left out: a year is a number from 1888 to 2100, not 'soon'" in ended.stderr
    assert not emodj("movies", "sad", "-n", "1", "-q", "--config", own_list).stderr


def test_the_first_movie_is_opened_on_request_alone(emodj: Run, own_list: Path, browser: Visits) -> None:
    arguments = ("movies", "sad", "--strategy", "lift", "-n", "1", "--config", own_list)
    assert emodj(*arguments).returncode == 0
    assert not browser()
    ended = emodj(*arguments, "--open")
    assert (ended.returncode, ended.stderr) == (0, "emodj: handed to the browser: Three\n")
    assert browser() == ["https://example.org/?q=Three"]
    assert read_document(emodj(*arguments, "--open", "--json"))["opened"] == "browser"


@pytest.mark.posix("Windows always has a screen")
def test_without_a_screen_only_the_links_are_printed(emodj: Run, own_list: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    ended = emodj("movies", "sad", "--strategy", "lift", "-n", "1", "--open", "--config", own_list)
    assert ended.returncode == 0
    assert ended.stderr == "emodj: not opened: there is no screen here; open the link yourself\n"


def test_without_a_mood_it_asks(own_list: Path) -> None:
    command = [sys.executable, "-m", "realtime", "movies", "-n", "1", "--strategy", "lift", "--config", str(own_list)]
    ended = subprocess.run(command, input="6\n", capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("Movies to lift sad\n1. Three (1970), Comedy\n")
    *listed, question = ended.stderr.splitlines()
    assert [entry.split()[:2] for entry in listed] == [[str(number), each.value] for number, each in enumerate(EXPRESSIONS, 1)]
    assert listed[0] == "1  angry     action, crime, thriller"
    assert question == "mood: "
    ended = subprocess.run(command, input="", capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.endswith("emodj: no mood was given: name one, as in `emodj movies happy`\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["hapy"], "unknown mood 'hapy': did you mean happy?"),
        (["sad", "-n", "0"], "0 is not in the range"),
        (["sad", "--seed", "-1"], "-1 is not in the range"),
        (["sad", "--strategy", "cheer"], "'cheer' is not one of 'match', 'lift', 'journey'"),
    ],
)
def test_a_wrong_option_is_one_sentence(emodj: Run, arguments: list[str], sentence: str) -> None:
    ended = emodj("movies", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert sentence in ended.stderr


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "there is no list of movies at"),
        ("title,year\nA,1999\n", "has no column mood: line 1 has to name the columns"),
        ("mood,title,year\nsad,A,nineteen\n", "line 2 is left out: a year is a number from 1888 to 2100, not 'nineteen'"),
        ("x" * (2 * 10**6 + 1), "it is larger than 2 MB"),
    ],
)
def test_a_bad_list_is_one_sentence(emodj: Run, own_list: Path, tmp_path: Path, text: str | None, sentence: str) -> None:
    (tmp_path / "mine.csv").unlink()
    if text is not None:
        (tmp_path / "mine.csv").write_text(text, encoding="utf-8")
    ended = emodj("movies", "sad", "--config", own_list)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert sentence in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_text_from_a_list_is_made_printable(emodj: Run, own_list: Path, tmp_path: Path) -> None:
    row = "sad,a\x1b[31m\u202eb,1999,dra\x07ma,\x1b[2J"
    (tmp_path / "mine.csv").write_text(f"mood,title,year,genres,country\n{row}\n", encoding="utf-8")
    ended = emodj("movies", "sad", "--config", own_list)
    assert ended.returncode == 0
    assert all(line.isprintable() for line in ended.stdout.splitlines())


def test_unused_modules_are_not_loaded() -> None:
    program = "import sys; from realtime.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", program, "movies", "happy"]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    loaded = set(ended.stderr.splitlines()[-1].split())
    assert not {"cv2", "numpy", "tensorflow", "just_playback", "requests", "PIL", "prompt_toolkit"} & loaded
