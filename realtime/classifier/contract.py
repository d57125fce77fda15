"""Contract of a network: digests, crop rule, threshold and golden crops.

`NAME.tflite`, compiled from the pair `NAME.json` and `NAME.h5`, and `NAME.contract.json` lie beside the pair. The contract says
what the pair cannot say: the digests of pair and compiled network, how to crop a face, below which confidence a face is unsure,
and golden crops with the answers that the network must give.

A network also runs without its pair: `NAME.tflite` names one of which compiled network and contract are there alone.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from realtime.classifier.golden import from_document, to_document
from realtime.classifier.network_files import MAX_WEIGHTS_BYTES, pair_digest
from realtime.domain import EXPRESSIONS, Threshold
from realtime.errors import AssetError
from realtime.printable import quoted
from realtime.reading import read_file
from realtime.storage import atomic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from realtime.classifier.golden import GoldenCrop

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


def read_compiled(path: Path) -> bytes:
    """Read a compiled network.

    Raises:
        OSError: it cannot be read, or is larger than any that emodj runs.
    """
    return read_file(path, MAX_WEIGHTS_BYTES)


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
