"""Set one setting in a person's own file, and leave every other character of it as it is."""

from __future__ import annotations

import re
import stat
import tomllib
from typing import TYPE_CHECKING, Any

import tomli_w

from realtime.config.fields import dotted
from realtime.config.lines import key_lines
from realtime.config.locations import read_toml
from realtime.errors import EmodjError, UsageError
from realtime.storage import atomic

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.config.fields import FieldKey

_VALUE = r'"(?:\\.|[^"\\])*"' + r"|'[^']*'|true\b|false\b"


def write_text_setting(file: Path, key: FieldKey, value: str) -> None:
    """Set a setting whose value is text, as `write_setting` does."""
    write_setting(file, key, value)


def write_setting(file: Path, key: FieldKey, value: str | bool) -> None:  # noqa: FBT001 - the value of any setting
    """Set a setting whose value is text, or true or false. A file that does not exist is made; one that does keeps its rights.

    Args:
        file: of settings.
        key: a section and a name.
        value: a text without control characters, or true or false.

    Raises:
        UsageError: the file cannot be read or is no TOML, or its lines are written in a way that is not edited here; the
            sentence says which lines to write.
        EmodjError: the file cannot be written.
    """
    section, name = key
    line = tomli_w.dumps({name: value}).strip()
    by_hand = f"write {line} below [{section}] in {file} yourself"
    if file.is_symlink():
        raise UsageError(f"{file} is a link, which emodj does not replace: {by_hand}")
    exists = file.exists()
    text, table = "", dict[str, Any]()
    if exists:
        found = read_toml(file)
        text, table = found.text, found.table
    changed = _edited(text, key, line)
    wanted = {**table, section: {**_section(table, section), name: value}}
    if not _holds(changed, wanted):
        raise UsageError(f"{dotted(key)} in {file} is written in a way that emodj does not edit: {by_hand}")
    rights = stat.S_IMODE(file.stat().st_mode) if exists else None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmodjError(f"cannot make the folder {file.parent} ({error.strerror or error}): {by_hand}") from error
    atomic.write({file: changed.encode()}, rights=rights, advice=by_hand)


def _section(table: dict[str, Any], name: str) -> dict[str, Any]:
    found = table.get(name)
    return found if isinstance(found, dict) else {}


def _edited(text: str, key: FieldKey, line: str) -> str:
    """The text with a new line, or with another value in the line that has the key."""
    section, name = key
    lines, known = re.findall(r"[^\n]*\n|[^\n]+", text), key_lines(text)
    end = "\r\n" if "\r\n" in text else "\n"
    if key in known:
        place = known[key] - 1
        begin = rf"(\s*(?:{section}\s*\.\s*)?{name}\s*=\s*)(?:{_VALUE})"
        _, _, value = line.partition(" = ")
        lines[place] = re.sub(begin, lambda match: match[1] + value, lines[place], count=1)
        return "".join(lines)
    header = rf"\s*\[\s*{section}\s*\]\s*(?:#.*)?"
    if (section,) in known and re.fullmatch(header, lines[known[section,] - 1].rstrip("\r\n")):
        place = known[section,]
        if not lines[place - 1].endswith("\n"):
            lines[place - 1] += end
        return "".join([*lines[:place], line + end, *lines[place:]])
    gap = "" if not text else end if text.endswith("\n") else 2 * end
    return f"{text}{gap}[{section}]{end}{line}{end}"


def _holds(text: str, wanted: dict[str, Any]) -> bool:
    """Whether an edited text says what it should, and nothing else has changed."""
    try:
        return tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        return False
