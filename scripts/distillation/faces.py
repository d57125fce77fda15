"""The faces that are learned from, photos and drawn ones, with the targets of all heads, on the device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from distillation.device import DEVICE
from distillation.networks import CLASSES
from realtime.training.evaluation import clear_majority
from realtime.training.targets import expression_targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distillation.drawn import Drawn
    from realtime.training.dataset import Dataset

BATCH_SIZE = 256

DRAWN_SHARE = 0.1
"""Share of drawn faces in a batch."""

TRUTH = 0.15
"""Share of labels and votes in the targets of the student; the rest comes from the teachers."""

DRAWN_TRUTH = 0.6
"""The same for drawn faces: what was drawn is known, and no person labelled it."""


class Faces:
    """Photos and drawn faces with the targets of all heads, on the device.

    Attributes:
        images: (n, 48, 48) uint8, first the photos.
        truth: (n, 22) float32.
        trust: (n, 1) float32, share of the truth in the targets of the student.
        photos: how many of them are photos.
        size: rows of a batch.
        drawn: how many rows of a batch are drawn; they come first.
    """

    def __init__(self, part: Dataset, drawn: Drawn | None) -> None:
        clear, majority = clear_majority(part)
        rows = [
            np.eye(CLASSES)[part.labels],
            expression_targets(part, 0, 0),
            np.eye(CLASSES + 1)[np.where(clear, majority, CLASSES)],
        ]
        truth = np.concatenate(rows, axis=1).astype(np.float32)
        images, trust = part.images, np.full((len(part), 1), TRUTH, np.float32)
        if drawn is not None:
            images = np.concatenate([images, drawn.images])
            truth = np.concatenate([truth, drawn.targets()])
            trust = np.concatenate([trust, np.full((len(drawn), 1), DRAWN_TRUTH, np.float32)])
        self.images, self.truth, self.trust = (torch.from_numpy(each).to(DEVICE) for each in (images, truth, trust))
        self.photos = len(part)
        self.size = min(BATCH_SIZE, len(part))
        self.drawn = 0 if drawn is None else round(DRAWN_SHARE * self.size)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def batches_in_epoch(self) -> int:
        """Batches in an epoch over the photos."""
        return max(1, self.photos // (self.size - self.drawn))

    def batches(self) -> Iterator[torch.Tensor]:
        """Rows of one batch after the other, without end: first drawn faces, then photos."""
        count = self.size - self.drawn
        drawn = torch.empty(0, dtype=torch.long, device=DEVICE)
        while True:
            order = torch.randperm(self.photos, device=DEVICE)
            for number in range(self.batches_in_epoch):
                if len(drawn) < self.drawn:
                    drawn = self.photos + torch.randperm(len(self) - self.photos, device=DEVICE)
                first, drawn = drawn[: self.drawn], drawn[self.drawn :]
                yield torch.cat([first, order[number * count :][:count]])
