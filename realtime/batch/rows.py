"""Rows of the table: one for each face, for each picture without a face, and for each error; pure."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any

from realtime.domain import EXPRESSIONS, by_expression
from realtime.printable import escape_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from realtime.domain import Face

OK, NO_FACE, ERROR = "ok", "no face", "error"
"""The values of the column `status`."""

ROW_COLUMNS: Mapping[str, str] = {
    "source": "string",
    "status": "string",
    "frame": "bigint",
    "time_s": "double",
    "face": "bigint",
    "track": "bigint",
    "left": "bigint",
    "top": "bigint",
    "width": "bigint",
    "height": "bigint",
    "expression": "string",
    "confidence": "double",
    **{expression.value: "double" for expression in EXPRESSIONS},
    "unsure": "boolean",
    "reason": "string",
    "error": "string",
}
"""Name and SQL type of each column, in order; docs/guide/batch.md says what they mean. Columns may be added, none changes."""

Row = dict[str, Any]
"""A value for each of `ROW_COLUMNS`, in their order: str, int, float, bool or None."""

_DIGITS = 4
"""Decimal places of a number, as in the JSON documents."""


def face_rows(source: str, faces: Sequence[Face], frame: int | None = None, time_s: float | None = None) -> list[Row]:
    """The rows of a picture or of a frame that was read: one for each face, or one that says that there is none.

    Args:
        source: name of the file, as `source_text` gives it.
        faces: from left to right.
        frame: number of the frame in its film, from 0; None for a picture.
        time_s: seconds since the first frame of the film; None for a picture.
    """
    place = {"source": source, "frame": frame, "time_s": None if time_s is None else round(time_s, _DIGITS)}
    if not faces:
        return [_row(**place, status=NO_FACE)]
    return [_row(**place, status=OK, face=number, **_face_fields(face)) for number, face in enumerate(faces)]


def error_row(source: str, sentence: str) -> Row:
    """The row of a file that could not be read, or not to its end."""
    return _row(source=source, status=ERROR, error=sentence)


def source_text(path: str) -> str:
    r"""A path as text: bytes of a name that are not UTF-8 become `\udc80` to `\udcff`, which every format can hold."""
    return path.encode("utf-8", "backslashreplace").decode()


def encode_rows(rows: Sequence[Row]) -> bytes:
    """The rows as JSON lines in UTF-8."""
    texts = (json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":")) for row in rows)
    return "".join(f"{escape_json(text)}\n" for text in texts).encode()


def decode_rows(lines: bytes) -> list[Row]:
    """The rows that `encode_rows` wrote."""
    return [json.loads(line) for line in lines.split(b"\n") if line]


def is_row(values: Mapping[str, Any]) -> bool:
    """Whether values from a file are a row: those of all columns, of their types, that a table can hold."""
    return (
        values.keys() == ROW_COLUMNS.keys()
        and all(value is None or _IS_KIND[ROW_COLUMNS[name]](value) for name, value in values.items())
        and values["source"] is not None
        and values["status"] in _NEEDED
        and values[_NEEDED[values["status"]]] is not None
    )


def _is_text(value: Any) -> bool:
    # A half of a character has no UTF-8
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value))


_IS_KIND: Mapping[str, Callable[[Any], bool]] = {
    "string": _is_text,
    "bigint": lambda value: type(value) is int and -(2**63) <= value < 2**63,
    "double": lambda value: type(value) in {float, int} and abs(value) < 2**63 and isfinite(value),
    "boolean": lambda value: isinstance(value, bool),
}

_NEEDED = {OK: "unsure", NO_FACE: "status", ERROR: "error"}
"""A column that no row of a status lacks."""


def _face_fields(face: Face) -> Row:
    box = face.box
    return {
        "track": face.track,
        "left": box.left,
        "top": box.top,
        "width": box.width,
        "height": box.height,
        "expression": face.expression.value,
        "confidence": round(face.confidence, _DIGITS),
        **{name: round(value, _DIGITS) for name, value in by_expression(face.probabilities).items()},
        "unsure": face.unsure,
        "reason": face.reason,
    }


def _row(**values: Any) -> Row:
    return {name: values.get(name) for name in ROW_COLUMNS}
