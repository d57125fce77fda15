"""One picture or film in, its rows out: the function that processes of this computer, clusters and programs call."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.batch.rows import error_row, face_rows, source_text
from realtime.batch.sources import FILM_SUFFIXES
from realtime.errors import EmodjError, UsageError
from realtime.sources import picture_formats as formats
from realtime.sources.images import is_out_of_memory, read_image, too_large_for_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from realtime.batch.rows import Row
    from realtime.faces.pipeline import FaceReader, FrameReader

    Notify = Callable[[str], None]

_HEAD_BYTES = 2**16
"""As many first bytes as tell the format of a picture."""


@dataclass(frozen=True, slots=True, eq=False)
class BatchReaders:
    """What reads the faces of a batch; for one thread.

    Attributes:
        pictures: reads single pictures.
        frames_with: builds a reader of the frames of one film, on what its argument makes of a reader of single frames.
        network: name of the network: SHA-256 of its compiled form, and the terms of its contract.
    """

    pictures: FaceReader
    frames_with: Callable[[Callable[[FaceReader], FaceReader]], FrameReader]
    network: str


def iterate_rows(
    source: str, readers: BatchReaders, *, every_s: float | None, notify: Notify, path: str | None = None
) -> Iterator[list[Row]]:
    """Read a picture or a film, and yield its rows as they come.

    Whatever goes wrong with this file is a row with the status `error`, after the rows of what could be read.

    Args:
        source: path of a file, as the table shows it.
        readers: read the faces.
        every_s: seconds of a film from one frame that is read to the next, above 0; these frames are read as pictures, without
            tracks. None reads every frame, with tracks and steady labels.
        notify: gets a sentence where a file was not read as it is.
        path: of the file, if it is another one than `source`, such as an absolute one.

    Yields:
        The rows of a picture, or of one frame; an empty list where a frame has none, so that a caller sees that it goes on.
    """
    name, place = source_text(source), path or source
    try:
        if _is_film(place, name):
            yield from _film_rows(place, name, readers, every_s, notify)
        else:
            yield face_rows(name, readers.pictures.read(read_image(place, notify=notify)))
    # Decoders raise what damaged bytes lead them to, and the other files are to be read all the same
    except Exception as error:  # noqa: BLE001
        # The sentence names the file as the table does, wherever it was read
        yield [error_row(name, source_text(str(_explain(name, error)).replace(place, source)))]


def _explain(name: str, error: Exception) -> EmodjError:
    if isinstance(error, EmodjError):
        return error
    if is_out_of_memory(error):
        return too_large_for_memory(name)
    reason = (str(error).strip().splitlines() or [""])[0][:200]
    return EmodjError(f"{name} cannot be read ({type(error).__name__}: {reason})")


def _is_film(path: str, name: str) -> bool:
    """Whether a file is read as a film: by its suffix, else by its first bytes.

    Raises:
        EmodjError: it is no file, or cannot be opened.
    """
    head = _read_head(path, name)
    suffix = Path(path).suffix.lower()
    if suffix in FILM_SUFFIXES:
        return True
    return formats.identify_format(head) is None and formats.identify_unread_format(head) is None and _may_be_film(head, suffix)


def _may_be_film(head: bytes, suffix: str) -> bool:
    return bool(head) and suffix not in formats.SUFFIXES


def _read_head(path: str, name: str) -> bytes:
    if "://" in path:
        raise UsageError(f"{name} is no file: a batch reads files, and `emodj live` reads streams")
    try:
        # A pipe that nobody writes to must not be waited for
        mode = os.stat(path).st_mode  # noqa: PTH116 - Path.stat raises ValueError for some names
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device, which may never end"
            raise UsageError(f"{name} is {kind}: a batch reads files")
        with Path(path).open("rb") as file:
            return file.read(_HEAD_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"no such file: {name}") from error
    except (OSError, ValueError) as error:
        raise EmodjError(f"cannot read {name} ({getattr(error, 'strerror', None) or error})") from error


def _film_rows(path: str, name: str, readers: BatchReaders, every_s: float | None, notify: Notify) -> Iterator[list[Row]]:
    # Many batches are pictures alone
    from realtime.sources.film_frames import frames_in_order
    from realtime.sources.health import BlackCheck
    from realtime.sources.video import open_file

    reader = readers.frames_with(_unchanged) if every_s is None else None
    first_s: float | None = None
    due_s, check = 0.0, BlackCheck()
    with open_file(path) as film:
        for frame in frames_in_order(film):
            first_s = frame.time_s if first_s is None else first_s
            time_s = frame.time_s - first_s
            check.add(frame.image, held=frame.held)
            if reader is not None:
                faces = reader.read(frame)
                yield [] if frame.held else face_rows(name, faces, frame.index, time_s)
            elif every_s is not None and time_s >= due_s - _HAIR_S:
                due_s = (int((time_s + _HAIR_S) / every_s) + 1) * every_s
                yield face_rows(name, readers.pictures.read(frame.image), frame.index, time_s)
            else:
                yield []
        check.raise_if_black(name)
        if film.remark is not None:
            notify(film.remark)


def _unchanged(faces: FaceReader) -> FaceReader:
    return faces


_HAIR_S = 1e-6
"""Times of frames are computed; one that is due at 2 s may be said to come a hair earlier."""
