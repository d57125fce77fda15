"""Time of one face in the compiled network on one core: the shipped network and the architecture `ancestor`, in turns.

LiteRT runs both, the shipped network in its quantised form, as a session does. The weights of `ancestor` are random, since the
time does not depend on them.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.figures import Figure, build_parser, figure_of_turns, print_report
from realtime.classifier.architectures import build_network
from realtime.classifier.compiler import compile_network
from realtime.classifier.quantised import quantised_path
from realtime.classifier.runtime import LiteRtClassifier
from realtime.domain import CROP_SIDE
from realtime.storage import resources

if TYPE_CHECKING:
    from realtime.domain import Batch

TURNS = 15
SECONDS = 15.0


def figures(seconds: float = SECONDS, *, turns: int = TURNS) -> list[Figure]:
    """Measure the row of the table: milliseconds per face.

    Raises:
        EmodjError: TensorFlow is not installed.
    """
    shipped = quantised_path(resources.models_folder() / "emotiondetector.json").read_bytes()
    ours, theirs = (LiteRtClassifier(model) for model in (shipped, compile_network(build_network("ancestor"))))
    face = np.random.default_rng(0).random((1, CROP_SIDE, CROP_SIDE, 1), np.float32)
    each = seconds / turns / 2
    pairs = [(_milliseconds(ours, face, each), _milliseconds(theirs, face, each)) for _ in range(turns)]
    return [figure_of_turns("one face, forward", pairs, unit=" ms", must=0.6, moonshot=0.35, more_is_better=False)]


def _milliseconds(classifier: LiteRtClassifier, face: Batch, seconds: float) -> float:
    """Mean time of one face over the given seconds, after a warm-up."""
    classifier.classify(face)
    began, count = time.perf_counter(), 0
    while not count or time.perf_counter() - began < seconds:
        classifier.classify(face)
        count += 1
    return (time.perf_counter() - began) / count * 1000


def main() -> int:
    """Measure and print."""
    given = build_parser(__doc__, seconds=SECONDS).parse_args()
    return print_report(lambda: figures(given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
