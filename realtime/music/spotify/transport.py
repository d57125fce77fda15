"""Send one request to Spotify, with its timeout, and translate its errors. The only module that imports spotipy.

By default spotipy repeats a request up to three times and sleeps for as long as the server says. Its login opens a browser,
waits without a timeout, and stores tokens in the current directory. Its log shows tokens. So this module gives it a session
without retries, sends one request a call, and hands it the tokens.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from realtime.music.spotify.errors import SpotifyError, explain_login_refusal, explain_refusal, unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import requests

Answer = TypeVar("Answer")

_PARSE_ERRORS = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError)
_ADDRESS_END = ":\n "

TIMEOUT_S = 5.0
"""Longest time for an answer of Spotify, in seconds, however slowly it arrives."""

PLAYBACK_SCOPES = ("user-read-playback-state", "user-modify-playback-state")
SCOPES = (*PLAYBACK_SCOPES, "playlist-read-private", "playlist-modify-private")
"""Permissions that a login requests: see and control playback, read the user's playlists, and create private ones."""


@dataclass(frozen=True, slots=True)
class Service:
    """Addresses of Spotify.

    Attributes:
        api: base address of the Web API, with a slash at the end.
        authorize: page on which the user logs in.
        token: service that issues and renews tokens.
    """

    api: str = "https://api.spotify.com/v1/"
    authorize: str = "https://accounts.spotify.com/authorize"
    token: str = "https://accounts.spotify.com/api/token"  # noqa: S105 - an address


SERVICE = Service()
"""The real Spotify; tests replace it."""


def make_client(timeout_s: float) -> Any:
    """Make a `spotipy.Spotify` without a token.

    Args:
        timeout_s: longest time for an answer of Spotify, in seconds.
    """
    spotipy = _import_spotipy()
    made: Any = spotipy.Spotify(requests_session=_new_session(), requests_timeout=timeout_s)
    made.prefix = SERVICE.api
    return made


def make_login(client_id: str, *, redirect_uri: str = "http://127.0.0.1/callback", timeout_s: float = TIMEOUT_S) -> Any:
    """Make a `spotipy.SpotifyPKCE` that keeps tokens in memory. To renew a token, it does not need the redirect address."""
    spotipy = _import_spotipy()
    made: Any = spotipy.SpotifyPKCE(
        client_id=client_id,
        redirect_uri=redirect_uri,
        scope=" ".join(SCOPES),
        cache_handler=spotipy.MemoryCacheHandler(),
        requests_session=_new_session(),
        requests_timeout=timeout_s,
        open_browser=False,
    )
    made.OAUTH_AUTHORIZE_URL, made.OAUTH_TOKEN_URL = SERVICE.authorize, SERVICE.token
    return made


@cache
def _import_spotipy() -> Any:
    """Import spotipy, as Any: its type hints are wrong for the session and for other addresses.

    For a cache that emodj does not use, spotipy imports redis. That import takes half a second and blocks all other threads,
    the window's too, for a tenth of a second. So an empty module stands in for redis during the import.
    """
    absent = "redis" not in sys.modules
    if absent:
        empty = ModuleType("redis")
        empty.__dict__["RedisError"] = Exception
        sys.modules["redis"] = empty
    try:
        import spotipy
    finally:
        if absent:
            del sys.modules["redis"]
    return spotipy


def close(made: Any) -> None:
    """Close the connections of an object that `make_client` or `make_login` returned."""
    made._session.close()  # noqa: SLF001 - the session that this module gave it


def send(request: Callable[[], Answer], secrets: Iterable[str | None], timeout_s: float = TIMEOUT_S) -> Answer:
    """Send a request through spotipy.

    Args:
        request: calls a method of spotipy.
        secrets: texts that no log and no traceback may show, even if the answer repeats them.
        timeout_s: timeout of the request in seconds, for the error message.

    Raises:
        SpotifyError: Spotify refuses or cannot be reached. Its cause has the message of the library, without the secrets.
    """
    import requests

    from realtime.http_session import explain_failure, hide_secrets

    spotipy = _import_spotipy()
    try:
        return request()
    except spotipy.SpotifyException as error:
        headers = cast("dict[str, str]", error.headers)
        # spotipy puts the address before the message, and `device_id` in the address would match a rule for messages
        message = str(error.msg).partition(_ADDRESS_END)[2]
        translated, cause = (
            explain_refusal(error.http_status, str(error.reason or ""), message, headers.get("Retry-After")),
            error,
        )
    except spotipy.SpotifyOauthError as error:
        translated, cause = explain_login_refusal(str(error.error), _http_status(error)), error
    except (requests.RequestException, OSError, *_PARSE_ERRORS) as error:
        why = explain_failure(error, "Spotify", timeout_s)
        # Without a reason, it is an answer that is no JSON or too large, a redirect, or spotipy cannot parse the JSON
        translated, cause = _explain_unreadable_answer(error) if why is None else unreachable(why), error
    # Do not chain the original error: -vv would print its secrets
    raise translated from hide_secrets(cause, secrets)


def unexpected_answer() -> SpotifyError:
    """Error for an answer that cannot be Spotify's."""
    return unreachable("the answer is not Spotify's: does this network want you to log in first?")


def parse_object(answer: Any) -> dict[str, Any]:
    """Check that an answer is a JSON object.

    Raises:
        SpotifyError: the answer is no object.
    """
    if not isinstance(answer, dict):
        raise unexpected_answer()
    return cast("dict[str, Any]", answer)


def parse_objects(answer: Any, name: str) -> list[dict[str, Any]]:
    """The objects of a list in an answer. Other values are left out: Spotify sends null for an item it does not show.

    Raises:
        SpotifyError: the answer has no list of this name.
    """
    found = parse_object(answer).get(name)
    if not isinstance(found, list):
        raise unexpected_answer()
    return [cast("dict[str, Any]", row) for row in cast("list[object]", found) if isinstance(row, dict)]


def _explain_unreadable_answer(error: BaseException) -> SpotifyError:
    """Explain an answer that spotipy cannot parse; a refusal of the Web API still has its status."""
    answer = getattr(error.__context__, "response", None)
    if answer is None or not answer.url.startswith(SERVICE.api):
        return unexpected_answer()
    return explain_refusal(answer.status_code, "", "", answer.headers.get("Retry-After"))


def _http_status(error: BaseException) -> int | None:
    """The HTTP status of a spotipy error, which only the exception behind it has."""
    return getattr(getattr(error.__context__, "response", None), "status_code", None)


def _new_session() -> requests.Session:
    from realtime.http_session import new_session

    # It logs tokens
    logging.getLogger("spotipy").setLevel(logging.CRITICAL + 1)
    session = new_session()
    session.hooks["response"].append(_check_json)
    return session


def _check_json(response: requests.Response, *_: object, **__: object) -> None:
    """Check that the answer to a GET is JSON, since spotipy treats other content as an empty answer.

    Answers to commands are not checked: Spotify sends any content there.
    """
    if response.request.method == "GET" and response.ok and response.content:
        try:
            response.json()
        except (ValueError, RecursionError):
            raise unexpected_answer() from None
