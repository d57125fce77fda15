"""Read faces from folders: `train/angry/*.jpg`, `test/happy/*.png`, one folder a class and one picture a face."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realtime import pictures
from realtime.crops import cut
from realtime.domain import EXPRESSIONS, Box
from realtime.errors import EmodjError, UsageError
from realtime.training.examples import USAGES, Dataset, of_pictures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

NAMES = [expression.value for expression in EXPRESSIONS]

PARTS = {
    "train": "training",
    "training": "training",
    "val": "public",
    "valid": "public",
    "validation": "public",
    "test": "private",
}
"""What the folders inside the data may be called, in any case, and whose role in FER-2013 they play."""

SYNONYMS = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}
"""Other names of the seven that data sets give to their class folders."""

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})

_LITTER = frozenset({"thumbs.db", "desktop.ini"})
"""What Windows leaves in folders of pictures; what macOS leaves is hidden."""


def read(folder: Path) -> Dataset:
    """Read every picture of every class folder, in the order of their paths: grey, 48×48, without votes.

    A picture that is not square is cut to its central square, and scaled as crops of a live frame are. One that
    cannot be read is an error, not left out. Folders of other names beside train, validation and test are left alone.

    Raises:
        UsageError: none of the three is there; a class folder is unknown or empty; a class is missing in train; a
            file in a class folder is no picture or damaged.
    """
    found = list(_found(folder))
    if not found:
        raise UsageError(f"{folder} holds no folder train, validation or test with one folder a class ({', '.join(NAMES)})")
    images = np.stack([_face(path) for path, _, _ in found])
    labels = np.array([label for _, label, _ in found], np.uint8)
    return of_pictures(images, labels, np.array([usage for _, _, usage in found], np.uint8))


def _found(folder: Path) -> Iterator[tuple[Path, int, int]]:
    """Each picture with its label and its usage."""
    for part in _entries(folder):
        role = PARTS.get(part.name.lower())
        if role is None or not part.is_dir():
            continue
        labels: set[int] = set()
        for inside in _entries(part):
            label = _label(inside)
            labels.add(label)
            yield from ((path, label, USAGES[role]) for path in _pictures(inside))
        absent = [name for number, name in enumerate(NAMES) if number not in labels]
        if absent and (role == "training" or not labels):
            raise UsageError(f"{part} has no folder {', '.join(absent)}: it needs one with pictures for each of the seven")


def _entries(folder: Path) -> list[Path]:
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise UsageError(f"cannot list {folder} ({error.strerror})") from error
    return [path for path in inside if not path.name.startswith(".") and path.name.lower() not in _LITTER]


def _label(folder: Path) -> int:
    name = folder.name.lower()
    name = SYNONYMS.get(name, name)
    if not folder.is_dir() or name not in NAMES:
        raise UsageError(f"{folder} is no folder of a class: move it away, or name it one of {', '.join(NAMES)}")
    return NAMES.index(name)


def _pictures(folder: Path) -> list[Path]:
    inside = _entries(folder)
    if not inside:
        raise UsageError(f"{folder} is empty: put pictures of this class into it")
    for path in inside:
        if path.suffix.lower() not in SUFFIXES or not path.is_file():
            raise UsageError(f"{path} is no picture ({', '.join(sorted(SUFFIXES))}): move it out of the data")
    return inside


def _face(path: Path) -> NDArray[np.uint8]:
    """(48, 48) grey of the central square."""
    try:
        image = pictures.read(str(path))
    except EmodjError as error:
        raise UsageError(str(error)) from error
    height, width = image.shape[:2]
    side = min(height, width)
    centre = Box((width - side) // 2, (height - side) // 2, side, side)
    # The batch is what the network reads; a data set keeps the same grey values as whole numbers
    return np.rint(cut(image, [centre], 1.0)[0, :, :, 0] * 255).astype(np.uint8)
