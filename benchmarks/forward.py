"""One face through the compiled network on one core: the one that ships beside the ancestors', both run by LiteRT, in turns.

The ancestors' has random weights: how long it takes does not depend on them.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.figures import Figure, of_turns, parser, report
from realtime.classifier.architectures import build_network
from realtime.classifier.compiler import compile_network
from realtime.classifier.runtime import LiteRtClassifier
from realtime.domain import CROP_SIDE
from realtime.storage import resources

if TYPE_CHECKING:
    from realtime.domain import Batch

TURNS = 15
SECONDS = 15.0


def figures(seconds: float = SECONDS, *, turns: int = TURNS) -> list[Figure]:
    """The row of the table: milliseconds a face.

    Raises:
        EmodjError: TensorFlow is not installed.
    """
    shipped = (resources.models_folder() / "emotiondetector.tflite").read_bytes()
    ours, theirs = (LiteRtClassifier(model) for model in (shipped, compile_network(build_network("ancestor"))))
    face = np.random.default_rng(0).random((1, CROP_SIDE, CROP_SIDE, 1), np.float32)
    each = seconds / turns / 2
    pairs = [(_milliseconds(ours, face, each), _milliseconds(theirs, face, each)) for _ in range(turns)]
    return [of_turns("one face, forward", pairs, unit=" ms", must=0.6, moonshot=0.35, more_is_better=False)]


def _milliseconds(classifier: LiteRtClassifier, face: Batch, seconds: float) -> float:
    """Of one face, the mean of so many seconds after a warm-up."""
    classifier.classify(face)
    began, count = time.perf_counter(), 0
    while not count or time.perf_counter() - began < seconds:
        classifier.classify(face)
        count += 1
    return (time.perf_counter() - began) / count * 1000


def main() -> int:
    """Measure and print."""
    given = parser(__doc__, seconds=SECONDS).parse_args()
    return report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
