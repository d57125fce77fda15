"""Fixtures for all tests: an empty home, no connection to another machine, no thread left, a virtual screen on request."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from realtime.app import power_supply
from realtime.movies import tmdb_client
from realtime.music.spotify import transport
from realtime.music.spotify.credentials import CredentialStore, Token
from tests.support.hub_server import FakeHub, serving_hub
from tests.support.places import ASTRONAUT
from tests.support.spotify_server import Spotify, serving_spotify
from tests.support.tmdb_server import Tmdb, serving_tmdb
from tests.support.waiting import PATIENCE_S, until
from tests.support.x11 import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xdist.remote import Producer

    from realtime.domain import Image

# A slow machine must not fail a test
settings.register_profile("emodj", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("emodj")

WINDOW_TOOLS = ("Xvfb", "setxkbmap", "openbox")
PACED = "paced"
ROOMS = ("cli", "classifier", "training", "faces", "mood")
"""Folders with the slowest tests, the slowest first."""

# They need terminals, signals or limits of POSIX
collect_ignore = (
    [
        *(f"cli/test_{name}.py" for name in ("mood", "output_links", "play", "signals", "spotify_login", "train_progress")),
        "training/test_checkpoint.py",
    ]
    if os.name == "nt"
    else []
)

# They import h5py, which comes with TensorFlow
if find_spec("h5py") is None:
    collect_ignore += [f"classifier/test_{name}.py" for name in ("keras_process", "weights_file")]

TENSORFLOW_TESTS = {
    "classifier": (
        *("compiler", "contract", "fixed_sizes", "keras2_json", "keras_file", "keras_forms", "keras_pair"),
        "runtime",
    ),
    "cli": ("evaluate", "foreign_network", "model", "train", "train_progress"),
    "training": (
        *(
            "augment",
            "calibration",
            "checkpoint",
            "confidence_head",
            "distillation",
            "export",
            "plots",
            "run_folder",
            "trainer",
        ),
        *("transfer", "verify"),
    ),
}
"""Files of tests, by folder, that mostly need what the extra `train` installs; skipped where that has no wheel."""

# platformdirs asks Windows itself for its folders, unless WIN_PD_OVERRIDE_… names another one
WINDOWS_FOLDERS = (
    "APPDATA",
    "LOCAL_APPDATA",
    "COMMON_APPDATA",
    "COMMON_PROGRAMS",
    "DESKTOPDIRECTORY",
    "DOWNLOADS",
    "MYMUSIC",
    "MYPICTURES",
    "MYVIDEO",
    "PERSONAL",
    "PROGRAMS",
    "PUBLIC",
    "TEMPLATES",
    "USER_PROGRAM_FILES",
)

# Windows has no such signal
HANGUP = getattr(signal, "SIGHUP", None)
LOOPBACK = ("127.", "::1", "localhost")


class FileScheduling(LoadScopeScheduling):
    """Gives each process whole files, so fixtures of a file are built once; all timed files go to one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        return PACED if paced(file) else str(file)


def paced(file: Path) -> bool:
    """Whether a file has timed windows or cameras: two such files at the same time would slow each other down."""
    return file.parent.name == "app" and (file.stem == "test_faults" or file.stem.endswith("window"))


# The group marks of pytest-xdist 3.8 are lost on pytest 9.2, which has no `_nodeid`
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileScheduling:
    return FileScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this computer cannot run, and sort the slowest tests first, so that no process has one left at the end."""
    has_tensorflow = find_spec("tensorflow") is not None
    for item in items:
        posix = item.get_closest_marker("posix")
        # Windows sends no Ctrl-C to one process
        if sys.platform == "win32" and (posix or "ctrl_c" in getattr(item, "fixturenames", ())):
            reason = posix.args[0] if posix and posix.args else "needs signals, pipes, paths, rights or sparse files of POSIX"
            item.add_marker(pytest.mark.skip(reason=reason))
        if not has_tensorflow and item.path.stem.removeprefix("test_") in TENSORFLOW_TESTS.get(item.path.parent.name, ()):
            item.add_marker(pytest.mark.skip(reason="needs TensorFlow: pip install 'emodj[train]'"))

    def rank(item: pytest.Item) -> int:
        if paced(item.path):
            return 0
        room = item.path.parent.name
        return 1 + (ROOMS.index(room) if room in ROOMS else len(ROOMS))

    items.sort(key=rank)


@pytest.fixture(scope="session", autouse=True)
def signals() -> Iterator[None]:
    """Replace ignored signals by an empty handler, so that processes of the tests react to them."""
    # A program inherits ignored signals, but not handlers
    ignored = [number for number in (signal.SIGINT, HANGUP) if number and signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, lambda _number, _frame: None)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home, so that no test reads or writes the files of a user; also no screen, no browser and no bus."""
    folder = tmp_path_factory.mktemp("home")
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(folder))
    for name in WINDOWS_FOLDERS:
        monkeypatch.setenv(f"WIN_PD_OVERRIDE_{name}", str(folder / name.lower()))
    for name in (
        "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME",
        "XDG_DATA_HOME",
        "XDG_PICTURES_DIR",
        "XDG_STATE_HOME",
        "EMODJ_CONFIG",
        "TMDB_TOKEN",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "BROWSER",
        # The Spotify app of the user would play
        "DBUS_SESSION_BUS_ADDRESS",
        "XDG_RUNTIME_DIR",
        "SSH_CONNECTION",
        # A hub of networks, and an account there
        "HF_ENDPOINT",
        "HF_TOKEN",
        "EMODJ_OFFLINE",
        # requests would look for their certificates
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
    ):
        monkeypatch.delenv(name, raising=False)
    # A laptop on battery would look at fewer pictures
    monkeypatch.setattr(power_supply, "SUPPLIES", folder / "power_supply")
    if sys.platform == "win32":
        # There a browser needs no screen
        monkeypatch.setenv("BROWSER", "none")
    return folder


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user without a home, as a service or a container can have."""
    users = pytest.importorskip("pwd", reason="every user of Windows has a home")

    def refuse(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(users, "getpwuid", refuse)
    monkeypatch.delenv("HOME")


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to another machine fails the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        # By UDP nothing is sent: it only finds the way out
        if self.family != getattr(socket, "AF_UNIX", None) and self.type != socket.SOCK_DGRAM:
            host = str(address[0]) if isinstance(address, tuple) else str(address)
            assert host.startswith(LOOPBACK), f"a test connects to {address}"
        connect(self, address)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail a test that leaves a thread."""
    before = set(threading.enumerate())
    yield
    # TensorFlow and other libraries keep thread pools; our threads have these names
    ours = {"capture", "analysis", "music", "recorder", "cameras", "outputs", "stdout", "power"}
    left = [thread for thread in set(threading.enumerate()) - before if thread.name in ours]
    for thread in left:
        # On a busy machine a thread needs time to end
        thread.join(PATIENCE_S)
    assert not [thread for thread in left if thread.is_alive()], f"threads left behind: {left}"


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """A fake browser; the function returns the addresses that it opened."""
    visited, script = tmp_path / "visited.txt", tmp_path / "browser.sh"
    if sys.platform == "win32":
        script.write_text("import sys\nprint(sys.argv[2], file=open(sys.argv[1], 'a'))\n", encoding="utf-8")
        python, *paths = (Path(path).as_posix() for path in (sys.executable, script, visited))
        monkeypatch.setenv("BROWSER", f"'{python}' '{paths[0]}' '{paths[1]}' %s")
    else:
        script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{visited}"\n', encoding="utf-8")
        script.chmod(0o755)
        monkeypatch.setenv("BROWSER", f"{script} %s")
    return lambda: visited.read_text(encoding="utf-8").splitlines() if visited.exists() else []


