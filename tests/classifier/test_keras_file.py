from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime.classifier import keras_pair
from realtime.errors import AssetError
from tests.support.tiny_network import tiny

Make = Callable[[Any], Any]


@pytest.fixture(scope="module")
def keras() -> Any:
    return keras_pair.import_tensorflow("testing").keras


def test_pair_and_keras_file_give_the_same_network(tmp_path: Path) -> None:
    network = tiny()
    crops = np.random.default_rng(1).random((3, *keras_pair.INPUT_SHAPE), np.float32)
    network.save(tmp_path / "network.keras")
    keras_pair.save_pair(network, tmp_path / "pair.json")
    for path in (tmp_path / "network.keras", tmp_path / "pair.json"):
        np.testing.assert_allclose(
            keras_pair.predict(keras_pair.load_network(path), crops), keras_pair.predict(network, crops), atol=1e-6
        )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("network.keras", "network.json"):
        with pytest.raises(AssetError, match=rf"{name} cannot be read \(No such file"):
            keras_pair.load_network(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 half an archive"])
def test_a_file_that_keras_did_not_write_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "network.keras"
    path.write_bytes(content)
    with pytest.raises(AssetError, match=r"network\.keras is not a network that Keras can read"):
        keras_pair.load_network(path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.keras"
    tiny().save(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(AssetError, match=r"network\.keras is not a network that Keras can read"):
        keras_pair.load_network(path)


def with_large_input(keras: Any) -> Any:
    return keras.Sequential([keras.Input((64, 64, 1)), keras.layers.Flatten(), keras.layers.Dense(7, activation="softmax")])


def without_softmax(keras: Any) -> Any:
    return keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(7)])


def with_code(keras: Any) -> Any:
    def custom_code(crops: Any) -> Any:
        return crops[:, 0, :7, 0]

    return keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Lambda(custom_code)])


@pytest.mark.parametrize(
    ("make", "why"),
    [(with_large_input, "emodj needs"), (without_softmax, "must be a softmax"), (with_code, "has the class 'Lambda'")],
)
def test_networks_that_emodj_cannot_run_are_refused(tmp_path: Path, keras: Any, make: Make, why: str) -> None:
    path = tmp_path / "network.keras"
    make(keras).save(path)
    with pytest.raises(AssetError, match=why):
        keras_pair.load_network(path)
