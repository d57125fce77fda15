"""`emodj privacy`: the promise and the folders; the report, the document and the status of a proof."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from realtime.cli.privacy import PROMISE
from realtime.storage.user_folders import config_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    Run = Callable[..., CompletedProcess[str]]


def test_the_promise_has_five_lines_and_the_folders_follow(emodj: Run) -> None:
    config_folder().mkdir(parents=True)
    (config_folder() / "config.toml").touch()
    ended = emodj("privacy")
    assert (ended.returncode, ended.stderr) == (0, "")
    *promise, empty, settings = ended.stdout.splitlines()[:7]
    assert promise == list(PROMISE)
    assert empty == ""
    assert str(config_folder()) in settings
    assert "config.toml" in settings
    assert "(not there)" in ended.stdout


@pytest.mark.posix
@pytest.mark.usefixtures("homeless")
def test_without_a_home_the_promise_is_the_same(emodj: Run) -> None:
    ended = emodj("privacy")
    assert ended.returncode == 0
    assert ended.stdout.splitlines()[:5] == list(PROMISE)
    assert "no home folder" in ended.stderr


def test_a_proof_says_what_watched_what_ran_and_what_was_counted(emodj: Run) -> None:
    ended = emodj("privacy", "--prove", "--watch", "audit")
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[:2] == [
        "watched by audit hooks of Python:",
        "native libraries (OpenCV, LiteRT) and child processes were not watched",
    ]
    assert [line.split()[:3] for line in lines[3:5]] == [["picture", "emodj", "image"], ["session", "emodj", "live"]]
    assert "0 connections, 0 files written" in lines


def test_a_broken_promise_has_status_1_and_says_which_file(emodj: Run, photo: Path) -> None:
    drawn = photo.with_name("drawn.png")
    ended = emodj("privacy", "--prove", "--watch", "audit", "image", photo, "-o", drawn)
    assert ended.returncode == 1
    assert f"  written    {drawn}\n" in ended.stdout
    assert "0 connections, 2 files written" in ended.stdout
    assert ended.stderr == "emodj: this command is not without a trace: 0 connections, 2 files written\n"


def test_a_command_that_fails_proves_nothing(emodj: Run, photo: Path) -> None:
    ended = emodj("privacy", "--prove", "--watch", "audit", "image", photo.with_name("gone.jpg"))
    assert ended.returncode == 1
    assert "0 connections, 0 files written" in ended.stdout
    assert "command ended with status" in ended.stderr
    assert "gone.jpg" in ended.stderr


def test_the_document_of_a_proof(emodj: Run, photo: Path) -> None:
    drawn = photo.with_name("drawn.png")
    ended = emodj("privacy", "--prove", "--watch", "audit", "--json", "image", photo, "-o", drawn)
    assert ended.returncode == 1
    document = json.loads(ended.stdout)
    assert (document["kept"], document["watcher"]) == (False, "audit")
    (step,) = document["steps"]
    assert step["arguments"] == ["image", str(photo), "-o", str(drawn)]
    assert (step["status"], step["connections"], step["local"]) == (0, [], [])
    assert str(drawn) in step["written"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["image", "x.jpg"], "write --prove before it"),
        (["--song"], "belong to --prove"),
        (["--watch", "audit"], "belong to --prove"),
        (["--prove", "--window", "fact"], "are for the samples"),
        (["--prove", "--watch", "magic"], "magic"),
    ],
)
def test_options_that_do_not_go_together_are_said(emodj: Run, arguments: list[str], sentence: str) -> None:
    ended = emodj("privacy", *arguments)
    assert ended.returncode == 2
    assert sentence in ended.stderr


def test_the_watched_commands_have_the_settings_of_the_command_line(emodj: Run, tmp_path: Path) -> None:
    gone = tmp_path / "gone.toml"
    for command in ([], ["config", "show"]):
        ended = emodj("privacy", "--prove", "--watch", "audit", "--config", gone, *command)
        # For the samples emodj reads the settings itself
        assert ended.returncode == (1 if command else 2)
        assert f"there is no configuration file {gone}" in ended.stderr


def test_the_samples_do_not_get_into_the_diary(emodj: Run) -> None:
    config_folder().mkdir(parents=True)
    (config_folder() / "config.toml").write_text("[diary]\nkeep = true\n", encoding="utf-8")
    ended = emodj("privacy", "--prove", "--watch", "audit")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "0 connections, 0 files written" in ended.stdout


def test_an_option_that_does_not_exist_is_no_command(emodj: Run) -> None:
    ended = emodj("privacy", "--prov")
    assert ended.returncode == 2
