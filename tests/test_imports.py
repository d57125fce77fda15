"""What a command loads: nobody waits for TensorFlow, or for OpenCV, who did not ask for it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from realtime.music.spotify.credentials import CredentialStore, Token
from tests.support.places import ASTRONAUT

if TYPE_CHECKING:
    from pathlib import Path

TENSORFLOW = {"tensorflow", "keras", "tf_keras", "jax", "torch"}
HEAVY = TENSORFLOW | {"cv2", "numpy", "PIL", "ai_edge_litert", "spotipy", "pillow_heif", "pydantic", "pydantic_core"}

SPOTIFY = {"spotipy", "requests", "urllib3"}

PROGRAM = """
import sys
from realtime.cli import main
status = main(sys.argv[1:])
sys.stdout.flush()
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(status)
"""


def loaded(*arguments: str, status: int = 0) -> set[str]:
    """Top-level names of all modules that a command line has loaded at its end."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == status, ended.stderr
    return set(ended.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"]])
def test_help_and_version_load_nothing_heavy(arguments: list[str]) -> None:
    assert not loaded(*arguments) & HEAVY


def test_a_typing_error_loads_nothing_heavy() -> None:
    assert not loaded("imgae", status=2) & HEAVY


@pytest.mark.parametrize(
    "arguments",
    [
        ["image", "-h"],
        ["live", "-h"],
        ["config", "path"],
        ["config", "show"],
        ["mood", "-h"],
        ["mood", "happy"],
        ["songs", "-h"],
        ["play", "-h"],
        ["playlists"],
        ["playlists", "check", "-h"],
    ],
)
def test_help_of_a_command_and_the_settings_load_neither_tensorflow_nor_opencv(arguments: list[str]) -> None:
    assert not loaded(*arguments) & (TENSORFLOW | {"cv2", "ai_edge_litert"})


@pytest.mark.parametrize("arguments", [["live", "-h"], ["config", "path"], ["songs", "happy", "--library", "missing"]])
def test_what_checks_settings_is_loaded_only_where_settings_are_read(arguments: list[str]) -> None:
    assert not loaded(*arguments, status=2 if "missing" in arguments else 0) & {"pydantic", "pydantic_core"}


def test_what_checks_settings_is_loaded_where_settings_are_read() -> None:
    assert "pydantic" in loaded("config", "show"), "else the test before would see nothing"


@pytest.mark.parametrize(
    "arguments",
    [
        ["spotify", "-h"],
        ["spotify", "login", "-h"],
        ["spotify", "build", "-h"],
        ["spotify", "logout"],
        ["mood", "happy"],
        ["playlists"],
        ["image", str(ASTRONAUT)],
        ["live", "--no-window", "--source", str(ASTRONAUT)],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("logged_in", [False, True])
def test_what_asks_spotify_is_loaded_by_nobody_who_does_not_ask_it(arguments: list[str], logged_in: bool) -> None:  # noqa: FBT001
    if logged_in:
        CredentialStore().save(Token("c" * 32, "access", "refresh", 0.0, ""))
    assert not loaded(*arguments) & SPOTIFY


def test_status_loads_it_only_where_somebody_is_logged_in() -> None:
    assert not loaded("spotify", "status", status=1) & SPOTIFY
    assert loaded("spotify", "devices", status=8) >= SPOTIFY, "else these tests would see nothing"


def test_commands_of_spotify_load_neither_tensorflow_nor_opencv() -> None:
    for command, status in (("status", 1), ("devices", 8)):
        assert not loaded("spotify", command, status=status) & (TENSORFLOW | {"cv2", "ai_edge_litert", "redis"})


@pytest.mark.parametrize(
    "arguments",
    [["image", str(ASTRONAUT)], ["live", "--no-window", "--source", str(ASTRONAUT)], ["live", "--no-window", "--camera", "99"]],
)
def test_pictures_and_sessions_load_no_tensorflow(arguments: list[str]) -> None:
    names = loaded(*arguments, status=4 if "--camera" in arguments else 0)
    assert not names & TENSORFLOW
    assert "cv2" in names, "else this test would see nothing"


def test_a_folder_of_pictures_in_json_with_annotated_ones_loads_no_tensorflow(tmp_path: Path) -> None:
    names = loaded("image", str(ASTRONAUT.parent), "--json", "-o", f"{tmp_path}/")
    assert not names & TENSORFLOW
    assert {"cv2", "PIL"} <= names


def test_the_package_itself_loads_nothing() -> None:
    program = "import sys; before = set(sys.modules); import realtime; print(*sorted(set(sys.modules) - before))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["realtime"]


@pytest.mark.parametrize("names", ["Face", "EmodjError, load_settings; load_settings()", "*"])
def test_names_of_the_package_load_neither_opencv_nor_a_network(names: str) -> None:
    program = f"from realtime import {names}; import sys; print(*{{name.partition('.')[0] for name in sys.modules}})"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "realtime" in ended.stdout.split()
    assert not set(ended.stdout.split()) & (TENSORFLOW | {"cv2", "PIL", "ai_edge_litert", "click", "spotipy"})
