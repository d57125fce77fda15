"""Paths of the files that emodj ships, in an installed wheel and in a checkout."""

from __future__ import annotations

from pathlib import Path

from realtime.errors import AssetError

PACKAGE = Path(__file__).parent.parent
"""The folder of the package `realtime`."""


def resource_root() -> Path:
    """The folder that holds `models`, `cascades` and `config.toml`: inside the package in a wheel, else the checkout."""
    packed = PACKAGE / "_assets"
    return packed if packed.is_dir() else PACKAGE.parent


def resource_path(*parts: str) -> Path:
    """The path of a shipped file or folder, by its parts below `resource_root`.

    Raises:
        AssetError: it is missing.
    """
    return _require_file(resource_root().joinpath(*parts))


def models_folder() -> Path:
    """The folder of the network. Raises `AssetError` if it is missing."""
    return resource_path("models")


def cascades_folder() -> Path:
    """The folder of the Haar cascades. Raises `AssetError` if it is missing."""
    return resource_path("cascades")


def shipped_config() -> Path:
    """The shipped configuration: every setting with its default. Raises `AssetError` if it is missing."""
    return resource_path("config.toml")


def shipped_songs() -> Path:
    """The shipped list of well-known songs for each mood, a CSV file. Raises `AssetError` if it is missing."""
    return _require_file(PACKAGE / "data" / "songs.csv")


def shipped_movies() -> Path:
    """The shipped list of movies for each mood, a CSV file. Raises `AssetError` if it is missing."""
    return _require_file(PACKAGE / "data" / "movies.csv")


def shipped_facts() -> Path:
    """The shipped sentences about faces, feelings and music, a CSV file. Raises `AssetError` if it is missing."""
    return _require_file(PACKAGE / "data" / "facts.csv")


def shipped_picture() -> Path:
    """The sample picture of the page: an astronaut who smiles, a JPEG. Raises `AssetError` if it is missing."""
    return _require_file(PACKAGE / "page" / "static" / "sample.jpg")


def _require_file(path: Path) -> Path:
    if not path.exists():
        raise AssetError(f"{path} is missing: this installation of emodj is incomplete, install it again")
    return path
