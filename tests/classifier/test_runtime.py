import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime.classifier.architectures import ARCHITECTURES, CONFIDENCE_HEAD, build_network
from realtime.classifier.compiler import compile_network
from realtime.classifier.keras_pair import fold_calibration, import_tensorflow, predict
from realtime.classifier.runtime import Classifier, CvDnnClassifier, LiteRtClassifier, open_classifier
from realtime.domain import Batch
from realtime.errors import AssetError
from realtime.training import confidence_head

# Keras 3.15 reads its variables by the protocol of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

RUNTIMES: list[Callable[[bytes], Classifier]] = [LiteRtClassifier, CvDnnClassifier]


def block_crops(count: int) -> Batch:
    """Crops of dark and bright blocks: with fine noise the answers would hardly differ."""
    random = np.random.default_rng(count)
    blocks = random.random((count, 6, 6, 1), np.float32) * random.random((count, 1, 1, 1), np.float32)
    return blocks.repeat(8, axis=1).repeat(8, axis=2)


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def network(request: pytest.FixtureRequest) -> Any:
    import_tensorflow("testing").keras.utils.set_random_seed(1)
    network = build_network(request.param)
    if confidence_head.has_confidence_head(network):
        # Without training its factor is one for every face
        last, random = network.get_layer(CONFIDENCE_HEAD[1]), np.random.default_rng(1)
        last.set_weights([random.normal(size=weight.shape) for weight in last.get_weights()])
    # An untrained network gives every face nearly the same answer, so spread its logits
    logits = np.log(predict(network, block_crops(8)))
    deviation = float(logits.std(axis=0).mean()) * 3
    fold_calibration(network, deviation, (-logits.mean(axis=0) / deviation).astype(np.float32))
    return network


@pytest.fixture(scope="module")
def compiled(network: Any) -> bytes:
    return compile_network(network)


@pytest.fixture(scope="module", params=RUNTIMES)
def classifier(request: pytest.FixtureRequest, compiled: bytes) -> Classifier:
    return request.param(compiled)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 16, 5])
def test_every_runtime_gives_the_probabilities_of_keras(network: Any, classifier: Classifier, count: int) -> None:
    probabilities = classifier.classify(block_crops(count))
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (count, 7)
    np.testing.assert_allclose(probabilities, predict(network, block_crops(count)), atol=1e-4)


def test_an_answer_does_not_depend_on_the_other_crops(classifier: Classifier) -> None:
    batch = block_crops(4)
    together = classifier.classify(batch)
    alone = np.concatenate([classifier.classify(batch[row : row + 1]) for row in range(4)])
    assert np.ptp(together, axis=0).max() > 0.02
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_next_call_does_not_change_an_answer(classifier: Classifier) -> None:
    first = classifier.classify(block_crops(2))
    kept = first.copy()
    classifier.classify(block_crops(2)[::-1])
    np.testing.assert_array_equal(first, kept)


def test_the_batch_need_not_be_contiguous(classifier: Classifier) -> None:
    wide = np.random.default_rng(0).random((6, 48, 96, 1), np.float32)
    apart = wide[::2, :, ::2]
    apart.setflags(write=False)
    np.testing.assert_allclose(classifier.classify(apart), classifier.classify(np.ascontiguousarray(apart)), atol=1e-6)


def test_no_faces_give_no_rows(classifier: Classifier) -> None:
    assert classifier.classify(block_crops(0)).shape == (0, 7)
    assert classifier.classify(block_crops(1)).shape == (1, 7)


@pytest.mark.parametrize(
    "batch",
    [
        np.zeros((1, 48, 48, 3), np.float32),
        np.zeros((48, 48, 1), np.float32),
        np.zeros((1, 47, 48, 1), np.float32),
        np.zeros((1, 48, 48, 1), np.uint8),
        np.zeros((1, 48, 48, 1), np.float64),
    ],
)
def test_other_shapes_and_types_are_refused(classifier: Classifier, batch: Any) -> None:
    with pytest.raises(ValueError, match=r"expected crops of shape \(n, 48, 48, 1\) in float32"):
        classifier.classify(batch)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("damage", ["empty", "other", "half"])
def test_a_damaged_file_is_refused(runtime: Callable[[bytes], Classifier], damage: str, compiled: bytes) -> None:
    model = {"empty": b"", "other": b"not a network" * 10, "half": compiled[: len(compiled) // 2]}[damage]
    with pytest.raises(AssetError, match="this is not a compiled network that"):
        runtime(model)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(("side", "channels", "classes"), [(48, 1, 8), (64, 1, 7), (48, 3, 7)])
def test_a_network_of_other_shapes_is_refused(
    runtime: Callable[[bytes], Classifier], side: int, channels: int, classes: int
) -> None:
    keras = import_tensorflow("testing").keras
    layers = [keras.layers.Flatten(), keras.layers.Dense(classes, activation="softmax")]
    model = compile_network(keras.Sequential([keras.Input((side, side, channels)), *layers]))
    with pytest.raises(AssetError, match="compiled network"):
        runtime(model)


def test_opencv_runs_the_network_only_without_litert(compiled: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(open_classifier(compiled, num_threads=2), LiteRtClassifier)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    assert isinstance(open_classifier(compiled), CvDnnClassifier)


def test_litert_writes_nothing(compiled: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.tflite").write_bytes(compiled)
    program = """
import sys
from pathlib import Path
import numpy as np
from realtime.classifier.runtime import LiteRtClassifier
classifier = LiteRtClassifier(Path(sys.argv[1]).read_bytes(), num_threads=2)
for count in (1, 3, 1):
    classifier.classify(np.zeros((count, 48, 48, 1), np.float32))
assert not {"tensorflow", "keras", "cv2"} & sys.modules.keys()
"""
    command = [sys.executable, "-c", program, str(tmp_path / "net.tflite")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
