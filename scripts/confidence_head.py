"""Train the confidence head of the shipped network, then choose temperature and threshold; run it after scripts/offsets.py.

    python scripts/confidence_head.py fer2013.npz --pair weighed.json --out emotiondetector.json

`emodj train` does the same at the end of a run; this script does it for a network from another trainer. The confidence head
learns from Training. Temperature and threshold are chosen on PublicTest without photos that are also in Training. No answer
changes, only its probability. The printed temperature is a further factor: the temperature of the contract is the product of
this one and that of scripts/offsets.py, and the bias of the contract is that of scripts/offsets.py divided by this
temperature. No module of emodj imports this script.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from realtime.classifier import keras_pair
from realtime.classifier.architectures import build_network
from realtime.training import calibration, confidence_head, export, metrics
from realtime.training.formats import read_dataset
from realtime.training.targets import expression_targets
from realtime.training.trainer import copy_weights, predict_probabilities


def main() -> None:
    """Train the head, print figures before and after, and write the pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pair", type=Path, required=True, help="pair of the architecture compact, from offsets.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    images = read_dataset(options.data)
    public = images.part("public")
    tuning = public.select(~public.copy_of_training)
    clear, majority = calibration.reference_labels(tuning)
    shares = expression_targets(tuning, 0, 0)
    keras = build_network("compact")
    copy_weights(keras, keras_pair.load_pair(options.pair))

    def show(name: str) -> None:
        probabilities = predict_probabilities(keras, tuning.images)
        threshold = calibration.choose_threshold(probabilities[clear], majority[clear])
        answered, right = metrics.coverage(probabilities[clear], majority[clear], threshold)
        errors = (
            metrics.calibration_error(probabilities[clear], majority[clear]),
            metrics.vote_calibration_error(probabilities, shares),
        )
        figures = {"errors": errors, "threshold": threshold, "answered": answered, "right": right}
        print(name, json.dumps(figures), flush=True)

    confidence_head.reset_head(keras)
    show("before")
    temperature, threshold = export.teach_confidence(keras, images.part("training"), tuning, options.seed)
    show("after")
    print(json.dumps({"temperature": temperature, "unsure_below": threshold}))
    keras_pair.save_pair(keras, options.out)


if __name__ == "__main__":
    main()
