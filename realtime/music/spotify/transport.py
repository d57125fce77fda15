"""One request to Spotify by spotipy, which is imported here alone, and what may go wrong with it.

spotipy's own session asks again up to three times and sleeps for as long as it is told to; its own login opens a browser,
waits for ever, and keeps tokens in the folder that it was started in; its log has tokens in it. So it gets a session of ours,
sends one request a call, and is told its tokens.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from realtime.music.spotify.errors import SpotifyError, explain_login_refusal, explain_refusal, unreachable, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import requests

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

_UNREADABLE = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError)
_AFTER_ADDRESS = ":\n "

PATIENCE_S = 5.0
"""How long Spotify may be silent."""

PLAYING = ("user-read-playback-state", "user-modify-playback-state")
SCOPES = (*PLAYING, "playlist-read-private", "playlist-modify-private")
"""What a login asks for: to see and control what is playing, to read a person's own playlists, and to make private ones."""


@dataclass(frozen=True, slots=True)
class Service:
    """Where Spotify is.

    Attributes:
        api: of the Web API, with a slash at its end.
        authorize: where a person logs in.
        token: where tokens are given out.
    """

    api: str = "https://api.spotify.com/v1/"
    authorize: str = "https://accounts.spotify.com/authorize"
    token: str = "https://accounts.spotify.com/api/token"  # noqa: S105 - an address


SERVICE = Service()
"""Spotify's own."""


def client(patience_s: float) -> Any:
    """A `spotipy.Spotify` without a token."""
    spotipy = _spotipy()
    made: Any = spotipy.Spotify(requests_session=_session(), requests_timeout=patience_s)
    made.prefix = SERVICE.api
    return made


def pkce(client_id: str, *, redirect_uri: str = "http://127.0.0.1/callback", patience_s: float = PATIENCE_S) -> Any:
    """A `spotipy.SpotifyPKCE` that keeps what it gets in memory. Where a token is exchanged, the address goes unused."""
    spotipy = _spotipy()
    made: Any = spotipy.SpotifyPKCE(
        client_id=client_id,
        redirect_uri=redirect_uri,
        scope=" ".join(SCOPES),
        cache_handler=spotipy.MemoryCacheHandler(),
        requests_session=_session(),
        requests_timeout=patience_s,
        open_browser=False,
    )
    made.OAUTH_AUTHORIZE_URL, made.OAUTH_TOKEN_URL = SERVICE.authorize, SERVICE.token
    return made


@cache
def _spotipy() -> Any:
    """The library, untyped: by its types a session is a bool, and another address is another type.

    For one of its caches, which nobody here uses, it imports redis. That takes half a second, and holds every other thread up
    for a tenth of one, the window's among them: so meanwhile it is shown an empty module of that name.
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
    """Let go of the connections of what `client` or `pkce` made."""
    made._session.close()  # noqa: SLF001 - it is ours


def send(request: Callable[[], Answer], secrets: Iterable[str | None], patience_s: float = PATIENCE_S) -> Answer:
    """Send a request of spotipy's.

    Args:
        request: sends it.
        secrets: what may not be seen in a log or a traceback, whatever the answer repeats.
        patience_s: for the sentence.

    Raises:
        SpotifyError: Spotify refuses or cannot be reached. Its cause holds the words of the libraries, without the secrets.
    """
    import requests

    spotipy = _spotipy()
    try:
        return request()
    except spotipy.SpotifyException as error:
        headers = cast("dict[str, str]", error.headers)
        # spotipy puts the address before the message, and `device_id` in it is no word of Spotify's
        message = str(error.msg).partition(_AFTER_ADDRESS)[2]
        said, cause = explain_refusal(error.http_status, str(error.reason or ""), message, headers.get("Retry-After")), error
    except spotipy.SpotifyOauthError as error:
        said, cause = explain_login_refusal(str(error.error), _status(error)), error
    except requests.Timeout as error:
        said, cause = unreachable(f"Spotify said nothing for {patience_s:g} s: try again in a moment"), error
    except requests.exceptions.SSLError as error:
        said, cause = (
            unreachable("this network does not let Spotify through unchanged: open a page in the browser, it may ask you"),
            error,
        )
    except requests.exceptions.ChunkedEncodingError as error:
        said, cause = unreachable("Spotify's answer broke off: try again in a moment"), error
    except requests.exceptions.ConnectionError as error:
        said, cause = unreachable("Spotify cannot be reached: is this computer on line?"), error
    # Answers that are no JSON, and what spotipy makes of JSON that is not Spotify's
    except (requests.RequestException, *_UNREADABLE) as error:
        said, cause = _unread(error), error
    told = without_secrets(f"{type(cause).__module__}.{type(cause).__name__}: {cause}", secrets)
    log.info("%s", told)
    # Not the error itself: -vv would print it as it is
    raise said from _LibraryError(told)


def unexpected_answer() -> SpotifyError:
    """An answer that cannot be Spotify's."""
    return unreachable("the answer is not Spotify's: does this network want you to log in first?")


def document(answer: Any) -> dict[str, Any]:
    """An answer that has to be an object.

    Raises:
        SpotifyError: it is none.
    """
    if not isinstance(answer, dict):
        raise unexpected_answer()
    return cast("dict[str, Any]", answer)


def rows(answer: Any, name: str) -> list[dict[str, Any]]:
    """The objects of a list in an answer; what stands there in place of one that is not for us is left out.

    Raises:
        SpotifyError: there is no list of that name.
    """
    found = document(answer).get(name)
    if not isinstance(found, list):
        raise unexpected_answer()
    return [cast("dict[str, Any]", row) for row in cast("list[object]", found) if isinstance(row, dict)]


class _LibraryError(Exception):
    """Stands in a traceback for what a library raised."""


def _unread(error: BaseException) -> SpotifyError:
    """A refusal of the Web API whose body spotipy cannot read has a status all the same."""
    answer = getattr(error.__context__, "response", None)
    if answer is None or not answer.url.startswith(SERVICE.api):
        return unexpected_answer()
    return explain_refusal(answer.status_code, "", "", answer.headers.get("Retry-After"))


def _status(error: BaseException) -> int | None:
    """Of HTTP: spotipy keeps it only in what its error came from."""
    return getattr(getattr(error.__context__, "response", None), "status_code", None)


def _session() -> requests.Session:
    import requests

    # The one logs tokens, the other tracebacks; what there is to say, a sentence says
    for library in ("spotipy", "urllib3"):
        logging.getLogger(library).setLevel(logging.CRITICAL + 1)
    session = requests.Session()
    # Else requests would send the password of a ~/.netrc in place of the token
    session.auth = _as_it_is
    session.hooks["response"].append(_checked)
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _checked(response: requests.Response, *_: object, **__: object) -> None:
    """What is asked for is JSON: spotipy takes anything else for no answer. To commands Spotify itself says anything."""
    if response.request.method == "GET" and response.ok and response.content:
        try:
            response.json()
        except (ValueError, RecursionError):
            raise unexpected_answer() from None
