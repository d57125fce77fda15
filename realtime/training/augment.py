"""Random views of a batch of faces, vectorised and reproducible from one seed a batch."""

from __future__ import annotations

import math
from typing import Any

from realtime.domain import CROP_SIDE
from realtime.network import tensorflow

ROTATION_DEG = 12.0
SCALE = (0.85, 1.2)
SHIFT_PX = 4.0
CONTRAST = 0.25
BRIGHTNESS = 0.12
ERASE_PROBABILITY = 0.4
ERASE_PX = (6.0, 18.0)
ERASE_GREY = 0.5


def augment(batch: Any, seed: Any) -> Any:
    """Flip, turn, scale, shift, relight and partly cover each face of a batch.

    Args:
        batch: tensor (n, 48, 48, 1) float32 in 0..1.
        seed: tensor (2,) int32; the same seed gives the same views.

    Returns:
        Tensor like `batch`. Random erasing after Zhong et al. 2017 (arXiv:1708.04896).
    """
    tf = tensorflow("training")
    count = tf.shape(batch)[0]
    draws = tf.random.stateless_uniform((12, count), seed)

    def between(row: int, low: float, high: float) -> Any:
        return low + (high - low) * draws[row]

    turn = between(0, -ROTATION_DEG, ROTATION_DEG) * math.pi / 180
    scale = tf.exp(between(1, math.log(SCALE[0]), math.log(SCALE[1])))
    right, down = between(2, -SHIFT_PX, SHIFT_PX), between(3, -SHIFT_PX, SHIFT_PX)
    flip = tf.sign(between(4, -1, 1))
    views = _transform(tf, batch, tf.cos(turn) / scale, tf.sin(turn) / scale, flip, right, down)

    mean = tf.reduce_mean(views, axis=(1, 2, 3), keepdims=True)
    contrast = _per_face(between(5, 1 - CONTRAST, 1 + CONTRAST))
    views = (views - mean) * contrast + mean + _per_face(between(6, -BRIGHTNESS, BRIGHTNESS))

    covered = _covered(tf, between(7, 0, CROP_SIDE), between(8, 0, CROP_SIDE), between(9, *ERASE_PX), between(10, *ERASE_PX))
    covered &= _per_face(draws[11] < ERASE_PROBABILITY)
    return tf.clip_by_value(tf.where(covered, ERASE_GREY, views), 0.0, 1.0)


def _per_face(values: Any) -> Any:
    return values[:, None, None, None]


def _transform(tf: Any, batch: Any, cos: Any, sin: Any, flip: Any, right: Any, down: Any) -> Any:
    """Look each output pixel up in the input: about the centre, a turn, a scale, a flip, then a shift."""
    centre = (CROP_SIDE - 1) / 2
    a, b, d, e = cos * flip, -sin, sin * flip, cos
    c = centre - a * centre - b * centre + right
    f = centre - d * centre - e * centre + down
    zero = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=batch,
        transforms=tf.stack([a, b, c, d, e, f, zero, zero], axis=1),
        output_shape=tf.constant([CROP_SIDE, CROP_SIDE]),
        interpolation="BILINEAR",
        fill_mode="NEAREST",
        fill_value=0.0,
    )


def _covered(tf: Any, x: Any, y: Any, width: Any, height: Any) -> Any:
    """Mask (n, 48, 48, 1) of one rectangle a face, about its centre (x, y)."""
    line = tf.range(CROP_SIDE, dtype=tf.float32)
    across = tf.abs(line[None, :] - x[:, None]) < width[:, None] / 2
    along = tf.abs(line[None, :] - y[:, None]) < height[:, None] / 2
    return (along[:, :, None] & across[:, None, :])[..., None]
