"""Make text from outside safe: to print it, to quote it in a sentence, to show it on the screen."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_LENGTH = 200
"""Most characters of a title or an artist that are kept: some files hold far longer ones."""

_MIN_SECRET_LENGTH = 5
"""Characters. A shorter text occurs in ordinary sentences and cannot be a secret."""
_MAX_QUOTE_LENGTH = 80
_MAX_INTEGER = 10**15

# Unicode categories: control characters, surrogates (bytes that are no text), line and paragraph separators,
# unassigned characters, private use
_UNPRINTABLE_CATEGORIES = {"Cc", "Cs", "Zl", "Zp", "Cn", "Co"}
# Marks that change the writing direction of all text that follows, and the byte order mark
_DIRECTION_MARKS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")

# JSON itself escapes control characters up to U+001F only. Terminals obey those up to U+009F, too, many programs end a line
# at U+0085, U+2028 and U+2029, direction marks turn the text that follows, and surrogates are no UTF-8
_RAW_IN_JSON = re.compile(f"[\x7f-\x9f\u2028\u2029\ud800-\udfff{''.join(sorted(_DIRECTION_MARKS))}]")


def printable(text: str, keep: str = "") -> str:
    """Replace each character that a terminal must not receive by "�"; characters in `keep` stay.

    A file name can hold line ends, colour codes, bells, and bytes that are no text.
    """
    return "".join(character if character.isprintable() or character in keep else "�" for character in text)


def clean_text(text: str | None) -> str | None:
    """Make one line of at most `MAX_LENGTH` characters, without control characters; None if nothing readable is left."""
    if not text:
        return None
    line = " ".join(text[: 10 * MAX_LENGTH].split())
    safe = "".join(_safe_character(character) for character in line).strip()
    if not safe.strip("� "):
        return None
    return safe if len(safe) <= MAX_LENGTH else safe[: MAX_LENGTH - 1] + "…"


def one_line(sentence: str) -> str:
    """Replace line ends and control characters in a sentence that contains a file name.

    Otherwise a file name could start a new line of output that looks like a message of emodj.
    """
    return "".join(_safe_character(character) for character in sentence)


def escape_json(text: str) -> str:
    """Escape in a JSON text what `json.dumps` leaves as it is and a terminal obeys; the values that it stands for stay.

    All of it can occur in strings only, where the escape by its number stands for the same character.
    """
    return _RAW_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def quoted(value: object) -> str:
    """Quote a value for a sentence, in the notation of TOML; never long, never with control characters."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "a section"
        case list():
            return "a list"
        case str() if len(value) > _MAX_QUOTE_LENGTH:
            return f"{value[:_MAX_QUOTE_LENGTH]!r}…"
        # Python refuses to print an integer of more than 4300 digits
        case int() if abs(value) >= _MAX_INTEGER:
            return "a number of more than 15 digits"
        case _:
            return repr(value) if isinstance(value, str) else str(value)


def without_secrets(text: str, secrets: Iterable[str | None]) -> str:
    """Replace each secret in a text by an ellipsis. Longer secrets first, so that a secret within another leaves no rest."""
    known = {secret for secret in secrets if secret and len(secret) >= _MIN_SECRET_LENGTH}
    for secret in sorted(known, key=len, reverse=True):
        text = text.replace(secret, "…")
    return text


def _safe_character(character: str) -> str:
    if character in _DIRECTION_MARKS:
        return ""
    return "�" if unicodedata.category(character) in _UNPRINTABLE_CATEGORIES else character
