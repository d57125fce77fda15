"""Fine-tune the shipped network with drawn faces, on a processor: what scripts/distil.py does better where there is a GPU.

    pip install torch efficientnet_lite_pytorch
    python scripts/distil.py start before.json --out start.npz
    python scripts/tune.py fer2013.npz --drawn drawn.npz --pair before.json --start start.npz --out tuned.npz
    python scripts/average.py start.npz tuned.npz … --pair before.json --share 0.7 --out student.npz
    python scripts/distil.py export student.npz --out student.json

Run scripts/offsets.py and scripts/confidence_head.py next. No module of emodj imports this script.

The network begins as the shipped one, with its correction folded into the last layer. Only the last two of its four stages and
the last layer learn; batch norms keep their statistics. A part of each batch is drawn; half of the views are mixed, drawn ones
with photos, and drawn views get a part of the spectrum of a photo. Photos teach what the network said before, their label, and
the clear majority of the crowd, or its votes if there is none; drawn faces teach what was drawn. After some hundred steps the
network begins to learn what drawings look like, so several short runs with other drawn faces, and their mean, are better than
a long one: scripts/average.py.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from distillation import students
from distillation.drawn import Drawn
from distillation.networks import CLASSES, Student, parts
from distillation.views import as_views, augmented, lend_spectra, mixed
from realtime.classifier.contract import contract_path
from realtime.training.evaluation import clear_majority
from realtime.training.formats import read_dataset
from realtime.training.targets import expression_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.training.dataset import Dataset

BATCH_SIZE = 192
LEARNING_RATE = 0.014
WARM_UP = 60
WEIGHT_DECAY = 3e-4
MAX_GRADIENT = 5.0
"""Longest gradient: batch norms that keep their statistics do not bound it."""
DECAY = 0.995
FROZEN_STAGES = 2
LOSS_SHARES = (1.0, 0.3, 0.2, 0.3)
"""Weight of the answer, and of the heads: label, votes, clear majority."""


@dataclass(frozen=True)
class Lessons:
    """Images (n, 48, 48) uint8, and targets (n, 29) float32 of the answer and of the three heads."""

    images: torch.Tensor
    targets: torch.Tensor

    def __len__(self) -> int:
        return len(self.images)


def restore_correction(student: Student, pair: Path) -> None:
    """Fold the correction of the shipped pair into the answer again, and let all heads begin as the answer."""
    correction = json.loads(contract_path(pair).read_text())["about"]["correction"]
    with torch.no_grad():
        student.answer.weight.div_(correction["temperature"])
        student.answer.bias.div_(correction["temperature"]).add_(torch.tensor(correction["bias"]))
        student.heads.weight.zero_()
        student.heads.bias.zero_()
        for first in (0, 7, 14):
            student.heads.weight[first : first + CLASSES] = student.answer.weight
            student.heads.bias[first : first + CLASSES] = student.answer.bias


@torch.no_grad()
def teach_photos(student: Student, photos: Dataset, shares: Sequence[float]) -> Lessons:
    """What the photos teach; `shares` are those of the answer before, of the label, and of what the crowd saw."""
    images = torch.from_numpy(photos.images)
    before = torch.cat([student(as_views(each))[:, :CLASSES].softmax(1) for each in images.split(256)])
    clear, majority = clear_majority(photos)
    label, votes = np.eye(CLASSES)[photos.labels], expression_targets(photos, 0, 0)
    agreed = np.eye(CLASSES + 1)[np.where(clear, majority, CLASSES)]
    seen = np.where(clear[:, None], agreed[:, :CLASSES], votes)
    answer = shares[0] * before.numpy() + shares[1] * label + shares[2] * seen
    return Lessons(images, torch.from_numpy(np.concatenate([answer, label, votes, agreed], axis=1).astype(np.float32)))


def teach_drawn(drawn: Drawn) -> Lessons:
    """What the drawn faces teach."""
    targets = torch.from_numpy(drawn.targets())
    return Lessons(torch.from_numpy(drawn.images), torch.cat([targets[:, :CLASSES], targets], 1))


def tune(student: Student, photos: Lessons, drawn: Lessons, drawn_share: float, seconds: float) -> None:
    """Train for so many seconds, in place; the weights at the end are a moving average."""
    for number, stage in enumerate(student.stages):
        stage.requires_grad_(number >= FROZEN_STAGES)
    weights = [each for each in student.parameters() if each.requires_grad]
    kernels, others = ([each for each in weights if (each.ndim > 1) == kernel] for kernel in (True, False))
    groups = [{"params": kernels, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=LEARNING_RATE, momentum=0.9, nesterov=True)
    averages = [each.detach().clone() for each in weights]
    count = round(drawn_share * BATCH_SIZE)
    rows_of = {0: torch.empty(0, dtype=torch.long), 1: torch.empty(0, dtype=torch.long)}
    began, step = time.monotonic(), 0
    while (progress := (time.monotonic() - began) / seconds) < 1:
        step += 1
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(1, step / WARM_UP) * (0.002 + 0.998 * (1 + math.cos(math.pi * progress)) / 2)
        views, targets = [], []
        for number, (lessons, size) in enumerate(((drawn, count), (photos, BATCH_SIZE - count))):
            if len(rows_of[number]) < size:
                rows_of[number] = torch.randperm(len(lessons))
            rows, rows_of[number] = rows_of[number][:size], rows_of[number][size:]
            views.append(as_views(lessons.images[rows]))
            targets.append(lessons.targets[rows])
        with torch.no_grad():
            batch, own = mixed(augmented(lend_spectra(torch.cat(views), count)), 0.5, 0.5)
            wanted = torch.cat(targets)
            wanted = own * wanted + (1 - own) * wanted.flip(0)
        said = student(batch)
        pairs = zip(
            (wanted[:, :CLASSES], *parts(wanted[:, CLASSES:])), (said[:, :CLASSES], *parts(said[:, CLASSES:])), strict=True
        )
        losses = [-(want * each.log_softmax(1)).sum(1).mean() for want, each in pairs]
        loss = torch.stack([share * each for share, each in zip(LOSS_SHARES, losses, strict=True)]).sum()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, MAX_GRADIENT)
        optimizer.step()
        with torch.no_grad():
            for average, weight in zip(averages, weights, strict=True):
                average.lerp_(weight, 1 - min(DECAY, 1 - 1 / (step + 1)))
        if step % 50 == 0:
            print(f"step {step}, {progress:.0%}, loss {loss.item():.4f}", flush=True)
    with torch.no_grad():
        for average, weight in zip(averages, weights, strict=True):
            weight.copy_(average)


def main() -> None:
    """Train, and write the student as a file of arrays."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--drawn", type=Path, required=True, nargs="+")
    parser.add_argument("--pair", type=Path, required=True, help="the shipped pair, with its contract beside it")
    parser.add_argument("--start", type=Path, required=True, help="the same as a file of arrays")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--drawn-share", type=float, default=0.2, help="of each batch, 0..0.5")
    parser.add_argument(
        "--shares", type=float, nargs=3, default=(0.55, 0.2, 0.25), help="of what a photo teaches: before, label, crowd"
    )
    parser.add_argument("--seconds", type=float, default=1000.0)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    part = read_dataset(options.data).part("training")
    student = students.read(options.start).eval()
    restore_correction(student, options.pair)
    photos = teach_photos(student, part.select(part.face_mask()), options.shares)
    drawn = teach_drawn(Drawn.read_all(options.drawn).learned())
    tune(student, photos, drawn, options.drawn_share, options.seconds)
    students.write(student, options.out)


if __name__ == "__main__":
    main()
