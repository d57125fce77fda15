"""Read the `.npz` form of FER-2013: the pictures as JPEG bytes, with labels, usage, pooled votes and who is whose copy."""

from __future__ import annotations

import csv
import zipfile
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from realtime.classifier.crops import crop_faces
from realtime.domain import CROP_SIDE, EXPRESSIONS, Box
from realtime.errors import EmodjError, UsageError
from realtime.sources import images as images_module
from realtime.training.dataset import USAGES, VOTE_COLUMNS, VOTERS, Dataset, dataset_of_pictures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray


def read_archive(path: Path) -> Dataset:
    """Read JPEG bytes with their offsets, labels, usage and votes; the votes are pooled over equal pictures already.

    Raises:
        UsageError: another kind of file, a damaged one, or an array is missing or out of its range.
    """
    try:
        dataset = _unpacked(path)
        _check_ranges(dataset)
    except (KeyError, ValueError, OSError, EOFError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        # A KeyError puts quotes about its sentence
        reason = str(error).strip("'\"")
        raise UsageError(f"cannot read {path} as fer2013.npz ({reason}): was it downloaded whole?") from error
    return dataset


def _unpacked(path: Path) -> Dataset:
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError("it is no whole .npz archive")
    with np.load(path) as archive:
        _check_orders(archive)
        jpeg, offsets = archive["jpeg"], archive["offsets"]
        return Dataset(
            np.stack([_decoded(jpeg[a:b]) for a, b in pairwise(offsets)]),
            archive["labels"].astype(np.uint8),
            archive["pooled_votes"].astype(np.float32),
            archive["usage"].astype(np.uint8),
            archive["copy_of_training"].astype(np.bool_),
            archive["photo_group"].astype(np.int32),
        )


def _check_orders(archive: Any) -> None:
    # Numbers mean nothing in another order, and nothing else would show it
    for name, ours in (("classes", [expression.value for expression in EXPRESSIONS]), ("vote_columns", [*VOTE_COLUMNS])):
        if archive[name].tolist() != ours:
            raise ValueError(f"its {name} are not {', '.join(ours)}")


def _check_ranges(dataset: Dataset) -> None:
    count = len(dataset)
    for array in (dataset.labels, dataset.votes, dataset.usage, dataset.copy_of_training, dataset.photo_group):
        if len(array) != count:
            raise ValueError(f"it has {count} pictures and {len(array)} of their figures")
    if dataset.labels.max() >= len(EXPRESSIONS) or dataset.usage.max() >= len(USAGES):
        raise ValueError("a label or a usage in it is out of range")
    if dataset.votes.shape[1:] != (len(VOTE_COLUMNS),) or not ((dataset.votes >= 0) & (dataset.votes <= VOTERS)).all():
        raise ValueError(f"its votes are not ten numbers of 0 to {VOTERS} a picture")


def _decoded(jpeg: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # OpenCV asserts on no bytes at all
    image = cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE) if jpeg.size else None
    if image is None or image.shape != (CROP_SIDE, CROP_SIDE):
        raise ValueError("a picture in it is not 48×48 grey")
    return image.astype(np.uint8, copy=False)


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
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
_LITTER = frozenset({"thumbs.db", "desktop.ini"})
"""What Windows leaves in folders of pictures; what macOS leaves is hidden."""


def read_folders(folder: Path) -> Dataset:
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
    return dataset_of_pictures(images, labels, np.array([usage for _, _, usage in found], np.uint8))


def _found(folder: Path) -> Iterator[tuple[Path, int, int]]:
    """Each picture with its label and its usage."""
    for part in _entries(folder):
        role = PARTS.get(part.name.lower())
        if role is None or not part.is_dir():
            continue
        labels: set[int] = set()
        for inside in _entries(part):
            label = _folder_label(inside)
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


def _folder_label(folder: Path) -> int:
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
        if path.suffix.lower() not in PICTURE_SUFFIXES or not path.is_file():
            raise UsageError(f"{path} is no picture ({', '.join(sorted(PICTURE_SUFFIXES))}): move it out of the data")
    return inside


def _face(path: Path) -> NDArray[np.uint8]:
    """(48, 48) grey of the central square."""
    try:
        image = images_module.read_image(str(path))
    except EmodjError as error:
        raise UsageError(str(error)) from error
    height, width = image.shape[:2]
    side = min(height, width)
    centre = Box((width - side) // 2, (height - side) // 2, side, side)
    # The batch is what the network reads; a data set keeps the same grey values as whole numbers
    return np.rint(crop_faces(image, [centre], 1.0)[0, :, :, 0] * 255).astype(np.uint8)


VOTES_FILE = "fer2013new.csv"
USAGE_NAMES = ("Training", "PublicTest", "PrivateTest")
"""What the column Usage says, in the order of a data set's numbers."""
_LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""The order of the column emotion (Goodfellow et al. 2013, arXiv:1307.0414), which is not the alphabetical one."""
_OURS = [[expression.value for expression in EXPRESSIONS].index(name) for name in _LABELS]
_FACE_COLUMNS = ("emotion", "pixels", "Usage")
_BALLOT_COLUMNS = ("Usage", "Image name", *VOTE_COLUMNS)
_PIXELS = {str(value): value for value in range(256)}
_NO_FACE = [VOTERS * (name == "NF") for name in VOTE_COLUMNS]


def read_table(path: Path) -> Dataset:
    """Read a table with the columns emotion, pixels and Usage, in any order; others are left alone.

    Row i of the votes belongs to row i of the faces. Votes are those of the row itself, not pooled over equal
    pictures; a row without an image's name shows no face, and has ten votes for that.

    Raises:
        UsageError: a column is missing, a field is not what its column holds, or the votes are of another file. The
            sentence names the file and the line, as an editor counts it: the header is line 1.
    """
    images: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    usage: list[int] = []
    for place, (emotion, pixels, used) in _rows(path, _FACE_COLUMNS):
        labels.append(_table_label(emotion, place))
        images.append(_pixels(pixels, place))
        usage.append(_usage(used, place))
    if not images:
        raise UsageError(f"{path} has no face in it: was it downloaded whole?")
    ballots = path.with_name(VOTES_FILE)
    votes = _votes(ballots, usage, path) if ballots.is_file() else None
    return dataset_of_pictures(np.stack(images), np.array(labels, np.uint8), np.array(usage, np.uint8), votes)


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Each row's place, as a sentence names it, and its fields in the order of `columns`; empty lines are skipped."""
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = [name.strip().lower() for name in next(reader, [])]
            for name in columns:
                if name.lower() not in header:
                    raise UsageError(f"{path} has no column {name}: it needs {', '.join(columns)}")
            order = [header.index(name.lower()) for name in columns]
            line = 2
            for row in reader:
                if row and len(row) != len(header):
                    raise UsageError(f"line {line} of {path} has {len(row)} fields and its header {len(header)}")
                if row:
                    yield f"line {line} of {path}", [row[column].strip() for column in order]
                line = reader.line_num + 1
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read {path} from line {line} on ({reason}): was it downloaded whole?") from error


def _table_label(text: str, place: str) -> int:
    if text not in {str(number) for number in range(len(_LABELS))}:
        raise UsageError(f"{place} has the emotion {text[:20]!r}: it must be 0 to {len(_LABELS) - 1}")
    return _OURS[int(text)]


def _usage(text: str, place: str) -> int:
    if text not in USAGE_NAMES:
        raise UsageError(f"{place} has the Usage {text[:20]!r}: it must be {', '.join(USAGE_NAMES[:-1])} or {USAGE_NAMES[-1]}")
    return USAGE_NAMES.index(text)


def _pixels(text: str, place: str) -> NDArray[np.uint8]:
    try:
        # Half as long as with `int`, which also takes 1_0
        values = bytes(map(_PIXELS.__getitem__, text.split()))
    except KeyError as error:
        raise UsageError(f"{place} has a pixel that is no whole number of 0 to 255") from error
    if len(values) != CROP_SIDE**2:
        raise UsageError(f"{place} has {len(values)} pixels: a face has {CROP_SIDE**2} ({CROP_SIDE}×{CROP_SIDE})")
    return np.frombuffer(values, np.uint8).reshape(CROP_SIDE, CROP_SIDE)


def _votes(path: Path, usage: Sequence[int], faces: Path) -> NDArray[np.float32]:
    """(n, 10), one row a face."""
    votes: list[list[float]] = []
    for place, (used, name, *ballot) in _rows(path, _BALLOT_COLUMNS):
        if len(votes) < len(usage) and _usage(used, place) != usage[len(votes)]:
            raise UsageError(f"{place} is of {used}, its face in {faces} is not: the two are not of one data set")
        votes.append(_ballot(ballot, place) if name else [*_NO_FACE])
    if len(votes) != len(usage):
        raise UsageError(f"{path} has votes for {len(votes)} faces and {faces} has {len(usage)}: are both whole?")
    return np.array(votes, np.float32)


def _ballot(fields: Sequence[str], place: str) -> list[float]:
    try:
        votes = [float(field) for field in fields]
    except ValueError:
        votes = []
    if not votes or not all(0 <= vote <= VOTERS for vote in votes):
        raise UsageError(f"{place} has votes that are not ten numbers of 0 to {VOTERS}")
    return votes


def dataset_kind(path: Path) -> Literal["folder", "table", "archive"]:
    """The form that data at a path are read as: a folder, a `.csv`, and whatever else there is as the `.npz`."""
    if path.is_dir():
        return "folder"
    return "table" if path.suffix.lower() == ".csv" else "archive"


def read_dataset(path: Path) -> Dataset:
    """Read faces from a folder with train and test, from `fer2013.csv`, or from the `.npz` form of FER-2013.

    Raises:
        UsageError: nothing is there, or it cannot be read whole; the sentence names the file and the place in it.
    """
    if not path.exists():
        raise UsageError(f"no data at {path}: give a folder with train and test in it, fer2013.csv or fer2013.npz")
    readers = {"folder": read_folders, "table": read_table, "archive": read_archive}
    return readers[dataset_kind(path)](path)
