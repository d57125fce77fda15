"""`emodj movies`: recommend movies for a mood."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.movies_key import login, logout, status
from realtime.cli.options import MOOD, STRATEGY, draw_seed, json_option, seed_option, with_strategy
from realtime.domain import EXPRESSIONS, Expression, Mood
from realtime.errors import EmodjError
from realtime.printable import printable
from realtime.storage import resources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from realtime.config.schema import Settings
    from realtime.movies.planner import MoviePlan
    from realtime.movies.recommender import MovieRecommendation
    from realtime.movies.tmdb import TmdbFilters
    from realtime.session.documents import Document


class _MoviesGroup(click.Group):
    """A command that has an argument, and commands below it, too: `emodj movies sad` and `emodj movies login`.

    In an ordinary group, the argument would take the name of the command.
    """

    allow_interspersed_args = True
    allow_extra_args = False

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of the command that the first argument names, else that of this command."""
        probe = click.Context(self, parent, info_name, allow_interspersed_args=False)
        values, after, _ = self.make_parser(probe).parse_args([*args])
        command = self.commands.get(str(values.get("name")))
        if command is None:
            return super().make_context(info_name, args, parent, **extra)
        before = args[: len(args) - len(after) - 1]
        return command.make_context(f"{info_name} {command.name}", [*before, *after], parent, **extra)

    parse_args = click.Command.parse_args
    invoke = click.Command.invoke
    collect_usage_pieces = click.Command.collect_usage_pieces


@click.group(
    cls=_MoviesGroup,
    invoke_without_command=True,
    epilog="""\b
Examples:
  emodj movies                          asks for a mood
  emodj movies happy
  emodj movies sad -n 3 --seed 7        the same three each time
  emodj movies angry --strategy lift --open
  emodj movies fear --online            from TMDb, with the key that `emodj movies login` keeps

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
@click.option(
    "--online/--no-online",
    default=None,
    help="Ask TMDb for the movies, or do not (default: movies.online of your settings).",
)
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
    online: bool | None,
    opens: bool | None,
    as_json: bool | None,
) -> int:
    """Recommend movies that fit a mood: from the list that comes with emodj, from your own, or from TMDb.

    NAME is angry, disgust, fear, happy, neutral, sad or surprise; without NAME, emodj asks for it.
    """
    from realtime.app.build import build_feedback
    from realtime.cli.output import movie_lines, print_document
    from realtime.movies.movie_list import read_movies
    from realtime.movies.recommender import recommend_movies
    from realtime.movies.tmdb import ATTRIBUTION
    from realtime.session.recommendations import RecommendedMovies

    settings = with_strategy(context.settings(), strategy)
    own_list = settings.movies.list
    found = read_movies(own_list or resources.shipped_movies())
    for sentence in found.notices:
        context.remark(sentence)
    name = name or _prompt_for_mood()
    if name is None:
        return 1
    used_seed = draw_seed(seed)
    filters, thumbs = _filters(settings, online), build_feedback(settings, context.remark)
    feedback = None if thumbs is None else thumbs.feedback
    made = recommend_movies(
        found.movies, Mood.by_hand(name), settings.music.strategy, count, used_seed, filters, feedback=feedback
    )
    plan, notice = made.plan, _notice(made.plan, name, own_list)
    for sentence in _remarks(made, notice, count):
        context.remark(sentence)
    if not plan.movies:
        raise EmodjError(
            f"{printable(str(own_list))} names only movies that lift: add a movie for {name.value}, or try --strategy lift"
        )
    links = _links(plan, settings.movies.link)
    if as_json:
        opened = _open(links[0], plan, context) if opens else None
        print_document(document(name, made, own_list, used_seed, tuple(links), notice, opened), indent=2)
        return 0
    for line in movie_lines(RecommendedMovies(plan, tuple(links))):
        click.echo(line)
    if made.source == "tmdb":
        click.echo(ATTRIBUTION)
    if opens:
        _open(links[0], plan, context)
    return 0


for _command in (login, logout, status):
    movies.add_command(_command)


def _prompt_for_mood() -> Expression | None:
    from realtime.cli.mood import prompt_for_mood
    from realtime.movies.planner import MATCHING

    notes = {each: ", ".join(sorted({*chain.from_iterable(MATCHING[each].wanted)})) for each in EXPRESSIONS}
    return prompt_for_mood(notes, "movies")


def document(
    mood: Expression,
    made: MovieRecommendation,
    own_list: Path | None,
    seed: int,
    links: tuple[str, ...],
    notice: str | None,
    opened: str | None,
) -> Document:
    """The document of `emodj movies --json`; `list` is null if the movies are not from a list of the person."""
    from realtime.movies.tmdb import ATTRIBUTION
    from realtime.session.documents import SCHEMA, movies_document
    from realtime.session.recommendations import RecommendedMovies

    plan, is_tmdb = made.plan, made.source == "tmdb"
    return {
        "schema": SCHEMA,
        "mood": mood.value,
        "mood_used": plan.mood_used.value,
        "strategy": plan.strategy.value,
        "why": plan.why,
        "source": made.source,
        "list": None if own_list is None or is_tmdb else str(own_list),
        "seed": seed,
        "movies": movies_document(RecommendedMovies(plan, links)),
        "notice": notice,
        "problem": made.problem,
        "attribution": ATTRIBUTION if is_tmdb else None,
        "opened": opened,
    }


def _notice(plan: MoviePlan, mood: Expression, own_list: Path | None) -> str | None:
    if plan.replaced is None or not plan.movies:
        return None
    where = "the list of movies" if own_list is None else printable(str(own_list))
    return f"{where} has no movie for {mood.value}: using the nearest mood, {plan.mood_used.value}"


def _remarks(made: MovieRecommendation, notice: str | None, count: int) -> Iterator[str]:
    from realtime.movies.tmdb import PAGE_SIZE

    if made.problem is not None:
        yield f"the movies are from the list on this computer: {made.problem}"
    if notice is not None:
        yield notice
    found = len(made.plan.movies)
    if not 0 < found < count:
        return
    if made.source == "list":
        yield f"the list has no other movies {made.plan.why}"
        return
    fitting = "1 movie that fits" if found == 1 else f"{found} movies that fit"
    # Each question is answered with one page, and a strategy has one question or two
    limit = "" if count <= PAGE_SIZE else f"; a page has {PAGE_SIZE} movies at most"
    yield f"TMDb's answer has only {fitting}{limit}"


def _filters(settings: Settings, online: bool | None) -> TmdbFilters | None:
    """What TMDb is asked; None if neither option nor settings ask it."""
    from realtime.movies.tmdb import TmdbFilters

    chosen = settings.movies
    if not (chosen.online if online is None else online):
        return None
    return TmdbFilters(chosen.language, chosen.region, chosen.min_votes, chosen.min_rating)


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
