from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from realtime.classifier.weights_file import Weights, check_weights, explain_mismatch
from tests.support.places import MODELS

Make = Callable[[Any, Path], None]


@pytest.fixture
def made(tmp_path: Path) -> Callable[[Make], Path]:
    """Make a file of weights, beside another file of them."""

    def make(build: Make) -> Path:
        other = tmp_path / "other.h5"
        with h5py.File(other, "w") as file:
            file["kernel"] = np.ones(5, np.float32)
        path = tmp_path / "net.h5"
        with h5py.File(path, "w") as file:
            file["layers/dense/vars/0"] = np.ones((3, 4), np.float32)
            build(file, other)
        return path

    return make


def test_the_shipped_weights_are_allowed() -> None:
    weights = check_weights(MODELS / "emotiondetector.h5")
    assert weights == Weights(1_452_840, 1_452_840, "h5")


def test_both_layouts_of_keras_are_known(made: Callable[[Make], Path]) -> None:
    assert check_weights(made(lambda _file, _other: None)) == Weights(12, 12, "weights.h5")

    def legacy(file: Any, _: Path) -> None:
        file.attrs["layer_names"] = [b"dense"]

    assert check_weights(made(legacy)).layout == "h5"


def test_the_state_of_a_training_is_not_of_the_layers(made: Callable[[Make], Path]) -> None:
    def trained(file: Any, _: Path) -> None:
        file["optimizer/vars/1"] = np.ones(100, np.float32)
        file["metrics/mean/vars/0"] = np.float32(1)
        file["layers/dropout/seed_generator/vars/0"] = np.ones(2, np.uint32)

    assert check_weights(made(trained)) == Weights(12 + 103, 12, "weights.h5")


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (
            (
                "Shape mismatch in layer #0 (named conv2d)for weight sequential/conv2d/kernel. Weight expects shape "
                "(3, 3, 1, 4). Received saved weight with shape (5, 5, 1, 4)"
            ),
            "kernel of the layer 'conv2d' has the shape (3, 3, 1, 4), and (5, 5, 1, 4) in the file of weights",
        ),
        (
            (
                "A total of 2 objects could not be loaded. Example error message for object <Conv2D name=conv2d, built=True>:"
                "\n\nThe shape of the target variable and the shape of the target value in `variable.assign(value)` must "
                "match. variable.shape=(3, 3, 1, 4), Received: value.shape=(5, 5, 1, 4). Target variable: "
                "<Variable path=s/conv2d/kernel, shape=(3, 3, 1, 4)"
            ),
            "kernel of the layer 'conv2d' has the shape (3, 3, 1, 4), and (5, 5, 1, 4) in the file of weights",
        ),
        (
            (
                "Weight count mismatch for layer #0 (named conv2d in the current model, conv2d_3 in the save file). "
                "Layer expects 2 weight(s). Received 1 saved weight(s)"
            ),
            "the layer 'conv2d' has weights of 2 kinds, and 1 in the file of weights",
        ),
        (
            (
                "A total of 1 objects could not be loaded. Example error message for object <Dense name=dense, built=True>:\n\n"
                "Layer 'dense' expected 2 variables, but received 0 variables during loading."
            ),
            "the layer 'dense' has weights of 2 kinds, and 0 in the file of weights",
        ),
        (
            "Layer count mismatch when loading weights from file. Model expected 3 layers, found 4 saved layers.",
            "it has 3 layers with weights, and 4 in the file of weights",
        ),
        ("another message\nof two lines", "another message"),
        ("", "ValueError"),
    ],
)
def test_a_mismatch_names_layer_and_shapes(message: str, sentence: str) -> None:
    assert explain_mismatch(ValueError(message)) == sentence


def link_out(file: Any, other: Path) -> None:
    file["layers/link"] = h5py.ExternalLink(other.name, "kernel")


def link_out_missing(file: Any, _: Path) -> None:
    file["link"] = h5py.ExternalLink("/nowhere/secret", "x")


def link_inside(file: Any, _: Path) -> None:
    file["link"] = h5py.SoftLink("/layers/dense/vars/0")


def link_hard(file: Any, _: Path) -> None:
    file["layers/again"] = file["layers"]


def store_outside(file: Any, other: Path) -> None:
    file.create_dataset("raw", (4,), np.uint8, external=[(str(other), 0, 4)])


def virtual(file: Any, other: Path) -> None:
    layout = h5py.VirtualLayout((5,), np.float32)
    layout[:] = h5py.VirtualSource(str(other), "kernel", (5,))
    file.create_virtual_dataset("virtual", layout)


def text(file: Any, _: Path) -> None:
    file["text"] = "a text"


def record(file: Any, _: Path) -> None:
    file["record"] = np.zeros(2, [("a", "f4"), ("b", "f4")])


def type_alone(file: Any, _: Path) -> None:
    file["type"] = np.dtype("f4")


def declared(file: Any, _: Path) -> None:
    file.create_dataset("empty", (10**10,), np.float32, chunks=(10**6,))


def compressed(file: Any, _: Path) -> None:
    file.create_dataset("zeros", data=np.zeros(5 * 10**6, np.float32), compression="gzip")


def filtered(file: Any, _: Path) -> None:
    file.create_dataset("lzf", data=np.zeros(1000, np.float32), compression="lzf")


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (link_out, "/layers/link is a link to another file, other.h5"),
        (link_out_missing, "/link is a link to another file, /nowhere/secret"),
        (link_inside, "/link is a link to another place"),
        (link_hard, "is stored under two names"),
        (store_outside, "/raw is stored in another file, .*other.h5"),
        (virtual, "/virtual is a virtual dataset"),
        (text, "/text does not hold numbers"),
        (record, "/record does not hold numbers"),
        (type_alone, "/type is neither a group nor a dataset"),
        (declared, "declares more than"),
        (compressed, "declares more than"),
        (filtered, "/lzf is compressed by filter 32000"),
    ],
)
def test_what_keras_does_not_write_is_refused(made: Callable[[Make], Path], build: Make, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_weights(made(build))


def test_a_compressed_file_of_real_size_is_allowed(made: Callable[[Make], Path]) -> None:
    def build(file: Any, _: Path) -> None:
        data = np.random.default_rng(0).random(1000, np.float32)
        file.create_dataset("kernel", data=data, compression="gzip", shuffle=True, fletcher32=True)

    assert check_weights(made(build)).numbers == 1012


@pytest.mark.parametrize("content", [b"", b"no weights", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_what_is_no_hdf5_file_is_an_os_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "net.h5"
    path.write_bytes(content)
    with pytest.raises(OSError, match="open"):
        check_weights(path)
