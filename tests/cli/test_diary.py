from __future__ import annotations

import json
import os
import sqlite3
import stat
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from realtime import cli
from realtime.diary.store import Diary
from realtime.domain import Expression
from tests.support.diaries import EVENING, diary_entry
from tests.support.html import check_harmless

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from realtime.domain import Image

Said = pytest.CaptureFixture[str]


def run(*arguments: str | Path) -> int:
    return cli.main(list(map(str, arguments)))


@pytest.fixture
def diary(home: Path) -> Diary:
    """The diary of a person, with two sessions."""
    kept = Diary(print)
    assert home in kept.path.parents
    kept.add(diary_entry())
    kept.add(diary_entry(Expression.SAD, EVENING + timedelta(days=1), music="=Song\x1b", note="rain"))
    return kept


@pytest.fixture
def film(tmp_path: Path, astronaut: Image) -> Callable[[int], Path]:
    """Write a film of a face, of some seconds at five frames each."""

    def write(seconds: int) -> Path:
        path = tmp_path / f"{seconds}.avi"
        film = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 5, (260, 240))
        for number in range(5 * seconds + 1):
            film.write(np.roll(astronaut[10:250, 90:350], number % 3, axis=1))
        film.release()
        return path

    return write


def data_files(home: Path) -> list[str]:
    return sorted(path.name for path in home.rglob("*") if path.is_file() and path.name != "config.toml")


def test_without_it_a_session_leaves_nothing(home: Path, film: Callable[[int], Path], capsys: Said) -> None:
    assert run("live", "--no-window", "--source", film(4)) == 0
    assert "diary" not in capsys.readouterr().err
    assert data_files(home) == []


def test_a_session_gets_one_line_if_it_is_on(home: Path, film: Callable[[int], Path], capsys: Said) -> None:
    assert run("diary", "on") == 0
    assert data_files(home) == []
    before = datetime.now(UTC).replace(microsecond=0)
    assert run("live", "--no-window", "--source", film(4), "--json") == 0
    out, err = capsys.readouterr()
    summary = json.loads(out.splitlines()[-1])
    assert err == "emodj: one line is in the diary: emodj diary\n"
    (entry,) = Diary(print).entries()
    assert before <= entry.started <= datetime.now(UTC)
    assert entry.started.utcoffset() == entry.started.astimezone().utcoffset()
    assert (entry.seconds, entry.source, entry.mood_source) == (4.0, "file", "faces")
    assert entry.mood is Expression(summary["mood"]["expression"])
    assert entry.shares == pytest.approx(tuple(summary["shares"].values()), abs=1e-4)
    assert entry.music == summary["playlist"]["title"]
    assert entry.movies == tuple(f"{movie['title']} ({movie['year']})" for movie in summary["movies"])
    # Not a word about the file itself, or about single faces
    assert b"4.avi" not in Diary(print).path.read_bytes()
    assert run("diary", "off") == 0
    assert run("live", "--no-window", "--source", film(4)) == 0
    assert len(Diary(print).entries()) == 1


@pytest.mark.parametrize(("seconds", "why"), [(2, "the session was shorter than 3 seconds")])
def test_a_session_without_a_line_says_so(
    home: Path, film: Callable[[int], Path], seconds: int, why: str, capsys: Said
) -> None:
    run("diary", "on")
    assert run("live", "--no-window", "--source", film(seconds)) == 0
    assert capsys.readouterr().err == f"emodj: no line in the diary: {why}\n"
    assert data_files(home) == []


def test_a_newer_diary_ends_no_session(diary: Diary, film: Callable[[int], Path], capsys: Said) -> None:
    run("diary", "on")
    with closing(sqlite3.connect(diary.path, isolation_level=None)) as file:
        file.execute("PRAGMA user_version = 9")
    data = diary.path.read_bytes()
    assert run("live", "--no-window", "--source", film(4)) == 0
    assert "this session is not written into the diary: your diary" in capsys.readouterr().err
    assert diary.path.read_bytes() == data
    assert run("diary") == 2
    assert "was written by a newer emodj" in capsys.readouterr().err


def test_on_and_off_change_one_line_of_the_settings(home: Path, capsys: Said) -> None:
    assert run("diary", "off") == 0
    assert list(home.rglob("config.toml")) == []
    assert run("diary", "on") == 0
    (file,) = home.rglob("config.toml")
    assert file.read_text() == "[diary]\nkeep = true\n"
    assert run("diary", "off") == 0
    assert file.read_text() == "[diary]\nkeep = false\n"
    capsys.readouterr()


