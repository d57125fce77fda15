"""The log: complete lines, however the session ends."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from realtime.errors import UsageError
from realtime.storage.jsonl_log import CHECK_EVERY, JsonlLog

if TYPE_CHECKING:
    from pathlib import Path

WRITER = """
import sys
from pathlib import Path
from realtime.storage.jsonl_log import JsonlLog
log = JsonlLog(Path(sys.argv[1]))
number = 0
while log.problem() is None:
    log.write({"number": number, "text": "é" * 50})
    number += 1
    print(number, flush=True)
"""
LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))" + WRITER


def lines(path: Path) -> list[dict[str, object]]:
    """The documents of a log; fails at an incomplete line."""
    text = path.read_text("utf-8")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_each_document_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with JsonlLog(path) as log:
        for index in range(CHECK_EVERY + 1):
            log.write({"t": index / 10, "faces": [], "mood": None})
        # The lines can be read before the log is closed: a kill loses none
        assert len(lines(path)) == CHECK_EVERY + 1
    assert lines(path)[1] == {"t": 0.1, "faces": [], "mood": None}
    assert path.read_text("utf-8").splitlines()[0] == '{"t":0.0,"faces":[],"mood":null}'
    assert log.problem() is None
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600


def test_text_is_utf_8_and_other_bytes_are_escaped(tmp_path: Path) -> None:
    with JsonlLog(tmp_path / "log.jsonl") as log:
        log.write({"name": "Zoë\udcff\n"})
    assert lines(tmp_path / "log.jsonl") == [{"name": "Zoë\udcff\n"}]


def test_a_number_that_json_cannot_express_is_a_value_error(tmp_path: Path) -> None:
    with JsonlLog(tmp_path / "log.jsonl") as log:
        log.write({"t": 1})
        with pytest.raises(ValueError, match="JSON"):
            log.write({"t": float("nan")})
        log.write({"t": 2})
    assert lines(tmp_path / "log.jsonl") == [{"t": 1}, {"t": 2}]


def test_a_log_without_a_line_leaves_no_file(tmp_path: Path) -> None:
    with JsonlLog(tmp_path / "log.jsonl") as log:
        pass
    log.close()
    JsonlLog(tmp_path / "log.jsonl").close()
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_log_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with JsonlLog(path) as log:
        log.write({"t": 1})
        with pytest.raises(UsageError, match=r"log\.jsonl exists already: choose another name for the log"):
            JsonlLog(path)
        log.write({"t": 2})
    assert lines(path) == [{"t": 1}, {"t": 2}]


@pytest.mark.posix("Windows removes no open file")
def test_a_removed_file_ends_the_log_with_one_sentence(tmp_path: Path) -> None:
    with JsonlLog(tmp_path / "log.jsonl") as log:
        log.write({"t": 0})
        (tmp_path / "log.jsonl").unlink()
        for index in range(2 * CHECK_EVERY):
            log.write({"t": index})
        assert log.problem() == "the log has ended: its file was removed, and its content is lost"
        assert log.problem() is None


@pytest.mark.posix("needs limits of POSIX")
def test_a_log_at_the_limit_of_file_size_keeps_its_complete_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    done = subprocess.run([sys.executable, "-c", LIMITED, str(path)], capture_output=True, text=True, check=True)
    kept = lines(path)
    # The last number belongs to the line that did not fit
    assert [line["number"] for line in kept] == list(range(int(done.stdout.split()[-1]) - 1))
    assert len(kept) > 30
    assert path.stat().st_size <= 5000


def test_a_kill_loses_no_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        written = [int(writer.stdout.readline()) for _ in range(500)][-1]
        writer.kill()
    complete, _, partial = path.read_text("utf-8").rpartition("\n")
    numbers = [json.loads(line)["number"] for line in complete.splitlines()]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= written
    assert not partial
