"""Reads `config.toml` and what overrides it into `Settings`, and writes them out. All faults of all files are told at once."""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

import platformdirs
import tomli_w

from realtime.config.fields import RENAMED, RULES, SECTIONS, FieldKey, expand_path
from realtime.config.schema import Settings
from realtime.domain import EXPRESSIONS
from realtime.errors import UsageError
from realtime.music.catalog import MusicChoice, Playlists
from realtime.printable import quoted

CONFIG_VARIABLE = "EMODJ_CONFIG"
"""Environment variable that names a file where no option does."""


def user_file() -> Path:
    """Where a person's own file belongs on this platform; it need not exist."""
    return platformdirs.user_config_path("emodj") / "config.toml"


def config_files(shipped: Path, explicit: Path | None = None) -> list[Path]:
    """List the files to read, later ones win: the shipped one, the person's own if it is there, the one asked for.

    Args:
        shipped: `config.toml` as it comes with emodj.
        explicit: the file of `--config`; without it the environment variable counts, if it is set and not empty.
    """
    files = [shipped] if _absent(user_file()) else [shipped, user_file()]
    asked = os.environ.get(CONFIG_VARIABLE, "") if explicit is None else explicit
    # A shell leaves the ~ of --config=~/mine.toml alone
    return [*files, expand_path(Path(asked))] if asked else files


def _absent(file: Path) -> bool:
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        # It may be there and we may not look: reading it will say so
        return False
    return False


def load_settings(files: Sequence[Path]) -> Settings:
    """Read the files; later ones win, key by key.

    Args:
        files: each has to exist, and together they set every key.

    Raises:
        UsageError: with a line for each file that cannot be read, each unknown key and each bad value of any file.
    """
    values: dict[FieldKey, Any] = {}
    faults: list[str] = []
    for file in files:
        try:
            table = _read(file)
        except UsageError as error:
            faults.append(str(error))
            continue
        for key, value in _entries(table, (), file, faults):
            try:
                values[key] = RULES[key](value, file.parent.absolute())
            except ValueError as error:
                faults.append(f"{_dotted(key)} in {file} {error}")
    _refuse(faults)
    _refuse([f"{_dotted(key)} is set in none of {', '.join(map(str, files))}" for key in RULES if key not in values])
    settings = _build(Settings, (), values, faults)
    _refuse(faults)
    return settings


def dump_toml(settings: Settings) -> str:
    """Write the settings as TOML that `load` reads back to equal ones."""
    return tomli_w.dumps(_table(settings))


def _refuse(faults: Sequence[str]) -> None:
    if faults:
        heading = [] if len(faults) == 1 else [f"{len(faults)} faults in the configuration"]
        raise UsageError("\n  ".join([*heading, *faults]))


def _read(file: Path) -> dict[str, Any]:
    try:
        # Editors on Windows put a byte order mark in front
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise UsageError(f"there is no configuration file {file}") from error
    except IsADirectoryError as error:
        raise UsageError(f"the configuration {file} is a directory: name the file in it") from error
    except OSError as error:
        raise UsageError(f"cannot read the configuration {file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"the configuration {file} is no UTF-8 text (at line {line}): save it as UTF-8") from error
    except RecursionError as error:
        raise UsageError(f"the configuration {file} is nested too deeply") from error
    except ValueError as error:  # TOMLDecodeError is one, and so is a number of more than 4300 digits
        raise UsageError(f"the configuration {file} is not valid TOML: {error}") from error


def _entries(table: Mapping[str, Any], at: FieldKey, file: Path, faults: list[str]) -> Iterator[tuple[FieldKey, Any]]:
    """Yield the settings below `at`; what is unknown, and a value where a section belongs, goes to the faults."""
    for name, value in table.items():
        key = (*at, name)
        if key in RULES:
            yield key, value
        elif key not in SECTIONS:
            noun = "section" if isinstance(value, dict) else "key"
            faults.append(f"unknown {noun} {_dotted(key)} in {file}: {_advice(key)}")
        elif isinstance(value, dict):
            yield from _entries(value, key, file, faults)
        else:
            faults.append(f"{_dotted(key)} in {file} must be a section, [{_dotted(key)}], not {quoted(value)}")


def _advice(key: FieldKey) -> str:
    if key in RENAMED:
        return RENAMED[key]
    known = sorted({*RULES, *SECTIONS})
    siblings = [other[-1] for other in known if other[:-1] == key[:-1]]
    if elsewhere := [_dotted(other) for other in known if other[-1] == key[-1]]:
        return f"did you mean {' or '.join(elsewhere[:2])}?"
    if close := difflib.get_close_matches(key[-1], siblings, 1):
        return f"did you mean {close[0]}?"
    return f"known here: {', '.join(siblings)}"


def _dotted(key: FieldKey) -> str:
    return ".".join(name if re.fullmatch(r"[\w-]+", name) else repr(name) for name in key)


def _build(section: type, at: FieldKey, values: Mapping[FieldKey, Any], faults: list[str]) -> Any:
    parts: dict[str, Any] = {}
    for name, kind in get_type_hints(section).items():
        key = (*at, name)
        if kind is Playlists:
            parts[name] = Playlists({each: values[*key, each.value] for each in EXPRESSIONS}, values[*key, "lift"])
        elif isinstance(kind, type) and is_dataclass(kind):
            parts[name] = _build(kind, key, values, faults)
        else:
            parts[name] = values[key]
    try:
        return section(**parts)
    except ValueError as error:
        # Each value is fine by itself, and they do not go together
        faults.append(f"{_dotted(at)}: {error}")
        return None


def _table(value: Any) -> Any:
    match value:
        case Playlists():
            lists = {each.value: value.moods[each] for each in EXPRESSIONS} | {"lift": value.lift}
            return {name: [_choice(choice) for choice in choices] for name, choices in lists.items()}
        case Enum():
            return value.value
        case None:
            return ""
        case _ if is_dataclass(value):
            return {field.name: _table(getattr(value, field.name)) for field in fields(value)}
        case _:
            return str(value) if isinstance(value, Path) else value


def _choice(choice: MusicChoice) -> dict[str, Any]:
    place = {"url": choice.url} if choice.url is not None else {"path": str(choice.path)}
    return {"title": choice.title, **place, "valence": choice.point.valence, "arousal": choice.point.arousal}
