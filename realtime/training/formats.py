"""Read a dataset as npz, as csv in the form of the authors of FER-2013, or as folders of pictures, one for each class."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Literal, TextIO

import numpy as np

from realtime.classifier.crops import crop_faces
from realtime.domain import CROP_SIDE, EXPRESSIONS, Box
from realtime.errors import EmodjError, UsageError
from realtime.sources import images as images_module
from realtime.training.archive import read_archive
from realtime.training.dataset import MAX_FACES, USAGES, VOTE_COLUMNS, VOTERS, Dataset, build_dataset

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

CLASS_NAMES = [expression.value for expression in EXPRESSIONS]

PART_FOLDERS = {
    "train": "training",
    "training": "training",
    "val": "public",
    "valid": "public",
    "validation": "public",
    "test": "private",
}
"""Names of part folders, in lower case, and the part of FER-2013 that each stands for."""
SYNONYMS = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}
"""Other names of the seven expressions that datasets give to their class folders."""
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})
"""Files that Windows puts into folders of pictures; those of macOS are hidden files."""

VOTES_FILE = "fer2013new.csv"
USAGE_NAMES = ("Training", "PublicTest", "PrivateTest")
"""Values of the column Usage, in the order of `USAGES`."""
_TABLE_LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""Meaning of the numbers in the column emotion (Goodfellow et al. 2013, arXiv:1307.0414); not in alphabetical order."""
_LABEL_INDICES = [CLASS_NAMES.index(name) for name in _TABLE_LABELS]
"""Index into `Expression` for each number in the column emotion."""
MAX_LINE_LENGTH = 100_000
"""Most characters of a line of a table. A line of `fer2013.csv` has at most 9,300."""
_FACE_COLUMNS = ("emotion", "pixels", "Usage")
_VOTE_COLUMNS = ("Usage", "Image name", *VOTE_COLUMNS)
_PIXEL_VALUES = {str(value): value for value in range(256)}
_NO_FACE_VOTES = [VOTERS * (name == "NF") for name in VOTE_COLUMNS]


def read_dataset(path: Path) -> Dataset:
    """Read faces from a folder with train and test, from `fer2013.csv`, or from the `.npz` form of FER-2013.

    Raises:
        UsageError: the path does not exist, or the data cannot be read completely; the message names file and place.
    """
    if not path.exists():
        raise UsageError(f"no data at {path}: give a folder with train and test in it, fer2013.csv or fer2013.npz")
    if not path.is_dir() and not path.is_file():
        raise UsageError(f"{path} is neither a folder nor a file: give a folder with train and test in it, or FER-2013")
    readers = {"folder": read_folders, "table": read_table, "archive": read_archive}
    return readers[dataset_kind(path)](path)


def dataset_kind(path: Path) -> Literal["folder", "table", "archive"]:
    """Form of the data at a path: a folder, a table (`.csv`), or an archive (`.npz`, and any other name)."""
    if path.is_dir():
        return "folder"
    return "table" if path.suffix.lower() == ".csv" else "archive"


def read_folders(folder: Path) -> Dataset:
    """Read every picture of every class folder, in the order of the paths: grey, 48×48, without votes.

    A picture that is not square is cut to its central square, and scaled like the crops of a live frame. A picture that
    cannot be read is an error. Folders with other names beside train, validation and test are ignored.

    Raises:
        UsageError: all three part folders are missing; a class folder is unknown or empty; a class is missing in train; a
            file in a class folder is no picture, or is damaged.
    """
    pictures = list(_labelled_pictures(folder))
    if not pictures:
        raise UsageError(
            f"{folder} holds no folder train, validation or test with one folder a class ({', '.join(CLASS_NAMES)})"
        )
    images = np.stack([_read_face(path) for path, _, _ in pictures])
    labels = np.array([label for _, label, _ in pictures], np.uint8)
    return build_dataset(images, labels, np.array([usage for _, _, usage in pictures], np.uint8))


def _labelled_pictures(folder: Path) -> Iterator[tuple[Path, int, int]]:
    """Yield each picture with its label and its usage."""
    for part_folder in _list_entries(folder):
        part_name = PART_FOLDERS.get(part_folder.name.lower())
        if part_name is None or not part_folder.is_dir():
            continue
        labels: set[int] = set()
        for class_folder in _list_entries(part_folder):
            label = _parse_folder_label(class_folder)
            labels.add(label)
            yield from ((path, label, USAGES[part_name]) for path in _list_pictures(class_folder))
        absent = [name for number, name in enumerate(CLASS_NAMES) if number not in labels]
        if absent and (part_name == "training" or not labels):
            raise UsageError(
                f"{part_folder} has no folder {', '.join(absent)}: it needs one with pictures for each of the seven"
            )


