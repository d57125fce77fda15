"""Make the quantised form of the shipped network, `NAME.int8.tflite`, and write its digest into the contract.

    python scripts/quantise.py fer2013.npz --drawn drawn.npz --pair models/emotiondetector.json
    python scripts/quantised_figures.py fer2013.npz --pair models/emotiondetector.json

All convolutions but the first two get kernels in eight bits, rounded so that their outputs change little over faces of
Training and drawn faces. LiteRT quantises the feature maps in front of them while it runs, with a range for each face. The
first two read few channels: there eight bits save little and change the answers most (on PublicTest). The other layers take
hardly any time and stay in float32. It takes a minute of two processor cores. No module of emodj imports this script.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from distillation.drawn import Drawn
from quantisation.inputs import second_moments
from quantisation.kernels import convolutions, pack, parse, write_kernels
from quantisation.rounding import round_kernels
from realtime.classifier import contract
from realtime.classifier.crops import to_batch
from realtime.classifier.golden import differences
from realtime.classifier.quantised import quantised_path
from realtime.classifier.runtime import LiteRtClassifier
from realtime.storage import atomic
from realtime.training.formats import read_dataset

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.classifier.runtime import Classifier
    from realtime.training.dataset import Dataset

PHOTOS, DRAWN = 640, 160
"""Faces whose feature maps the rounding is fitted to."""

IN_FLOAT = 2
"""Convolutions at the beginning that stay in float32. With 1, 2 and 3 a probability of PublicTest changes by .0020, .0016 and
.0014 in the mean, and a face takes .19, .26 and .42 of the time."""


def choose_faces(photos: Dataset, drawn: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Draw faces to fit to, as crops (n, 48, 48, 1) float32 in 0..1; the same in each run."""
    random = np.random.default_rng(0)
    chosen = [each[random.choice(len(each), count, replace=False)] for each, count in ((photos.images, PHOTOS), (drawn, DRAWN))]
    return to_batch(np.concatenate(chosen))


def quantise(model: bytes, crops: NDArray[np.float32]) -> bytes:
    """Quantise a compiled network in float32.

    Args:
        model: TFLite flatbuffer.
        crops: (n, 48, 48, 1) float32 in 0..1, to fit to.
    """
    network = parse(model)
    chosen = list(convolutions(network))[IN_FLOAT:]
    for each, moments in zip(chosen, second_moments(model, chosen, crops), strict=True):
        write_kernels(network, each.tensor, *round_kernels(each.kernels, moments))
    return pack(network)


def compare(ours: Classifier, quantised: Classifier, images: NDArray[np.uint8]) -> str:
    """A sentence about the probabilities of both forms on images (n, 48, 48) uint8."""
    before, after = (
        np.concatenate([each.classify(to_batch(some)) for some in np.array_split(images, len(images) // 16 + 1)])
        for each in (ours, quantised)
    )
    gaps = np.abs(after - before).max(axis=1)
    same = np.mean(before.argmax(axis=1) == after.argmax(axis=1))
    return f"changes of {gaps.mean():.4f} in the mean, {gaps.max():.3f} at most; {same:.2%} of the answers stay"


def main() -> None:
    """Quantise, write file and contract, and compare on PublicTest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--drawn", type=Path, required=True, help="drawn faces, of scripts/draw_faces.py")
    parser.add_argument("--pair", type=Path, required=True, help="a compiled pair, with its contract beside it")
    options = parser.parse_args()
    data = read_dataset(options.data)
    photos = data.part("training")
    photos = photos.select(photos.face_mask())
    model = contract.read_compiled(contract.compiled_path(options.pair))
    quantised = quantise(model, choose_faces(photos, Drawn.read(options.drawn).images))
    path = contract.contract_path(options.pair)
    terms = replace(contract.read_contract(path), quantised_digest=contract.digest_of(quantised))
    atomic.write({quantised_path(options.pair): quantised, path: contract.to_bytes(terms)})
    runs = LiteRtClassifier(quantised, num_threads=2)
    print(f"golden crops: differences of {max(differences(runs, terms.golden).values()):.4f} at most")
    print(f"PublicTest: {compare(LiteRtClassifier(model, num_threads=2), runs, data.part('public').images)}")


if __name__ == "__main__":
    main()
