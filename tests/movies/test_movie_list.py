from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError, UsageError
from realtime.mood.affect import POINTS, Point
from realtime.movies.catalog import Movie
from realtime.movies.movie_list import MAX_BYTES, MovieList, read_movies
from realtime.music.catalog import CALM
from realtime.storage import resources

if TYPE_CHECKING:
    from pathlib import Path

GENRES = {
    *("Action", "Adventure", "Animation", "Comedy", "Crime", "Documentary", "Drama", "Family", "Fantasy", "History", "Horror"),
    *("Music", "Mystery", "Romance", "Science Fiction", "Thriller", "War", "Western"),
}
"""The genres of TMDb."""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "movies.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


# The list that is shipped


@pytest.fixture(scope="module")
def shipped() -> MovieList:
    return read_movies(resources.shipped_movies())


def test_no_row_of_the_shipped_list_is_left_out(shipped: MovieList) -> None:
    rows = resources.shipped_movies().read_text(encoding="utf-8").count("\n") - 1
    assert (len(shipped.movies), shipped.notices) == (rows, ())


def test_the_shipped_list_names_no_movie_twice(shipped: MovieList) -> None:
    assert len({movie.key for movie in shipped.movies}) == len(shipped.movies)


@pytest.mark.parametrize("mood", [*EXPRESSIONS, None])
def test_the_shipped_list_is_full_for_each_mood(shipped: MovieList, mood: Expression | None) -> None:
    movies = [movie for movie in shipped.movies if movie.mood is mood]
    assert len(movies) >= 15
    assert len({movie.year // 10 for movie in movies}) >= 5
    assert len({movie.country for movie in movies}) >= 4


def test_the_shipped_list_has_movies_of_many_times_and_countries(shipped: MovieList) -> None:
    # The last list that titles and years were checked with ends in 2023
    assert all(1900 <= movie.year <= 2023 for movie in shipped.movies)
    assert len({movie.year // 10 for movie in shipped.movies}) >= 5
    countries = {movie.country for movie in shipped.movies}
    assert None not in countries
    assert len(countries) > 10


def test_the_shipped_list_has_genres_that_tmdb_has(shipped: MovieList) -> None:
    for movie in shipped.movies:
        assert movie.genres, movie
        assert {*movie.genres} <= GENRES, movie


def test_movies_of_a_mood_lie_at_its_point_and_those_that_lift_are_pleasant(shipped: MovieList) -> None:
    for movie in shipped.movies:
        assert movie.point == POINTS[movie.mood] if movie.mood else movie.point.valence > 0, movie


# A list of one's own


def test_all_columns_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, "Year, TITLE ,mood,genres,country,valence,arousal\n1999,A\tB,SAD,Drama; War |Crime,Peru,-0.5,0\n")
    assert read_movies(path) == MovieList(
        (Movie("A B", 1999, ("Drama", "War", "Crime"), "Peru", Point(-0.5, 0), Expression.SAD),)
    )


def test_missing_columns_and_cells_have_defaults(tmp_path: Path) -> None:
    path = write(tmp_path, "\ufeffmood,title,year,arousal\r\nhappy,One,1920\r\n\r\nLift,Two,2020,-1\r\n")
    assert read_movies(path).movies == (
        Movie("One", 1920, (), None, POINTS[Expression.HAPPY], Expression.HAPPY),
        Movie("Two", 2020, (), None, Point(CALM.valence, -1), None),
    )


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("hapy,A,1999", "unknown mood 'hapy': did you mean happy? known are"),
        ("calm,A,1999", "surprise, and lift for a movie that only lifts"),
        ("sad,,1999", "it has no title"),
        ("sad,\x1b\x07,1999", "it has no title"),
        ("sad,A,", "a year is a number from 1888 to 2100, not ''"),
        ("sad,A,nineteen ninety", "a year is a number from 1888 to 2100, not 'nineteen ninety'"),
        ("sad,A,1887", "a year is a number from 1888 to 2100, not '1887'"),
        ("sad,A,2101", "not '2101'"),
        ("sad,A,-1999", "not '-1999'"),
        ("sad,A,1999.0", "not '1999.0'"),
        ("sad,A,١٩٩٩", "not '١٩٩٩'"),
        ("sad,A," + "9" * 5000, "not '99999"),
        ("sad,A,1999,high", "valence is a number from -1 to 1, not 'high'"),
        ("sad,A,1999,1.1", "valence is a number from -1 to 1, not '1.1'"),
        ("sad,A,1999,0,nan", "arousal is a number from -1 to 1, not 'nan'"),
        ("sad,A,1999,0,1e999", "arousal is a number from -1 to 1, not '1e999'"),
    ],
)
def test_a_bad_row_is_left_out_with_its_line(tmp_path: Path, row: str, sentence: str) -> None:
    path = write(tmp_path, f'mood,title,year,valence,arousal\nhappy,"A\nB",1999\n{row}\nsad,C,2001\n')
    found = read_movies(path)
    assert [movie.title for movie in found.movies] == ["A B", "C"]
    (notice,) = found.notices
    assert notice.startswith(f"{path}, line 4 is left out: ")
    assert sentence in notice
    assert len(notice) < 500
    assert notice.isprintable()


def test_only_the_first_bad_rows_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, "mood,title,year\n" + "sad,A,x\n" * 100 + "sad,A,1999\n")
    *named, more = read_movies(path).notices
    assert len(named) == 3
    assert more == "and 97 more"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "title,year\nA,1999\n",
            "has no column mood: line 1 has to name the columns, with commas between them, as in mood,title",
        ),
        ("\n\nmood;title;year\n", "no column mood and no column title and no column year: line 3 has to name"),
        ("mood;title;year\n", "reads 'mood;title;year'"),
        ("", "line 1 has to name the columns"),
        ("mood,title,year\n", "there is no movie in"),
        ("mood,title,year\nsad,A,soon\n", "line 2 is left out: a year is a number"),
        ('mood,title,year\nsad,A,1999\nsad,"B,2000\n', "is no CSV from line 3 on"),
        ("mood,title,year\nsad," + "A" * 200_000 + ",1999\n", "is no CSV from line 2 on"),
        (b"mood,title,year\nsad,Am\xe9lie,2001\n", "is no UTF-8 text (at line 2): save it as UTF-8"),
        ("x" * (MAX_BYTES + 1), "it is larger than 2 MB"),
    ],
)
def test_a_file_that_is_no_list_is_one_sentence(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError, match=re.escape(sentence)) as caught:
        read_movies(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("none.csv", "there is no list of movies at"),
        (".", "is a folder"),
        ("a/b", "there is no list"),
        ("a\0b", "no file has such"),
    ],
)
def test_a_path_that_is_no_file_is_one_sentence(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(UsageError, match=sentence):
        read_movies(tmp_path / name)


def test_a_file_that_cannot_be_read_is_no_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "movies.csv"
    path.symlink_to(path)
    with pytest.raises(EmodjError, match="cannot read the list of movies") as caught:
        read_movies(path)
    assert caught.value.status == 1
