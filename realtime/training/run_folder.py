"""What a run, or an evaluation, leaves in its folder: pictures, tables, settings and a model card, all of them or none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import TYPE_CHECKING, Any

from realtime.errors import EmodjError
from realtime.storage import atomic
from realtime.training import model_card, plots, report_text
from realtime.training.evaluation import CLEAR, LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PACKAGES = ("tensorflow", "keras", "numpy", "opencv-python", "emodj")


def run_settings(
    *,
    command: str,
    data: Mapping[str, Any],
    network: Mapping[str, Any],
    measure: str | None = None,
    recipe: Mapping[str, Any] | None = None,
    correction: Mapping[str, Any] | None = None,
    seed: int | None = None,
) -> dict[str, Any]:
    """What a result depends on, for `settings.json` and the card; adds the versions of the libraries and today's date (UTC).

    Args:
        command: the command line that gave the result, such as "emodj train fer2013.npz --run runs/first".
        data: `evaluate.facts(dataset, name)` of the whole data set, all parts.
        network: "name" (file name of the pair), "sha256" (`contract.pair_digest`) and "parameters" (count of weights).
        measure: the command line that prints the report again; None if that is `command`.
        recipe: `asdict` of the recipe; None where nobody knows how the network was trained.
        correction: `asdict` of what was folded into the layer of the logits; None if nothing was or nobody knows.
        seed: of the run.
    """
    result = {
        "command": command,
        "measure": measure or command,
        "date": datetime.now(UTC).date().isoformat(),
        "network": dict(network),
        "data": dict(data),
        "recipe": None if recipe is None else dict(recipe),
        "correction": None if correction is None else dict(correction),
        "seed": seed,
        "versions": {"python": python_version(), **{name: _version(name) for name in PACKAGES}},
    }
    return json.loads(json.dumps(result))


def write_report(
    folder: Path,
    document: Mapping[str, Any],
    settings: Mapping[str, Any],
    *,
    history: Sequence[Mapping[str, Any]] = (),
    about: Mapping[str, Any] | None = None,
) -> None:
    """Write a report into a folder, which is made if need be; all files or none, and other files in it stay.

    They are confusion.png, reliability.png, coverage.png, curves.png (if there is a history), report.txt, report.json,
    settings.json and card.md.

    Before a run `prepare(run)`, so that no hour is lost for want of matplotlib. At its end:

        said = predict(network, tuning.images)
        document = evaluate.document(tuning, said, part="public", threshold=…, parameters=int(network.count_params()))
        about = {"name": pair.name, "sha256": contract.pair_digest(pair), "parameters": int(network.count_params())}
        facts = evaluate.facts(images, data.name)
        kept = runfolder.settings(command=…, data=facts, network=about, recipe=asdict(recipe), seed=recipe.seed)
        runfolder.write(run, document, kept, history=[asdict(epoch) for epoch in history])

    Args:
        folder: of the run.
        document: `evaluate.document(...)`.
        settings: `settings(...)`.
        history: a row an epoch with "number", "loss" and "accuracy" (tuning part, 0..1); other keys are not read.
        about: `Contract.about` of a network that has a contract, for the card.

    Raises:
        EmodjError: matplotlib is not installed, or a file cannot be written.
    """
    files = {
        **_pictures(document, history),
        "report.txt": "\n".join([report_text.report_text(document), *document["remarks"]]).encode(),
        "report.json": _json(document),
        "settings.json": _json(settings),
        "card.md": model_card.model_card(document, settings, about).encode(),
    }
    prepare_folder(folder)
    atomic.write({folder / name: data for name, data in files.items()})


def prepare_folder(folder: Path) -> None:
    """Make the folder of a report, before long work.

    Raises:
        EmodjError: matplotlib is not installed, or the folder cannot be made.
    """
    plots.need_matplotlib()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmodjError(f"cannot make the folder {folder} ({error.strerror or error}): choose another one") from error


def _pictures(document: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    # What people agree on is what a network can be right about
    name = CLEAR if document["figures"].get(CLEAR, {"images": 0})["images"] else LABELS
    group = document["figures"][name]
    title = f"{document['part']} part, {name}, {group['images']:,} images"
    now = group["answered"], group["right_of_answered"]
    pictures = {
        "confusion.png": plots.confusion(group["confusion"], title),
        "reliability.png": plots.reliability(group["reliability"], group["calibration_error"], title),
        "coverage.png": plots.coverage(group["coverage"], now, document["threshold"], title),
    }
    if history:
        pictures["curves.png"] = plots.curves(history, f"{len(history)} epochs")
    return pictures


def _json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
