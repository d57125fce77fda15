"""Every figure of the model card with the float32 form of a network and with its quantised form, side by side.

    python scripts/quantised_figures.py fer2013.npz --pair models/emotiondetector.json --posed FOLDER --pairs pairs.npz

FOLDER holds posed faces as `EXPRESSION/*.png`; scripts/draw_faces.py --pairs draws pairs.npz. Run it after
scripts/quantise.py; it takes some minutes. No module of emodj imports this script.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.classifier import contract
from realtime.classifier.crops import to_batch
from realtime.classifier.quantised import quantised_path
from realtime.classifier.runtime import LiteRtClassifier
from realtime.domain import EXPRESSIONS
from realtime.training import metrics
from realtime.training.evaluation import evaluate_network, measure_robustness
from realtime.training.formats import read_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from realtime.domain import Threshold
    from realtime.training.dataset import Dataset
    from realtime.training.evaluation import Answer

BATCH = 16
BAR = 0.003
"""A figure may move by this much."""

Faces = tuple[str, "NDArray[np.uint8]", "NDArray[np.int64]"]


def open_answer(model: bytes) -> Answer:
    """A function from crops (n, 48, 48) uint8 to probabilities (n, 7)."""
    classifier = LiteRtClassifier(model, num_threads=2)
    return lambda images: np.concatenate(
        [classifier.classify(to_batch(images[start : start + BATCH])) for start in range(0, len(images), BATCH)]
    )


def read_posed(folder: Path) -> Iterator[Faces]:
    """Posed faces with their labels, shrunk to 48×48."""
    images, labels = [], []
    for number, expression in enumerate(EXPRESSIONS):
        for path in sorted((folder / expression.value).glob("*.png")):
            grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
            images.append(cv2.resize(grey, (48, 48), interpolation=cv2.INTER_AREA))
            labels.append(number)
    yield "posed", np.stack(images), np.array(labels)


def read_pairs(path: Path) -> Iterator[Faces]:
    """Drawn faces with their labels, by what differs from the first face of each group."""
    with np.load(path) as arrays:
        images, labels, change = arrays["images"], arrays["labels"].astype(np.int64), arrays["change"]
    for each in np.unique(change):
        yield f"drawn, {each or 'first face'}", images[change == each], labels[change == each]


def measure(answer: Answer, images: Dataset, others: list[Faces], threshold: Threshold) -> dict[str, float]:
    """Measure everything: shares in 0..1 by name."""
    figures: dict[str, float] = {}
    for group, values in evaluate_network(images, answer(images.images), threshold).items():
        figures |= {f"{group}: {name}": value for name, value in values.items() if isinstance(value, float)}
    for row in measure_robustness(answer, images, threshold):
        figures |= {f"{row['way']}: {name}": row[name] for name in ("accuracy", "answered", "right_of_answered")}
    for name, faces, labels in others:
        probabilities = answer(faces)
        answered, right = metrics.coverage(probabilities, labels, threshold)
        figures[f"{name}: accuracy"] = float(np.mean(probabilities.argmax(axis=1) == labels))
        figures |= {f"{name}: answered": answered, f"{name}: right_of_answered": right}
    return figures


def main() -> None:
    """Measure both forms and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pair", type=Path, required=True)
    parser.add_argument("--part", choices=["public", "private"], default="private")
    parser.add_argument("--posed", type=Path)
    parser.add_argument("--pairs", type=Path)
    options = parser.parse_args()
    images = read_dataset(options.data).part(options.part)
    others = [*(read_posed(options.posed) if options.posed else ()), *(read_pairs(options.pairs) if options.pairs else ())]
    threshold = contract.read_contract(contract.contract_path(options.pair)).unsure_below
    if threshold is None:
        parser.error(f"the contract of {options.pair} has no threshold")
    before, after = (
        measure(open_answer(path.read_bytes()), images, others, threshold)
        for path in (contract.compiled_path(options.pair), quantised_path(options.pair))
    )
    print("| figure | float32 | quantised | moved |\n|---|---|---|---|")
    for name, value in before.items():
        moved = after[name] - value
        mark = " !" if abs(moved) > BAR else ""
        print(f"| {name} | {value:.2%} | {after[name]:.2%} | {100 * moved:+.2f}{mark} |")


if __name__ == "__main__":
    main()
