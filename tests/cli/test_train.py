"""`emodj train`: its files, --resume, and its refusals; most tests train a tiny network."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from realtime.classifier import contract, keras_process
from realtime.classifier.keras_pair import load_pair, save_pair
from realtime.domain import EXPRESSIONS, Threshold
from realtime.errors import EmodjError
from realtime.storage import resources
from realtime.training import trainer
from realtime.training.corruptions import CORRUPTIONS
from realtime.training.dataset import EXPRESSION_VOTES, VOTE_COLUMNS
from tests.support.places import ROOT
from tests.support.tiny_network import introduce, introduce_backbones, tiny
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path
    from subprocess import CompletedProcess

    from realtime.classifier.network_files import NetworkFiles
    from realtime.domain import Image

    Run = Callable[..., CompletedProcess[str]]

PAIR = "emotiondetector.json"
REPORT = {
    "confusion.png",
    "reliability.png",
    "coverage.png",
    "curves.png",
    "report.txt",
    "report.json",
    "settings.json",
    "card.md",
}

# Keras 3.15 reads its variables through an interface of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")


@pytest.fixture(scope="module")
def face(astronaut: Image) -> Image:
    return cv2.resize(cv2.cvtColor(astronaut[64:165, 174:275], cv2.COLOR_BGR2GRAY), (48, 48)).astype(np.uint8)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, face: Image) -> Callable[..., Path]:
    """FER-2013 as .npz: 14 faces to learn from and 7 to tune on, darker and brighter copies of one."""
    folder = tmp_path_factory.mktemp("data")

    def build(labels: Sequence[int] = tuple(range(7)) * 3) -> Path:
        path = folder / f"{''.join(map(str, labels))}.npz"
        parts = [cv2.imencode(".jpg", (face * (0.4 + 0.02 * i)).astype(np.uint8))[1] for i in range(21)]
        np.savez(
            path,
            jpeg=np.concatenate(parts),
            offsets=np.cumsum([0, *map(len, parts)]),
            labels=np.array(labels, np.uint8),
            pooled_votes=10 * np.eye(len(VOTE_COLUMNS))[[VOTE_COLUMNS.index(EXPRESSION_VOTES[label]) for label in labels]],
            usage=np.array([0] * 14 + [1] * 7, np.uint8),
            copy_of_training=np.zeros(21, np.bool_),
            photo_group=np.arange(21, dtype=np.int32),
            classes=np.array([expression.value for expression in EXPRESSIONS]),
            vote_columns=np.array(VOTE_COLUMNS),
        )
        return path

    return build


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny network in the place of `compact`."""
    introduce(monkeypatch, "compact")
    monkeypatch.setattr(trainer, "BATCH_NORM_BATCHES", 2)


def recipe(run: Path) -> dict[str, object]:
    return json.loads((run / "settings.json").read_text(encoding="utf-8"))["recipe"]


@pytest.fixture
def compact(request: pytest.FixtureRequest) -> None:
    """The architecture `compact`, or a tiny network in its place."""
    if request.param == "tiny":
        request.getfixturevalue("small")


