"""How a network reads faces that a camera or a messenger has spoilt: the clear images of FER-2013, spoilt in twelve ways.

    python -m benchmarks.robustness fer2013.npz [--model NAME.json] [--part private|public]

For each way: accuracy against what more than five of ten people saw, the share answered at `faces.unsure_below`, and the
share right of those, beside the same without damage. Needs TensorFlow and the data.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from benchmarks.ours import shipped_settings
from realtime import assets
from realtime.network import load_pair
from realtime.training import dataset
from realtime.training.evaluate import clear_majority
from realtime.training.fit import predict

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

CENTRE = (23.5, 23.5)
TENTH = 4.8
"""Pixels: a tenth of a crop's side."""


def _moved(matrix: NDArray[np.float64]) -> Callable[[Picture], Picture]:
    return lambda image: np.asarray(cv2.warpAffine(image, matrix, (48, 48), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _bar(top: int) -> Callable[[Picture], Picture]:
    def covered(image: Picture) -> Picture:
        copy = image.copy()
        copy[top : top + 12] = 128
        return copy

    return covered


def _noisy(image: Picture) -> Picture:
    noise = np.random.default_rng(int(image.sum())).normal(0, 25, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def _packed(image: Picture) -> Picture:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 10])[1], 0), np.uint8)


WAYS: dict[str, Callable[[Picture], Picture]] = {
    "none": lambda image: image,
    "over-exposed, twice the light": lambda image: np.minimum(255, image.astype(np.int64) * 2).astype(np.uint8),
    "gamma 2.5": lambda image: (255 * (image / 255) ** 2.5).astype(np.uint8),
    "blurred, sigma 1.5 pixels": lambda image: np.asarray(cv2.GaussianBlur(image, (0, 0), 1.5), np.uint8),
    "noise, sigma 25 of 255": _noisy,
    "turned by 15°": _moved(cv2.getRotationMatrix2D(CENTRE, 15, 1)),
    "shifted by a tenth": _moved(np.array([[1, 0, TENTH], [0, 1, TENTH]])),
    "larger by a tenth": _moved(cv2.getRotationMatrix2D(CENTRE, 0, 1.1)),
    "smaller by a tenth": _moved(cv2.getRotationMatrix2D(CENTRE, 0, 0.9)),
    "a bar over the eyes": _bar(12),
    "a bar over the mouth": _bar(32),
    "JPEG of quality 10": _packed,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", type=Path, default=assets.models() / "emotiondetector.json")
    parser.add_argument("--part", choices=["private", "public"], default="private")
    options = parser.parse_args()
    images = dataset.read(options.data).part(options.part)
    clear, majority = clear_majority(images)
    network, threshold = load_pair(options.model), shipped_settings().faces.unsure_below
    print(f"{clear.sum()} clear images of the {options.part} part, unsure below {threshold}")
    print(f"{'damage':<32}{'accuracy':>10}{'answered':>10}{'right':>8}{'fall':>7}")
    clean = 0.0
    for name, spoil in WAYS.items():
        said = predict(network, np.stack([spoil(image) for image in images.images[clear]]))
        right, answered = said.argmax(axis=1) == majority[clear], said.max(axis=1) >= threshold
        of_those = float(right[answered].mean())
        clean = clean or of_those
        print(f"{name:<32}{right.mean():>10.1%}{answered.mean():>10.1%}{of_those:>8.1%}{100 * (clean - of_those):>7.1f}")


if __name__ == "__main__":
    main()
