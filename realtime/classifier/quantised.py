"""The quantised form of the shipped network: most weights and feature maps in eight bits, and several times cheaper to run.

`NAME.int8.tflite` lies beside `NAME.tflite`; scripts/quantise.py makes it, and the contract has its digest. Only LiteRT can
read it. Its probabilities differ by about .002 from those of the float32 form, which runs wherever the quantised form cannot.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from realtime.classifier.golden import differences
from realtime.classifier.network_files import MAX_WEIGHTS_BYTES
from realtime.classifier.runtime import LiteRtClassifier
from realtime.errors import AssetError
from realtime.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from realtime.classifier.golden import GoldenCrop
    from realtime.classifier.runtime import Classifier

log = logging.getLogger(__name__)

QUANTISED_SUFFIX = ".int8.tflite"

TOLERANCE = 0.02
"""Largest allowed difference of a probability of a golden crop from the float32 form. scripts/quantise.py prints those of the
shipped network: .0025 at most."""


def quantised_path(path: Path) -> Path:
    """Path of the quantised form of a pair."""
    return path.with_suffix(QUANTISED_SUFFIX)


def open_quantised(
    path: Path, digest: str, golden: Sequence[GoldenCrop], *, num_threads: int = 1, notify: Callable[[str], None] = log.info
) -> Classifier | None:
    """Open the quantised form of a network; None if it cannot be used, so that the float32 form must run.

    Args:
        path: the file.
        digest: SHA-256 of its content in hexadecimal.
        golden: crops with the answers of the float32 form; the answers may differ by `TOLERANCE`.
        num_threads: processor cores for one batch.
        notify: gets a sentence if the file cannot be used although LiteRT is installed.
    """
    try:
        model = read_file(path, MAX_WEIGHTS_BYTES)
        check_digest(model, digest)
        classifier = LiteRtClassifier(model, num_threads=num_threads)
        check_golden(classifier, golden)
    except ImportError as error:
        # Whoever opens the float32 form says why
        log.info("no quantised network without LiteRT: %s", error)
        return None
    except (OSError, AssetError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or error
        notify(f"{path}, the quantised network, cannot be used ({why}): the same network in float32 runs, which is slower")
        return None
    return classifier


def check_digest(model: bytes, digest: str) -> None:
    """Check that a quantised network is the one of its contract.

    Raises:
        AssetError: it is another one.
    """
    if hashlib.sha256(model).hexdigest() != digest:
        raise AssetError("it is not the one that the contract describes")


def check_golden(classifier: Classifier, golden: Sequence[GoldenCrop]) -> None:
    """Check that a quantised network answers golden crops almost as its float32 form.

    Raises:
        AssetError: an answer differs by more than `TOLERANCE`.
    """
    for name, difference in differences(classifier, golden).items():
        # With this comparison NaN counts as a wrong answer
        if not difference <= TOLERANCE:
            raise AssetError(f"its answer to the golden crop {name} differs by {difference:.2g} from that in float32")