def test_another_file_that_wins_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    (tmp_path / "mine.toml").write_text("[diary]\nkeep = false\n")
    monkeypatch.setenv("EMODJ_CONFIG", str(tmp_path / "mine.toml"))
    assert run("diary", "on") == 1
    assert "sets diary.keep too, and wins" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("diary",), ("diary", "show")])
@pytest.mark.usefixtures("diary")
def test_the_table_has_a_row_a_session_and_no_control_characters(arguments: tuple[str, ...], capsys: Said) -> None:
    assert run(*arguments) == 0
    head, one, other, note = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "start"
    assert one.split() == ["2026-11-03", "20:15", "10", "minutes", "happy", "happy", "70%", "Bright", "and", "happy"]
    assert other.split() == ["2026-11-04", "20:15", "10", "minutes", "sad", "sad", "70%", "=Song�"]
    assert note == "    rain"


@pytest.mark.usefixtures("diary")
def test_sessions_since_a_day_and_the_last_ones(capsys: Said) -> None:
    for options in (("--since", "2026-11-04"), ("-n", "1")):
        assert run("diary", "show", *options, "--json") == 0
        assert [each["mood"] for each in json.loads(capsys.readouterr().out)["sessions"]] == ["sad"]
    assert run("diary", "show", "--since", "2100-01-01") == 0
    assert capsys.readouterr() == ("", "emodj: the diary has no session since 2100-01-01\n")
    for wrong in ("yesterday", "2026-13-01", "d", "999999999999d"):
        assert run("diary", "show", "--since", wrong) == 2
        assert "write it as 2026-11-03, or as 30d" in capsys.readouterr().err


def test_an_empty_diary_says_how_to_turn_it_on(capsys: Said) -> None:
    for command in ("show", "plot"):
        assert run("diary", command) == 0
        assert capsys.readouterr().err == "emodj: the diary is empty and off: `emodj diary on` turns it on\n"
    assert run("diary", "note", "rain") == 2
    assert capsys.readouterr().err.startswith("emodj: there is no session to add a note to: the diary is empty and off")


def test_a_note_is_one_line_of_the_last_session(diary: Diary, capsys: Said) -> None:
    assert run("diary", "note", "new\nsongs\x1b[31m", "and  sun") == 0
    assert capsys.readouterr().out == "noted with the session of 2026-11-04 20:15\n"
    assert [entry.note for entry in diary.entries()] == ["", "rain\nnew�songs�[31m and sun"]
    assert run("diary", "note", "  ") == 2
    assert run("diary", "note", "x" * 3000) == 2
    assert "write a shorter one" in capsys.readouterr().err


def notes(diary: Diary) -> list[str]:
    return [entry.note for entry in diary.entries()]


def test_one_note_is_corrected_or_removed_and_the_others_stay(diary: Diary, capsys: Said) -> None:
    for text in ("wind", "snow"):
        assert run("diary", "note", text) == 0
    capsys.readouterr()
    assert run("diary", "note", "--replace", "-n", "2", "a", "storm") == 0
    assert capsys.readouterr().out == "replaced: wind, of the session of 2026-11-04 20:15\n"
    assert notes(diary) == ["", "rain\na storm\nsnow"]
    assert run("diary", "note", "--remove", "--yes") == 0
    assert capsys.readouterr().out == "removed: snow, of the session of 2026-11-04 20:15\n"
    assert run("diary", "note", "--session", "2026-11-03", "early") == 0
    assert run("diary", "note", "--session", "2026-11-03T20:15", "--replace", "late") == 0
    assert notes(diary) == ["late", "rain\na storm"]
    assert run("diary", "note", "--session", "2026-11-03 20:15", "--remove", "--yes") == 0
    assert notes(diary) == ["", "rain\na storm"]
    # What was removed does not stay in the file
    assert b"snow" not in diary.path.read_bytes()


