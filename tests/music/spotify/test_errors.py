"""Explanations of refusals, as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import ServiceError
from realtime.music.spotify.errors import (
    LOG_IN,
    ErrorKind,
    SpotifyError,
    explain_login_refusal,
    explain_refusal,
    login_expired,
    no_device,
    not_logged_in,
)

FAILED = "Player command failed: "

REFUSED = {
    "expired": (401, "", "The access token expired", ErrorKind.EXPIRED, "your Spotify login has ended: log in with emodj"),
    "no Premium, by its reason": (
        403,
        "PREMIUM_REQUIRED",
        "",
        ErrorKind.NO_PREMIUM,
        "lets only Premium accounts be controlled",
    ),
    "no Premium, by its words": (403, "", f"{FAILED}Premium required", ErrorKind.NO_PREMIUM, "only Premium accounts"),
    "no Premium of the owner": (
        *(403, "", "Active premium subscription required for the owner of the app."),
        *(
            ErrorKind.LOGGED_OUT,
            "requires Premium for the owner of your client id's app: renew it, or log in with your own client id",
        ),
    ),
    "not among the five": (
        *(403, "", "User not registered in the Developer Dashboard", ErrorKind.LOGGED_OUT),
        "not among the five users of this Spotify app: its owner can add you under User Management",
    ),
    "scope": (403, "", "Insufficient client scope", ErrorKind.LOGGED_OUT, "log in again with emodj spotify login"),
    "volume": (403, "VOLUME_CONTROL_DISALLOW", FAILED, ErrorKind.OTHER, "set its volume: set it on the device"),
    "restricted, by its words": (
        403,
        "UNKNOWN",
        f"{FAILED}Restricted device",
        ErrorKind.NO_DEVICE,
        "choose another one in Spotify",
    ),
    "restricted, by its reason": (403, "REMOTE_CONTROL_DISALLOW", "", ErrorKind.NO_DEVICE, "choose another one in Spotify"),
    "not controllable": (403, "DEVICE_NOT_CONTROLLABLE", "", ErrorKind.NO_DEVICE, "choose another one in Spotify"),
    "paused": (403, "ALREADY_PAUSED", f"{FAILED}Restriction violated", ErrorKind.INVALID_STATE, "the music is paused already"),
    "playing": (403, "NOT_PAUSED", f"{FAILED}Restriction violated", ErrorKind.INVALID_STATE, "the music is playing already"),
    "the first": (403, "NO_PREV_TRACK", "", ErrorKind.INVALID_STATE, "no song before this one"),
    "the last": (403, "NO_NEXT_TRACK", "", ErrorKind.INVALID_STATE, "no song after this one"),
    "radio": (403, "ENDLESS_CONTEXT", "", ErrorKind.INVALID_STATE, "does not allow that in what is playing"),
    "some restriction": (403, "UNKNOWN", f"{FAILED}Restriction violated", ErrorKind.INVALID_STATE, "see the Spotify app"),
    "another's list": (403, "", "Forbidden", ErrorKind.NOT_FOUND, "does not allow that for this account or list"),
    "no device": (
        404,
        "NO_ACTIVE_DEVICE",
        "",
        ErrorKind.NO_DEVICE,
        "no Spotify device is on: open Spotify on one and try again",
    ),
    "device gone": (404, "", "Device not found", ErrorKind.NO_DEVICE, "no Spotify device is on"),
    "editorial": (404, "", "Resource not found", ErrorKind.NOT_FOUND, "does not offer this list to other programs"),
    "bad request": (400, "", "Invalid limit", ErrorKind.OTHER, "(400): check whether a newer emodj exists"),
    "gone for good": (410, "", "", ErrorKind.OTHER, "(410): check whether a newer emodj exists"),
    "server": (500, "", "", ErrorKind.UNAVAILABLE, "has an internal error (500): try again in a moment"),
    "service": (503, "", "", ErrorKind.UNAVAILABLE, "has an internal error (503): try again in a moment"),
}


@pytest.mark.parametrize(("status", "reason", "message", "kind", "sentence"), REFUSED.values(), ids=REFUSED)
def test_each_refusal_says_what_to_try(status: int, reason: str, message: str, kind: ErrorKind, sentence: str) -> None:
    error = explain_refusal(status, reason, message)
    assert (error.kind, error.wait_s) == (kind, 0)
    assert sentence in str(error)
    assert (error.status, isinstance(error, ServiceError)) == (8, True)


@pytest.mark.parametrize(
    ("header", "wait_s", "spoken"),
    [
        ("3", 3, "3 seconds"),
        (" 7 ", 7, "7 seconds"),
        ("0", 0, "a second"),
        ("90", 90, "2 minutes"),
        ("60", 60, "a minute"),
        ("3600", 3600, "an hour"),
        ("48925", 48925, "14 hours"),
        ("9" * 4000, 7 * 24 * 3600, "168 hours"),
        *((none, 30, "30 seconds") for none in (None, "", "soon", "-1", "1.5", "²", "Fri, 20 Nov 2026 20:00:00 GMT")),
    ],
)
def test_rate_limit_says_when_to_try_again(header: str | None, wait_s: float, spoken: str) -> None:
    error = explain_refusal(429, "", "Too many requests", header)
    assert (error.kind, error.wait_s) == (ErrorKind.RATE_LIMITED, wait_s)
    assert str(error) == f"too many requests to Spotify: try again in {spoken}"
    quota = explain_refusal(429, "QUOTA_EXCEEDED", "Too many requests", header)
    assert (quota.kind, quota.wait_s) == (ErrorKind.RATE_LIMITED, wait_s)
    assert str(quota) == f"the daily quota of your Spotify app is used up: try again in {spoken}"


LOGIN = {
    "dead": ("invalid_grant", 400, ErrorKind.EXPIRED, f"your Spotify login has ended: {LOG_IN}"),
    "refused by the person": ("access_denied", None, ErrorKind.LOGGED_OUT, "log in again and agree"),
    "no such app": ("invalid_client", 400, ErrorKind.LOGGED_OUT, "knows no app with this client id: copy it from developer."),
    "app not allowed": ("unauthorized_client", 400, ErrorKind.LOGGED_OUT, "emodj spotify login --client-id ID"),
    "scope": ("invalid_scope", 400, ErrorKind.OTHER, "does not give your app the permissions that emodj needs"),
    "page": ("temporarily_unavailable", None, ErrorKind.UNAVAILABLE, "has an internal error: try again in a moment"),
    "server": ("<html>", 502, ErrorKind.UNAVAILABLE, "has an internal error (502): try again in a moment"),
    "too much": ("None", 429, ErrorKind.RATE_LIMITED, "too many requests to Spotify: try again in 30 seconds"),
    "unknown": ("no_idea", 400, ErrorKind.OTHER, "refuses this login: run emodj spotify login again"),
    "nothing": ("", None, ErrorKind.OTHER, "refuses this login: run emodj spotify login again"),
}


@pytest.mark.parametrize(("name", "status", "kind", "sentence"), LOGIN.values(), ids=LOGIN)
def test_each_refusal_of_a_login_says_what_to_try(name: str, status: int | None, kind: ErrorKind, sentence: str) -> None:
    error = explain_login_refusal(name, status)
    assert error.kind is kind
    assert sentence in str(error)


def test_rate_limited_login_waits() -> None:
    assert explain_login_refusal("None", 429).wait_s == 30


def test_errors_without_a_status() -> None:
    kinds = {error.kind: LOG_IN in str(error) for error in (not_logged_in(), login_expired(), no_device())}
    assert kinds == {ErrorKind.LOGGED_OUT: True, ErrorKind.EXPIRED: True, ErrorKind.NO_DEVICE: False}


@given(
    st.integers(400, 599),
    st.text(max_size=30),
    st.text("raw words of the server that are not ours ", min_size=12),
    st.none() | st.text(max_size=9),
)
def test_messages_of_the_server_are_not_repeated(status: int, reason: str, words: str, header: str | None) -> None:
    for error in (explain_refusal(status, reason, f"<b>{words}</b>", header), explain_login_refusal(f"<b>{words}</b>", status)):
        assert "<b>" not in str(error)
        assert len(str(error)) < 200
        assert "\n" not in str(error)


def test_default_kind_is_other() -> None:
    assert (SpotifyError("no").kind, SpotifyError("no").wait_s) == (ErrorKind.OTHER, 0)
