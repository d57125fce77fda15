"""Why Spotify does not do what was asked, as a sentence that says what to try (pure).

Statuses and reasons: the Web API's reference on the player, on rate limits and on quota modes (developer.spotify.com,
2026), and what developers reported of apps that were registered since February 2026.
"""

from __future__ import annotations

from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING

from realtime.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable

LOG_IN = "log in with emodj spotify login"

_HOUR_S = 3600
_MINUTE_S = 60
_LATER = ": try again in "
_WINDOW_S = 30.0
"""Over which Spotify counts requests; how long to wait where it does not say."""
_LONGEST_S = 7 * 24 * 3600.0
"""Nobody waits longer, and clocks have to hold the sum."""
_SHORTEST_SECRET = 5
"""Characters: what is shorter occurs in any sentence, and is none."""


class ErrorKind(Enum):
    """What a caller has to know of a refusal to go on."""

    LOGGED_OUT = auto()
    """There is no login that would do."""
    ENDED = auto()
    """There was one, and it is dead."""
    NO_PREMIUM = auto()
    """The account may not be controlled from outside."""
    NO_DEVICE = auto()
    """Nothing is there that could play."""
    ALREADY = auto()
    """The player is in that state already, knows no next or previous song, or cannot do it now."""
    BUSY = auto()
    """Too many questions: none is answered for a while."""
    AWAY = auto()
    """Spotify, or the way there, has a fault that passes."""
    GONE = auto()
    """What was asked for is not there, or not for us."""
    OTHER = auto()


