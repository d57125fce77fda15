"""Commands without TensorFlow; invalid data; networks from other projects."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from subprocess import CompletedProcess

    Run = Callable[..., CompletedProcess[str]]

SHIPPED = ROOT / "models" / "emotiondetector.json"

# Keras 3.15 reads its variables through an interface of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

ABSENT = """
import sys


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"tensorflow", "keras"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent())
"""


# Without TensorFlow


@pytest.fixture
def without_tensorflow(run_process: Run, tmp_path: Path) -> Run:
    """Run a command line in a process that cannot import TensorFlow."""
    blocker = tmp_path / "blocker"
    blocker.mkdir()
    (blocker / "sitecustomize.py").write_text(ABSENT, encoding="utf-8")

    def run(*arguments: str | Path) -> CompletedProcess[str]:
        return run_process(*arguments, env={"PYTHONPATH": str(blocker)})

    return run


def test_training_evaluating_compiling_and_foreign_pairs_say_that_they_need_tensorflow(
    without_tensorflow: Run, data: Callable[[Sequence[int]], Path], pair: Path, portrait: Path, settings: Callable[[str], Path]
) -> None:
    fer = data([0, 0, 1, 2])
    foreign = shutil.copytree(pair.parent, pair.parent.with_name("foreign")) / "own.json"
    pair.rename(foreign)
    pair.with_suffix(".h5").rename(foreign.with_suffix(".h5"))
    config_file = settings(f"[network]\npair = '{foreign}'\n")
    shutil.copy(SHIPPED, pair)
    shutil.copy(SHIPPED.with_suffix(".h5"), pair.with_suffix(".h5"))
    for command in (
        ["train", fer, "--run", pair.parent / "run"],
        ["evaluate", fer],
        ["model", "compile", pair],
        ["--config", config_file, "image", portrait],
        ["--config", config_file, "live", "--no-window", "--source", portrait],
    ):
        ended = without_tensorflow(*command)
        assert (ended.returncode, ended.stdout) == (1, ""), command
        last = ended.stderr.splitlines()[-1]
        assert last.startswith("emodj: ")
        assert last.endswith("needs TensorFlow, which is not installed: pip install tensorflow")
        assert "Traceback" not in ended.stderr


def test_all_else_works_without_tensorflow(without_tensorflow: Run, portrait: Path, clip: Callable[[int], Path]) -> None:
    ended = without_tensorflow("image", portrait, "--json")
    assert json.loads(ended.stdout)["images"][0]["faces"][0]["expression"] == "happy"
    ended = without_tensorflow("live", "--no-window", "--source", clip(10), "--json")
    assert json.loads(ended.stdout)["mood"]["expression"] == "happy"
    for command in (["model", "show"], ["config", "show"], ["train", "--help"]):
        assert without_tensorflow(*command).returncode == 0


# Invalid data


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_missing_or_invalid_data_is_status_2(emodj: Run, tmp_path: Path, command: str) -> None:
    ended = emodj(command, tmp_path / "missing.npz")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "missing.npz" in ended.stderr
    (tmp_path / "other.npz").write_bytes(b"no archive")
    assert emodj(command, tmp_path / "other.npz").returncode == 2


@pytest.mark.parametrize(("command", "usage", "part"), [("train", [1, 2], "training"), ("evaluate", [0, 1], "private")])
def test_data_without_a_required_part_is_status_2(
    emodj: Run, data: Callable[[Sequence[int]], Path], tmp_path: Path, command: str, usage: list[int], part: str
) -> None:
    ended = emodj(command, data(usage), *(["--run", tmp_path / "run"] if command == "train" else []))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"no image in its {part} part" in ended.stderr
    assert not (tmp_path / "run").exists()


# Networks from other projects


def test_pairs_that_do_not_fit_are_status_5_with_a_sentence(
    emodj: Run, pair: Path, portrait: Path, settings: Callable[[str], Path]
) -> None:
    from realtime.classifier.architectures import build_network
    from realtime.classifier.keras_pair import import_tensorflow

    keras = import_tensorflow("testing").keras
    weights, config_file = pair.with_suffix(".h5"), settings(f"[network]\npair = '{pair}'\n")

    def refusal() -> str:
        ended = emodj("--config", config_file, "image", portrait, "--json")
        assert (ended.returncode, ended.stdout) == (5, "")
        return ended.stderr.splitlines()[-1]

    pair.write_text(build_network("ancestor").to_json(), encoding="utf-8")
    assert f"{weights} does not fit {pair.name}" in refusal()
    wide = keras.Sequential([keras.Input((64, 64, 1)), keras.layers.Flatten(), keras.layers.Dense(7, activation="softmax")])
    pair.write_text(wide.to_json(), encoding="utf-8")
    assert "emodj needs (None, 48, 48, 1) and (None, 7)" in refusal()
    pair.write_text('{"not": "a network"}', encoding="utf-8")
    assert str(pair) in refusal()


def test_a_foreign_pair_runs_and_is_compiled_once(
    emodj: Run, run_process: Run, pair: Path, portrait: Path, home: Path, settings: Callable[[str], Path]
) -> None:
    foreign = pair.rename(pair.with_name("own.json"))
    pair.with_suffix(".h5").rename(foreign.with_suffix(".h5"))
    config_file = settings(f"[network]\npair = '{foreign}'\n")
    command = ("--config", config_file, "image", portrait, "--json")
    first = emodj(*command)
    assert first.returncode == 0, first.stderr
    assert "own.json is not a network that emodj knows" in first.stderr
    assert json.loads(first.stdout)["images"][0]["faces"][0]["expression"] == "happy"
    (kept,) = [path for path in home.rglob("*") if path.is_file()]
    assert kept.suffix == ".tflite"
    stamp = kept.stat().st_mtime_ns
    again = run_process(*command)
    assert again.stdout == first.stdout
    assert kept.stat().st_mtime_ns == stamp
    assert "emodj knows" not in run_process("-q", *command).stderr
