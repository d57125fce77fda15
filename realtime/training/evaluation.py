"""Measure a network: against the labels of its data, and against what a clear majority of ten people saw; pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.domain import EXPRESSIONS
from realtime.training import metrics
from realtime.training.corruptions import CORRUPTIONS
from realtime.training.dataset import USAGES, VOTERS, missing_parts
from realtime.training.targets import expression_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

    Answer = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

CLEAR_VOTES = 5
"""A majority of FER+ is clear if more than so many of ten people chose it."""

SCHEMA = 1
LABELS, ALONE, CLEAR = "original labels", "without copies of training", "clear majority"
"""The groups of a report: all images by their labels, those whose photo is not in Training too, and by the crowd."""

Report = dict[str, Any]


def clear_majority(dataset: Dataset) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which images (n,) have a clear majority among the seven, and what it is: (n,) index into `Expression`."""
    votes = dataset.expression_votes()
    return votes.max(axis=1) > CLEAR_VOTES, votes.argmax(axis=1)


def evaluate_network(dataset: Dataset, probabilities: NDArray[np.float32], threshold: float) -> Report:
    """Every figure of a part of the data, single view.

    Args:
        dataset: n images.
        probabilities: (n, 7), what the network says of them.
        threshold: confidence below which a face counts as unsure.

    Returns:
        Three groups: against original labels on all images, the same without those whose photo is also in the
        training part, and against the clear majority. The first also has the calibration error against the shares of
        all votes. Without votes there is neither that nor the last group.
    """
    own, alone = dataset.labels.astype(np.int64), ~dataset.copy_of_training
    groups = {
        LABELS: _figures(probabilities, own, threshold),
        ALONE: _figures(probabilities[alone], own[alone], threshold),
    }
    if dataset.has_votes:
        clear, majority = clear_majority(dataset)
        shares = expression_targets(dataset, label_share=0, smoothing=0)
        groups[LABELS]["vote_calibration_error"] = metrics.vote_calibration_error(probabilities, shares)
        groups[CLEAR] = _figures(probabilities[clear], majority[clear], threshold)
    return groups


def report_document(
    dataset: Dataset,
    probabilities: NDArray[np.float32],
    *,
    part: str,
    threshold: float,
    parameters: int,
    robustness: Sequence[Report] | None = None,
) -> Report:
    """The report as JSON knows it, with what it was made of; a figure that does not exist is None.

    Args:
        dataset: the n images of the part.
        probabilities: (n, 7), what the network says of them.
        part: "public" or "private", or "held out" for what was taken out of the training part.
        threshold: confidence below which a face counts as unsure.
        parameters: how many weights the network has.
        robustness: what the function of that name returned; None if nobody measured it.

    Returns:
        "schema", "part", "parameters", "threshold", "figures" (`report`), "remarks" (sentences about what could not be
        measured) and maybe "robustness".
    """
    result: Report = {
        "schema": SCHEMA,
        "part": part,
        "parameters": parameters,
        "threshold": threshold,
        "figures": evaluate_network(dataset, probabilities, threshold),
        "remarks": remarks(dataset, part),
    }
    if robustness is not None:
        result["robustness"] = list(robustness)
    return _finite(result)


def remarks(dataset: Dataset, part: str) -> list[str]:
    """What cannot be measured on the images of a part, a sentence each."""
    sentences: list[str] = []
    if absent := missing_parts(dataset):
        sentences.append(f"no image of the {part} part is labelled {', '.join(absent)}: its recall cannot be measured")
    if not dataset.has_votes:
        sentences.append("the data have no votes: there is no clear majority to measure against")
    return sentences


