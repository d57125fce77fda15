"""Try a compiled network of other people in a process of its own before this process runs it.

A TFLite file of kilobytes can ask for gigabytes: it names the sizes of its layers only in part, and its operations compute the
others while they run. A trial bounds these sizes. Sizes that depend on the values of the input, such as the number of pixels
above a limit, can be larger with another face than in the trial, so `fixed_sizes` refuses networks that can have such sizes.
OpenCV, which reads networks where LiteRT is missing, fixes all sizes before it runs one.
"""

from __future__ import annotations

from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.classifier import child_process
from realtime.classifier.child_process import ChildProcess
from realtime.classifier.fixed_sizes import check_fixed_sizes
from realtime.classifier.runtime import CROP_SHAPE, open_classifier
from realtime.domain import SUM_TOLERANCE
from realtime.errors import AssetError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MEMORY_BYTES = 2**30
"""Memory of the trial for a network without weights. Of this the imports of NumPy, OpenCV and LiteRT take a sixth."""

MEMORY_PER_MODEL_BYTE = 4
TIMEOUT_S = 120.0

FACES = (1, 8)
"""Sizes of the batches that a trial runs: of black, white and noisy crops."""


def try_compiled(model: bytes, path: Path) -> None:
    """Run a compiled network on a few crops in another process.

    Args:
        model: TFLite flatbuffer.
        path: its file, for the sentence.

    Raises:
        AssetError: it is no network that emodj runs, it gives no probabilities, it needs too much memory or time, or it ends
            the process.
    """
    memory = MEMORY_BYTES + MEMORY_PER_MODEL_BYTE * len(model)
    with ChildProcess(__name__, path, memory_bytes=memory, timeout_s=TIMEOUT_S) as child:
        child.request({"do": "try", "path": str(path)}, model)


def main() -> None:
    """Answer the request of `try_compiled`."""
    child_process.serve({"try": _run})


def _run(header: Mapping[str, Any], model: bytes) -> bytes:
    try:
        classifier = open_classifier(model)
        with suppress(ImportError):
            check_fixed_sizes(model)
    except AssetError as error:
        raise AssetError(f"{header['path']} cannot be used: {error}") from error
    random = np.random.default_rng(0)
    shapes = [(faces, *CROP_SHAPE) for faces in FACES]
    kinds = (random.random(shape, np.float32) for shape in shapes), map(np.zeros, shapes), map(np.ones, shapes)
    for crops in chain(*kinds):
        rows = classifier.classify(crops.astype(np.float32))
        # The negated comparison refuses NaN, too
        if not (rows.min() >= 0 and np.abs(rows.sum(axis=1) - 1).max() <= SUM_TOLERANCE):
            raise AssetError(f"{header['path']} gives numbers that are not probabilities: compile it anew")
    return b""
