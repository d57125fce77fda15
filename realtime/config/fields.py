"""What each setting may be: how the value that a file gives it becomes one of ours, or why it cannot."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass, replace
from pathlib import Path, PurePath
from typing import cast, get_args, get_type_hints

from realtime.config.schema import DetectorName, FaceSettings, Range, Settings, field_range
from realtime.domain import EXPRESSIONS, Expression
from realtime.mood.affect import POINTS, Point
from realtime.music.catalog import CALM, MusicChoice, Playlists, check_title
from realtime.music.links import parse
from realtime.music.planner import Strategy
from realtime.printable import quoted

FieldKey = tuple[str, ...]
"""Path of a setting, `("faces", "live", "cascade")`. A name may hold a dot, so it is no joined text."""
FieldRule = Callable[[object, Path], object]
"""Takes a value as TOML has it and the folder of its file. A ValueError ends the sentence that begins with key and file."""


def expand_path(path: Path) -> Path:
    """Put the home in place of a `~`; a person who does not exist stays, and is missed when the file is opened."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def _whole(limits: Range) -> FieldRule:
    def rule(value: object, _folder: Path) -> int:
        # To Python a bool is a number, to a person it is not
        if isinstance(value, int) and not isinstance(value, bool) and limits.low <= value <= limits.high:
            return value
        raise ValueError(f"must be a whole number from {limits.low:g} to {limits.high:g}, not {quoted(value)}")

    return rule


def _real(limits: Range) -> FieldRule:
    def rule(value: object, _folder: Path) -> float:
        # NaN fails the comparison
        if isinstance(value, int | float) and not isinstance(value, bool) and limits.low <= value <= limits.high:
            return float(value)
        raise ValueError(f"must be a number from {limits.low:g} to {limits.high:g}, not {quoted(value)}")

    return rule


def _flag(value: object, _folder: Path) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"must be true or false, not {quoted(value)}")


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"must be text in quotes, not {quoted(value)}")


def _pair(value: object, folder: Path) -> Path | None:
    text = _text(value)
    if text and not text.lower().endswith(".json"):
        raise ValueError(f"must be empty or the path of a .json file with the .h5 beside it, not {quoted(text)}")
    return _located(text, folder) if text else None


def _yunet(value: object, folder: Path) -> Path | None:
    text = _text(value)
    return _located(text, folder) if text else None


def _threshold(value: object, folder: Path) -> float | None:
    if value == "":
        return None
    try:
        return cast("float", _real(field_range(FaceSettings, "unsure_below"))(value, folder))
    except ValueError as error:
        raise ValueError(str(error).replace("must be", 'must be empty ("") or', 1)) from error


def _detector(value: object, _folder: Path) -> str:
    text = _text(value)
    if text in get_args(DetectorName):
        return text
    raise ValueError(f'must be "haar" or "yunet", not {quoted(text)}')


def _strategy(value: object, _folder: Path) -> Strategy:
    text = _text(value)
    if text in (names := [strategy.value for strategy in Strategy]):
        return Strategy(text)
    raise ValueError(f"must be one of {', '.join(names)}, not {quoted(text)}")


def _choices(title: str, point: Point, mood: Expression | None = None) -> FieldRule:
    """A list of music, each a table; alone it need not be in a list.

    Args:
        title: where none is given.
        point: likewise.
        mood: whose list it is.
    """

    def rule(value: object, folder: Path) -> tuple[MusicChoice, ...]:
        tables = cast("list[object]", value if isinstance(value, list) else [value])
        choices = list[MusicChoice]()
        for number, table in enumerate(tables, 1):
            which = f" number {number}" if len(tables) > 1 else ""
            if not isinstance(table, dict):
                raise ValueError(f"must be a list of tables with a url or a path each, not {quoted(table)}")  # noqa: TRY004 - of a file
            try:
                choice = _choice(cast("dict[str, object]", table), title, point, folder)
                choices.append(replace(choice, mood=mood))
            except ValueError as error:
                raise ValueError(f"has a choice{which} that will not do: {error}") from error
        return tuple(choices)

    return rule


