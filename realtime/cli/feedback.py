"""`emodj feedback`: show, reset or export the thumbs."""

from __future__ import annotations

import csv
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from realtime.cli.console import is_terminal
from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import json_option
from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError, UsageError
from realtime.music.feedback import LIFT, FeedbackKey, Kind, Tally
from realtime.music.songs import parse_expression
from realtime.music.taste import THUMBS_OFF, key_of_music, key_of_song
from realtime.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.config.schema import Settings
    from realtime.music.feedback import Feedback
    from realtime.session.documents import Document

_NO_TITLE = "not in your lists now"
_COLUMNS = ("list", "kind", "title", "likes", "dislikes", "offered", "hash")


@dataclass(frozen=True, slots=True)
class _Row:
    """Counts of one choice; `title` is None if the present lists do not name it."""

    key: FeedbackKey
    tally: Tally
    title: str | None

    def fields(self) -> Document:
        """The row as fields of a document and columns of a CSV."""
        return {
            "list": self.key.list_name,
            "kind": self.key.kind.value,
            "title": self.title,
            "likes": self.tally.likes,
            "dislikes": self.tally.dislikes,
            "offered": not self.tally.left_out,
            "hash": self.key.digest,
        }


# ParamType is generic since click 8.4 only, and emodj also runs with 8.2
class _ListName(click.ParamType):  # pyright: ignore[reportMissingTypeArgument]
    """Reads the name of a mood, or "lift", in any case."""

    name = "list"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name in lower case.

        Raises:
            click.BadParameter: no list has that name; the sentence suggests the nearest one.
        """
        if value.strip().lower() == LIFT:
            return LIFT
        try:
            return parse_expression(value).value
        except ValueError as error:
            self.fail(f"{error}, {LIFT}", param, ctx)


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  emodj feedback                         the counts of each song, link and movie
  emodj feedback reset happy             forgets those for happy
  emodj feedback export -o thumbs.csv

Thumbs are given by the keys y and x while music plays, and by the buttons of the page. The setting music.learn turns
them off.""",
)
@json_option
@common_options
@pass_context
@click.pass_context
def feedback(ctx: click.Context, context: Context, as_json: bool | None) -> None:
    """Show, reset or export your thumbs: what you like and dislike for each mood.

    They are counts in a file that only you can read: no times, no faces, and no names of songs.
    """
    if ctx.invoked_subcommand is None:
        _show(context, as_json=bool(as_json))
    elif as_json:
        raise click.UsageError(f"--json belongs behind the command: emodj feedback {ctx.invoked_subcommand} --json")


@feedback.command(short_help="Show the counts with their titles.")
@json_option
@common_options
@pass_context
def show(context: Context, as_json: bool | None) -> None:
    """Show the counts, with the titles of your present songs, links and movies."""
    _show(context, as_json=bool(as_json))


@feedback.command(short_help="Forget the counts of a mood, or all.")
@click.argument("name", metavar="[MOOD]", type=_ListName(), required=False)
@click.option("--yes", is_flag=True, default=None, help="Do not ask.")
@json_option
@common_options
@pass_context
def reset(context: Context, name: str | None, yes: bool | None, as_json: bool | None) -> None:
    """Forget the counts of a mood, or all; without MOOD the file is deleted.

    MOOD is angry, disgust, fear, happy, neutral, sad or surprise, or lift for the list that only lifts.
    """
    from realtime.cli.output import print_document
    from realtime.music.feedback_file import FeedbackFile
    from realtime.session.documents import SCHEMA

    what = "all your thumbs" if name is None else f"your thumbs for {name}"
    if not yes:
        _confirm(what)
    moods = None if name is None else [None if name == LIFT else Expression(name)]
    forgotten, notice = FeedbackFile().reset(moods)
    if notice is not None:
        context.remark(notice)
    if as_json:
        print_document({"schema": SCHEMA, "list": name, "forgotten": forgotten}, indent=2)
    else:
        click.echo(f"forgotten: {what}, {_choices(forgotten)}" if forgotten else f"nothing to forget: {what} are none")


@feedback.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A new file: FILE.json or FILE.csv (default: JSON on the standard output).",
)
@click.option("--csv", "as_csv", is_flag=True, default=None, help="CSV in place of JSON.")
@common_options
@pass_context
def export(context: Context, output: Path | None, as_csv: bool | None) -> None:
    """Print the counts for another program, or write them into a file."""
    from realtime.session.documents import encode_line
    from realtime.storage import atomic

    kind = _export_kind(output, as_csv=bool(as_csv))
    rows = _read_rows(context)
    data = _csv(rows) if kind == "csv" else encode_line(_document(rows), indent=2)
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        atomic.create(output, data, private=True)
    except FileExistsError as error:
        raise UsageError(f"{output} exists already: choose another name") from error
    context.remark(f"written: {output}, {_choices(len(rows))}")


