"""Ask for a mood: a list with arrow keys on a terminal, elsewhere a line of the standard input."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import UsageError

if TYPE_CHECKING:
    from realtime.playlists import Playlists

_LONGEST_ANSWER = 1000


def asked(music: Playlists) -> Expression | None:
    """Ask for a mood on stderr, so that stdout stays data: a list on a terminal, else a line of stdin; None for none.

    Raises:
        UsageError: no line came, or it names no mood.
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    firsts = {each: next((choice.title for choice in music.moods.get(each, ())), "") for each in EXPRESSIONS}
    titles = {each: f"{each.value:<9} {title}".rstrip() for each, title in firsts.items()}
    if sys.stdin.isatty() and sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        return _picked(titles)
    for number, title in enumerate(titles.values(), 1):
        click.echo(f"{number}  {title}", err=True)
    click.echo("mood: ", err=True, nl=not sys.stdin.isatty())
    return _read()


def _picked(titles: dict[Expression, str]) -> Expression | None:
    import questionary
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.output import create_output

    options = [
        questionary.Choice(title, each, shortcut_key=str(number)) for number, (each, title) in enumerate(titles.items(), 1)
    ]
    question = questionary.select(
        "Which mood?",
        options,
        use_shortcuts=True,
        instruction="(arrows or a number, then Enter; Esc for none)",
        output=create_output(stdout=sys.stderr),
    )
    keys = question.application.key_bindings
    if isinstance(keys, KeyBindings):

        @keys.add("escape", eager=True)
        def _escape(event: KeyPressEvent) -> None:
            event.app.exit()

    try:
        return question.unsafe_ask()
    except EOFError:
        _nothing_said()


def _read() -> Expression:
    from realtime.songs import mood_named

    try:
        line = sys.stdin.readline(_LONGEST_ANSWER).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the answer on the standard input cannot be read ({error})") from error
    if not line:
        _nothing_said()
    if line.isascii() and line.isdigit() and 1 <= int(line) <= len(EXPRESSIONS):
        return EXPRESSIONS[int(line) - 1]
    try:
        return mood_named(line)
    except ValueError as error:
        raise UsageError(f"{error}, or a number from 1 to {len(EXPRESSIONS)}") from error


def _nothing_said() -> NoReturn:
    raise UsageError("no mood was named: say which, as in `emodj mood happy`")
