"""`emodj playlists`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import MOOD
from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError, UsageError
from realtime.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from realtime.config.schema import Settings
    from realtime.music.catalog import MusicChoice, Playlists
    from realtime.music.link_check import LinkStatus
    from realtime.music.local.library import FoundSongs
    from realtime.session.documents import Document

SOME_FAILED = 7
_LIFT = "to lift"
_JSON = click.option("--json", "as_json", is_flag=True, default=None, help="Print one JSON document: docs/reference/json.md.")


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  emodj playlists
  emodj playlists check            asks each link whether it still leads to music
  emodj playlists check happy sad

The lists stand below [[playlists.happy]] and so on in the files that `emodj config path` names.""",
)
@_JSON
@common_options
@pass_context
@click.pass_context
def playlists(ctx: click.Context, context: Context, as_json: bool | None) -> None:
    """Show, or check, which music belongs to which mood.

    Without a command it lists all choices of each mood, the first one first, and then what only lifts.
    """
    if ctx.invoked_subcommand is not None:
        return
    from realtime.app.build import build_playlists as all_of
    from realtime.cli.output import print_document

    music = all_of(context.settings(), context.remark)
    if as_json:
        print_document(document(music), indent=2)
        return
    for line in lines(music):
        click.echo(line, color=True)


def lines(music: Playlists) -> Iterator[str]:
    """Every choice below the name of its mood."""
    from realtime.cli.output import printable_place, with_title

    longest = max((len(choice.title) for choice in music.all()), default=0)
    for number, (name, choices) in enumerate(_sections(music)):
        if number:
            yield ""
        yield name if choices else f"{name}  (no music)"
        for choice in choices:
            blanks = " " * (longest - len(choice.title))
            yield f"  {with_title(choice, sys.stdout)}{blanks}  {printable_place(choice)}"


def document(music: Playlists) -> Document:
    """The document of `emodj playlists --json`."""
    from realtime.cli.mood import listed
    from realtime.session.documents import SCHEMA

    moods = {each.value: [listed(choice) for choice in music.moods.get(each, ())] for each in EXPRESSIONS}
    return {"schema": SCHEMA, "moods": moods, "lift": [listed(choice) for choice in music.lift]}


def _sections(music: Playlists) -> list[tuple[str, tuple[MusicChoice, ...]]]:
    return [*((each.value, music.moods.get(each, ())) for each in EXPRESSIONS), (_LIFT, music.lift)]


@playlists.command("check", short_help="Check whether the music can still be had.")
@click.argument("moods", nargs=-1, type=MOOD, metavar="[NAME]...")
@_JSON
@common_options
@pass_context
@click.pass_context
def check(ctx: click.Context, context: Context, moods: tuple[Expression, ...], as_json: bool | None) -> int:
    """Check whether the music can still be had: each link at its server, each path on this computer.

    NAME is a mood; without one all are checked, and what only lifts. No account is needed, and nothing is opened.
    The status is 0 if all of it can be had, 7 if some, 1 if none.
    """
    from realtime.cli.output import print_document
    from realtime.session.documents import SCHEMA

    as_json = as_json or (ctx.parent is not None and bool(ctx.parent.params.get("as_json")))
    settings = context.settings()
    asked = [(name, choice) for name, choice in _chosen(settings.playlists, moods)]
    if not asked and (moods or settings.music.library is None):
        raise EmodjError("there is nothing to check: your settings name no music there")
    rows = list[Row]()
    try:
        for row in _rows(asked, settings, library=not moods):
            rows.append(row)
            if not as_json:
                click.echo(row.line())
    finally:
        # Ctrl-C ends the asking; what was answered until then stays said
        if as_json:
            print_document({"schema": SCHEMA, "checked": [row.document() for row in rows]}, indent=2)
    states = [row.state for row in rows]
    if "off line" in states and not any(row.answered for row in rows):
        context.remark("no server can be found: this computer is off line, or a name in the links is wrong")
    failed = sum(state != "ok" for state in states)
    return 0 if not failed else SOME_FAILED if failed < len(rows) else 1


