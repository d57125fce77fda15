"""Reports and settings of an invented network, for tests of report texts and model cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.domain import Threshold
from realtime.training import evaluation, run_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.training.dataset import Dataset

DIGEST = "4a80" * 16


def data(people: Callable[..., Dataset], count: int = 70, *, votes: bool = True, copies: bool = True) -> Dataset:
    """A dataset with faces of all seven labels, half of them for training; some votes differ from the label."""
    labels = [i % 7 for i in range(count)]
    names = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
    ballots = [{names[label]: 7, "contempt": 3} if i % 3 else {"neutral": 10} for i, label in enumerate(labels)]
    return people(
        labels,
        ballots if votes else [{}] * count,
        np.random.default_rng(1).integers(0, 256, (count, 48, 48), np.uint8),
        usage=[0 if i < count // 2 else 2 for i in range(count)],
        copies=[copies and i % 5 == 0 for i in range(count)],
    )


def predict(crops: np.ndarray[Any, np.dtype[np.uint8]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Outputs (n, 7) of an invented network that uses seven pixels only."""
    scores = np.exp(crops[:, 3:10, 5].astype(np.float32) / 64)
    return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


def document(dataset: Dataset, part: str = "private", *, robustness: bool = True) -> dict[str, Any]:
    """The report of the invented network on the test part."""
    images = dataset.part("private")
    rows = evaluation.measure_robustness(predict, images, Threshold(0.4)) if robustness else None
    outputs = predict(images.images)
    return evaluation.report_document(images, outputs, part=part, threshold=Threshold(0.4), parameters=1234, robustness=rows)


def settings(dataset: Dataset, **more: Any) -> dict[str, Any]:
    """The settings of that report."""
    network = {"name": "own.json", "sha256": DIGEST, "parameters": 1234}
    command = "emodj evaluate faces.npz --model own.json --out report"
    return run_folder.run_settings(
        command=command, data=evaluation.describe_dataset(dataset, "faces.npz"), network=network, **more
    )
