"""Explain what a refusal of Spotify means, in a sentence that says what to try (pure).

Sources of statuses and reasons: the Web API reference on the player, rate limits and quota modes (developer.spotify.com,
2026), and reports of developers on apps registered since February 2026.
"""

from __future__ import annotations

from enum import Enum, auto
from http import HTTPStatus

from realtime.errors import ServiceError
from realtime.retry_after import parse_retry_after, wait_in_words

LOG_IN = "log in with emodj spotify login"

USUAL_WAIT_S = 30.0
"""Wait if Spotify names none, in seconds: the window in which it counts requests."""

_LATER = ": try again in "
_NO_DEVICE_PHRASES = ("device not found", "no active device")


class ErrorKind(Enum):
    """Class of a refusal: what a caller must know to continue."""

    LOGGED_OUT = auto()
    """No valid login exists; the user must log in."""
    EXPIRED = auto()
    """The login existed and has expired or was revoked."""
    NO_PREMIUM = auto()
    """The account has no Premium, so that other programs cannot control it."""
    NO_DEVICE = auto()
    """No device can play."""
    INVALID_STATE = auto()
    """The player is in that state already, has no next or previous song, or cannot do it now."""
    RATE_LIMITED = auto()
    """Too many requests: Spotify refuses all requests for some time."""
    UNAVAILABLE = auto()
    """Spotify or the network has a temporary fault."""
    NOT_FOUND = auto()
    """The item does not exist, or Spotify does not give it to this app."""
    OTHER = auto()
    """Any other refusal."""


class SpotifyError(ServiceError):
    """Spotify refuses or cannot be reached.

    Args:
        message: a sentence that says what to try.
        kind: class of the refusal.
        wait_s: time during which no request may be sent, in seconds; 0 if Spotify does not limit requests.
    """

    def __init__(self, message: str, kind: ErrorKind = ErrorKind.OTHER, wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait_s = wait_s


_LOGIN_REFUSALS: dict[str, tuple[str, ErrorKind]] = {
    "invalid_grant": (f"your Spotify login has ended: {LOG_IN}", ErrorKind.EXPIRED),
    "access_denied": ("you did not allow emodj to use Spotify: log in again and agree", ErrorKind.LOGGED_OUT),
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
        "Spotify does not give your app the permissions that emodj needs: check whether a newer emodj exists",
        ErrorKind.OTHER,
    ),
    **dict.fromkeys(
        ("server_error", "temporarily_unavailable"),
        ("Spotify's login has an internal error: try again in a moment", ErrorKind.UNAVAILABLE),
    ),
}

# The first row that matches counts: by a reason code, or by words that must all be in the message
_FORBIDDEN_REFUSALS: tuple[tuple[tuple[str, ...], tuple[str, ...], str, ErrorKind], ...] = (
    (
        (),
        ("premium", "owner"),
        "Spotify requires Premium for the owner of your client id's app: renew it, or log in with your own client id",
        ErrorKind.LOGGED_OUT,
    ),
    (("PREMIUM_REQUIRED",), ("premium",), "Spotify lets only Premium accounts be controlled", ErrorKind.NO_PREMIUM),
    (
        (),
        # Spotify writes "User not registered in …" or "the user may not be registered"
        ("not", "registered"),
        (
            "your account is not among the five users of this Spotify app: its owner can add you under User Management at "
            "developer.spotify.com/dashboard"
        ),
        ErrorKind.LOGGED_OUT,
    ),
    ((), ("scope",), "this login does not allow that: log in again with emodj spotify login", ErrorKind.LOGGED_OUT),
    (
        ("VOLUME_CONTROL_DISALLOW",),
        (),
        "this device does not let other programs set its volume: set it on the device",
        ErrorKind.OTHER,
    ),
    (
        ("REMOTE_CONTROL_DISALLOW", "DEVICE_NOT_CONTROLLABLE"),
        ("restricted device",),
        "this device does not let other programs control it: choose another one in Spotify",
        ErrorKind.NO_DEVICE,
    ),
    (("ALREADY_PAUSED",), (), "the music is paused already", ErrorKind.INVALID_STATE),
    (("NOT_PAUSED", "ALREADY_PLAYING"), (), "the music is playing already", ErrorKind.INVALID_STATE),
    (("NO_PREV_TRACK",), (), "there is no song before this one", ErrorKind.INVALID_STATE),
    (("NO_NEXT_TRACK",), (), "there is no song after this one", ErrorKind.INVALID_STATE),
    (
        ("NOT_PLAYING_CONTEXT", "CONTEXT_DISALLOW", "ENDLESS_CONTEXT"),
        (),
        "Spotify does not allow that in what is playing",
        ErrorKind.INVALID_STATE,
    ),
    ((), ("restriction violated",), "Spotify cannot do that now: see the Spotify app", ErrorKind.INVALID_STATE),
)


