"""The rows of faces, of pictures without one, and of errors; and their JSON lines."""

from __future__ import annotations

import json

from realtime.batch.rows import ROW_COLUMNS, decode_rows, encode_rows, error_row, face_rows, source_text
from realtime.domain import EXPRESSIONS, Box, Expression, Face

FACE = Face(Box(1, 2, 30, 40), (0.05, 0.0, 0.0, 0.9, 0.05, 0.0, 0.0), track=7, reason="low confidence", label=Expression.HAPPY)
NOTHING = dict.fromkeys(ROW_COLUMNS)


def test_a_face_fills_all_columns_but_the_error() -> None:
    (row,) = face_rows("film.mkv", [FACE], 12, 0.40004)
    shares = dict.fromkeys((each.value for each in EXPRESSIONS), 0.0) | {"angry": 0.05, "happy": 0.9, "neutral": 0.05}
    box = {"left": 1, "top": 2, "width": 30, "height": 40}
    assert row == {
        "source": "film.mkv",
        "status": "ok",
        "frame": 12,
        "time_s": 0.4,
        "face": 0,
        "track": 7,
        **box,
        "expression": "happy",
        "confidence": 0.9,
        **shares,
        "unsure": True,
        "reason": "low confidence",
        "error": None,
    }
    assert list(row) == list(ROW_COLUMNS)


def test_faces_are_numbered_from_left_to_right() -> None:
    assert [row["face"] for row in face_rows("a.jpg", [FACE, FACE])] == [0, 1]


def test_a_picture_without_a_face_has_a_row() -> None:
    assert face_rows("a.jpg", []) == [NOTHING | {"source": "a.jpg", "status": "no face"}]
    assert face_rows("a.mkv", [], 3, 1.5) == [NOTHING | {"source": "a.mkv", "status": "no face", "frame": 3, "time_s": 1.5}]


def test_an_error_has_a_row() -> None:
    assert error_row("a.jpg", "it is damaged") == NOTHING | {"source": "a.jpg", "status": "error", "error": "it is damaged"}


def test_rows_survive_their_json_lines() -> None:
    rows = [error_row("a\n\u2028\x85.jpg", 'a "sentence"'), *face_rows("b.jpg", [FACE])]
    lines = encode_rows(rows)
    assert decode_rows(lines) == rows
    assert len(lines.decode().splitlines()) == 2, "a name must not begin a new line"
    assert all(list(json.loads(line)) == list(ROW_COLUMNS) for line in lines.splitlines())


def test_a_name_that_is_no_text_becomes_one() -> None:
    assert source_text("caf\udce9.jpg") == r"caf\udce9.jpg"
    assert source_text("café.jpg") == "café.jpg"
