"""The report of a table: shares, films and folders, reasons."""

from __future__ import annotations

from typing import Any

import pytest

from realtime.batch.rows import error_row, face_rows
from realtime.domain import EXPRESSIONS, Box, Expression, Face
from realtime.report.report_html import report_html
from realtime.report.table_report import MOST_PLACES, OTHERS, TableReport, table_heading


def face(expression: Expression, reason: str | None = None) -> Face:
    return Face(Box(0, 0, 9, 9), tuple(float(each is expression) for each in EXPRESSIONS), reason=reason)


HAPPY, SAD, DARK = face(Expression.HAPPY), face(Expression.SAD), face(Expression.HAPPY, "too dark")
ROWS = [
    *face_rows("holiday/a.jpg", [HAPPY, HAPPY, SAD]),
    *face_rows("holiday/b.jpg", [DARK]),
    *face_rows("c.jpg", []),
    *face_rows("<b>.mkv", [SAD], 0, 0.0),
    *face_rows("<b>.mkv", [], 1, 0.1),
    error_row("holiday/d.jpg", "it is damaged"),
]


def reported(rows: list[dict[str, Any]] = ROWS) -> TableReport:
    found = TableReport("t.csv")
    found.add_all(rows)
    return found


def test_sure_faces_are_counted_by_expression() -> None:
    shares = reported().shares
    assert shares is not None
    assert [shares[EXPRESSIONS.index(each)] for each in (Expression.HAPPY, Expression.SAD)] == [0.5, 0.5]
    assert reported([]).shares is None
    assert reported(face_rows("a.jpg", [DARK])).shares is None


def test_films_are_apart_and_pictures_by_folder() -> None:
    found = reported().places
    assert {name: (each.faces, each.looked.total(), each.empty, each.errors) for name, each in found.items()} == {
        "pictures in holiday": (4, 3, 0, 1),
        "pictures in this folder": (0, 0, 1, 0),
        "<b>.mkv": (1, 1, 1, 0),
    }


def test_reasons_are_counted() -> None:
    assert dict(reported().reasons) == {"too dark": 1}


def test_places_are_bounded() -> None:
    found = reported([row for number in range(MOST_PLACES + 10) for row in face_rows(f"{number}/a.jpg", [HAPPY])])
    assert len(found.places) == MOST_PLACES + 1
    assert found.places[OTHERS].faces == 10


def test_an_unknown_expression_is_an_error() -> None:
    with pytest.raises(ValueError, match="furious"):
        reported([ROWS[0] | {"expression": "furious"}])


@pytest.mark.parametrize(
    ("rows", "heading"),
    [
        (ROWS, "Most faces looked happy or sad"),
        (face_rows("a.jpg", [HAPPY, HAPPY, HAPPY, SAD]), "Most faces looked happy"),
        ([], "No face was seen clearly enough"),
    ],
)
def test_the_heading_names_what_most_faces_looked_like(rows: list[dict[str, Any]], heading: str) -> None:
    assert table_heading(reported(rows)) == heading


def test_the_page_has_all_of_it_and_text_from_outside_is_no_html() -> None:
    page = report_html([reported()])
    for part in (
        "<h1>Most faces looked happy or sad</h1>",
        "t.csv</bdi>: 5 faces, 2 pictures or frames without one, 1 error",
        "<td>4</td><td>happy 67%, sad 33%</td><td>25%</td><td>0</td><td>1</td>",
        "&lt;b&gt;.mkv",
        "Not sure: 20% of the faces",
        "<bdi>too dark</bdi></th><td>1</td><td>20%</td>",
    ):
        assert part in page, part
    assert "<b>" not in page
    assert "<h1>2 reports</h1>" in report_html([reported(), reported([])])
