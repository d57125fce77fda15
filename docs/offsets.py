"""How the answers of the shipped network were weighed before it was taught to doubt.

An offset for each expression, a temperature and a threshold:

    python docs/offsets.py fer2013.npz --pair before.json --out emotiondetector.json

One exponent of the class prior, as `emodj train` takes it off, moves all seven at once; seven offsets can favour what the
crowd sees at little cost to the labels. All is chosen on PublicTest without photos that are also in Training. An offset is the
mean of what is chosen on so many resamples of these (bagging, Breiman 1996). Chosen on half of the photos and measured on the
other half, six times, they gained .5 points of accuracy and .9 of mean recall against the clear majority, and lost .2 of
accuracy against the labels; the temperature took 1.6 points off the calibration error against the clear majority and put 3.1
on that against the votes. They fold into the layer of the logits: the network takes no longer. A pair that doubts by the face
(`docs/sureness.py`) forgets it here. Nothing of emodj imports this.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from realtime import network
from realtime.training import calibrate, dataset, metrics, sureness
from realtime.training.calibrate import Correction
from realtime.training.dataset import targets
from realtime.training.evaluate import clear_majority
from realtime.training.fit import predict

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 20
DRAWS = 400
FLOOR = 0.876
"""Accuracy against the clear majority that an offset for the labels' sake may not undercut for nothing."""

SIX = [0, 2, 3, 4, 5, 6]
"""All but disgust: PublicTest has hardly more clear images of it than PrivateTest, which has seven."""

TEMPERATURES = np.arange(0.7, 1.101, 0.02).round(2).tolist()


def offsets(logits: NDArray[np.float64], tuning: dataset.Dataset) -> NDArray[np.float64]:
    """The mean of what resamples choose, (7,), in hundredths."""
    found: list[NDArray[np.float64]] = []
    for seed in range(RESAMPLES):
        rows = np.random.default_rng((7, seed)).choice(len(tuning), len(tuning))
        found.append(_climbed(logits[rows], tuning.where(rows), seed))
        print(f"resample {seed + 1} of {RESAMPLES}", flush=True)
    return np.mean(found, axis=0).round(2)


def _climbed(logits: NDArray[np.float64], tuning: dataset.Dataset, seed: int) -> NDArray[np.float64]:
    """By a random walk from nothing, first in long steps, then in short ones, that only goes where it is better."""
    rng, best = np.random.default_rng(seed), np.zeros(7)
    labels, (clear, majority) = tuning.labels.astype(np.int64), clear_majority(tuning)
    worth = _worth(logits.argmax(axis=1), labels, clear, majority)
    for draw in range(DRAWS):
        tried = best + rng.normal(0, 0.25 if draw < DRAWS // 2 else 0.08, 7) * (rng.random(7) < 0.4)
        said = (logits + tried).argmax(axis=1)
        # An offset that changes next to nothing is not worth having
        now = _worth(said, labels, clear, majority) - 0.002 * float(np.abs(tried - tried.mean()).mean())
        if now > worth:
            best, worth = tried, now
    return best - best.mean()


def _worth(said: NDArray[np.int64], labels: NDArray[np.int64], clear: NDArray[np.bool_], majority: NDArray[np.int64]) -> float:
    """Accuracy and macro-F1 against the labels, accuracy and mean recall without disgust against the clear majority."""
    own, agreed = metrics.confusion(labels, said), metrics.confusion(majority[clear], said[clear])
    recalls, right = metrics.recalls(agreed), metrics.accuracy(agreed)
    figures = metrics.accuracy(own) + metrics.mean(metrics.f1_scores(own)) + right + metrics.mean([recalls[i] for i in SIX])
    return figures - 3 * max(0.0, FLOOR - right)


def temperature(said: NDArray[np.float32], chosen: NDArray[np.float64], tuning: dataset.Dataset) -> float:
    """The softest that leaves little error against the clear majority, else the one that leaves least.

    Against the shares of all votes the network is too sure already, and both cannot be had.
    """
    clear, majority = clear_majority(tuning)
    errors = {
        each: metrics.calibration_error(correction(each, chosen).apply(said)[clear], majority[clear]) for each in TEMPERATURES
    }
    return max(
        (each for each, error in errors.items() if error <= calibrate.MOST_ERROR), default=min(errors, key=lambda t: errors[t])
    )


def correction(degree: float, chosen: NDArray[np.float64]) -> Correction:
    """What to do to the logits: the offsets come before the temperature, which then changes no answer."""
    return Correction(degree, 0.0, tuple((chosen / degree).tolist()))


def main() -> None:
    """Choose, print what was chosen with the figures before and after, and write the pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pair", type=Path, required=True, help="trained, and corrected for the prior or not")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    public = dataset.read(options.data).part("public")
    tuning = public.where(~public.copy_of_training)
    keras = network.load_pair(options.pair)
    sureness.forget(keras)
    said = predict(keras, tuning.images)
    chosen = offsets(np.log(np.maximum(said, 1e-12)).astype(np.float64), tuning)
    degree = temperature(said, chosen, tuning)
    now = correction(degree, chosen)
    clear, majority = clear_majority(tuning)
    limit = calibrate.threshold(now.apply(said)[clear], majority[clear])
    print(json.dumps({"temperature": degree, "offsets": chosen.tolist(), "bias": now.bias, "unsure_below": limit}))
    shares = targets(tuning, 0, 0)
    for name, answers in (("before", said), ("after", now.apply(said))):
        errors = metrics.calibration_error(answers[clear], majority[clear]), metrics.vote_calibration_error(answers, shares)
        print(name, "calibration errors", *(f"{error:.4f}" for error in errors))
    network.fold(keras, degree, np.array(now.bias, np.float32))
    network.save_pair(keras, options.out)


if __name__ == "__main__":
    main()