@dataclass(frozen=True, slots=True)
class Row:
    """What was found out about a choice.

    Attributes:
        mood: for which it is; "to lift", or "all" for a person's own library.
        title: our words for it.
        place: its link or path.
        state: "ok", "gone", "off line", "cannot tell", or "unusable" of a path without songs.
        now: the title that others give it today; None where nobody said.
        songs: how many a path holds; None of a link.
        why: in words, if it is not ok, or if it is and something of it was left out.
        answered: whether a server said something.
    """

    mood: str
    title: str
    place: str
    state: str
    now: str | None = None
    songs: int | None = None
    why: str = ""
    answered: bool = False

    def line(self) -> str:
        """For people, in columns."""
        count = None if self.songs is None else f"{self.songs} song{'' if self.songs == 1 else 's'}"
        why = "" if self.state == "off line" else self.why
        detail = "; ".join(part for part in (count, why or (f'now called "{self.now}"' if self.now else "")) if part)
        return printable(f"{self.state:<11}  {self.mood:<8}  {self.title}{f': {detail}' if detail else ''}")

    def document(self) -> Document:
        """For programs; what is not known is null."""
        known = {"state": self.state, "title_now": self.now, "songs": self.songs, "why": self.why or None}
        return {"mood": self.mood, "title": self.title, "place": self.place, **known}


def _chosen(music: Playlists, moods: tuple[Expression, ...]) -> Iterator[tuple[str, MusicChoice]]:
    wanted = [mood.value for mood in moods]
    for name, choices in _sections(music):
        if not wanted or name in wanted:
            for choice in choices:
                yield name, choice


def _rows(asked: list[tuple[str, MusicChoice]], settings: Settings, *, library: bool) -> Iterator[Row]:
    if library and settings.music.library is not None:
        yield _library(settings.music.library)
    servers = _Servers()
    for name, choice in asked:
        if choice.path is not None:
            yield _path(name, choice, choice.path)
        elif choice.url is not None:
            checked, answered = servers.check(choice.url)
            yield Row(name, choice.title, choice.url, checked.state.value, checked.title, None, checked.why, answered)


def _library(path: Path) -> Row:
    from realtime.music.local.library import read_library

    try:
        found = read_library(path, EXPRESSIONS[0])
    except EmodjError as error:
        return Row("all", "your songs", str(path), _missing(path, error), why=str(error))
    return Row("all", "your songs", str(path), "ok", why=_left_out(found, path))


def _path(name: str, choice: MusicChoice, path: Path) -> Row:
    from realtime.music.local.library import read_songs

    try:
        found = read_songs(path, choice.mood)
    except EmodjError as error:
        return Row(name, choice.title, str(path), _missing(path, error), why=str(error))
    return Row(name, choice.title, str(path), "ok", songs=len(found.songs), why=_left_out(found, path))


def _left_out(found: FoundSongs, path: Path) -> str:
    """The first thing that was left out, and how many more were."""
    if not found.left_out:
        return ""
    more = f" and {found.left_out - 1} more" if found.left_out > 1 else ""
    return found.notices[0].removeprefix(f"{path}, ") + more


def _missing(path: Path, error: EmodjError) -> str:
    try:
        return "gone" if isinstance(error, UsageError) and not path.exists() else "unusable"
    except (OSError, ValueError):
        return "unusable"


class _Servers:
    """Asks each link once, and no server that is away, busy or silent a second time."""

    def __init__(self) -> None:
        self._links: dict[str, LinkStatus] = {}
        self._given_up: dict[str, LinkStatus] = {}

    def check(self, url: str) -> tuple[LinkStatus, bool]:
        """What is known of a link, and whether its server said something."""
        from realtime.music import link_check

        host = urlsplit(url).netloc.lower()
        known = self._links.get(url) or self._given_up.get(host)
        if known is None:
            known = self._links[url] = link_check.check_link(url, spotify=link_check.SPOTIFY)
            if not known.ask_on:
                self._given_up[host] = known
        return known, known.state is not link_check.LinkState.OFFLINE
