"""What a training run is asked to do, and what each of its epochs came to; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that a run's result depends on, apart from the data and the versions of the libraries."""

    architecture: str = "compact"
    epochs: int = 70
    """At most so many."""

    batch_size: int = 128
    learning_rate: float = 0.1
    l2: float = 2.5e-4
    momentum: float = 0.9
    """Of SGD; Adam has its own."""

    label_share: float = 0.4
    """Weight of the original label beside the crowd's votes, 0..1."""

    smoothing: float = 0.05
    mixup: float = 0.2
    ema_decay: float = 0.999
    bfloat16: bool = False
    seed: int = 1
    start: str = ""
    """Digest of the weights that it starts from; empty: random ones."""

    teacher: str = ""
    """Digest of what the teachers say of the training part; empty: nobody teaches."""

    teacher_share: float = 0.0
    """Weight of the teachers in the targets, 0..1; labels and votes have the rest."""

    optimizer: str = "sgd"
    """"sgd", with Nesterov momentum, warm-up and cosine; or "adam", at one learning rate (arXiv:1412.6980)."""

    balance: bool = False
    """Whether rare expressions weigh more in the loss."""

    patience: int = 0
    """Stop after so many epochs in a row without a new least tuning loss, and deliver that of the least; 0: never."""

    weights: str = ""
    """Where the frozen parts of `transfer` come from: "imagenet", "none" or a folder; empty for the others."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one epoch came to.

    Attributes:
        number: 1 for the first.
        loss: mean cross-entropy of its batches, views spoilt and mixed, in nats.
        tuning_loss: mean cross-entropy on the tuning part as it is, against labels and votes, in nats.
        accuracy: on the tuning part against its labels, 0..1.
        seconds: that it took.
        learning_rate: of its last step.
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
"""How each architecture is trained where nobody says otherwise."""


def best(history: Sequence[Epoch]) -> int:
    """Index of the epoch of least tuning loss, the first of equals.

    The loss, not the accuracy: on few pictures the accuracy stands still while the loss yet falls, and it jumps by chance.
    """
    return min(range(len(history)), key=lambda index: history[index].tuning_loss)


def is_over(recipe: Recipe, history: Sequence[Epoch]) -> bool:
    """Whether a run with these epochs behind it ends here."""
    if len(history) >= recipe.epochs:
        return True
    return bool(recipe.patience and history) and len(history) - 1 - best(history) >= recipe.patience
