"""Sessions, runs over pictures and music write no file and talk to nobody."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import cv2
import pytest

from realtime.music.spotify.credentials import ClientIdFile, CredentialStore, Token
from realtime.music.spotify.transport import SCOPES
from tests.support.sounds import sound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from realtime.domain import Image


# Loaded by the interpreter before anything of ours; Python tells such a hook of what it is about to do
RECORDER = """
import os, sys

REPORT = int(os.environ["REPORT"])
WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
CHANGES = {"os.mkdir", "os.rename", "os.link", "os.symlink", "os.truncate", "shutil.copyfile", "tempfile.mkstemp"}


def hook(event, arguments):
    if event == "open":
        path, _, flags = arguments
        told = flags & WRITING and path != os.devnull
    else:
        told = event.startswith(("socket.", "http.", "urllib.", "subprocess.", "webbrowser.", "os.exec", "os.posix_spawn"))
        told = told or event in CHANGES
    if told:
        os.write(REPORT, f"{event} {arguments!r}\\n".encode())


sys.addaudithook(hook)
"""


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """Folders of its own for everything that a process may write to by default."""
    found = {name: tmp_path / name for name in ("home", "cwd", "tmp")}
    for folder in found.values():
        folder.mkdir()
    return found


def watched(places: dict[str, Path], command: list[str]) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run a command; what it did to files and with whom it talked."""
    hooks = places["cwd"].parent / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "sitecustomize.py").write_text(RECORDER, encoding="utf-8")
    # Where there is libpulse, it keeps its own key to the sound server, as for every program that plays
    sound_server = places["cwd"].parent / "pulse"
    with (places["cwd"].parent / "report").open("w+", encoding="utf-8") as report:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")} | {
            "HOME": str(places["home"]),
            "TMPDIR": str(places["tmp"]),
            "PYTHONPATH": str(hooks),
            "PYTHONDONTWRITEBYTECODE": "1",
            "REPORT": str(report.fileno()),
            "no_proxy": "*",
            "PULSE_RUNTIME_PATH": str(sound_server),
            "PULSE_COOKIE": str(sound_server / "cookie"),
        }
        ended = subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            text=True,
            check=False,
            cwd=places["cwd"],
            env=environment,
            pass_fds=[report.fileno()],
            stdin=subprocess.DEVNULL,
        )
        report.seek(0)
        return ended, report.read().splitlines()


LINES = """
import json, sys
from realtime.cli import main
for line in json.loads(sys.argv[1]):
    status = main(line)
    print("\\nended with", status, flush=True)
"""


def watched_lines(
    places: dict[str, Path], *lines: list[str], statuses: Sequence[int] | None = None
) -> tuple[list[str], list[str]]:
    """Run command lines one after the other in one process; what each printed, and what they did."""
    ended, did = watched(places, ["-c", LINES, json.dumps(lines)])
    assert ended.returncode == 0, ended.stderr
    printed = re.split(r"\nended with (.*)\n", ended.stdout)
    assert [int(status) for status in printed[1::2]] == [*(statuses or [0] * len(lines))], ended.stderr
    return printed[:-1:2], did


def left_behind(places: dict[str, Path]) -> list[Path]:
    # Also what native code wrote, of which Python knows nothing
    return [path for folder in places.values() for path in folder.rglob("*")]


def logs_in(places: dict[str, Path]) -> dict[Path, bytes]:
    """Somebody did yesterday: what is kept of it. The next question to Spotify would have to renew it."""
    folder = places["home"] / ".config" / "emodj"
    token = Token("c" * 32, "access", "refresh", time.time() - 86400, " ".join(SCOPES), premium=True)
    CredentialStore(folder / "spotify-token.json").save(token)
    ClientIdFile(folder / "spotify-client-id").save(token.client_id)
    return kept(places)


def kept(places: dict[str, Path]) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in left_behind(places) if path.is_file()}


@pytest.fixture
def clip(tmp_path: Path, astronaut: Image) -> Iterator[Path]:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (256, 256))
    for _ in range(15):
        writer.write(cv2.resize(astronaut, (256, 256)))
    writer.release()
    yield path
    path.unlink()


def test_a_run_over_pictures_writes_nothing_and_talks_to_nobody(
    places: dict[str, Path], tmp_path: Path, portrait: Path
) -> None:
    album = tmp_path / "album"
    album.mkdir()
    for name in ("1.jpg", "2.jpg"):
        shutil.copy(portrait, album / name)
    ended, did = watched(places, ["-m", "realtime", "image", str(album), "--json"])
    assert len(json.loads(ended.stdout)["images"]) == 2
    assert did == []
    assert left_behind(places) == []
    assert sorted(path.name for path in album.iterdir()) == ["1.jpg", "2.jpg"]


def test_a_session_writes_nothing_and_talks_to_nobody(places: dict[str, Path], clip: Path) -> None:
    lines = [["live", "--no-window", "--source", str(clip), option] for option in ("--json", "--jsonl", "-vv")]
    printed, did = watched_lines(places, *lines)
    assert all("happy" in text for text in printed)
    assert did == []
    assert left_behind(places) == []


def test_a_session_that_fails_leaves_nothing_either(places: dict[str, Path]) -> None:
    ended, did = watched(places, ["-m", "realtime", "live", "--no-window", "--camera", "99"])
    assert ended.returncode == 4
    assert did == []
    assert left_behind(places) == []


