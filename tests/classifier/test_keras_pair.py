import base64
import json
import logging
import marshal
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from realtime.classifier.architecture_form import from_keras2
from realtime.classifier.architectures import ARCHITECTURES, CONFIDENCE_HEAD, FEATURES, build_network, with_confidence_head
from realtime.classifier.keras_pair import (
    LOGITS,
    fold_calibration,
    import_tensorflow,
    load_pair,
    predict,
    save_pair,
)
from realtime.domain import Batch
from realtime.errors import AssetError, EmodjError
from tests.support.places import ROOT

# Keras 3.15 reads its variables by the protocol of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

PARAMETERS = {"compact": 1_452_840, "ancestor": 4_232_199}
SHAPE = [None, 48, 48, 1]


@pytest.fixture(scope="module")
def crops() -> Batch:
    return np.random.default_rng(1).random((5, 48, 48, 1), np.float32)


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def architecture(request: pytest.FixtureRequest) -> Any:
    import_tensorflow("testing").keras.utils.set_random_seed(1)
    return build_network(request.param)


def sequential(*layers: Any) -> Any:
    keras = import_tensorflow("testing").keras
    return keras.Sequential([keras.Input((48, 48, 1)), *layers])


def small() -> Any:
    """A network of few weights with every kind of layer that the ancestor has."""
    layers = import_tensorflow("testing").keras.layers
    return sequential(
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Dropout(0.4),
        layers.Flatten(),
        layers.Dense(7, activation="softmax"),
    )


