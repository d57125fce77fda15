"""Metrics of a network on one part of the data: against the labels, and against the clear majority of ten people; pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.domain import EXPRESSIONS
from realtime.training import metrics
from realtime.training.corruptions import CORRUPTIONS
from realtime.training.dataset import USAGES, VOTERS, missing_expressions
from realtime.training.targets import expression_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from realtime.domain import Threshold
    from realtime.training.dataset import Dataset

    Answer = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

CLEAR_VOTES = 5
"""A majority of FER+ is clear if more than this many of ten people chose it."""

SCHEMA = 1
ORIGINAL_LABELS, WITHOUT_COPIES, CLEAR_MAJORITY = "original labels", "without copies of training", "clear majority"
"""Groups of a report: all images by their labels; the same without photos that are also in Training; the clear majority."""

Report = dict[str, Any]


def clear_majority(dataset: Dataset) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Mask (n,) of the images with a clear majority among the seven expressions, and the most frequent vote of each image.

    The votes are (n,) int64, index into `Expression`; where the mask is false they mean little.
    """
    votes = dataset.expression_votes()
    return votes.max(axis=1) > CLEAR_VOTES, votes.argmax(axis=1)


def evaluate_network(dataset: Dataset, probabilities: NDArray[np.float32], threshold: Threshold) -> Report:
    """Compute every metric on one part of the data; one view of each image, no test-time augmentation.

    Args:
        dataset: n images.
        probabilities: (n, 7), output of the network.
        threshold: a face whose best expression is less probable is unsure.

    Returns:
        Three groups: all images against the original labels; the same without images whose photo is also in the training
        part; images with a clear majority against this majority. The first group also has the calibration error against
        the shares of all votes. Data without votes have neither this error nor the last group.
    """
    labels, fresh = dataset.labels.astype(np.int64), ~dataset.copy_of_training
    groups = {
        ORIGINAL_LABELS: _figures(probabilities, labels, threshold),
        WITHOUT_COPIES: _figures(probabilities[fresh], labels[fresh], threshold),
    }
    if dataset.has_votes:
        clear, majority = clear_majority(dataset)
        shares = expression_targets(dataset, label_share=0, smoothing=0)
        groups[ORIGINAL_LABELS]["vote_calibration_error"] = metrics.vote_calibration_error(probabilities, shares)
        groups[CLEAR_MAJORITY] = _figures(probabilities[clear], majority[clear], threshold)
    return groups


def report_document(
    dataset: Dataset,
    probabilities: NDArray[np.float32],
    *,
    part: str,
    threshold: Threshold,
    parameters: int,
    robustness: Sequence[Report] | None = None,
) -> Report:
    """Build the report as a JSON document; a figure that cannot be computed is None.

    Args:
        dataset: n images of the part.
        probabilities: (n, 7), output of the network.
        part: "public" or "private", or "held out" for a tuning part that was split from the training part.
        threshold: a face whose best expression is less probable is unsure.
        parameters: number of weights of the network.
        robustness: rows of `measure_robustness`; None if it was not measured.

    Returns:
        "schema", "part", "parameters", "threshold", "neutral_threshold" (if neutral has its own), "figures"
        (`evaluate_network`), "remarks" (sentences that say what could not be measured) and, if it was measured, "robustness".
    """
    result: Report = {
        "schema": SCHEMA,
        "part": part,
        "parameters": parameters,
        "threshold": threshold.common,
        **({} if threshold.neutral is None else {"neutral_threshold": threshold.neutral}),
        "figures": evaluate_network(dataset, probabilities, threshold),
        "remarks": list_remarks(dataset, part),
    }
    if robustness is not None:
        result["robustness"] = list(robustness)
    return _none_for_nan(result)


def list_remarks(dataset: Dataset, part: str) -> list[str]:
    """List what cannot be measured on the images of a part, one sentence each."""
    sentences: list[str] = []
    if absent := missing_expressions(dataset):
        sentences.append(f"no image of the {part} part is labelled {', '.join(absent)}: its recall cannot be measured")
    if not dataset.has_votes:
        sentences.append("the data have no votes: there is no clear majority to measure against")
    return sentences