@pytest.mark.usefixtures("compact")
@pytest.mark.parametrize("compact", ["tiny", pytest.param("ours", marks=pytest.mark.nightly)], indirect=True)
def test_train_writes_a_pair_and_its_report_into_the_run_folder(emodj: Run, data: Callable[..., Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    ended = emodj("train", data(), "--run", run, "--epochs", "1", "--batch-size", "7")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == f"{run / PAIR}\n"
    assert re.search(r"^emodj: epoch 1 of 1, loss \d\.\d{3}, tuning accuracy \d+\.\d%, 0 min left$", ended.stderr, re.MULTILINE)
    network = {PAIR, "emotiondetector.h5", "emotiondetector.tflite", "emotiondetector.contract.json"}
    assert {path.name for path in run.iterdir()} == {*network, "checkpoint.npz", "history.csv", *REPORT}
    settings = json.loads((run / "settings.json").read_text(encoding="utf-8"))
    assert settings["command"] == f"emodj train {data().name} --run run --epochs 1 --batch-size 7"
    assert settings["correction"]["temperature"] > 0
    terms = contract.read_contract(contract.contract_path(run / PAIR))
    shipped = contract.read_contract(contract.contract_path(resources.models_folder() / PAIR))
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    assert terms.pair_digest == contract.pair_digest(run / PAIR) == settings["network"]["sha256"]
    assert terms.unsure_below == Threshold(report["threshold"])
    assert report["threshold"] == settings["correction"]["unsure_below"]
    assert terms.side_ratio == shipped.side_ratio
    assert [item.crop for item in terms.golden] == [item.crop for item in shipped.golden]
    assert str(tmp_path) not in json.dumps(terms.about)
    assert len(report["robustness"]) == len(CORRUPTIONS)
    assert emodj("model", "check", run / PAIR).returncode == 0
    assert (settings["recipe"]["architecture"], settings["recipe"]["label_share"]) == ("compact", 0.4)
    assert emodj("evaluate", data(), "--model", run / PAIR, "--part", "public").returncode == 0


@pytest.mark.usefixtures("small", "compiled_here")
def test_an_existing_run_continues_only_with_resume(emodj: Run, data: Callable[..., Path], tmp_path: Path) -> None:
    command = ("train", data(), "--run", tmp_path / "run", "--epochs", "2", "--batch-size", "7")
    ended = emodj(*command, "--resume")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "holds no checkpoint to continue from: leave --resume out" in ended.stderr
    assert not (tmp_path / "run").exists()
    assert emodj(*command).returncode == 0
    ended = emodj(*command)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "holds a run already, after epoch 2: add --resume to continue, or choose another folder" in ended.stderr
    before = load_pair(tmp_path / "run" / PAIR).get_weights()
    again = emodj(*command, "--resume")
    assert again.returncode == 0
    assert re.fullmatch(r"emodj: the last epoch is done: .*\n", again.stderr), "no epoch is run again"
    for weight, other in zip(load_pair(tmp_path / "run" / PAIR).get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, other)
    other = emodj(*command, "--resume", "--seed", "2")
    assert (other.returncode, other.stdout) == (2, "")
    assert "holds a run of another recipe" in other.stderr


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("number", "handler"), [(signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)])
def test_a_signal_ends_training_and_prints_how_to_continue(
    number: int, handler: Any, emodj: Run, data: Callable[..., Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"

    def press() -> None:
        until((run / "history.csv").exists)
        os.kill(os.getpid(), number)

    # The process that started the tests may have had Ctrl-C ignored
    before = signal.signal(number, handler)
    presser = threading.Thread(target=press)
    presser.start()
    try:
        ended = emodj("train", data(), "--run", run, "--epochs", "100000", "--batch-size", "7", "--no-balance")
    finally:
        presser.join()
        signal.signal(number, before)
    assert (ended.returncode, ended.stdout) == (128 + number, "")
    command = f"emodj train {data()} --run {run} --epochs 100000 --batch-size 7 --no-balance --resume"
    output = re.search(rf"^emodj: stopped: {re.escape(command)} continues after epoch (\d+)$", ended.stderr, re.MULTILINE)
    assert output
    assert int(output[1]) == len((run / "history.csv").read_text(encoding="utf-8").splitlines()) - 1
    assert not (run / PAIR).exists()


@pytest.mark.usefixtures("small", "compiled_here")
def test_a_run_can_have_teachers_and_a_start(emodj: Run, data: Callable[..., Path], tmp_path: Path) -> None:
    words = np.random.default_rng(1).dirichlet(np.ones(7), 14).astype(np.float32)
    np.save(tmp_path / "words.npy", words)
    first, second = tmp_path / "first", tmp_path / "second"
    options = ("--epochs", "1", "--batch-size", "7")
    ended = emodj("train", data(), "--run", first, "--teacher", tmp_path / "words.npy", "--balance", *options)
    assert ended.returncode == 0, ended.stderr
    assert recipe(first)["teacher_share"] == 0.5
    assert recipe(first)["balance"] is True
    teachers = ("--teacher", first / PAIR, "--teacher", tmp_path / "words.npy", "--teacher-share", "1")
    ended = emodj("-q", "train", data(), "--run", second, "--start", first / PAIR, *teachers, *options)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert recipe(second)["teacher_share"] == 1
    assert recipe(second)["teacher"] != recipe(first)["teacher"]
    assert re.fullmatch("[0-9a-f]{64}", str(recipe(second)["start"]))
    np.save(tmp_path / "words.npy", words[:3])
    ended = emodj("train", data(), "--run", tmp_path / "third", "--teacher", tmp_path / "words.npy", *options)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "it must be floats of (14, 7)" in ended.stderr


def test_the_start_is_trained_as_it_was_checked(
    emodj: Run, data: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, checked = tmp_path / "start.json", tiny()
    save_pair(checked, start)
    digest = contract.pair_digest(start)

    @contextmanager
    def check(files: NetworkFiles) -> Generator[None]:
        assert files.digest == digest
        # As another program could do in the meantime
        start.unlink()
        start.with_suffix(".h5").unlink()
        yield

    def stop(*arguments: Any, **_: Any) -> None:
        for weight, other in zip(arguments[5].get_weights(), checked.get_weights(), strict=True):
            np.testing.assert_array_equal(weight, other)
        raise EmodjError("the start is as it was")

    monkeypatch.setattr(keras_process, "KerasProcess", check)
    monkeypatch.setattr(trainer, "train_network", stop)
    ended = emodj("train", data(), "--run", tmp_path / "run", "--start", start)
    assert ended.stderr == "emodj: the start is as it was\n"


@pytest.mark.usefixtures("small", "compiled_here")
def test_a_folder_without_validation_is_tuned_on_a_part_of_training(emodj: Run, face: Image, tmp_path: Path) -> None:
    for number, expression in enumerate(EXPRESSIONS):
        for part, count in (("train", 6), ("test", 1)):
            folder = tmp_path / "faces" / part / expression.value
            folder.mkdir(parents=True)
            for index in range(count):
                picture = (face * (0.3 + 0.01 * (7 * index + number) + 0.02 * count)).astype(np.uint8)
                cv2.imwrite(str(folder / f"{index}.png"), picture)
    run = tmp_path / "run"
    ended = emodj("train", tmp_path / "faces", "--run", run, "--epochs", "1", "--batch-size", "7")
    assert ended.returncode == 0, ended.stderr
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    assert (report["part"], report["figures"]["original labels"]["images"]) == ("held out", 7)


def test_training_without_an_expression_names_it(emodj: Run, data: Callable[..., Path], tmp_path: Path) -> None:
    ended = emodj("train", data([0, 2, 3, 4, 5, 6, 6] * 3), "--run", tmp_path / "run")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "holds no face labelled disgust: a network needs some of all seven" in ended.stderr


@pytest.mark.parametrize("inside", ["", "run"])
def test_the_folder_of_the_shipped_network_is_refused(emodj: Run, data: Callable[..., Path], inside: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in (ROOT / "models").rglob("*")}
    ended = emodj("train", data(), "--run", ROOT / "models" / inside)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "is the folder of the shipped network, which a run must not touch" in ended.stderr
    assert {path: path.stat().st_mtime_ns for path in (ROOT / "models").rglob("*")} == before


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--weights", "none"], "--weights is for --architecture transfer"),
        (["--architecture", "transfer", "--start", "pair.json"], "--start is for the other architectures"),
        (["--teacher-share", "0.3"], "--teacher-share needs a --teacher"),
        (["--label-share", "1.5"], "not in the range 0<=x<=1"),
    ],
)
def test_options_that_do_not_go_together_are_status_2(
    emodj: Run, data: Callable[..., Path], tmp_path: Path, options: list[str], sentence: str
) -> None:
    ended = emodj("train", data(), "--run", tmp_path / "run", *options)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert sentence in ended.stderr
    assert not (tmp_path / "run").exists()


def test_transfer_without_its_weights_is_status_5(emodj: Run, data: Callable[..., Path], tmp_path: Path) -> None:
    options = ("--architecture", "transfer", "--weights", tmp_path / "none here")
    ended = emodj("train", data(), "--run", tmp_path / "run", *options)
    assert (ended.returncode, ended.stdout) == (5, "")
    assert "holds no mobilenet_v2*_1.0_96_no_top.h5, the ImageNet weights of MobileNetV2" in ended.stderr


@pytest.fixture
def ensemble(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real ensemble, or an ensemble of small networks."""
    if request.param == "tiny":
        introduce_backbones(monkeypatch)


@pytest.mark.usefixtures("ensemble")
@pytest.mark.parametrize("ensemble", ["tiny", pytest.param("real", marks=pytest.mark.nightly)], indirect=True)
def test_transfer_is_trained_and_left_uncalibrated(emodj: Run, data: Callable[..., Path], tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = ("--architecture", "transfer", "--weights", "none", "--epochs", "1", "--batch-size", "14")
    ended = emodj("train", data(), "--run", run, *options)
    assert ended.returncode == 0, ended.stderr
    assert "transfer ends in a mean, into which no calibration can be folded" in ended.stderr
    assert json.loads((run / "settings.json").read_text(encoding="utf-8"))["correction"] is None
    assert {key: recipe(run)[key] for key in ("optimizer", "balance", "patience")} == {
        "optimizer": "adam",
        "balance": True,
        "patience": 3,
    }


def test_a_run_folder_that_cannot_be_written_is_status_1(emodj: Run, data: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = emodj("train", data(), "--run", tmp_path / "file" / "run", "--epochs", "1")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert str(tmp_path / "file" / "run") in ended.stderr