def _export_kind(output: Path | None, *, as_csv: bool) -> Literal["json", "csv"]:
    suffix = "" if output is None else output.suffix.lower()
    if output is not None and suffix not in {".json", ".csv"}:
        raise click.UsageError(f"-o writes FILE.json or FILE.csv, not {output}")
    if suffix == ".json" and as_csv:
        raise click.UsageError(f"--csv and the name {output} disagree: leave one of them out")
    return "csv" if as_csv or suffix == ".csv" else "json"


def _show(context: Context, *, as_json: bool) -> None:
    from realtime.cli.output import print_document

    rows = _read_rows(context)
    if as_json:
        print_document(_document(rows), indent=2)
        return
    if not rows:
        click.echo("no thumbs yet: while music plays, y likes it, and x dislikes it: two of these in a row leave it out")
        return
    titles = [printable(row.title or f"({_NO_TITLE}: {row.key.digest})") for row in rows]
    click.echo(f"{'mood':<9}{'kind':<7}{'likes':>7}{'dislikes':>10}  title")
    for row, title in zip(rows, titles, strict=True):
        likes, dislikes = f"{row.tally.likes:g}", f"{row.tally.dislikes:g}"
        note = "  (not offered)" if row.tally.left_out else ""
        click.echo(f"{row.key.list_name:<9}{row.key.kind.value:<7}{likes:>7}{dislikes:>10}  {title}{note}")
    if not context.settings().music.learn:
        context.remark(THUMBS_OFF)


def _read_rows(context: Context) -> list[_Row]:
    """The counts in the order of the moods; within a mood by kind, the most liked first."""
    from realtime.music.feedback_file import FeedbackFile

    found, notice = FeedbackFile().read()
    if notice is not None:
        context.remark(notice)
    if found is None or not found.tallies:
        return []
    titles = dict(_titles(context.settings(), found, context))
    lists = [*(each.value for each in EXPRESSIONS), LIFT]
    rows = [_Row(key, tally, titles.get(key)) for key, tally in found.tallies.items()]
    kinds = list(Kind)
    return sorted(
        rows, key=lambda row: (lists.index(row.key.list_name), kinds.index(row.key.kind), -row.tally.mean, row.key.digest)
    )


def _titles(settings: Settings, found: Feedback, context: Context) -> Iterator[tuple[FeedbackKey, str]]:
    """Titles of choices with counts, as far as the present settings, songs and movies name them."""
    from realtime.app.build import build_playlists
    from realtime.movies.movie_list import read_movies
    from realtime.movies.planner import key_of_movie
    from realtime.storage import resources

    music = build_playlists(settings, context.remark)
    for choice in music.all():
        if (key := key_of_music(choice)) in found.tallies:
            yield key, choice.title
    for choice in music.all():
        if choice.path is not None and found.has(Kind.SONG, choice.mood):
            yield from _song_titles(choice.path, choice.mood, found, context, is_library=choice.path == settings.music.library)
    if any(key.kind is Kind.MOVIE for key in found.tallies):
        for path in filter(None, [settings.movies.list, resources.shipped_movies()]):
            try:
                for movie in read_movies(path).movies:
                    if (key := key_of_movie(movie)) in found.tallies:
                        yield key, f"{movie.title} ({movie.year})"
            except EmodjError as error:
                context.remark(str(error))


def _song_titles(
    path: Path, mood: Expression | None, found: Feedback, context: Context, *, is_library: bool
) -> Iterator[tuple[FeedbackKey, str]]:
    from realtime.music.local.library import read_library, read_songs
    from realtime.music.local.tags import read_tags

    try:
        listed = read_library(path, mood) if is_library and mood is not None else read_songs(path, mood)
    except EmodjError as error:
        context.remark(str(error))
        return
    for song in listed.songs:
        # Tags are read only of songs with counts
        if (key := key_of_song(song, mood)) in found.tallies:
            title, artist = read_tags(song)
            yield key, title if artist is None else f"{title} – {artist}"


def _document(rows: list[_Row]) -> Document:
    """The document of `emodj feedback --json` and of an export."""
    from realtime.music.feedback_file import FeedbackFile
    from realtime.session.documents import SCHEMA

    return {"schema": SCHEMA, "file": str(FeedbackFile().path), "choices": [row.fields() for row in rows]}


def _csv(rows: list[_Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        fields = {**row.fields(), "title": _harmless(row.title or ""), "offered": "no" if row.tally.left_out else "yes"}
        writer.writerow(fields[name] for name in _COLUMNS)
    # A file name may have bytes that are not UTF-8
    return text.getvalue().encode("utf-8", "backslashreplace")


def _harmless(title: str) -> str:
    """A title that no spreadsheet takes for a formula."""
    return f"'{title}" if title[:1] in {"=", "+", "-", "@", "\t", "\r"} else title


def _choices(count: int) -> str:
    return "1 choice" if count == 1 else f"{count} choices"


def _confirm(what: str) -> None:
    if not is_terminal(sys.stdin):
        raise UsageError(f"nobody can be asked here: --yes forgets {what} without a question")
    if not click.confirm(f"forget {what}?", err=True):
        raise EmodjError("nothing was forgotten")
