"""Random views of a batch of faces: what realtime.training.augment does, in torch."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from distillation.device import DEVICE
from realtime.training import augment as tf_augment

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


def augmented(faces: torch.Tensor) -> torch.Tensor:
    """Faces to random views of them, both (n, 1, 48, 48) float32 in 0..1."""
    count = len(faces)
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
    views = functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)
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


def lend_spectra(views: torch.Tensor, drawn: int) -> torch.Tensor:
    """Give the first views, which are drawn, part of the amplitude spectrum of the last views, which are photos.

    The phase keeps the shapes of the face; the amplitude carries contrast, texture and noise, by which a network could tell a
    drawn face from a photo (Xu et al. 2021, arXiv:2105.11120: amplitude mix). Half of those photos get part of the spectrum of
    the drawn face in turn, so that a drawn spectrum is no sign of a drawn expression.

    Args:
        views: (n, 1, 48, 48) float32 in 0..1.
        drawn: how many of the first ones are drawn; at most n / 2.
    """
    if not drawn:
        return views
    own, other = views[:drawn], views[-drawn:]
    dice = torch.rand(3, drawn, 1, 1, 1, device=DEVICE)
    first, second = torch.fft.rfft2(own), torch.fft.rfft2(other)
    a, b = first.abs(), second.abs()
    lent = torch.fft.irfft2(first / (a + 1e-6) * (a + dice[0] * (b - a)), s=(48, 48)).clamp(0, 1)
    back = torch.fft.irfft2(second / (b + 1e-6) * (b + dice[1] * (a - b)), s=(48, 48)).clamp(0, 1)
    kept = torch.where(dice[2] < 0.5, back, other)
    return torch.cat([lent, views[drawn:-drawn], kept])
