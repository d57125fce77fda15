from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from realtime.training import model_card
from realtime.training.dataset import Dataset
from realtime.training.report_text import TITLES, format_points, format_share
from tests.support import training_reports as reports

Build = Callable[..., Dataset]
FER_WORDS = ("FER", "PublicTest", "PrivateTest", "Goodfellow", "Barsoum", "MIT")
ABOUT = {"data": "what it learned from", "chosen_on": "held-out pictures", "recipe": {"architecture": "compact", "epochs": 70}}


def rows(text: str) -> list[list[str]]:
    """The cells of every line of every table."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]


@pytest.fixture(params=[True, False], ids=["votes", "no votes"])
def measured(request: pytest.FixtureRequest, people: Build) -> tuple[dict[str, Any], dict[str, Any]]:
    data = reports.data(people, votes=request.param)
    return reports.document(data), reports.settings(data)


def fer_settings(people: Build, measure: Callable[[Dataset], dict[str, Any]]) -> dict[str, Any]:
    """Settings whose data have as many images as FER-2013."""
    kept = measure(reports.data(people))
    for part, total in (("training", 28_709), ("public", 3_589), ("private", 3_589)):
        kept["data"]["parts"][part] = {name: total // 7 + (total % 7 if name == "sad" else 0) for name in model_card.NAMES}
    return kept


def test_every_figure_of_the_report_is_in_the_card(measured: tuple[dict[str, Any], dict[str, Any]]) -> None:
    document, settings = measured
    text = model_card.model_card(document, settings)
    table = rows(text)
    for values in document["figures"].values():
        assert any(f"{values['images']:,}" == row[1] for row in table)
        shares = [
            format_share(values.get(key)) for key in TITLES if any(key in other for other in document["figures"].values())
        ]
        assert any(row[2:] == shares for row in table)
        for index, name in enumerate(model_card.NAMES):
            each = [format_share(values[key][name]) for key in ("precision", "recall", "f1")]
            assert [name, *each, f"{values['support'][name]}"] in table
            counts = values["confusion"][index]
            cells = [f"{format_share(count / sum(counts) if sum(counts) else None, 0)} ({count})" for count in counts]
            assert [name, *cells] in table
    for row in document["robustness"]:
        figures = [format_share(row[key]) for key in ("accuracy", "answered", "right_of_answered")]
        assert [row["way"], *figures, format_points(row["fall"])] in table
    assert f"{document['threshold']:.2f}" in text
    assert f"{document['parameters']:,}" in text
    assert all(sentence in text for sentence in document["remarks"])


def test_the_card_names_network_date_and_command(measured: tuple[dict[str, Any], dict[str, Any]]) -> None:
    document, settings = measured
    text = model_card.model_card(document, settings)
    assert text.endswith("\n")
    for word in (reports.DIGEST, "own.json", settings["date"], settings["measure"], settings["data"]["sha256"], "numpy"):
        assert word in text
    for counts in settings["data"]["parts"].values():
        if any(counts.values()):
            assert any(row[1:] == [*map(str, counts.values()), str(sum(counts.values()))] for row in rows(text))
    agreement = settings["data"]["labels"]
    if agreement is None:
        assert "how far people agree on them is not known" in text
    else:
        assert all(format_share(agreement[key]) in text for key in ("majority", "clear", "nobody", "voters"))
        assert all(f"{name} {format_share(value)}" in text for name, value in agreement["by_label"].items())


def test_the_card_says_what_the_network_is_not_for(measured: tuple[dict[str, Any], dict[str, Any]]) -> None:
    text = model_card.model_card(*measured)
    for word in ("work", "school", "hiring", "health", "policing", "any other decision about people"):
        assert word in text
    assert "looks like, not what somebody feels" in text


def test_statements_about_fer2013_appear_only_with_its_data(people: Build) -> None:
    data = reports.data(people)
    text = model_card.model_card(reports.document(data), reports.settings(data))
    assert not [word for word in FER_WORDS if word in text]
    settings = fer_settings(people, reports.settings)
    assert model_card.is_fer2013(settings["data"])
    text = model_card.model_card(reports.document(data), settings)
    assert all(word in text for word in FER_WORDS)


def test_the_card_warns_about_a_part_that_settings_were_chosen_on(people: Build) -> None:
    data = reports.data(people)
    kept = reports.settings(data)
    assert "flatter" in model_card.model_card(reports.document(data, "public"), kept)
    assert "flatter" in model_card.model_card(reports.document(data, "held out"), kept)
    assert "flatter" not in model_card.model_card(reports.document(data), kept)


def test_the_recipe_comes_from_the_run_else_from_the_contract_else_is_unknown(people: Build) -> None:
    data = reports.data(people)
    document = reports.document(data, robustness=False)
    assert "not written down" in model_card.model_card(document, reports.settings(data))
    text = model_card.model_card(document, reports.settings(data), ABOUT)
    assert all(word in text for word in ("what it learned from", "held-out pictures", '"epochs": 70'))
    run = reports.settings(data, recipe={"architecture": "ancestor", "epochs": 3}, correction={"temperature": 0.6}, seed=11)
    run_text = model_card.model_card(document, run, ABOUT)
    assert all(word in run_text for word in ('"epochs": 3', '"temperature": 0.6', '"seed": 11', "| architecture | ancestor |"))
    assert '"epochs": 70' not in run_text


def test_what_was_not_measured_is_not_in_the_card(people: Build) -> None:
    data = reports.data(people, copies=False)
    text = model_card.model_card(reports.document(data, robustness=False), reports.settings(data))
    assert "spoilt" not in text
    assert "without photos" not in text
    assert "nan" not in text.lower().split()
    assert "None" not in text


def test_every_table_has_as_many_cells_in_each_line(people: Build) -> None:
    data = reports.data(people)
    text = model_card.model_card(reports.document(data), reports.settings(data), {"date": "2026-11-22"})
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1
    assert np.array(["trained until" in row for row in rows(text)]).any()
