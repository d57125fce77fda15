"""`emodj live --no-window` and what takes its results: readers that are slow, stop or leave, and disks that are full."""

from __future__ import annotations

import errno
import json
import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from realtime.app.output_thread import MOST_WAITING
from tests.support.pipes import PipeReader, drain, posix, small_pipe
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from io import FileIO
    from subprocess import CompletedProcess, Popen

    Run = Callable[..., CompletedProcess[str]]
    Start = Callable[..., Popen[str]]
    Clip = Callable[[int], Path]

WAIT_S = 120.0
LONG = MOST_WAITING + 144
"""Frames of a clip that are more than a small pipe and the queue hold."""


def logged(path: Path) -> list[dict[str, Any]]:
    """The documents of a log; fails at a line that is cut."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    assert text.endswith("\n") or not text
    return [json.loads(line) for line in text.splitlines()]


def documents(data: bytes) -> list[dict[str, Any]]:
    assert data.endswith(b"\n")
    return [json.loads(line) for line in data.splitlines()]


def ends_with_its_count(lines: list[dict[str, Any]]) -> bool:
    """Whether the last line is the summary; Ctrl-C may come between counting a frame and writing its line."""
    return 0 <= lines[-1]["frames"] - (len(lines) - 1) <= 1


@contextmanager
def analysing(process: Start, *arguments: str | Path, **options: Any) -> Generator[tuple[Popen[str], FileIO]]:
    """Run `emodj live` without a window into a small pipe; the process and the pipe's other end."""
    with ExitStack() as stack:
        reader, writer = stack.enter_context(small_pipe())
        command = ("live", "--no-window", "--jsonl", *arguments)
        started = stack.enter_context(process(*command, stdout=writer.fileno(), **options))
        stack.callback(started.kill)
        writer.close()
        yield started, reader


def read_stderr(started: Popen[str]) -> str:
    """All that the process prints on stderr, until it ends."""
    assert started.stderr is not None
    stderr = started.stderr.read()
    started.wait(WAIT_S)
    return stderr


@posix
def test_a_slow_reader_gets_every_line(process: Start, clip: Clip, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with analysing(process, "--source", clip(LONG), "--log", log) as (started, reader):
        # The queue is full: the analysis waits for the reader
        until(lambda: log.exists() and len(log.read_bytes().splitlines()) > MOST_WAITING, WAIT_S)
        reading = PipeReader(reader)
        reading.start()
        printed = documents(reading.finish())
        assert (read_stderr(started), started.returncode) == ("", 0)
    assert len(printed) == LONG + 1
    assert printed == logged(log)
    assert printed[-1]["frames"] == LONG


# The wait for a reader at the end has no limit here: a limit of nothing would be seen
IMPATIENT = """
import sys
from realtime.app import outputs
from realtime.cli import main
outputs.READER_PATIENCE_S = 0.0
sys.exit(main())
"""


@posix
def test_a_reader_that_begins_after_the_analysis_gets_every_line(process: Start, clip: Clip, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with analysing(process, "--source", clip(25), "--log", log, program=IMPATIENT) as (started, reader):
        until(lambda: log.exists() and b'"frames"' in log.read_bytes(), WAIT_S)
        reading = PipeReader(reader)
        reading.start()
        assert documents(reading.finish()) == logged(log)
        assert (read_stderr(started), started.returncode) == ("", 0)


@posix
def test_ctrl_c_while_the_pipe_is_full_is_status_130_and_leaves_whole_lines(
    process: Start, clip: Clip, tmp_path: Path, ctrl_c: Callable[[Popen[str]], None]
) -> None:
    log = tmp_path / "log.jsonl"
    with analysing(process, "--source", clip(LONG), "--log", log) as (started, reader):
        until(lambda: log.exists() and len(log.read_bytes().splitlines()) > MOST_WAITING, WAIT_S)
        ctrl_c(started)
        stderr = read_stderr(started)
        printed = documents(drain(reader))
    assert started.returncode == 130
    lines = logged(log)
    assert ends_with_its_count(lines)
    assert len(lines) < LONG
    assert printed == lines[: len(printed)]
    assert stderr.strip() == f"emodj: stdout is read too slowly, lines left out: {len(lines) - len(printed)}"


@posix
def test_ctrl_c_with_a_reader_is_status_130_and_the_summary_is_the_last_line(
    process: Start, clip: Clip, ctrl_c: Callable[[Popen[str]], None]
) -> None:
    with analysing(process, "--source", clip(LONG)) as (started, reader):
        first = reader.read(1)
        assert first is not None
        ctrl_c(started)
        reading = PipeReader(reader)
        reading.start()
        printed = documents(first + reading.finish())
        assert read_stderr(started).strip() == ""
    assert started.returncode == 130
    assert ends_with_its_count(printed)
    assert len(printed) < LONG


@posix
def test_a_reader_that_leaves_while_the_analysis_waits_for_it_is_fine(process: Start, clip: Clip, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    with analysing(process, "--source", clip(LONG), "--log", log) as (started, reader):
        until(lambda: log.exists() and len(log.read_bytes().splitlines()) > MOST_WAITING, WAIT_S)
        reader.close()
        assert (read_stderr(started), started.returncode) == ("", 0)
    lines = logged(log)
    assert lines[-1]["frames"] == len(lines) - 1, "the log ends with the summary all the same"


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that has no room")
def test_a_full_disk_for_the_documents_is_a_sentence_and_the_log_is_whole(process: Start, clip: Clip, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    arguments = ("live", "--no-window", "--jsonl", "--source", clip(25), "--log", log)
    with Path("/dev/full").open("w", encoding="utf-8") as full, process(*arguments, stdout=full) as started:
        stderr = read_stderr(started)
    assert (started.returncode, stderr) == (1, f"emodj: cannot write the results ({os.strerror(errno.ENOSPC)})\n")
    lines = logged(log)
    assert lines[-1]["frames"] == len(lines) - 1


@posix
def test_a_pipe_that_another_program_made_non_blocking_gets_every_line(process: Start, clip: Clip) -> None:
    with small_pipe() as (reader, writer):
        os.set_blocking(writer.fileno(), False)
        reading = PipeReader(reader)
        reading.start()
        with process("live", "--no-window", "--jsonl", "--source", clip(25), stdout=writer.fileno()) as started:
            writer.close()
            assert (read_stderr(started), started.returncode) == ("", 0)
        printed = documents(reading.finish())
    assert [line["t"] for line in printed[:-1]] == [index / 10 for index in range(25)]


def test_an_unbuffered_python_prints_the_same(run_process: Run, clip: Clip) -> None:
    arguments = ("live", "--no-window", "--jsonl", "--source", clip(10))
    plain, unbuffered = run_process(*arguments), run_process(*arguments, env={"PYTHONUNBUFFERED": "1"})
    assert (unbuffered.returncode, unbuffered.stderr) == (0, "")
    assert unbuffered.stdout == plain.stdout
