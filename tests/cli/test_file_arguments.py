"""The status of each command whose file is missing, is a folder, cannot be read, or has another content (docs/reference)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    Run = Callable[..., CompletedProcess[str]]

FAILED, USAGE, SOURCE, ASSET = 1, 2, 4, 5
BATCH = ["batch", "--jobs", "1", "--quiet", "-o", "OUT/faces.csv"]
PUSH = ["model", "push", "owner/name@v1", "--dry-run", "--out", "OUT/release"]
LAN = ["page", "--no-open", "--lan"]

# The status if the file is missing, is a folder, cannot be read, is some text; None where the command does not come to it
TABLE: dict[tuple[str, ...], tuple[int | None, ...]] = {
    ("image", "FILE.jpg"): (USAGE, None, FAILED, FAILED),
    (*BATCH, "FILE.jpg"): (USAGE, None, FAILED, FAILED),
    # Each line of a text is a path, which is missing here
    (*BATCH, "--list", "FILE.txt"): (USAGE, USAGE, FAILED, USAGE),
    ("live", "--no-window", "--source", "FILE.mkv"): (USAGE, SOURCE, SOURCE, SOURCE),
    ("calibrate", "--no-window", "--source", "FILE.mkv"): (USAGE, SOURCE, SOURCE, SOURCE),
    ("report", "FILE.jsonl", "-o", "OUT/a.html"): (USAGE, USAGE, FAILED, FAILED),
    ("report", "FILE.mkv", "-o", "OUT/a.html"): (USAGE, USAGE, FAILED, FAILED),
    ("report", "FILE.csv", "-o", "OUT/a.html"): (USAGE, USAGE, FAILED, FAILED),
    ("report", "FILE.parquet", "-o", "OUT/a.html"): (USAGE, USAGE, FAILED, FAILED),
    # A library, a file of settings and a certificate are also named by settings, and a fault in one is one of the settings
    ("play", "happy", "--library", "FILE.csv"): (USAGE, USAGE, FAILED, USAGE),
    ("songs", "happy", "--library", "FILE.csv"): (USAGE, USAGE, FAILED, USAGE),
    ("--config", "FILE.toml", "songs", "happy"): (USAGE, USAGE, USAGE, USAGE),
    (*LAN, "--cert", "FILE.pem", "--key", "FILE.pem"): (USAGE, USAGE, USAGE, USAGE),
    # Data to learn from must be complete before anything begins
    ("evaluate", "FILE.csv"): (USAGE, USAGE, USAGE, USAGE),
    ("evaluate", "FILE.npz"): (USAGE, USAGE, USAGE, USAGE),
    ("train", "FILE.csv", "--run", "OUT/run"): (USAGE, USAGE, USAGE, USAGE),
    ("evaluate", "DATA", "--model", "FILE.json"): (USAGE, USAGE, ASSET, ASSET),
    ("train", "DATA", "--run", "OUT/run", "--teacher", "FILE.json"): (USAGE, USAGE, None, None),
    ("model", "check", "FILE.json"): (USAGE, USAGE, ASSET, ASSET),
    ("model", "check", "FILE.tflite"): (USAGE, USAGE, ASSET, ASSET),
    ("model", "compile", "FILE.json"): (USAGE, USAGE, ASSET, ASSET),
    (*PUSH, "FILE.json"): (USAGE, USAGE, ASSET, ASSET),
}


def make_missing(path: Path) -> None:
    del path


def make_folder(path: Path) -> None:
    path.mkdir()


def make_unreadable(path: Path) -> None:
    # Rights stop nobody who runs the tests as root
    path.symlink_to(path)


def make_text(path: Path) -> None:
    path.write_text("hello, this is no such file\n", encoding="ascii")


MAKERS = (make_missing, make_folder, make_unreadable, make_text)


@pytest.mark.parametrize("kind", range(4), ids=["missing", "folder", "unreadable", "text"])
@pytest.mark.parametrize("command", TABLE, ids=" ".join)
def test_the_status_tells_what_the_file_is(
    command: tuple[str, ...], kind: int, emodj: Run, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    status = TABLE[command][kind]
    if status is None:
        pytest.skip("the command does not come to it")
    words = list(command)
    if "DATA" in words:
        data: Callable[..., Path] = request.getfixturevalue("data")
        words[words.index("DATA")] = str(data([0, 1, 2]))
    (tmp_path / "out").mkdir()
    words = [word.replace("OUT", str(tmp_path / "out")) for word in words]
    for index, word in enumerate(words):
        if word.startswith("FILE."):
            path = tmp_path / f"given{word.removeprefix('FILE')}"
            if not path.is_symlink() and not path.exists():
                MAKERS[kind](path)
            words[index] = str(path)
    ended = emodj(*words)
    assert ended.returncode == status, ended.stderr
    sentences = ended.stderr.splitlines()
    assert any("given" in sentence or "hello, this" in sentence for sentence in sentences), ended.stderr
    assert not any(sentence.startswith("Traceback") for sentence in sentences)
    assert not any(path.suffix == ".html" for path in (tmp_path / "out").iterdir())
