from __future__ import annotations

import json
import os
import stat
import sys
import threading
from io import BufferedReader, BytesIO, RawIOBase, TextIOWrapper
from typing import TYPE_CHECKING, Any

import cv2
import pytest

from realtime import cli, reading
from tests.support.html import Page, check_harmless
from tests.support.logs import frame_line, session_lines

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "evening.jsonl"
    path.write_bytes(b"".join(session_lines(90)))
    return path


def run(*arguments: str | Path) -> int:
    return cli.main(["report", *map(str, arguments)])


def test_a_log_becomes_a_page_beside_it(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(log) == 0
    page = log.with_name("evening.html")
    assert capsys.readouterr() == (f"{page}\n", "")
    html = page.read_text(encoding="utf-8")
    check_harmless(html)
    assert "evening.jsonl : 3 seconds, 90 frames analysed" in Page(html).text


@pytest.mark.posix
def test_only_the_owner_can_read_a_report(log: Path) -> None:
    for name in ("a.html", "a.png"):
        assert run(log, "-o", log.with_name(name)) == 0
        assert stat.S_IMODE(log.with_name(name).stat().st_mode) == 0o600


def test_a_log_becomes_a_picture(log: Path) -> None:
    assert run(log, "-o", log.with_name("a.png")) == 0
    picture = cv2.imread(str(log.with_name("a.png")))
    assert picture is not None
    assert picture.shape[1] == 1200


def test_a_page_can_be_printed(log: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(log, "-o", "-") == 0
    check_harmless(capsysbinary.readouterr().out.decode())
    assert [path.name for path in log.parent.iterdir()] == ["evening.jsonl"]


def test_lines_can_come_from_the_standard_input(
    log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BufferedReader(BytesIO(log.read_bytes()))))  # pyright: ignore[reportArgumentType]
    assert run("-") == 2
    assert "say with -o where the report goes" in capsys.readouterr().err
    assert run("-", "-o", log.with_name("a.html")) == 0
    assert "the standard input : 3 seconds" in Page(log.with_name("a.html").read_text(encoding="utf-8")).text
    assert run("-", "-", "-o", "-") == 2
    assert "once only" in capsys.readouterr().err


def test_a_log_that_windows_powershell_wrote_is_read(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.write_text("\r\n".join(log.read_text(encoding="utf-8").splitlines()), encoding="utf-16", newline="")
    assert run(log) == 0
    assert (
        "evening.jsonl : 3 seconds, 90 frames analysed" in Page(log.with_name("evening.html").read_text(encoding="utf-8")).text
    )
    text = log.with_name("letter.txt")
    text.write_text("a letter to a friend", encoding="utf-16")
    capsys.readouterr()
    assert run(text) == 1
    assert "letter.txt is no log of emodj live" in capsys.readouterr().err


def test_a_result_alone_does_not_say_that_no_face_voted(log: Path) -> None:
    log.write_bytes(log.read_bytes().splitlines(keepends=True)[-1])
    assert run(log) == 0
    text = Page(log.with_name("evening.html").read_text(encoding="utf-8")).text
    assert "Only its result was read" in text
    assert "No face voted" not in text


class Interrupted(RawIOBase):
    """A standard input at which Ctrl-C is pressed after some lines."""

    def __init__(self, lines: bytes) -> None:
        self._lines = lines

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if not self._lines:
            raise KeyboardInterrupt
        count = min(len(buffer), len(self._lines))
        buffer[:count], self._lines = self._lines[:count], self._lines[count:]
        return count


def test_ctrl_c_is_answered_with_a_sentence_and_leaves_no_report(
    log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BufferedReader(Interrupted(log.read_bytes()))))  # pyright: ignore[reportArgumentType]
    assert run(log, "-", "-o", log.with_name("a.html")) == 130
    out, err = capsys.readouterr()
    # click ends the line at which ^C stands
    assert (out, err) == ("", "emodj: stopped: no report was written\n\n")
    assert not log.with_name("a.html").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_folder_that_takes_no_files_is_not_called_a_full_disk(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.html", "a.png"):
        assert run(log, "-o", f"/proc/{name}") == 1
        assert capsys.readouterr().err == (
            f"emodj: cannot write /proc/{name} (the folder /proc takes no files): choose another place for the report\n"
        )


def test_a_file_that_exists_stays_without_force(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = log.with_name("evening.html")
    page.write_text("mine")
    assert run(log) == 2
    assert capsys.readouterr().err == f"emodj: {page} is there already: --force replaces it, or -o names another file\n"
    assert page.read_text() == "mine"
    assert run(log, "--force") == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_several_inputs_share_a_page_and_a_bad_one_costs_only_itself(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other, bad, page = log.with_name("other.jsonl"), log.with_name("bad.jsonl"), log.with_name("week.html")
    other.write_bytes(log.read_bytes())
    bad.write_text("no log\n")
    assert run(log, bad, other, "-o", page) == 7
    assert f"{bad} is no log of emodj live" in capsys.readouterr().err
    text = Page(page.read_text(encoding="utf-8")).text
    assert "2 sessions" in text
    assert "evening.jsonl" in text
    assert "other.jsonl" in text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"hello\n", "is no log of emodj live"),
        (b'{"a": 1}\n', "is no log of emodj live: none of its lines is a frame"),
        (b"{\n" * 9, "is no log of emodj live: none of its lines is a frame"),
        (b"time;mood\n1;happy\n", "is no log of emodj live"),
    ],
)
def test_what_is_no_log_is_said_in_one_sentence(
    content: bytes, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.jsonl").write_bytes(content)
    assert run(tmp_path / "x.jsonl") == 1
    err = capsys.readouterr().err
    assert reason in err
    assert err.count("\n") == 1
    assert not (tmp_path / "x.html").exists()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["-o", "x.gif"], "choose a name for the report that ends in .html or .png"),
        (["-o", "nowhere/x.html"], "no such folder: nowhere"),
        (["-o", "."], "choose a name for the report"),
    ],
)
def test_a_bad_place_is_refused_before_anything_is_read(
    options: list[str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("missing.jsonl", *options) == 2
    assert reason in capsys.readouterr().err


def test_inputs_that_cannot_be_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "none.jsonl") == 2
    assert "there is no file" in capsys.readouterr().err
    (tmp_path / "folder").mkdir()
    assert run(tmp_path / "folder", "-o", tmp_path / "x.html") == 2
    assert "is a folder" in capsys.readouterr().err


@pytest.mark.parametrize("folder", [".", "..", "/", ""])
def test_a_folder_without_a_name_of_its_own_is_said(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(folder) == 2
    err = capsys.readouterr().err
    assert "is a folder: name a file of `emodj live --log`" in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_cut_off_log_is_drawn_up_to_the_cut(log: Path) -> None:
    log.write_bytes(log.read_bytes()[:-400] + frame_line(9)[:50])
    assert run(log) == 0
    text = Page(log.with_name("evening.html").read_text(encoding="utf-8")).text
    assert "1 line is damaged or cut off, and left out." in text
    assert "The log has no last line with the result" in text


def test_a_film_is_read_as_a_session_reads_it(photo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(photo, "-o", photo.with_name("a.html")) == 0
    text = Page(photo.with_name("a.html").read_text(encoding="utf-8")).text
    capsys.readouterr()
    assert cli.main(["live", "--no-window", "--source", str(photo), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert f"The faces looked {summary['mood']['expression']}" in text
    assert f"{summary['frames']} frame" in text
    share = summary["shares"]["happy"]
    assert f"In all votes together: happy {share:.0%}" in text


def test_what_is_no_film_either_has_the_status_of_a_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.mkv").write_bytes(bytes(range(128, 256)) * 9)
    assert run(tmp_path / "x.mkv") == 4
    assert "cannot be opened as a video" in capsys.readouterr().err


@pytest.mark.posix
def test_a_pipe_that_nobody_writes_to_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reading, "PIPE_TIMEOUT_S", 0.05)
    for name in ("pipe", "pipe.jsonl"):
        os.mkfifo(tmp_path / name)
        assert run(tmp_path / name) == 1
        assert f"cannot read {tmp_path / name} (the pipe gave nothing for" in capsys.readouterr().err


@pytest.mark.posix
def test_a_log_comes_through_a_pipe(log: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(log.read_bytes()))
    writer.start()
    assert run(tmp_path / "pipe", "-o", tmp_path / "a.html") == 0
    writer.join()
    assert "3 seconds, 90 frames analysed" in Page((tmp_path / "a.html").read_text(encoding="utf-8")).text
