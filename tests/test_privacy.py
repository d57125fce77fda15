"""Sessions, pictures and music write no file and open no connection."""

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

from realtime.movies.tmdb_key import TmdbKeyFile
from realtime.music.spotify.credentials import ClientIdFile, CredentialStore, Token
from realtime.music.spotify.transport import SCOPES
from tests.support.sounds import sound
from tests.support.tmdb_server import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from realtime.domain import Image


# The interpreter loads it before our code; Python calls an audit hook before each action
RECORDER = """
import os, sys

REPORT = int(os.environ["REPORT"])
WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
CHANGES = {"os.mkdir", "os.rename", "os.link", "os.symlink", "os.truncate", "shutil.copyfile", "tempfile.mkstemp"}


def hook(event, arguments):
    if event == "open":
        path, _, flags = arguments
        reported = flags & WRITING and path != os.devnull
    else:
        reported = event.startswith(("socket.", "http.", "urllib.", "subprocess.", "webbrowser.", "os.exec", "os.posix_spawn"))
        reported = reported or event in CHANGES
    if reported:
        os.write(REPORT, f"{event} {arguments!r}\\n".encode())


sys.addaudithook(hook)
"""


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """New folders for all that a process may write to by default."""
    found = {name: tmp_path / name for name in ("home", "cwd", "tmp")}
    for folder in found.values():
        folder.mkdir()
    return found


