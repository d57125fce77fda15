import hashlib
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from realtime.classifier.contract import Contract, contract_path, read_contract
from realtime.classifier.golden import GoldenCrop
from realtime.classifier.loading import load_classifier, load_compiled
from realtime.classifier.quantised import open_quantised, quantised_path
from realtime.classifier.runtime import Classifier, CvDnnClassifier, LiteRtClassifier
from tests.support.places import MODELS

CROPS = np.random.default_rng(5).random((3, 48, 48, 1), np.float32)


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A copy of the shipped network and of all that stands beside it; the path of its `.json`."""
    return Path(shutil.copytree(MODELS, tmp_path / "models")) / "emotiondetector.json"


def load(
    pair: Path, notices: list[str], *, shipped: Path | None = None, may_quantise: bool = True
) -> tuple[Classifier, Contract]:
    shipped = contract_path(shipped or pair)
    return load_classifier(
        pair, shipped=shipped, cache_dir=pair.parent / "cache", notify=notices.append, may_quantise=may_quantise
    )


def answers(path: Path) -> bytes:
    return LiteRtClassifier(path.read_bytes()).classify(CROPS).tobytes()


def test_the_shipped_network_runs_in_its_quantised_form(pair: Path) -> None:
    notices: list[str] = []
    classifier, _ = load(pair, notices)
    assert classifier.classify(CROPS).tobytes() == answers(quantised_path(pair))
    assert notices == []


def test_the_quantised_form_answers_almost_as_the_float32_form(pair: Path) -> None:
    ours, other = (LiteRtClassifier(path.read_bytes()) for path in (quantised_path(pair), pair.with_suffix(".tflite")))
    golden = [item.crop.pixels for item in read_contract(contract_path(pair)).golden]
    crops = np.frombuffer(b"".join(golden), np.uint8).reshape(-1, 48, 48, 1).astype(np.float32) / np.float32(255)
    gap = np.abs(ours.classify(crops) - other.classify(crops)).max()
    assert 0 < gap < 0.01


def test_the_other_faces_of_a_batch_change_no_answer(pair: Path) -> None:
    classifier = LiteRtClassifier(quantised_path(pair).read_bytes())
    together = classifier.classify(CROPS)
    alone = np.concatenate([classifier.classify(CROPS[index : index + 1]) for index in range(len(CROPS))])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_float32_runs_if_it_is_asked_for(pair: Path) -> None:
    classifier, _ = load(pair, [], may_quantise=False)
    assert classifier.classify(CROPS).tobytes() == answers(pair.with_suffix(".tflite"))


def test_the_quantised_form_of_a_foreign_network_does_not_run(pair: Path) -> None:
    classifier, _ = load(pair, [], shipped=MODELS / "emotiondetector.json")
    assert classifier.classify(CROPS).tobytes() == answers(pair.with_suffix(".tflite"))


def test_another_computer_gets_float32(pair: Path) -> None:
    model, _ = load_compiled(pair, shipped=contract_path(pair), cache_dir=pair.parent / "cache", notify=print)
    assert model == pair.with_suffix(".tflite").read_bytes()


@pytest.mark.parametrize("content", [b"no network", None])
def test_a_damaged_or_missing_quantised_form_is_said_and_float32_runs(pair: Path, content: bytes | None) -> None:
    path = quantised_path(pair)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    notices: list[str] = []
    classifier, _ = load(pair, notices)
    assert classifier.classify(CROPS).tobytes() == answers(pair.with_suffix(".tflite"))
    [notice] = notices
    assert notice.startswith(f"{path}, the quantised network, cannot be used (")
    assert notice.endswith("): the same network in float32 runs, which is slower")
    assert ("(it is not the one that the contract describes)" in notice) == (content is not None)


def test_another_answer_to_a_golden_crop_is_refused(pair: Path) -> None:
    path = quantised_path(pair)
    [first, *_] = read_contract(contract_path(pair)).golden
    wrong = GoldenCrop(first.crop, (*first.answer[1:], first.answer[0]))
    notices: list[str] = []
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert open_quantised(path, digest, [wrong], notify=notices.append) is None
    assert "its answer to the golden crop smile-astronaut differs by 1 from that in float32" in notices[0]


def test_without_litert_opencv_reads_float32_without_a_word(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    notices: list[str] = []
    classifier, _ = load(pair, notices)
    assert isinstance(classifier, CvDnnClassifier)
    assert notices == []
