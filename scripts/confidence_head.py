"""Train the confidence head of the shipped network, then choose temperature and threshold; run it after scripts/offsets.py.

    python scripts/confidence_head.py fer2013.npz --drawn drawn.npz --pair weighed.json --out emotiondetector.json

`emodj train` does the same at the end of a run; this script does it for a network from another trainer. The confidence head
learns from Training and from drawn faces. Temperature and threshold are chosen on PublicTest without photos that are also in
Training. No answer changes, only its probability. The printed temperature is a further factor: the temperature of the
contract is the product of this one and that of scripts/offsets.py, and the bias of the contract is that of
scripts/offsets.py divided by this temperature. No module of emodj imports this script.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from distillation.drawn import NEUTRAL, Drawn, join_datasets
from realtime.classifier import keras_pair
from realtime.classifier.architectures import build_network
from realtime.domain import Threshold
from realtime.training import calibration, confidence_head, export, metrics
from realtime.training.formats import read_dataset
from realtime.training.targets import expression_targets
from realtime.training.trainer import copy_weights, predict_probabilities

DRAWN_SHARE = 0.2
"""Share of drawn faces among those that the head learns from: on PublicTest it sees hardly any face that is strong and strange,
so that it must be "not sure" of its neutral."""


def main() -> None:
    """Train the head, print figures before and after, and write the pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--drawn", type=Path, help="drawn faces, of scripts/draw_faces.py")
    parser.add_argument("--drawn-share", type=float, default=DRAWN_SHARE, help="of the faces to learn from, 0..1")
    parser.add_argument("--pair", type=Path, required=True, help="pair of the architecture compact, from offsets.py")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    images = read_dataset(options.data)
    public = images.part("public")
    tuning = public.select(~public.copy_of_training)
    clear, majority = calibration.reference_labels(tuning)
    shares = expression_targets(tuning, 0, 0)
    training, aside = images.part("training"), None
    if options.drawn:
        drawn = Drawn.read(options.drawn)
        aside, learned = drawn.held_out(), drawn.learned().dataset()
        count = round(len(training) * options.drawn_share / (1 - options.drawn_share))
        some = np.random.default_rng(options.seed).permutation(len(learned)) < count
        training = join_datasets(training, learned.select(some))
    keras = build_network("compact")
    copy_weights(keras, keras_pair.load_pair(options.pair))

    def show(name: str) -> None:
        probabilities = predict_probabilities(keras, tuning.images)
        common = calibration.choose_threshold(probabilities[clear], majority[clear])
        threshold = Threshold(common, calibration.choose_neutral_threshold(probabilities[clear], majority[clear], common))
        answered, right = metrics.coverage(probabilities[clear], majority[clear], threshold)
        errors = (
            metrics.calibration_error(probabilities[clear], majority[clear]),
            metrics.vote_calibration_error(probabilities, shares),
        )
        figures = {"errors": errors, "threshold": asdict(threshold), "answered": answered, "right": right}
        if aside is not None:
            said = predict_probabilities(keras, aside.images)
            sure_neutral = (said.argmax(axis=1) == NEUTRAL) & metrics.answered(said, threshold)
            figures["drawn"] = metrics.coverage(said, aside.labels, threshold)
            figures["drawn called neutral"] = float(sure_neutral[aside.labels != NEUTRAL].mean())
        print(name, json.dumps(figures), flush=True)

    confidence_head.reset_head(keras)
    show("before")
    temperature, threshold = export.teach_confidence(keras, training, tuning, options.seed)
    show("after")
    neutral = calibration.choose_neutral_threshold(
        predict_probabilities(keras, tuning.images)[clear], majority[clear], threshold
    )
    print(json.dumps({"temperature": temperature, "unsure_below": threshold, "neutral_unsure_below": neutral}))
    keras_pair.save_pair(keras, options.out)


if __name__ == "__main__":
    main()