def run_recorded(places: dict[str, Path], command: list[str]) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run a command; returns its result, and its events on files, connections and processes."""
    hooks = places["cwd"].parent / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "sitecustomize.py").write_text(RECORDER, encoding="utf-8")
    # libpulse stores its key for the sound server, as for every program that plays
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


def run_recorded_lines(
    places: dict[str, Path], *lines: list[str], statuses: Sequence[int] | None = None
) -> tuple[list[str], list[str]]:
    """Run command lines one after the other in one process; returns the output of each, and their events."""
    ended, events = run_recorded(places, ["-c", LINES, json.dumps(lines)])
    assert ended.returncode == 0, ended.stderr
    printed = re.split(r"\nended with (.*)\n", ended.stdout)
    assert [int(status) for status in printed[1::2]] == [*(statuses or [0] * len(lines))], ended.stderr
    return printed[:-1:2], events


def new_paths(places: dict[str, Path]) -> list[Path]:
    # Also files from native code, which Python does not report
    return [path for folder in places.values() for path in folder.rglob("*")]


def log_in(places: dict[str, Path]) -> dict[Path, bytes]:
    """Store a login with a token that expired yesterday; returns the stored files. The next request would renew the token."""
    folder = places["home"] / ".config" / "emodj"
    token = Token("c" * 32, "access", "refresh", time.time() - 86400, " ".join(SCOPES), premium=True)
    CredentialStore(folder / "spotify-token.json").save(token)
    ClientIdFile(folder / "spotify-client-id").save(token.client_id)
    return read_files(places)


def read_files(places: dict[str, Path]) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in new_paths(places) if path.is_file()}


@pytest.fixture
def clip(tmp_path: Path, astronaut: Image) -> Iterator[Path]:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (256, 256))
    for _ in range(15):
        writer.write(cv2.resize(astronaut, (256, 256)))
    writer.release()
    yield path
    path.unlink()


def test_reading_pictures_writes_no_file_and_opens_no_connection(
    places: dict[str, Path], tmp_path: Path, portrait: Path
) -> None:
    album = tmp_path / "album"
    album.mkdir()
    for name in ("1.jpg", "2.jpg"):
        shutil.copy(portrait, album / name)
    ended, events = run_recorded(places, ["-m", "realtime", "image", str(album), "--json"])
    assert len(json.loads(ended.stdout)["images"]) == 2
    assert events == []
    assert new_paths(places) == []
    assert sorted(path.name for path in album.iterdir()) == ["1.jpg", "2.jpg"]


def test_a_session_writes_no_file_and_opens_no_connection(places: dict[str, Path], clip: Path) -> None:
    lines = [["live", "--no-window", "--source", str(clip), option] for option in ("--json", "--jsonl", "-vv")]
    printed, events = run_recorded_lines(places, *lines)
    assert all("happy" in text for text in printed)
    assert events == []
    assert new_paths(places) == []


def test_a_failed_session_writes_no_file_and_opens_no_connection(places: dict[str, Path]) -> None:
    ended, events = run_recorded(places, ["-m", "realtime", "live", "--no-window", "--camera", "99"])
    assert ended.returncode == 4
    assert events == []
    assert new_paths(places) == []


def test_naming_music_writes_no_file_and_opens_no_connection(places: dict[str, Path]) -> None:
    lines = (
        ["mood", "happy"],
        ["mood", "happy", "--qr"],
        ["songs", "happy"],
        ["playlists"],
        ["playlists", "--json"],
        ["movies", "sad"],
    )
    printed, events = run_recorded_lines(places, *lines)
    assert all("https://" in text for text in printed)
    assert events == []
    assert new_paths(places) == []


def test_a_fact_writes_no_file_and_opens_no_connection(places: dict[str, Path]) -> None:
    ended, events = run_recorded(places, ["-m", "realtime", "fact"])
    assert ended.returncode == 0
    assert events == []
    assert new_paths(places) == []


def test_with_a_login_nothing_is_sent_to_spotify_without_a_key_or_command(
    places: dict[str, Path], clip: Path, portrait: Path
) -> None:
    before = log_in(places)
    printed, events = run_recorded_lines(
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
    assert events == []
    assert read_files(places) == before


def test_with_a_key_nothing_is_sent_to_tmdb_without_an_option_or_command(
    places: dict[str, Path], clip: Path, portrait: Path
) -> None:
    TmdbKeyFile(places["home"] / ".config" / "emodj" / "tmdb-token").save(TOKEN)
    before = read_files(places)
    printed, events = run_recorded_lines(
        places,
        ["movies", "sad"],
        ["movies", "sad", "--strategy", "journey", "--json"],
        ["movies", "sad", "--no-online"],
        ["movies", "-h"],
        ["movies", "login", "-h"],
        ["mood", "happy"],
        ["config", "show"],
        ["image", str(portrait), "--json"],
        ["live", "--no-window", "--source", str(clip), "-vv"],
    )
    assert all(printed)
    assert events == []
    assert read_files(places) == before


def test_without_a_key_nothing_is_sent_to_tmdb(places: dict[str, Path]) -> None:
    lines = [["movies", *words] for words in (["sad", "--online"], ["status"], ["logout"], ["login"])]
    printed, events = run_recorded_lines(places, *lines, statuses=[0, 1, 0, 2])
    assert printed[0].startswith("Movies for sad\n")
    assert events == []
    assert new_paths(places) == []


@pytest.mark.parametrize("words", [["sad", "--online"], ["status"]])
def test_a_question_to_tmdb_connects_to_its_server_alone_and_writes_nothing(places: dict[str, Path], words: list[str]) -> None:
    TmdbKeyFile(places["home"] / ".config" / "emodj" / "tmdb-token").save(TOKEN)
    before = read_files(places)
    # The port is taken, but nothing listens on it
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"http://127.0.0.1:{taken.getsockname()[1]}/3/"
        program = (
            "import sys; from realtime.movies import tmdb_client; from realtime.cli import main; "
            f"tmdb_client.SERVICE = tmdb_client.TmdbService({place!r}); sys.exit(main(['movies', *{words!r}]))"
        )
        ended, events = run_recorded(places, ["-c", program])
    assert "TMDb cannot be reached: is this computer online?" in ended.stdout + ended.stderr
    assert any(line.startswith("socket.connect ") for line in events)
    assert all(line.startswith(("socket.", "http.")) for line in events)
    connections = [line for line in events if line.startswith(("socket.connect", "socket.getaddrinfo"))]
    assert all("127.0.0.1" in line for line in connections)
    assert TOKEN not in "".join(events)
    assert read_files(places) == before


def test_without_a_login_nothing_is_sent_to_spotify(places: dict[str, Path]) -> None:
    lines = [["spotify", *words] for words in (["status"], ["devices"], ["build", "happy"], ["logout"])]
    _, events = run_recorded_lines(places, *lines, statuses=[1, 8, 8, 0])
    # The HTTP library of spotipy tests whether this computer has IPv6
    tried = [line for line in events if line.startswith("socket.bind ") and line.endswith("('::1', 0))")]
    assert [line for line in events if line not in tried and not line.startswith("socket.__new__ ")] == []
    assert new_paths(places) == []


def test_the_recorder_sees_a_request_to_spotify(places: dict[str, Path]) -> None:
    before = log_in(places)
    # The port is taken, but nothing listens on it
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        program = (
            "import sys; from realtime.music.spotify import transport; from realtime.cli import main; "
            f"transport.SERVICE = transport.Service({place!r}, {place!r}, {place!r}); sys.exit(main(['spotify', 'devices']))"
        )
        ended, events = run_recorded(places, ["-c", program])
    assert ended.returncode == 8
    assert any(line.startswith("socket.connect ") for line in events)
    # The empty lock file stays
    assert {path: text for path, text in read_files(places).items() if text} == before


def test_playing_songs_writes_no_file(places: dict[str, Path], tmp_path: Path) -> None:
    song = sound(tmp_path / "songs" / "happy" / "a.ogg", title="Träne")
    ended, events = run_recorded(
        places, ["-m", "realtime", "play", "happy", "--library", str(tmp_path / "songs"), "--volume", "0"]
    )
    assert (ended.returncode, ended.stderr) == (0, "emodj: 1/1  Träne\n")
    # asyncio uses a pair of connected sockets; a connection to a host is another event
    (started,) = [line for line in events if not line.startswith("socket.__new__ ") and not re.match(r"open \(\d+, ", line)]
    # The only process is the player, to which a pipe leads, an open number. A forbidden event fails in it, since it has no
    # file of the report.
    assert started.startswith("subprocess.Popen ")
    assert "realtime.music.local.player_process" in started
    assert new_paths(places) == []
    assert [path for path in (tmp_path / "songs").rglob("*") if path.is_file()] == [song]


def test_a_check_of_links_connects_to_their_servers_only(places: dict[str, Path], tmp_path: Path) -> None:
    sound(tmp_path / "song.wav")
    (tmp_path / "songs.m3u8").write_text("https://example.org/song.mp3\nsong.wav\n", encoding="utf-8")
    # The port is taken, but nothing listens on it
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        (tmp_path / "mine.toml").write_text(
            f'[[playlists.sad]]\nurl = "https://{place}/list"\n[[playlists.sad]]\npath = "songs.m3u8"\n', encoding="utf-8"
        )
        command = ["-m", "realtime", "playlists", "check", "sad", "--config", str(tmp_path / "mine.toml")]
        ended, events = run_recorded(places, command)
    assert ended.returncode == 7
    assert ended.stdout.splitlines()[1].startswith("ok")
    assert any(line.startswith("socket.connect ") and "127.0.0.1" in line for line in events)
    assert all(line.startswith(("socket.", "http.", "urllib.")) for line in events)
    connections = [line for line in events if line.startswith(("socket.connect", "socket.getaddrinfo", "urllib."))]
    assert all("127.0.0.1" in line for line in connections)
    assert new_paths(places) == []


def test_image_writes_only_its_output(places: dict[str, Path], tmp_path: Path, portrait: Path) -> None:
    ended, events = run_recorded(places, ["-m", "realtime", "image", str(portrait), "-o", str(tmp_path / "drawn.png")])
    assert ended.returncode == 0
    assert events, "else the recorder sees nothing"
    assert all(str(tmp_path) in line and not line.startswith("socket") for line in events)
    assert new_paths(places) == []


@pytest.mark.parametrize(
    ("program", "reported"),
    [
        ("import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', 9))", "socket.connect"),
        ("import socket; socket.getaddrinfo('localhost', 80)", "socket.getaddrinfo"),
        ("open('trace', 'w')", "open"),
        ("import os; os.close(os.open('trace', os.O_CREAT | os.O_WRONLY))", "open"),
        ("import pathlib; pathlib.Path('trace').mkdir()", "os.mkdir"),
        ("import subprocess; subprocess.run(['true'])", "subprocess.Popen"),
    ],
)
def test_the_recorder_sees_each_kind_of_event(places: dict[str, Path], program: str, reported: str) -> None:
    _, events = run_recorded(places, ["-c", program])
    assert any(line.startswith(reported) for line in events)
