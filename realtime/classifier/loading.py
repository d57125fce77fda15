"""Load networks by their contracts, and compile those that have none.

A network whose contract matches is compiled already, and needs neither Keras nor TensorFlow. One without a contract is compiled
in another process, tried in a third one, and kept in the cache under a seal.

The network that comes with emodj has a quantised form too, `NAME.int8.tflite`, which runs in its place where it can.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any

from realtime.classifier.contract import (
    TOLERANCE,
    Contract,
    compiled_path,
    contract_path,
    digest_of,
    is_compiled,
    matching_contract,
    read_compiled,
    read_contract,
    to_bytes,
)
from realtime.classifier.golden import SMILE_PREFIX, differences, record_answers, to_golden_batch
from realtime.classifier.network_files import pair_digest
from realtime.classifier.quantised import open_quantised, quantised_path
from realtime.classifier.runtime import open_classifier
from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import AssetError, EmodjError
from realtime.printable import quoted
from realtime.storage import atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from realtime.classifier.golden import SourceCrop
    from realtime.classifier.runtime import Classifier
    from realtime.domain import Threshold

log = logging.getLogger(__name__)

_SEAL_LENGTH = hashlib.sha256().digest_size


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


def warn_about_smiles(path: Path, classifier: Classifier, shipped: Contract, notify: Callable[[str], None]) -> None:
    """Notify if a network does not call the smiling golden crops of the shipped network happy: its classes may be mixed up."""
    smiles = [golden.crop for golden in shipped.golden if golden.crop.name.startswith(SMILE_PREFIX)]
    answers = [EXPRESSIONS[index] for index in classifier.classify(to_golden_batch(smiles)).argmax(axis=1)]
    if wrong := [expression for expression in answers if expression is not Expression.HAPPY]:
        notify(
            f"{path} calls a plainly smiling face {wrong[0].value}: check that its classes are in alphabetical order "
            "(angry, disgust, fear, happy, neutral, sad, surprise) and that it was trained on grey values in 0..1"
        )


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
