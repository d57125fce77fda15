from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from realtime.classifier.compiler import compile_network
from realtime.classifier.keras_pair import import_tensorflow
from realtime.classifier.trial import try_compiled
from realtime.errors import AssetError

if TYPE_CHECKING:
    from collections.abc import Callable

pytest.importorskip("ai_edge_litert", reason="OpenCV has no operation whose size depends on values")

# Keras 3.15 reads its variables by the protocol of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

PATH = Path("/models/net.tflite")
GREY = 0.25
"""No pixel of a trial has exactly this level."""


def compiled(extra: Callable[[Any, Any], Any]) -> bytes:
    """A network of equal probabilities: one number is added to all of them before the softmax, which does not change them."""
    tf = import_tensorflow("testing")

    def answer(crops: Any) -> Any:
        zeros = tf.reduce_mean(crops, axis=(1, 2)) * 0.0
        return tf.nn.softmax(zeros @ tf.zeros((1, 7)) + extra(tf, crops))

    function = tf.function(answer, input_signature=[tf.TensorSpec((None, 48, 48, 1), tf.float32)])
    return tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()]).convert()


def grey_pixels(tf: Any, crops: Any) -> Any:
    return tf.reduce_sum(tf.cast(tf.equal(crops, GREY), tf.float32))


def fill(tf: Any, crops: Any) -> Any:
    size = tf.cast(grey_pixels(tf, crops), tf.int32)
    return tf.reduce_sum(tf.fill([size, 10_000], tf.reduce_mean(crops)))


def list_places(tf: Any, crops: Any) -> Any:
    return tf.reduce_sum(tf.cast(tf.where(tf.equal(crops, GREY)), tf.float32))


def count_up(tf: Any, crops: Any) -> Any:
    return tf.reduce_sum(tf.range(0.0, grey_pixels(tf, crops), 0.001))


def loop(tf: Any, crops: Any) -> Any:
    most = grey_pixels(tf, crops) * 1e9

    def goes_on(number: Any) -> Any:
        return number < most

    def add_one(number: Any) -> Any:
        return [number + 1.0]

    return tf.while_loop(goes_on, add_one, [tf.constant(0.0)])[0]


def largest(tf: Any, crops: Any) -> Any:
    size = tf.argmax(tf.reshape(crops, [-1]), output_type=tf.int32)
    return tf.reduce_max(tf.fill([size + 1, 1000], tf.reduce_mean(crops)))


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        (fill, "its operation CAST computes whole numbers from the pixels of a face, so its memory has no limit"),
        (list_places, "its operation WHERE computes whole numbers"),
        (count_up, "its operation RANGE computes whole numbers"),
        (largest, "its operation ARG_MAX computes whole numbers"),
        (loop, "it has loops or branches, so its time and memory can depend on the face"),
    ],
)
def test_a_network_that_grows_with_one_special_face_is_refused(extra: Callable[[Any, Any], Any], why: str) -> None:
    with pytest.raises(AssetError, match=rf"^{PATH} cannot be used: {why}"):
        try_compiled(compiled(extra), PATH)


def test_sizes_that_follow_from_the_number_of_faces_are_fixed() -> None:
    try_compiled(compiled(lambda tf, crops: tf.reduce_mean(tf.fill([tf.shape(crops)[0], 9], tf.reduce_mean(crops)))), PATH)


def test_layers_that_compare_and_reshape_have_fixed_sizes() -> None:
    keras = import_tensorflow("testing").keras
    layers = keras.layers
    inputs = keras.Input((48, 48, 1))
    outputs = layers.Conv2D(4, 5, strides=4, activation="selu")(inputs)
    outputs = layers.ReLU(max_value=2, negative_slope=0.1, threshold=0.2)(outputs)
    outputs = layers.Conv2DTranspose(4, 3, strides=2, activation="mish")(outputs)
    outputs = layers.UpSampling2D(2, interpolation="bilinear")(layers.PReLU()(outputs))
    outputs = layers.Resizing(6, 6)(layers.GroupNormalization(2)(outputs))
    outputs = layers.Reshape((36, 4))(outputs)
    outputs = layers.Flatten()(layers.MultiHeadAttention(2, 2)(outputs, outputs))
    outputs = layers.Dense(7, activation="softmax")(layers.UnitNormalization()(outputs))
    try_compiled(compile_network(keras.Model(inputs, outputs)), PATH)
