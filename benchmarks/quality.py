"""Measurements for the thresholds of `realtime/faces/quality.py`: clear images of FER-2013 with corruptions of rising strength.

    python -m benchmarks.quality fer2013.npz [--model NAME.json] [--part public|private] [--every N]

The first table has a row for each corruption and strength: accuracy of the network, share of faces above its threshold
("answered"), share of right answers among them, and share of faces that the quality gate rejects for the reason of the
corruption ("gated") and for another one ("otherwise"). The second table shows the share of right answers by the value that
the gate measures, over all strengths, in bins of equal size. It marks the bins that the gate rejects, and gives the share of
clean faces beyond each bin. The benchmark needs the data, but not TensorFlow.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.app.build import shipped_settings, unsure_below
from realtime.classifier.contract import compiled_path
from realtime.classifier.crops import to_batch
from realtime.classifier.runtime import open_classifier
from realtime.domain import CROP_SIDE, Box
from realtime.faces import quality
from realtime.storage import resources
from realtime.training.evaluation import clear_majority
from realtime.training.formats import read_dataset
from realtime.training.metrics import answered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from realtime.classifier.runtime import Classifier
    from realtime.domain import Threshold

    Picture = NDArray[np.uint8]
    Numbers = NDArray[np.float64]

FULL_SQUARE = Box(0, 0, CROP_SIDE, CROP_SIDE)
BATCH = 128
BINS = 16
NOISE_SIGMA = 2.0
"""Standard deviation of the noise of a dark picture, in grey levels of 255: cameras raise their gain in low light."""


@dataclass(frozen=True, slots=True)
class Corruption:
    """Corruption of a crop with one strength.

    Attributes:
        name: name of the corruption.
        strength: its parameter.
        reason: reason that the gate should give; None if it should accept the crop.
        apply: function from 48×48 uint8 grey to 48×48 uint8 grey.
        square: square that the crop would have in a picture of 48×48.
    """

    name: str
    strength: float
    reason: str | None
    apply: Callable[[Picture], Picture]
    square: Box = FULL_SQUARE


@dataclass(frozen=True, slots=True)
class Result:
    """Results of one corruption on n images.

    Attributes:
        corruption: the corruption.
        right: (n,) whether the most probable expression is the true one.
        answered: (n,) whether its probability reaches the threshold.
        values: (n,) values that the gate measures, for each of its reasons.
        reasons: n reasons of the gate, None for accepted crops.
    """

    corruption: Corruption
    right: NDArray[np.bool_]
    answered: NDArray[np.bool_]
    values: dict[str, Numbers]
    reasons: list[str | None]


def list_corruptions() -> Iterator[Corruption]:
    """Yield every corruption with each strength; the first one changes nothing."""
    yield Corruption("none", 0, None, lambda image: image)
    for gain in (1.5, 2, 2.5, 3, 4, 6):
        yield Corruption("times the light", gain, quality.OVER_EXPOSED, _apply_curve(gain, 1))
    for gamma in (1.5, 2.5, 3.5, 4.5, 6):
        yield Corruption("gamma", gamma, quality.TOO_DARK, _apply_curve(1, gamma))
    for gain in (0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03):
        yield Corruption("times the light, grain", gain, quality.TOO_DARK, _dim_with_noise(gain))
    for sigma in (0.5, 1, 1.5, 2, 2.5, 3, 4):
        yield Corruption("blur, sigma in pixels", sigma, quality.BLURRED, _blur(sigma))
    for side in (40, 32, 24, 20, 18, 16, 14, 12, 10, 8):
        yield Corruption("side in pixels", side, quality.TOO_SMALL, _downscale(side), Box(0, 0, side, side))
    for name, left, top in (("left", -1, 0), ("right", 1, 0), ("above", 0, -1), ("below", 0, 1)):
        for pixels in (2, 5, 7, 10, 12, 14, 17):
            square = Box(left * pixels, top * pixels, CROP_SIDE, CROP_SIDE)
            yield Corruption(f"share beyond, {name}", pixels / CROP_SIDE, quality.CUT_OFF, _cut_off(square), square)


def _apply_curve(gain: float, gamma: float) -> Callable[[Picture], Picture]:
    levels = np.minimum(255, 255 * gain * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return lambda image: levels[image]


def _dim_with_noise(gain: float) -> Callable[[Picture], Picture]:
    def corrupted(image: Picture) -> Picture:
        grain = np.random.default_rng(int(image.sum())).normal(0, NOISE_SIGMA, image.shape)
        return np.clip(gain * image + grain, 0, 255).astype(np.uint8)

    return corrupted


def _blur(sigma: float) -> Callable[[Picture], Picture]:
    return lambda image: np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def _downscale(side: int) -> Callable[[Picture], Picture]:
    """Scale like `crop_faces` scales a face that is `side` pixels high in its picture."""

    def corrupted(image: Picture) -> Picture:
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)

    return corrupted


def _cut_off(square: Box) -> Callable[[Picture], Picture]:
    """Cut a face off at the edge of its picture. A detector's box ends at the edge, so its square is centred on the rest.

    The part of the face that is lost is therefore twice the part of the square outside. Edge pixels fill this part.
    """
    rows, columns = (
        np.clip(np.arange(CROP_SIDE) - beyond, max(0, -2 * beyond), CROP_SIDE - 1 - max(0, 2 * beyond))
        for beyond in (square.top, square.left)
    )
    return lambda image: image[np.ix_(rows, columns)]


def measure_corruption(
    corruption: Corruption, images: Picture, truth: NDArray[np.int64], classifier: Classifier, threshold: Threshold
) -> Result:
    """Corrupt the images (n, 48, 48) and classify them."""
    crops = to_batch(np.stack([corruption.apply(image) for image in images]))
    probabilities = np.concatenate([classifier.classify(crops[start : start + BATCH]) for start in range(0, len(crops), BATCH)])
    squares = [corruption.square] * len(crops)
    values = {
        quality.OVER_EXPOSED: quality.overexposure(crops),
        quality.TOO_DARK: quality.brightness(crops),
        quality.BLURRED: quality.sharpness(crops),
        quality.TOO_SMALL: np.full(len(crops), corruption.square.width),
        quality.CUT_OFF: np.full(len(crops), quality.share_outside(corruption.square, CROP_SIDE, CROP_SIDE)),
    }
    values = {reason: value.astype(np.float64) for reason, value in values.items()}
    gated = quality.unreadable_reasons(crops, squares, CROP_SIDE, CROP_SIDE)
    return Result(corruption, probabilities.argmax(axis=1) == truth, answered(probabilities, threshold), values, gated)


HEADING = f"{'corruption':<24}{'strength':>9}{'accuracy':>10}{'answered':>10}{'right':>8}{'gated':>8}{'otherwise':>11}"


def format_row(result: Result) -> str:
    """Format a row of the first table."""
    own = np.array([reason == result.corruption.reason for reason in result.reasons]) & (result.corruption.reason is not None)
    other = np.array([reason is not None for reason in result.reasons]) & ~own
    shares = f"{result.right.mean():>10.1%}{result.answered.mean():>10.1%}{_format_accuracy(result.right, result.answered):>8}"
    return f"{result.corruption.name:<24}{result.corruption.strength:>9.2f}{shares}{own.mean():>8.1%}{other.mean():>11.1%}"


def format_by_value(results: list[Result], reason: str, limit: float, *, below: bool) -> Iterator[str]:
    """Yield the lines of the second table for one reason; `below` is true if the gate rejects values below the limit."""
    clean, *corrupted = [result for result in results if result.corruption.reason in {None, reason}]
    values = np.concatenate([result.values[reason] for result in corrupted])
    right = np.concatenate([result.right for result in corrupted])
    answered = np.concatenate([result.answered for result in corrupted])
    yield f"\n{reason}, gated {'below' if below else 'above'} {limit:g}"
    yield f"{'from':>9}{'images':>8}{'right':>8}{'clean beyond':>14}"
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1), method="lower"))
    for edge, following in zip(edges, [*edges[1:], np.inf], strict=True):
        within = (values >= edge) & (values < following)
        beyond = (clean.values[reason] < following if below else clean.values[reason] >= edge).mean()
        gated = "  gated" if (edge < limit if below else edge > limit) else ""
        yield f"{edge:>9.3f}{within.sum():>8}{_format_accuracy(right[within], answered[within]):>8}{beyond:>14.1%}{gated}"


def _format_accuracy(right: NDArray[np.bool_], answered: NDArray[np.bool_]) -> str:
    return f"{right[answered].mean():.1%}" if answered.sum() >= 20 else "few"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", type=Path, default=resources.models_folder() / "emotiondetector.json")
    parser.add_argument("--part", choices=["public", "private"], default="public")
    parser.add_argument("--every", type=int, default=1, help="only every so many-th image, to be faster")
    options = parser.parse_args()
    images = read_dataset(options.data).part(options.part)
    clear, majority = clear_majority(images)
    pictures, truth = images.images[clear][:: options.every], majority[clear][:: options.every]
    classifier = open_classifier(compiled_path(options.model).read_bytes())
    threshold = unsure_below(shipped_settings(), options.model)
    print(f"{len(pictures)} clear images of the {options.part} part, unsure below {threshold.common:g}")
    print(HEADING)
    results = list[Result]()
    for corruption in list_corruptions():
        results.append(measure_corruption(corruption, pictures, truth, classifier, threshold))
        print(format_row(results[-1]), flush=True)
    for reason, limit, below in (
        (quality.OVER_EXPOSED, quality.MAX_OVEREXPOSURE, False),
        (quality.TOO_DARK, quality.MIN_BRIGHTNESS, True),
        (quality.BLURRED, quality.MIN_SHARPNESS, True),
    ):
        print("\n".join(format_by_value(results, reason, limit, below=below)))


if __name__ == "__main__":
    main()
