from __future__ import annotations

import pytest

from realtime.mood.affect import Point
from realtime.movies.catalog import Movie, check_link_template, movie_link
from realtime.music.links import parse_link


def movie(title: str, year: int = 2001) -> Movie:
    return Movie(title, year, (), None, Point(0, 0), None)


@pytest.mark.parametrize(
    ("template", "title", "link"),
    [
        ("https://example.org/{title}/{year}", "Amélie", "https://example.org/Am%C3%A9lie/2001"),
        ("https://example.org/?q={title}", "WALL-E & co?", "https://example.org/?q=WALL-E%20%26%20co%3F"),
        ("HTTPS://example.org/{year}/{title}", "../../a/b", "HTTPS://example.org/2001/..%2F..%2Fa%2Fb"),
        (
            "https://example.org/{title}",
            "{year} {title} {0.__class__}",
            "https://example.org/%7Byear%7D%20%7Btitle%7D%20%7B0.__class__%7D",
        ),
        (
            "https://example.org/{title}",
            "千と\n千尋\x1b[31m",
            "https://example.org/%E5%8D%83%E3%81%A8%0A%E5%8D%83%E5%B0%8B%1B%5B31m",
        ),
    ],
)
def test_a_link_has_the_encoded_title_and_the_year(template: str, title: str, link: str) -> None:
    assert check_link_template(template) == template
    assert movie_link(template, movie(title)) == link
    assert parse_link(link) == link


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("https://example.org/", "but has no {title}"),
        ("http://example.org/{title}", "but does not start with https://"),
        ("javascript:{title}", "but does not start with https://"),
        ("spotify:track:{title}", "but does not start with https://"),
        ("https://{title}/", "but has {title} or {year} in the name of its host"),
        ("https://a{year}.org/{title}", "but has {title} or {year} in the name of its host"),
        ("https://me:{title}@example.org/", "but this cannot be one: a link must not contain a user name or password"),
        ("https:///{title}", "but this cannot be one: a link names a host"),
        ("https://example.org/{title}/{name}", "but has other braces"),
        ("https://example.org/{title}/{", "but has other braces"),
        ("https://example.org/a b/{title}", "but this cannot be one: a link has no blanks"),
        ("https://example.org/\n{title}", "but this cannot be one: a link has no blanks"),
    ],
)
def test_an_invalid_template_raises(template: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^but ") as caught:
        check_link_template(template)
    assert str(caught.value).startswith(sentence)


def test_rows_of_one_movie_have_the_same_key() -> None:
    assert movie("Up").key == movie("UP").key
    assert movie("Up").key != movie("Up", 2009).key