def robustness(answer: Answer, dataset: Dataset, threshold: float) -> list[Report]:
    """How the network reads faces that are spoilt, against the clear majority, or the labels where no image has one.

    Args:
        answer: says the probabilities (n, 7) of crops (n, 48, 48) uint8 grey; called twelve times.
        dataset: at least one image.
        threshold: confidence below which a face counts as unsure.

    Returns:
        A row for each of `damage.WAYS`: "way", "accuracy", the share "answered", of those "right_of_answered", and the
        "fall" of that below the first row, where nothing is spoilt; 0..1, NaN where nothing is answered.
    """
    chosen, labels = np.ones(len(dataset), np.bool_), dataset.labels.astype(np.int64)
    clear, majority = clear_majority(dataset)
    if clear.any():
        chosen, labels = clear, majority
    images, labels = dataset.images[chosen], labels[chosen]
    rows: list[Report] = []
    for way, spoil in CORRUPTIONS.items():
        said = answer(np.stack([spoil(image) for image in images]))
        answered, right = metrics.coverage(said, labels, threshold)
        accuracy = metrics.accuracy(metrics.confusion(labels, said.argmax(axis=1)))
        fall = (rows[0]["right_of_answered"] if rows else right) - right
        row = {"way": way, "accuracy": accuracy, "answered": answered, "right_of_answered": right, "fall": fall}
        rows.append(row)
    return rows


def facts(dataset: Dataset, name: str) -> Report:
    """What a reader must know about a data set.

    Args:
        dataset: all parts of it.
        name: of its file or folder.

    Returns:
        "name", "sha256" of its content, "parts" (by the name of the part how many images have each label), and "labels"
        (`agreement`), None without votes.
    """
    parts: Report = {}
    for part, usage in USAGES.items():
        counts = np.bincount(dataset.labels[dataset.usage == usage], minlength=len(EXPRESSIONS))
        parts[part] = {expression.value: int(count) for expression, count in zip(EXPRESSIONS, counts, strict=True)}
    labels = agreement(dataset) if dataset.has_votes else None
    return {"name": name, "sha256": dataset.fingerprint(), "parts": parts, "labels": _finite(labels)}


def agreement(dataset: Dataset) -> Report:
    """How much people agree about the images, with the labels and with each other.

    Returns:
        Shares, 0..1: "majority" of images whose label more people chose than any other of the seven, of equals the first;
        "clear" the same where the majority is clear; "nobody" of images whose label nobody chose; "voters" of pairs of
        people who chose the same of all ten answers; and "by_label" the first for each label.
    """
    own, votes = dataset.labels.astype(np.int64), dataset.votes.astype(np.float64)
    rows, mine = np.arange(len(own)), dataset.expression_votes()
    clear, majority = clear_majority(dataset)
    same = (majority == own) & (mine.max(axis=1) > 0)
    # Of ten people, so many pairs can be drawn who chose the same
    pairs = (votes * np.maximum(votes - 1, 0)).sum(axis=1) / (VOTERS * (VOTERS - 1))
    return {
        "majority": metrics.share(same),
        "clear": metrics.share(majority[clear] == own[clear]),
        "nobody": metrics.share(mine[rows, own] == 0),
        "voters": float(pairs.mean()),
        "by_label": {expression.value: metrics.share(same[own == i]) for i, expression in enumerate(EXPRESSIONS)},
    }


def _figures(probabilities: NDArray[np.float32], labels: NDArray[np.int64], threshold: float) -> Report:
    table = metrics.confusion(labels, probabilities.argmax(axis=1))
    answered, right = metrics.coverage(probabilities, labels, threshold)
    recalls, scores = metrics.recalls(table), metrics.f1_scores(table)
    return {
        "images": len(labels),
        "accuracy": metrics.accuracy(table),
        "macro_f1": metrics.mean(scores),
        "weighted_f1": metrics.weighted_f1(table),
        "mean_recall": metrics.mean(recalls),
        "precision": _named(metrics.precisions(table)),
        "recall": _named(recalls),
        "f1": _named(scores),
        "support": _named(table.sum(axis=1).tolist()),
        "calibration_error": metrics.calibration_error(probabilities, labels),
        "answered": answered,
        "right_of_answered": right,
        "confusion": table.tolist(),
        "reliability": metrics.reliability(probabilities, labels),
        "coverage": metrics.curve(probabilities, labels),
    }


def _named(values: Sequence[float]) -> Report:
    return {expression.value: value for expression, value in zip(EXPRESSIONS, values, strict=True)}


def _finite(value: Any) -> Any:
    """JSON knows no NaN: a figure that does not exist is None."""
    if isinstance(value, dict):
        return {key: _finite(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [_finite(inside) for inside in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
