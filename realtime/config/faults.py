"""Sentences for what is wrong with a settings file: the key, the file, the line, and what to write instead."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, cast

from realtime.config.fields import CHOICE_KEYS, FIELD_KEYS, PLAYLISTS, SECTIONS, FieldKey, dotted
from realtime.config.lines import KeyPath, key_lines
from realtime.printable import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic_core import ErrorDetails, ValidationError

    from realtime.config.locations import TomlFile

RENAMED: dict[FieldKey, str] = {("camera", "index"): 'it is camera.device now, text in quotes: device = "1"'}
"""What to write in place of a setting that an earlier version had."""


def fault_sentences(error: ValidationError, file: TomlFile) -> list[str]:
    """Word every fault that pydantic found in a file, in the order of its lines.

    Args:
        error: of `fields.SETTINGS_TABLE`.
        file: the one that was validated.
    """
    lines = key_lines(file.text)
    faults = [(_line(_written_path(fault, file), lines), fault) for fault in error.errors(include_url=False)]
    return [_sentence(fault, file, line) for line, fault in sorted(faults, key=lambda numbered: numbered[0])]


def _sentence(fault: ErrorDetails, file: TomlFile, line: int) -> str:
    key, value = tuple(map(str, fault["loc"])), fault["input"]
    where = f"in {file.path} (at line {line})"
    if key[:2] in PLAYLISTS:
        return f"{dotted(key[:2])} {where} {_choice_predicate(fault, file)}"
    if fault["type"] == "extra_forbidden":
        return f"unknown {'section' if isinstance(value, dict) else 'key'} {dotted(key)} {where}: {_advice(key)}"
    if key in SECTIONS:
        return f"{dotted(key)} {where} must be a section, [{dotted(key)}], not {quoted(value)}"
    return f"{dotted(key)} {where} {_message(fault)}"


def _choice_predicate(fault: ErrorDetails, file: TomlFile) -> str:
    section, mood, number, *names = fault["loc"]
    if fault["type"] == "dict_type":
        return f"must be a list of tables with a url or a path each, not {quoted(fault['input'])}"
    choices: Any = file.table[str(section)][mood]
    which = f" number {int(number) + 1}" if isinstance(choices, list) and len(choices) > 1 else ""
    message = _message(fault)
    if fault["type"] == "extra_forbidden":
        name = str(names[0])
        close = difflib.get_close_matches(name, CHOICE_KEYS, 1)
        advice = f"did you mean {close[0]}?" if close else f"known are {', '.join(CHOICE_KEYS)}"
        message = f"unknown key {quoted(name)}: {advice}"
    return f"has a choice{which} that will not do: {message}"


def _message(fault: ErrorDetails) -> str:
    return str(fault.get("ctx", {}).get("error", fault["msg"]))


def _advice(key: FieldKey) -> str:
    if key in RENAMED:
        return RENAMED[key]
    known = sorted({*FIELD_KEYS, *SECTIONS})
    siblings = [other[-1] for other in known if other[:-1] == key[:-1]]
    if elsewhere := [dotted(other) for other in known if other[-1] == key[-1]]:
        return f"did you mean {' or '.join(elsewhere[:2])}?"
    if close := difflib.get_close_matches(key[-1], siblings, 1):
        return f"did you mean {close[0]}?"
    return f"known here: {', '.join(siblings)}"


def _written_path(fault: ErrorDetails, file: TomlFile) -> Iterator[str | int]:
    """The path of a fault as the file has it: a single choice is in no list there."""
    value: Any = file.table
    for part in fault["loc"]:
        if isinstance(part, str) or isinstance(value, list):
            yield part
            value = cast("Any", value)[part]


def _line(path: Iterable[str | int], lines: dict[KeyPath, int]) -> int:
    """What stands inside of a value is at the line of its key."""
    known = tuple(path)
    while known not in lines:
        known = known[:-1]
    return lines[known]
