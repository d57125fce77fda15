"""What the commands about the network ask of their data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.training.dataset import Dataset

_FOLDERS = {"training": "train", "public": "validation", "private": "test"}
_ROWS = {"training": "Training", "public": "PublicTest", "private": "PrivateTest"}


def need_parts(images: Dataset, parts: tuple[str, ...], data: Path) -> None:
    """Make sure that the data have images of some parts.

    Raises:
        UsageError: they have not; the sentence says where the images of that part would be.
    """
    from realtime.training.dataset import kind

    for part in parts:
        if not len(images.part(part)):
            places = {
                "folder": f": put them into {data / _FOLDERS[part]}, one folder a class",
                "table": f": no row of it has the Usage {_ROWS[part]}",
                "archive": "",
            }
            raise UsageError(f"{data} has no image in its {part} part{places[kind(data)]}")