def not_logged_in() -> SpotifyError:
    """Error for a user without a login, or after a logout."""
    return SpotifyError(f"you are not logged in to Spotify: {LOG_IN}", ErrorKind.LOGGED_OUT)


def login_expired() -> SpotifyError:
    """Error for a login that has expired, as every login does after six months."""
    return SpotifyError(f"your Spotify login has ended: {LOG_IN}", ErrorKind.EXPIRED)


def login_too_late() -> SpotifyError:
    """Error for an answer to a login that came too late or twice: it is valid once, for some minutes."""
    return SpotifyError("Spotify no longer accepts this answer: run emodj spotify login again", ErrorKind.LOGGED_OUT)


def try_later(error: SpotifyError, wait_s: float) -> SpotifyError:
    """The same refusal with the rest of its waiting time, in seconds."""
    return SpotifyError(f"{str(error).partition(_LATER)[0]}{_LATER}{wait_in_words(wait_s)}", error.kind, wait_s)


def unreachable(why: str) -> SpotifyError:
    """Error for a missing answer, or for an answer that is not Spotify's."""
    return SpotifyError(why, ErrorKind.UNAVAILABLE)


def no_device() -> SpotifyError:
    """Error for an account without an available device."""
    return SpotifyError("no Spotify device is on: open Spotify on one and try again", ErrorKind.NO_DEVICE)


def explain_refusal(status: int, reason: str, message: str, retry_after: str | None = None) -> SpotifyError:
    """Explain a refusal of the Web API.

    Args:
        status: HTTP status, 400 or more.
        reason: reason code of the player, such as `NO_ACTIVE_DEVICE`; empty if the answer has none.
        message: message for developers. The sentence never repeats it, since it can contain any text.
        retry_after: value of the header Retry-After; None without it.
    """
    text = message.lower()
    match status:
        case HTTPStatus.UNAUTHORIZED:
            error = login_expired()
        case HTTPStatus.TOO_MANY_REQUESTS:
            wait_s = parse_retry_after(retry_after)
            error = _rate_limited(USUAL_WAIT_S if wait_s is None else wait_s, quota=reason == "QUOTA_EXCEEDED")
        case HTTPStatus.FORBIDDEN:
            error = _explain_forbidden(reason, text)
        case HTTPStatus.NOT_FOUND if reason == "NO_ACTIVE_DEVICE" or any(words in text for words in _NO_DEVICE_PHRASES):
            error = no_device()
        case HTTPStatus.NOT_FOUND:
            error = SpotifyError("Spotify does not offer this list to other programs", ErrorKind.NOT_FOUND)
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            error = unreachable(f"Spotify has an internal error ({status}): try again in a moment")
        case _:
            error = SpotifyError(f"Spotify refuses this request ({status}): check whether a newer emodj exists")
    return error


def explain_login_refusal(error: str, status: int | None = None) -> SpotifyError:
    """Explain a refusal of Spotify's login service.

    Args:
        error: error code of OAuth 2.0 (RFC 6749, 4.1.2.1 and 5.2).
        status: HTTP status, used if the error code is unknown.
    """
    if error in _LOGIN_REFUSALS:
        return SpotifyError(*_LOGIN_REFUSALS[error])
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _rate_limited(USUAL_WAIT_S, quota=False)
    if status is not None and status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return unreachable(f"Spotify's login has an internal error ({status}): try again in a moment")
    return SpotifyError("Spotify refuses this login: run emodj spotify login again")


def _explain_forbidden(reason: str, text: str) -> SpotifyError:
    for reasons, words, message, kind in _FORBIDDEN_REFUSALS:
        if reason in reasons or (words and all(word in text for word in words)):
            return SpotifyError(message, kind)
    return SpotifyError("Spotify does not allow that for this account or list", ErrorKind.NOT_FOUND)


def _rate_limited(wait_s: float, *, quota: bool) -> SpotifyError:
    reason = "the daily quota of your Spotify app is used up" if quota else "too many requests to Spotify"
    return SpotifyError(f"{reason}{_LATER}{wait_in_words(wait_s)}", ErrorKind.RATE_LIMITED, wait_s)
