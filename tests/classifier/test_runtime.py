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

# Keras 3.15 reads its variables in the way of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

OPENERS: list[Callable[[bytes], Classifier]] = [LiteRtClassifier, CvDnnClassifier]


def some(count: int) -> Batch:
    """Crops of blocks, dark and bright ones: noise looks the same everywhere."""
    random = np.random.default_rng(count)
    blocks = random.random((count, 6, 6, 1), np.float32) * random.random((count, 1, 1, 1), np.float32)
    return blocks.repeat(8, axis=1).repeat(8, axis=2)


@pytest.fixture(scope="module", params=sorted(ARCHITECTURES))
def network(request: pytest.FixtureRequest) -> Any:
    import_tensorflow("testing").keras.utils.set_random_seed(1)
    network = build_network(request.param)
    if confidence_head.teachable(network):
        # Untaught it says one of every face
        last, dice = network.get_layer(CONFIDENCE_HEAD[1]), np.random.default_rng(1)
        last.set_weights([dice.normal(size=weight.shape) for weight in last.get_weights()])
    # An untrained network gives every face nearly the same answer: spread its logits
    logits = np.log(predict(network, some(8)))
    deviation = float(logits.std(axis=0).mean()) * 3
    fold_calibration(network, deviation, (-logits.mean(axis=0) / deviation).astype(np.float32))
    return network


@pytest.fixture(scope="module")
def compiled(network: Any) -> bytes:
    return compile_network(network)


@pytest.fixture(scope="module", params=OPENERS)
def classifier(request: pytest.FixtureRequest, compiled: bytes) -> Classifier:
    return request.param(compiled)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 16, 5])
def test_every_reader_answers_as_keras_does(network: Any, classifier: Classifier, count: int) -> None:
    said = classifier.classify(some(count))
    assert said.dtype == np.float32
    assert said.shape == (count, 7)
    np.testing.assert_allclose(said, predict(network, some(count)), atol=1e-4)


def test_a_crop_is_answered_alike_alone_and_among_others(classifier: Classifier) -> None:
    batch = some(4)
    together = classifier.classify(batch)
    alone = np.concatenate([classifier.classify(batch[row : row + 1]) for row in range(4)])
    assert np.ptp(together, axis=0).max() > 0.02
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_an_answer_is_not_changed_by_the_next_one(classifier: Classifier) -> None:
    first = classifier.classify(some(2))
    kept = first.copy()
    classifier.classify(some(2)[::-1])
    np.testing.assert_array_equal(first, kept)


def test_crops_need_not_lie_in_one_piece(classifier: Classifier) -> None:
    wide = np.random.default_rng(0).random((6, 48, 96, 1), np.float32)
    apart = wide[::2, :, ::2]
    apart.setflags(write=False)
    np.testing.assert_allclose(classifier.classify(apart), classifier.classify(np.ascontiguousarray(apart)), atol=1e-6)


def test_no_faces_give_no_rows(classifier: Classifier) -> None:
    assert classifier.classify(some(0)).shape == (0, 7)
    assert classifier.classify(some(1)).shape == (1, 7)


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
def test_other_crops_are_refused(classifier: Classifier, batch: Any) -> None:
    with pytest.raises(ValueError, match=r"expected crops of shape \(n, 48, 48, 1\) in float32"):
        classifier.classify(batch)


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("damage", ["empty", "other", "half"])
def test_a_damaged_file_is_refused(opener: Callable[[bytes], Classifier], damage: str, compiled: bytes) -> None:
    model = {"empty": b"", "other": b"not a network" * 10, "half": compiled[: len(compiled) // 2]}[damage]
    with pytest.raises(AssetError, match="this is not a compiled network that"):
        opener(model)


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize(("side", "channels", "classes"), [(48, 1, 8), (64, 1, 7), (48, 3, 7)])
def test_a_network_of_other_shapes_is_refused(
    opener: Callable[[bytes], Classifier], side: int, channels: int, classes: int
) -> None:
    keras = import_tensorflow("testing").keras
    layers = [keras.layers.Flatten(), keras.layers.Dense(classes, activation="softmax")]
    model = compile_network(keras.Sequential([keras.Input((side, side, channels)), *layers]))
    with pytest.raises(AssetError, match="compiled network"):
        opener(model)


def test_litert_comes_first_and_opencv_where_it_is_missing(compiled: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(open_classifier(compiled, num_threads=2), LiteRtClassifier)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    assert isinstance(open_classifier(compiled), CvDnnClassifier)


def test_litert_is_not_heard(compiled: bytes, tmp_path: Path) -> None:
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
