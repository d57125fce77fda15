"""The tables of a settings file as a pydantic schema: which keys each has, and what their values may be.

A file sets some of the keys and leaves the others to the files before it, so each key of a table may be missing. Kinds and
ranges come from `schema`. The context of a validation is the folder of the file: relative paths start there.

The schema is written for `pydantic_core`, pydantic's validator, and not as models: those load six times as long.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import is_dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, cast, get_args, get_type_hints

from pydantic_core import SchemaValidator, ValidationError
from pydantic_core.core_schema import (
    CoreSchema,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    bool_schema,
    enum_schema,
    float_schema,
    int_schema,
    literal_schema,
    no_info_after_validator_function,
    no_info_before_validator_function,
    no_info_wrap_validator_function,
    str_schema,
    tuple_schema,
    typed_dict_field,
    typed_dict_schema,
    with_info_after_validator_function,
)

from realtime.config.locations import expand_path
from realtime.config.schema import DetectorName, FaceSettings, PowerName, Range, Settings, field_range
from realtime.domain import EXPRESSIONS, Expression
from realtime.mood.affect import POINTS, Point
from realtime.movies.catalog import check_link_template
from realtime.music.catalog import CALM, MusicChoice, Playlists, check_title
from realtime.music.links import parse_link
from realtime.music.planner import Strategy
from realtime.printable import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

FieldKey = tuple[str, ...]
"""Path of a setting, `("faces", "live", "cascade")`. A name may hold a dot, so it is no joined text."""

# As ISO 639-1 and ISO 3166-1 name them
_REGION = re.compile("[A-Za-z]{2}")
_LANGUAGE = re.compile("[A-Za-z]{2}(-[A-Za-z]{2})?")


def _describe(schema: CoreSchema, wanted: str, subject: str = "") -> CoreSchema:
    """Refuse a value in one sentence, whatever is wrong with it. The sentence begins with the key and its file."""

    def check(value: object, validate: ValidatorFunctionWrapHandler) -> object:
        try:
            return validate(value)
        except ValidationError as error:
            raise ValueError(f"{subject}must be {wanted}, not {quoted(value)}") from error

    return no_info_wrap_validator_function(check, schema)


def _number_words(kind: type, limits: Range) -> str:
    return f"{'a whole number' if kind is int else 'a number'} from {limits.low:g} to {limits.high:g}"


def _number(kind: type, limits: Range, subject: str = "") -> CoreSchema:
    if kind is int:
        number: CoreSchema = int_schema(ge=int(limits.low), le=int(limits.high), strict=True)
    else:
        number = float_schema(ge=limits.low, le=limits.high, allow_inf_nan=False, strict=True)
    return _describe(number, _number_words(kind, limits), subject)


def _text(subject: str = "") -> CoreSchema:
    return _describe(str_schema(strict=True), "text in quotes", subject)


def _checked_text(check: Callable[[str], object], subject: str = "") -> CoreSchema:
    return no_info_after_validator_function(check, _text(subject))


def _located_text(locate: Callable[[str, ValidationInfo], object], subject: str = "") -> CoreSchema:
    return with_info_after_validator_function(locate, _text(subject))


# Checks of texts


def _has_control_characters(text: str) -> bool:
    return any(unicodedata.category(mark) == "Cc" for mark in text)


def _locate(text: str, info: ValidationInfo) -> Path:
    if _has_control_characters(text):
        raise ValueError(f"must be a path without control characters, not {quoted(text)}")
    return cast("Path", info.context) / expand_path(Path(text))


def _locate_optional(text: str, info: ValidationInfo) -> Path | None:
    return _locate(text, info) if text else None


def _locate_pair(text: str, info: ValidationInfo) -> Path | None:
    if text and not text.lower().endswith((".json", ".keras", ".tflite")):
        raise ValueError(
            "must be empty, or the path of a .json file with the .h5 beside it, of a .keras file, or of a .tflite file "
            f"with its .contract.json, not {quoted(text)}"
        )
    return _locate_optional(text, info)


def _locate_cascade(text: str, info: ValidationInfo) -> Path:
    if not text:
        raise ValueError("must be the name of a cascade file or a path, not empty")
    located = _locate(text, info)
    return Path(text) if PurePath(text).name == text else located


def _locate_optional_cascade(text: str, info: ValidationInfo) -> Path | None:
    return _locate_cascade(text, info) if text else None


def _check_camera(text: str) -> str:
    if not text.strip() or _has_control_characters(text):
        raise ValueError(f"must be a camera's number, a part of its name or the path of its device, not {quoted(text)}")
    return text


def _check_spotify_device(text: str) -> str:
    if _has_control_characters(text):
        raise ValueError(f"must be empty or a part of the name of a Spotify device, not {quoted(text)}")
    return text.strip()


def _check_face(text: str) -> str:
    if not text:
        return ""
    from realtime.faces.kept_face import check_name

    try:
        return check_name(text)
    except ValueError as error:
        raise ValueError(f"must be empty or the name of a face at rest: {error}") from error


def _check_movie_link(text: str) -> str:
    try:
        return check_link_template(text)
    except ValueError as error:
        raise ValueError(f"must be an https link with {{title}} in it, {error}: {quoted(text)}") from error


def _check_language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise ValueError(f'must be a language as "de", or with a country as "en-US", not {quoted(text)}')
    language, _, country = text.partition("-")
    return f"{language.lower()}-{country.upper()}" if country else language.lower()


def _check_region(text: str) -> str:
    if text and not _REGION.fullmatch(text):
        raise ValueError(f'must be empty or a country in two letters as "DE", not {quoted(text)}')
    return text.upper()


def _locate_music(text: str, info: ValidationInfo) -> Path:
    if not text:
        raise ValueError("a path of music is not empty")
    return _locate(text, info)


# Values of more than one kind


def _threshold() -> CoreSchema:
    limits = field_range(FaceSettings, "unsure_below")
    number = float_schema(ge=limits.low, le=limits.high, allow_inf_nan=False, strict=True)

    def check(value: object, validate: ValidatorFunctionWrapHandler) -> object:
        return None if value == "" else validate(value)

    return _describe(no_info_wrap_validator_function(check, number), f'empty ("") or {_number_words(float, limits)}')


def _choices(title: str, point: Point, mood: Expression | None = None) -> CoreSchema:
    """A list of music, each a table; alone it need not be in a list.

    Args:
        title: where none is given.
        point: likewise.
        mood: whose list it is.
    """

    def build(table: dict[str, Any]) -> MusicChoice:
        url, path = table.get("url"), table.get("path")
        if (url is None) == (path is None):
            raise ValueError("it needs either a url or a path")
        own_point = Point(table.get("valence", point.valence), table.get("arousal", point.arousal))
        return MusicChoice(table.get("title", title), url, path, own_point, mood)

    def as_tuple(value: object) -> tuple[object, ...]:
        return tuple(cast("list[object]", value)) if isinstance(value, list) else (value,)

    choice = no_info_after_validator_function(build, _table(_CHOICE))
    return no_info_before_validator_function(as_tuple, tuple_schema([choice], variadic_item_index=0))


# Tables


def _table(kinds: Mapping[str, CoreSchema]) -> CoreSchema:
    fields = {key: typed_dict_field(kind, required=False) for key, kind in kinds.items()}
    return typed_dict_schema(fields, extra_behavior="forbid", strict=True)


_CHOICE: dict[str, CoreSchema] = {
    "title": _checked_text(check_title, "title "),
    "url": _checked_text(parse_link, "url "),
    "path": _located_text(_locate_music, "path "),
    "valence": _number(float, Range(-1, 1), "valence "),
    "arousal": _number(float, Range(-1, 1), "arousal "),
}
CHOICE_KEYS = tuple(_CHOICE)
PLAYLISTS: dict[FieldKey, CoreSchema] = {
    **{("playlists", each.value): _choices(f"music for {each.value}", POINTS[each], each) for each in EXPRESSIONS},
    ("playlists", "lift"): _choices("music that lifts", CALM),
}
"""The lists of music; all other settings are single values."""
_SPECIAL: dict[FieldKey, CoreSchema] = {
    ("network", "pair"): _located_text(_locate_pair),
    ("faces", "detector"): _describe(literal_schema([*get_args(DetectorName)]), '"haar" or "yunet"'),
    ("live", "power"): _describe(literal_schema([*get_args(PowerName)]), '"auto", "full" or "saving"'),
    ("faces", "yunet_model"): _located_text(_locate_optional),
    ("faces", "unsure_below"): _threshold(),
    ("faces", "calibration"): _checked_text(_check_face),
    **{("faces", where, "cascade"): _located_text(_locate_cascade) for where in ("live", "image")},
    **{
        ("faces", where, f"{kind}_cascade"): _located_text(_locate_optional_cascade)
        for where in ("live", "image")
        for kind in ("close", "profile")
    },
    ("camera", "device"): _checked_text(_check_camera),
    ("music", "strategy"): _describe(
        enum_schema(Strategy, [*Strategy]), f"one of {', '.join(strategy.value for strategy in Strategy)}"
    ),
    ("music", "library"): _located_text(_locate_optional),
    ("music", "spotify_device"): _checked_text(_check_spotify_device),
    ("movies", "list"): _located_text(_locate_optional),
    ("movies", "link"): _checked_text(_check_movie_link),
    ("movies", "language"): _checked_text(_check_language),
    ("movies", "region"): _checked_text(_check_region),
}


def _fields(section: type, at: FieldKey = ()) -> Iterator[tuple[FieldKey, CoreSchema]]:
    for name, hint in get_type_hints(section, include_extras=True).items():
        key = (*at, name)
        if key in _SPECIAL:
            yield key, _SPECIAL[key]
        elif hint is Playlists:
            yield from PLAYLISTS.items()
        elif is_dataclass(hint):
            yield from _fields(cast("type", hint), key)
        elif hint is bool:
            yield key, _describe(bool_schema(strict=True), "true or false")
        else:
            yield key, _number(*get_args(hint))


def _nest(fields: Mapping[FieldKey, CoreSchema], at: FieldKey = ()) -> CoreSchema:
    """The schema of a section, and of those in it."""
    depth = len(at)
    names = dict.fromkeys(key[depth] for key in fields if key[:depth] == at)
    return _table({name: fields.get((*at, name)) or _nest(fields, (*at, name)) for name in names})


_FIELDS = dict(_fields(Settings))
FIELD_KEYS: tuple[FieldKey, ...] = tuple(_FIELDS)
"""Every setting, in the order of the shipped file."""
SECTIONS: frozenset[FieldKey] = frozenset(key[:depth] for key in FIELD_KEYS for depth in range(1, len(key)))
"""Every section, `("faces",)` and `("faces", "live")` among them."""
SETTINGS_TABLE = SchemaValidator(_nest(_FIELDS))
"""Checks the whole file, a dictionary as `tomllib` reads it; what it returns is for `flatten`."""


def flatten(table: Mapping[str, Any], at: FieldKey = ()) -> Iterator[tuple[FieldKey, Any]]:
    """Yield the settings that a checked file has, with their values."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flatten(cast("dict[str, Any]", value), (*at, name))
        else:
            yield (*at, name), value


def dotted(key: Iterable[str]) -> str:
    """Write a path as TOML has it, `faces.live.cascade`; a name that is no bare one is quoted, and none is long."""
    return ".".join(name if re.fullmatch(r"[\w-]{1,80}", name) else quoted(name) for name in key)
