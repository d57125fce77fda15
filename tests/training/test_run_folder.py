import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from realtime.errors import EmodjError
from realtime.training import model_card, run_folder
from realtime.training.dataset import Dataset
from tests.support import training_reports as reports

Build = Callable[..., Dataset]
ALWAYS = {
    "confusion.png", "reliability.png", "coverage.png", "report.txt", "report.json", "settings.json", "card.md",
}  # fmt: skip
HISTORY = [{"number": 1, "loss": 1.9, "accuracy": 0.3}, {"number": 2, "loss": 1.5, "accuracy": 0.4}]


@pytest.mark.parametrize(("history", "more"), [([], set[str]()), (HISTORY, {"curves.png"})])
def test_a_folder_gets_report_pictures_settings_and_card(
    people: Build, tmp_path: Path, history: list[dict[str, float]], more: set[str]
) -> None:
    data = reports.data(people)
    document, settings = reports.document(data), reports.settings(data)
    folder = tmp_path / "runs" / "first"
    run_folder.write_report(folder, document, settings, history=history)
    assert {path.name for path in folder.iterdir()} == ALWAYS | more
    assert json.loads((folder / "report.json").read_text(encoding="utf-8")) == document
    assert json.loads((folder / "settings.json").read_text(encoding="utf-8")) == settings
    assert (folder / "card.md").read_text(encoding="utf-8") == model_card.model_card(document, settings)
    assert "weighted F1" in (folder / "report.txt").read_text(encoding="utf-8")
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.glob("*.png"))


def test_remarks_are_in_the_text_too(people: Build, tmp_path: Path) -> None:
    data = reports.data(people, votes=False)
    run_folder.write_report(tmp_path, reports.document(data, robustness=False), reports.settings(data))
    assert "no votes" in (tmp_path / "report.txt").read_text(encoding="utf-8")


def test_settings_name_versions_date_and_everything_that_was_given(people: Build) -> None:
    data = reports.data(people)
    settings = reports.settings(data, recipe={"epochs": 3, "rates": (0.1, 0.2)}, seed=11)
    assert settings["versions"]["python"] == sys.version.split()[0]
    assert {"tensorflow", "keras", "numpy", "opencv-python", "emodj"} <= set(settings["versions"])
    assert settings["data"]["sha256"] == data.fingerprint()
    assert (settings["seed"], settings["recipe"], settings["correction"]) == (11, {"epochs": 3, "rates": [0.1, 0.2]}, None)
    assert settings["measure"] == settings["command"]
    assert reports.settings(data, measure="emodj evaluate")["measure"] == "emodj evaluate"
    assert len(settings["date"]) == len("2026-11-22")
    assert json.loads(json.dumps(settings)) == settings


def test_other_files_of_the_folder_stay_and_a_failure_changes_nothing(people: Build, tmp_path: Path) -> None:
    data = reports.data(people)
    (tmp_path / "history.csv").write_text("kept", encoding="utf-8")
    run_folder.write_report(tmp_path, reports.document(data), reports.settings(data))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert before["history.csv"] == b"kept"
    broken = {**reports.document(data), "threshold": float("nan")}
    with pytest.raises(ValueError, match="JSON"):
        run_folder.write_report(tmp_path, broken, reports.settings(data))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmodjError, match="cannot make the folder"):
        run_folder.prepare_folder(tmp_path / "file" / "run")


def test_without_matplotlib_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(EmodjError, match="needs matplotlib"):
        run_folder.prepare_folder(tmp_path / "run")
    assert not (tmp_path / "run").exists()