def old_layer(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": f"old_{kind.lower()}", "trainable": True, "dtype": "float32", **config}}


def old_initializer(**config: Any) -> dict[str, Any]:
    return {"class_name": "GlorotUniform", "config": {"seed": None, **config}}


def old_stack(filters: tuple[int, ...], units: tuple[int, ...], **first: Any) -> list[dict[str, Any]]:
    """Layers as Keras 2 wrote them: blocks of convolution and pooling, then dense ones."""
    stack: list[dict[str, Any]] = []
    for width in filters:
        kernel: dict[str, Any] = {"filters": width, "kernel_size": [3, 3], "strides": [1, 1], "padding": "valid"}
        stack += [
            old_layer("Conv2D", **kernel, activation="relu", kernel_initializer=old_initializer(dtype="float32"), **first),
            old_layer("MaxPooling2D", pool_size=[2, 2], padding="valid", strides=[2, 2], data_format="channels_last"),
            old_layer("Dropout", rate=0.4, noise_shape=None, seed=None),
        ]
        first = {}
    stack.append(old_layer("Flatten", data_format="channels_last"))
    dense = [old_layer("Dense", units=width, activation="relu", kernel_initializer=old_initializer()) for width in units]
    for layer in dense:
        stack += [layer, old_layer("Dropout", rate=0.3, noise_shape=None, seed=None)]
    stack.append(old_layer("Dense", units=7, activation="softmax", use_bias=True))
    for number, layer in enumerate(stack):
        layer["config"]["name"] += f"_{number}"
    return stack


def old_model(kind: str, config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": config, "keras_version": "2.9.0", "backend": "tensorflow"}


def input_layer() -> dict[str, Any]:
    return {"class_name": "InputLayer", "config": {"batch_input_shape": SHAPE, "dtype": "float32", "name": "conv2d_input"}}


def chained(stack: list[dict[str, Any]]) -> dict[str, Any]:
    """The layers as a functional model of Keras 2 lists them."""
    layers = [layer | {"name": layer["config"]["name"]} for layer in stack]
    before: list[Any] = []
    for layer in layers:
        layer["inbound_nodes"] = before
        before = [[[layer["name"], 0, 0, {}]]]
    ends = {"input_layers": [[layers[0]["name"], 0, 0]], "output_layers": [[layers[-1]["name"], 0, 0]]}
    return {"name": "model", "layers": layers, **ends}


OLD = {
    "with an input layer": old_model("Sequential", {"name": "s", "layers": [input_layer(), *old_stack((4,), ())]}),
    "both": old_model("Sequential", {"name": "s", "layers": [input_layer(), *old_stack((4,), (), batch_input_shape=SHAPE)]}),
    "without one": old_model("Sequential", {"name": "s", "layers": old_stack((4,), (), batch_input_shape=SHAPE)}),
    "a bare list": old_model("Sequential", old_stack((4,), (), batch_input_shape=SHAPE)),
    "functional": old_model("Functional", chained([input_layer(), *old_stack((4,), ())])),
}


def pair_of(folder: Path, document: Any, weights_of: Any) -> Path:
    """A pair whose architecture is `document` and whose weights are another network's."""
    path = folder / "net.json"
    save_pair(weights_of, path)
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def test_architectures_have_the_shapes_of_the_contract(architecture: Any) -> None:
    assert architecture.input_shape == (None, 48, 48, 1)
    assert architecture.output_shape == (None, 7)
    assert architecture.count_params() == PARAMETERS[architecture.name]


def test_an_unknown_architecture_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="giant"):
        build_network("giant")


def test_a_saved_pair_gives_the_same_probabilities(
    architecture: Any, crops: Batch, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    save_pair(architecture, tmp_path / "net.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.h5", "net.json"]
    np.testing.assert_allclose(predict(load_pair(tmp_path / "net.json"), crops), predict(architecture, crops), atol=1e-6)
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_only_saving_drops_the_warning_about_hdf5(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_pair(small(), tmp_path / "net.json")
    logging.getLogger("absl").warning("You are saving your model as an HDF5 file")
    assert len(caplog.records) == 1


def test_a_document_of_keras_3_stays_as_it_is() -> None:
    document = json.loads(build_network("compact").to_json())
    assert from_keras2(document) | {"compile_config": {}} == document


def test_the_state_of_the_optimiser_is_not_saved(tmp_path: Path, crops: Batch) -> None:
    network = small()
    network.compile("adam", "categorical_crossentropy")
    network.fit(crops, np.eye(7, dtype=np.float32)[:5], verbose=0)
    save_pair(network, tmp_path / "net.json")
    assert "compile_config" not in json.loads((tmp_path / "net.json").read_text(encoding="utf-8"))
    # Adam keeps two numbers for each weight
    assert (tmp_path / "net.h5").stat().st_size < 2 * 4 * network.count_params()
    np.testing.assert_allclose(predict(load_pair(tmp_path / "net.json"), crops), predict(network, crops), atol=1e-6)


def test_a_pair_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EmodjError, match=r"^cannot write .*net\.h5 \(No such file or directory\): choose another place$"):
        save_pair(small(), tmp_path / "missing" / "net.json")


# Keras hands a functional network of Keras 2 a list of one input, and warns when it is called with the input alone
@pytest.mark.filterwarnings("ignore:The structure of `inputs` doesn't match:UserWarning")
@pytest.mark.parametrize("form", OLD)
def test_pairs_of_keras_2_are_read(form: str, tmp_path: Path, crops: Batch) -> None:
    network = small()
    path = pair_of(tmp_path, OLD[form], network)
    np.testing.assert_allclose(predict(load_pair(path), crops), predict(network, crops), atol=1e-6)


def test_a_pair_of_the_ancestor_by_keras_2_is_read(tmp_path: Path, crops: Batch) -> None:
    network = build_network("ancestor")
    layers = [input_layer(), *old_stack((128, 256, 512, 512), (512, 256), batch_input_shape=SHAPE)]
    path = pair_of(tmp_path, old_model("Sequential", {"name": "sequential", "layers": layers}), network)
    np.testing.assert_allclose(predict(load_pair(path), crops), predict(network, crops), atol=1e-6)


def test_a_custom_loss_of_the_author_is_ignored(tmp_path: Path) -> None:
    network = small()
    document = json.loads(network.to_json()) | {"compile_config": {"optimizer": "adam", "loss": "my_focal_loss"}}
    assert load_pair(pair_of(tmp_path, document, network)).output_shape == (None, 7)


@pytest.mark.parametrize("suffix", [".json", ".h5"])
def test_a_missing_file_is_named(tmp_path: Path, suffix: str) -> None:
    save_pair(small(), tmp_path / "net.json")
    missing = (tmp_path / "net.json").with_suffix(suffix)
    missing.unlink()
    with pytest.raises(AssetError, match=rf"{re.escape(str(missing))} cannot be read \(No such file"):
        load_pair(tmp_path / "net.json")


@pytest.mark.parametrize("document", ["", "not json", "[]", "3", "null", '{"a": 1}', '{"class_name": "Sequential"}', "\ud7ff{"])
def test_a_document_that_is_no_network_is_refused(tmp_path: Path, document: str) -> None:
    with pytest.raises(AssetError, match=r"net\.json is not a network"):
        load_pair(pair_of(tmp_path, document, small()))


def test_an_empty_network_is_refused(tmp_path: Path) -> None:
    document = old_model("Sequential", {"name": "s", "layers": []})
    with pytest.raises(AssetError, match=r"net\.json has input None and output None"):
        load_pair(pair_of(tmp_path, document, small()))


def test_code_in_a_network_is_not_executed(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    code = compile(f"open({str(witness)!r}, 'w').close()", "net", "eval")
    body = [base64.b64encode(marshal.dumps(code)).decode(), None, None]
    layer = old_layer("Lambda", function=body, function_type="lambda", module="builtins", output_shape_type="raw", arguments={})
    stack = [input_layer(), layer, *old_stack((4,), ())]
    with pytest.raises(AssetError, match=r"net\.json is not a network that emodj runs: .* has the class 'Lambda'"):
        load_pair(pair_of(tmp_path, old_model("Sequential", {"name": "s", "layers": stack}), small()))
    assert not witness.exists()


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    layers = import_tensorflow("testing").keras.layers
    for other in (
        sequential(layers.Flatten(), layers.Dense(7, activation="softmax")),
        sequential(layers.Conv2D(5, 3), layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(7, activation="softmax")),
    ):
        with pytest.raises(AssetError, match=r"net\.h5 does not fit net\.json"):
            load_pair(pair_of(tmp_path, small().to_json(), other))


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    save_pair(small(), tmp_path / "net.json")
    whole = (tmp_path / "net.h5").read_bytes()
    for damaged in (b"", b"no weights", whole[: len(whole) // 2]):
        (tmp_path / "net.h5").write_bytes(damaged)
        with pytest.raises(AssetError, match=r"net\.h5 does not fit net\.json"):
            load_pair(tmp_path / "net.json")


def test_other_shapes_are_refused(tmp_path: Path) -> None:
    keras = import_tensorflow("testing").keras
    flatten, dense = keras.layers.Flatten, keras.layers.Dense
    for network, fault in (
        (
            keras.Sequential([keras.Input((64, 64, 1)), flatten(), dense(7, activation="softmax")]),
            r"has input \(None, 64, 64, 1\)",
        ),
        (
            keras.Sequential([keras.Input((48, 48, 3)), flatten(), dense(7, activation="softmax")]),
            r"has input \(None, 48, 48, 3\)",
        ),
        (sequential(flatten(), dense(8, activation="softmax")), r"output \(None, 8\)"),
    ):
        save_pair(network, tmp_path / "net.json")
        with pytest.raises(AssetError, match=rf"{fault}.* emodj needs \(None, 48, 48, 1\) and \(None, 7\)"):
            load_pair(tmp_path / "net.json")


def test_outputs_that_are_no_probabilities_are_refused(tmp_path: Path) -> None:
    layers = import_tensorflow("testing").keras.layers
    for activation in ("sigmoid", "linear"):
        save_pair(sequential(layers.Flatten(), layers.Dense(7, activation=activation)), tmp_path / "net.json")
        with pytest.raises(AssetError, match="its last layer must be a softmax"):
            load_pair(tmp_path / "net.json")


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    network = small()
    network.layers[-1].set_weights([np.full_like(weight, np.nan) for weight in network.layers[-1].get_weights()])
    save_pair(network, tmp_path / "net.json")
    with pytest.raises(AssetError, match="not finite"):
        load_pair(tmp_path / "net.json")


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_folded_calibration_is_softmax_of_scaled_logits(temperature: float, crops: Batch) -> None:
    network = small()
    bias = np.random.default_rng(2).normal(size=7).astype(np.float32)
    scores = np.exp(np.log(predict(network, crops)) / temperature + bias)
    fold_calibration(network, temperature, bias)
    np.testing.assert_allclose(predict(network, crops), scores / scores.sum(axis=1, keepdims=True), atol=1e-5)


def test_the_softmax_layer_may_have_any_name(crops: Batch) -> None:
    layers = import_tensorflow("testing").keras.layers
    network = sequential(layers.Flatten(), layers.Dense(7, activation="softmax", name=LOGITS))
    scores = np.exp(np.log(predict(network, crops)) / 2)
    fold_calibration(network, 2.0, np.zeros(7, np.float32))
    np.testing.assert_allclose(predict(network, crops), scores / scores.sum(axis=1, keepdims=True), atol=1e-5)


def test_a_calibration_is_applied_before_the_confidence_head(crops: Batch) -> None:
    keras = import_tensorflow("testing").keras
    keras.utils.set_random_seed(1)
    inputs = keras.Input((48, 48, 1))
    features = keras.layers.Flatten(name=FEATURES)(keras.layers.AveragePooling2D(8)(inputs))
    network = keras.Model(inputs, with_confidence_head(features))
    bias = np.random.default_rng(2).normal(size=7).astype(np.float32)
    scores = np.exp(np.log(predict(network, crops)) / 0.7 + bias)
    fold_calibration(network, 0.7, bias)
    calibrated = scores / scores.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(predict(network, crops), calibrated, atol=1e-5)
    last = network.get_layer(CONFIDENCE_HEAD[1])
    last.set_weights([last.get_weights()[0], np.array([-1.0], np.float32)])
    scaled = calibrated ** (2 / (1 + np.e))
    np.testing.assert_allclose(predict(network, crops), scaled / scaled.sum(axis=1, keepdims=True), atol=1e-5)


@pytest.mark.parametrize(
    ("temperature", "bias"),
    [(0.0, np.zeros(7)), (-1.0, np.zeros(7)), (float("nan"), np.zeros(7)), (1.0, np.zeros(6)), (1.0, np.full(7, np.inf))],
)
def test_a_calibration_out_of_range_is_refused(temperature: float, bias: Any) -> None:
    with pytest.raises(ValueError, match="no calibration"):
        fold_calibration(small(), temperature, bias)


def test_a_network_with_other_last_layers_cannot_be_calibrated() -> None:
    layers = import_tensorflow("testing").keras.layers
    with pytest.raises(EmodjError, match="needs a dense softmax layer"):
        fold_calibration(sequential(layers.Flatten(), layers.Dense(7), layers.Softmax()), 1.0, np.zeros(7, np.float32))
    with pytest.raises(EmodjError, match="needs a dense softmax layer"):
        fold_calibration(
            sequential(layers.Flatten(), layers.Dense(30, name=LOGITS), layers.Dense(7), layers.Softmax()),
            1.0,
            np.zeros(7, np.float32),
        )
    with pytest.raises(EmodjError, match="needs a dense softmax layer"):
        fold_calibration(
            sequential(layers.Flatten(name=LOGITS), layers.Dense(7), layers.Softmax()), 1.0, np.zeros(7, np.float32)
        )


def test_without_tensorflow_the_error_names_purpose_and_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(EmodjError, match=r"^training needs TensorFlow, .*: pip install tensorflow$"):
        import_tensorflow("training")


def test_a_program_that_has_imported_tensorflow_keeps_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    # It has no logger to quieten
    theirs = SimpleNamespace(keras=SimpleNamespace(layers=None))
    monkeypatch.setitem(sys.modules, "tensorflow", theirs)
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    assert import_tensorflow("training") is theirs
    assert "TF_CPP_MIN_LOG_LEVEL" not in os.environ


def test_tensorflow_writes_nothing(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from realtime.classifier.compiler import compile_pair
from realtime.classifier.keras_pair import save_pair
from tests.support.tiny_network import tiny
path = Path(sys.argv[1])
save_pair(tiny(), path)
compile_pair(path)
"""
    command = [sys.executable, "-c", program, str(tmp_path / "net.json")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TF_", "CUDA_", "EMODJ_"))}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_contract_module_does_not_import_tensorflow() -> None:
    program = "import realtime.classifier.contract, sys; sys.exit(any(name in sys.modules for name in ('tensorflow', 'keras')))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
