"""Contract of a network: digests, crop rule, threshold and golden crops. Load and compile networks by their contracts.

`NAME.tflite`, compiled from the pair `NAME.json` and `NAME.h5`, and `NAME.contract.json` lie beside the pair. The contract says
what the pair cannot say: the digests of pair and compiled network, how to crop a face, below which confidence a face is unsure,
and golden crops with the answers that the network must give.

A network also runs without its pair: `NAME.tflite` names one of which compiled network and contract are there alone.

The network that comes with emodj has a quantised form too, `NAME.int8.tflite`, which runs in its place where it can.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from realtime.classifier.golden import SMILE_PREFIX, differences, from_document, record_answers, to_document, to_golden_batch
from realtime.classifier.network_files import MAX_WEIGHTS_BYTES, pair_digest
from realtime.classifier.quantised import open_quantised, quantised_path
from realtime.classifier.runtime import open_classifier
from realtime.domain import EXPRESSIONS, Expression, Threshold
from realtime.errors import AssetError, EmodjError
from realtime.printable import quoted
from realtime.reading import read_file
from realtime.storage import atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from realtime.classifier.golden import GoldenCrop, SourceCrop
    from realtime.classifier.runtime import Classifier

log = logging.getLogger(__name__)

SCHEMA = 1
COMPILED_SUFFIX = ".tflite"
FIXED_FIELDS = {"schema": SCHEMA, "classes": [expression.value for expression in EXPRESSIONS], "input_range": [0, 1]}
"""Fields with one value in every contract. A file with another value is for another version of emodj."""

UNSURE_BELOW = 0.55
"""Threshold of a network whose contract has none."""

TOLERANCE = 1e-3
"""Largest allowed difference of a probability of a golden crop between two computers."""

SIDE_RATIOS = (0.1, 10.0)
"""Smallest and largest side of a crop, as a multiple of the longer side of the detector's box."""

MAX_CONTRACT_BYTES = 4 * 10**6
MAX_GOLDEN_CROPS = 500
MAX_NOTES_DEPTH = 20
"""Deepest nesting of the notes in a contract."""

_DIGEST_CHARACTERS = frozenset("0123456789abcdef")
_DIGEST_LENGTH = 64
_MAX_INTEGER = 2**63
_LEAST_LOG = -100.0
_SEAL_LENGTH = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class Contract:
    """Terms on which a network is used.

    Attributes:
        pair_digest: SHA-256 of the pair in hexadecimal, as the function `pair_digest` computes it.
        compiled_digest: SHA-256 of the compiled network in hexadecimal.
        side_ratio: side of a crop as a multiple of the longer side of the detector's box, in `SIDE_RATIOS`.
        golden: crops with the answers that the network must give.
        about: notes for readers of the file: training data, date, figures.
        unsure_below: a face is unsure if its best expression is less probable. None if not chosen.
        neutral: mean log probabilities of clear neutral faces, seven numbers at or below 0 in the order of `Expression`, as
            `scripts/neutral_reference.py` measures them; None if not measured.
        quantised_digest: SHA-256 of the quantised form of the compiled network in hexadecimal; None if there is none.

    Raises:
        ValueError: `side_ratio` or `neutral` is out of range, or there are more than `MAX_GOLDEN_CROPS` golden crops.
    """

    pair_digest: str
    compiled_digest: str
    side_ratio: float = 1.0
    golden: tuple[GoldenCrop, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict[str, Any])
    unsure_below: Threshold | None = None
    neutral: tuple[float, ...] | None = None
    quantised_digest: str | None = None

    def __post_init__(self) -> None:
        if not SIDE_RATIOS[0] <= self.side_ratio <= SIDE_RATIOS[1]:
            raise ValueError(
                f"the side of a crop must be {SIDE_RATIOS[0]:g} to {SIDE_RATIOS[1]:g} boxes, not {self.side_ratio:g}"
            )
        if self.neutral is not None:
            in_range = all(_LEAST_LOG <= mean <= 0 for mean in self.neutral)
            if len(self.neutral) != len(EXPRESSIONS) or not in_range:
                raise ValueError(f"the log probabilities of neutral faces must be seven numbers in {_LEAST_LOG:g}..0")
        if len(self.golden) > MAX_GOLDEN_CROPS:
            raise ValueError(f"it has {len(self.golden)} golden crops, and {MAX_GOLDEN_CROPS} at most are allowed")


