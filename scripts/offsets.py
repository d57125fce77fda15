"""How the answers of the shipped network were weighed, after scripts/distil.py and before scripts/confidence_head.py.

    python scripts/offsets.py fer2013.npz --pair distilled.json --label distilled-label.json --out weighed.json

What the crowd sees and what the labels say pull apart, so a network has to be told what counts. Here it is a share of the
label's head in the answer and an offset for each expression, chosen on all of PublicTest so that the worst of five figures is
as good as can be (`BARS`): none is bought with another that lacks more. They are the mean of what is chosen on so many
resamples (bagging, Breiman 1996), since the best for one set of faces is too good to be true. Chosen on a random half of the
images, with five resamples, and measured on the other half, six times, they gave 67.8% of the labels (66.7 without them), a
macro-F1 of 66.1 (64.0), 65.8% of the labels without copies (64.9), 87.2% of the clear majority (89.0) and a mean recall of
87.7 (89.3). Then come a temperature and a threshold, as `emodj train` chooses them, without copies of Training. All fold into
the layer of the logits. Nothing of emodj imports this.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from realtime.classifier import keras_pair
from realtime.training import calibration, confidence_head, metrics
from realtime.training.evaluation import clear_majority
from realtime.training.formats import read_dataset
from realtime.training.trainer import predict_probabilities

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

BARS = np.array([0.68, 0.665, 0.665, 0.87, 0.85])
"""What each of `figures` is to reach, as it was set beforehand."""

RESAMPLES = 20
DRAWS = 500
SHARE = 0.1
"""Of the label's head, to begin with."""

SIX = [0, 2, 3, 4, 5, 6]
"""All but disgust: PublicTest has hardly more clear images of it than PrivateTest, which has seven."""


class Judge:
    """Says what answers to some images are worth."""

    def __init__(self, images: Dataset) -> None:
        self._labels, self._fresh = images.labels.astype(np.int64), ~images.copy_of_training
        self._clear, self._majority = clear_majority(images)

    def figures(self, said: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Accuracy and macro-F1 of the labels, accuracy without copies of Training; accuracy and recall of the clear majority.

        Args:
            said: (n,) answers to all images.
            rows: those that count.
        """
        own = metrics.confusion_matrix(self._labels[rows], said[rows])
        fresh, clear = rows[self._fresh[rows]], rows[self._clear[rows]]
        alone = float(np.mean(said[fresh] == self._labels[fresh]))
        agreed = metrics.confusion_matrix(self._majority[clear], said[clear])
        recall = metrics.nan_mean([metrics.recalls(agreed)[number] for number in SIX])
        return np.array(
            [metrics.accuracy(own), metrics.nan_mean(metrics.f1_scores(own)), alone, metrics.accuracy(agreed), recall]
        )

    def worth(self, said: NDArray[np.int64], rows: NDArray[np.int64]) -> float:
        """How far the worst figure is above its bar, and a little for all of them."""
        above = self.figures(said, rows) - BARS
        return float(above.min() + 0.05 * above.sum())


def chosen(
    own: NDArray[np.float64], label: NDArray[np.float64], judge: Judge, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], float]:
    """Offsets (7,) in hundredths and the share of the label's head: the means of what resamples choose.

    Args:
        own: (n, 7) logits of the network's own answer.
        label: (n, 7) of the label's head.
        judge: of the n images.
        rows: the images to choose on.
    """
    found = []
    for seed in range(RESAMPLES):
        drawn = np.random.default_rng((7, seed)).choice(rows, len(rows))
        found.append(_climbed(own, label, judge, drawn, seed))
        print(f"resample {seed + 1} of {RESAMPLES}", flush=True)
    offsets, shares = zip(*found, strict=True)
    return np.mean(offsets, axis=0).round(2), round(float(np.mean(shares)), 3)


def _climbed(
    own: NDArray[np.float64], label: NDArray[np.float64], judge: Judge, rows: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.float64], float]:
    """By a random walk, first in long steps, then in short ones, that only goes where it is better."""
    rng, best, share = np.random.default_rng(seed), np.zeros(7), SHARE
    worth = judge.worth(weighed(own, label, best, share).argmax(axis=1), rows)
    for draw in range(DRAWS):
        tried = best + rng.normal(0, 0.25 if draw < DRAWS // 2 else 0.08, 7) * (rng.random(7) < 0.4)
        other = share + (rng.normal(0, 0.05) if rng.random() < 0.5 else 0.0)
        # An offset that changes next to nothing is not worth having
        cost = 0.004 * float(np.abs(tried - tried.mean()).mean())
        now = judge.worth(weighed(own, label, tried, other).argmax(axis=1), rows) - cost
        if now > worth:
            best, share, worth = tried, other, now
    return best - best.mean(), share


def weighed(
    own: NDArray[np.float64], label: NDArray[np.float64], offsets: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """The logits (n, 7) of the answer."""
    return (1 - share) * own + share * label + offsets


def main() -> None:
    """Choose, print what was chosen with its figures, and write the pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pair", type=Path, required=True, help="with the answer")
    parser.add_argument("--label", type=Path, required=True, help="the same with the head of the label")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    public = read_dataset(options.data).part("public")
    keras, other = keras_pair.load_pair(options.pair), keras_pair.load_pair(options.label)
    for each in (keras, other):
        confidence_head.reset_head(each)
    own, label = (
        np.log(np.maximum(predict_probabilities(each, public.images), 1e-12)).astype(np.float64) for each in (keras, other)
    )
    # Copies of Training, too: three of the figures are of all images, and one is for those without
    judge, rows = Judge(public), np.arange(len(public))
    offsets, share = chosen(own, label, judge, rows)
    for name, logits in (("before", own), ("after", weighed(own, label, offsets, share))):
        print(name, judge.figures(logits.argmax(axis=1), rows).round(4).tolist())

    layers = [each.get_layer(keras_pair.LOGITS) for each in (keras, other)]
    mine, theirs = (layer.get_weights() for layer in layers)
    layers[0].set_weights([(1 - share) * a + share * b for a, b in zip(mine, theirs, strict=True)])
    keras_pair.fold_calibration(keras, 1.0, offsets.astype(np.float32))
    fresh = public.select(~public.copy_of_training)
    degree, limit = calibration.choose_temperature(predict_probabilities(keras, fresh.images), fresh)
    keras_pair.fold_calibration(keras, degree, np.zeros(7, np.float32))
    bias = (offsets / degree).tolist()
    print(json.dumps({"label_share": share, "temperature": degree, "bias": bias, "unsure_below": limit}))
    keras_pair.save_pair(keras, options.out)


if __name__ == "__main__":
    main()
