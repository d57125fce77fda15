"""How the shipped network was taught to doubt, after scripts/offsets.py: sureness, then temperature and threshold anew.

    python scripts/confidence_head.py fer2013.npz --pair weighed.json --out emotiondetector.json

It is what `emodj train` does at the end of a run, done to a network that was trained by other means. Sureness learns from
Training; temperature and threshold are chosen on PublicTest without photos that are also in Training. No answer changes, only
its probability. The temperature that it prints is one more factor: that of the contract is the product of both, and its bias
that of scripts/offsets.py divided by this one. Nothing of emodj imports this.
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
    """Teach, print figures before and after, and write the pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pair", type=Path, required=True, help="of `compact`, weighed")
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
        said = predict_probabilities(keras, tuning.images)
        limit = calibration.choose_threshold(said[clear], majority[clear])
        answered, right = metrics.coverage(said[clear], majority[clear], limit)
        errors = metrics.calibration_error(said[clear], majority[clear]), metrics.vote_calibration_error(said, shares)
        figures = {"errors": errors, "threshold": limit, "answered": answered, "right": right}
        print(name, json.dumps(figures), flush=True)

    confidence_head.reset_head(keras)
    show("before")
    degree, limit = export.teach_confidence(keras, images.part("training"), tuning, options.seed)
    show("after")
    print(json.dumps({"temperature": degree, "unsure_below": limit}))
    keras_pair.save_pair(keras, options.out)


if __name__ == "__main__":
    main()
