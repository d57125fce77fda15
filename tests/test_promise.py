"""What the README promises about files and addresses holds for native libraries, too: strace sees each call to the kernel.

`test_privacy.py` asserts more cases with audit hooks, which see Python alone.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from realtime.hub.release import CARD, COMPILED, CONTRACT, ReleaseName, keep_release
from tests.support.places import MODELS, ROOT
from tests.support.sounds import sound
from tests.support.strace import Trace, trace, works

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from realtime.domain import Image

pytestmark = pytest.mark.skipif(not works(), reason="needs strace (apt install strace), and leave to trace")

ASK = "import socket; socket.socket({family}, socket.SOCK_DGRAM).{call}"


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[..., Trace]:
    """Run Python with new folders for all that a process may write to by default: `home`, `tmp` and `cwd`."""
    for name in ("home", "tmp", "cwd", "reports"):
        (tmp_path / name).mkdir()

    def run(*command: str | Path) -> Trace:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")} | {
            "HOME": str(tmp_path / "home"),
            "TMPDIR": str(tmp_path / "tmp"),
            "PYTHONPATH": str(ROOT),
            # The interpreter would keep its own compiled files, as for every program
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return trace([*map(str, command)], tmp_path / "cwd", environment, tmp_path / "reports")

    return run


@pytest.fixture
def emodj(recorded: Callable[..., Trace]) -> Callable[..., Trace]:
    """Run a command line of emodj; it must succeed."""

    def run(*arguments: str | Path) -> Trace:
        found = recorded("-m", "realtime", *arguments)
        assert found.status == 0, found.errors
        return found

    return run


@pytest.fixture
def film(tmp_path: Path, astronaut: Image) -> Path:
    """A clip of a face that looks happy."""
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (256, 256))
    for _ in range(10):
        writer.write(cv2.resize(astronaut, (256, 256)))
    writer.release()
    return path


def test_a_picture_is_read_without_a_trace(emodj: Callable[..., Trace], portrait: Path) -> None:
    found = emodj("image", portrait, "--json")
    assert json.loads(found.output)["images"][0]["faces"]
    assert (found.written, found.asked) == (set(), set())


def test_an_annotated_picture_is_the_only_file(emodj: Callable[..., Trace], portrait: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.png"
    found = emodj("image", portrait, "-o", drawn)
    assert (found.left, found.asked) == ({drawn}, set())
    # A name that nobody can guess, beside the place of the picture, until the picture is whole
    (unfinished,) = found.written - {drawn}
    assert unfinished.parent == tmp_path
    assert re.fullmatch(r"\.emodj-[0-9a-f]{16}\.part", unfinished.name)


def test_a_batch_writes_its_table_and_what_is_done_alone(emodj: Callable[..., Trace], film: Path, tmp_path: Path) -> None:
    table, parts = tmp_path / "t.csv", tmp_path / "t.csv.parts"
    found = emodj("batch", film, "-o", table, "--jobs", "2")
    kept = {table, parts, *(parts / name for name in ("lock", "manifest.json", "rows.jsonl"))}
    assert (found.left - kept, found.asked) == (set(), set())
    # Names that nobody can guess, until table and manifest are whole; and what filelock tries in the folder for that
    unfinished = {path for path in found.written - kept if tmp_path / "tmp" not in path.parents}
    assert not [path for path in unfinished if not re.fullmatch(r"\.emodj-[0-9a-f]{16}\.part", path.name)]


def test_a_session_is_analysed_without_a_trace(emodj: Callable[..., Trace], film: Path) -> None:
    found = emodj("live", "--no-window", "--source", film, "--json")
    assert json.loads(found.output)["frames"] == 10
    assert (found.written, found.asked) == (set(), set())


def test_a_session_writes_what_its_options_name(emodj: Callable[..., Trace], film: Path, tmp_path: Path) -> None:
    log, record = tmp_path / "log.jsonl", tmp_path / "record.mkv"
    found = emodj("live", "--no-window", "--source", film, "--log", log, "--record", record)
    assert (found.written, found.asked) == ({log, record}, set())


def test_a_network_of_a_hub_is_run_without_a_trace(
    emodj: Callable[..., Trace], tmp_path: Path, portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As `emodj model pull` and `use` leave it
    names = (COMPILED, CONTRACT, CARD)
    kept = keep_release(
        tmp_path / "home" / ".local" / "share" / "emodj" / "networks",
        ReleaseName("anna/faces", "main"),
        {name: (MODELS / name).read_bytes() for name in names},
        None,
        "2026-11-28",
    )
    settings = tmp_path / "home" / ".config" / "emodj" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f"[network]\npair = '{kept.network}'\n", encoding="utf-8")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    for command in (["model", "list"], ["model", "show"]):
        found = emodj(*command)
        assert "anna" in found.output
        assert (found.written, found.asked) == (set(), set())
    # The process that tries a network of others has a folder, which goes with it
    found = emodj("image", portrait, "--json")
    assert json.loads(found.output)["images"][0]["faces"][0]["expression"] == "happy"
    assert (found.left, found.asked) == (set(), set())


def test_the_recorder_sees_a_request_to_a_hub(recorded: Callable[..., Trace], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    found = recorded("-m", "realtime", "model", "pull", "anna/faces@v1")
    assert found.status == 8
    assert "127.0.0.1:9" in found.asked


@pytest.mark.parametrize("name", ["evening.html", "evening.md", "evening.json"])
def test_a_summary_is_the_only_file_and_asks_nobody(emodj: Callable[..., Trace], film: Path, tmp_path: Path, name: str) -> None:
    kept = tmp_path / name
    found = emodj("live", "--no-window", "--source", film, "--summary", kept)
    assert (found.left, found.asked) == ({kept}, set())
    # Beside the place of the file, until it is whole
    (unfinished,) = found.written - {kept}
    assert unfinished.parent == tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ["songs", "happy"],
        ["mood", "sad", "--qr"],
        ["movies", "sad"],
        ["playlists"],
        ["config", "show"],
        ["cameras"],
        ["feedback"],
    ],
)
def test_music_is_named_without_a_trace(emodj: Callable[..., Trace], command: list[str]) -> None:
    found = emodj(*command)
    assert (found.written, found.asked) == (set(), set())


def test_playing_a_song_leaves_what_a_sound_server_leaves(emodj: Callable[..., Trace], tmp_path: Path) -> None:
    sound(tmp_path / "songs" / "happy" / "a.ogg", title="One")
    found = emodj("play", "happy", "--library", tmp_path / "songs", "--volume", "0")
    assert found.asked == set()
    servers = {tmp_path / "home" / ".config", tmp_path / "home" / ".config" / "pulse"}
    others = {path for path in found.left - servers if path.parent not in servers}
    # Nor are songs counted that a person has heard who gives no thumbs
    assert [path for path in others if path.parent != tmp_path / "tmp" or not path.name.startswith("pulse-")] == []
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert "`~/.config/pulse`" in readme
    assert "`/tmp/pulse-*`" in readme


@pytest.mark.nightly
def test_a_check_of_the_network_leaves_nothing(emodj: Callable[..., Trace]) -> None:
    found = emodj("model", "check")
    assert (found.left, found.asked) == (set(), set())


@pytest.mark.nightly
def test_measuring_a_network_leaves_nothing(emodj: Callable[..., Trace], tmp_path: Path, portrait: Path) -> None:
    faces = tmp_path / "faces" / "test" / "happy"
    faces.mkdir(parents=True)
    face = cv2.imread(str(portrait), cv2.IMREAD_GRAYSCALE)
    assert face is not None
    for brightness in (0, 10, 20):
        brighter = np.clip(cv2.resize(face, (48, 48)).astype(int) + brightness, 0, 255)
        cv2.imwrite(str(faces / f"{brightness}.png"), brighter.astype(np.uint8))
    found = emodj("evaluate", tmp_path / "faces")
    assert (found.left, found.asked) == (set(), set())


@pytest.mark.nightly
def test_a_network_of_ones_own_is_kept_in_the_cache_alone(emodj: Callable[..., Trace], tmp_path: Path, portrait: Path) -> None:
    pair = tmp_path / "pair" / "mine.json"
    pair.parent.mkdir()
    for suffix in (".json", ".h5"):
        shutil.copy(MODELS / f"emotiondetector{suffix}", pair.with_suffix(suffix))
    settings = tmp_path / "mine.toml"
    settings.write_text(f"[network]\npair = '{pair}'\n", encoding="utf-8")
    found = emodj("image", portrait, "--config", settings)
    cache = tmp_path / "home" / ".cache" / "emodj"
    assert {path for path in found.left if cache not in {path, *path.parents}} == {cache.parent}
    assert found.asked == set()


@pytest.mark.parametrize(
    ("program", "asked"),
    [
        (ASK.format(family="socket.AF_INET", call="connect(('127.0.0.1', 9))"), "127.0.0.1:9"),
        (ASK.format(family="socket.AF_INET", call="sendto(b'x', ('127.0.0.1', 9))"), "127.0.0.1:9"),
        (ASK.format(family="socket.AF_INET6", call="connect(('::1', 9))"), "::1:9"),
    ],
)
def test_the_recorder_sees_an_address(recorded: Callable[..., Trace], program: str, asked: str) -> None:
    found = recorded("-c", program)
    assert found.asked == {asked}


@pytest.mark.parametrize(
    "program",
    [
        "open('new', 'w')",
        "import os; os.mkdir('new')",
        "import os; os.symlink('elsewhere', 'new')",
        "import os; os.mkdir('new', dir_fd=os.open('.', os.O_RDONLY))",
        # A native program, of which an audit hook sees no file
        "import subprocess; subprocess.run(['touch', 'new'], check=True)",
        "open('old', 'w'); import os; os.rename('old', 'new')",
    ],
)
def test_the_recorder_sees_a_file(recorded: Callable[..., Trace], tmp_path: Path, program: str) -> None:
    found = recorded("-c", program)
    assert found.left == {tmp_path / "cwd" / "new"}
