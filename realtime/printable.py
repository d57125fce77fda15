"""Text from outside made safe to print, to quote and to show."""

from __future__ import annotations

import unicodedata


def printable(text: str, keep: str = "") -> str:
    """The text as a terminal may see it: a file name can hold line ends, colours, bells, and bytes that are no text."""
    return "".join(mark if mark.isprintable() or mark in keep else "�" for mark in text)


LONGEST = 200
"""Characters of a title or an artist: some files have a novel there."""
# Line ends that are no blank, bytes that are no text, and marks that turn the direction of all that follows
_UNWANTED = {"Cc", "Cs", "Zl", "Zp", "Cn", "Co"}
_TURNING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def clean_text(text: str | None) -> str | None:
    """One line without control characters, cut to 200; None if nothing is left that can be read."""
    if not text:
        return None
    line = " ".join(text[: 10 * LONGEST].split())
    shown = "".join(_shown(mark) for mark in line).strip()
    if not shown.strip("� "):
        return None
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def one_line(sentence: str) -> str:
    """A sentence with the name of a file in it, without line ends and control characters, which names may have.

    Else a name could begin a line of its own, and look as if we had said it.
    """
    return "".join(_shown(mark) for mark in sentence)


def _shown(mark: str) -> str:
    if mark in _TURNING:
        return ""
    return "�" if unicodedata.category(mark) in _UNWANTED else mark


_LONGEST_QUOTE = 80


def quoted(value: object) -> str:
    """Quote a value in a sentence, in the words of TOML; never long, never with control characters."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "a section"
        case list():
            return "a list"
        case str() if len(value) > _LONGEST_QUOTE:
            return f"{value[:_LONGEST_QUOTE]!r}…"
        # Python refuses to print an integer of more than 4300 digits
        case int() if abs(value) >= 10**15:
            return "a number of so many digits"
        case _:
            return repr(value) if isinstance(value, str) else str(value)
