from collections.abc import Callable

import pytest

from realtime.training import report_text
from realtime.training.dataset import Dataset
from tests.support import training_reports as reports

Build = Callable[..., Dataset]


def test_missing_shares_and_points_are_dashes() -> None:
    assert (report_text.format_share(0.1234), report_text.format_share(0.1234, 0), report_text.format_share(None)) == (
        "12.3%",
        "12%",
        "–",
    )
    assert (report_text.format_points(0.0456), report_text.format_points(-0.01), report_text.format_points(None)) == (
        "4.6",
        "-1.0",
        "–",
    )


def test_the_text_has_a_line_for_each_expression_of_each_group_and_for_each_damage(people: Build) -> None:
    document = reports.document(reports.data(people))
    text = report_text.report_text(document)
    assert text.startswith("1,234 parameters, private part, unsure below 0.40\n")
    for name, values in document["figures"].items():
        block = text[text.index(f"{name}, {values['images']} images") :].split("\n\n", 1)[0]
        for key, title in report_text.TITLES.items():
            if key in values:
                assert any(
                    line.split() == [*title.split(), report_text.format_share(values[key])] for line in block.splitlines()
                )
        for expression, count in values["support"].items():
            figures = [report_text.format_share(values[column][expression]) for column in ("precision", "recall", "f1")]
            assert any(line.split() == [expression, *figures, str(count)] for line in block.splitlines())
    for row in document["robustness"]:
        assert any(
            line.startswith(row["way"]) and report_text.format_share(row["accuracy"]) in line for line in text.splitlines()
        )


def test_no_line_is_wider_than_a_terminal(people: Build) -> None:
    assert max(map(len, report_text.report_text(reports.document(reports.data(people))).splitlines())) <= 80


@pytest.mark.parametrize("copies", [True, False])
def test_a_group_equal_to_the_first_is_not_shown(people: Build, *, copies: bool) -> None:
    document = reports.document(reports.data(people, copies=copies), robustness=False)
    assert ("without copies of training" in report_text.informative_groups(document)) is copies
    assert ("without copies" in report_text.report_text(document)) is copies
    assert "damage" not in report_text.report_text(document)