def _list_entries(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise UsageError(f"cannot list {folder} ({error.strerror})") from error
    return [path for path in paths if not path.name.startswith(".") and path.name.lower() not in _SYSTEM_FILES]


def _parse_folder_label(folder: Path) -> int:
    name = folder.name.lower()
    name = SYNONYMS.get(name, name)
    if not folder.is_dir() or name not in CLASS_NAMES:
        raise UsageError(f"{folder} is no folder of a class: move it away, or name it one of {', '.join(CLASS_NAMES)}")
    return CLASS_NAMES.index(name)


def _list_pictures(folder: Path) -> list[Path]:
    paths = _list_entries(folder)
    if not paths:
        raise UsageError(f"{folder} is empty: put pictures of this class into it")
    for path in paths:
        if path.suffix.lower() not in PICTURE_SUFFIXES or not path.is_file():
            raise UsageError(f"{path} is no picture ({', '.join(sorted(PICTURE_SUFFIXES))}): move it out of the data")
    return paths


def _read_face(path: Path) -> NDArray[np.uint8]:
    """Read the central square of a picture, (48, 48) uint8 grey."""
    try:
        image = images_module.read_image(str(path))
    except EmodjError as error:
        raise UsageError(str(error)) from error
    height, width = image.shape[:2]
    side = min(height, width)
    centre = Box((width - side) // 2, (height - side) // 2, side, side)
    # A batch holds grey values in 0..1; a dataset holds the same values as whole numbers
    return np.rint(crop_faces(image, [centre], 1.0)[0, :, :, 0] * 255).astype(np.uint8)


def read_table(path: Path) -> Dataset:
    """Read a table with the columns emotion, pixels and Usage, in any order; other columns are ignored.

    Votes come from `fer2013new.csv` in the same folder, if it exists: its row i belongs to row i of the faces. They are the
    votes of that row, not pooled over equal images. A row without an image name shows no face, and gets ten votes for NF.

    Raises:
        UsageError: a column is missing, a field has a wrong value, or the votes belong to another file. The message names
            the file and the line as an editor counts it: the header is line 1.
    """
    images: list[NDArray[np.uint8]] = []
    labels: list[int] = []
    usage: list[int] = []
    for place, (emotion, pixels, usage_name) in _read_rows(path, _FACE_COLUMNS):
        if len(labels) == MAX_FACES:
            raise UsageError(f"{path} has more than {MAX_FACES} faces: divide it")
        labels.append(_parse_label(emotion, place))
        images.append(_parse_pixels(pixels, place))
        usage.append(_parse_usage(usage_name, place))
    if not images:
        raise UsageError(f"{path} has no face in it: is the download complete?")
    votes_path = path.with_name(VOTES_FILE)
    votes = _read_votes(votes_path, usage, path) if votes_path.is_file() else None
    return build_dataset(np.stack(images), np.array(labels, np.uint8), np.array(usage, np.uint8), votes)


def _read_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield for each row its place, in the words of an error message, and its fields in the order of `columns`.

    Empty lines are skipped.
    """
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(_bounded_lines(file))
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
        raise UsageError(f"cannot read {path} from line {line} on ({reason}): is the download complete?") from error


def _bounded_lines(file: TextIO) -> Iterator[str]:
    """Yield each line. A file without line ends would otherwise be read whole, whatever its size."""
    while line := file.readline(MAX_LINE_LENGTH + 1):
        if len(line) > MAX_LINE_LENGTH:
            raise csv.Error(f"it has more than {MAX_LINE_LENGTH} characters")
        yield line


def _parse_label(text: str, place: str) -> int:
    if text not in {str(number) for number in range(len(_TABLE_LABELS))}:
        raise UsageError(f"{place} has the emotion {text[:20]!r}: it must be 0 to {len(_TABLE_LABELS) - 1}")
    return _LABEL_INDICES[int(text)]


def _parse_usage(text: str, place: str) -> int:
    if text not in USAGE_NAMES:
        raise UsageError(f"{place} has the Usage {text[:20]!r}: it must be {', '.join(USAGE_NAMES[:-1])} or {USAGE_NAMES[-1]}")
    return USAGE_NAMES.index(text)


def _parse_pixels(text: str, place: str) -> NDArray[np.uint8]:
    try:
        # The table takes half the time of `int`, which also accepts 1_0
        values = bytes(map(_PIXEL_VALUES.__getitem__, text.split()))
    except KeyError as error:
        raise UsageError(f"{place} has a pixel that is not a whole number of 0 to 255") from error
    if len(values) != CROP_SIDE**2:
        raise UsageError(f"{place} has {len(values)} pixels: a face has {CROP_SIDE**2} ({CROP_SIDE}×{CROP_SIDE})")
    return np.frombuffer(values, np.uint8).reshape(CROP_SIDE, CROP_SIDE)


def _read_votes(path: Path, usage: Sequence[int], faces: Path) -> NDArray[np.float32]:
    """Read votes (n, 10), one row for each face."""
    votes: list[list[float]] = []
    count = 0
    for place, (usage_name, name, *fields) in _read_rows(path, _VOTE_COLUMNS):
        count += 1
        # Of rows without a face only the number is of use
        if count > len(usage):
            continue
        if _parse_usage(usage_name, place) != usage[len(votes)]:
            raise UsageError(f"{place} is of {usage_name}, its face in {faces} is not: the two are not of one data set")
        votes.append(_parse_votes(fields, place) if name else [*_NO_FACE_VOTES])
    if count != len(usage):
        raise UsageError(f"{path} has votes for {count} faces and {faces} has {len(usage)}: are both files complete?")
    return np.array(votes, np.float32)


def _parse_votes(fields: Sequence[str], place: str) -> list[float]:
    try:
        votes = [float(field) for field in fields]
    except ValueError:
        votes = []
    if not votes or not all(0 <= vote <= VOTERS for vote in votes):
        raise UsageError(f"{place} has votes that are not ten numbers of 0 to {VOTERS}")
    return votes
