"""What a network's pair cannot say about itself, and which network runs.

Beside `NAME.json` and `NAME.h5` stand `NAME.tflite`, compiled from the two, and `NAME.contract.json`: the digests of both,
how to cut a crop, when an answer is no answer, and golden crops with the answers that they must get.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from realtime.classifier.compiler import REVISION, compile_pair
from realtime.classifier.golden import SMILE_PREFIX, differences, from_document, record_answers, to_document, to_golden_batch
from realtime.classifier.runtime import open_classifier
from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import AssetError, EmodjError
from realtime.storage import atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from realtime.classifier.golden import GoldenCrop, SourceCrop
    from realtime.classifier.runtime import Classifier

SCHEMA = 1
FIXED = {"schema": SCHEMA, "classes": [expression.value for expression in EXPRESSIONS], "input_range": [0, 1]}
"""What every contract says alike: a file that says otherwise is for another version of emodj."""

UNSURE_BELOW = 0.55
"""Where a network names no threshold of its own."""

TOLERANCE = 1e-3
"""Largest difference of a probability of a golden crop between two machines."""


@dataclass(frozen=True, slots=True)
class Contract:
    """What to know about a network in order to use it.

    Attributes:
        pair_digest: sha256 of the bytes of the pair, `pair_digest`, in hexadecimal.
        compiled_digest: sha256 of the bytes of the compiled network, in hexadecimal.
        side_ratio: side of the square crop as a multiple of the detector's box, above zero.
        golden: crops with the answers that they must get.
        about: anything that a reader of the file should know: training data, date, figures.
        unsure_below: a face whose best expression is less probable is unsure, 0..1; None if nobody chose one.

    Raises:
        ValueError: `side_ratio` or `unsure_below` is out of range.
    """

    pair_digest: str
    compiled_digest: str
    side_ratio: float = 1.0
    golden: tuple[GoldenCrop, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])
    unsure_below: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.side_ratio < float("inf"):
            raise ValueError(f"the side of a crop must be above zero, not {self.side_ratio}")
        if self.unsure_below is not None and not 0 <= self.unsure_below <= 1:
            raise ValueError(f"the threshold of unsure faces must lie in 0..1, not {self.unsure_below}")


def contract_path(json_path: Path) -> Path:
    """Where the contract of a pair lies."""
    return json_path.with_suffix(".contract.json")


def compiled_path(json_path: Path) -> Path:
    """Where the compiled network of a pair lies."""
    return json_path.with_suffix(".tflite")


def read_contract(path: Path) -> Contract:
    """Read a contract. Raises `AssetError` if it is missing, damaged, or for another version of emodj."""
    try:
        document = json.loads(path.read_bytes())
        strange = next((key for key, value in FIXED.items() if document[key] != value), None)
        if strange is None:
            return _from_document(document)
    except OSError as error:
        raise AssetError(f"{path}, the contract of a network, cannot be read: {error.strerror or error}") from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise AssetError(
            f"{path} is damaged ({type(error).__name__}: {error}): install emodj again, or compile anew"
        ) from error
    raise AssetError(f"{path} is not for this version of emodj: its {strange} is not {FIXED[strange]}")


def write_contract_file(path: Path, contract: Contract) -> None:
    """Write a contract so that `read` gives it back. Raises `EmodjError` if it cannot be written."""
    atomic.write({path: _to_bytes(contract)})


def pair_digest(json_path: Path) -> str:
    """The sha256 of a pair, the bytes of the `.json` followed by those of the `.h5`, in hexadecimal.

    Raises:
        AssetError: a file is missing.
    """
    try:
        return _sha256(json_path.read_bytes() + json_path.with_suffix(".h5").read_bytes())
    except OSError as error:
        why = "a network is a pair of NAME.json and NAME.h5 in one folder"
        raise AssetError(f"{error.filename} cannot be read ({error.strerror}): {why}") from error


def matching_contract(json_path: Path) -> Contract | None:
    """The contract beside a pair, None if there is none or it is of another pair. Raises `AssetError` if one cannot be read."""
    path = contract_path(json_path)
    contract = read_contract(path) if path.exists() else None
    return contract if contract and contract.pair_digest == pair_digest(json_path) else None


def load_classifier(
    json_path: Path, *, shipped: Path, cache_dir: Path, notify: Callable[[str], None], num_threads: int = 1
) -> tuple[Classifier, Contract]:
    """Open the network of a pair; without TensorFlow if its contract fits, or if it was compiled into the cache before.

    Args:
        json_path: the `.json` of the pair.
        shipped: contract of the network that emodj ships; its smiling crops are shown to every other network.
        cache_dir: where somebody's own network is kept once compiled; made if need be.
        notify: takes sentences for the person who chose the network.
        num_threads: processor cores for one batch.

    Raises:
        AssetError: a file is missing or damaged, does not fit the others, or a golden crop is answered wrongly.
        EmodjError: a network must be compiled and TensorFlow is not installed, or cannot compile it.
    """
    if contract := matching_contract(json_path):
        return _open_sealed(json_path, contract, num_threads), contract
    digest = pair_digest(json_path)
    notify(
        f"{json_path} is not a network that emodj knows: it gets crops of the face box in grey 0..1, "
        "and its answers are read in alphabetical order"
    )
    model = _compiled_before(json_path, cache_dir / f"{digest}-{REVISION}.tflite", notify)
    classifier = open_classifier(model, num_threads=num_threads)
    if shipped.exists():
        _warn_of_smiles(json_path, classifier, read_contract(shipped), notify)
    return classifier, Contract(digest, _sha256(model))


def write_contract(
    json_path: Path,
    *,
    crops: Sequence[SourceCrop] = (),
    about: Mapping[str, Any] | None = None,
    side_ratio: float | None = None,
    unsure_below: float | None = None,
) -> Contract:
    """Compile a pair and write the compiled network and the contract beside it: both, or on a failure neither.

    Args:
        json_path: the `.json` of the pair.
        crops: golden crops; those of the pair's present contract stay, unless one of the same name is given.
        about: as in `Contract`; None keeps what the present contract says, unless it is of another pair.
        side_ratio: as in `Contract`; None keeps that of the present contract.
        unsure_below: as in `Contract`; None keeps what the present contract says, unless it is of another pair.

    Raises:
        AssetError: the pair or its present contract cannot be used, or there is no golden crop.
        EmodjError: TensorFlow is not installed or cannot compile the network, or a file cannot be written.
    """
    path = contract_path(json_path)
    before = read_contract(path) if path.exists() else Contract("", "")
    chosen = {crop.name: crop for crop in (*(golden.crop for golden in before.golden), *crops)}
    if not chosen:
        raise AssetError(f"{json_path} has no golden crop yet: a contract needs one at least")
    digest, model = pair_digest(json_path), compile_pair(json_path)
    golden = record_answers(open_classifier(model), chosen.values())
    ratio = before.side_ratio if side_ratio is None else side_ratio
    # What was measured of other weights says nothing of these
    old = before if before.pair_digest == digest else Contract("", "")
    threshold = old.unsure_below if unsure_below is None else unsure_below
    contract = Contract(digest, _sha256(model), ratio, golden, old.about if about is None else about, threshold)
    atomic.write({compiled_path(json_path): model, path: _to_bytes(contract)})
    return contract


def _open_sealed(json_path: Path, contract: Contract, num_threads: int) -> Classifier:
    path = compiled_path(json_path)
    remedy = f"run `emodj model compile {json_path}`, or install emodj again"
    try:
        model = path.read_bytes()
    except OSError as error:
        raise AssetError(f"{path}, the compiled network, cannot be read ({error.strerror}): {remedy}") from error
    if _sha256(model) != contract.compiled_digest:
        raise AssetError(f"{path} is not the compiled network that {contract_path(json_path).name} describes: {remedy}")
    classifier = open_classifier(model, num_threads=num_threads)
    for name, apart in differences(classifier, contract.golden).items():
        # Written so that a NaN counts as wrong
        if not apart <= TOLERANCE:
            raise AssetError(f"{path} answers the golden crop {name!r} otherwise than recorded: {remedy}")
    return classifier


def _compiled_before(json_path: Path, cached: Path, notify: Callable[[str], None]) -> bytes:
    try:
        model = cached.read_bytes()
        open_classifier(model)
    except (OSError, AssetError):
        model = compile_pair(json_path)
    else:
        return model
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        atomic.write({cached: model})
    except (OSError, EmodjError) as error:
        notify(f"the compiled network is not kept, so that it must be compiled again next time: {error}")
    return model


def _warn_of_smiles(json_path: Path, classifier: Classifier, shipped: Contract, notify: Callable[[str], None]) -> None:
    smiles = [golden.crop for golden in shipped.golden if golden.crop.name.startswith(SMILE_PREFIX)]
    called = [EXPRESSIONS[index] for index in classifier.classify(to_golden_batch(smiles)).argmax(axis=1)]
    if wrong := [expression for expression in called if expression is not Expression.HAPPY]:
        notify(
            f"{json_path} calls a plainly smiling face {wrong[0].value}: check that its classes are in alphabetical order "
            "(angry, disgust, fear, happy, neutral, sad, surprise) and that it was trained on grey values in 0..1"
        )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _to_bytes(contract: Contract) -> bytes:
    document = FIXED | {
        "pair_sha256": contract.pair_digest,
        "compiled_sha256": contract.compiled_digest,
        "side_ratio": contract.side_ratio,
        "unsure_below": contract.unsure_below,
        "about": contract.about,
        "golden": [to_document(golden) for golden in contract.golden],
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def _from_document(document: Any) -> Contract:
    golden = tuple(from_document(item) for item in document["golden"])
    terms = float(document["side_ratio"]), golden, dict(document["about"]), document.get("unsure_below")
    return Contract(document["pair_sha256"], document["compiled_sha256"], *terms)
