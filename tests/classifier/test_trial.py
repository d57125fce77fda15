import re
import sys
from pathlib import Path
from typing import Any

import pytest

from realtime.classifier.compiler import compile_network
from realtime.classifier.keras_pair import import_tensorflow
from realtime.classifier.trial import try_compiled
from realtime.errors import AssetError
from tests.support.places import MODELS

# Keras 3.15 reads its variables by the protocol of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

SHIPPED = MODELS / "emotiondetector.tflite"
PATH = Path("/models/net.tflite")


def compiled(*layers: Any) -> bytes:
    keras = import_tensorflow("testing").keras
    return compile_network(keras.Sequential([keras.Input((48, 48, 1)), *layers]))


def test_the_shipped_network_passes() -> None:
    try_compiled(SHIPPED.read_bytes(), SHIPPED)


@pytest.mark.parametrize("size", [0, 20, 10_000])
def test_a_damaged_network_is_refused(size: int) -> None:
    with pytest.raises(AssetError, match=rf"^{re.escape(str(PATH))} cannot be used: "):
        try_compiled(SHIPPED.read_bytes()[:size], PATH)


def test_a_network_whose_answers_are_no_probabilities_is_refused() -> None:
    layers = import_tensorflow("testing").keras.layers
    model = compiled(layers.Flatten(), layers.Dense(7))
    with pytest.raises(AssetError, match=rf"^{re.escape(str(PATH))} gives numbers that are not probabilities"):
        try_compiled(model, PATH)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_network_of_kilobytes_that_wants_gigabytes_is_refused() -> None:
    layers = import_tensorflow("testing").keras.layers
    # 48 · 400 by 48 · 400 numbers are 1.5 GB
    model = compiled(layers.UpSampling2D(400), layers.GlobalAveragePooling2D(), layers.Dense(7, activation="softmax"))
    assert len(model) < 10**5
    with pytest.raises(AssetError, match=r"^/models/net\.tflite cannot be used: .*needs more .*memory"):
        try_compiled(model, PATH)
