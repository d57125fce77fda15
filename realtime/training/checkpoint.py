"""A run's checkpoint, one file that is whole or not there, and its history as a table beside it."""

from __future__ import annotations

import csv
import io
import json
import zipfile
import zlib
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.errors import UsageError
from realtime.storage import atomic
from realtime.training.recipe import Epoch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from realtime.training.recipe import Recipe

CHECKPOINT = "checkpoint.npz"
HISTORY = "history.csv"

# What NumPy and json raise on a file that is not whole
_REFUSALS = (OSError, EOFError, ValueError, TypeError, LookupError, zipfile.BadZipFile, zlib.error)


def save_checkpoint(
    run: Path, recipe: Recipe, fingerprint: str, state: Mapping[str, Sequence[Any]], history: Sequence[Epoch]
) -> None:
    """Write checkpoint and history.

    Args:
        run: the run's folder, which exists.
        recipe: of the run.
        fingerprint: of its data.
        state: the run's variables, by kind.
        history: the epochs behind it.

    Raises:
        EmodjError: the disk is full, or cannot be written to otherwise; what was there before is there still.
    """
    arrays = {f"{name}_{i}": np.asarray(value) for name, values in state.items() for i, value in enumerate(values)}
    about = {"recipe": asdict(recipe), "data_sha256": fingerprint, "epochs": [asdict(epoch) for epoch in history]}
    arrays["about"] = np.array(json.dumps(about))
    checkpoint = io.BytesIO()
    np.savez(checkpoint, **arrays)  # pyright: ignore[reportArgumentType] - its stub takes any name for `allow_pickle`
    atomic.write({run / CHECKPOINT: checkpoint.getvalue(), run / HISTORY: _table(history).encode()})


def restore_checkpoint(run: Path, recipe: Recipe, fingerprint: str, state: Mapping[str, Sequence[Any]]) -> list[Epoch]:
    """Take up the folder's checkpoint, if there is one, and return the epochs behind it.

    Args:
        run: the run's folder.
        recipe: of the run.
        fingerprint: of its data.
        state: the run's variables, by kind; they get what was saved.

    Raises:
        UsageError: the checkpoint is damaged, or of another recipe or other data.
    """
    path = run / CHECKPOINT
    if not path.exists():
        return []
    try:
        with path.open("rb") as file, np.load(file) as archive:
            about = json.loads(str(archive["about"]))
            _check(about, run, recipe, fingerprint)
            for name, variables in state.items():
                for i, variable in enumerate(variables):
                    variable.assign(archive[f"{name}_{i}"])
        return [Epoch(**epoch) for epoch in about["epochs"]]
    except PermissionError as error:
        raise UsageError(f"the checkpoint {path} cannot be read ({error.strerror})") from error
    except _REFUSALS as error:
        raise _damaged(path) from error


def epochs_behind(run: Path) -> int:
    """How many epochs the folder's checkpoint has behind it; 0 where there is none.

    Raises:
        UsageError: the checkpoint is damaged.
    """
    path = run / CHECKPOINT
    try:
        with path.open("rb") as file, np.load(file) as archive:
            return len(json.loads(str(archive["about"]))["epochs"])
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except PermissionError as error:
        raise UsageError(f"the checkpoint {path} cannot be read ({error.strerror})") from error
    except _REFUSALS as error:
        raise _damaged(path) from error


def _check(about: dict[str, Any], run: Path, recipe: Recipe, fingerprint: str) -> None:
    if about["recipe"] != asdict(recipe):
        raise UsageError(f"{run} holds a run of another recipe: choose another folder, or the same options")
    if about["data_sha256"] != fingerprint:
        raise UsageError(f"{run} holds a run on other data: choose another folder, or the same data and weights")


def _damaged(path: Path) -> UsageError:
    return UsageError(f"the checkpoint {path} is damaged: delete it to begin anew, or choose another folder")


def _table(history: Sequence[Epoch]) -> str:
    """The history with the columns epoch, loss, tuning_loss, accuracy, seconds, learning_rate."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = [field.name for field in fields(Epoch)]
    writer.writerow(["epoch" if name == "number" else name for name in names])
    writer.writerows([getattr(epoch, name) for name in names] for epoch in history)
    return text.getvalue()
