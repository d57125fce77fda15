from collections.abc import Callable

import pytest

from realtime.training import tables
from realtime.training.dataset import Dataset
from tests.training import reports

Build = Callable[..., Dataset]


def test_shares_and_points_are_dashes_where_there_is_no_figure() -> None:
    assert (tables.share(0.1234), tables.share(0.1234, 0), tables.share(None)) == ("12.3%", "12%", "–")
    assert (tables.points(0.0456), tables.points(-0.01), tables.points(None)) == ("4.6", "-1.0", "–")


def test_the_text_has_a_line_for_each_expression_of_each_group_and_for_each_damage(people: Build) -> None:
    document = reports.document(reports.data(people))
    text = tables.text(document)
    assert text.startswith("1,234 parameters, private part, unsure below 0.40\n")
    for name, values in document["figures"].items():
        block = text[text.index(f"{name}, {values['images']} images") :].split("\n\n", 1)[0]
        for key, title in tables.TITLES.items():
            if key in values:
                assert any(line.split() == [*title.split(), tables.share(values[key])] for line in block.splitlines())
        for expression, count in values["support"].items():
            figures = [tables.share(values[column][expression]) for column in ("precision", "recall", "f1")]
            assert any(line.split() == [expression, *figures, str(count)] for line in block.splitlines())
    for row in document["robustness"]:
        assert any(line.startswith(row["way"]) and tables.share(row["accuracy"]) in line for line in text.splitlines())


def test_no_line_is_wider_than_a_terminal(people: Build) -> None:
    assert max(map(len, tables.text(reports.document(reports.data(people))).splitlines())) <= 80


@pytest.mark.parametrize("copies", [True, False])
def test_a_group_that_leaves_nothing_out_is_not_shown_twice(people: Build, *, copies: bool) -> None:
    document = reports.document(reports.data(people, copies=copies), robustness=False)
    assert ("without copies of training" in tables.shown(document)) is copies
    assert ("without copies" in tables.text(document)) is copies
    assert "damage" not in tables.text(document)
