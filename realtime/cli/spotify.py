"""`emodj spotify`."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.spotify_build import build
from realtime.errors import EmodjError, UsageError
from realtime.printable import printable

if TYPE_CHECKING:
    from realtime.music.spotify.auth import Callback, Login
    from realtime.music.spotify.client import Row
    from realtime.music.spotify.errors import SpotifyError
    from realtime.session.documents import Document


_JSON = click.option("--json", "as_json", is_flag=True, default=None, help="Print one JSON document: docs/reference/json.md.")
REGISTER = """\
To control Spotify, emodj needs a client id of your own; registering one is free, takes two minutes and needs Premium:
  1. open https://developer.spotify.com/dashboard and choose Create app
  2. any name; Redirect URI http://127.0.0.1/callback (just so, without a port); tick Web API
  3. copy the Client ID, and: emodj spotify login --client-id ID"""


@click.group(
    epilog="""\b
Examples:
  emodj spotify login --client-id ID        once; docs/guide/spotify.md says how to get an ID
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
    from realtime.cli.spotify import log_in

    log_in(context, _client_id(client_id), browser=browser is not False, patience_s=timeout)


def _client_id(given: str | None) -> str:
    from realtime.music.spotify.credentials import CLIENT_ID_VARIABLE, ClientIdFile, parse_client_id

    if given is not None:
        return parse_client_id(given, "--client-id")
    if named := os.environ.get(CLIENT_ID_VARIABLE, "").strip():
        return parse_client_id(named, CLIENT_ID_VARIABLE)
    kept = ClientIdFile().load()
    if kept is None:
        raise UsageError(f"there is no client id yet\n{REGISTER}")
    return kept


@spotify.command(short_help="Forget the login.")
@common_options
@pass_context
def logout(context: Context) -> None:
    """Remove the login from this computer. The client id is kept for the next time."""
    from realtime.music.spotify.credentials import CredentialStore

    if CredentialStore().log_out():
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
    from realtime.cli.output import print_document

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

    from realtime.cli.output import print_document
    from realtime.music.spotify.client import SpotifyClient
    from realtime.music.spotify.credentials import CredentialStore
    from realtime.session.documents import SCHEMA

    with closing(SpotifyClient(CredentialStore())) as web:
        found = [_device(row) for row in web.devices()]
    if as_json:
        print_document({"schema": SCHEMA, "devices": found}, indent=2)
        return
    if not found:
        raise EmodjError("no Spotify device is on: open Spotify on one")
    for device in found:
        click.echo(_device_line(device))


