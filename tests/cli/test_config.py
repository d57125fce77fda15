"""`emodj config`, and the sentences of every command about an invalid configuration."""

from __future__ import annotations

import os
import tomllib
from typing import TYPE_CHECKING

import pytest

from realtime.storage.user_folders import config_folder
from tests.cli.conftest import START
from tests.support.places import SHIPPED_CONFIG

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    Run = Callable[..., CompletedProcess[str]]


def test_path_names_the_files_in_the_order_in_which_they_win(
    emodj: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_file = config_folder() / "config.toml"
    assert emodj("config", "path").stdout.splitlines() == [str(SHIPPED_CONFIG), str(user_file)], (
        "where it belongs, though it is missing"
    )
    ended = emodj("config", "path", "--config", tmp_path / "option.toml")
    assert ended.stdout.splitlines() == [str(SHIPPED_CONFIG), str(user_file), str(tmp_path / "option.toml")]
    user_file.parent.mkdir(parents=True)
    user_file.write_text("[window]\ninfo = true\n", encoding="utf-8")
    monkeypatch.setenv("EMODJ_CONFIG", str(tmp_path / "variable.toml"))
    assert emodj("config", "path").stdout.splitlines() == [str(SHIPPED_CONFIG), str(user_file), str(tmp_path / "variable.toml")]
    ended = emodj("config", "path", "--config", tmp_path / "option.toml")
    assert ended.stdout.splitlines() == [str(SHIPPED_CONFIG), str(user_file), str(tmp_path / "option.toml")]
    assert (ended.returncode, ended.stderr) == (0, "")


def test_show_prints_settings_that_can_be_read_back(emodj: Run, settings: Callable[[str], Path]) -> None:
    defaults = emodj("config", "show")
    assert (defaults.returncode, defaults.stderr) == (0, "")
    assert tomllib.loads(defaults.stdout) == tomllib.loads(SHIPPED_CONFIG.read_text(encoding="utf-8"))
    changed = emodj("config", "show", "--config", settings("[mood]\nlead = 0.25\n")).stdout
    assert tomllib.loads(changed)["mood"] == tomllib.loads(defaults.stdout)["mood"] | {"lead": 0.25}
    assert emodj("--config", settings(changed), "config", "show").stdout == changed


def test_the_user_file_the_variable_and_the_option_win_in_this_order(
    emodj: Run, settings: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shown(*options: str | Path) -> tuple[float, float, float]:
        table = tomllib.loads(emodj(*options, "config", "show").stdout)
        return table["mood"]["lead"], table["mood"]["window_s"], table["faces"]["unsure_below"]

    shipped = shown()
    user_file = config_folder() / "config.toml"
    user_file.parent.mkdir(parents=True)
    user_file.write_text("[mood]\nlead = 0.2\nwindow_s = 20\n[faces]\nunsure_below = 0.2\n", encoding="utf-8")
    assert shown() == (0.2, 20, 0.2) != shipped
    variable = tmp_path / "variable.toml"
    variable.write_text("[mood]\nlead = 0.3\nwindow_s = 30\n", encoding="utf-8")
    monkeypatch.setenv("EMODJ_CONFIG", str(variable))
    assert shown() == (0.3, 30, 0.2)
    assert shown("--config", settings("[mood]\nlead = 0.4\n")) == (0.4, 20, 0.2), "the option stands in for the variable"


def test_the_current_folder_is_not_searched(emodj: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.toml").write_text("broken", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert emodj("config", "show").returncode == 0


BAD = {
    "broken": ("[mood\n", "is not valid TOML"),
    "unknown key": ("[mood]\nwindows_s = 3\n", "did you mean window_s?"),
    "unknown section": ("[moods]\n", "did you mean mood?"),
    "out of range": ("[mood]\nlead = 2\n", "from 0 to 1, not 2"),
    "wrong type": ("[camera]\nmirror = 1\n", "must be true or false, not 1"),
    "bad link": ('[playlists.sad]\nurl = "http://example.org"\n', "a link starts with https:// or spotify:"),
    "bad Spotify link": ('[playlists.sad]\nurl = "spotify:playlist:short"\n', "22 letters and digits"),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize(
    "command", [["config", "show"], ["image", "missing.jpg"], ["live", "--no-window", "--source", "missing.mkv"]]
)
def test_a_bad_configuration_is_status_2_and_a_sentence_with_the_file(
    emodj: Run, settings: Callable[[str], Path], command: list[str], kind: str
) -> None:
    text, message = BAD[kind]
    file = settings(text)
    ended = emodj(*command, "--config", file)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("emodj: ")
    assert message in ended.stderr
    assert str(file) in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_all_faults_are_reported_at_once(emodj: Run, settings: Callable[[str], Path]) -> None:
    ended = emodj("config", "show", "--config", settings("[mood]\nlead = 2\nwindow = 3\n[camera]\nfps = 0\n"))
    assert ended.returncode == 2
    first, *faults = ended.stderr.splitlines()
    assert first == "emodj: 3 faults in the configuration"
    assert ["lead" in line or "mood.window" in line or "fps" in line for line in faults] == [True] * 3


def test_a_missing_configuration_is_status_2(emodj: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "missing.toml"
    assert emodj("--config", missing, "config", "show").stderr == f"emodj: there is no configuration file {missing}\n"
    monkeypatch.setenv("EMODJ_CONFIG", str(missing))
    assert emodj("config", "show").returncode == 2
    assert emodj("config", "path").returncode == 0, "path prints the searched files though one is missing"


def test_help_needs_no_configuration(emodj: Run, settings: Callable[[str], Path]) -> None:
    assert emodj("--config", settings("broken"), "image", "--help").returncode == 0


HOMELESS = f"""
import pwd
def refuse(number):
    raise KeyError(number)
pwd.getpwuid = refuse
{START}"""


@pytest.mark.skipif(os.name == "nt", reason="every user of Windows has a home")
@pytest.mark.parametrize("value", ["", "relative", "/missing", "/dev/null"])
@pytest.mark.parametrize(
    ("command", "status"),
    [(["image", "photo.jpg"], 0), (["config", "path"], 0), (["spotify", "status"], 1), (["mood", "sad"], 0)],
)
def test_a_user_without_a_home_has_the_shipped_settings(
    run_process: Run, photo: Path, command: list[str], status: int, value: str
) -> None:
    ended = run_process(*command, program=HOMELESS, env={"HOME": value}, cwd=photo.parent)
    assert ended.returncode == status
    assert ended.stdout
    no_home = "emodj: this user has no home folder: set HOME to the path of one"
    assert ended.stderr == (
        f"{no_home}, for settings of your own; or name their file with --config\n"
        if command == ["config", "path"] and not value.startswith("/")
        else ""
    )
    assert sorted(os.listdir(photo.parent)) == ["cwd", "photo.jpg"]  # noqa: PTH208 - hidden files count too
