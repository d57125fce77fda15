"""Forms in which people save networks with Keras, built and compiled by TensorFlow in this process."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime.classifier.architecture_form import AUGMENTATIONS
from realtime.classifier.compiler import compile_checked
from realtime.classifier.keras_pair import import_tensorflow, load_network, predict
from realtime.classifier.runtime import open_classifier
from realtime.errors import AssetError

# Keras 3.15 reads its variables by the protocol of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

CROPS = np.random.default_rng(1).random((3, 48, 48, 1), np.float32)

Keras = Any
Network = Any


@pytest.fixture(scope="module")
def keras() -> Keras:
    return import_tensorflow("testing").keras


def head(keras: Keras, maps: Any, **config: Any) -> Any:
    maps = keras.layers.GlobalAveragePooling2D()(maps)
    return keras.layers.Dense(7, activation="softmax", **config)(maps)


def half_precision(keras: Keras) -> Network:
    inputs = keras.Input((48, 48, 1))
    maps = keras.layers.Conv2D(4, 3, strides=8, dtype="mixed_float16")(inputs)
    maps = keras.layers.BatchNormalization(dtype="mixed_float16")(maps)
    return keras.Model(inputs, head(keras, maps, dtype="mixed_bfloat16"))


def augmented(keras: Keras) -> Network:
    augmentation = keras.Sequential(
        [keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(0.1), keras.layers.RandomZoom(0.1)], name="augment"
    )
    inputs = keras.Input((48, 48, 1))
    maps = keras.layers.Conv2D(4, 3, strides=8)(keras.layers.RandomFlip()(augmentation(inputs, training=True)))
    return keras.Model(inputs, head(keras, maps))


def nested(keras: Keras) -> Network:
    layers = keras.layers
    inner = keras.Input((48, 48, 1))
    body = keras.Model(inner, layers.BatchNormalization()(layers.Conv2D(4, 3, strides=8)(inner)), name="body")
    middle = keras.Sequential([keras.Input((48, 48, 1)), body, layers.ReLU()])
    inputs = keras.Input((48, 48, 1))
    return keras.Model(inputs, head(keras, middle(inputs)))


def called(keras: Keras) -> Network:
    layers = keras.layers
    network = keras.Sequential([layers.Conv2D(4, 3, strides=8), layers.Flatten(), layers.Dense(7, activation="softmax")])
    network(CROPS)
    return network


def named(keras: Keras) -> Network:
    inputs = keras.Input((None, None, 1), name="image")
    outputs = head(keras, keras.layers.Conv2D(4, 3, strides=8, name="my conv")(inputs))
    return keras.Model({"image": inputs}, {"mood": outputs}, name="my net")


def trained(keras: Keras) -> Network:
    network = nested(keras)
    network.compile("adam", "categorical_crossentropy")
    network.fit(CROPS, np.eye(7, dtype=np.float32)[:3], verbose=0)
    return network


def save_one(network: Network, path: Path) -> Path:
    network.save(path.with_suffix(".keras"))
    return path.with_suffix(".keras")


def save_weights(network: Network, path: Path) -> Path:
    network.save_weights(path.with_suffix(".weights.h5"))
    path.with_suffix(".json").write_text(network.to_json(), encoding="utf-8")
    return path.with_suffix(".json")


def save_old(network: Network, path: Path) -> Path:
    network.save(path.with_suffix(".h5"))
    path.with_suffix(".json").write_text(network.to_json(), encoding="utf-8")
    return path.with_suffix(".json")


FORMS = [save_one, save_weights, save_old]
Save = Callable[[Network, Path], Path]


def answers(network: Network) -> Any:
    outputs = network(CROPS, training=False)
    return np.asarray(outputs["mood"] if isinstance(outputs, dict) else outputs, np.float32)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("build", [half_precision, nested, called, named, trained])
@pytest.mark.parametrize("save", FORMS)
def test_a_network_gives_the_answers_of_its_author(
    keras: Keras, tmp_path: Path, build: Callable[[Keras], Network], save: Save
) -> None:
    network = build(keras)
    loaded = load_network(save(network, tmp_path / "net"))
    np.testing.assert_allclose(predict(loaded, CROPS), answers(network), atol=2e-3)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("build", [half_precision, augmented, named])
def test_what_the_compiler_refuses_is_gone(keras: Keras, tmp_path: Path, build: Callable[[Keras], Network]) -> None:
    loaded = load_network(save_weights(build(keras), tmp_path / "net"))
    compiled = open_classifier(compile_checked(loaded, tmp_path))
    np.testing.assert_allclose(compiled.classify(CROPS), predict(loaded, CROPS), atol=1e-4)


def test_layers_of_augmentation_return_their_input_at_inference(keras: Keras) -> None:
    pictures = np.random.default_rng(2).random((2, 8, 8, 3), np.float32)
    needed: dict[str, dict[str, Any]] = {
        "RandomShear": {"x_factor": 0.1},
        "RandomPosterization": {"factor": 4},
        "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1},
        "RandomZoom": {"height_factor": 0.2},
        **{f"Random{name}": {"factor": 0.2} for name in ("Brightness", "ColorDegeneration", "Contrast", "Height", "Hue")},
        **{f"Random{name}": {"factor": 0.2} for name in ("Rotation", "Saturation", "Sharpness", "Width")},
    }
    known = sorted(kind for kind in AUGMENTATIONS if hasattr(keras.layers, kind))
    assert len(known) > 15
    for kind in known:
        layer = getattr(keras.layers, kind)(**needed.get(kind, {}))
        np.testing.assert_allclose(np.asarray(layer(pictures, training=False)), pictures, atol=1e-6, err_msg=kind)


def refusal(path: Path) -> str:
    with pytest.raises(AssetError) as caught:
        load_network(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("Rescaling", {"scale": 1 / 255}),
        ("Rescaling", {"scale": 1 / 127.5, "offset": -1}),
        ("Normalization", {"axis": None, "mean": 129.0, "variance": 4000.0}),
    ],
)
def test_a_network_for_pixels_up_to_255_is_refused(keras: Keras, tmp_path: Path, kind: str, config: dict[str, Any]) -> None:
    layers, name = keras.layers, "scale"
    first = layers.RandomFlip(), getattr(layers, kind)(**config, name=name)
    last = layers.Flatten(), layers.Dense(7, activation="softmax")
    inner = keras.Sequential([keras.Input((48, 48, 1)), *first, *last])
    assert f"takes pixels in 0..255, as its layer {name!r} says" in refusal(save_one(inner, tmp_path / "inner"))
    outer = keras.Sequential([keras.Input((48, 48, 1)), layers.Rescaling(255), inner])
    np.testing.assert_allclose(predict(load_network(save_one(outer, tmp_path / "net")), CROPS), answers(outer), atol=1e-6)


@pytest.mark.parametrize("save", [save_weights, save_old])
def test_weights_of_a_larger_network_do_not_fit(keras: Keras, tmp_path: Path, save: Save) -> None:
    layers = keras.layers

    def build(*more: Any) -> Network:
        return keras.Sequential([keras.Input((48, 48, 1)), *more, layers.Flatten(), layers.Dense(7, activation="softmax")])

    path = save(build(layers.BatchNormalization()), tmp_path / "net")
    path.write_text(build().to_json(), encoding="utf-8")
    assert "does not fit net.json: " in refusal(path)


def test_a_network_of_keras_2_is_read(keras: Keras, tmp_path: Path) -> None:
    """The JSON as Keras 2.15 writes it: axes in a list, names with a slash, calls by numbers that count the input."""
    layers = keras.layers
    inner = keras.Input((48, 48, 1))
    body = keras.Model(inner, layers.BatchNormalization()(layers.Conv2D(4, 3, strides=8)(inner)), name="body")
    inputs = keras.Input((48, 48, 1))
    network = keras.Model(inputs, head(keras, layers.Add()([body(inputs), body(inputs)])))
    network.save(tmp_path / "net.h5")

    def old(kind: str, name: str, calls: list[Any], **config: Any) -> dict[str, Any]:
        return {
            "module": "keras.layers",
            "class_name": kind,
            "config": {"name": name, "trainable": True, "dtype": "float32", **config},
            "registered_name": None,
            "name": name,
            "inbound_nodes": calls,
        }

    first = {"batch_input_shape": [None, 48, 48, 1], "sparse": False, "ragged": False}
    body_layers = [
        old("InputLayer", "in", [], **first) | {"config": first | {"name": "in", "dtype": "float32"}},
        old("Conv2D", "block/conv", [[["in", 0, 0, {}]]], filters=4, kernel_size=[3, 3], strides=[8, 8]),
        old("BatchNormalization", "block/bn", [[["block/conv", 0, 0, {}]]], axis=[3], epsilon=0.001),
    ]
    inside = {"name": "body", "layers": body_layers, "input_layers": [["in", 0, 0]], "output_layers": [["block/bn", 0, 0]]}
    calls = [[["image", 0, 0, {}]], [["image", 0, 0, {}]]]
    outer = [
        old("InputLayer", "image", [], **first) | {"config": first | {"name": "image", "dtype": "float32"}},
        {"class_name": "Functional", "config": inside, "name": "body", "inbound_nodes": calls},
        old("Add", "add", [[["body", 1, 0, {}], ["body", 2, 0, {}]]]),
        old("GlobalAveragePooling2D", "pool", [[["add", 0, 0, {}]]]),
        old("Dense", "top", [[["pool", 0, 0, {}]]], units=7, activation="softmax"),
    ]
    config = {"name": "model", "layers": outer, "input_layers": [["image", 0, 0]], "output_layers": [["top", 0, 0]]}
    document = {"class_name": "Functional", "config": config, "keras_version": "2.15.0", "backend": "tensorflow"}
    (tmp_path / "net.json").write_text(json.dumps(document), encoding="utf-8")
    np.testing.assert_allclose(predict(load_network(tmp_path / "net.json"), CROPS), answers(network), atol=1e-6)
