"""`emodj evaluate`: what it prints and what it writes."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from realtime.classifier import keras_process
from realtime.classifier.crops import to_batch
from tests.support.places import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path
    from subprocess import CompletedProcess

    import numpy as np
    from numpy.typing import NDArray

    from realtime.domain import Probabilities

    Run = Callable[..., CompletedProcess[str]]

SHIPPED = MODELS / "emotiondetector.json"
FILES = {"confusion.png", "reliability.png", "coverage.png", "report.txt", "report.json", "settings.json", "card.md"}


def test_it_measures_the_requested_part(emodj: Run, data: Callable[..., Path]) -> None:
    fer = data([0, 1, 1, 2, 2, 2])
    ended = emodj("evaluate", fer, "--json")
    assert ended.returncode == 0
    report = json.loads(ended.stdout)
    assert (report["schema"], report["part"]) == (1, "private")
    assert report["parameters"] <= 1_500_000
    groups = report["figures"]
    assert groups["original labels"]["images"] == 3
    assert groups["original labels"]["accuracy"] == 1, "the face looks happy, and its label is happy"
    assert groups["original labels"]["recall"]["angry"] is None, "nobody is labelled angry"
    assert "robustness" not in report
    output = emodj("evaluate", fer, "--part", "public").stdout
    assert "public part" in output
    assert "original labels, 2 images" in output
    assert "accuracy           100.0%" in output
    assert ["angry", "–", "–", "–", "0"] in [line.split() for line in output.splitlines()]
    assert ["happy", "100.0%", "100.0%", "100.0%", "2"] in [line.split() for line in output.splitlines()]


@pytest.fixture
def loaded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load networks in this process, which imports TensorFlow once; each other process would need seconds for it."""
    from realtime.classifier.keras_pair import load_network, predict

    @contextmanager
    def load(path: Path) -> Generator[Any]:
        network = load_network(path)

        def predict_faces(images: NDArray[np.uint8]) -> Probabilities:
            return predict(network, to_batch(images))

        yield SimpleNamespace(parameters=network.count_params(), predict_faces=predict_faces)

    monkeypatch.setattr(keras_process, "KerasProcess", load)


@pytest.mark.usefixtures("loaded_here")
def test_missing_labels_and_missing_votes_are_remarks(emodj: Run, data: Callable[..., Path]) -> None:
    ended = emodj("evaluate", data([0, 2, 2], voted=False))
    assert ended.returncode == 0
    assert "private part is labelled angry, disgust, fear, neutral, sad, surprise" in ended.stderr
    assert "no votes" in ended.stderr
    assert "clear majority, " not in ended.stdout
    assert emodj("-q", "evaluate", data([0, 2, 2], voted=False)).stderr == ""


@pytest.mark.usefixtures("loaded_here")
def test_robustness_and_a_folder_for_everything(emodj: Run, data: Callable[..., Path], tmp_path: Path) -> None:
    fer, out = data([0, 2, 2, 2]), tmp_path / "deep" / "report"
    ended = emodj("evaluate", fer, "--robustness", "--out", out)
    assert ended.returncode == 0, ended.stderr
    assert "a bar over the mouth" in ended.stdout
    assert {path.name for path in out.iterdir()} == FILES
    assert (out / "report.txt").read_text(encoding="utf-8").startswith(ended.stdout)
    settings = json.loads((out / "settings.json").read_text(encoding="utf-8"))
    assert settings["command"] == f"emodj evaluate {fer.name} --robustness --out report", "no folder of anybody"
    contract = json.loads(SHIPPED.with_suffix(".contract.json").read_text(encoding="utf-8"))
    card = (out / "card.md").read_text(encoding="utf-8")
    assert settings["network"]["sha256"] == contract["pair_sha256"]
    assert contract["pair_sha256"] in card
    assert '"epochs"' in card, "the recipe is that of the contract"
    document = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert len(document["robustness"]) == 12
    assert emodj("evaluate", fer, "--robustness", "--json").stdout == (out / "report.json").read_text(encoding="utf-8")


def test_libraries_leave_nothing_in_the_home_of_the_person(
    run_process: Run, data: Callable[..., Path], tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another test may have moved the folders of this process
    for name in ("KERAS_HOME", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    ended = run_process("evaluate", data([0, 2, 2]), "--out", tmp_path / "report")
    assert ended.returncode == 0, ended.stderr
    assert [path for path in home.rglob("*") if path.is_file()] == []


def test_a_network_of_keras_in_one_file(emodj: Run, data: Callable[..., Path], tmp_path: Path) -> None:
    from realtime.classifier.keras_pair import load_pair

    saved_network, out = tmp_path / "own.keras", tmp_path / "out"
    load_pair(SHIPPED).save(saved_network)
    fer = data([0, 2, 2])
    ended = emodj("evaluate", fer, "--model", saved_network, "--json", "--out", out)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["figures"] == json.loads(emodj("evaluate", fer, "--json").stdout)["figures"]
    card = (out / "card.md").read_text(encoding="utf-8")
    assert "--model own.keras" in card
    assert "not written down" in card


def test_a_missing_network_is_status_2_and_an_invalid_one_5(emodj: Run, data: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "none.keras").write_bytes(b"none")
    for name, status in (("missing.json", 2), ("missing.keras", 2), ("none.keras", 5)):
        ended = emodj("evaluate", data([0, 2]), "--model", tmp_path / name)
        assert (ended.returncode, ended.stdout) == (status, "")
        assert name in ended.stderr


@pytest.mark.usefixtures("loaded_here")
def test_the_threshold_is_that_of_the_settings(
    emodj: Run, data: Callable[..., Path], settings: Callable[[str], Path], tmp_path: Path
) -> None:
    from realtime.classifier.keras_pair import load_pair

    saved_network = tmp_path / "own.keras"
    load_pair(SHIPPED).save(saved_network)
    strict = settings("[faces]\nunsure_below = 1\n")
    for model in (SHIPPED, saved_network):
        report = json.loads(emodj("--config", strict, "evaluate", data([0, 2, 2]), "--model", model, "--json").stdout)
        assert report["threshold"] == 1
        assert report["figures"]["original labels"]["answered"] == 0


def test_an_unwritable_folder_and_a_missing_matplotlib_are_reported_before_any_work(
    emodj: Run, data: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    ended = emodj("evaluate", data([0, 2]), "--out", tmp_path / "file" / "out")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert str(tmp_path / "file" / "out") in ended.stderr
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    ended = emodj("evaluate", data([0, 2]), "--out", tmp_path / "out")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "emodj: drawing a report needs matplotlib, which is not installed: pip install 'emodj[train]'\n"
    assert not (tmp_path / "out").exists()
