from __future__ import annotations

import pytest

from realtime.retry_after import parse_retry_after, wait_in_words


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        (" 77 ", 77),
        ("9" * 5000, 7 * 24 * 3600),
        *[(text, None) for text in (None, "", "-1", "1.5", "soon", "٣", "Sat, 28 Nov 2026 20:00:00 GMT")],
    ],
)
def test_a_wait_is_read_as_seconds(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "a moment"),
        (0, "a second"),
        (1.4, "a second"),
        (1.6, "2 seconds"),
        (59, "59 seconds"),
        (60, "a minute"),
        (150, "2 minutes"),
        (3569, "59 minutes"),
        (3570, "an hour"),
        (48925, "14 hours"),
    ],
)
def test_a_wait_in_words(seconds: float | None, words: str) -> None:
    assert wait_in_words(seconds) == words