def _choice(table: dict[str, object], title: str, point: Point, folder: Path) -> MusicChoice:
    for name in table:
        if name not in CHOICE:
            close = difflib.get_close_matches(name, CHOICE, 1)
            advice = f"did you mean {close[0]}?" if close else f"known are {', '.join(CHOICE)}"
            raise ValueError(f"unknown key {name!r}: {advice}")
    if ("url" in table) == ("path" in table):
        raise ValueError("it needs either a url or a path")
    axis = _real(Range(-1, 1))
    numbers = dict[str, float]()
    for name in ("valence", "arousal"):
        try:
            numbers[name] = cast("float", axis(table.get(name, getattr(point, name)), folder))
        except ValueError as error:
            raise ValueError(f"{name} {error}") from error
    url, path = table.get("url"), table.get("path")
    return MusicChoice(
        check_title(_text(table.get("title", title))),
        None if url is None else parse(_text(url)),
        None if path is None else _music(path, folder),
        Point(**numbers),
    )


def _library(value: object, folder: Path) -> Path | None:
    return _music(value, folder) if _text(value) else None


def _music(value: object, folder: Path) -> Path:
    text = _text(value)
    if not text:
        raise ValueError("a path of music is not empty")
    return _located(text, folder)


CHOICE = ("title", "url", "path", "valence", "arousal")
"""What a choice of music may say of itself."""


def _optional_cascade(value: object, folder: Path) -> Path | None:
    return _cascade(value, folder) if _text(value) else None


def _cascade(value: object, folder: Path) -> Path:
    text = _text(value)
    if not text:
        raise ValueError("must be the name of a cascade file or a path, not empty")
    located = _located(text, folder)
    return Path(text) if PurePath(text).name == text else located


def _device(value: object, _folder: Path) -> str:
    text = _text(value)
    if not text.strip() or any(unicodedata.category(mark) == "Cc" for mark in text):
        raise ValueError(f"must be a camera's number, a part of its name or the path of its device, not {quoted(text)}")
    return text


def _spotify_device(value: object, _folder: Path) -> str:
    text = _text(value)
    if any(unicodedata.category(mark) == "Cc" for mark in text):
        raise ValueError(f"must be empty or a part of the name of a Spotify device, not {quoted(text)}")
    return text.strip()


def _located(text: str, folder: Path) -> Path:
    if any(unicodedata.category(mark) == "Cc" for mark in text):
        raise ValueError(f"must be a path without control characters, not {quoted(text)}")
    return folder / expand_path(Path(text))


def _plain_rules(section: type, at: FieldKey) -> Iterator[tuple[FieldKey, FieldRule]]:
    for name, kind in get_type_hints(section).items():
        key = (*at, name)
        # Its keys are moods, not attributes
        if isinstance(kind, type) and is_dataclass(kind) and kind is not Playlists:
            yield from _plain_rules(kind, key)
        elif kind is bool:
            yield key, _flag
        elif kind is int:
            yield key, _whole(field_range(section, name))
        elif kind is float:
            yield key, _real(field_range(section, name))


_OWN_RULES: dict[FieldKey, FieldRule] = {
    ("network", "pair"): _pair,
    ("faces", "detector"): _detector,
    ("faces", "yunet_model"): _yunet,
    ("faces", "unsure_below"): _threshold,
    **{("faces", where, "cascade"): _cascade for where in ("live", "image")},
    **{("faces", where, f"{kind}_cascade"): _optional_cascade for where in ("live", "image") for kind in ("close", "profile")},
    ("camera", "device"): _device,
    ("music", "strategy"): _strategy,
    ("music", "library"): _library,
    ("music", "spotify_device"): _spotify_device,
    **{("playlists", each.value): _choices(f"music for {each.value}", POINTS[each], each) for each in EXPRESSIONS},
    ("playlists", "lift"): _choices("music that lifts", CALM),
}
RULES: dict[FieldKey, FieldRule] = {**dict(_plain_rules(Settings, ())), **_OWN_RULES}
"""Every setting there is."""
RENAMED: dict[FieldKey, str] = {("camera", "index"): 'it is camera.device now, text in quotes: device = "1"'}
"""What to write instead of a setting that there was once."""
SECTIONS: frozenset[FieldKey] = frozenset(key[:depth] for key in RULES for depth in range(1, len(key)))
"""Every section there is, `("faces",)` and `("faces", "live")` among them."""
