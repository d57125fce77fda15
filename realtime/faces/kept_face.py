"""Faces at rest that a person has asked to keep: seven numbers, a day and a network each.

Only the owner can read their files. There is no picture in them and nothing that could recognise a face.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from realtime.domain import EXPRESSIONS, by_expression
from realtime.errors import EmodjError, UsageError
from realtime.faces.calibration import Calibration
from realtime.printable import printable, quoted
from realtime.reading import read_file
from realtime.storage import atomic

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = 1
SUFFIX = ".json"
MOST_CHARACTERS = 40
"""Longest name: 160 bytes in UTF-8, and file systems take 255."""
MOST_BYTES = 10_000
"""Largest file; ours have about 350 bytes."""
MOST_FILES = 200
"""Files of the folder that are listed."""
_ASIDE = ".damaged-"
_MOST_ASIDE = 100

# Device names of Windows, which no file may have, whatever its suffix is (learn.microsoft.com, "Naming Files")
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])")
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class KeptFace:
    """A face at rest that is kept.

    Attributes:
        calibration: the offsets, as measured.
        day: when it was measured.
        network: SHA-256 of the compiled network that it was measured with, in hexadecimal.
    """

    calibration: Calibration
    day: date
    network: str


class DamagedFaceError(EmodjError):
    """The file of a kept face is damaged; it was set aside, or could not be."""


class NewerFaceError(EmodjError):
    """The file of a kept face was written by a newer emodj, and stays as it is."""


def check_name(text: str) -> str:
    """The name under which a face is kept: letters, digits, `-`, `_`, and spaces between them, at most `MOST_CHARACTERS`.

    Two names that differ in case alone are one, since some file systems take them for one.

    Raises:
        ValueError: another name; the message says what a name may be.
    """
    name = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    allowed = all(mark in "-_ " or unicodedata.category(mark)[0] in "LMN" for mark in name)
    if not name or len(name) > MOST_CHARACTERS or not allowed or not name[0].isalnum() or name[-1] == " ":
        raise ValueError(
            f"a name has 1 to {MOST_CHARACTERS} letters and digits, with - _ or a space between them, not {quoted(text)}"
        )
    if _RESERVED.fullmatch(name):
        raise ValueError(f"{quoted(text)} is a name that Windows keeps for devices: choose another one")
    return name


def face_path(folder: Path, name: str) -> Path:
    """The file of a face in the folder of kept faces. Raises `UsageError` for a name that `check_name` refuses."""
    try:
        return folder / f"{check_name(name)}{SUFFIX}"
    except ValueError as error:
        raise UsageError(str(error)) from error


def kept_names(folder: Path) -> list[str]:
    """Names of the kept faces, sorted; an empty list if there is no folder.

    Raises:
        EmodjError: the folder cannot be read.
    """
    names = [unicodedata.normalize("NFC", path.stem) for path in _files(folder) if path.suffix == SUFFIX]
    return sorted(name for name in names if _is_name(name))[:MOST_FILES]


def is_kept(folder: Path, name: str) -> bool:
    """Whether a face of that name is kept, damaged or not.

    Raises:
        UsageError: no name.
        EmodjError: the system does not say so.
    """
    path = face_path(folder, name)
    try:
        # Path.exists raises for a folder that may not be entered
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise EmodjError(f"{path}, a face at rest, cannot be read: {error.strerror or error}") from error
    return True


def read_face(folder: Path, name: str) -> KeptFace | None:
    """Read a kept face; None if there is none of that name.

    Raises:
        UsageError: no name.
        DamagedFaceError: its file is damaged. It was set aside, as the sentence says.
        NewerFaceError: its file was written by a newer emodj.
        EmodjError: its file cannot be read.
    """
    path = face_path(folder, name)
    try:
        data = read_file(path, MOST_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EmodjError(f"{path}, a face at rest, cannot be read: {error.strerror or error}") from error
    try:
        document = json.loads(data)
        if type(document["schema"]) is int and document["schema"] > SCHEMA:
            raise NewerFaceError(
                f"{path}, a face at rest, was written by a newer emodj: update emodj, or measure it anew: "
                f"emodj calibrate --name {quoted(name)}"
            )
        return _from_document(document)
    except (ValueError, TypeError, LookupError, RecursionError, AttributeError) as error:
        raise DamagedFaceError(_set_aside(path, name, error)) from error


def write_face(folder: Path, name: str, face: KeptFace) -> Path:
    """Keep a face in a file that its owner alone can read, in place of an older one of that name; returns its path.

    Raises:
        UsageError: no name.
        EmodjError: the file cannot be written.
    """
    path = face_path(folder, name)
    atomic.write_private(path, (json.dumps(_to_document(face), indent=1) + "\n").encode())
    return path


def forget_face(folder: Path, name: str) -> bool:
    """Remove a kept face, and what was set aside of it; False if there is neither of that name.

    Raises:
        UsageError: no name.
        EmodjError: a file cannot be removed, or the folder cannot be read.
    """
    path = face_path(folder, name)
    start = f"{path.name}{_ASIDE}"
    aside = [each for each in _files(folder) if unicodedata.normalize("NFC", each.name).startswith(start)]
    removed = [atomic.delete_private(each) for each in (path, *aside)]
    return any(removed)


def _files(folder: Path) -> list[Path]:
    try:
        return [*folder.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise EmodjError(f"{folder}, the folder of faces at rest, cannot be read: {error.strerror or error}") from error


def _is_name(name: str) -> bool:
    try:
        return check_name(name) == name
    except ValueError:
        return False


def _set_aside(path: Path, name: str, why: Exception) -> str:
    """Rename a damaged file, so that it is neither used nor lost; returns the sentence about it."""
    fault = f"{path}, a face at rest, is damaged ({_reason(why)})"
    anew = f"measure it anew: emodj calibrate --name {quoted(name)}"
    places = (path.with_name(f"{path.name}{_ASIDE}{number}") for number in range(1, _MOST_ASIDE + 1))
    aside = next((place for place in places if not os.path.lexists(place)), None)
    if aside is None:
        return f"{fault}, like {_MOST_ASIDE} before; {anew}"
    try:
        path.rename(aside)
    except OSError as error:
        return f"{fault} and cannot be set aside ({error.strerror or error}); {anew}"
    return f"{fault} and was set aside as {aside.name}; {anew}"


def _reason(why: Exception) -> str:
    """Say what is wrong with a document. Python's own words, such as of a `KeyError` or a `TypeError`, say it to nobody."""
    if isinstance(why, KeyError):
        return f"it has no {printable(str(why.args[0]))}"
    return str(why)[:200] if isinstance(why, ValueError) else "its content is not that of a face at rest"


def _to_document(face: KeptFace) -> dict[str, Any]:
    offsets = {name: round(offset, 4) for name, offset in by_expression(face.calibration.offsets).items()}
    return {"schema": SCHEMA, "day": face.day.isoformat(), "network": face.network, "offsets": offsets}


def _from_document(document: Any) -> KeptFace:
    if type(document["schema"]) is not int or document["schema"] != SCHEMA:
        raise ValueError(f"its schema is not {SCHEMA}")
    named = document["offsets"]
    values = [named[expression.value] for expression in EXPRESSIONS]
    if len(named) != len(EXPRESSIONS) or not all(type(value) in {int, float} for value in values):
        raise ValueError("its offsets are not seven numbers")
    if not isinstance(document["network"], str) or not _DIGEST.fullmatch(document["network"]):
        raise ValueError("its network is not a SHA-256 in hexadecimal")
    day = date.fromisoformat(document["day"])
    return KeptFace(Calibration(tuple(map(float, values))), day, document["network"])
