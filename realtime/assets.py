"""Where the files that emodj ships lie, in a wheel and in a checkout, and how a file is written whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.errors import AssetError, EmodjError

if TYPE_CHECKING:
    from collections.abc import Mapping


def root() -> Path:
    """The folder that holds `models`, `cascades` and `config.toml`: inside the package in a wheel, else the checkout."""
    package = Path(__file__).parent
    packed = package / "_assets"
    return packed if packed.is_dir() else package.parent


def path(*parts: str) -> Path:
    """The path of a shipped file or folder, given from `root` on.

    Raises:
        AssetError: it is not there.
    """
    return _there(root().joinpath(*parts))


def models() -> Path:
    """The folder of the network. Raises `AssetError` where it is missing."""
    return path("models")


def cascades() -> Path:
    """The folder of the Haar cascades. Raises `AssetError` where it is missing."""
    return path("cascades")


def config() -> Path:
    """The shipped configuration, every setting with its default. Raises `AssetError` where it is missing."""
    return path("config.toml")


def songs() -> Path:
    """The shipped list of well-known songs for each mood, a CSV. Raises `AssetError` where it is missing."""
    return _there(Path(__file__).parent / "data" / "songs.csv")


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


def _there(found: Path) -> Path:
    if not found.exists():
        raise AssetError(f"{found} is missing: this installation of emodj is incomplete, install it again")
    return found
