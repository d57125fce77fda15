"""Robustness of a network: the clear images of FER-2013, corrupted in the ways of cameras and messengers.

    python -m benchmarks.robustness fer2013.npz [--model NAME.json] [--part private|public]

The table has a row for each corruption and one without: accuracy against the majority of more than five of ten people, the
share answered at the threshold of the network, and the share right of the answered. Needs TensorFlow and the data.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from realtime.app.build import shipped_settings, unsure_below
from realtime.classifier.keras_pair import load_pair
from realtime.storage import resources
from realtime.training import report_text
from realtime.training.evaluation import clear_majority, measure_robustness
from realtime.training.formats import read_dataset
from realtime.training.trainer import predict_probabilities


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", type=Path, default=resources.models_folder() / "emotiondetector.json")
    parser.add_argument("--part", choices=["private", "public"], default="private")
    options = parser.parse_args()
    images = read_dataset(options.data).part(options.part)
    network, threshold = load_pair(options.model), unsure_below(shipped_settings(), options.model)
    clear, _ = clear_majority(images)
    print(f"{clear.sum()} clear images of the {options.part} part, unsure below {threshold.common:g}")
    rows = measure_robustness(lambda crops: predict_probabilities(network, crops), images, threshold)
    print("\n".join(report_text.robustness_lines(rows)))


if __name__ == "__main__":
    main()