_REMEDY = "write it anew with `emodj model compile`, or install emodj again if the network came with it"


def is_compiled(path: Path) -> bool:
    """Whether a path names a compiled network without its pair."""
    return path.suffix.lower() == COMPILED_SUFFIX


def contract_path(path: Path) -> Path:
    """Path of the contract of a pair, or of a compiled network."""
    return path.with_suffix(".contract.json")


def compiled_path(path: Path) -> Path:
    """Path of the compiled network of a pair; a compiled network itself."""
    return path if is_compiled(path) else path.with_suffix(COMPILED_SUFFIX)


def read_contract(path: Path) -> Contract:
    """Read a contract.

    Raises:
        AssetError: the file is missing, damaged, or for another version of emodj.
    """
    try:
        data = read_file(path, MAX_CONTRACT_BYTES)
    except OSError as error:
        raise AssetError(f"{path}, the contract of a network, cannot be read: {error.strerror or error}") from error
    return parse_contract(data, str(path), _REMEDY)


def parse_contract(data: bytes, name: str, remedy: str) -> Contract:
    """Parse the content of a contract.

    Args:
        data: JSON.
        name: of its file, for the sentence.
        remedy: what to try if it is damaged; the end of the sentence.

    Raises:
        AssetError: it is damaged, or for another version of emodj.
    """
    try:
        document = json.loads(data, parse_constant=_refuse_constant)
        mismatch = next((key for key, value in FIXED_FIELDS.items() if document[key] != value), None)
        if mismatch is None:
            return _from_document(document)
    except RecursionError as error:
        raise AssetError(f"{name} is damaged (it is nested too deeply): {remedy}") from error
    except KeyError as error:
        raise AssetError(f"{name} is damaged (it lacks {str(error)[:200]}): {remedy}") from error
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise AssetError(f"{name} is damaged ({type(error).__name__}: {str(error)[:200]}): {remedy}") from error
    raise AssetError(f"{name} is not for this version of emodj: its {mismatch} is not {FIXED_FIELDS[mismatch]}")


def write_contract_file(path: Path, contract: Contract) -> None:
    """Write a contract so that `read_contract` returns an equal one.

    Raises:
        EmodjError: the file cannot be written.
    """
    atomic.write({path: to_bytes(contract)})


def matching_contract(json_path: Path) -> Contract | None:
    """The contract beside a pair; None if it does not exist or describes another pair. That of a compiled network is required.

    Raises:
        AssetError: contract or pair cannot be read.
    """
    path = contract_path(json_path)
    if is_compiled(json_path):
        return read_contract(path)
    contract = read_contract(path) if path.exists() else None
    return contract if contract and contract.pair_digest == pair_digest(json_path) else None


def load_classifier(
    json_path: Path,
    *,
    shipped: Path,
    cache_dir: Path,
    notify: Callable[[str], None],
    num_threads: int = 1,
    may_quantise: bool = False,
) -> tuple[Classifier, Contract]:
    """Open the network of a pair. TensorFlow is needed only without a matching contract and without a cached network.

    Args:
        json_path: the `.json` of the pair, or the `.tflite` of a network without one.
        shipped: contract of the network that emodj ships; its smiling golden crops test every other network.
        cache_dir: folder for compiled networks of users; it is made if it is missing.
        notify: gets sentences for the user.
        num_threads: processor cores for one batch.
        may_quantise: open the quantised form of the shipped network where that is possible; it is several times cheaper to
            run, and its probabilities differ by about .002.

    Returns:
        The classifier and its contract; for a network without one a contract of two digests.

    Raises:
        AssetError: a file is missing, damaged or does not match the others, or a golden crop gets another answer.
        EmodjError: the network must be compiled, and TensorFlow is not installed or cannot compile it.
    """
    if contract := matching_contract(json_path):
        is_foreign = contract_path(json_path) != shipped
        if may_quantise and contract.quantised_digest and not is_foreign:
            path = quantised_path(json_path)
            quantised = open_quantised(path, contract.quantised_digest, contract.golden, num_threads=num_threads, notify=notify)
            if quantised:
                return quantised, contract
        return _open_matching(json_path, contract, num_threads, notify, is_foreign=is_foreign), contract
    digest, model = _compile_unknown(json_path, cache_dir, notify)
    classifier = open_classifier(model, num_threads=num_threads, notify=notify)
    if shipped.exists():
        warn_about_smiles(json_path, classifier, read_contract(shipped), notify)
    return classifier, Contract(digest, digest_of(model))


