"""The files of a release of one's own: compiled network, contract and card; and their upload. Needs an evaluation.

The card is a model card of `emodj evaluate`, below a head in YAML that the hub reads. JSON is YAML, so the values are written
as JSON.
"""

from __future__ import annotations

import importlib
import json
import math
import os
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from realtime.classifier import contract
from realtime.classifier.contract import read_compiled, to_bytes
from realtime.classifier.loading import open_compiled
from realtime.errors import AssetError, EmodjError, ServiceError
from realtime.hub.release import CARD, COMPILED, CONTRACT, EVALUATION, evaluation_of, find_card
from realtime.hub.transfer import TOKEN_VARIABLE
from realtime.reading import read_file
from realtime.storage import atomic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from realtime.classifier.contract import Contract
    from realtime.hub.release import ReleaseName

TAGS = ("emodj", "litert", "facial-expression-recognition")
METRICS = {"accuracy": "accuracy", "f1": "macro_f1"}
"""Metrics of the head, by the hub's names, with the names of an evaluation."""

_MAX_REPORT_BYTES = 10**7
_SWITCHES = ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_UPDATE_CHECK", "HF_HUB_DISABLE_XET")
_HOW = "run `emodj evaluate DATA --model {pair} --out FOLDER`, and name that folder with --report"


