"""DOC storage.atomic."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.errors import EmodjError

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_whole(files: Mapping[Path, bytes]) -> None:
    """Write files so that a reader never meets half of one, and a failure leaves what was there before.

    All are written beside their places first and take them at the very end.

    Args:
        files: contents by path; the folders exist.

    Raises:
        EmodjError: a file cannot be written.
    """
    parts = {target: target.with_name(f".{target.name}.{os.getpid()}.part") for target in files}
    try:
        for target, data in files.items():
            parts[target].write_bytes(data)
        for target, part in parts.items():
            part.replace(target)
    except OSError as error:
        names = " and ".join(str(target) for target in files)
        raise EmodjError(f"{names} cannot be written: {error.strerror or error}") from error
    finally:
        for part in parts.values():
            # A read-only disk refuses even to look for it
            with suppress(OSError):
                part.unlink()


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone can read, whole or not at all.

    Raises:
        EmodjError: the disk refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A file of mkstemp has mode 600 from its first moment
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(number, "wb") as file:
                file.write(content)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise EmodjError(f"cannot write {path} ({error.strerror or error}): make room, or make its folder yours") from error