def _device(row: Row) -> Document:
    from realtime.music.spotify.playback_state import parse_volume
    from realtime.music.spotify.remote_player import device_name, is_usable

    percent = parse_volume(row)
    return {
        "name": device_name(row),
        "type": str(row.get("type") or "unknown"),
        "active": bool(row.get("is_active")),
        "usable": is_usable(row),
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

    from realtime.music.spotify.client import SpotifyClient
    from realtime.music.spotify.credentials import CredentialStore
    from realtime.music.spotify.errors import SpotifyError, not_logged_in
    from realtime.music.spotify.playback_state import account_name
    from realtime.music.spotify.transport import PLAYING, SCOPES
    from realtime.session.documents import SCHEMA

    tokens = CredentialStore()
    token, account, listed, problem = None, None, list[Any](), None
    try:
        token = tokens.load()
        if token is None:
            raise not_logged_in()
        with closing(SpotifyClient(tokens)) as web:
            account = account_name(web.me())
            listed = [_device(row) for row in web.devices()]
    except SpotifyError as error:
        problem = str(error)
    # A dead one was removed meanwhile
    logged_in = token is not None and tokens.version() is not None
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


_TURN_S = 0.2
"""How long a turn waits for a browser; also how late Ctrl-C is heard."""


def log_in(context: Context, client_id: str, *, browser: bool, patience_s: float) -> None:
    """Log in, keep what lets us in, and say who it is.

    Raises:
        EmodjError: nobody came back in time, Spotify refuses or cannot be reached, or the disk refuses.
    """
    from realtime.music.spotify.auth import Callback, Login
    from realtime.music.spotify.client import SpotifyClient
    from realtime.music.spotify.credentials import ClientIdFile, CredentialStore
    from realtime.music.spotify.errors import ErrorKind, SpotifyError
    from realtime.music.spotify.playback_state import account_name
    from realtime.music.spotify.transport import SCOPES

    try:
        listening = Callback()
    except OSError as error:
        raise EmodjError(f"cannot wait for a browser at 127.0.0.1 ({error.strerror or error}): see what forbids it") from error
    with listening as callback:
        login = Login(client_id, callback.redirect_uri, secrets.token_urlsafe(32))
        callback.login = login
        click.echo("Log in at Spotify with this address:")
        click.echo(login.address)
        sys.stdout.flush()
        answer = asyncio.run(_CallbackThread(context, callback, login, patience_s).answered(browser=browser))
    if isinstance(answer, SpotifyError):
        raise answer
    token = login.finish(answer)
    tokens = CredentialStore()
    tokens.save(token)
    ClientIdFile().save(client_id)
    try:
        with closing(SpotifyClient(tokens)) as web:
            who = f" as {account_name(web.me())}"
    except SpotifyError as error:
        if error.kind not in {ErrorKind.AWAY, ErrorKind.BUSY}:
            raise
        # The login is kept all the same
        context.remark(str(error))
        who = ""
    click.echo(printable(f"logged in{who}: p in emodj live plays on your devices now"))
    if missing := token.missing(SCOPES):
        context.remark(f"Spotify did not allow {', '.join(missing)}: some of it will not work")


class _CallbackThread:
    """Waits for the browser of this computer, and for an address that is pasted here."""

    def __init__(self, context: Context, callback: Callback, login: Login, patience_s: float) -> None:
        self._context = context
        self._callback = callback
        self._login = login
        self._until = time.monotonic() + patience_s
        self._patience_s = patience_s

    async def answered(self, *, browser: bool) -> str | SpotifyError:
        """The code, or why there is none, whichever comes first.

        Raises:
            EmodjError: nothing came in time.
        """
        # Threads, since none of them can be waited for otherwise; each ends by itself within seconds
        served = asyncio.create_task(self._served())
        tasks: set[asyncio.Task[str | SpotifyError]] = {served}
        opening = asyncio.create_task(self._opened(browser=browser))
        if sys.stdin.isatty():
            tasks.add(asyncio.create_task(self._pasted(opening)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        finally:
            opening.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.wait({opening, *tasks})

    async def _served(self) -> str | SpotifyError:
        while self._callback.answer is None:
            if time.monotonic() > self._until:
                raise EmodjError(
                    f"nobody logged in within {self._patience_s:g} s. If Spotify's page spoke of an invalid client or redirect "
                    "URI: check the client id, and that http://127.0.0.1/callback is a Redirect URI of your app"
                )
            await asyncio.to_thread(self._callback.serve, _TURN_S)
        return self._callback.answer

    async def _opened(self, *, browser: bool) -> None:
        from realtime.music.open_link import open_link

        # What starts a browser is seen by every user of a computer, so it gets our own address, which leads on
        opened = await asyncio.to_thread(open_link, self._callback.start) if browser else None
        if opened is not None and opened.where is not None:
            self._context.remark("your browser shows it; emodj goes on as soon as you have agreed there")
            return
        elsewhere = "; for one of another computer start emodj spotify login in a terminal"
        if sys.stdin.isatty():
            elsewhere = ". One of another computer ends at a page that it cannot show: paste the address of that page here"
        self._context.remark(f"open it in a browser of this computer{elsewhere}")

    async def _pasted(self, opening: asyncio.Task[None]) -> str | SpotifyError:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.patch_stdout import patch_stdout

        # What to do is said above the place to do it
        await asyncio.wait({opening})
        prompt: PromptSession[str] = PromptSession()
        while True:
            with patch_stdout():
                try:
                    text = await prompt.prompt_async("address, if you have one to paste: ")
                except EOFError:
                    # Ctrl-D: the browser may still come back
                    return await asyncio.Future[str]()
            if answer := self._login.code(text):
                return answer
            if text.strip():
                self._context.remark(
                    "that is no answer to this login: it begins with http://127.0.0.1 and has code= and state= in it"
                )