def load_compiled(json_path: Path, *, shipped: Path, cache_dir: Path, notify: Callable[[str], None]) -> tuple[bytes, Contract]:
    """The compiled network of a pair, checked as `load_classifier` checks it, to be sent to another computer.

    Args:
        json_path: as for `load_classifier`.
        shipped: likewise.
        cache_dir: likewise.
        notify: likewise.

    Returns:
        The TFLite flatbuffer, and its contract: `compiled_digest` is the SHA-256 of these bytes.

    Raises:
        AssetError: as `load_classifier` does.
        EmodjError: likewise.
    """
    if contract := matching_contract(json_path):
        _open_matching(json_path, contract, 1, notify, is_foreign=contract_path(json_path) != shipped)
        return read_compiled(compiled_path(json_path)), contract
    digest, model = _compile_unknown(json_path, cache_dir, notify)
    return model, Contract(digest, digest_of(model))


def _compile_unknown(json_path: Path, cache_dir: Path, notify: Callable[[str], None]) -> tuple[str, bytes]:
    """Digest and compiled form of a pair without a contract."""
    digest = pair_digest(json_path)
    notify(
        f"{json_path} is not a network that emodj knows: it gets crops of the face box in grey 0..1, "
        "and its outputs are read in alphabetical order"
    )
    # The shipped network needs neither compiler nor Keras, and starts sooner without them
    from realtime.classifier.compiler import REVISION

    return digest, _load_or_compile(json_path, digest, cache_dir / f"{digest}-{REVISION}.tflite", notify)


def write_contract(
    json_path: Path,
    *,
    crops: Sequence[SourceCrop] = (),
    about: Mapping[str, Any] | None = None,
    side_ratio: float | None = None,
    unsure_below: Threshold | None = None,
    neutral: tuple[float, ...] | None = None,
) -> Contract:
    """Compile a pair, and write the compiled network and the contract beside it: both, or neither if that fails.

    Args:
        json_path: the `.json` of the pair.
        crops: golden crops. The golden crops of the old contract stay, except those with the name of a new one.
        about: as in `Contract`; None keeps the old value, unless the old contract describes another pair.
        side_ratio: as in `Contract`; None keeps the old value.
        unsure_below: as in `Contract`; None keeps the old value, unless the old contract describes another pair.
        neutral: likewise.

    Returns:
        The contract as written.

    Raises:
        AssetError: the pair or its old contract cannot be used, or neither has a golden crop.
        EmodjError: TensorFlow is not installed or cannot compile the network, or a file cannot be written.
    """
    path = contract_path(json_path)
    old = read_contract(path) if path.exists() else Contract("", "")
    crop_of = {crop.name: crop for crop in (*(golden.crop for golden in old.golden), *crops)}
    if not crop_of:
        raise AssetError(f"{json_path} has no golden crop yet: a contract needs at least one")
    digest, model = pair_digest(json_path), _compile_and_try(json_path)
    golden = record_answers(open_classifier(model), crop_of.values())
    ratio = old.side_ratio if side_ratio is None else side_ratio
    # Notes, threshold and neutral faces were measured with the weights of their pair
    measured = old if old.pair_digest == digest else Contract("", "")
    threshold = measured.unsure_below if unsure_below is None else unsure_below
    neutral = measured.neutral if neutral is None else neutral
    notes = measured.about if about is None else about
    # A quantised form belongs to one compiled network
    quantised = old.quantised_digest if old.compiled_digest == digest_of(model) else None
    contract = Contract(digest, digest_of(model), ratio, golden, notes, threshold, neutral, quantised)
    atomic.write({compiled_path(json_path): model, path: to_bytes(contract)})
    return contract


