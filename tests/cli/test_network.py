"""`emodj train`, `evaluate` and `model`: what they print, and what they say where TensorFlow is not installed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from realtime.domain import EXPRESSIONS
from realtime.training.dataset import VOTE_COLUMNS, VOTES_OF

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from subprocess import CompletedProcess

    from realtime.domain import Image

    Run = Callable[..., CompletedProcess[str]]

ROOT = Path(__file__).parent.parent.parent
SHIPPED = ROOT / "models" / "emotiondetector.json"

# Keras 3.15 reads its variables in the way of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

ABSENT = """
import sys


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"tensorflow", "keras"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent())
"""


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Callable[[Sequence[int]], Path]:
    """A data set in the form of FER-2013: brighter and darker copies of one face, ten votes for their label each."""
    folder = tmp_path_factory.mktemp("data")
    face = cv2.resize(cv2.cvtColor(astronaut[64:165, 174:275], cv2.COLOR_BGR2GRAY), (48, 48))

    def build(usage: Sequence[int]) -> Path:
        path = folder / f"{''.join(map(str, usage))}.npz"
        count = len(usage)
        labels = np.full(count, 3, np.uint8)
        votes = np.zeros((count, len(VOTE_COLUMNS)), np.uint8)
        votes[:, VOTE_COLUMNS.index(VOTES_OF[3])] = 10
        parts = [cv2.imencode(".jpg", np.clip(face.astype(int) + 3 * i, 0, 255).astype(np.uint8))[1] for i in range(count)]
        np.savez(
            path,
            jpeg=np.concatenate(parts),
            offsets=np.cumsum([0, *map(len, parts)]),
            labels=labels,
            pooled_votes=votes,
            usage=np.array(usage, np.uint8),
            copy_of_training=np.zeros(count, np.bool_),
            photo_group=np.arange(count, dtype=np.int32),
            classes=np.array([expression.value for expression in EXPRESSIONS]),
            vote_columns=np.array(VOTE_COLUMNS),
        )
        return path

    return build


# Without TensorFlow


@pytest.fixture
def without_tensorflow(alone: Run, tmp_path: Path) -> Run:
    """Run a command line on a machine on which TensorFlow cannot be imported."""
    blocker = tmp_path / "blocker"
    blocker.mkdir()
    (blocker / "sitecustomize.py").write_text(ABSENT, encoding="utf-8")

    def run(*arguments: str | Path) -> CompletedProcess[str]:
        return alone(*arguments, env={"PYTHONPATH": str(blocker)})

    return run


def test_training_evaluating_compiling_and_foreign_pairs_say_that_they_need_tensorflow(
    without_tensorflow: Run, data: Callable[[Sequence[int]], Path], pair: Path, settings: Callable[[str], Path]
) -> None:
    fer = data([0, 0, 1, 2])
    foreign = shutil.copytree(pair.parent, pair.parent.with_name("foreign")) / "own.json"
    pair.rename(foreign)
    pair.with_suffix(".h5").rename(foreign.with_suffix(".h5"))
    own = settings(f"[network]\npair = '{foreign}'\n")
    shutil.copy(SHIPPED, pair)
    shutil.copy(SHIPPED.with_suffix(".h5"), pair.with_suffix(".h5"))
    for command in (
        ["train", fer, "--run", pair.parent / "run"],
        ["evaluate", fer],
        ["model", "compile", pair],
        ["--config", own, "image", ROOT / "tests" / "data" / "astronaut.jpg"],
        ["--config", own, "live", "--no-window", "--source", ROOT / "tests" / "data" / "astronaut.jpg"],
    ):
        ended = without_tensorflow(*command)
        assert (ended.returncode, ended.stdout) == (1, ""), command
        last = ended.stderr.splitlines()[-1]
        assert last.startswith("emodj: ")
        assert last.endswith("needs TensorFlow, which is not installed: pip install tensorflow")
        assert "Traceback" not in ended.stderr


def test_all_else_works_without_tensorflow(without_tensorflow: Run, clip: Callable[[int], Path]) -> None:
    ended = without_tensorflow("image", ROOT / "tests" / "data" / "astronaut.jpg", "--json")
    assert json.loads(ended.stdout)["images"][0]["faces"][0]["expression"] == "happy"
    ended = without_tensorflow("live", "--no-window", "--source", clip(10), "--json")
    assert json.loads(ended.stdout)["mood"]["expression"] == "happy"
    for command in (["model", "show"], ["config", "show"], ["train", "--help"]):
        assert without_tensorflow(*command).returncode == 0


# Data that is none


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_data_that_is_missing_or_none_is_status_2(emodj: Run, tmp_path: Path, command: str) -> None:
    ended = emodj(command, tmp_path / "missing.npz")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "missing.npz" in ended.stderr
    (tmp_path / "other.npz").write_bytes(b"no archive")
    assert emodj(command, tmp_path / "other.npz").returncode == 2


@pytest.mark.parametrize(("command", "usage", "part"), [("train", [0, 0], "public"), ("evaluate", [0, 1], "private")])
def test_data_without_a_part_that_is_needed_is_status_2(
    emodj: Run, data: Callable[[Sequence[int]], Path], tmp_path: Path, command: str, usage: list[int], part: str
) -> None:
    ended = emodj(command, data(usage), *(["--run", tmp_path / "run"] if command == "train" else []))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert f"no image in its {part} part" in ended.stderr
    assert not (tmp_path / "run").exists()


# The network itself


def test_show_prints_the_contract_of_the_network_that_the_settings_name(
    emodj: Run, pair: Path, settings: Callable[[str], Path]
) -> None:
    ended = emodj("model", "show")
    assert (ended.returncode, ended.stderr) == (0, "")
    contract = json.loads(SHIPPED.with_suffix(".contract.json").read_text(encoding="utf-8"))
    assert str(SHIPPED) in ended.stdout
    for name in ("pair_sha256", "compiled_sha256"):
        assert contract[name] in ended.stdout
    assert "does not fit" not in ended.stdout
    assert json.loads(ended.stdout[ended.stdout.index("\n{") :]) == contract["about"]
    with pair.with_suffix(".h5").open("ab") as weights:
        weights.write(b"!")
    other = emodj("model", "show", "--config", settings(f"[network]\npair = '{pair}'\n"))
    assert str(pair) in other.stdout
    assert "does not fit" in other.stdout


def test_showing_or_compiling_what_is_missing_is_status_5(emodj: Run, tmp_path: Path, settings: Callable[[str], Path]) -> None:
    ended = emodj("model", "compile", tmp_path / "missing.json")
    assert (ended.returncode, ended.stdout) == (5, "")
    assert "missing.json" in ended.stderr
    assert emodj("model", "show", "--config", settings("[network]\npair = 'missing.json'\n")).returncode == 5


def test_evaluate_measures_the_part_that_is_asked_for(emodj: Run, data: Callable[[Sequence[int]], Path]) -> None:
    fer = data([0, 1, 1, 2, 2, 2])
    ended = emodj("evaluate", fer, "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    report = json.loads(ended.stdout)
    assert (report["schema"], report["part"]) == (1, "private")
    assert report["parameters"] <= 1_500_000
    groups = report["figures"]
    assert groups["original labels"]["images"] == 3
    assert groups["original labels"]["accuracy"] == 1, "the face looks happy, and its label says so"
    assert groups["original labels"]["recall"]["angry"] is None, "nobody is labelled angry"
    said = emodj("evaluate", fer, "--part", "public").stdout
    assert "public part" in said
    assert "original labels, 2 images" in said
    assert "accuracy           100.0%" in said
    assert "angry –, disgust –, fear –, happy 100%" in said


def test_compile_writes_what_the_pair_needs_to_run(emodj: Run, pair: Path, settings: Callable[[str], Path]) -> None:
    for suffix in (".tflite", ".contract.json"):
        pair.with_suffix(suffix).unlink()
    ended = emodj("model", "compile", pair)
    assert ended.returncode == 0
    assert ended.stdout == f"{pair.with_suffix('.tflite')}\n"
    own = settings(f"[network]\npair = '{pair}'\n")
    ended = emodj("--config", own, "image", ROOT / "tests" / "data" / "astronaut.jpg", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["images"][0]["faces"][0]["expression"] == "happy"


@pytest.mark.slow
def test_train_leaves_a_pair_in_the_run_folder(emodj: Run, data: Callable[[Sequence[int]], Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    ended = emodj("train", data([0, 0, 0, 1, 1]), "--run", run, "--epochs", "1", "--batch-size", "2")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == f"{run / 'emotiondetector.json'}\n"
    assert "epoch 1 of 1" in ended.stderr
    assert {"emotiondetector.json", "emotiondetector.h5", "settings.json"} <= {path.name for path in run.iterdir()}
    assert emodj("evaluate", data([0, 1, 2]), "--model", run / "emotiondetector.json").returncode == 0


def test_a_run_folder_that_cannot_be_written_is_status_1(
    emodj: Run, data: Callable[[Sequence[int]], Path], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    ended = emodj("train", data([0, 0, 1]), "--run", tmp_path / "file" / "run", "--epochs", "1")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert str(tmp_path / "file" / "run") in ended.stderr


# Networks of other people


def test_pairs_that_do_not_fit_are_status_5_with_a_sentence(emodj: Run, pair: Path, settings: Callable[[str], Path]) -> None:
    from realtime.network import build, tensorflow

    keras = tensorflow("testing").keras
    weights, own = pair.with_suffix(".h5"), settings(f"[network]\npair = '{pair}'\n")
    photo = ROOT / "tests" / "data" / "astronaut.jpg"

    def refusal() -> str:
        ended = emodj("--config", own, "image", photo, "--json")
        assert (ended.returncode, ended.stdout) == (5, "")
        return ended.stderr.splitlines()[-1]

    pair.write_text(build("ancestor").to_json(), encoding="utf-8")
    assert f"{weights} does not fit {pair.name}" in refusal()
    wide = keras.Sequential([keras.Input((64, 64, 1)), keras.layers.Flatten(), keras.layers.Dense(7, activation="softmax")])
    pair.write_text(wide.to_json(), encoding="utf-8")
    assert "emodj needs (None, 48, 48, 1) and (None, 7)" in refusal()
    pair.write_text('{"not": "a network"}', encoding="utf-8")
    assert str(pair) in refusal()


def test_somebody_elses_pair_runs_and_is_compiled_once(
    emodj: Run, alone: Run, pair: Path, home: Path, settings: Callable[[str], Path]
) -> None:
    foreign = pair.rename(pair.with_name("own.json"))
    pair.with_suffix(".h5").rename(foreign.with_suffix(".h5"))
    own = settings(f"[network]\npair = '{foreign}'\n")
    command = ("--config", own, "image", ROOT / "tests" / "data" / "astronaut.jpg", "--json")
    first = emodj(*command)
    assert first.returncode == 0, first.stderr
    assert "own.json is not a network that emodj knows" in first.stderr
    assert json.loads(first.stdout)["images"][0]["faces"][0]["expression"] == "happy"
    (kept,) = [path for path in home.rglob("*") if path.is_file()]
    assert kept.suffix == ".tflite"
    stamp = kept.stat().st_mtime_ns
    again = alone(*command)
    assert again.stdout == first.stdout
    assert kept.stat().st_mtime_ns == stamp
    assert "emodj knows" not in alone("-q", *command).stderr
