"""Checkpoint of a training run, written whole or not at all, and its history as a CSV table beside it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.errors import UsageError
from realtime.storage import atomic
from realtime.training.array_files import READ_ERRORS, ArrayArchive
from realtime.training.recipe import Epoch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from realtime.training.recipe import Recipe

CHECKPOINT = "checkpoint.npz"
HISTORY = "history.csv"


def save_checkpoint(
    run: Path, recipe: Recipe, fingerprint: str, state: Mapping[str, Sequence[Any]], history: Sequence[Epoch]
) -> None:
    """Write checkpoint and history.

    Args:
        run: folder of the run, which exists.
        recipe: recipe of the run.
        fingerprint: digest of the data.
        state: variables of the run, by kind.
        history: all epochs so far.

    Raises:
        EmodjError: the disk is full, or the files cannot be written; the previous files stay.
    """
    arrays = {f"{name}_{i}": np.asarray(value) for name, values in state.items() for i, value in enumerate(values)}
    about = {"recipe": asdict(recipe), "data_sha256": fingerprint, "epochs": [asdict(epoch) for epoch in history]}
    arrays["about"] = np.array(json.dumps(about))
    checkpoint = io.BytesIO()
    np.savez(checkpoint, **arrays)  # pyright: ignore[reportArgumentType] - its stub takes any name for `allow_pickle`
    atomic.write({run / CHECKPOINT: checkpoint.getvalue(), run / HISTORY: _history_csv(history).encode()})


def restore_checkpoint(run: Path, recipe: Recipe, fingerprint: str, state: Mapping[str, Sequence[Any]]) -> list[Epoch]:
    """Restore the checkpoint of a folder, if it has one.

    Args:
        run: folder of the run.
        recipe: recipe of the run.
        fingerprint: digest of the data.
        state: variables of the run, by kind; they get the saved values.

    Returns:
        The epochs of the saved history; empty without a checkpoint.

    Raises:
        UsageError: the checkpoint is damaged, or belongs to another recipe or to other data.
    """
    path = run / CHECKPOINT
    if not path.exists():
        return []
    try:
        with ArrayArchive(path) as archive:
            about = json.loads(str(archive.read("about")))
            _check_same_run(about, run, recipe, fingerprint)
            for name, variables in state.items():
                for i, variable in enumerate(variables):
                    variable.assign(archive.read(f"{name}_{i}"))
        return [Epoch(**epoch) for epoch in about["epochs"]]
    except PermissionError as error:
        raise UsageError(f"the checkpoint {path} cannot be read ({error.strerror})") from error
    except (*READ_ERRORS, AttributeError, RecursionError) as error:
        raise _damage_error(path) from error


def count_saved_epochs(run: Path) -> int:
    """Count the epochs of the checkpoint in a folder; 0 without a checkpoint.

    Raises:
        UsageError: the checkpoint is damaged.
    """
    path = run / CHECKPOINT
    try:
        with ArrayArchive(path) as archive:
            return len(json.loads(str(archive.read("about")))["epochs"])
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except PermissionError as error:
        raise UsageError(f"the checkpoint {path} cannot be read ({error.strerror})") from error
    except (*READ_ERRORS, AttributeError, RecursionError) as error:
        raise _damage_error(path) from error


def _check_same_run(about: dict[str, Any], run: Path, recipe: Recipe, fingerprint: str) -> None:
    if about["recipe"] != asdict(recipe):
        raise UsageError(f"{run} holds a run of another recipe: choose another folder, or the same options")
    if about["data_sha256"] != fingerprint:
        raise UsageError(f"{run} holds a run on other data: choose another folder, or the same data and weights")


def _damage_error(path: Path) -> UsageError:
    return UsageError(f"the checkpoint {path} is damaged: delete it to begin anew, or choose another folder")


def _history_csv(history: Sequence[Epoch]) -> str:
    """The history as CSV with the columns epoch, loss, tuning_loss, accuracy, seconds, learning_rate."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [field.name for field in fields(Epoch)]
    writer.writerow(["epoch" if name == "number" else name for name in names])
    writer.writerows([getattr(epoch, name) for name in names] for epoch in history)
    return text.getvalue()