def test_a_note_is_removed_after_a_question_alone(diary: Diary, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    assert run("diary", "note", "--remove") == 2
    assert "say --yes" in capsys.readouterr().err
    monkeypatch.setattr("realtime.cli.diary.is_terminal", _is_terminal)
    for answer, status, left in (("n\n", 1, "rain"), ("y\n", 0, "")):
        monkeypatch.setattr(sys, "stdin", _Answers(answer))
        assert run("diary", "note", "--remove") == status
        assert "delete the note 'rain' of the session of 2026-11-04 20:15, for good?" in capsys.readouterr().err
        assert notes(diary) == ["", left]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--remove", "-n", "2"), "the session of 2026-11-04 20:15 has 1 note: `emodj diary` shows them"),
        (("--session", "2026-11-03", "--remove"), "has no note"),
        (("--session", "2026-11", "--remove"), "2 sessions started at '2026-11': name one of 2026-11-03 20:15:00, 2026-11-04"),
        (("--session", "2025", "--remove"), "no session of your diary started at '2025'"),
        (("--remove", "--replace"), "leave one of them out"),
        (("--remove", "text"), "--remove needs no text"),
        (("--replace",), "the note is empty"),
        (("-n", "1", "text"), "add --replace or --remove"),
        (("--replace", "x" * 3000), "write a shorter one"),
    ],
)
def test_a_note_that_cannot_be_changed_stays(arguments: tuple[str, ...], sentence: str, diary: Diary, capsys: Said) -> None:
    assert run("diary", "note", *arguments, *(["--yes"] if "--remove" in arguments else [])) == 2
    assert sentence in capsys.readouterr().err
    assert notes(diary) == ["", "rain"]


@pytest.mark.usefixtures("diary")
@pytest.mark.parametrize("suffix", ["svg", "html", "png"])
def test_plots_go_into_files_that_only_the_owner_can_read(suffix: str, tmp_path: Path, capsys: Said) -> None:
    path = tmp_path / f"year.{suffix}"
    assert run("diary", "plot", "-o", path, "--until", "2026-11-07") == 0
    assert capsys.readouterr().out == f"{path}\n"
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    if suffix == "html":
        check_harmless(path.read_text(encoding="utf-8"))
    assert run("diary", "plot", "-o", path) == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert run("diary", "plot", "-o", path, "--force") == 0


@pytest.mark.usefixtures("diary")
def test_a_plot_without_a_terminal_has_no_escape_sequences(capsys: Said) -> None:
    assert run("diary", "plot", "--until", "2026-11-07") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "Nov    . . hasa. " in out
    assert "unpleasant -1" in out


@pytest.mark.usefixtures("diary")
def test_all_lines_can_be_taken_elsewhere(tmp_path: Path, capsys: Said) -> None:
    assert run("diary", "export") == 0
    table = capsys.readouterr().out
    assert table.splitlines()[2].startswith("2026-11-04T20:15:00+01:00,600,camera,sad,faces,")
    assert run("diary", "export", "-o", tmp_path / "d.csv") == 0
    assert (tmp_path / "d.csv").read_bytes().decode() == table
    assert run("diary", "export", "-o", tmp_path / "d.json") == 0
    assert [each["note"] for each in json.loads((tmp_path / "d.json").read_text(encoding="utf-8"))["sessions"]] == ["", "rain"]
    assert run("diary", "export", "-o", tmp_path / "d.txt") == 2
    assert run("diary", "export", "-o", tmp_path / "none" / "d.csv") == 2
    assert run("diary", "export", "-o", tmp_path / "d.csv") == 2
    assert "--force replaces it" in capsys.readouterr().err


def test_wipe_asks_and_takes_all_away(diary: Diary, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    assert run("diary", "wipe") == 2
    assert "answer it in a terminal, or say --yes" in capsys.readouterr().err
    assert len(diary.entries()) == 2
    monkeypatch.setattr("realtime.cli.diary.is_terminal", _is_terminal)
    monkeypatch.setattr(sys, "stdin", _Answers("n\n"))
    assert run("diary", "wipe") == 1
    assert f"delete the diary {diary.path}, 2 sessions, for good?" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", _Answers("y\n"))
    assert run("diary", "wipe") == 0
    assert not diary.folder.exists()
    assert run("diary", "wipe", "--yes") == 0
    assert "there is no diary to delete" in capsys.readouterr().out


def _is_terminal(_stream: object) -> bool:
    return True


class _Answers:
    """Stands for the keyboard."""

    def __init__(self, text: str) -> None:
        self._text = text

    def readline(self) -> str:
        return self._text


@pytest.mark.usefixtures("homeless")
def test_without_a_home_there_is_one_sentence(capsys: Said) -> None:
    for command in (["on"], ["show"], ["wipe"], ["export"]):
        assert run("diary", *command) == 2
        assert capsys.readouterr().err == "emodj: this user has no home folder: set HOME to the path of one\n"