def release_files(pair: Path, name: ReleaseName, *, report: Path | None, licence: str) -> dict[str, bytes]:
    """Lay the three files of a release.

    Args:
        pair: path of the `.json` of a pair with its contract.
        name: of the release.
        report: folder that `emodj evaluate --out` has written; None for the folder of the pair, as `emodj train` writes it.
        licence: of the network, by the hub's short name, "mit".

    Returns:
        Contents by file name.

    Raises:
        AssetError: the network does not fit its contract, or there is no evaluation of it.
    """
    terms = contract.matching_contract(pair)
    how = _HOW.format(pair=pair)
    if terms is None:
        raise AssetError(f"{pair} has no contract that fits: run `emodj model compile {pair}`")
    compiled = contract.compiled_path(pair)
    try:
        model = read_compiled(compiled)
    except OSError as error:
        raise AssetError(f"{compiled} cannot be read ({error.strerror or error}): run `emodj model compile {pair}`") from error
    open_compiled(model, terms, compiled, remedy=f"run `emodj model compile {pair}`")
    folder = report or pair.parent
    figures = _read_report(folder, terms.pair_digest) or evaluation_of(terms)
    card = find_card(folder, terms.pair_digest)
    if not figures or card is None:
        raise AssetError(f"{folder} has no evaluation of {pair.name}, and a network is published with its figures alone: {how}")
    # The quantised form is none of the three files
    published = replace(terms, about={**terms.about, EVALUATION: figures}, quantised_digest=None)
    return {COMPILED: model, CONTRACT: to_bytes(published), CARD: _card(card, name, published, figures, licence).encode()}


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of a release into a new folder: all of them or none.

    Raises:
        EmodjError: the folder is there already, or cannot be written.
    """
    try:
        atomic.create_folder(folder, files)
    except FileExistsError as error:
        raise EmodjError(f"{folder} is there already: choose another folder with --out") from error


def open_library(name: ReleaseName, token: str | None) -> tuple[Any, type[Exception]]:
    """Open the library that uploads; nothing is asked yet.

    Args:
        name: of the release.
        token: of an account that may write.

    Returns:
        The library, and what it raises where a hub refuses.

    Raises:
        EmodjError: huggingface_hub is not installed, or there is no token.
    """
    if token is None:
        raise EmodjError(f"an upload needs {TOKEN_VARIABLE} in your environment, a token that may write to {name.repository}")
    # Read at its import: it would report its use to its maker, and look for newer versions
    os.environ.update(dict.fromkeys(_SWITCHES, "1"))
    try:
        # By its name, since the environment of the checks does not have it
        library: Any = importlib.import_module("huggingface_hub")
        refusal: type[Exception] = importlib.import_module("huggingface_hub.errors").HfHubHTTPError
    except ImportError as error:
        raise EmodjError("an upload needs the library huggingface_hub: pip install 'emodj[hub]'") from error
    return library, refusal


def upload(address: str, name: ReleaseName, files: Mapping[str, bytes], token: str | None) -> str:
    """Upload the files of a release into a repository that exists, and give them the revision as a tag.

    Args:
        address: of the hub.
        name: of the release.
        files: contents by file name.
        token: of an account that may write.

    Returns:
        The commit of the upload, in hexadecimal.

    Raises:
        EmodjError: huggingface_hub is not installed, or there is no token.
        ServiceError: the hub refuses or cannot be reached, or the revision is there already.
    """
    library, refusal = open_library(name, token)
    hub: Any = library.HfApi(endpoint=address, token=token, library_name="emodj", library_version=version("emodj"))
    added = [library.CommitOperationAdd(path_in_repo=path, path_or_fileobj=data) for path, data in files.items()]
    try:
        if name.revision not in {tag.name for tag in hub.list_repo_refs(name.repository).tags}:
            commit: str = hub.create_commit(name.repository, added, commit_message=f"emodj model push {name.revision}").oid
            hub.create_tag(name.repository, tag=name.revision, revision=commit)
            return commit
    except refusal as error:
        status = getattr(getattr(error, "response", None), "status_code", "no status")
        raise ServiceError(
            f"the hub refuses {name} ({status}): check that the repository exists and that {TOKEN_VARIABLE} may write to it"
        ) from None
    # The errors of its HTTP library have other names in other versions, and their messages may hold the token
    except Exception as error:  # noqa: BLE001
        raise ServiceError(
            f"the upload of {name} failed ({type(error).__name__}): is this computer online? Look at the repository before you "
            "try again"
        ) from None
    raise ServiceError(f"{name} is there already: a release never changes, so choose another revision")


def _read_report(folder: Path, digest: str) -> dict[str, Any]:
    """The figures of an evaluation by group, without curves and tables; empty without a report of this network."""
    try:
        settings, document = (
            json.loads(read_file(folder / name, _MAX_REPORT_BYTES)) for name in ("settings.json", "report.json")
        )
        if settings["network"]["sha256"] != digest:
            return {}
        groups = {
            name: {key: value for key, value in group.items() if isinstance(value, int | float) and math.isfinite(value)}
            for name, group in document["figures"].items()
        }
        return {"part": document["part"], "data": settings["data"]["name"]} | groups
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return {}


def _card(card: str, name: ReleaseName, terms: Contract, figures: Mapping[str, Any], licence: str) -> str:
    groups = evaluation_of(terms)
    if not groups:
        raise AssetError("the evaluation has no accuracy and no macro-F1 of any image: measure on more images")
    data, part = str(figures.get("data", "FER-2013")), str(figures.get("part", "private"))
    results = [
        {
            "task": {"type": "image-classification"},
            "dataset": {"name": f"{data}, {part} part, {group}", "type": data, "split": part},
            "metrics": [{"type": metric, "value": values[key]} for metric, key in METRICS.items()],
        }
        for group, values in groups.items()
    ]
    head = {
        "license": licence,
        "library_name": "litert",
        "pipeline_tag": "image-classification",
        "tags": list(TAGS),
        "metrics": list(METRICS),
        "model-index": [{"name": name.repository.partition("/")[2], "results": results}],
    }
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()]
    return "\n".join(["---", *lines, "---", "", _without_head(card).strip(), "", *_use(name)]) + "\n"


def _without_head(card: str) -> str:
    if not card.startswith("---\n"):
        return card
    _, found, rest = card[4:].partition("\n---\n")
    return rest if found else card


def _use(name: ReleaseName) -> list[str]:
    return [
        "## How to use it",
        "",
        "With emodj:",
        "",
        "```sh",
        f"emodj model pull {name}",
        f"emodj model use {name}",
        "```",
    ]
