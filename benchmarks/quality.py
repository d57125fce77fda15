"""Where the thresholds of `realtime/faces/quality.py` come from: clear images of FER-2013, spoilt more and more.

    python -m benchmarks.quality fer2013.npz [--model NAME.json] [--part public|private] [--every N]

The first table: for each damage and strength, how often the network is right, how many faces are surer than its threshold
("answered"), how many of those are right, and how many the gate holds back for the damage's own reason and for another one.
The second: how many of the answered are right by what the gate measures, all strengths together, in equal parts, with a mark
where the gate is closed, and how many undamaged faces lie beyond. Needs the data; TensorFlow is not needed.
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from realtime.classifier.runtime import Classifier

    Picture = NDArray[np.uint8]
    Numbers = NDArray[np.float64]

WHOLE = Box(0, 0, CROP_SIDE, CROP_SIDE)
BATCH = 128
PARTS = 16
GRAIN = 2.0
"""Standard deviation of the noise of a dark picture, of 255: cameras turn up what little light there is."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A way to spoil a crop.

    Attributes:
        name: of the way.
        strength: how much.
        reason: what the gate should say of it.
        spoil: takes and gives 48×48 uint8 grey.
        square: where the crop would have been cut from a picture of 48×48.
    """

    name: str
    strength: float
    reason: str | None
    spoil: Callable[[Picture], Picture]
    square: Box = WHOLE


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a way, image by image.

    Attributes:
        damage: the way.
        right: whether the most probable expression is the true one.
        answered: whether it is as probable as it has to be.
        values: what the gate measures of it, for each of its reasons.
        reasons: what the gate says.
    """

    damage: Damage
    right: NDArray[np.bool_]
    answered: NDArray[np.bool_]
    values: dict[str, Numbers]
    reasons: list[str | None]


def damages() -> Iterator[Damage]:
    """Every way in each of its strengths, the undamaged one first."""
    yield Damage("none", 0, None, lambda image: image)
    for gain in (1.5, 2, 2.5, 3, 4, 6):
        yield Damage("times the light", gain, quality.OVER_EXPOSED, _mapped(gain, 1))
    for gamma in (1.5, 2.5, 3.5, 4.5, 6):
        yield Damage("gamma", gamma, quality.TOO_DARK, _mapped(1, gamma))
    for gain in (0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03):
        yield Damage("times the light, grain", gain, quality.TOO_DARK, _dim(gain))
    for sigma in (0.5, 1, 1.5, 2, 2.5, 3, 4):
        yield Damage("blur, sigma in pixels", sigma, quality.BLURRED, _blurred(sigma))
    for side in (40, 32, 24, 20, 18, 16, 14, 12, 10, 8):
        yield Damage("side in pixels", side, quality.TOO_SMALL, _shrunk(side), Box(0, 0, side, side))
    for name, left, top in (("left", -1, 0), ("right", 1, 0), ("above", 0, -1), ("below", 0, 1)):
        for pixels in (2, 5, 7, 10, 12, 14, 17):
            square = Box(left * pixels, top * pixels, CROP_SIDE, CROP_SIDE)
            yield Damage(f"share beyond, {name}", pixels / CROP_SIDE, quality.CUT_OFF, _cut(square), square)


def _mapped(gain: float, gamma: float) -> Callable[[Picture], Picture]:
    levels = np.minimum(255, 255 * gain * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return lambda image: levels[image]


def _dim(gain: float) -> Callable[[Picture], Picture]:
    def spoilt(image: Picture) -> Picture:
        grain = np.random.default_rng(int(image.sum())).normal(0, GRAIN, image.shape)
        return np.clip(gain * image + grain, 0, 255).astype(np.uint8)

    return spoilt


def _blurred(sigma: float) -> Callable[[Picture], Picture]:
    return lambda image: np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def _shrunk(side: int) -> Callable[[Picture], Picture]:
    """As `crops.cut` would scale a face that is `side` pixels high in its picture."""

    def spoilt(image: Picture) -> Picture:
        small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (CROP_SIDE, CROP_SIDE), interpolation=cv2.INTER_LINEAR), np.uint8)

    return spoilt


