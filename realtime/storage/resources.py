"""Where the files that emodj ships lie, in a wheel and in a checkout."""

from __future__ import annotations

from pathlib import Path

from realtime.errors import AssetError

PACKAGE = Path(__file__).parent.parent
"""The folder of the package `realtime`."""


def resource_root() -> Path:
    """The folder that holds `models`, `cascades` and `config.toml`: inside the package in a wheel, else the checkout."""
    package = PACKAGE
    packed = package / "_assets"
    return packed if packed.is_dir() else package.parent


def resource_path(*parts: str) -> Path:
    """The path of a shipped file or folder, given from `root` on.

    Raises:
        AssetError: it is not there.
    """
    return _there(resource_root().joinpath(*parts))


def models_folder() -> Path:
    """The folder of the network. Raises `AssetError` where it is missing."""
    return resource_path("models")


def cascades_folder() -> Path:
    """The folder of the Haar cascades. Raises `AssetError` where it is missing."""
    return resource_path("cascades")


def shipped_config() -> Path:
    """The shipped configuration, every setting with its default. Raises `AssetError` where it is missing."""
    return resource_path("config.toml")


def shipped_songs() -> Path:
    """The shipped list of well-known songs for each mood, a CSV. Raises `AssetError` where it is missing."""
    return _there(PACKAGE / "data" / "songs.csv")


def _there(found: Path) -> Path:
    if not found.exists():
        raise AssetError(f"{found} is missing: this installation of emodj is incomplete, install it again")
    return found
