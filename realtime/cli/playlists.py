"""`emodj playlists`: list the music of the settings, and check that it is still available."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from realtime.cli.context import SOME_FAILED, Context, common_options, pass_context
from realtime.cli.options import MOOD, json_option
from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError, UsageError
from realtime.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from realtime.config.schema import Settings
    from realtime.music.catalog import MusicChoice, Playlists
    from realtime.music.link_check import LinkStatus
    from realtime.music.local.library import FoundSongs
    from realtime.session.documents import Document

_LIFT = "to lift"


@click.group(
    invoke_without_command=True,
    epilog="""\b
Examples:
  emodj playlists
  emodj playlists check            checks that each link still leads to music
  emodj playlists check happy sad

Each list is a table [[playlists.happy]], and so on, in a file that `emodj config path` names.""",
)
@json_option
@common_options
@pass_context
@click.pass_context
def playlists(ctx: click.Context, context: Context, as_json: bool | None) -> None:
    """Show, or check, which music belongs to which mood.

    Without a command, emodj lists all choices of each mood in their order, then the music that is only for lifting.
    """
    if ctx.invoked_subcommand is not None:
        return
    from realtime.app.build import build_playlists
    from realtime.cli.output import print_document

    music = build_playlists(context.settings(), context.remark)
    if as_json:
        print_document(document(music), indent=2)
        return
    for line in lines(music):
        click.echo(line, color=True)


def lines(music: Playlists) -> Iterator[str]:
    """The lines of all choices, each below the name of its mood."""
    from realtime.cli.output import linked_title, printable_place

    longest = max((len(choice.title) for choice in music.all()), default=0)
    for number, (name, choices) in enumerate(_sections(music)):
        if number:
            yield ""
        yield name if choices else f"{name}  (no music)"
        for choice in choices:
            blanks = " " * (longest - len(choice.title))
            yield f"  {linked_title(choice, sys.stdout)}{blanks}  {printable_place(choice)}"


def document(music: Playlists) -> Document:
    """The document of `emodj playlists --json`."""
    from realtime.cli.mood import choice_document
    from realtime.session.documents import SCHEMA

    moods = {each.value: [choice_document(choice) for choice in music.moods.get(each, ())] for each in EXPRESSIONS}
    return {"schema": SCHEMA, "moods": moods, "lift": [choice_document(choice) for choice in music.lift]}


def _sections(music: Playlists) -> list[tuple[str, tuple[MusicChoice, ...]]]:
    return [*((each.value, music.moods.get(each, ())) for each in EXPRESSIONS), (_LIFT, music.lift)]


@playlists.command("check", short_help="Check whether the music is still available.")
@click.argument("moods", nargs=-1, type=MOOD, metavar="[NAME]...")
@json_option
@common_options
@pass_context
@click.pass_context
def check(ctx: click.Context, context: Context, moods: tuple[Expression, ...], as_json: bool | None) -> int:
    """Check whether the music is still available: each link at its server, each song file on this computer.

    NAME is a mood; without NAME, emodj checks all moods and the music for lifting. It needs no account, and opens nothing.
    The status is 0 if all music is available, 7 if some is, 1 if none is.
    """
    from realtime.cli.output import print_document
    from realtime.session.documents import SCHEMA

    as_json = as_json or (ctx.parent is not None and bool(ctx.parent.params.get("as_json")))
    settings = context.settings()
    choices = [(name, choice) for name, choice in _select_choices(settings.playlists, moods)]
    if not choices and (moods or settings.music.library is None):
        raise EmodjError("your settings name no music to check")
    results = list[CheckResult]()
    try:
        for result in _check_choices(choices, settings, library=not moods):
            results.append(result)
            if not as_json:
                click.echo(result.line())
    finally:
        # Ctrl-C ends the checks; the results until then are printed
        if as_json:
            print_document({"schema": SCHEMA, "checked": [result.document() for result in results]}, indent=2)
    states = [result.state for result in results]
    if "off line" in states and not any(result.answered for result in results):
        context.remark("no server can be found: this computer is offline, or a name in the links is wrong")
    failed = sum(state != "ok" for state in states)
    return 0 if not failed else SOME_FAILED if failed < len(results) else 1


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of checking a choice.

    Attributes:
        mood: name of its mood; "to lift", or "all" for the library.
        title: its title in the settings.
        place: its link or path.
        state: "ok", "gone", "off line", "cannot tell", or "unusable" for a path without a song that can be played.
        title_now: the title that its server gives it today; None if unknown.
        songs: number of songs at a path that can be played; None for a link, or for a path without songs.
        why: the reason if it is not ok, or what was left out if it is ok; else empty.
        answered: whether a server has answered.
    """

    mood: str
    title: str
    place: str
    state: str
    title_now: str | None = None
    songs: int | None = None
    why: str = ""
    answered: bool = False

    def line(self) -> str:
        """A line for people, in columns."""
        count = None if not self.songs else f"{self.songs} song{'' if self.songs == 1 else 's'}"
        why = "" if self.state == "off line" else self.why
        new_title = f'now called "{self.title_now}"' if self.title_now else ""
        detail = "; ".join(part for part in (count, why or new_title) if part)
        return printable(f"{self.state:<11}  {self.mood:<8}  {self.title}{f': {detail}' if detail else ''}")

    def document(self) -> Document:
        """The fields of the JSON document; unknown ones are null."""
        result = {"state": self.state, "title_now": self.title_now, "songs": self.songs, "why": self.why or None}
        return {"mood": self.mood, "title": self.title, "place": self.place, **result}


