"""`emodj feedback`: show, reset, export."""

from __future__ import annotations

import csv
import json
import os
import stat
from typing import TYPE_CHECKING

import pytest

from realtime.app.build import shipped_settings
from realtime.domain import EXPRESSIONS, Expression
from realtime.movies.movie_list import read_movies
from realtime.movies.planner import key_of_movie
from realtime.music.feedback import FeedbackKey, Kind, Verdict
from realtime.music.feedback_file import FeedbackFile
from realtime.music.songs import Song
from realtime.music.taste import key_of_music, key_of_song
from realtime.storage import resources
from tests.support.sounds import sound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

GONE = FeedbackKey(None, Kind.SONG, "0123456789abcdef")
LINK = shipped_settings().playlists.moods[Expression.HAPPY][1]
MOVIE = next(movie for movie in read_movies(resources.shipped_movies()).movies if movie.mood is Expression.SAD)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    sound(tmp_path / "songs" / "happy" / "a.ogg", title="Träne", artist="Wer")
    sound(tmp_path / "songs" / "happy" / "b.ogg", title="=1+1")
    settings = tmp_path / "mine.toml"
    settings.write_text(f"[music]\nlibrary = '{tmp_path / 'songs'}'\n", encoding="utf-8")
    return tmp_path / "songs"


@pytest.fixture
def given(library: Path) -> None:
    first, second = (key_of_song(Song(path=library / "happy" / f"{name}.ogg"), Expression.HAPPY) for name in "ab")
    verdicts = [
        (first, Verdict.LIKE),
        (first, Verdict.HEARD),
        (second, Verdict.DISLIKE),
        (second, Verdict.DISLIKE),
        (key_of_music(LINK), Verdict.LIKE),
        (key_of_movie(MOVIE), Verdict.DISLIKE),
        (GONE, Verdict.LIKE),
    ]
    FeedbackFile().add(verdicts, create=True)


def test_without_thumbs_it_says_how_to_give_one(emodj: Callable[..., CompletedProcess[str]]) -> None:
    shown = emodj("feedback")
    assert (shown.returncode, shown.stdout.startswith("no thumbs yet:"), shown.stderr) == (0, True, "")
    document = json.loads(emodj("feedback", "--json").stdout)
    assert (document["schema"], document["choices"]) == (1, [])


@pytest.mark.usefixtures("given")
def test_the_table_has_titles_where_they_are_known(emodj: Callable[..., CompletedProcess[str]], tmp_path: Path) -> None:
    heading, *rows = emodj("feedback", "show", "--config", tmp_path / "mine.toml").stdout.splitlines()
    assert heading.split() == ["mood", "kind", "likes", "dislikes", "title"]
    happy = [row for row in rows if row.startswith("happy")]
    assert happy[0].split() == ["happy", "song", "1.5", "0", "Träne", "–", "Wer"]
    assert happy[1].split() == ["happy", "song", "0", "2", "=1+1", "(not", "offered)"]
    assert happy[2].split()[:4] == ["happy", "music", "1", "0"]
    assert happy[2].endswith(LINK.title)
    assert len(rows) == 5
    assert rows[3].endswith(f"{MOVIE.title} ({MOVIE.year})")
    assert rows[-1].split() == ["lift", "song", "1", "0", "(not", "in", "your", "lists", "now:", "0123456789abcdef)"]


@pytest.mark.usefixtures("given")
def test_the_document_has_every_count(emodj: Callable[..., CompletedProcess[str]], tmp_path: Path) -> None:
    document = json.loads(emodj("feedback", "--json", "--config", tmp_path / "mine.toml").stdout)
    assert document["file"] == str(FeedbackFile().path)
    assert document["choices"][1] == {
        "list": "happy",
        "kind": "song",
        "title": "=1+1",
        "likes": 0.0,
        "dislikes": 2.0,
        "offered": False,
        "hash": document["choices"][1]["hash"],
    }
    assert document["choices"][-1]["title"] is None
    assert document == json.loads(emodj("feedback", "export", "--config", tmp_path / "mine.toml").stdout)