def _cut(square: Box) -> Callable[[Picture], Picture]:
    """A face at the edge of its picture, where detectors end a box: the square lies about what is left of the face.

    So twice as much of the face is lost as of the square. The edge's pixels stand for what lies beyond it.
    """
    rows, columns = (
        np.clip(np.arange(CROP_SIDE) - beyond, max(0, -2 * beyond), CROP_SIDE - 1 - max(0, 2 * beyond))
        for beyond in (square.top, square.left)
    )
    return lambda image: image[np.ix_(rows, columns)]


def seen(damage: Damage, images: Picture, truth: NDArray[np.int64], classifier: Classifier, threshold: float) -> Seen:
    """Spoil the images (n, 48, 48) and have them read."""
    crops = to_batch(np.stack([damage.spoil(image) for image in images]))
    said = np.concatenate([classifier.classify(crops[start : start + BATCH]) for start in range(0, len(crops), BATCH)])
    squares = [damage.square] * len(crops)
    values = {
        quality.OVER_EXPOSED: quality.overexposure(crops),
        quality.TOO_DARK: quality.brightness(crops),
        quality.BLURRED: quality.sharpness(crops),
        quality.TOO_SMALL: np.full(len(crops), damage.square.width),
        quality.CUT_OFF: np.full(len(crops), quality.share_outside(damage.square, CROP_SIDE, CROP_SIDE)),
    }
    values = {reason: value.astype(np.float64) for reason, value in values.items()}
    gated = quality.unreadable_reasons(crops, squares, CROP_SIDE, CROP_SIDE)
    return Seen(damage, said.argmax(axis=1) == truth, said.max(axis=1) >= threshold, values, gated)


HEADING = f"{'damage':<24}{'strength':>9}{'accuracy':>10}{'answered':>10}{'right':>8}{'gated':>8}{'otherwise':>11}"


def line(way: Seen) -> str:
    """A line of the first table."""
    own = np.array([reason == way.damage.reason for reason in way.reasons]) & (way.damage.reason is not None)
    other = np.array([reason is not None for reason in way.reasons]) & ~own
    shares = f"{way.right.mean():>10.1%}{way.answered.mean():>10.1%}{_right(way.right, way.answered):>8}"
    return f"{way.damage.name:<24}{way.damage.strength:>9.2f}{shares}{own.mean():>8.1%}{other.mean():>11.1%}"


def by_measure(ways: list[Seen], reason: str, limit: float, *, below: bool) -> Iterator[str]:
    """The lines of the second table for one reason; `below` tells on which side of the limit the gate is closed."""
    clean, *spoilt = [way for way in ways if way.damage.reason in {None, reason}]
    values = np.concatenate([way.values[reason] for way in spoilt])
    right = np.concatenate([way.right for way in spoilt])
    answered = np.concatenate([way.answered for way in spoilt])
    yield f"\n{reason}, gated {'below' if below else 'above'} {limit:g}"
    yield f"{'from':>9}{'images':>8}{'right':>8}{'clean beyond':>14}"
    edges = np.unique(np.quantile(values, np.linspace(0, 1, PARTS + 1), method="lower"))
    for edge, following in zip(edges, [*edges[1:], np.inf], strict=True):
        within = (values >= edge) & (values < following)
        beyond = (clean.values[reason] < following if below else clean.values[reason] >= edge).mean()
        gated = "  gated" if (edge < limit if below else edge > limit) else ""
        yield f"{edge:>9.3f}{within.sum():>8}{_right(right[within], answered[within]):>8}{beyond:>14.1%}{gated}"


def _right(right: NDArray[np.bool_], answered: NDArray[np.bool_]) -> str:
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
    print(f"{len(pictures)} clear images of the {options.part} part, unsure below {threshold:g}")
    print(HEADING)
    ways = list[Seen]()
    for damage in damages():
        ways.append(seen(damage, pictures, truth, classifier, threshold))
        print(line(ways[-1]), flush=True)
    for reason, limit, below in (
        (quality.OVER_EXPOSED, quality.MAX_OVEREXPOSURE, False),
        (quality.TOO_DARK, quality.MIN_BRIGHTNESS, True),
        (quality.BLURRED, quality.MIN_SHARPNESS, True),
    ):
        print("\n".join(by_measure(ways, reason, limit, below=below)))


if __name__ == "__main__":
    main()
