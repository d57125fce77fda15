"""Recipe of a training run, and the results of its epochs; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Recipe:
    """Hyperparameters: all that the result of a run depends on, except the data and the versions of the libraries."""

    architecture: str = "compact"
    epochs: int = 70
    """Largest number of epochs."""

    batch_size: int = 128
    learning_rate: float = 0.1
    l2: float = 2.5e-4
    momentum: float = 0.9
    """Momentum of SGD; Adam ignores it."""

    label_share: float = 0.4
    """Weight of the original label in the targets, 0..1; the votes of the crowd have the rest."""

    smoothing: float = 0.05
    mixup: float = 0.2
    ema_decay: float = 0.999
    bfloat16: bool = False
    seed: int = 1
    start: str = ""
    """Digest of the initial weights; empty: random weights."""

    teacher: str = ""
    """Digest of the soft labels of the teachers; empty: no distillation."""

    teacher_share: float = 0.0
    """Weight of the soft labels in the targets, 0..1; labels and votes have the rest."""

    optimizer: str = "sgd"
    """"sgd", with Nesterov momentum, warm-up and cosine decay; or "adam", with a constant learning rate (arXiv:1412.6980)."""

    balance: bool = False
    """Whether rare expressions have larger weights in the loss."""

    patience: int = 0
    """Stop after this many epochs in a row without a new least tuning loss, and keep the epoch of the least one; 0: never."""

    weights: str = ""
    """Source of the frozen weights of `transfer`: "imagenet", "none" or a folder; empty for other architectures."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """Results of one epoch.

    Attributes:
        number: number of the epoch, from 1.
        loss: mean cross-entropy of its augmented batches, in nats.
        tuning_loss: mean cross-entropy on the tuning part, not augmented, against labels and votes, in nats.
        accuracy: accuracy on the tuning part against its labels, 0..1.
        seconds: duration of the epoch.
        learning_rate: learning rate of its last step.
    """

    number: int
    loss: float
    tuning_loss: float
    accuracy: float
    seconds: float
    learning_rate: float


PRESETS = {
    "compact": Recipe(),
    "ancestor": Recipe(architecture="ancestor"),
    "transfer": Recipe(
        architecture="transfer",
        epochs=20,
        learning_rate=2e-4,
        l2=0.0,
        mixup=0.0,
        ema_decay=0.0,
        optimizer="adam",
        balance=True,
        patience=3,
        weights="imagenet",
    ),
}
"""Default recipe of each architecture."""


def best_epoch(history: Sequence[Epoch]) -> int:
    """Index of the epoch with the least tuning loss, the first one of equals.

    The criterion is the loss, not the accuracy: on few images the accuracy is noisy, and it stays constant while the loss
    still falls.
    """
    return min(range(len(history)), key=lambda index: history[index].tuning_loss)


def is_over(recipe: Recipe, history: Sequence[Epoch]) -> bool:
    """Whether a run ends after the epochs of this history."""
    if len(history) >= recipe.epochs:
        return True
    return bool(recipe.patience and history) and len(history) - 1 - best_epoch(history) >= recipe.patience
