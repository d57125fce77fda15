"""Read `config.toml` and what overrides it into `Settings`, and write them out. All faults are reported together."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

from pydantic_core import ValidationError

from realtime.config.fields import FIELD_KEYS, SETTINGS_TABLE, FieldKey, dotted, flatten
from realtime.config.locations import read_toml
from realtime.config.schema import Settings
from realtime.domain import EXPRESSIONS
from realtime.errors import UsageError
from realtime.music.catalog import MusicChoice, Playlists

MAX_FAULTS = 30
"""Number of faults that are reported at once: a file that is no file of settings can have thousands."""


def load_settings(files: Sequence[Path]) -> Settings:
    """Read the files; later ones win, key by key.

    Args:
        files: each has to exist, and together they set every key.

    Raises:
        UsageError: with a line for each file that cannot be read, each unknown key and each bad value of any file.
    """
    values: dict[FieldKey, Any] = {}
    faults: list[str] = []
    for path in files:
        try:
            file = read_toml(path)
        except UsageError as error:
            faults.append(str(error))
            continue
        try:
            table = SETTINGS_TABLE.validate_python(file.table, context=path.parent.absolute())
        except ValidationError as error:
            from realtime.config.faults import fault_sentences

            faults.extend(fault_sentences(error, file))
            continue
        values.update(flatten(table))
    _refuse(faults)
    _refuse([f"{dotted(key)} is set in none of {', '.join(map(str, files))}" for key in FIELD_KEYS if key not in values])
    settings = _build(Settings, (), values, faults)
    _refuse(faults)
    return settings


def dump_toml(settings: Settings) -> str:
    """Write the settings as TOML that `load_settings` reads back to equal ones."""
    import tomli_w

    return tomli_w.dumps(_table(settings))


def _refuse(faults: Sequence[str]) -> None:
    if faults:
        heading = [] if len(faults) == 1 else [f"{len(faults)} faults in the configuration"]
        rest = [f"and {len(faults) - MAX_FAULTS} more"] if len(faults) > MAX_FAULTS else []
        first, *others = [*heading, *faults[:MAX_FAULTS], *rest]
        raise UsageError(first, *(f"  {line}" for line in others))


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
        faults.append(f"{dotted(at)}: {error}")
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
