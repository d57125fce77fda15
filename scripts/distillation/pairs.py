"""The student as a Keras pair."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import torch

from distillation import students
from distillation.networks import CLASSES, Student
from realtime.classifier.architectures import build_network
from realtime.classifier.contract import contract_path
from realtime.classifier.keras_pair import LOGITS, fold_calibration, load_pair, save_pair
from realtime.training import confidence_head

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def start(pair: Path, path: Path) -> None:
    """Write a student that answers as a pair does, without its correction, as a file of arrays."""
    student = Student()
    load(student, uncorrected(pair))
    students.write(student, path)


def export(path: Path, pair: Path) -> None:
    """Write two pairs of a student from its file of arrays: with the combined answer, and with the label head."""
    student = students.read(path)
    answer, heads = (
        [weight.detach().cpu().numpy() for weight in (layer.weight, layer.bias)] for layer in (student.answer, student.heads)
    )
    save(student, answer, pair)
    save(student, [weight[:CLASSES] for weight in heads], pair.with_name(f"{pair.stem}-label.json"))


def uncorrected(pair: Path) -> object:
    """The Keras network of a pair without the correction that its contract says is folded in."""
    network = load_pair(pair)
    confidence_head.reset_head(network)
    correction = json.loads(contract_path(pair).read_text())["about"]["correction"]
    degree = correction["temperature"]
    fold_calibration(network, 1 / degree, -np.array(correction["bias"], np.float32) * degree)
    return network


def _keras_layers(network: object) -> list[object]:
    """Convolutions and norms in their order."""
    return [layer for layer in network.layers if type(layer).__name__ in {"Conv2D", "BatchNormalization"}]


def _turned(array: np.ndarray, *, to_keras: bool) -> np.ndarray:
    return array.transpose((2, 3, 1, 0) if to_keras else (3, 2, 0, 1)) if array.ndim == 4 else array


@torch.no_grad()
def load(student: Student, network: object) -> None:
    """Copy the weights of a Keras `compact`."""
    weights = [weight for layer in _keras_layers(network) for weight in layer.get_weights()]
    for mine, theirs in zip(student.arrays(), weights, strict=True):
        mine.copy_(torch.from_numpy(_turned(theirs, to_keras=False).copy()))
    kernel, bias = network.get_layer(LOGITS).get_weights()
    student.answer.weight.copy_(torch.from_numpy(kernel.T.copy()))
    student.answer.bias.copy_(torch.from_numpy(bias))


def save(student: Student, head: Sequence[np.ndarray], path: Path) -> None:
    """Write a `compact` pair that ends in one head of the student: kernel (outputs, 256) and bias (outputs,)."""
    network = build_network("compact")
    arrays = iter(student.arrays())
    for layer in _keras_layers(network):
        count = len(layer.get_weights())
        layer.set_weights([_turned(next(arrays).detach().cpu().numpy(), to_keras=True) for _ in range(count)])
    network.get_layer(LOGITS).set_weights([head[0].T, head[1]])
    save_pair(network, path)
