"""Run the command line: in this process for speed, or in a separate process for signals, streams and exit."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from realtime.cli import main
from realtime.domain import EXPRESSIONS
from realtime.training.dataset import EXPRESSION_VOTES, VOTE_COLUMNS
from tests.support.places import ROOT
from tests.support.waiting import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from realtime.domain import Image
    from tests.support.spotify_server import Spotify


START = """
import sys
from realtime.cli import main
sys.exit(main())
"""

# The same, with the test server in place of Spotify
START_WITH_SPOTIFY = f"""
import os
from realtime.music.spotify import transport
place = os.environ["SPOTIFY_OF_THE_TEST"]
transport.SERVICE = transport.Service(place + "/v1/", place + "/authorize", place + "/api/token")
transport.TIMEOUT_S = float(os.environ.get("PATIENCE_OF_THE_TEST", 60))
{START}"""


@pytest.fixture
def emodj(capsys: pytest.CaptureFixture[str]) -> Callable[..., CompletedProcess[str]]:
    """Run a command line in this process."""

    def run(*arguments: str | Path) -> CompletedProcess[str]:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        return CompletedProcess(arguments, status, output.out, output.err)

    return run


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start a command line in a separate process, in an empty folder, with pipes as its streams."""

    def start(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        folder = tmp_path / "cwd"
        folder.mkdir(exist_ok=True)
        program = options.pop("program", START)
        environment = {**os.environ, "PYTHONUNBUFFERED": "", **options.pop("env", {})}
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        chosen: dict[str, Any] = {"cwd": folder, **streams, **options}
        return subprocess.Popen([sys.executable, "-c", program, *map(str, arguments)], text=True, env=environment, **chosen)

    return start


@pytest.fixture
def run_process(process: Callable[..., subprocess.Popen[str]]) -> Callable[..., CompletedProcess[str]]:
    """Run a command line in a separate process to its end."""

    def run(*arguments: str | Path, **options: Any) -> CompletedProcess[str]:
        with process(*arguments, **options) as started:
            out, err = started.communicate(timeout=PATIENCE_S)
            return CompletedProcess(arguments, started.returncode, out, err)

    return run


@pytest.fixture
def spotify_process(
    process: Callable[..., subprocess.Popen[str]], spotify: Spotify, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.Popen[str]]:
    """As `process`, with the test server in place of Spotify."""
    monkeypatch.setenv("SPOTIFY_OF_THE_TEST", spotify.address)
    return partial(process, program=START_WITH_SPOTIFY)


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A copy of the folder of the shipped network; the path of its `.json`."""
    return Path(shutil.copytree(ROOT / "models", tmp_path / "models")) / "emotiondetector.json"


@pytest.fixture
def settings(tmp_path: Path) -> Callable[[str], Path]:
    """Write a configuration file."""

    def write(text: str) -> Path:
        file = tmp_path / "mine.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Callable[[int], Path]:
    """A clip at ten frames a second in which the astronaut's face moves to the right."""
    folder = tmp_path_factory.mktemp("clips")

    def film(frames: int) -> Path:
        path = folder / f"{frames}.avi"
        if not path.exists():
            writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (240, 180))
            face = np.ascontiguousarray(astronaut[30:210, 110:350])
            for index in range(frames):
                writer.write(np.roll(face, 2 * (index % 20), axis=1))
            writer.release()
        return path

    return film


@pytest.fixture
def ctrl_c() -> Callable[[subprocess.Popen[str]], None]:
    """Press Ctrl-C."""

    def press(process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGINT)

    return press


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Callable[..., Path]:
    """A data set in the form of FER-2013: brighter and darker copies of one face, ten votes for their label each."""
    folder = tmp_path_factory.mktemp("data")
    face = cv2.resize(cv2.cvtColor(astronaut[64:165, 174:275], cv2.COLOR_BGR2GRAY), (48, 48))

    def build(usage: Sequence[int], *, voted: bool = True) -> Path:
        path = folder / f"{''.join(map(str, usage))}{voted}.npz"
        count = len(usage)
        labels = np.full(count, 3, np.uint8)
        votes = np.zeros((count, len(VOTE_COLUMNS)), np.uint8)
        votes[:, VOTE_COLUMNS.index(EXPRESSION_VOTES[3])] = 10 * voted
        parts = [cv2.imencode(".jpg", np.clip(face.astype(int) + 3 * i, 0, 255).astype(np.uint8))[1] for i in range(count)]
        np.savez(
            path,
            jpeg=np.concatenate(parts),
            offsets=np.cumsum([0, *map(len, parts)]),
            labels=labels,
            pooled_votes=votes,
            usage=np.array(usage, np.uint8),
            copy_of_training=np.zeros(count, np.bool_),
            photo_group=np.arange(count, dtype=np.int32),
            classes=np.array([expression.value for expression in EXPRESSIONS]),
            vote_columns=np.array(VOTE_COLUMNS),
        )
        return path

    return build
