"""Random augmentation of a batch of faces: vectorised, and reproducible from one seed for each batch.

A view is an augmented face: it is moved, relit and partly covered. Some views are also corrupted in the way that webcams
and messengers corrupt pictures: too bright, too dark, blurred, noisy, or compressed to a small JPEG (after Hendrycks &
Dietterich 2019, arXiv:1903.12261).
"""

from __future__ import annotations

import math
from typing import Any

from realtime.classifier.keras_pair import import_tensorflow
from realtime.domain import CROP_SIDE

ROTATION_DEG = 15.0
SCALE = (0.85, 1.2)
SHIFT_PX = 4.0
CONTRAST = 0.25
BRIGHTNESS = 0.12
ERASE_PROBABILITY = 0.4
ERASE_PX = (6.0, 18.0)
BAR_SHARE = 0.3
"""Share of the covered faces whose cover is a bar across the whole picture, not a rectangle."""
BAR_PX = (6.0, 14.0)
ERASE_GREY = 0.5
CORRUPTION_PROBABILITY = 0.12
"""Probability of each corruption: exposure, gamma, blur, noise and JPEG."""
EXPOSURE = (1.0, 2.2)
GAMMA = (0.4, 2.7)
BLUR_SIGMA_PX = (0.4, 1.7)
BLUR_RADIUS_PX = 4
NOISE_SIGMA = (0.0, 0.11)
JPEG_STEP = (1.0, 6.0)
"""Factor on the quantisation table of quality 50; quality 10 is factor 5."""

# Luminance steps at quality 50 (ITU-T T.81, Annex K, table K.1), on pixels of 0..255
JPEG_TABLE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


def augment(batch: Any, seed: Any) -> Any:
    """Flip, rotate, scale, shift, relight, corrupt and partly cover each face of a batch.

    Args:
        batch: tensor (n, 48, 48, 1) float32 in 0..1.
        seed: tensor (2,) int32; the same seed gives the same views.

    Returns:
        Tensor like `batch`. Random erasing after Zhong et al. 2017 (arXiv:1708.04896).
    """
    tf = import_tensorflow("training")
    count = tf.shape(batch)[0]
    draws = tf.random.stateless_uniform((24, count), seed)

    def between(row: int, low: float, high: float) -> Any:
        return low + (high - low) * draws[row]

    turn = between(0, -ROTATION_DEG, ROTATION_DEG) * math.pi / 180
    scale = tf.exp(between(1, math.log(SCALE[0]), math.log(SCALE[1])))
    right, down = between(2, -SHIFT_PX, SHIFT_PX), between(3, -SHIFT_PX, SHIFT_PX)
    flip = tf.sign(between(4, -1, 1))
    views = _warp(tf, batch, tf.cos(turn) / scale, tf.sin(turn) / scale, flip, right, down)

    mean = tf.reduce_mean(views, axis=(1, 2, 3), keepdims=True)
    contrast = _per_face(between(5, 1 - CONTRAST, 1 + CONTRAST))
    views = (views - mean) * contrast + mean + _per_face(between(6, -BRIGHTNESS, BRIGHTNESS))

    views = corrupt(tf.clip_by_value(views, 0.0, 1.0), draws[12:22], seed)

    bar = draws[22] < BAR_SHARE
    width = tf.where(bar, 2.0 * CROP_SIDE, between(9, *ERASE_PX))
    height = tf.where(bar, between(23, *BAR_PX), between(10, *ERASE_PX))
    covered = _rectangle_masks(tf, between(7, 0, CROP_SIDE), between(8, 0, CROP_SIDE), width, height)
    covered &= _per_face(draws[11] < ERASE_PROBABILITY)
    return tf.where(covered, ERASE_GREY, views)


def mixup(views: Any, targets: Any, alpha: float, seed: Any) -> tuple[Any, Any]:
    """Blend each view with another view of the batch, and their targets likewise (Zhang et al. 2017, arXiv:1710.09412).

    Args:
        views: tensor (n, 48, 48, 1) float32.
        targets: tensor (n, 7) float32.
        alpha: both parameters of the beta distribution of the shares, above 0; a small value leaves most views unchanged.
        seed: tensor (2,) int32; the same seed gives the same blend.

    Returns:
        The blended views and targets, with the shapes of `views` and `targets`.
    """
    tf = import_tensorflow("training")
    # A beta variate is the share of one gamma variate in the sum of two of them
    seeds = tf.constant([0, 1 << 29])
    draws = tf.random.stateless_gamma((2, tf.shape(views)[0]), seed + seeds, alpha=alpha) + 1e-6
    share = draws[0] / (draws[0] + draws[1])
    share = tf.maximum(share, 1.0 - share)
    across, down = _per_face(share), share[:, None]
    return across * views + (1 - across) * views[::-1], down * targets + (1 - down) * targets[::-1]


