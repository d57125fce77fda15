"""`emodj batch`: options, formats, statuses; and what a kill, Ctrl-C and a full disk leave."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from realtime.batch.batch import BatchProgress
from realtime.cli.batch import count_cores, describe_progress, describe_seconds
from tests.support.batch_readers import write_clip, write_faces
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import CompletedProcess, Popen

    Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def pictures(tmp_path: Path, portrait: Path) -> Path:
    """A folder with a face, a picture without one, a damaged picture, and a film."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    shutil.copy(portrait, folder / "face.jpg")
    noise = np.random.default_rng(0).integers(0, 40, (60, 80, 3), np.uint8)
    cv2.imwrite(str(folder / "noise.png"), noise)
    (folder / "broken.jpg").write_bytes(portrait.read_bytes()[:3000])
    write_clip(folder / "film.avi", 3)
    return folder


def rows_of(table: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in table.read_text(encoding="utf-8").splitlines()]


def test_pictures_and_films_become_a_table(emodj: Run, pictures: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.jsonl"
    ended = emodj("batch", pictures, "-o", table, "--jobs", 1)
    assert ended.returncode == 7
    assert ended.stdout == ""
    broken, last = ended.stderr.splitlines()
    assert broken.startswith(f"emodj: {pictures / 'broken.jpg'} is damaged (")
    assert last == f"emodj: {table}: 4 files, 1 row with a face, 0 of them not sure"
    rows = rows_of(table)
    assert [(Path(row["source"]).name, row["status"], row["expression"]) for row in rows] == [
        ("broken.jpg", "error", None),
        ("face.jpg", "ok", "happy"),
        *[("film.avi", "no face", None)] * 3,
        ("noise.png", "no face", None),
    ]
    # The face is that of `emodj image`
    face = json.loads(emodj("image", pictures / "face.jpg", "--json").stdout)["images"][0]["faces"][0]
    (row,) = [row for row in rows if row["status"] == "ok"]
    assert {name: row[name] for name in face["box"]} == face["box"]
    assert {name: row[name] for name in face["probabilities"]} == face["probabilities"]
    assert (row["confidence"], row["unsure"], row["reason"]) == (face["confidence"], face["unsure"], face["reason"])


def test_a_list_comes_from_the_standard_input(
    emodj: Run, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = b"".join(os.fsencode(pictures / name) + b"\0" for name in ("noise.png", "face.jpg"))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    table = tmp_path / "t.jsonl"
    assert emodj("batch", "--list", "-", "-o", table, "--jobs", 1, "-q").stderr == ""
    assert [row["source"] for row in rows_of(table)] == [str(pictures / "noise.png"), str(pictures / "face.jpg")]


def test_every_second_of_a_film_is_read_without_tracks(emodj: Run, clip: Callable[[int], Path], tmp_path: Path) -> None:
    table = tmp_path / "t.jsonl"
    assert emodj("batch", clip(25), "-o", table, "--every", 1, "--jobs", 1).returncode == 0
    assert [(row["frame"], row["time_s"], row["track"]) for row in rows_of(table)] == [(n, n / 10, None) for n in (0, 10, 20)]


def test_all_frames_of_a_film_have_the_faces_of_a_session(emodj: Run, clip: Callable[[int], Path], tmp_path: Path) -> None:
    table = tmp_path / "t.jsonl"
    assert emodj("batch", clip(12), "-o", table, "--jobs", 1).returncode == 0
    lines = [json.loads(line) for line in emodj("live", "--no-window", "--source", clip(12), "--jsonl").stdout.splitlines()]
    session = [
        (line["t"], face["track"], face["expression"], face["confidence"], face["box"]["left"])
        for line in lines[:-1]
        for face in line["faces"]
    ]
    batch = [
        (row["time_s"], row["track"], row["expression"], row["confidence"], row["left"])
        for row in rows_of(table)
        if row["status"] == "ok"
    ]
    assert batch == session
    assert len(batch) >= 10


def test_another_network_is_refused_until_restart(
    emodj: Run, pictures: Path, tmp_path: Path, settings: Callable[[str], Path]
) -> None:
    table = tmp_path / "t.csv"
    one = pictures / "face.jpg"
    assert emodj("batch", one, "-o", table, "--jobs", 1).returncode == 0
    other = settings("[faces]\nunsure_below = 0.99\n")
    refused = emodj("batch", one, "-o", table, "--config", other)
    assert refused.returncode == 2
    assert "was begun with other settings: --restart begins anew" in refused.stderr
    assert emodj("batch", one, "-o", table, "--config", other, "--restart", "--jobs", 1).returncode == 0


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ('[faces]\ncalibration = "me"\n', []),
        ('[faces]\nyunet_model = "/none/yunet.onnx"\n', []),
        ("[tracking]\nhold_s = 0.0\n", ["--every", 1]),
        ("[faces.live]\nsearch_width = 300\n", ["--every", 1]),
    ],
)
def test_a_setting_that_no_row_depends_on_may_change(
    text: str, options: list[object], emodj: Run, pictures: Path, tmp_path: Path, settings: Callable[[str], Path]
) -> None:
    command = ["batch", pictures / "noise.png", "-o", tmp_path / "t.csv", "--jobs", 1, *options]
    assert emodj(*command).returncode == 0
    ended = emodj(*command, "--config", settings(text))
    assert (ended.returncode, "was begun" in ended.stderr) == (0, False), ended.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-o", "t.csv"], "name pictures, films or folders, or a list of them"),
        (["a.jpg", "-o", "t.txt"], "ends in .parquet, .csv or .jsonl"),
        (["a.jpg"], "Missing option '-o'"),
        (["a.jpg", "-o", "t.csv", "--every", "0"], "--every"),
        (["a.jpg", "-o", "t.csv", "--every", "nan"], "--every"),
        (["a.jpg", "-o", "t.csv", "--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"], "--jobs is for this computer"),
    ],
)
def test_a_wrong_option_is_said(
    arguments: list[str], sentence: str, emodj: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = emodj("batch", *arguments)
    assert (ended.returncode, sentence in ended.stderr) == (2, True), ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_when_everything_fails_the_status_says_so(emodj: Run, pictures: Path, tmp_path: Path) -> None:
    ended = emodj("batch", pictures / "broken.jpg", "-o", tmp_path / "t.csv", "--jobs", 1)
    assert ended.returncode == 1
    assert f"emodj: {pictures / 'broken.jpg'} is damaged" in ended.stderr


def test_a_batch_without_a_file_replaces_no_table(emodj: Run, pictures: Path, tmp_path: Path) -> None:
    table, empty = tmp_path / "t.csv", tmp_path / "empty"
    assert emodj("batch", pictures / "noise.png", "-o", table, "--jobs", 1).returncode == 0
    before = table.read_bytes()
    empty.mkdir()
    for name, sentence in (("none.jpg", "no such file: none.jpg"), (empty, "no picture and no film in")):
        ended = emodj("batch", name, "-o", table, "--jobs", 1)
        assert (ended.returncode, sentence in ended.stderr) == (2, True), ended.stderr
        assert table.read_bytes() == before


def test_progress_is_a_sentence() -> None:
    text = describe_progress(BatchProgress(done=60, before=40, total=100, units=200, seconds=10.0))
    assert text == "60 of 100, 20.0 pictures a second, 20 s left"
    assert describe_progress(BatchProgress(0, 0, 5, 0, 0.0)) == "0 of 5"
    assert [describe_seconds(seconds) for seconds in (9.6, 61, 3600 * 2 + 301)] == ["10 s", "1 min 01 s", "2 h 05 min"]
    assert count_cores() >= 1


# Ends that come from outside


def started(process: Callable[..., Popen[str]], pictures: Path, table: Path, **options: Any) -> Popen[str]:
    """A batch that has some pictures on disk, and is not at its end."""
    running = process("batch", pictures, "-o", table, "--jobs", 2, stdin=None, **options)
    rows = table.with_name(table.name + ".parts") / "rows.jsonl"
    until(lambda: rows.exists() and rows.read_bytes().count(b"\n") >= 6)
    return running


@pytest.mark.parametrize("name", ["kill", *(pytest.param(name, marks=pytest.mark.posix) for name in ("SIGINT", "SIGTERM"))])
def test_a_batch_that_was_ended_goes_on_where_it_was(
    name: str, process: Callable[..., Popen[str]], emodj: Run, pictures: Path, portrait: Path, tmp_path: Path
) -> None:
    write_faces(pictures, portrait, 24)
    table, whole = tmp_path / "t.jsonl", tmp_path / "whole.jsonl"
    with started(process, pictures, table) as running:
        if name == "kill":
            running.kill()
        else:
            running.send_signal(signal.Signals[name])
        _, err = running.communicate(timeout=PATIENCE_S)
    killed = 1 if sys.platform == "win32" else -9
    assert running.returncode == (killed if name == "kill" else 128 + signal.Signals[name])
    journal = tmp_path / "t.jsonl.parts" / "rows.jsonl"
    kept = journal.read_bytes()
    if name != "kill":
        assert f"{table} has what is done; the same command goes on from there" in err
        assert "Traceback" not in err
        assert 6 <= len(rows_of(table)) < 30
    assert emodj("batch", pictures, "-o", table, "--jobs", 1).returncode == 7
    assert journal.read_bytes().startswith(kept[: kept.rindex(b"\n") + 1]), "what is done stays done"
    assert emodj("batch", pictures, "-o", whole, "--jobs", 1).returncode == 7
    assert table.read_bytes() == whole.read_bytes()


@pytest.mark.posix
def test_a_full_disk_keeps_what_is_done(run_process: Run, emodj: Run, pictures: Path, portrait: Path, tmp_path: Path) -> None:
    write_faces(pictures, portrait, 12)
    limit = 3000
    # No file may grow beyond the limit: the system refuses it as it does on a full disk
    program = f"""
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
from realtime.cli import main
sys.exit(main())
"""
    table = tmp_path / "t.csv"
    ended = run_process("batch", pictures, "-o", table, "--jobs", 1, program=program, stdin=None)
    assert ended.returncode == 1
    assert "what was read is kept: the same command goes on from there" in ended.stderr
    kept = (tmp_path / "t.csv.parts" / "rows.jsonl").read_bytes()
    assert 1000 < len(kept) <= limit
    assert kept.endswith(b"]}\n")
    assert emodj("batch", pictures, "-o", table, "--jobs", 1).returncode == 7
    assert (tmp_path / "t.csv.parts" / "rows.jsonl").read_bytes().startswith(kept)


@pytest.mark.posix
def test_a_terminal_shows_a_bar(process: Callable[..., Popen[str]], pictures: Path, tmp_path: Path) -> None:
    from tests.support.terminal import in_a_terminal

    def start(terminal: int) -> Popen[str]:
        return process("batch", pictures, "-o", tmp_path / "t.csv", "--jobs", 1, stdin=None, stderr=terminal)

    with in_a_terminal(start, 100) as terminal:
        terminal.wait_for(r"\[#{24}\] 4 of 4, \d+\.\d pictures a second")
        assert terminal.process.wait(PATIENCE_S) == 7
