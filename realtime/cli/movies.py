"""`emodj movies`: recommend movies for a mood."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import MOOD, STRATEGY, draw_seed, json_option, seed_option, with_strategy
from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.errors import EmodjError
from realtime.printable import printable
from realtime.storage import resources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from realtime.movies.planner import MoviePlan
    from realtime.session.documents import Document


@click.command(
    epilog="""\b
Examples:
  emodj movies                          asks for a mood
  emodj movies happy
  emodj movies sad -n 3 --seed 7        the same three each time
  emodj movies angry --strategy lift --open

\b
A list of your own is a CSV with the columns mood, title, year, and maybe genres, country, valence
and arousal. Name it as list below [movies] in the file that `emodj config path` names.""",
)
@click.argument("name", type=MOOD, required=False)
@click.option("-n", "count", type=click.IntRange(1), default=5, metavar="N", help="Number of movies (default: 5).")
@click.option(
    "--strategy",
    type=STRATEGY,
    help="Movies like the mood, movies that lift, or a journey (default: music.strategy of your settings).",
)
@seed_option
@click.option("--open", "opens", is_flag=True, default=None, help="Open the page of the first movie in the browser.")
@json_option
@common_options
@pass_context
def movies(
    context: Context,
    name: Expression | None,
    count: int,
    strategy: str | None,
    seed: int | None,
    opens: bool | None,
    as_json: bool | None,
) -> int:
    """Recommend movies that fit a mood: from the list that comes with emodj, or from your own.

    NAME is angry, disgust, fear, happy, neutral, sad or surprise; without NAME, emodj asks for it.
    """
    from realtime.cli.mood import prompt_for_mood
    from realtime.cli.output import print_document
    from realtime.movies.movie_list import read_movies
    from realtime.movies.planner import MATCHING, plan_movies

    settings = with_strategy(context.settings(), strategy)
    own_list = settings.movies.list
    found = read_movies(own_list or resources.shipped_movies())
    for sentence in found.notices:
        context.remark(sentence)
    if name is None:
        notes = {each: ", ".join(sorted({*chain.from_iterable(MATCHING[each].wanted)})) for each in EXPRESSIONS}
        name = prompt_for_mood(notes, "movies")
        if name is None:
            return 1
    used_seed = draw_seed(seed)
    plan = plan_movies(found.movies, Mood.by_hand(name), settings.music.strategy, count, used_seed)
    if not plan.movies:
        raise EmodjError(
            f"{printable(str(own_list))} names only movies that lift: add a movie for {name.value}, or try --strategy lift"
        )
    notice = _notice(plan, name, own_list)
    if notice is not None:
        context.remark(notice)
    if len(plan.movies) < count:
        context.remark(f"the list has no other movies {plan.why}")
    links = _links(plan, settings.movies.link)
    if as_json:
        opened = _open(links[0], plan, context) if opens else None
        print_document(document(name, plan, own_list, used_seed, links, notice, opened), indent=2)
        return 0
    for line in lines(plan, links):
        click.echo(line)
    if opens:
        _open(links[0], plan, context)
    return 0


def lines(plan: MoviePlan, links: list[str]) -> Iterator[str]:
    """A heading, then two lines for each movie: title, year, genres and country, then its link."""
    yield f"Movies {plan.why}"
    for number, (movie, link) in enumerate(zip(plan.movies, links, strict=True), 1):
        start = f"{number:>{len(str(len(links)))}}. "
        about = [*movie.genres, *([] if movie.country is None else [movie.country])]
        yield start + printable(", ".join([f"{movie.title} ({movie.year})", *about]))
        yield " " * len(start) + link


def document(
    mood: Expression,
    plan: MoviePlan,
    own_list: Path | None,
    seed: int,
    links: list[str],
    notice: str | None,
    opened: str | None,
) -> Document:
    """The document of `emodj movies --json`; `list` is null if the movies are from the list that comes with emodj."""
    from realtime.session.documents import SCHEMA

    return {
        "schema": SCHEMA,
        "mood": mood.value,
        "mood_used": plan.mood_used.value,
        "strategy": plan.strategy.value,
        "why": plan.why,
        "source": "list",
        "list": None if own_list is None else str(own_list),
        "seed": seed,
        "movies": [
            {"title": movie.title, "year": movie.year, "genres": list(movie.genres), "country": movie.country, "url": link}
            for movie, link in zip(plan.movies, links, strict=True)
        ],
        "notice": notice,
        "opened": opened,
    }


def _notice(plan: MoviePlan, mood: Expression, own_list: Path | None) -> str | None:
    if plan.mood_used is mood:
        return None
    where = "the list of movies" if own_list is None else printable(str(own_list))
    return f"{where} has no movie for {mood.value}: using the nearest mood, {plan.mood_used.value}"


def _links(plan: MoviePlan, template: str) -> list[str]:
    from realtime.movies.catalog import movie_link

    return [movie_link(template, movie) for movie in plan.movies]


def _open(link: str, plan: MoviePlan, context: Context) -> str | None:
    from realtime.music.open_link import open_link

    opened = open_link(link)
    if opened.where is None:
        context.remark(f"not opened: {opened.why}; open the link yourself")
    else:
        context.remark(f"handed to {opened.opener}: {plan.movies[0].title}")
    return opened.where