@pytest.mark.usefixtures("given")
def test_an_export_is_a_new_file_that_only_its_owner_can_read(
    emodj: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    file = tmp_path / "thumbs.csv"
    assert emodj("feedback", "export", "-o", file, "--config", tmp_path / "mine.toml").returncode == 0
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 5
    # By these ends of lines, Python quotes a title with either of the two characters
    assert file.read_bytes().count(b"\r\n") == 6
    # A spreadsheet must not take a title for a formula
    assert (rows[1]["title"], rows[1]["offered"]) == ("'=1+1", "no")
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = emodj("feedback", "export", "-o", file)
    assert (again.returncode, "exists already" in again.stderr) == (2, True)
    assert emodj("feedback", "export", "-o", tmp_path / "thumbs.txt").returncode == 2
    assert emodj("feedback", "export", "-o", tmp_path / "thumbs.json", "--csv").returncode == 2
    assert emodj("feedback", "export", "--csv").stdout.startswith("list,kind,title,")


@pytest.mark.usefixtures("given")
def test_a_reset_forgets_a_mood_or_all(emodj: Callable[..., CompletedProcess[str]]) -> None:
    refused = emodj("feedback", "reset", "happy")
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)
    assert emodj("feedback", "reset", "lift", "--yes").stdout == "forgotten: your thumbs for lift, 1 choice\n"
    document = json.loads(emodj("feedback", "reset", "HAPPY", "--yes", "--json").stdout)
    assert (document["list"], document["forgotten"]) == ("happy", 3)
    emodj("feedback", "reset", "--yes")
    assert not FeedbackFile().path.exists()
    assert emodj("feedback", "reset", "--yes").stdout == "nothing to forget: all your thumbs are none\n"


def test_an_unknown_mood_is_refused(emodj: Callable[..., CompletedProcess[str]]) -> None:
    ended = emodj("feedback", "reset", "hapy", "--yes")
    assert (ended.returncode, "did you mean happy?" in ended.stderr) == (2, True)


def test_a_damaged_file_is_said_and_kept(emodj: Callable[..., CompletedProcess[str]]) -> None:
    path = FeedbackFile().path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"{")
    shown = emodj("feedback")
    assert (shown.returncode, "kept as feedback-damaged-1.json" in shown.stderr) == (0, True)
    assert path.with_name("feedback-damaged-1.json").read_bytes() == b"{"


# What thumbs change in other commands


def test_without_a_thumb_documents_have_no_new_field(emodj: Callable[..., CompletedProcess[str]]) -> None:
    for command in (["mood", "happy"], ["movies", "happy"]):
        assert "learnt" not in emodj(*command, "--json", "--seed", "1").stdout
    assert not FeedbackFile().path.parent.exists()


def test_a_thumb_changes_music_and_movies_and_is_named(emodj: Callable[..., CompletedProcess[str]]) -> None:
    FeedbackFile().add([(key_of_music(LINK), Verdict.LIKE)] * 500, create=True)
    document = json.loads(emodj("mood", "happy", "--json", "--seed", "1").stdout)
    assert document["choices"][0]["title"] == LINK.title
    assert document["choices"][0]["learnt"] == {"likes": 500.0, "dislikes": 0.0}
    assert json.loads(emodj("mood", "happy", "--json", "--seed", "1").stdout) == document

    shown = json.loads(emodj("movies", "happy", "--json", "--seed", "1").stdout)["movies"]
    first = next(movie for movie in read_movies(resources.shipped_movies()).movies if movie.title == shown[0]["title"])
    FeedbackFile().add([(key_of_movie(first), Verdict.DISLIKE)] * 2, create=True)
    later = json.loads(emodj("movies", "happy", "--json", "--seed", "1").stdout)["movies"]
    assert [movie["title"] for movie in later[:4]] == [movie["title"] for movie in shown[1:]]


def test_two_thumbs_down_on_all_music_say_so(emodj: Callable[..., CompletedProcess[str]]) -> None:
    for choice in shipped_settings().playlists.moods[Expression.FEAR]:
        FeedbackFile().add([(key_of_music(choice), Verdict.DISLIKE)] * 2, create=True)
    ended = emodj("mood", "fear", "--qr")
    assert (ended.returncode, "two thumbs down: emodj feedback reset" in ended.stderr) == (1, True)


def test_thumbs_that_are_off_are_neither_read_nor_set_aside(
    emodj: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    off = tmp_path / "off.toml"
    off.write_text("[music]\nlearn = false\n", encoding="utf-8")
    path = FeedbackFile().path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"{")
    for each in EXPRESSIONS[:2]:
        assert emodj("mood", each.value, "--config", off).stderr == ""
    assert [found.name for found in path.parent.iterdir()] == [path.name]