def read_compiled(path: Path) -> bytes:
    """Read a compiled network.

    Raises:
        OSError: it cannot be read, or is larger than any that emodj runs.
    """
    return read_file(path, MAX_WEIGHTS_BYTES)


def _open_matching(
    json_path: Path, contract: Contract, num_threads: int, notify: Callable[[str], None], *, is_foreign: bool
) -> Classifier:
    path = compiled_path(json_path)
    remedy = f"run `emodj model compile {json_path}`, or install emodj again"
    if is_compiled(json_path):
        remedy = "fetch it again, or choose another network: `emodj model use`"
    try:
        model = read_compiled(path)
    except OSError as error:
        raise AssetError(f"{path}, the compiled network, cannot be read ({error.strerror}): {remedy}") from error
    return open_compiled(model, contract, path, remedy=remedy, is_foreign=is_foreign, num_threads=num_threads, notify=notify)


def open_compiled(
    model: bytes,
    contract: Contract,
    path: Path,
    *,
    remedy: str,
    is_foreign: bool = True,
    num_threads: int = 1,
    notify: Callable[[str], None] = log.info,
) -> Classifier:
    """Open a compiled network if it is the one of its contract: by its digest, and by its answers to the golden crops.

    Args:
        model: TFLite flatbuffer.
        contract: of the network.
        path: its file, for the sentences.
        remedy: what to try if it is refused; the end of the sentence.
        is_foreign: it does not come with emodj, so another process tries it first.
        num_threads: as for `open_classifier`.
        notify: as for `open_classifier`.

    Raises:
        AssetError: it is another network, no network that emodj runs, or a golden crop gets another answer.
    """
    if digest_of(model) != contract.compiled_digest:
        raise AssetError(f"{path} is not the compiled network that {contract_path(path).name} describes: {remedy}")
    if is_foreign:
        from realtime.classifier.trial import try_compiled

        try_compiled(model, path)
    classifier = open_classifier(model, num_threads=num_threads, notify=notify)
    for name, difference in differences(classifier, contract.golden).items():
        # With this comparison NaN counts as a wrong answer
        if not difference <= TOLERANCE:
            raise AssetError(f"{path} gives another answer than recorded for the golden crop {quoted(name)}: {remedy}")
    return classifier


def _load_or_compile(json_path: Path, digest: str, cached: Path, notify: Callable[[str], None]) -> bytes:
    model = _read_cached(cached, digest)
    if model is not None:
        return model
    model = _compile_and_try(json_path)
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        atomic.write({cached: model + _cache_seal(digest, model)})
    except (OSError, EmodjError) as error:
        notify(f"the compiled network cannot be cached, so it must be compiled again next time: {error}")
    return model


def _compile_and_try(json_path: Path) -> bytes:
    from realtime.classifier.compiler import compile_pair
    from realtime.classifier.trial import try_compiled

    model = compile_pair(json_path)
    # The process that compiles may take more memory than a compiled network may
    try_compiled(model, json_path)
    return model


def _read_cached(cached: Path, digest: str) -> bytes | None:
    """The compiled network of a pair from the cache; None if it is missing, damaged or of another pair.

    It needs no trial: a network gets its seal after one.
    """
    try:
        data = read_compiled(cached)
    except OSError:
        return None
    model, seal = data[:-_SEAL_LENGTH], data[-_SEAL_LENGTH:]
    if seal != _cache_seal(digest, model):
        return None
    try:
        open_classifier(model)
    except AssetError:
        # Another version of LiteRT may refuse what an older one read
        return None
    return model


