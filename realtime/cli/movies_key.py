"""`emodj movies login`, `logout` and `status`: the person's key of TMDb."""

from __future__ import annotations

import getpass
import os
import sys
from typing import TYPE_CHECKING

import click

from realtime.cli.console import is_terminal
from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import json_option
from realtime.errors import UsageError
from realtime.printable import printable

if TYPE_CHECKING:
    from realtime.session.documents import Document


@click.command(
    short_help="Keep your key of TMDb.",
    epilog="""\b
Examples:
  emodj movies login                  asks for the key; it is not shown while you paste it
  emodj movies login < key.txt

TMDb gives a free account a key: the API Read Access Token at https://www.themoviedb.org/settings/api.""",
)
@common_options
@pass_context
def login(context: Context) -> None:
    """Keep your key of TMDb in a file that only you can read, for `emodj movies --online`.

    The key is read from the terminal, or else from the standard input: other users could see it on a command line. TMDb
    is asked whether it accepts the key. If TMDb cannot be reached, the key is kept all the same.
    """
    from realtime.movies.tmdb import DISCLOSURE, TmdbError, TmdbKeyError
    from realtime.movies.tmdb_client import check_key
    from realtime.movies.tmdb_key import KEY_VARIABLE, TmdbKey, TmdbKeyFile, parse_key

    # A user without a home would paste the key in vain
    file = TmdbKeyFile(TmdbKeyFile().path)
    context.remark(DISCLOSURE)
    key = TmdbKey(parse_key(_read_key(), "this text"), "that you gave")
    unchecked = None
    try:
        check_key(key)
    except TmdbKeyError:
        raise
    except TmdbError as error:
        unchecked = str(error)
    file.save(key.token)
    click.echo(printable(f"the key is kept in {file.path}"))
    if unchecked is not None:
        context.remark(f"TMDb has not accepted the key yet: {unchecked}")
    if os.environ.get(KEY_VARIABLE, "").strip():
        context.remark(f"{KEY_VARIABLE} in your environment wins over this file")


@click.command(short_help="Remove your key of TMDb.")
@common_options
@pass_context
def logout(context: Context) -> None:
    """Remove the key of TMDb from this computer."""
    from realtime.movies.tmdb_key import KEY_VARIABLE, TmdbKeyFile

    click.echo("the key is removed" if TmdbKeyFile().delete() else "there was no key")
    if os.environ.get(KEY_VARIABLE, "").strip():
        context.remark(f"{KEY_VARIABLE} in your environment still holds a key")


@click.command(short_help="Print whether TMDb accepts your key.")
@json_option
@common_options
@pass_context
def status(context: Context, as_json: bool | None) -> int:
    """Print where your key of TMDb is, and whether TMDb accepts it now. Without a key, nobody is asked.

    The exit status is 0 if TMDb accepts it, else 1.
    """
    from realtime.cli.output import print_document
    from realtime.movies.tmdb import ATTRIBUTION

    document = _status_document(online=context.settings().movies.online)
    if as_json:
        print_document(document, indent=2)
    else:
        for line in _status_lines(document):
            click.echo(printable(line))
        click.echo(ATTRIBUTION)
    return 0 if document["ready"] else 1


def _status_document(*, online: bool) -> Document:
    from realtime.movies.tmdb import TmdbError
    from realtime.movies.tmdb_client import check_key
    from realtime.movies.tmdb_key import KEY_VARIABLE, find_key
    from realtime.session.documents import SCHEMA

    key, problem = None, None
    try:
        key = find_key()
        if key is None:
            problem = f"there is no key: emodj movies login, or set {KEY_VARIABLE}"
        else:
            check_key(key)
    except TmdbError as error:
        problem = str(error)
    return {
        "schema": SCHEMA,
        "ready": problem is None,
        "key": None if key is None else key.place.removeprefix("in "),
        "online": online,
        "problem": problem,
    }


def _status_lines(document: Document) -> list[str]:
    lines = [f"key       {document['key'] or 'none'}"]
    if document["problem"] is not None:
        lines.append(f"problem   {document['problem']}")
    lines.append(f"online    {'always (movies.online in your settings)' if document['online'] else 'with --online'}")
    lines.append(f"ready     {'yes' if document['ready'] else 'no; movies come from the list on this computer'}")
    return lines


def _read_key() -> str:
    """Read a line from the terminal, which does not show it, or the standard input.

    Raises:
        UsageError: there is none, or the input cannot be read.
    """
    from realtime.movies.tmdb_key import KEY_ADVICE, MAX_KEY_BYTES
    from realtime.reading import read_stream

    try:
        if is_terminal(sys.stdin):
            text = getpass.getpass("key of TMDb (API Read Access Token): ", sys.stderr)
        else:
            text = read_stream(sys.stdin.buffer, MAX_KEY_BYTES, "-").decode("utf-8-sig", "replace")
    except EOFError:
        text = ""
    except OSError as error:
        raise UsageError(f"the key cannot be read from the standard input ({error.strerror or error}): {KEY_ADVICE}") from error
    if not text.strip():
        raise UsageError(f"no key was given: {KEY_ADVICE}")
    return text
