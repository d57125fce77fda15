"""The line of each key of a TOML text: Python's parser keeps none."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KeyPath = tuple[str | int, ...]
"""Names from the top of the file to a key, `("playlists", "sad", 1, "url")`, with the index of a table in its array."""

_DEEPEST = 4
"""Names of the longest path of a setting, and of what is recorded: a hostile file can nest its keys as deeply as it likes."""
# Strings and comments may hold brackets and line ends; a long string may end in two more quotes than the three
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\[\]{}\n]",
    re.DOTALL,
)


def key_lines(text: str) -> dict[KeyPath, int]:
    """Find the line, from 1, at which each section and key begins; a section counts from its first mention.

    Args:
        text: valid TOML.

    Returns:
        Paths of four names at most. What stands inside of a value is at the line of its key.
    """
    lines: dict[KeyPath, int] = {}
    tables: dict[KeyPath, int] = {}
    section: KeyPath = ()
    for line, statement in _statements(text):
        names = _names(tomllib.loads(statement))
        header = re.match(r"\s*(\[\[?)", statement)
        path = section if header is None else ()
        for depth, name in enumerate(names, 1):
            path = (*path, name)
            lines.setdefault(path, line)
            if header is not None and header[1] == "[[" and depth == len(names):
                tables[path] = tables.get(path, -1) + 1
            if path in tables:
                path = (*path, tables[path])
                lines.setdefault(path, line)
        if header is not None:
            section = path
    return lines


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield every header, key with its value, comment and empty line, with the line at which it begins."""
    start, line, depth = 0, 1, 0
    for token in _TOKEN.finditer(text):
        depth += (token[0] in {"[", "{"}) - (token[0] in {"]", "}"})
        if token[0] == "\n" and depth == 0:
            yield line, text[start : token.end()]
            line += text.count("\n", start, token.end())
            start = token.end()
    yield line, text[start:]


def _names(table: Mapping[str, Any]) -> list[str]:
    """The path that a statement sets: down as long as a table has one key."""
    names: list[str] = []
    value: Any = table
    while isinstance(value, dict) and len(value) == 1 and len(names) < _DEEPEST:
        (name,) = value
        names.append(name)
        value = value[name]
    return names
