"""From light to the pixels of a crop: exposure, tone curve, lens, noise and JPEG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.domain import CROP_SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

GREY_MEAN, GREY_SPREAD = (124.0, 36.0), (53.0, 14.0)
"""Mean and standard deviation of a picture's mean grey level and of its spread; as measured on FER-2013's Training."""
BLUR_SIGMA = (0.0, 0.55)
"""Blur, in pixels of the crop."""
ADAPTED = 0.85
"""How far a camera and its users bring a picture to the brightness that they want; the rest is the scene's."""
SHARPENED_SHARE, SHARPENING = 0.5, (0.0, 0.4)
"""Share of the pictures that are sharpened, as cameras do, and how strongly."""
NOISE = 0.011
"""Highest standard deviation of the noise, of the range of grey levels."""
JPEG_SHARE, JPEG_QUALITY = 0.6, (40, 95)


def expose(light: Floats, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turn light (side, side) into a crop (48, 48) uint8, as a camera and a messenger would."""
    middle = light[len(light) // 5 : -len(light) // 6, len(light) // 4 : -len(light) // 4]
    metered = rng.uniform(0.35, 1)
    white = np.percentile(middle, 95) ** metered * np.percentile(light, 97) ** (1 - metered)
    image = np.clip(light / max(float(white), 1e-4), 0, 1.3) ** np.float32(1 / 2.2)
    small = np.asarray(cv2.resize(image, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_AREA), np.float32)
    mean, spread = float(small.mean()), max(float(small.std()), 0.02)
    wanted, contrast = rng.normal(*GREY_MEAN) / 255, rng.normal(*GREY_SPREAD) / 255
    gain = np.clip((max(contrast, 0.08) / spread) ** 0.8, 0.5, 2.5)
    small = (small - mean) * np.float32(gain) + np.float32(mean + ADAPTED * (np.clip(wanted, 0.15, 0.85) - mean))
    small = np.clip(small, 0, 1)
    blur = rng.uniform(*BLUR_SIGMA)
    if rng.random() < SHARPENED_SHARE:
        soft = np.asarray(cv2.GaussianBlur(small, (0, 0), 0.9), np.float32)
        small += np.float32(rng.uniform(*SHARPENING)) * (small - soft)
    elif blur > 0.25:
        small = np.asarray(cv2.GaussianBlur(small, (0, 0), blur), np.float32)
    small += rng.normal(0, rng.uniform(0, NOISE), small.shape).astype(np.float32)
    pixels = np.round(np.clip(small, 0, 1) * 255).astype(np.uint8)
    if rng.random() < JPEG_SHARE:
        quality = int(rng.integers(*JPEG_QUALITY))
        data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        pixels = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
    return pixels