@pytest.fixture
def spotify(monkeypatch: pytest.MonkeyPatch) -> Iterator[Spotify]:
    """A local server in place of Spotify; nobody is logged in."""
    with serving_spotify() as served:
        monkeypatch.setattr(
            transport,
            "SERVICE",
            transport.Service(f"{served.address}/v1/", f"{served.address}/authorize", f"{served.address}/api/token"),
        )
        # The user who runs the tests may have set it
        monkeypatch.delenv("SPOTIPY_CLIENT_ID", raising=False)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield served


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """A local server in place of the hub of networks; it has no files."""
    with serving_hub() as served:
        monkeypatch.setenv("HF_ENDPOINT", served.address)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield served


@pytest.fixture
def tokens(spotify: Spotify) -> CredentialStore:
    """The stored login of a user who has just logged in."""
    given = spotify.issue(" ".join(transport.SCOPES))
    kept = CredentialStore()
    kept.save(Token(spotify.client_id, given["access_token"], given["refresh_token"], time.time() + 3600, given["scope"]))
    return kept


@pytest.fixture
def tmdb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tmdb]:
    """A local server in place of TMDb; nobody has given a key."""
    with serving_tmdb() as served:
        monkeypatch.setattr(tmdb_client, "SERVICE", tmdb_client.TmdbService(f"{served.address}/3/"))
        monkeypatch.setattr(tmdb_client, "TIMEOUT_S", PATIENCE_S)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield served


@pytest.fixture(scope="session")
def astronaut() -> Image:
    """The portrait, (512, 512, 3) uint8 BGR."""
    image = cv2.imread(str(ASTRONAUT))
    assert image is not None
    return image.astype(np.uint8, copy=False)


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Path:
    """A photograph of the astronaut's head, 260×240: face detection takes a fifth of the time. Read only."""
    path = tmp_path_factory.mktemp("portrait") / "portrait.jpg"
    cv2.imwrite(str(path), astronaut[10:250, 90:350], [cv2.IMWRITE_JPEG_QUALITY, 95])
    return path


@pytest.fixture
def photo(portrait: Path, tmp_path: Path) -> Path:
    """A photograph of one face that looks happy, 260×240."""
    return Path(shutil.copy(portrait, tmp_path / "photo.jpg"))


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """The name of a virtual screen with a window manager; skips where the tools are missing, fails in CI."""
    missing = [tool for tool in WINDOW_TOOLS if shutil.which(tool) is None]
    if missing:
        reason = f"window tests need {', '.join(missing)}: apt install xvfb openbox"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as screen:
        os.close(write)
        with os.fdopen(read) as answer:
            name = f":{answer.readline().strip()}"
        environment = {**os.environ, "DISPLAY": name}
        with subprocess.Popen(["openbox"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as manager:
            with Screen(name) as seen:
                until(lambda: seen.managed)
            yield name
            manager.terminate()
        screen.terminate()


@pytest.fixture
def compiled_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile networks in this process, which imports TensorFlow once; each other process would need seconds for it."""
    from realtime.classifier import compiler
    from realtime.classifier.keras_pair import load_pair

    def compile_pair(path: Path) -> bytes:
        return compiler.compile_network(load_pair(path))

    monkeypatch.setattr(compiler, "compile_pair", compile_pair)
