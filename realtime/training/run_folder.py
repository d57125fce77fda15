"""Files that a training run or an evaluation writes into its folder (plots, report, settings, model card): all or none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from platform import python_version
from typing import TYPE_CHECKING, Any

from realtime.errors import EmodjError
from realtime.storage import atomic
from realtime.training import model_card, plots, report_text
from realtime.training.evaluation import CLEAR_MAJORITY, ORIGINAL_LABELS

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
    """Collect what a result depends on, for `settings.json` and the card, with library versions and the date (UTC).

    Args:
        command: command line that produced the result, such as "emodj train fer2013.npz --run runs/first".
        data: result of `evaluation.describe_dataset` for all parts of the data.
        network: "name" (file name of the pair), "sha256" (`contract.pair_digest`) and "parameters" (number of weights).
        measure: command line that prints the report again; None if that is `command`.
        recipe: `asdict` of the recipe; None if it is unknown.
        correction: `asdict` of the calibration that was folded into the logits; None if there is none or it is unknown.
        seed: seed of the run; None if it is unknown.
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
        "versions": {"python": python_version(), **{name: _package_version(name) for name in PACKAGES}},
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
    """Write a report into a folder, which is made if necessary: all files or none. Other files in the folder stay.

    The files are confusion.png, reliability.png, coverage.png, curves.png (with a history), report.txt, report.json,
    settings.json and card.md. Call `prepare_folder` before the training, so that a missing matplotlib is found early;
    `export.export` shows how document and settings are built.

    Args:
        folder: folder of the run.
        document: result of `evaluation.report_document`.
        settings: result of `run_settings`.
        history: a row for each epoch with "number", "loss" and "accuracy" (tuning part, 0..1); other keys are ignored.
        about: `Contract.about` of a network with a contract, for the card.

    Raises:
        EmodjError: matplotlib is not installed, or a file cannot be written.
    """
    files = {
        **_draw_pictures(document, history),
        "report.txt": "\n".join([report_text.report_text(document), *document["remarks"]]).encode(),
        "report.json": _to_json(document),
        "settings.json": _to_json(settings),
        "card.md": model_card.model_card(document, settings, about).encode(),
    }
    prepare_folder(folder)
    atomic.write({folder / name: data for name, data in files.items()})


def prepare_folder(folder: Path) -> None:
    """Make the folder of a report, and check that plots can be drawn; call it before long work.

    Raises:
        EmodjError: matplotlib is not installed, or the folder cannot be made.
    """
    plots.require_matplotlib()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmodjError(f"cannot make the folder {folder} ({error.strerror or error}): choose another one") from error


def _draw_pictures(document: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    # The plots show the clear majority if there is one: on other images no answer is clearly right
    name = CLEAR_MAJORITY if document["figures"].get(CLEAR_MAJORITY, {"images": 0})["images"] else ORIGINAL_LABELS
    group = document["figures"][name]
    title = f"{document['part']} part, {name}, {group['images']:,} images"
    at_threshold = group["answered"], group["right_of_answered"]
    pictures = {
        "confusion.png": plots.draw_confusion(group["confusion"], title),
        "reliability.png": plots.draw_reliability(group["reliability"], group["calibration_error"], title),
        "coverage.png": plots.draw_coverage(group["coverage"], at_threshold, report_text.format_threshold(document), title),
    }
    if history:
        pictures["curves.png"] = plots.draw_curves(history, f"{len(history)} epochs")
    return pictures


def _to_json(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _package_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
