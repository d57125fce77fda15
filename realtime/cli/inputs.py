"""Which pictures `emodj image` reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from realtime import pictures
from realtime.errors import EmodjError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Input:
    """A picture to read, or why there is none.

    Attributes:
        path: of the picture, as it was given or found; "-" for the standard input.
        name: where it goes below an output folder.
        error: why there is none.
    """

    path: str
    name: Path
    error: EmodjError | None = None


def inputs(paths: Sequence[str], *, recursive: bool) -> Iterator[Input]:
    """The pictures that paths of pictures, folders and "-" stand for, in their order."""
    for text in paths:
        path = Path(text)
        if not text:
            # To `Path` this is the folder that we are in: a shell's variable that was not set must not read all of it
            yield Input(text, path, UsageError("an empty path names no picture"))
        elif text == pictures.STDIN:
            yield Input(text, Path("stdin.png"))
        elif is_folder(path):
            try:
                for inside in pictures.find(path, recursive=recursive):
                    yield Input(str(inside), inside.relative_to(path))
            except UsageError as error:
                yield Input(text, Path(path.name), error)
        else:
            yield Input(text, Path(path.name))


def is_folder(path: Path) -> bool:
    """Whether a path is a folder; not where we may not even look, which `Path.is_dir` raises on."""
    try:
        return path.is_dir()
    except OSError:
        return False
