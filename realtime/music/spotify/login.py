"""How somebody logs in, and how a login is kept alive."""

from __future__ import annotations

import hmac
from typing import Any
from urllib.parse import parse_qs, urlsplit

from realtime.music.spotify import wire
from realtime.music.spotify.refusals import Kind, SpotifyError, refused_login, too_late
from realtime.music.spotify.tokens import Token, fit_to_send, is_moment


class Login:
    """One attempt, by PKCE (RFC 7636): no secret of the app is needed.

    Args:
        client_id: of the person's own app.
        redirect_uri: where Spotify sends the browser: `http://127.0.0.1:PORT/callback`, which the app registers without a port.
        state: comes back with the answer, so that nobody else can send one (RFC 6749, 10.12).

    Attributes:
        address: where the person logs in.
    """

    def __init__(self, client_id: str, redirect_uri: str, state: str) -> None:
        self._client_id = client_id
        self._state = state
        self._manager = wire.pkce(client_id, redirect_uri=redirect_uri)
        self.address: str = self._manager.get_authorize_url(state)

    def code(self, address: str) -> str | SpotifyError | None:
        """What the address says that Spotify sent the browser to.

        Returns:
            The code, why there is none, or None for an address that belongs to no login, or to another one.
        """
        try:
            query = parse_qs(urlsplit(address.strip()).query)
        except ValueError:
            return None
        state, code, error = (query.get(name, [""])[0] for name in ("state", "code", "error"))
        # What is pasted can have halves of letters in it
        if not hmac.compare_digest(state.encode(errors="replace"), self._state.encode()) or not (code or error):
            return None
        return code if code and not error else refused_login(error)

    def finish(self, code: str) -> Token:
        """Exchange the code for a token.

        Raises:
            SpotifyError: Spotify refuses or cannot be reached.
        """

        def exchange() -> Token:
            self._manager.get_access_token(code, check_cache=False)
            return _token(self._manager.cache_handler.get_cached_token(), Token(self._client_id, "", "", 0, ""))

        try:
            return wire.asked(exchange, (code, self._manager.code_verifier, self._client_id))
        except SpotifyError as error:
            raise too_late() if error.kind is Kind.ENDED else error from error.__cause__
        finally:
            wire.close(self._manager)


def renewed(token: Token, patience_s: float = wire.PATIENCE_S) -> Token:
    """The token that this one is exchanged for; Spotify may not take the old one a second time.

    Raises:
        SpotifyError: Spotify refuses or cannot be reached.
    """
    manager = wire.pkce(token.client_id, patience_s=patience_s)
    try:
        return wire.asked(lambda: _token(manager.refresh_access_token(token.refresh), token), token.secrets, patience_s)
    finally:
        wire.close(manager)


def _token(given: Any, before: Token) -> Token:
    """Of what was given out; where that says nothing, what the token before it had."""
    access, refresh, scope = given["access_token"], given.get("refresh_token", before.refresh), given.get("scope", before.scope)
    expires_at = given["expires_at"]
    if not (fit_to_send(access) and fit_to_send(refresh) and isinstance(scope, str) and is_moment(expires_at)):
        raise TypeError("a token that is none")
    return Token(before.client_id, access, refresh, float(expires_at), scope, before.premium)
