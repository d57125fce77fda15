"""How long a server that refuses asks to wait: the header Retry-After, and the wait in words (pure)."""

from __future__ import annotations

_HOUR_S = 3600
_MINUTE_S = 60
_MAX_WAIT_S = 7 * 24 * 3600.0
"""Longest wait, in seconds: a clock must be able to hold the sum of time and wait."""


def parse_retry_after(header: str | None) -> float | None:
    """Parse the header as seconds, at most a week.

    Args:
        header: its value; None without it.

    Returns:
        The seconds; None for anything but digits: neither Spotify nor TMDb uses the other form, a date.
    """
    text = (header or "").strip()
    if not (text.isascii() and text.isdigit()):
        return None
    return min(float(text[:9]), _MAX_WAIT_S)


def wait_in_words(seconds: float | None) -> str:
    """A wait in words that continue "try again in "; None for a wait that nobody has named."""
    if seconds is None:
        return "a moment"
    if round(seconds / _MINUTE_S) * _MINUTE_S >= _HOUR_S:
        hours = round(seconds / _HOUR_S)
        return "an hour" if hours == 1 else f"{hours} hours"
    if seconds >= _MINUTE_S:
        minutes = round(seconds / _MINUTE_S)
        return "a minute" if minutes == 1 else f"{minutes} minutes"
    return "a second" if round(seconds) <= 1 else f"{round(seconds)} seconds"
