"""Which files a batch reads: paths, folders and lists, each file once; and in which order they are started."""

from __future__ import annotations

import codecs
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from realtime.errors import EmodjError, UsageError
from realtime.reading import read_file, read_stream
from realtime.sources.locations import local_path
from realtime.sources.picture_folders import SYSTEM_FILES
from realtime.sources.picture_formats import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Notify = Callable[[str], None]

_FILMS = "mp4 m4v mov mkv webm avi mpg mpeg m2v ts mts m2ts wmv asf flv 3gp 3g2 ogv vob mxf mjpeg mjpg h264 h265 hevc"
FILM_SUFFIXES = frozenset(f".{name}" for name in _FILMS.split())
"""Suffixes of the files that count as films."""

MAX_LIST_BYTES = 2**29
"""Largest list of files: ten million paths of 50 characters."""

STDIN = "-"


@dataclass(slots=True)
class BatchSources:
    """The files of a batch, in the order of its table.

    Attributes:
        names: paths as they were given or found; none twice.
        errors: what cannot be read at all, as a sentence, by its place in `names`.
    """

    names: list[str] = field(default_factory=list[str])
    errors: dict[int, str] = field(default_factory=dict[int, str])

    def start_order(self) -> list[int]:
        """The places of the files that can be read, films first and the largest of them first.

        A film is read by one process. If it were started last, the others would wait for it.
        """
        sizes = {number: _size(name) for number, name in enumerate(self.names) if is_named_film(name)}
        films = sorted(sizes, key=lambda number: -sizes[number])
        rest = (number for number in range(len(self.names)) if number not in sizes)
        return [number for number in (*films, *rest) if number not in self.errors]


def is_named_film(name: str) -> bool:
    """Whether a file is a film by its name."""
    return os.path.splitext(name)[1].lower() in FILM_SUFFIXES  # noqa: PTH122 - a million paths


def find_sources(paths: Sequence[str], *, recursive: bool, notify: Notify) -> BatchSources:
    """Find the files that paths and folders name, in their order; of a folder those named as a picture or a film, sorted.

    Args:
        paths: as they were given, or listed.
        recursive: whether the folders inside folders are read, too; links to folders are not followed.
        notify: gets a remark on each folder with files that are neither by their names.

    Raises:
        UsageError: a path is empty.
    """
    found, seen = BatchSources(), set[str]()

    def add(name: str, error: str | None = None) -> None:
        if (same := _place(name)) not in seen:
            seen.add(same)
            if error is not None:
                found.errors[len(found.names)] = error
            found.names.append(name)

    for given in paths:
        try:
            path = local_path(given)
        except UsageError as error:
            add(given, str(error))
            continue
        if not path:
            raise UsageError("an empty path names no file: leave it out, or name a picture, a film or a folder")
        if os.path.isdir(path):  # noqa: PTH112 - never raises
            _add_folder(path, add, recursive=recursive, notify=notify)
        else:
            add(path)
    return found


def read_list(place: str, stdin: BinaryIO) -> list[str]:
    """The paths of a list: one a line; or, if it holds a NUL, with a NUL behind each, as `find -print0` writes them.

    Args:
        place: path of the list, "-" for the standard input.
        stdin: binary.

    Raises:
        UsageError: there is no such list, or it names nothing.
        EmodjError: it cannot be read, or is larger than `MAX_LIST_BYTES`.
    """
    name = "the standard input" if place == STDIN else place
    try:
        data = read_stream(stdin, MAX_LIST_BYTES, name) if place == STDIN else read_file(place, MAX_LIST_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"no such list: {place}") from error
    except OSError as error:
        if os.path.isdir(place):  # noqa: PTH112 - never raises
            raise UsageError(f"{place} is a folder: name a file with one path a line") from error
        raise EmodjError(f"cannot read the list {name} ({error.strerror})") from error
    try:
        names = list_names(data, sys.getfilesystemencodeerrors())
    except UnicodeDecodeError as error:
        raise EmodjError(f"cannot read the list {name} (it is not UTF-8): save it as UTF-8") from error
    if not names:
        raise UsageError(f"the list {name} names no file: write one path a line")
    return names


def list_names(data: bytes, errors: str) -> list[str]:
    """The paths in the bytes of a list.

    Args:
        data: UTF-8, or UTF-16 with a byte order mark, as PowerShell writes it.
        errors: how the system decodes bytes of a path that are no UTF-8; "surrogatepass" on Windows, whose paths are text.

    Raises:
        UnicodeDecodeError: the bytes are text in another encoding.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = data.decode("utf-16").encode()
    # Notepad of Windows puts a byte order mark in front
    data = data.removeprefix(codecs.BOM_UTF8)
    lines = data.split(b"\0") if b"\0" in data else [line.removesuffix(b"\r") for line in data.split(b"\n")]
    return [line.decode(sys.getfilesystemencoding(), errors) for line in lines if line]


def _add_folder(folder: str, add: Callable[..., None], *, recursive: bool, notify: Notify) -> None:
    others, before = 0, 0
    for name, error in _walk(folder, recursive=recursive):
        suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - a million paths
        if error is None and suffix not in SUFFIXES and suffix not in FILM_SUFFIXES:
            others += 1
            continue
        before += 1
        add(name, error)
    if others:
        notify(f"{folder}: {others} file{'s' * (others > 1)} passed over, named neither as a picture nor as a film")
    if not before:
        hint = "" if recursive else "; --recursive looks into its folders too"
        add(folder, f"no picture and no film in {folder}{hint}")


def _walk(folder: str, *, recursive: bool) -> Iterator[tuple[str, str | None]]:
    """The files of a folder, sorted, then those of its folders; with a sentence for a folder that cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            visible = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except OSError as error:
        yield folder, f"cannot list {folder} ({error.strerror})"
        return
    folders: list[str] = []
    for entry in visible:
        is_folder = False
        with suppress(OSError):
            is_folder = entry.is_dir(follow_symlinks=False)
        if is_folder:
            folders.append(entry.path)
        elif entry.name.lower() not in SYSTEM_FILES and not os.path.isdir(entry.path):  # noqa: PTH112 - never raises
            yield entry.path, None
    if recursive:
        for inside in folders:
            yield from _walk(inside, recursive=True)


def _place(name: str) -> str:
    """The same text for each spelling of a path; links are followed only where `..` goes back over one."""
    if os.pardir in name:
        folder, last = os.path.split(name)
        if last not in {"", os.curdir, os.pardir}:
            with suppress(OSError, ValueError):
                return os.path.normcase(os.path.join(os.path.realpath(folder), last))  # noqa: PTH118
        return name
    return os.path.normcase(os.path.abspath(name))  # noqa: PTH100 - a million paths


def _size(name: str) -> int:
    with suppress(OSError, ValueError):
        return Path(name).stat().st_size
    return 0