def measure_robustness(answer: Answer, dataset: Dataset, threshold: Threshold) -> list[Report]:
    """Measure the network on corrupted faces, against the clear majority, or the labels if no image has a clear majority.

    Args:
        answer: maps crops (n, 48, 48) uint8 grey to probabilities (n, 7); called once for each corruption.
        dataset: at least one image.
        threshold: a face whose best expression is less probable is unsure.

    Returns:
        A row for each of `CORRUPTIONS`: its name as "way", "accuracy", the share "answered", the share "right_of_answered"
        among the answered faces, and "fall", how far this share is below the one of the first, uncorrupted row. Shares are
        0..1, and NaN if no face is answered.
    """
    chosen, labels = np.ones(len(dataset), np.bool_), dataset.labels.astype(np.int64)
    clear, majority = clear_majority(dataset)
    if clear.any():
        chosen, labels = clear, majority
    images, labels = dataset.images[chosen], labels[chosen]
    rows: list[Report] = []
    for name, corrupt in CORRUPTIONS.items():
        probabilities = answer(np.stack([corrupt(image) for image in images]))
        answered, right = metrics.coverage(probabilities, labels, threshold)
        accuracy = metrics.accuracy(metrics.confusion_matrix(labels, probabilities.argmax(axis=1)))
        fall = (rows[0]["right_of_answered"] if rows else right) - right
        row = {"way": name, "accuracy": accuracy, "answered": answered, "right_of_answered": right, "fall": fall}
        rows.append(row)
    return rows


def describe_dataset(dataset: Dataset, name: str) -> Report:
    """Describe a dataset for the model card.

    Args:
        dataset: all parts.
        name: name of its file or folder.

    Returns:
        "name", "sha256" of its content, "parts" (for each part the number of images with each label), and "labels"
        (`label_agreement`; None without votes).
    """
    parts: Report = {}
    for part, usage in USAGES.items():
        counts = np.bincount(dataset.labels[dataset.usage == usage], minlength=len(EXPRESSIONS))
        parts[part] = {expression.value: int(count) for expression, count in zip(EXPRESSIONS, counts, strict=True)}
    labels = label_agreement(dataset) if dataset.has_votes else None
    return {"name": name, "sha256": dataset.fingerprint(), "parts": parts, "labels": _none_for_nan(labels)}


def label_agreement(dataset: Dataset) -> Report:
    """Measure how well people agree with the labels and with each other.

    Returns:
        Shares, 0..1. "majority": images whose label has the most votes of the seven (the first one, if votes are equal).
        "clear": the same among images with a clear majority. "nobody": images whose label has no vote. "voters": pairs of
        people with the same vote, of all ten answers. "by_label": "majority" for each label.
    """
    labels, votes = dataset.labels.astype(np.int64), dataset.votes.astype(np.float64)
    rows, expression_votes = np.arange(len(labels)), dataset.expression_votes()
    clear, majority = clear_majority(dataset)
    same = (majority == labels) & (expression_votes.max(axis=1) > 0)
    # Share of the ordered pairs among ten people that have the same vote
    pairs = (votes * np.maximum(votes - 1, 0)).sum(axis=1) / (VOTERS * (VOTERS - 1))
    return {
        "majority": metrics.true_share(same),
        "clear": metrics.true_share(majority[clear] == labels[clear]),
        "nobody": metrics.true_share(expression_votes[rows, labels] == 0),
        "voters": float(pairs.mean()),
        "by_label": {expression.value: metrics.true_share(same[labels == i]) for i, expression in enumerate(EXPRESSIONS)},
    }


def _figures(probabilities: NDArray[np.float32], labels: NDArray[np.int64], threshold: Threshold) -> Report:
    table = metrics.confusion_matrix(labels, probabilities.argmax(axis=1))
    answered, right = metrics.coverage(probabilities, labels, threshold)
    recalls, scores = metrics.recalls(table), metrics.f1_scores(table)
    return {
        "images": len(labels),
        "accuracy": metrics.accuracy(table),
        "macro_f1": metrics.nan_mean(scores),
        "weighted_f1": metrics.weighted_f1(table),
        "mean_recall": metrics.nan_mean(recalls),
        "precision": _by_expression(metrics.precisions(table)),
        "recall": _by_expression(recalls),
        "f1": _by_expression(scores),
        "support": _by_expression(table.sum(axis=1).tolist()),
        "calibration_error": metrics.calibration_error(probabilities, labels),
        "answered": answered,
        "right_of_answered": right,
        "confusion": table.tolist(),
        "reliability": metrics.reliability(probabilities, labels),
        "coverage": metrics.coverage_curve(probabilities, labels),
    }


def _by_expression(values: Sequence[float]) -> Report:
    return {expression.value: value for expression, value in zip(EXPRESSIONS, values, strict=True)}


def _none_for_nan(value: Any) -> Any:
    """Replace NaN and infinity by None, since JSON has neither."""
    if isinstance(value, dict):
        return {key: _none_for_nan(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [_none_for_nan(inside) for inside in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
