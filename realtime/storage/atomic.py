"""Write files whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from realtime.errors import EmodjError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write(files: Mapping[Path, bytes], *, private: bool = False, advice: str = "choose another place") -> None:
    """Write files so that a reader never meets half of one.

    All are written beside their places first and are renamed at the very end. A disk that is full or read-only leaves what was
    there before. There is no wait for the disk (`fsync`): after a power cut an old file may be back.

    Args:
        files: contents by path; the folders exist.
        private: the owner alone can read them (mode 600), whatever the umask is; else they are ordinary files.
        advice: what to try where the disk refuses; the end of the sentence.

    Raises:
        EmodjError: a file cannot be written.
    """
    # The system applies the umask to a new file; asking for the umask would change it for all threads meanwhile
    mode = 0o600 if private else 0o666
    parts = {target: target.with_name(f".emodj-{os.urandom(8).hex()}.part") for target in files}
    try:
        for target, data in files.items():
            with open(parts[target], "xb", opener=lambda path, flags: os.open(path, flags, mode)) as file:
                file.write(data)
        for target, part in parts.items():
            part.replace(target)
    except (OSError, ValueError) as error:
        names = " and ".join(str(target) for target in files)
        reason = getattr(error, "strerror", None) or error
        raise EmodjError(f"cannot write {names} ({reason}): {advice}") from error
    finally:
        for part in parts.values():
            # A read-only disk refuses even to look for it
            with suppress(OSError):
                part.unlink()
