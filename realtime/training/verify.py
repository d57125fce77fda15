"""Whether a network, its compiled form and its contract still fit each other, as `emodj model check` prints it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realtime.classifier import contract
from realtime.classifier.compiler import TOLERANCE
from realtime.classifier.golden import differences, to_golden_batch
from realtime.classifier.keras_pair import INPUT_SHAPE, load_pair, predict
from realtime.classifier.runtime import open_classifier
from realtime.errors import AssetError, EmodjError

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.classifier.contract import Contract
    from realtime.classifier.runtime import Classifier

RANDOM = 32
"""How many crops of noise the two are compared on, beside the golden ones."""


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """One thing that was looked at.

    Attributes:
        what: in a word or two.
        passed: None if it could not be looked at.
        told: what was found, in a sentence.
    """

    what: str
    passed: bool | None
    told: str


def verify(pair: Path) -> list[VerifyResult]:
    """Look at a pair, its compiled network and its contract.

    Returns:
        The digest of the pair, that of the compiled network, the answers to the golden crops and, where TensorFlow is
        installed, those of the pair in Keras beside those of the compiled network.

    Raises:
        AssetError: the pair or its contract is missing or damaged.
    """
    terms = contract.read_contract(contract.contract_path(pair))
    checks = [_digest("pair", contract.pair_digest(pair), terms.pair_digest)]
    path = contract.compiled_path(pair)
    try:
        model = path.read_bytes()
        classifier = open_classifier(model)
    except OSError as error:
        return [*checks, VerifyResult("compiled", passed=False, told=f"{path} cannot be read: {error.strerror or error}")]
    except AssetError as error:
        return [*checks, VerifyResult("compiled", passed=False, told=str(error))]
    checks.append(_digest("compiled", hashlib.sha256(model).hexdigest(), terms.compiled_digest))
    return [*checks, _golden(classifier, terms), _same(pair, classifier, terms)]


def _digest(what: str, found: str, recorded: str) -> VerifyResult:
    if found == recorded:
        return VerifyResult(what, passed=True, told="it is the one of the contract")
    return VerifyResult(what, passed=False, told=f"its sha256 is {found}, and the contract says {recorded}")


def _golden(classifier: Classifier, terms: Contract) -> VerifyResult:
    if not terms.golden:
        return VerifyResult("golden crops", passed=False, told="the contract has none")
    apart = differences(classifier, terms.golden)
    # Written so that a NaN counts as wrong
    wrong = [name for name, gap in apart.items() if not gap <= contract.TOLERANCE]
    if wrong:
        return VerifyResult("golden crops", passed=False, told=f"answered otherwise than recorded: {', '.join(wrong)}")
    return VerifyResult(
        "golden crops", passed=True, told=f"all {len(apart)} are answered as recorded, within {max(apart.values()):.0e}"
    )


def _same(pair: Path, classifier: Classifier, terms: Contract) -> VerifyResult:
    what = "pair and compiled"
    try:
        network = load_pair(pair)
    except AssetError as error:
        return VerifyResult(what, passed=False, told=str(error))
    except EmodjError:
        return VerifyResult(what, passed=None, told="not compared, which needs TensorFlow: pip install tensorflow")
    noise = np.random.default_rng(0).random((RANDOM, *INPUT_SHAPE), np.float32)
    crops = np.concatenate([noise, to_golden_batch([golden.crop for golden in terms.golden])]) if terms.golden else noise
    apart = float(np.abs(predict(network, crops) - classifier.classify(crops)).max())
    told = f"probabilities differ by {apart:.0e} at most on {len(crops)} crops; {TOLERANCE:.0e} is allowed"
    return VerifyResult(what, passed=apart <= TOLERANCE, told=told)
