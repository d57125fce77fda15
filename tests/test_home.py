from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from realtime.config.locations import user_file
from realtime.music.spotify.credentials import CredentialStore


def test_no_test_reaches_the_folders_of_the_user_who_runs_it(home: Path) -> None:
    """A test run on Windows has overwritten a login once: the folders of Windows do not follow `HOME`."""
    folders = [
        Path.home(),
        Path("~").expanduser(),
        platformdirs.user_config_path("emodj"),
        platformdirs.user_cache_path("emodj"),
        platformdirs.user_data_path("emodj"),
        platformdirs.user_state_path("emodj"),
        platformdirs.user_pictures_path(),
        platformdirs.user_music_path(),
        CredentialStore().path,
        user_file(),
    ]
    assert [folder for folder in folders if not folder.is_relative_to(home)] == []


def test_the_fixture_names_every_folder_that_platformdirs_asks_windows_for() -> None:
    source = Path(platformdirs.__file__).with_name("windows.py").read_text(encoding="utf-8")
    known = {part.split('"', 1)[0] for part in source.split('"CSIDL_')[1:]}
    assert known
    assert [name for name in sorted(known) if f"WIN_PD_OVERRIDE_{name}" not in os.environ] == []
