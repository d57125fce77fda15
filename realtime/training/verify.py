"""Check that a Keras pair, its compiled network and its contract fit each other, for `emodj model check`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realtime.classifier import contract
from realtime.classifier.compiler import TOLERANCE
from realtime.classifier.golden import differences, to_golden_batch
from realtime.classifier.keras_pair import INPUT_SHAPE
from realtime.classifier.keras_process import KerasProcess
from realtime.classifier.network_files import pair_digest
from realtime.classifier.quantised import TOLERANCE as QUANTISED_TOLERANCE
from realtime.classifier.quantised import check_digest, quantised_path
from realtime.classifier.runtime import LiteRtClassifier, open_classifier
from realtime.classifier.trial import try_compiled
from realtime.errors import AssetError, EmodjError

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.classifier.contract import Contract
    from realtime.classifier.runtime import Classifier

NOISE_CROPS = 32
"""Number of random crops on which pair and compiled network are compared, besides the golden crops."""


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """Result of one check.

    Attributes:
        subject: subject was checked, in a word or two.
        passed: whether the check passed; None if it was skipped.
        finding: the result in a sentence.
    """

    subject: str
    passed: bool | None
    finding: str


def verify(pair: Path) -> list[VerifyResult]:
    """Check a pair, its compiled network and its contract; or a compiled network without a pair, `NAME.tflite`.

    Returns:
        Results for the digest of the pair, the digest of the compiled network, the golden crops, and the comparison of the
        pair in Keras with the compiled network (skipped without TensorFlow). Without a pair, the first and the last are
        skipped. If the compiled network cannot be loaded, the results end with this failure.

    Raises:
        AssetError: the pair or its contract is missing or damaged.
    """
    terms_path = contract.contract_path(pair)
    if pair.exists() and not contract.is_compiled(pair) and not terms_path.exists():
        raise AssetError(
            f"{pair} has no contract, {terms_path.name}, to be checked against: "
            "name the network in the setting `[network] pair`, and it is checked when it is opened"
        )
    terms = contract.read_contract(terms_path)
    checks = [_check_pair(pair, terms)]
    path = contract.compiled_path(pair)
    try:
        model = contract.read_compiled(path)
        try_compiled(model, path)
        classifier = open_classifier(model)
    except OSError as error:
        return [*checks, VerifyResult("compiled", passed=False, finding=f"{path} cannot be read: {error.strerror or error}")]
    except AssetError as error:
        return [*checks, VerifyResult("compiled", passed=False, finding=str(error))]
    checks.append(_check_digest("compiled", hashlib.sha256(model).hexdigest(), terms.compiled_digest))
    # A network that was fetched comes without it
    fetched = contract.is_compiled(pair) and not quantised_path(pair).exists()
    quantised = None if fetched else _open_quantised(quantised_path(pair), terms)
    if isinstance(quantised, VerifyResult):
        checks[-1], quantised = quantised, None
    return [*checks, _check_golden(classifier, quantised, terms), _compare_with_keras(pair, classifier, terms)]


def _open_quantised(path: Path, terms: Contract) -> Classifier | VerifyResult | None:
    """Open the quantised form; a failed check if it is missing or damaged.

    None if the contract names none or this computer cannot run it.
    """
    if not terms.quantised_digest:
        return None
    try:
        model = contract.read_compiled(path)
        check_digest(model, terms.quantised_digest)
        try_compiled(model, path)
        return LiteRtClassifier(model)
    except ImportError:
        return None
    except OSError as error:
        return VerifyResult("compiled", passed=False, finding=f"{path} cannot be read: {error.strerror or error}")
    except AssetError as error:
        return VerifyResult("compiled", passed=False, finding=f"{path}: {error}")


def _check_pair(pair: Path, terms: Contract) -> VerifyResult:
    if contract.is_compiled(pair):
        return VerifyResult("pair", passed=None, finding="there is none: this is a compiled network alone")
    return _check_digest("pair", pair_digest(pair), terms.pair_digest)


def _check_digest(subject: str, actual: str, recorded: str) -> VerifyResult:
    if actual == recorded:
        return VerifyResult(subject, passed=True, finding="it is the one of the contract")
    return VerifyResult(subject, passed=False, finding=f"its sha256 is {actual}, and the contract says {recorded}")


def _check_golden(classifier: Classifier, quantised: Classifier | None, terms: Contract) -> VerifyResult:
    if not terms.golden:
        return VerifyResult("golden crops", passed=False, finding="the contract has none")
    gaps = differences(classifier, terms.golden)
    # The negated comparison counts NaN as wrong
    wrong = [name for name, gap in gaps.items() if not gap <= contract.TOLERANCE]
    if quantised and not wrong:
        wrong = [name for name, gap in differences(quantised, terms.golden).items() if not gap <= QUANTISED_TOLERANCE]
    if wrong:
        return VerifyResult("golden crops", passed=False, finding=f"answered otherwise than recorded: {', '.join(wrong)}")
    return VerifyResult(
        "golden crops", passed=True, finding=f"all {len(gaps)} are answered as recorded, within {max(gaps.values()):.0e}"
    )


def _compare_with_keras(pair: Path, classifier: Classifier, terms: Contract) -> VerifyResult:
    subject = "pair and compiled"
    if contract.is_compiled(pair):
        return VerifyResult(subject, passed=None, finding="not compared, which needs a pair")
    noise = np.random.default_rng(0).random((NOISE_CROPS, *INPUT_SHAPE), np.float32)
    crops = np.concatenate([noise, to_golden_batch([golden.crop for golden in terms.golden])]) if terms.golden else noise
    try:
        with KerasProcess(pair) as network:
            expected = network.predict(crops)
    except AssetError as error:
        return VerifyResult(subject, passed=False, finding=str(error))
    except EmodjError:
        return VerifyResult(subject, passed=None, finding="not compared, which needs TensorFlow: pip install tensorflow")
    gap = float(np.abs(expected - classifier.classify(crops)).max())
    finding = f"probabilities differ by {gap:.0e} at most on {len(crops)} crops; {TOLERANCE:.0e} is allowed"
    return VerifyResult(subject, passed=gap <= TOLERANCE, finding=finding)
