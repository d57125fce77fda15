"""The folders of a user, who may have no home."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from realtime.storage.user_folders import (
    NoHomeError,
    cache_folder,
    config_folder,
    diary_folder,
    move_content,
    networks_folder,
    pictures_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDERS = [config_folder, cache_folder, networks_folder, diary_folder, pictures_folder]


@pytest.mark.parametrize("folder", FOLDERS)
def test_folders_are_in_the_home_and_are_not_made(folder: Callable[[], Path], home: Path) -> None:
    assert home in folder().parents
    assert not list(home.iterdir())


@pytest.mark.usefixtures("homeless")
@pytest.mark.parametrize("value", [None, "", ".", "relative/home"])
@pytest.mark.parametrize("folder", FOLDERS)
def test_without_a_home_there_is_no_folder(
    folder: Callable[[], Path], value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is not None:
        monkeypatch.setenv("HOME", value)
    with pytest.raises(NoHomeError, match=r"^this user has no home folder: set HOME to the path of one$"):
        folder()


@pytest.mark.usefixtures("homeless")
def test_a_variable_takes_the_place_of_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config_folder() == tmp_path / "emodj"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    with pytest.raises(NoHomeError):
        config_folder()


def test_content_moves_to_where_nothing_has_its_name(tmp_path: Path) -> None:
    # As on Windows, where the old folder lies in the new one
    new, old = tmp_path / "emodj", tmp_path / "emodj" / "emodj"
    (old / "Cache").mkdir(parents=True)
    for file in (old / "config.toml", old / "spotify-token.json", old / "Cache" / "a.tflite", new / "config.toml"):
        file.write_text(str(file))
    move_content(old, new)
    assert (new / "config.toml").read_text() == str(new / "config.toml")
    assert (old / "config.toml").read_text() == str(old / "config.toml")
    assert (new / "spotify-token.json").read_text() == str(old / "spotify-token.json")
    assert (new / "Cache" / "a.tflite").exists()
    (old / "config.toml").unlink()
    move_content(old, new)
    assert not old.exists()


def test_a_folder_that_does_not_exist_moves_nothing(tmp_path: Path) -> None:
    move_content(tmp_path / "emodj" / "emodj", tmp_path / "emodj")
    assert not list(tmp_path.iterdir())