def _cache_seal(digest: str, model: bytes) -> bytes:
    """The end of a file in the cache: SHA-256 of the pair's digest and of the compiled network.

    A name alone does not hold: the file of another network, copied or renamed, would run without any sign.
    """
    return hashlib.sha256(digest.encode() + model).digest()


def warn_about_smiles(path: Path, classifier: Classifier, shipped: Contract, notify: Callable[[str], None]) -> None:
    """Notify if a network does not call the smiling golden crops of the shipped network happy: its classes may be mixed up."""
    smiles = [golden.crop for golden in shipped.golden if golden.crop.name.startswith(SMILE_PREFIX)]
    answers = [EXPRESSIONS[index] for index in classifier.classify(to_golden_batch(smiles)).argmax(axis=1)]
    if wrong := [expression for expression in answers if expression is not Expression.HAPPY]:
        notify(
            f"{path} calls a plainly smiling face {wrong[0].value}: check that its classes are in alphabetical order "
            "(angry, disgust, fear, happy, neutral, sad, surprise) and that it was trained on grey values in 0..1"
        )


def digest_of(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def to_bytes(contract: Contract) -> bytes:
    """Write a contract as JSON that `parse_contract` reads back to an equal one."""
    threshold = contract.unsure_below
    document = FIXED_FIELDS | {
        "pair_sha256": contract.pair_digest,
        "compiled_sha256": contract.compiled_digest,
        **({} if contract.quantised_digest is None else {"quantised_sha256": contract.quantised_digest}),
        "side_ratio": contract.side_ratio,
        "unsure_below": None if threshold is None else threshold.common,
        **({} if threshold is None or threshold.neutral is None else {"neutral_unsure_below": threshold.neutral}),
        **({} if contract.neutral is None else {"neutral_log_probabilities": list(contract.neutral)}),
        "about": contract.about,
        "golden": [to_document(golden) for golden in contract.golden],
    }
    return (json.dumps(document, indent=1) + "\n").encode()


def _from_document(document: Any) -> Contract:
    if len(document["golden"]) > MAX_GOLDEN_CROPS:
        raise ValueError(f"it has {len(document['golden'])} golden crops, and {MAX_GOLDEN_CROPS} at most are allowed")
    golden = tuple(from_document(item) for item in document["golden"])
    if len({item.crop.name for item in golden}) < len(golden):
        raise ValueError("two golden crops have the same name")
    about = dict(document["about"])
    _check_notes(about)
    common, of_neutral = (document.get(key) for key in ("unsure_below", "neutral_unsure_below"))
    if common is None and of_neutral is not None:
        raise ValueError("it has a threshold of neutral alone")
    neutral, quantised = document.get("neutral_log_probabilities"), document.get("quantised_sha256")
    return Contract(
        _digest(document["pair_sha256"]),
        _digest(document["compiled_sha256"]),
        _number(document["side_ratio"]),
        golden,
        about,
        None if common is None else Threshold(_number(common), None if of_neutral is None else _number(of_neutral)),
        None if neutral is None else tuple(map(_number, neutral)),
        None if quantised is None else _digest(quantised),
    )


def _digest(value: Any) -> str:
    if not isinstance(value, str) or len(value) != _DIGEST_LENGTH or not _DIGEST_CHARACTERS.issuperset(value):
        raise ValueError(f"{quoted(value)} is not a SHA-256 in hexadecimal")
    return value


def _number(value: Any) -> float:
    # An integer of 400 digits is no float
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _MAX_INTEGER:
        raise ValueError(f"{quoted(value)} is not a number in range")
    return float(value)


def _check_notes(node: Any, depth: int = 0) -> None:
    """Check that notes can be shown and written as JSON again."""
    if depth > MAX_NOTES_DEPTH:
        raise ValueError("its notes are nested too deeply")
    match node:
        case dict() | list():
            for value in node.values() if isinstance(node, dict) else node:
                _check_notes(value, depth + 1)
        case int() if abs(node) > _MAX_INTEGER:
            raise ValueError(f"its notes have {quoted(node)}")
        case float() if not math.isfinite(node):
            raise ValueError("its notes have a number that is not finite")
        case _:
            pass


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")
