"""The modules that a command loads: TensorFlow and OpenCV only if the command needs them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from realtime.music.spotify.credentials import CredentialStore, Token

if TYPE_CHECKING:
    from pathlib import Path

TENSORFLOW = {"tensorflow", "keras", "tf_keras", "jax", "torch"}
HEAVY = TENSORFLOW | {"cv2", "numpy", "PIL", "ai_edge_litert", "spotipy", "pillow_heif", "pydantic_core"}

SERVER = {"starlette", "uvicorn", "anyio", "asyncio"}

SPOTIFY = {"spotipy", "requests", "urllib3"}

PROGRAM = """
import json, sys
from realtime.cli import main
seen = []
for line in json.load(sys.stdin):
    status = main(line)
    seen.append([status, sorted({name.partition(".")[0] for name in sys.modules})])
sys.stdout.flush()
print(json.dumps(seen), file=sys.stderr)
"""


def loaded_modules(*lines: list[str], status: int = 0) -> list[set[str]]:
    """Top-level names of all modules that are loaded after each of some command lines, run one after the other."""
    command = [sys.executable, "-c", PROGRAM]
    ended = subprocess.run(command, input=json.dumps(lines), capture_output=True, text=True, check=True)
    seen = json.loads(ended.stderr.splitlines()[-1])
    assert [one for one, _ in seen] == [status] * len(lines), ended.stderr
    return [set(names) for _, names in seen]


def find_loading_lines(unwanted: set[str], *lines: list[str], status: int = 0) -> list[tuple[list[str], set[str]]]:
    """The command lines after which unwanted modules are loaded, with these modules."""
    return [
        (line, names & unwanted)
        for line, names in zip(lines, loaded_modules(*lines, status=status), strict=True)
        if names & unwanted
    ]


def test_help_and_version_load_nothing_heavy() -> None:
    assert find_loading_lines(HEAVY | SERVER, ["--help"], ["-h"], ["--version"]) == []


def test_a_typing_error_loads_nothing_heavy() -> None:
    assert find_loading_lines(HEAVY, ["imgae"], status=2) == []


def test_help_of_a_command_and_the_settings_load_neither_tensorflow_nor_opencv() -> None:
    lines = (
        ["image", "-h"],
        ["batch", "-h"],
        ["live", "-h"],
        ["page", "-h"],
        ["config", "path"],
        ["config", "show"],
        ["mood", "-h"],
        ["mood", "happy"],
        ["songs", "-h"],
        ["play", "-h"],
        ["playlists"],
        ["playlists", "check", "-h"],
        ["movies", "-h"],
        ["movies", "happy"],
        ["fact"],
    )
    assert find_loading_lines(TENSORFLOW | {"cv2", "ai_edge_litert"}, *lines) == []


def test_pydantic_is_loaded_only_where_settings_are_read() -> None:
    checks = {"pydantic_core"}
    assert find_loading_lines(checks, ["live", "-h"], ["config", "path"]) == []
    assert find_loading_lines(checks, ["songs", "happy", "--library", "missing"], status=2) == []
    (names,) = loaded_modules(["config", "show"])
    assert names >= checks, "else this test would see nothing"


def test_commands_without_images_load_no_numpy() -> None:
    assert (
        find_loading_lines(
            {"numpy"}, ["config", "show"], ["mood", "happy"], ["playlists"], ["movies", "sad"], ["fact"], ["live", "-h"]
        )
        == []
    )


@pytest.mark.parametrize("logged_in", [False, True])
def test_commands_without_spotify_do_not_load_its_library(portrait: Path, logged_in: bool) -> None:  # noqa: FBT001
    if logged_in:
        CredentialStore().save(Token("c" * 32, "access", "refresh", 0.0, ""))
    lines = (
        ["spotify", "-h"],
        ["spotify", "login", "-h"],
        ["spotify", "build", "-h"],
        ["mood", "happy"],
        ["playlists"],
        ["image", str(portrait)],
        ["live", "--no-window", "--source", str(portrait)],
        # The last, because it ends the login
        ["spotify", "logout"],
    )
    assert find_loading_lines(SPOTIFY, *lines) == []


def test_spotify_status_loads_the_library_only_with_a_login() -> None:
    unwanted = TENSORFLOW | {"cv2", "ai_edge_litert", "redis"}
    assert find_loading_lines(unwanted | SPOTIFY, ["spotify", "status"], status=1) == []
    (names,) = loaded_modules(["spotify", "devices"], status=8)
    assert names >= SPOTIFY, "else these tests would see nothing"
    assert not names & unwanted


def test_pictures_and_sessions_load_no_tensorflow(portrait: Path, tmp_path: Path) -> None:
    read, *names = loaded_modules(
        ["image", str(portrait)],
        ["live", "--no-window", "--source", str(portrait)],
        ["image", str(portrait.parent), "--json", "-o", f"{tmp_path}/"],
    )
    assert not names[-1] & (TENSORFLOW | SERVER)
    assert {"cv2", "PIL"} <= read, "else this test would see nothing"


def test_a_missing_camera_loads_no_tensorflow() -> None:
    (names,) = loaded_modules(["live", "--no-window", "--camera", "99"], status=4)
    assert not names & TENSORFLOW
    assert "cv2" in names, "else this test would see nothing"


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