class SpotifyError(ServiceError):
    """Spotify refuses or cannot be reached.

    Args:
        message: a sentence that says what to try.
        kind: for callers that go on otherwise.
        wait_s: for how long nothing more is to be asked, if it said so; seconds.
    """

    def __init__(self, message: str, kind: ErrorKind = ErrorKind.OTHER, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait_s = wait_s


def not_logged_in() -> SpotifyError:
    """There never was a login, or somebody has logged out."""
    return SpotifyError(f"you are not logged in to Spotify: {LOG_IN}", ErrorKind.LOGGED_OUT)


def login_ended() -> SpotifyError:
    """The login has come to its end, as all do six months after it."""
    return SpotifyError(f"your Spotify login has ended: {LOG_IN}", ErrorKind.ENDED)


def login_too_late() -> SpotifyError:
    """The answer to a login is good for some minutes, and once."""
    return SpotifyError("Spotify does not take that answer any more: run emodj spotify login again", ErrorKind.LOGGED_OUT)


def try_later(error: SpotifyError, wait_s: float) -> SpotifyError:
    """The same refusal when some of its time has gone by."""
    return SpotifyError(f"{str(error).partition(_LATER)[0]}{_LATER}{_spoken(wait_s)}", error.kind, wait_s)


def unreachable(why: str) -> SpotifyError:
    """No answer, or none of Spotify's."""
    return SpotifyError(why, ErrorKind.AWAY)


def no_device() -> SpotifyError:
    """Nothing to play on."""
    return SpotifyError("no Spotify device is on: open Spotify on one and try again", ErrorKind.NO_DEVICE)


def explain_refusal(status: int, reason: str, message: str, retry_after: str | None = None) -> SpotifyError:
    """What an answer of the Web API means.

    Args:
        status: of HTTP, 400 or more.
        reason: as the player names it, `NO_ACTIVE_DEVICE`; empty if it did not.
        message: for developers; nothing of it is repeated, for it can hold anything.
        retry_after: the header of that name; None if there was none.
    """
    text = message.lower()
    match status:
        case HTTPStatus.UNAUTHORIZED:
            error = login_ended()
        case HTTPStatus.TOO_MANY_REQUESTS:
            error = _busy(_seconds(retry_after), quota=reason == "QUOTA_EXCEEDED")
        case HTTPStatus.FORBIDDEN:
            error = _forbidden(reason, text)
        case HTTPStatus.NOT_FOUND if reason == "NO_ACTIVE_DEVICE" or any(words in text for words in _NO_DEVICE):
            error = no_device()
        case HTTPStatus.NOT_FOUND:
            error = SpotifyError("Spotify has no such list for other programs than its own", ErrorKind.GONE)
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            error = unreachable(f"Spotify has a fault of its own ({status}): try again in a moment")
        case _:
            error = SpotifyError(f"Spotify does not take this request ({status}): see whether there is a newer emodj")
    return error


def explain_login_refusal(error: str, status: int | None = None) -> SpotifyError:
    """What an answer of the accounts' service means.

    Args:
        error: as OAuth 2.0 names it (RFC 6749, 4.1.2.1 and 5.2).
        status: of HTTP, if it was none of these.
    """
    if error in _LOGIN:
        return SpotifyError(*_LOGIN[error])
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _busy(_WINDOW_S, quota=False)
    if status is not None and status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return unreachable(f"Spotify's login has a fault of its own ({status}): try again in a moment")
    return SpotifyError("Spotify does not take this login: emodj spotify login begins anew")


def without_secrets(text: str, secrets: Iterable[str | None]) -> str:
    """The text without any of the secrets; what is within another one goes with it."""
    known = {secret for secret in secrets if secret and len(secret) >= _SHORTEST_SECRET}
    for secret in sorted(known, key=len, reverse=True):
        text = text.replace(secret, "…")
    return text


def _forbidden(reason: str, text: str) -> SpotifyError:
    for reasons, words, message, kind in _FORBIDDEN:
        if reason in reasons or (words and all(word in text for word in words)):
            return SpotifyError(message, kind)
    return SpotifyError("Spotify does not allow that for this account or list", ErrorKind.GONE)


_LOGIN: dict[str, tuple[str, ErrorKind]] = {
    "invalid_grant": (f"your Spotify login has ended: {LOG_IN}", ErrorKind.ENDED),
    "access_denied": ("Spotify was not allowed to let emodj in: log in again and agree", ErrorKind.LOGGED_OUT),
    **dict.fromkeys(
        ("invalid_client", "unauthorized_client"),
        (
            (
                "Spotify knows no app with this client id: copy it from developer.spotify.com/dashboard, and "
                "emodj spotify login --client-id ID"
            ),
            ErrorKind.LOGGED_OUT,
        ),
    ),
    "invalid_scope": (
        "Spotify does not give your app what emodj asks for: see whether there is a newer emodj",
        ErrorKind.OTHER,
    ),
    **dict.fromkeys(
        ("server_error", "temporarily_unavailable"),
        ("Spotify's login has a fault of its own: try again in a moment", ErrorKind.AWAY),
    ),
}

_NO_DEVICE = ("device not found", "no active device")

# The first that fits counts: reasons of the player, or words that all have to be in the message
_FORBIDDEN: tuple[tuple[tuple[str, ...], tuple[str, ...], str, ErrorKind], ...] = (
    (
        (),
        ("premium", "owner"),
        "Spotify wants Premium of whoever registered the app of your client id: renew that, or log in with an id of your own",
        ErrorKind.LOGGED_OUT,
    ),
    (("PREMIUM_REQUIRED",), ("premium",), "Spotify lets only Premium accounts be controlled", ErrorKind.NO_PREMIUM),
    (
        (),
        # "User not registered in …", "the user may not be registered"
        ("not", "registered"),
        (
            "your account is not among the five users of that Spotify app: its owner adds you under User Management at "
            "developer.spotify.com/dashboard"
        ),
        ErrorKind.LOGGED_OUT,
    ),
    ((), ("scope",), "this login does not allow that: log in again with emodj spotify login", ErrorKind.LOGGED_OUT),
    (("VOLUME_CONTROL_DISALLOW",), (), "this device lets nobody else set its volume: turn it there", ErrorKind.OTHER),
    (
        ("REMOTE_CONTROL_DISALLOW", "DEVICE_NOT_CONTROLLABLE"),
        ("restricted device",),
        "this device lets nobody else control it: choose another one in Spotify",
        ErrorKind.NO_DEVICE,
    ),
    (("ALREADY_PAUSED",), (), "it is paused already", ErrorKind.ALREADY),
    (("NOT_PAUSED", "ALREADY_PLAYING"), (), "it is playing already", ErrorKind.ALREADY),
    (("NO_PREV_TRACK",), (), "there is no song before this one", ErrorKind.ALREADY),
    (("NO_NEXT_TRACK",), (), "there is no song after this one", ErrorKind.ALREADY),
    (
        ("NOT_PLAYING_CONTEXT", "CONTEXT_DISALLOW", "ENDLESS_CONTEXT"),
        (),
        "Spotify does not allow that in what is playing",
        ErrorKind.ALREADY,
    ),
    ((), ("restriction violated",), "Spotify cannot do that now: look into its app", ErrorKind.ALREADY),
)


def _busy(wait_s: float, *, quota: bool) -> SpotifyError:
    what = "the daily quota of your Spotify app is used up" if quota else "Spotify has been asked too much"
    return SpotifyError(f"{what}{_LATER}{_spoken(wait_s)}", ErrorKind.BUSY, wait_s)


def _seconds(retry_after: str | None) -> float:
    """Of the header; its other form, a date, Spotify does not use."""
    text = (retry_after or "").strip()
    if not (text.isascii() and text.isdigit()):
        return _WINDOW_S
    return min(float(text[:9]), _LONGEST_S)


def _spoken(seconds: float) -> str:
    if round(seconds / _MINUTE_S) * _MINUTE_S >= _HOUR_S:
        hours = round(seconds / _HOUR_S)
        return "an hour" if hours == 1 else f"{hours} hours"
    if seconds >= _MINUTE_S:
        minutes = round(seconds / _MINUTE_S)
        return "a minute" if minutes == 1 else f"{minutes} minutes"
    return "a second" if round(seconds) <= 1 else f"{round(seconds)} seconds"
