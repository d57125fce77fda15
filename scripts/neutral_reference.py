"""Measure what a network says of clear neutral faces, and write it into the contract of the network.

    python scripts/neutral_reference.py fer2013.npz --pair models/emotiondetector.json

`emodj calibrate` compares a person's face at rest with these means; without them it cannot be used with the network. `emodj
train` writes them by itself; this script does it for a network from another trainer. The faces are those of PublicTest that
at least eight of ten people call neutral. No module of emodj imports this script.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from realtime.classifier import contract
from realtime.classifier.runtime import open_classifier
from realtime.domain import EXPRESSIONS
from realtime.training.formats import read_dataset
from realtime.training.neutral_reference import clear_neutral_faces, neutral_reference

BATCH = 200


def main() -> None:
    """Measure, print, and write the contract."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pair", type=Path, default=Path("models/emotiondetector.json"), help="pair or compiled network")
    options = parser.parse_args()
    images = read_dataset(options.data).part("public")
    path = contract.contract_path(options.pair)
    network = open_classifier(contract.read_compiled(contract.compiled_path(options.pair)), num_threads=2)
    crops = images.images[..., None].astype(np.float32) / np.float32(255)
    probabilities = np.concatenate([network.classify(crops[row : row + BATCH]) for row in range(0, len(crops), BATCH)])
    reference = neutral_reference(images, probabilities)
    if reference is None:
        raise SystemExit(f"{options.data} has too few clear neutral faces in its public part")
    clear = probabilities[clear_neutral_faces(images)]
    right = float(np.mean(clear.argmax(axis=1) == [each.value for each in EXPRESSIONS].index("neutral")))
    print(f"{len(clear)} clear neutral faces, {right:.1%} called neutral")
    for expression, mean in zip(EXPRESSIONS, reference, strict=True):
        print(f"{expression.value:9} {mean:7.4f}")
    contract.write_contract_file(path, replace(contract.read_contract(path), neutral=reference))
    print(f"written: {path}")


if __name__ == "__main__":
    main()
