"""Transfer learning with random weights: the tests have no access to the weights of ImageNet."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime.classifier.keras_pair import import_tensorflow, load_pair, predict, save_pair
from realtime.errors import AssetError, EmodjError
from realtime.training import transfer
from realtime.training.dataset import Dataset
from realtime.training.recipe import PRESETS
from realtime.training.trainer import train_network
from tests.support.tiny_network import introduce_backbones

# Keras 3.15 reads its variables in the way of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

Build = Callable[..., Dataset]
CROPS = np.random.default_rng(1).random((3, 48, 48, 1), np.float32)


@pytest.fixture(params=["small", pytest.param("real", marks=pytest.mark.nightly)])
def backbones(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The kind of backbones: small networks, or those of Keras."""
    if request.param == "small":
        introduce_backbones(monkeypatch)
    return request.param


@pytest.fixture(scope="module")
def networks() -> dict[str, Any]:
    """Cache of the built networks, by kind of backbones."""
    return {}


@pytest.fixture
def network(backbones: str, networks: dict[str, Any]) -> Any:
    if backbones not in networks:
        networks[backbones] = build_seeded()
    return networks[backbones]


def build_seeded() -> Any:
    import_tensorflow("testing").keras.utils.set_random_seed(1)
    return transfer.build("none")


def find_layer(network: Any, name: str) -> Any:
    return next(layer for layer in network.layers if layer.name.startswith(name))


def stem(network: Any, picture: Any) -> Any:
    """The input of the first convolution of EfficientNetB0."""
    part = find_layer(network, "efficientnetb0")
    return import_tensorflow("testing").keras.Model(part.input, part.get_layer("stem_conv_pad").input)(picture).numpy()


def test_each_part_reads_three_equal_channels_on_its_own_scale() -> None:
    keras = import_tensorflow("testing").keras
    # With the real backbones in every run, since a new Keras may change them
    network = build_seeded()
    for name, low, high in (("mobilenetv2", -1, 1), ("efficientnetb0", 0, 255)):
        before = keras.Model(network.input, find_layer(network, name)._inbound_nodes[-1].input_tensors[0])
        for level, wanted in ((0.0, low), (1.0, high)):
            inputs = before(np.full((1, 48, 48, 1), level, np.float32))
            assert inputs.shape[1:] == (96, 96, 3)
            np.testing.assert_allclose(inputs.numpy(), wanted, atol=1e-4)
        inputs = before(CROPS)
        np.testing.assert_array_equal(inputs[..., 0], inputs[..., 2])


def test_the_output_is_the_mean_of_two_softmaxes_and_a_saved_pair_has_the_same(network: Any, tmp_path: Path) -> None:
    keras = import_tensorflow("testing").keras
    heads = [layer.output for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    one, other = (output.numpy() for output in keras.Model(network.input, heads)(CROPS))
    probabilities = predict(network, CROPS)
    np.testing.assert_allclose(probabilities, (one + other) / 2, atol=1e-6)
    save_pair(network, tmp_path / "pair.json")
    np.testing.assert_allclose(predict(load_pair(tmp_path / "pair.json"), CROPS), probabilities, atol=1e-6)


@pytest.mark.usefixtures("backbones")
def test_training_changes_the_heads_and_no_frozen_weight(people: Build, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    faces = people(list(range(7)) * 2, images=rng.integers(0, 256, (14, 48, 48)).astype(np.uint8))
    recipe = replace(PRESETS["transfer"], weights="none", epochs=1, batch_size=7)
    trained, _ = train_network(recipe, faces, faces, tmp_path, lambda _: None)
    import_tensorflow("testing").keras.utils.set_random_seed(recipe.seed)
    before = transfer.build("none")
    for name in ("mobilenetv2", "efficientnetb0"):
        for weight, initial in zip(
            find_layer(trained, name).get_weights(), find_layer(before, name).get_weights(), strict=True
        ):
            np.testing.assert_array_equal(weight, initial)
    heads = [(one, other) for one, other in zip(trained.trainable_weights, before.trainable_weights, strict=True)]
    assert len(heads) == 4
    assert not any(np.array_equal(one.numpy(), other.numpy()) for one, other in heads)
    # A checkpoint leaves out the frozen weights: they can be loaded again
    assert (tmp_path / "checkpoint.npz").stat().st_size < 1_000_000


def test_weights_come_from_a_folder(network: Any, tmp_path: Path) -> None:
    names = {
        "MobileNetV2": "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_96_no_top.h5",
        "EfficientNetB0": "efficientnetb0_notop.h5",
    }
    with pytest.raises(AssetError, match=r"holds no mobilenet_v2.*the ImageNet weights of MobileNetV2"):
        transfer.build(str(tmp_path))
    for name, file in names.items():
        find_layer(network, name.lower()).save(tmp_path / file, include_optimizer=False)
    built = transfer.build(str(tmp_path))
    for name in ("mobilenetv2", "efficientnetb0"):
        theirs = [w for w in find_layer(network, name).weights if w.name != "variance"]
        ours = [w for w in find_layer(built, name).weights if w.name != "variance"]
        for weight, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(weight.numpy(), other.numpy())
    # Keras adds this scale to what it downloads, by a layer
    scale = np.sqrt(np.array([0.229, 0.224, 0.225], np.float32))
    picture = 255 * np.random.default_rng(3).random((1, 96, 96, 3), np.float32)
    np.testing.assert_allclose(stem(built, picture), stem(network, picture) / scale, rtol=1e-4)
    (tmp_path / names["EfficientNetB0"]).write_bytes(b"no weights")
    with pytest.raises(AssetError, match=r"efficientnetb0_notop\.h5 holds no weights of EfficientNetB0"):
        transfer.build(str(tmp_path))


def test_a_failed_download_is_reported(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    # No server listens at this port
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("KERAS_HOME", str(home))
    with pytest.raises(EmodjError, match=r"ImageNet weights of MobileNetV2 cannot be downloaded .*--weights DIR"):
        transfer.build("imagenet")


@pytest.mark.usefixtures("backbones")
def test_the_normalisation_of_a_frozen_part_is_saved_in_a_pair(tmp_path: Path) -> None:
    network = transfer.build("none")
    norm = next(layer for layer in find_layer(network, "efficientnetb0").layers if layer.name.startswith("normalization"))
    norm.adapt_mean.assign([0.4, 0.5, 0.6])
    norm.adapt_variance.assign([0.01, 0.02, 0.03])
    norm.finalize_state()
    probabilities = predict(network, CROPS)
    save_pair(network, tmp_path / "pair.json")
    loaded = load_pair(tmp_path / "pair.json")
    picture = 255 * np.random.default_rng(3).random((1, 96, 96, 3), np.float32)
    np.testing.assert_allclose(stem(loaded, picture), stem(network, picture), rtol=1e-4)
    np.testing.assert_allclose(predict(loaded, CROPS), probabilities, atol=1e-6)
