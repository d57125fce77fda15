"""Somebody logs in: a page in a browser, and whatever comes back from it."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING

import click

from realtime.cli.context import printable
from realtime.errors import EmodjError

if TYPE_CHECKING:
    from realtime.cli.context import Context
    from realtime.music.spotify.callback import Callback
    from realtime.music.spotify.login import Login
    from realtime.music.spotify.refusals import SpotifyError

_TURN_S = 0.2
"""How long a turn waits for a browser; also how late Ctrl-C is heard."""


def sign_in(context: Context, client_id: str, *, browser: bool, patience_s: float) -> None:
    """Log in, keep what lets us in, and say who it is.

    Raises:
        EmodjError: nobody came back in time, Spotify refuses or cannot be reached, or the disk refuses.
    """
    from realtime.music.spotify.callback import Callback
    from realtime.music.spotify.clientid import ClientIdFile
    from realtime.music.spotify.login import Login
    from realtime.music.spotify.refusals import Kind, SpotifyError
    from realtime.music.spotify.states import account_name
    from realtime.music.spotify.tokens import TokenFile
    from realtime.music.spotify.web import Spotify
    from realtime.music.spotify.wire import SCOPES

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
        answer = asyncio.run(_Waiting(context, callback, login, patience_s).answered(browser=browser))
    if isinstance(answer, SpotifyError):
        raise answer
    token = login.finish(answer)
    tokens = TokenFile()
    tokens.save(token)
    ClientIdFile().save(client_id)
    try:
        with closing(Spotify(tokens)) as web:
            who = f" as {account_name(web.me())}"
    except SpotifyError as error:
        if error.kind not in {Kind.AWAY, Kind.BUSY}:
            raise
        # The login is kept all the same
        context.remark(str(error))
        who = ""
    click.echo(printable(f"logged in{who}: p in emodj live plays on your devices now"))
    if missing := token.missing(SCOPES):
        context.remark(f"Spotify did not allow {', '.join(missing)}: some of it will not work")


class _Waiting:
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
        from realtime.music.link import open_link

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
