"""Accuracy on drawn faces that are equal but for one attribute: skin, age, sex, beard, glasses or hair.

    python scripts/draw_faces.py ict.npz --count 400 --pairs --out pairs.npz
    python -m benchmarks.groups pairs.npz [--model NAME.json]

Each face of a group has the same expression, pose, camera and light; one attribute is changed. So a difference between two
lines comes from the attribute, as far as a drawing can tell. It says nothing on how people of a group make or read an
expression. The interval is that of the difference between the highest and the lowest line of an attribute, 95%, by drawing the
groups anew (bootstrap, Efron 1979). The benchmark needs no TensorFlow.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from realtime.app.build import shipped_settings, unsure_below
from realtime.classifier.contract import compiled_path
from realtime.classifier.crops import to_batch
from realtime.classifier.runtime import open_classifier
from realtime.storage import resources
from realtime.training.metrics import answered

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 2000
BATCH_SIZE = 256


def measure(
    right: NDArray[np.bool_], group: NDArray[np.int64], change: NDArray[np.str_]
) -> dict[str, tuple[dict[str, float], float, float, float]]:
    """Compare the lines of each attribute.

    Args:
        right: (n,) whether the answer is what was drawn.
        group: (n,) number of the group.
        change: (n,) what was changed, such as "skin dark"; the first word is the attribute.

    Returns:
        For each attribute the accuracy of each line, the largest difference, and its interval.
    """
    found = {}
    for attribute in sorted({each.split()[0] for each in change.tolist() if each}):
        lines = sorted(each for each in set(change.tolist()) if each.split() and each.split()[0] == attribute)
        numbers = np.unique(group)
        table = np.array([[right[(change == line) & (group == number)].mean() for number in numbers] for line in lines])
        means = table.mean(axis=1)
        high, low = int(means.argmax()), int(means.argmin())
        rng = np.random.default_rng(0)
        gaps = [float(np.mean(table[high, rows] - table[low, rows])) for rows in _resamples(rng, len(numbers))]
        first, last = np.percentile(gaps, [2.5, 97.5])
        found[attribute] = (dict(zip(lines, means.tolist(), strict=True)), float(means[high] - means[low]), first, last)
    return found


def _resamples(rng: np.random.Generator, count: int) -> list[NDArray[np.int64]]:
    return [rng.integers(0, count, count) for _ in range(RESAMPLES)]


def main() -> None:
    """Print a line for each value of an attribute, and the largest difference of each attribute."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--model", type=Path, default=resources.models_folder() / "emotiondetector.json")
    options = parser.parse_args()
    with np.load(options.pairs, allow_pickle=False) as file:
        images, labels, group, change = (file[name] for name in ("images", "labels", "group", "change"))
    network = open_classifier(compiled_path(options.model).read_bytes())
    starts = range(0, len(images), BATCH_SIZE)
    said = np.concatenate([network.classify(to_batch(images[start : start + BATCH_SIZE])) for start in starts])
    right, sure = said.argmax(axis=1) == labels, answered(said, unsure_below(shipped_settings(), options.model))
    for attribute, (lines, gap, first, last) in measure(right, group.astype(np.int64), change).items():
        for line, accuracy in lines.items():
            chosen = change == line
            kept = sure & chosen
            shares = sure[chosen].mean(), right[kept].mean() if kept.any() else np.nan
            print(f"{line:16s} {accuracy:6.1%}   answered {shares[0]:6.1%}   right of those {shares[1]:6.1%}")
        print(f"{attribute:16s} largest difference {100 * gap:.1f} points ({100 * first:.1f} to {100 * last:.1f})\n")


if __name__ == "__main__":
    main()
