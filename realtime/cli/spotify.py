"""`emodj spotify`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from realtime.cli.building import build
from realtime.cli.context import Context, common_options, pass_context, printable
from realtime.errors import EmodjError, UsageError

if TYPE_CHECKING:
    from realtime.documents import Document
    from realtime.music.spotify.web import Row

_JSON = click.option("--json", "as_json", is_flag=True, default=None, help="Print one JSON document (see the README).")

REGISTER = """\
To control Spotify, emodj needs a client id of your own; registering one is free, takes two minutes and needs Premium:
  1. open https://developer.spotify.com/dashboard and choose Create app
  2. any name; Redirect URI http://127.0.0.1/callback (just so, without a port); tick Web API
  3. copy the Client ID, and: emodj spotify login --client-id ID"""


@click.group(
    epilog="""\b
Examples:
  emodj spotify login --client-id ID        once; see the README for how to get an ID
  emodj spotify status                      what works, and what to do about the rest
  emodj spotify build happy --from evening.jsonl --dry-run

Nobody needs it for music: links open without an account.""",
)
@common_options
def spotify() -> None:
    """Control Spotify from the window, for those who have Premium and log in."""


spotify.add_command(build)


@spotify.command(short_help="Log in, in the browser.")
@click.option("--client-id", metavar="ID", help="Of your own app at developer.spotify.com; kept for the next time.")
@click.option("--browser/--no-browser", default=None, help="Open the page, or only print its address.")
@click.option(
    "--timeout", type=click.IntRange(10, 3600), default=300, metavar="SECONDS", help="How long to wait for you (default: 300)."
)
@common_options
@pass_context
def login(context: Context, client_id: str | None, browser: bool | None, timeout: int) -> None:
    """Log in at Spotify, in the browser of this computer or of another one.

    The client id comes from --client-id, else from SPOTIPY_CLIENT_ID, else from your last login. There is no password and no
    secret: Spotify's page asks you, and emodj keeps what lets it in, in a file that only you can read.
    """
    from realtime.cli.signing import sign_in

    sign_in(context, _client_id(client_id), browser=browser is not False, patience_s=timeout)


def _client_id(given: str | None) -> str:
    from realtime.music.spotify.clientid import VARIABLE, ClientIdFile, checked_client_id

    if given is not None:
        return checked_client_id(given, "--client-id")
    if named := os.environ.get(VARIABLE, "").strip():
        return checked_client_id(named, VARIABLE)
    kept = ClientIdFile().load()
    if kept is None:
        raise UsageError(f"there is no client id yet\n{REGISTER}")
    return kept


@spotify.command(short_help="Forget the login.")
@common_options
@pass_context
def logout(context: Context) -> None:
    """Remove the login from this computer. The client id is kept for the next time."""
    from realtime.music.spotify.tokens import TokenFile

    if TokenFile().log_out():
        click.echo("logged out")
        context.remark("to take the permission back at Spotify too, remove your app at https://www.spotify.com/account/apps")
    else:
        click.echo("nobody was logged in")


@spotify.command(short_help="Say what works, and what to do about the rest.")
@_JSON
@common_options
def status(as_json: bool | None) -> int:
    """Say in words whether you are logged in, what Spotify answers, what could play, and whether the account is Premium.

    The status is 0 if music could be started now, else 1.
    """
    from realtime.cli.printing import print_document

    found = _status()
    if as_json:
        print_document(found, indent=2)
    else:
        for line in _status_lines(found):
            click.echo(line)
    return 0 if found["ready"] else 1


@spotify.command(short_help="List what could play.")
@_JSON
@common_options
def devices(as_json: bool | None) -> None:
    """List the devices of your account that are on; music.spotify_device in your settings prefers one of them."""
    from contextlib import closing

    from realtime.cli.printing import print_document
    from realtime.documents import SCHEMA
    from realtime.music.spotify.tokens import TokenFile
    from realtime.music.spotify.web import Spotify

    with closing(Spotify(TokenFile())) as web:
        found = [_device(row) for row in web.devices()]
    if as_json:
        print_document({"schema": SCHEMA, "devices": found}, indent=2)
        return
    if not found:
        raise EmodjError("no Spotify device is on: open Spotify on one")
    for device in found:
        click.echo(_device_line(device))


def _device(row: Row) -> Document:
    from realtime.music.spotify.devices import name_of, usable
    from realtime.music.spotify.states import volume

    percent = volume(row)
    return {
        "name": name_of(row),
        "type": str(row.get("type") or "unknown"),
        "active": bool(row.get("is_active")),
        "usable": usable(row),
        "volume": None if percent is None else percent / 100,
    }


def _device_line(device: Document) -> str:
    marks = [device["type"].lower()]
    marks += ["active"] if device["active"] else []
    marks += [] if device["usable"] else ["lets nobody else control it"]
    marks += [] if device["volume"] is None else [f"volume {device['volume']:.0%}"]
    return printable(f"{device['name']}  ({', '.join(marks)})")


def _status() -> Document:
    """What is known, asked for where somebody is logged in."""
    from contextlib import closing

    from realtime.documents import SCHEMA
    from realtime.music.spotify.refusals import SpotifyError, logged_out
    from realtime.music.spotify.states import account_name
    from realtime.music.spotify.tokens import TokenFile
    from realtime.music.spotify.web import Spotify
    from realtime.music.spotify.wire import PLAYING, SCOPES

    tokens = TokenFile()
    token, account, listed, problem = None, None, list[Any](), None
    try:
        token = tokens.load()
        if token is None:
            raise logged_out()
        with closing(Spotify(tokens)) as web:
            account = account_name(web.me())
            listed = [_device(row) for row in web.devices()]
    except SpotifyError as error:
        problem = str(error)
    # A dead one was removed meanwhile
    logged_in = token is not None and tokens.stamp() is not None
    plays = token is not None and token.premium is not False and not token.missing(PLAYING)
    return {
        "schema": SCHEMA,
        "ready": problem is None and plays and any(device["usable"] for device in listed),
        "logged_in": logged_in,
        "account": account,
        "devices": listed,
        "premium": token.premium if token is not None and logged_in else None,
        "missing": token.missing(SCOPES) if token is not None and logged_in else [],
        "problem": problem,
    }


def _status_lines(found: Document) -> list[str]:
    lines = [f"login     {found['account'] or ('yes' if found['logged_in'] else 'no')}"]
    if found["problem"] is not None:
        lines.append(f"problem   {found['problem']}")
    if found["missing"]:
        lines.append(f"missing   {', '.join(found['missing'])}: emodj spotify login asks for it again")
    if found["account"] is not None and found["problem"] is None:
        names = [_device_line(device) for device in found["devices"]]
        lines += [f"{'devices' if number == 0 else '':10}{name}" for number, name in enumerate(names)]
        if not names:
            lines.append("devices   none is on: open Spotify on one")
        elif not any(device["usable"] for device in found["devices"]):
            lines.append("          none of them can be controlled: open Spotify on another one")
    if found["logged_in"]:
        premium = {
            True: "yes",
            False: "no, when it was last tried; the next session tries again",
            None: "not known until something was played from emodj",
        }
        lines.append(f"Premium   {premium[found['premium']]}")
    ready = "yes: press p in emodj live" if found["ready"] else "no; p opens links, which needs none of this"
    lines.append(f"ready     {ready}")
    return [printable(line) for line in lines]
