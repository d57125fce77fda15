from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from realtime.privacy.places import MOST_NAMES, list_places
from realtime.storage.user_folders import config_folder, networks_folder, pictures_folder

if TYPE_CHECKING:
    from realtime.privacy.places import Place


def places() -> dict[str, Place]:
    return {holds: place for place in list_places() for holds in place.holds.split(" and ")}


def test_every_folder_is_listed_whether_it_is_there_or_not() -> None:
    found = places()
    assert set(found) >= {"settings", "logins", "data", "state", "cache", "snapshots"}
    assert found["settings"].path == config_folder()
    assert not found["cache"].exists
    assert found["cache"].names == ()


def test_what_lies_in_a_folder_is_listed() -> None:
    config_folder().mkdir(parents=True)
    (config_folder() / "config.toml").touch()
    networks_folder().mkdir(parents=True)
    found = places()
    assert "config.toml" in found["settings"].names
    assert "networks/" in found["data"].names
    assert found["settings"].exists


def test_of_pictures_only_snapshots_are_listed() -> None:
    pictures_folder().mkdir(parents=True)
    for name in ("emodj-20261128-120000.png", "holiday.jpg"):
        (pictures_folder() / name).touch()
    assert places()["snapshots"].names == ("emodj-20261128-120000.png",)


def test_a_full_folder_is_cut_short() -> None:
    pictures_folder().mkdir(parents=True)
    for number in range(MOST_NAMES + 10):
        (pictures_folder() / f"emodj-{number:03}.png").touch()
    assert len(places()["snapshots"].names) == MOST_NAMES


@pytest.mark.posix
@pytest.mark.usefixtures("homeless")
def test_a_user_without_a_home_has_no_folder() -> None:
    assert list_places() == []
