"""Choose class offsets and a share of the label head for the shipped network; run it after scripts/distil.py.

    python scripts/offsets.py fer2013.npz --drawn drawn.npz --pair student.json --label student-label.json --out weighed.json

Votes and labels often differ, so the answer needs a compromise. The script mixes a share of the label head into the logits
and adds an offset for each expression. It chooses both on all of PublicTest and on drawn faces of identities that were held
out, so that the worst of six metrics, relative to its bar (`BARS`), is as good as possible. The result is the mean over
resamples (bagging, Breiman 1996), since the best choice for one sample is overfitted. For the shipped network, which was
weighed without drawn faces, choices on a random half of the images, with five resamples, were measured on the other half, six
times: accuracy against the labels 67.8% (66.7 before), macro F1 66.1 (64.0), accuracy against the labels without copies 65.8%
(64.9), accuracy against the clear majority 87.2% (89.0), mean recall 87.7 (89.3). Temperature and threshold follow, as `emodj
train` chooses them, without copies of Training. Both are folded into the layer of the logits. Next comes
scripts/confidence_head.py. No module of emodj imports this script.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from distillation.drawn import Drawn
from realtime.classifier import keras_pair
from realtime.training import calibration, confidence_head, metrics
from realtime.training.evaluation import clear_majority
from realtime.training.formats import read_dataset
from realtime.training.trainer import predict_probabilities

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from realtime.training.dataset import Dataset

BARS = np.array([0.677, 0.654, 0.658, 0.874, 0.892, 0.85])
"""Bar of each metric of `Judge.measure`, set before the measurement: what the network before has there, a little less against
the labels (-.5 points, F1 -1.3), as much against the clear majority, and a point more in mean recall."""

RESAMPLES = 20
DRAWS = 500
SHARE = 0.1
"""Initial share of the label head."""

SIX = [0, 2, 3, 4, 5, 6]
"""All but disgust: PublicTest has hardly more clear images of it than PrivateTest, which has seven."""


class Judge:
    """Scores answers to some images.

    Args:
        images: n photos.
        drawn: labels (m,) of drawn faces; the answers to them follow those to the photos.
    """

    def __init__(self, images: Dataset, drawn: NDArray[np.int64]) -> None:
        self._labels, self._fresh = images.labels.astype(np.int64), ~images.copy_of_training
        self._clear, self._majority = clear_majority(images)
        self._photos, self._drawn = len(images), drawn

    def measure(self, answers: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Compute the six metrics.

        They are accuracy and macro F1 against the labels, accuracy against the labels without copies of Training, accuracy
        and mean recall against the clear majority, and mean recall of drawn faces.

        Args:
            answers: (n + m,) answers to all photos, then to all drawn faces.
            rows: indices of the images to measure on.
        """
        drawn = rows[rows >= self._photos]
        rows = rows[rows < self._photos]
        own = metrics.confusion_matrix(self._labels[rows], answers[rows])
        fresh, clear = rows[self._fresh[rows]], rows[self._clear[rows]]
        alone = float(np.mean(answers[fresh] == self._labels[fresh]))
        agreed = metrics.confusion_matrix(self._majority[clear], answers[clear])
        recall = metrics.nan_mean([metrics.recalls(agreed)[number] for number in SIX])
        seen = metrics.nan_mean(metrics.recalls(metrics.confusion_matrix(self._drawn[drawn - self._photos], answers[drawn])))
        f1 = metrics.nan_mean(metrics.f1_scores(own))
        return np.array([metrics.accuracy(own), f1, alone, metrics.accuracy(agreed), recall, seen])

    def score(self, answers: NDArray[np.int64], rows: NDArray[np.int64]) -> float:
        """Distance of the worst metric above its bar, plus a small share of the sum over all metrics."""
        above = self.measure(answers, rows) - BARS
        return float(above.min() + 0.05 * above.sum())


