from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime.classifier.compiler import compile_network, compile_pair
from realtime.classifier.keras_pair import import_tensorflow, load_pair, predict, save_pair
from realtime.classifier.runtime import CvDnnClassifier, open_classifier
from realtime.domain import Batch
from realtime.errors import EmodjError

# Keras 3.15 reads its variables by the protocol of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

CROPS: Batch = np.random.default_rng(0).random((5, 48, 48, 1), np.float32)


def network_ending_in(*end: Any) -> Any:
    keras = import_tensorflow("testing").keras
    layers = keras.layers
    return keras.Sequential([keras.Input((48, 48, 1)), layers.Conv2D(4, 3), layers.MaxPooling2D(3), *end])


def small() -> Any:
    layers = import_tensorflow("testing").keras.layers
    return network_ending_in(layers.Flatten(), layers.Dense(7, activation="softmax"))


def test_a_pair_and_its_compiled_network_give_the_same_probabilities(tmp_path: Path) -> None:
    save_pair(small(), tmp_path / "net.json")
    probabilities = open_classifier(compile_pair(tmp_path / "net.json")).classify(CROPS)
    np.testing.assert_allclose(probabilities, predict(load_pair(tmp_path / "net.json"), CROPS), atol=1e-5)


def test_compiling_does_not_change_the_network() -> None:
    network = small()
    before = predict(network, CROPS)
    compile_network(network)
    np.testing.assert_array_equal(predict(network, CROPS), before)


def test_flattened_channels_keep_their_order() -> None:
    layers = import_tensorflow("testing").keras.layers
    network = network_ending_in(layers.Flatten(data_format="channels_first"), layers.Dense(7, activation="softmax"))
    np.testing.assert_allclose(open_classifier(compile_network(network)).classify(CROPS), predict(network, CROPS), atol=1e-5)


def test_opencv_applies_the_biases_of_dense_layers() -> None:
    layers = import_tensorflow("testing").keras.layers
    for start in (layers.Flatten(), layers.GlobalAveragePooling2D()):
        dense = [layers.Dense(9, activation="relu"), layers.Dense(8, use_bias=False), layers.Dense(7, activation="softmax")]
        network = network_ending_in(start, *dense)
        for layer in (dense[0], dense[2]):
            layer.set_weights([layer.get_weights()[0], np.linspace(-0.5, 1, layer.units, dtype=np.float32)])
        probabilities = CvDnnClassifier(compile_network(network)).classify(CROPS)
        np.testing.assert_allclose(probabilities, predict(network, CROPS), atol=1e-5)


def test_a_dense_layer_over_pixels_stays_as_it_is() -> None:
    layers = import_tensorflow("testing").keras.layers
    network = network_ending_in(layers.Dense(3), layers.GlobalAveragePooling2D(), layers.Dense(7, activation="softmax"))
    np.testing.assert_allclose(open_classifier(compile_network(network)).classify(CROPS), predict(network, CROPS), atol=1e-5)


def test_equal_networks_compile_to_equal_bytes(tmp_path: Path) -> None:
    save_pair(small(), tmp_path / "net.json")
    # In two processes
    assert compile_pair(tmp_path / "net.json") == compile_network(load_pair(tmp_path / "net.json"))


def test_a_network_that_cannot_be_compiled_is_refused_with_a_sentence() -> None:
    keras = import_tensorflow("testing").keras
    with pytest.raises(EmodjError, match="TensorFlow cannot compile this network: "):
        compile_network(keras.Sequential([keras.layers.Dense(7)]))
