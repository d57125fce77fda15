"""Networks that are loaded in a process of their own. Each takes some seconds, since each process imports TensorFlow."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from realtime.classifier.keras_pair import import_tensorflow, predict, save_pair
from realtime.classifier.keras_process import FACES_AT_ONCE, KerasProcess
from realtime.classifier.network_files import pair_digest
from realtime.classifier.runtime import open_classifier
from realtime.errors import AssetError, EmodjError
from tests.support.tiny_network import tiny

# Keras 3.15 reads its variables by the protocol of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

CROPS = np.random.default_rng(1).random((3, 48, 48, 1), np.float32)
FLAT = ("Flatten", {})
SOFTMAX = ("Dense", {"units": 7, "activation": "softmax"})


def architecture(*layers: tuple[str, dict[str, Any]]) -> str:
    parts = [("InputLayer", {"batch_shape": [None, 48, 48, 1]}), *layers]
    nodes = [
        {"module": "keras.layers", "class_name": kind, "config": {"name": f"layer_{number}", **config}, "registered_name": None}
        for number, (kind, config) in enumerate(parts)
    ]
    return json.dumps({"module": "keras", "class_name": "Sequential", "config": {"name": "s", "layers": nodes}})


@pytest.fixture
def bomb(tmp_path: Path) -> Callable[..., Path]:
    """A pair of a few kilobytes with an architecture of choice."""

    def write(*layers: tuple[str, dict[str, Any]]) -> Path:
        path = tmp_path / "net.json"
        path.write_text(architecture(*layers), encoding="utf-8")
        with h5py.File(path.with_suffix(".h5"), "w") as file:
            file["kernel"] = np.zeros(100, np.float32)
        return path

    return write


def test_a_pair_is_loaded_asked_and_compiled(tmp_path: Path) -> None:
    network = tiny()
    save_pair(network, tmp_path / "net.json")
    expected = predict(network, CROPS)
    with KerasProcess(tmp_path / "net.json") as process:
        assert process.parameters == network.count_params()
        assert process.digest == pair_digest(tmp_path / "net.json")
        np.testing.assert_allclose(process.predict(CROPS), expected, atol=1e-6)
        assert process.predict(CROPS[:0]).shape == (0, 7)
        many = np.tile(CROPS, (FACES_AT_ONCE // 2, 1, 1, 1))
        np.testing.assert_allclose(process.predict(many)[-3:], expected, atol=1e-6)
        images = np.rint(CROPS[..., 0] * 255).astype(np.uint8)
        np.testing.assert_allclose(process.predict_faces(images), expected, atol=1e-2)
        np.testing.assert_allclose(open_classifier(process.compile()).classify(CROPS), expected, atol=1e-4)


@pytest.mark.parametrize(("weights", "read"), [("net.weights.h5", "net.weights.h5"), ("net.weights.h5", "net.h5")])
def test_weights_as_keras_3_saves_them_are_read_by_either_name(tmp_path: Path, weights: str, read: str) -> None:
    network = tiny()
    (tmp_path / "net.json").write_text(network.to_json(), encoding="utf-8")
    network.save_weights(tmp_path / weights)
    (tmp_path / weights).rename(tmp_path / read)
    with KerasProcess(tmp_path / "net.json") as process:
        np.testing.assert_allclose(process.predict(CROPS), predict(network, CROPS), atol=1e-6)


@pytest.mark.parametrize(
    ("layers", "why"),
    [
        ((FLAT, ("Dense", {"units": 10**5}), ("Dense", {"units": 10**5}), SOFTMAX), "has 10231300007 parameters, and the file"),
        ((("UpSampling2D", {"size": [10**4, 10**4]}), ("GlobalAveragePooling2D", {}), SOFTMAX), "'layer_1' give 230400000000"),
        ((FLAT, ("RepeatVector", {"n": 10**6}), FLAT, SOFTMAX), "'layer_2' give 2304002304"),
    ],
)
def test_an_architecture_that_wants_all_memory_is_refused_before_it_is_built(
    bomb: Callable[..., Path], layers: tuple[Any, ...], why: str
) -> None:
    process = KerasProcess(bomb(*layers))
    with pytest.raises(AssetError, match=why):
        process.__enter__()


def test_weights_that_point_out_of_their_file_are_refused(bomb: Callable[..., Path]) -> None:
    path = bomb(FLAT, SOFTMAX)
    with h5py.File(path.with_suffix(".h5"), "a") as file:
        file["secret"] = h5py.ExternalLink("/etc/passwd", "x")
    process = KerasProcess(path)
    with pytest.raises(AssetError, match=r"net\.h5 does not fit net\.json: /secret is a link to another file, /etc/passwd"):
        process.__enter__()


def test_an_unknown_layer_is_refused_also_without_tensorflow(
    bomb: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(AssetError, match="has the class 'TFSMLayer'"):
        KerasProcess(bomb(("TFSMLayer", {"filepath": "model"}), SOFTMAX))
    with pytest.raises(EmodjError, match=r"^net\.json, .* needs TensorFlow, which is not installed: pip install tensorflow$"):
        KerasProcess(bomb(FLAT, SOFTMAX))


def test_the_layers_of_many_networks_pass_the_check_of_sizes(tmp_path: Path) -> None:
    layers = import_tensorflow("testing").keras.layers
    keras = import_tensorflow("testing").keras
    inputs = keras.Input((48, 48, 1))
    augmented = layers.RandomFlip("horizontal")(layers.GaussianNoise(0.1)(inputs))
    inner = keras.Sequential([keras.Input((48, 48, 1)), layers.Conv2D(4, 3, strides=2), layers.PReLU(shared_axes=[1, 2])])
    maps = layers.Concatenate()([inner(augmented), layers.SeparableConv2D(4, 3, strides=2)(augmented / 2.0)])
    weights = layers.Dense(8, activation="hard_sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(maps))
    maps = layers.Multiply()([layers.LayerNormalization()(maps), weights])
    answer = layers.Dense(7, activation="softmax", dtype="float32")(layers.Flatten()(layers.Activation("gelu")(maps)))
    network = keras.Model(inputs, answer)
    save_pair(network, tmp_path / "net.json")
    with KerasProcess(tmp_path / "net.json") as process:
        assert process.parameters == network.count_params()
        np.testing.assert_allclose(process.predict(CROPS), predict(network, CROPS), atol=1e-5)