def corrupt(views: Any, draws: Any, seed: Any) -> Any:
    """Corrupt some of the views, each with its own strength.

    Args:
        views: tensor (n, 48, 48, 1) float32 in 0..1.
        draws: tensor (10, n) float32 in 0..1: two rows for each of exposure, gamma, blur, noise and JPEG. The first row
            decides whether the corruption applies, the second one how strong it is.
        seed: tensor (2,) int32, for the noise.
    """
    tf = import_tensorflow("training")

    def chosen(row: int) -> Any:
        return _per_face(draws[2 * row] < CORRUPTION_PROBABILITY)

    def amount(row: int, low: float, high: float) -> Any:
        return _per_face(low + (high - low) * draws[2 * row + 1])

    views = tf.where(chosen(0), tf.minimum(1.0, views * amount(0, *EXPOSURE)), views)
    gamma = tf.exp(amount(1, math.log(GAMMA[0]), math.log(GAMMA[1])))
    views = tf.where(chosen(1), tf.pow(views, gamma), views)
    views = tf.where(chosen(2), _blur(tf, views, amount(2, *BLUR_SIGMA_PX)), views)
    # The draws come from the same seed, so the noise needs another one
    noise = tf.random.stateless_normal(tf.shape(views), seed + tf.constant([0, 1 << 30]))
    views = tf.where(chosen(3), views + noise * amount(3, *NOISE_SIGMA), views)
    views = tf.where(chosen(4), _compress_jpeg(tf, views, amount(4, *JPEG_STEP)), views)
    return tf.clip_by_value(views, 0.0, 1.0)


def _blur(tf: Any, views: Any, sigma: Any) -> Any:
    """Blur each view with its own sigma in one convolution: the views become the channels of one picture."""
    offsets = tf.range(-BLUR_RADIUS_PX, BLUR_RADIUS_PX + 1, dtype=tf.float32)
    weights = tf.exp(-0.5 * tf.square(offsets[:, None] / sigma[None, :, 0, 0, 0]))
    weights /= tf.reduce_sum(weights, axis=0, keepdims=True)
    edge = [[0, 0], [BLUR_RADIUS_PX] * 2, [BLUR_RADIUS_PX] * 2, [0, 0]]
    picture = tf.pad(tf.transpose(views, (3, 1, 2, 0)), edge, "SYMMETRIC")
    for kernel in (weights[:, None, :, None], weights[None, :, :, None]):
        picture = tf.nn.depthwise_conv2d(picture, kernel, (1, 1, 1, 1), "VALID")
    return tf.transpose(picture, (3, 1, 2, 0))


def _compress_jpeg(tf: Any, views: Any, step: Any) -> Any:
    """Simulate JPEG: round the cosine coefficients of each block to `step` times the quantisation table."""
    size = len(JPEG_TABLE)
    waves = [[math.cos(math.pi * (2 * x + 1) * u / (2 * size)) for x in range(size)] for u in range(size)]
    cosines = tf.constant(waves) * tf.constant([[math.sqrt((2 if u else 1) / size)] for u in range(size)])
    steps = tf.constant(JPEG_TABLE, tf.float32)[None, None, :, None, :] * step[:, :, :, :, None]
    side = CROP_SIDE // size
    blocks = tf.reshape(views * 255.0 - 128.0, (-1, side, size, side, size))
    coefficients = tf.einsum("uy,naybx,vx->naubv", cosines, blocks, cosines)
    rounded = tf.round(coefficients / steps) * steps
    blocks = tf.einsum("uy,naubv,vx->naybx", cosines, rounded, cosines)
    return tf.reshape((blocks + 128.0) / 255.0, (-1, CROP_SIDE, CROP_SIDE, 1))


def _per_face(values: Any) -> Any:
    return values[:, None, None, None]


def _warp(tf: Any, batch: Any, cos: Any, sin: Any, flip: Any, right: Any, down: Any) -> Any:
    """Rotate, scale and flip about the centre, then shift. The matrix maps output pixels to input pixels."""
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


def _rectangle_masks(tf: Any, x: Any, y: Any, width: Any, height: Any) -> Any:
    """Masks (n, 48, 48, 1): one rectangle for each face, with the centre (x, y)."""
    line = tf.range(CROP_SIDE, dtype=tf.float32)
    across = tf.abs(line[None, :] - x[:, None]) < width[:, None] / 2
    along = tf.abs(line[None, :] - y[:, None]) < height[:, None] / 2
    return (along[:, :, None] & across[:, None, :])[..., None]
