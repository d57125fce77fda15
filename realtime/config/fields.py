"""The tables of a settings file as pydantic models: which keys each has, and what their values may be.

A file sets some of the keys and leaves the others to the files before it, so each key of a model may be missing. Kinds and
ranges come from `schema`. The context of a validation is the folder of the file: relative paths start there.
"""

from __future__ import annotations

import unicodedata
from dataclasses import is_dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
)

from realtime.config.locations import expand_path
from realtime.config.schema import DetectorName, FaceSettings, Range, Settings, field_range
from realtime.domain import EXPRESSIONS, Expression
from realtime.mood.affect import POINTS, Point
from realtime.music.catalog import CALM, MusicChoice, Playlists, check_title
from realtime.music.links import parse_link
from realtime.music.planner import Strategy
from realtime.printable import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FieldKey = tuple[str, ...]
"""Path of a setting, `("faces", "live", "cascade")`. A name may hold a dot, so it is no joined text."""


def _described(wanted: str, subject: str = "") -> WrapValidator:
    """Refuse a value in one sentence, whatever is wrong with it. The sentence begins with the key and its file."""

    def check(value: object, validate: ValidatorFunctionWrapHandler) -> object:
        try:
            return validate(value)
        except ValidationError as error:
            raise ValueError(f"{subject}must be {wanted}, not {quoted(value)}") from error

    return WrapValidator(check)


def _number_words(kind: type, limits: Range) -> str:
    return f"{'a whole number' if kind is int else 'a number'} from {limits.low:g} to {limits.high:g}"


def _number(kind: type, limits: Range, subject: str = "") -> Any:
    return Annotated[kind, Field(ge=limits.low, le=limits.high), _described(_number_words(kind, limits), subject)]


def _text(check: Callable[..., object], subject: str = "") -> Any:
    return Annotated[str, _described("text in quotes", subject), AfterValidator(check)]


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
    if text and not text.lower().endswith(".json"):
        raise ValueError(f"must be empty or the path of a .json file with the .h5 beside it, not {quoted(text)}")
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


def _locate_music(text: str, info: ValidationInfo) -> Path:
    if not text:
        raise ValueError("a path of music is not empty")
    return _locate(text, info)


# Values of more than one kind


def _threshold() -> Any:
    limits = field_range(FaceSettings, "unsure_below")

    def check(value: object, validate: ValidatorFunctionWrapHandler) -> object:
        return None if value == "" else validate(value)

    words = f'empty ("") or {_number_words(float, limits)}'
    return Annotated[float, Field(ge=limits.low, le=limits.high), WrapValidator(check), _described(words)]


def _choices(title: str, point: Point, mood: Expression | None = None) -> Any:
    """A list of music, each a table; alone it need not be in a list.

    Args:
        title: where none is given.
        point: likewise.
        mood: whose list it is.
    """

    def build(table: Any) -> MusicChoice:
        if (table.url is None) == (table.path is None):
            raise ValueError("it needs either a url or a path")
        valence, arousal = table.valence, table.arousal
        point_of_choice = Point(point.valence if valence is None else valence, point.arousal if arousal is None else arousal)
        return MusicChoice(title if table.title is None else table.title, table.url, table.path, point_of_choice, mood)

    def as_tuple(value: object) -> tuple[object, ...]:
        return tuple(cast("list[object]", value)) if isinstance(value, list) else (value,)

    return Annotated[tuple[Annotated[_CHOICE_TABLE, AfterValidator(build)], ...], BeforeValidator(as_tuple)]


# Tables


def _table(name: str, kinds: dict[str, Any]) -> type[BaseModel]:
    config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
    fields: dict[str, Any] = {key: (kind, None) for key, kind in kinds.items()}
    return create_model(name, __config__=config, **fields)


_CHOICE_KINDS: dict[str, Any] = {
    "title": _text(check_title, "title "),
    "url": _text(parse_link, "url "),
    "path": _text(_locate_music, "path "),
    "valence": _number(float, Range(-1, 1), "valence "),
    "arousal": _number(float, Range(-1, 1), "arousal "),
}
_CHOICE_TABLE: Any = _table("choice", _CHOICE_KINDS)
CHOICE = tuple(_CHOICE_KINDS)
"""Keys of a choice of music."""
PLAYLISTS: dict[FieldKey, Any] = {
    **{("playlists", each.value): _choices(f"music for {each.value}", POINTS[each], each) for each in EXPRESSIONS},
    ("playlists", "lift"): _choices("music that lifts", CALM),
}
"""The lists of music; all other settings are single values."""
_SPECIAL: dict[FieldKey, Any] = {
    ("network", "pair"): _text(_locate_pair),
    ("faces", "detector"): Annotated[DetectorName, _described('"haar" or "yunet"')],
    ("faces", "yunet_model"): _text(_locate_optional),
    ("faces", "unsure_below"): _threshold(),
    **{("faces", where, "cascade"): _text(_locate_cascade) for where in ("live", "image")},
    **{
        ("faces", where, f"{kind}_cascade"): _text(_locate_optional_cascade)
        for where in ("live", "image")
        for kind in ("close", "profile")
    },
    ("camera", "device"): _text(_check_camera),
    ("music", "strategy"): Annotated[
        Strategy, Field(strict=False), _described(f"one of {', '.join(strategy.value for strategy in Strategy)}")
    ],
    ("music", "library"): _text(_locate_optional),
    ("music", "spotify_device"): _text(_check_spotify_device),
}


def _kinds(section: type, at: FieldKey) -> dict[str, Any]:
    kinds: dict[str, Any] = {}
    for name, hint in get_type_hints(section, include_extras=True).items():
        key = (*at, name)
        if key in _SPECIAL:
            kinds[name] = _SPECIAL[key]
        elif hint is Playlists:
            kinds[name] = _table(name, {mood: kind for (_, mood), kind in PLAYLISTS.items()})
        elif is_dataclass(hint):
            kinds[name] = _table(name, _kinds(cast("type", hint), key))
        elif hint is bool:
            kinds[name] = Annotated[bool, _described("true or false")]
        else:
            kinds[name] = _number(*get_args(hint))
    return kinds


SETTINGS_TABLE = _table("settings", _kinds(Settings, ()))
"""The whole file."""


def _keys(table: type[BaseModel], at: FieldKey = ()) -> Iterator[FieldKey]:
    for name, field in table.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _keys(kind, (*at, name))
        else:
            yield (*at, name)


FIELD_KEYS: tuple[FieldKey, ...] = tuple(_keys(SETTINGS_TABLE))
"""Every setting, in the order of the shipped file."""
SECTIONS: frozenset[FieldKey] = frozenset(key[:depth] for key in FIELD_KEYS for depth in range(1, len(key)))
"""Every section, `("faces",)` and `("faces", "live")` among them."""


def validated_entries(table: BaseModel, at: FieldKey = ()) -> Iterator[tuple[FieldKey, Any]]:
    """Yield the settings that a file has, with their values."""
    for name in table.model_fields_set:
        value = getattr(table, name)
        if isinstance(value, BaseModel):
            yield from validated_entries(value, (*at, name))
        else:
            yield (*at, name), value
