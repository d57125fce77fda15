"""What the commands about the network ask of their data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.training.dataset import Dataset


def need_parts(images: Dataset, parts: tuple[str, ...], data: Path) -> None:
    """Make sure that the data have images of some parts. Raises `UsageError` if they have not."""
    for part in parts:
        if not len(images.part(part)):
            raise UsageError(f"{data} has no image in its {part} part")
