"""Train a network on the device: optimizers with an average of the weights, and the loop."""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from distillation.device import DEVICE, half_precision
from distillation.views import as_views, augmented

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from distillation.faces import Faces

DECAY = 0.999
"""Of the average of the weights, a step."""

CLOCK_STEPS = 20
"""Steps between two looks at the clock."""


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
    try:
        with torch.cuda.graph(graph):
            step()
    except RuntimeError as error:
        print(f"no graph: {error}", flush=True)
        return step
    return graph.replay


@dataclass(frozen=True)
class Length:
    """How long a network is trained.

    Attributes:
        epochs: over the photos.
        seconds: at most; None for no limit. The learning rate falls with the share of epochs or of seconds that is over,
            whichever is larger, so a run that ends by the clock ends at the lowest rate too.
    """

    epochs: float
    seconds: float | None = None


def trained(
    name: str, network: nn.Module, optimizer: Sgd, faces: Faces, length: Length, loss_of: Callable[[torch.Tensor], torch.Tensor]
) -> nn.Module:
    """Train a network and return the average of its weights, with batch norms that fit photos.

    Args:
        name: for the screen.
        network: on the device.
        optimizer: of its weights.
        faces: to learn from.
        length: how long.
        loss_of: the loss, one number, of some rows of the faces.
    """
    rows, loss = next(faces.batches()), torch.zeros((), device=DEVICE)
    steps = max(1, round(length.epochs * faces.batches_in_epoch))

    def step() -> None:
        now = loss_of(rows)
        optimizer.step(torch.autograd.grad(now, optimizer.weights))
        loss.lerp_(now.detach(), 0.01)

    network.train()
    run = captured(step)
    began, progress = time.monotonic(), 0.0
    for number, batch in enumerate(faces.batches(), 1):
        cosine = 0.0005 + 0.9995 * (1 + math.cos(math.pi * progress)) / 2
        optimizer.rate.fill_(optimizer.peak * min(1, number / optimizer.warm_up) * cosine)
        rows.copy_(batch)
        run()
        progress = max(progress, number / steps)
        if number % CLOCK_STEPS == 0 and length.seconds:
            if DEVICE.type == "cuda":
                # The device is asked to finish, or the clock would run ahead of it
                torch.cuda.synchronize()
            progress = max(progress, (time.monotonic() - began) / length.seconds)
        if number % (10 * faces.batches_in_epoch) == 0 or progress >= 1:
            print(f"{name}: epoch {number / faces.batches_in_epoch:.1f}, loss {loss.item():.4f}", flush=True)
        if progress >= 1:
            break
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
        for _ in range(120 if faces.photos > 4 * faces.size else 1):
            rows = torch.randint(faces.photos, (2 * faces.size,), device=DEVICE)
            settled(augmented(as_views(faces.images[rows])))
    return settled.eval()
