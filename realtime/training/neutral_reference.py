"""What a network says of clear neutral faces on average: the reference for one person's face at rest; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.domain import EXPRESSIONS, Expression
from realtime.faces.calibration import log_means

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

CLEAR_VOTES = 8
"""A face is clearly neutral if at least this many of ten people call it so: 719 of PublicTest, of which the shipped network
calls 89% neutral. A person who is asked to look neutral is easier to read than most photos, so a majority is not enough."""

MIN_FACES = 50
"""With fewer faces there is no reference."""

_DIGITS = 4


def clear_neutral_faces(images: Dataset) -> NDArray[np.bool_]:
    """Mask (n,) of the clearly neutral faces: by the votes, or by the labels of data without votes."""
    neutral = EXPRESSIONS.index(Expression.NEUTRAL)
    return images.expression_votes()[:, neutral] >= CLEAR_VOTES if images.has_votes else images.labels == neutral


def neutral_reference(images: Dataset, probabilities: NDArray[np.float32]) -> tuple[float, ...] | None:
    """Mean log probabilities of the clearly neutral faces, as `Contract.neutral` has them; None if there are too few.

    Args:
        images: n images that the network was not trained on.
        probabilities: (n, 7), its answers.
    """
    rows = probabilities[clear_neutral_faces(images)]
    if len(rows) < MIN_FACES:
        return None
    return tuple(round(mean, _DIGITS) for mean in log_means(rows.astype(float).tolist()))