def test_music_that_is_only_named_is_neither_asked_for_nor_opened(places: dict[str, Path]) -> None:
    lines = ["mood", "happy"], ["mood", "happy", "--qr"], ["songs", "happy"], ["playlists"], ["playlists", "--json"]
    printed, did = watched_lines(places, *lines)
    assert all("https://" in text for text in printed)
    assert did == []
    assert left_behind(places) == []


def test_of_somebody_who_is_logged_in_spotify_learns_nothing_that_no_key_asked_for(
    places: dict[str, Path], clip: Path, portrait: Path
) -> None:
    before = logs_in(places)
    printed, did = watched_lines(
        places,
        ["image", str(portrait), "--json"],
        ["mood", "happy"],
        ["playlists"],
        ["songs", "happy"],
        ["config", "show"],
        ["spotify", "-h"],
        ["spotify", "build", "-h"],
        ["live", "--no-window", "--source", str(clip), "--json"],
        ["live", "--no-window", "--source", str(clip), "-vv"],
    )
    assert all(printed)
    assert did == []
    assert kept(places) == before


def test_who_is_not_logged_in_asks_spotify_nothing(places: dict[str, Path]) -> None:
    lines = [["spotify", *words] for words in (["status"], ["devices"], ["build", "happy"], ["logout"])]
    _, did = watched_lines(places, *lines, statuses=[1, 8, 8, 0])
    # What spotipy sends with tries whether this computer has addresses of IPv6
    tried = [line for line in did if line.startswith("socket.bind ") and line.endswith("('::1', 0))")]
    assert [line for line in did if line not in tried and not line.startswith("socket.__new__ ")] == []
    assert left_behind(places) == []


def test_a_command_that_asks_spotify_is_seen(places: dict[str, Path]) -> None:
    before = logs_in(places)
    # Taken, but nobody listens there
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        program = (
            "import sys; from realtime.music.spotify import transport; from realtime.cli import main; "
            f"transport.SERVICE = transport.Service({place!r}, {place!r}, {place!r}); sys.exit(main(['spotify', 'devices']))"
        )
        ended, did = watched(places, ["-c", program])
    assert ended.returncode == 8
    assert any(line.startswith("socket.connect ") for line in did)
    # What keeps two emodj apart stays there, and is empty
    assert {path: text for path, text in kept(places).items() if text} == before


def test_songs_that_are_played_leave_nothing_behind(places: dict[str, Path], tmp_path: Path) -> None:
    song = sound(tmp_path / "songs" / "happy" / "a.ogg", title="Träne")
    ended, did = watched(places, ["-m", "realtime", "play", "happy", "--library", str(tmp_path / "songs"), "--volume", "0"])
    assert (ended.returncode, ended.stderr) == (0, "emodj: 1/1  Träne\n")
    # asyncio wakes itself up by two sockets that are joined to each other; whoever sends to somebody is told as such
    assert [line for line in did if not line.startswith("socket.__new__ ")] == []
    assert left_behind(places) == []
    assert [path for path in (tmp_path / "songs").rglob("*") if path.is_file()] == [song]


def test_a_check_of_links_asks_their_servers_and_nothing_else(places: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "songs.m3u8").write_text("https://example.org/song.mp3\n", encoding="utf-8")
    # Taken, but nobody listens there
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        (tmp_path / "mine.toml").write_text(
            f'[[playlists.sad]]\nurl = "https://{place}/list"\n[[playlists.sad]]\npath = "songs.m3u8"\n', encoding="utf-8"
        )
        command = ["-m", "realtime", "playlists", "check", "sad", "--config", str(tmp_path / "mine.toml")]
        ended, did = watched(places, command)
    assert ended.returncode == 7
    assert ended.stdout.splitlines()[1].startswith("ok")
    assert any(line.startswith("socket.connect ") and "127.0.0.1" in line for line in did)
    assert all(line.startswith(("socket.", "http.", "urllib.")) for line in did)
    asked = [line for line in did if line.startswith(("socket.connect", "socket.getaddrinfo", "urllib."))]
    assert all("127.0.0.1" in line for line in asked)
    assert left_behind(places) == []


def test_only_the_output_is_written(places: dict[str, Path], tmp_path: Path, portrait: Path) -> None:
    ended, did = watched(places, ["-m", "realtime", "image", str(portrait), "-o", str(tmp_path / "drawn.png")])
    assert ended.returncode == 0
    assert did, "else the recorder sees nothing"
    assert all(str(tmp_path) in line and not line.startswith("socket") for line in did)
    assert left_behind(places) == []


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', 9))", "socket.connect"),
        ("import socket; socket.getaddrinfo('localhost', 80)", "socket.getaddrinfo"),
        ("open('trace', 'w')", "open"),
        ("import os; os.close(os.open('trace', os.O_CREAT | os.O_WRONLY))", "open"),
        ("import pathlib; pathlib.Path('trace').mkdir()", "os.mkdir"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
    ],
)
def test_the_recorder_sees_what_it_is_for(places: dict[str, Path], program: str, told: str) -> None:
    _, did = watched(places, ["-c", program])
    assert any(line.startswith(told) for line in did)
