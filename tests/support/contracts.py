"""Change the contract of a network, as with an editor."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

REMOVED = object()
"""In place of a value: takes it out."""


def change_json(path: Path, where: list[str | int], value: Any) -> None:
    """Set or remove one value of a JSON file."""
    document = json.loads(path.read_text(encoding="utf-8"))
    part = document
    for key in where[:-1]:
        part = part[key]
    if value is REMOVED:
        del part[where[-1]]
    else:
        part[where[-1]] = value
    path.write_text(json.dumps(document), encoding="utf-8")
