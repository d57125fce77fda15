"""`emodj spotify`: log in and out, and print the status and the devices."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from realtime.cli.console import is_terminal
from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import json_option
from realtime.cli.spotify_build import build
from realtime.errors import EmodjError, UsageError
from realtime.printable import printable

if TYPE_CHECKING:
    from realtime.music.spotify.auth import CallbackServer, Login
    from realtime.music.spotify.client import JsonObject
    from realtime.music.spotify.errors import SpotifyError
    from realtime.session.documents import Document


_TURN_S = 0.2
"""Timeout of one wait for the browser; emodj notices Ctrl-C this late."""
REGISTER = """\
To control Spotify, emodj needs a client id of your own; registering one is free, takes two minutes and needs Premium:
  1. open https://developer.spotify.com/dashboard and choose Create app
  2. any name; Redirect URI http://127.0.0.1/callback (exactly, without a port); tick Web API
  3. copy the Client ID, and: emodj spotify login --client-id ID"""


@click.group(
    epilog="""\b
Examples:
  emodj spotify login --client-id ID        once; docs/guide/spotify.md says how to get an ID
  emodj spotify status                      what works, and how to fix the rest
  emodj spotify build happy --from evening.jsonl --dry-run

Music needs no login: links open without an account.""",
)
@common_options
def spotify() -> None:
    """Control Spotify from the window, with your own account; needs Premium and a login."""


spotify.add_command(build)


@spotify.command(short_help="Log in, in the browser.")
@click.option("--client-id", metavar="ID", help="Client id of your own app at developer.spotify.com; emodj keeps it.")
@click.option("--browser/--no-browser", default=None, help="Open the page, or only print its address.")
@click.option(
    "--timeout",
    type=click.IntRange(10, 3600),
    default=300,
    metavar="SECONDS",
    help="How long to wait for the browser (default: 300).",
)
@common_options
@pass_context
def login(context: Context, client_id: str | None, browser: bool | None, timeout: int) -> None:
    """Log in at Spotify, in the browser of this computer or of another one.

    The client id comes from --client-id, else from SPOTIPY_CLIENT_ID, else from your last login. emodj gets no
    password and no secret: you agree on Spotify's page, and emodj keeps the tokens in a file that only you can read.
    """
    log_in(context, _client_id(client_id), browser=browser is not False, timeout_s=timeout)


def _client_id(given: str | None) -> str:
    from realtime.music.spotify.credentials import CLIENT_ID_VARIABLE, ClientIdFile, parse_client_id

    if given is not None:
        return parse_client_id(given, "--client-id")
    if value := os.environ.get(CLIENT_ID_VARIABLE, "").strip():
        return parse_client_id(value, CLIENT_ID_VARIABLE)
    stored = ClientIdFile().load()
    if stored is None:
        raise UsageError("there is no client id yet", REGISTER)
    return stored


@spotify.command(short_help="Forget the login.")
@common_options
@pass_context
def logout(context: Context) -> None:
    """Remove the login from this computer. The client id stays for the next login."""
    from realtime.music.spotify.credentials import CredentialStore

    if CredentialStore().log_out():
        click.echo("logged out")
        context.remark("to take the permission back at Spotify too, remove your app at https://www.spotify.com/account/apps")
    else:
        click.echo("there was no login")


@spotify.command(short_help="Print what works, and how to fix the rest.")
@json_option
@common_options
def status(as_json: bool | None) -> int:
    """Print whether you are logged in, what Spotify answers, which devices can play, and whether the account is Premium.

    The exit status is 0 if Spotify could play now, else 1.
    """
    from realtime.cli.output import print_document

    document = _status_document()
    if as_json:
        print_document(document, indent=2)
    else:
        for line in _status_lines(document):
            click.echo(line)
    return 0 if document["ready"] else 1


@spotify.command(short_help="List the devices that can play.")
@json_option
@common_options
def devices(as_json: bool | None) -> None:
    """List the available devices of your account; music.spotify_device in your settings prefers one of them."""
    from realtime.cli.output import print_document
    from realtime.music.spotify.client import SpotifyClient
    from realtime.music.spotify.credentials import CredentialStore
    from realtime.session.documents import SCHEMA

    with closing(SpotifyClient(CredentialStore())) as web:
        rows = [_device_document(row) for row in web.devices()]
    if as_json:
        print_document({"schema": SCHEMA, "devices": rows}, indent=2)
        return
    if not rows:
        raise EmodjError("no Spotify device is on: open Spotify on one")
    for device in rows:
        click.echo(_device_line(device))


def _device_document(row: JsonObject) -> Document:
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
    marks += [] if device["usable"] else ["cannot be controlled"]
    marks += [] if device["volume"] is None else [f"volume {device['volume']:.0%}"]
    return printable(f"{device['name']}  ({', '.join(marks)})")


def _status_document() -> Document:
    """The document of `emodj spotify status --json`; after a login, Spotify is asked for the account and its devices."""
    from realtime.music.spotify.client import SpotifyClient
    from realtime.music.spotify.credentials import CredentialStore
    from realtime.music.spotify.errors import SpotifyError, not_logged_in
    from realtime.music.spotify.playback_state import account_name
    from realtime.music.spotify.transport import PLAYBACK_SCOPES, SCOPES
    from realtime.session.documents import SCHEMA

    tokens = CredentialStore()
    token, account, listed, problem = None, None, list[Any](), None
    try:
        token = tokens.load()
        if token is None:
            raise not_logged_in()
        with closing(SpotifyClient(tokens)) as web:
            account = account_name(web.current_user())
            listed = [_device_document(row) for row in web.devices()]
    except SpotifyError as error:
        problem = str(error)
    # The client removes an expired login from the disk
    logged_in = token is not None and tokens.version() is not None
    plays = token is not None and token.premium is not False and not token.missing_scopes(PLAYBACK_SCOPES)
    return {
        "schema": SCHEMA,
        "ready": problem is None and plays and any(device["usable"] for device in listed),
        "logged_in": logged_in,
        "account": account,
        "devices": listed,
        "premium": token.premium if token is not None and logged_in else None,
        "missing": token.missing_scopes(SCOPES) if token is not None and logged_in else [],
        "problem": problem,
    }


def _status_lines(status: Document) -> list[str]:
    lines = [f"login     {status['account'] or ('yes' if status['logged_in'] else 'no')}"]
    if status["problem"] is not None:
        lines.append(f"problem   {status['problem']}")
    if status["missing"]:
        lines.append(f"missing   {', '.join(status['missing'])}: emodj spotify login requests it again")
    if status["account"] is not None and status["problem"] is None:
        names = [_device_line(device) for device in status["devices"]]
        lines += [f"{'devices' if number == 0 else '':10}{name}" for number, name in enumerate(names)]
        if not names:
            lines.append("devices   none is on: open Spotify on one")
        elif not any(device["usable"] for device in status["devices"]):
            lines.append("          none of them can be controlled: open Spotify on another one")
    if status["logged_in"]:
        premium = {
            True: "yes",
            False: "no, when it was last tried; the next session tries again",
            None: "unknown until emodj has played something",
        }
        lines.append(f"Premium   {premium[status['premium']]}")
    ready = "yes: press p in emodj live" if status["ready"] else "no; p opens links, which needs no login"
    lines.append(f"ready     {ready}")
    return [printable(line) for line in lines]


def log_in(context: Context, client_id: str, *, browser: bool, timeout_s: float) -> None:
    """Log in at Spotify, store the tokens and the client id, and print the name of the account.

    Args:
        context: prints the remarks.
        client_id: of the person's app at Spotify.
        browser: whether to start a browser; else a person opens the printed address.
        timeout_s: how long to wait for the browser, in seconds.

    Raises:
        EmodjError: no browser came back in time, Spotify refuses or cannot be reached, or a file cannot be written.
        UsageError: the user has no home, and so no place for the login.
    """
    from realtime.music.spotify.auth import CallbackServer, Login
    from realtime.music.spotify.client import SpotifyClient
    from realtime.music.spotify.credentials import ClientIdFile, CredentialStore
    from realtime.music.spotify.errors import ErrorKind, SpotifyError
    from realtime.music.spotify.playback_state import account_name
    from realtime.music.spotify.transport import SCOPES

    # A user without a home would log in in vain
    tokens = CredentialStore(CredentialStore().path)
    try:
        listening = CallbackServer()
    except OSError as error:
        raise EmodjError(f"cannot wait for a browser at 127.0.0.1 ({error.strerror or error}): check what blocks it") from error
    with listening as callback:
        login = Login(client_id, callback.redirect_uri, secrets.token_urlsafe(32))
        callback.login = login
        click.echo("Log in at Spotify with this address:")
        click.echo(login.address)
        sys.stdout.flush()
        answer = asyncio.run(_AnswerWaiter(context, callback, login, timeout_s).wait(browser=browser))
    if isinstance(answer, SpotifyError):
        raise answer
    token = login.exchange_code(answer)
    tokens.save(token)
    ClientIdFile().save(client_id)
    try:
        with closing(SpotifyClient(tokens)) as web:
            who = f" as {account_name(web.current_user())}"
    except SpotifyError as error:
        if error.kind not in {ErrorKind.UNAVAILABLE, ErrorKind.RATE_LIMITED}:
            raise
        # The login itself has succeeded, and is stored
        context.remark(str(error))
        who = ""
    click.echo(printable(f"logged in{who}: p in emodj live plays on your devices now"))
    if missing := token.missing_scopes(SCOPES):
        context.remark(f"Spotify did not allow {', '.join(missing)}: some functions will not work")


class _AnswerWaiter:
    """Waits for the answer to a login: from a browser of this computer, or as an address that a person pastes."""

    def __init__(self, context: Context, callback: CallbackServer, login: Login, timeout_s: float) -> None:
        self._context = context
        self._callback = callback
        self._login = login
        self._deadline_s = time.monotonic() + timeout_s
        self._timeout_s = timeout_s

    async def wait(self, *, browser: bool) -> str | SpotifyError:
        """Wait for the first answer: the code, or the refusal.

        Raises:
            EmodjError: no answer came in time.
        """
        # The calls block, so they run in threads; each call returns within seconds
        served = asyncio.create_task(self._serve_callback())
        tasks: set[asyncio.Task[str | SpotifyError]] = {served}
        opening = asyncio.create_task(self._open_browser(browser=browser))
        if is_terminal(sys.stdin):
            tasks.add(asyncio.create_task(self._read_pasted_address(opening)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        finally:
            opening.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.wait({opening, *tasks})

    async def _serve_callback(self) -> str | SpotifyError:
        while self._callback.answer is None:
            if time.monotonic() > self._deadline_s:
                raise EmodjError(
                    f"no login within {self._timeout_s:g} s. If Spotify's page named an invalid client or redirect "
                    "URI: check the client id, and that http://127.0.0.1/callback is a Redirect URI of your app"
                )
            await asyncio.to_thread(self._callback.handle_connection, _TURN_S)
        return self._callback.answer

    async def _open_browser(self, *, browser: bool) -> None:
        from realtime.music.open_link import open_link

        # Every user of a computer can see the command line of a browser: it gets our own address, which redirects to the login
        opened = await asyncio.to_thread(open_link, self._callback.start_address) if browser else None
        if opened is not None and opened.where is not None:
            self._context.remark("your browser shows the page; emodj continues when you have agreed there")
            return
        elsewhere = "; to use another computer, start emodj spotify login in a terminal"
        if is_terminal(sys.stdin):
            elsewhere = (
                ". A browser of another computer ends at a page that it cannot show: paste the address of that page here"
            )
        self._context.remark(f"open the address in a browser of this computer{elsewhere}")

    async def _read_pasted_address(self, opening: asyncio.Task[None]) -> str | SpotifyError:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.patch_stdout import patch_stdout

        # Print the instructions before the prompt
        await asyncio.wait({opening})
        prompt: PromptSession[str] = PromptSession()
        while True:
            with patch_stdout():
                try:
                    text = await prompt.prompt_async("address, if you have one to paste: ")
                except EOFError:
                    # Ctrl-D ends the prompt; the browser may still answer
                    return await asyncio.Future[str]()
            if answer := self._login.read_answer(text):
                return answer
            if text.strip():
                self._context.remark(
                    "that is no answer to this login: an answer begins with http://127.0.0.1 and contains code= and state="
                )
