import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime.errors import AssetError
from realtime.training.verify import verify
from tests.support.places import MODELS


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A copy of the shipped network and of all that stands beside it; the path of its `.json`."""
    return Path(shutil.copytree(MODELS, tmp_path / "models")) / "emotiondetector.json"


def results(pair: Path) -> dict[str, bool | None]:
    return {item.subject: item.passed for item in verify(pair)}


def change(pair: Path, **values: Any) -> None:
    path = pair.with_suffix(".contract.json")
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def untrained() -> bytes:
    """A compiled network that finds all expressions equally probable."""
    from realtime.classifier.compiler import compile_network
    from realtime.classifier.keras_pair import import_tensorflow

    layers = import_tensorflow("a test").keras.layers
    stack = [layers.Flatten(), layers.Dense(7, "softmax", kernel_initializer="zeros")]
    return compile_network(import_tensorflow("a test").keras.Sequential([layers.Input((48, 48, 1)), *stack]))


def test_the_shipped_network_passes(pair: Path) -> None:
    assert results(pair) == {"pair": True, "compiled": True, "golden crops": True, "pair and compiled": True}


def test_other_weights_fail_the_digest_and_the_comparison(pair: Path) -> None:
    from realtime.classifier.keras_pair import LOGITS, load_pair, save_pair

    network = load_pair(pair)
    layer = network.get_layer(LOGITS)
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, bias + 0.01 * np.eye(7)[0]])
    save_pair(network, pair)
    assert results(pair) == {"pair": False, "compiled": True, "golden crops": True, "pair and compiled": False}


def test_a_broken_pair_is_a_failed_check_and_no_error(pair: Path) -> None:
    pair.with_suffix(".h5").write_bytes(b"no weights")
    assert results(pair) == {"pair": False, "compiled": True, "golden crops": True, "pair and compiled": False}


def test_a_missing_or_invalid_compiled_network_is_a_failed_check(pair: Path) -> None:
    pair.with_suffix(".tflite").write_bytes(b"no network")
    assert results(pair) == {"pair": True, "compiled": False}
    pair.with_suffix(".tflite").unlink()
    assert results(pair) == {"pair": True, "compiled": False}


def test_a_changed_quantised_network_is_a_failed_check(pair: Path) -> None:
    path = pair.with_suffix(".int8.tflite")
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert results(pair) == {"pair": True, "compiled": False, "golden crops": True, "pair and compiled": True}


def test_a_missing_quantised_network_is_a_failed_check(pair: Path) -> None:
    pair.with_suffix(".int8.tflite").unlink()
    [failed] = [item for item in verify(pair) if item.passed is False]
    assert failed.subject == "compiled"
    assert "emotiondetector.int8.tflite cannot be read" in failed.finding


def test_a_quantised_network_with_other_answers_is_a_failed_check(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pair.with_suffix(".int8.tflite")
    path.write_bytes(untrained())
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    change(pair, quantised_sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    assert results(pair) == {"pair": True, "compiled": True, "golden crops": False, "pair and compiled": None}


def test_golden_crops_must_be_answered_as_recorded(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    contract = json.loads(pair.with_suffix(".contract.json").read_text(encoding="utf-8"))
    golden = contract["golden"]
    golden[1]["answer"]["angry"] += 0.002
    change(pair, golden=golden)
    [failed] = [item for item in verify(pair) if item.passed is False]
    assert (failed.subject, golden[1]["name"] in failed.finding) == ("golden crops", True)
    change(pair, golden=[])
    assert results(pair)["golden crops"] is False
    change(pair, golden=contract["golden"], compiled_sha256="0" * 64)
    assert results(pair)["compiled"] is False


def test_without_tensorflow_the_rest_is_checked(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert results(pair) == {"pair": True, "compiled": True, "golden crops": True, "pair and compiled": None}
    assert "pip install tensorflow" in verify(pair)[-1].finding


def test_a_compiled_network_without_its_pair_is_checked(pair: Path) -> None:
    for suffix in (".json", ".h5"):
        pair.with_suffix(suffix).unlink()
    assert [item.passed for item in verify(pair.with_suffix(".tflite"))] == [None, True, True, None]
    pair.with_suffix(".int8.tflite").unlink()
    assert [item.passed for item in verify(pair.with_suffix(".tflite"))] == [None, True, True, None], "a fetched one has none"


def test_a_missing_contract_or_pair_is_an_error(pair: Path, tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"none\.contract\.json"):
        verify(tmp_path / "none.json")
    pair.unlink()
    with pytest.raises(AssetError, match=r"emotiondetector\.json"):
        verify(pair)


def test_a_network_without_a_contract_is_said_to_have_none(pair: Path) -> None:
    pair.with_suffix(".contract.json").unlink()
    with pytest.raises(AssetError, match=r"emotiondetector\.json has no contract, .*`\[network\] pair`"):
        verify(pair)


def test_the_missing_part_of_a_contract_is_named(pair: Path) -> None:
    path = pair.with_suffix(".contract.json")
    terms = json.loads(path.read_text(encoding="utf-8"))
    del terms["golden"]
    path.write_text(json.dumps(terms), encoding="utf-8")
    with pytest.raises(AssetError, match=r"is damaged \(it lacks 'golden'\): write it anew with `emodj model compile`"):
        verify(pair)