def choose(
    own: NDArray[np.float64], label: NDArray[np.float64], judge: Judge, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], float]:
    """Choose offsets (7,), rounded to hundredths, and the share of the label head: means over the resamples.

    Args:
        own: (n, 7) logits of the combined answer of the network.
        label: (n, 7) logits of the label head.
        judge: judge of the n images.
        rows: indices of the images to choose on.
    """
    choices = []
    for seed in range(RESAMPLES):
        drawn = np.random.default_rng((7, seed)).choice(rows, len(rows))
        choices.append(_climb(own, label, judge, drawn, seed))
        print(f"resample {seed + 1} of {RESAMPLES}", flush=True)
    offsets, shares = zip(*choices, strict=True)
    return np.mean(offsets, axis=0).round(2), round(float(np.mean(shares)), 3)


def _climb(
    own: NDArray[np.float64], label: NDArray[np.float64], judge: Judge, rows: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.float64], float]:
    """Hill climbing with random steps, first long, then short ones; it accepts only improvements."""
    rng, best, share = np.random.default_rng(seed), np.zeros(7), SHARE
    score = judge.score(mix_logits(own, label, best, share).argmax(axis=1), rows)
    for draw in range(DRAWS):
        tried = best + rng.normal(0, 0.25 if draw < DRAWS // 2 else 0.08, 7) * (rng.random(7) < 0.4)
        other = share + (rng.normal(0, 0.05) if rng.random() < 0.5 else 0.0)
        # A penalty on the offsets avoids offsets with almost no effect
        cost = 0.004 * float(np.abs(tried - tried.mean()).mean())
        now = judge.score(mix_logits(own, label, tried, other).argmax(axis=1), rows) - cost
        if now > score:
            best, share, score = tried, other, now
    return best - best.mean(), share


def mix_logits(
    own: NDArray[np.float64], label: NDArray[np.float64], offsets: NDArray[np.float64], share: float
) -> NDArray[np.float64]:
    """Mix the logits of both answers and add the offsets: (n, 7)."""
    return (1 - share) * own + share * label + offsets


def main() -> None:
    """Choose, print the choice with its metrics, and write the pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--drawn", type=Path, required=True, help="drawn faces, of scripts/draw_faces.py")
    parser.add_argument("--pair", type=Path, required=True, help="with the answer")
    parser.add_argument("--label", type=Path, required=True, help="the same with the head of the label")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    public = read_dataset(options.data).part("public")
    keras, other = keras_pair.load_pair(options.pair), keras_pair.load_pair(options.label)
    for each in (keras, other):
        confidence_head.reset_head(each)
    aside = Drawn.read(options.drawn).held_out()
    faces = np.concatenate([public.images, aside.images])
    own, label = (np.log(np.maximum(predict_probabilities(each, faces), 1e-12)).astype(np.float64) for each in (keras, other))
    # Copies of Training are included: one metric leaves them out
    judge, rows = Judge(public, aside.labels), np.arange(len(faces))
    offsets, share = choose(own, label, judge, rows)
    for name, logits in (("before", own), ("after", mix_logits(own, label, offsets, share))):
        print(name, judge.measure(logits.argmax(axis=1), rows).round(4).tolist())

    layers = [each.get_layer(keras_pair.LOGITS) for each in (keras, other)]
    mine, theirs = (layer.get_weights() for layer in layers)
    layers[0].set_weights([(1 - share) * a + share * b for a, b in zip(mine, theirs, strict=True)])
    keras_pair.fold_calibration(keras, 1.0, offsets.astype(np.float32))
    fresh = public.select(~public.copy_of_training)
    temperature, threshold = calibration.choose_temperature(predict_probabilities(keras, fresh.images), fresh)
    keras_pair.fold_calibration(keras, temperature, np.zeros(7, np.float32))
    bias = (offsets / temperature).tolist()
    print(json.dumps({"label_share": share, "temperature": temperature, "bias": bias, "unsure_below": threshold}))
    keras_pair.save_pair(keras, options.out)


if __name__ == "__main__":
    main()