def _select_choices(music: Playlists, moods: tuple[Expression, ...]) -> Iterator[tuple[str, MusicChoice]]:
    names = [mood.value for mood in moods]
    for name, choices in _sections(music):
        if not names or name in names:
            for choice in choices:
                yield name, choice


def _check_choices(choices: list[tuple[str, MusicChoice]], settings: Settings, *, library: bool) -> Iterator[CheckResult]:
    if library and settings.music.library is not None:
        yield _check_library(settings.music.library)
    checker = _LinkChecker()
    for name, choice in choices:
        if choice.path is not None:
            yield _check_path(name, choice, choice.path)
        elif choice.url is not None:
            status, answered = checker.check(choice.url)
            yield CheckResult(name, choice.title, choice.url, status.state.value, status.title, None, status.why, answered)


def _check_library(path: Path) -> CheckResult:
    from realtime.music.local.library import read_library

    name, title = "all", "your songs"
    try:
        found = [read_library(path, EXPRESSIONS[0])]
        # Its nearest mood stands for a mood without songs
        found += [each for mood in EXPRESSIONS[1:] if (each := read_library(path, mood)).mood is mood]
    except EmodjError as error:
        return CheckResult(name, title, str(path), _failure_state(path, error), why=str(error))
    if found[0].mood is not EXPRESSIONS[0]:
        found = found[1:]
    return _check_songs(name, title, path, found)


def _check_path(name: str, choice: MusicChoice, path: Path) -> CheckResult:
    from realtime.music.local.library import read_songs

    try:
        found = read_songs(path, choice.mood)
    except EmodjError as error:
        return CheckResult(name, choice.title, str(path), _failure_state(path, error), why=str(error))
    return _check_songs(name, choice.title, path, [found])


def _check_songs(name: str, title: str, path: Path, found: Sequence[FoundSongs]) -> CheckResult:
    from realtime.music.local.song_files import count_playable

    count = count_playable(chain.from_iterable(each.songs for each in found))
    if not count.playable and not count.missing:
        links = f"{count.links} link{'s' * (count.links > 1)}"
        why = f"no song file in it, {links}: emodj songs prints links, and files alone are played"
        return CheckResult(name, title, str(path), "unusable", songs=0, why=why)
    if not count.playable:
        why = f"none of the {count.missing} songs can be played; the first: {count.first_fault}"
        return CheckResult(name, title, str(path), "unusable", songs=0, why=count.first_fault if count.missing == 1 else why)
    others = f"{count.missing} more cannot be played; the first: {count.first_fault}" if count.missing else ""
    left_out = next(filter(None, (_left_out_text(each, path) for each in found)), "")
    why = "; ".join(filter(None, (others, left_out)))
    return CheckResult(name, title, str(path), "ok", songs=count.playable, why=why)


def _left_out_text(found: FoundSongs, path: Path) -> str:
    """The first file or line that was left out, and the number of further ones."""
    if not found.left_out:
        return ""
    more = f" and {found.left_out - 1} more" if found.left_out > 1 else ""
    return found.notices[0].removeprefix(f"{path}, ") + more


def _failure_state(path: Path, error: EmodjError) -> str:
    try:
        return "gone" if isinstance(error, UsageError) and not path.exists() else "unusable"
    except (OSError, ValueError):
        return "unusable"


class _LinkChecker:
    """Checks each link once. A server that is unavailable, busy or silent gets no second request."""

    def __init__(self) -> None:
        self._links: dict[str, LinkStatus] = {}
        self._given_up: dict[str, LinkStatus] = {}

    def check(self, url: str) -> tuple[LinkStatus, bool]:
        """The status of a link, and whether its server has answered."""
        from realtime.music import link_check

        host = urlsplit(url).netloc.lower()
        known = self._links.get(url) or self._given_up.get(host)
        if known is None:
            known = self._links[url] = link_check.check_link(url, spotify=link_check.SPOTIFY_ADDRESS)
            if not known.server_available:
                self._given_up[host] = known
        return known, known.state is not link_check.LinkState.OFFLINE
