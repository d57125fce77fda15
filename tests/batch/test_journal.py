"""What a batch has read stays on disk, whole, and is found again."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from realtime.batch.journal import LOCK, MANIFEST, ROWS, BatchJournal, Piece, Stamp, stamp_of
from realtime.batch.rows import decode_rows, encode_rows, error_row, face_rows
from realtime.errors import EmodjError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

TERMS = {"network": "abc", "settings": "a", "--every": None}


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    files = [tmp_path / name for name in ("a.jpg", "b.mkv", "c.jpg")]
    for file in files:
        file.write_bytes(file.name.encode())
    return [str(file) for file in files]


def piece(names: list[str], number: int, *, part: int = 0, last: bool = True, failed: bool = False, rows: int = 1) -> Piece:
    made = face_rows(names[number], [], part, 1.0) * rows
    if failed:
        made = [error_row(names[number], "it is damaged")]
    return Piece(
        number, part, encode_rows(made), 1, stamp_of(names[number]), last=last, failed=failed, steps=part + rows, answers="[[]]"
    )


def open_journal(tmp_path: Path, names: list[str], terms: dict[str, Any] = TERMS, *, fresh: bool = False) -> BatchJournal:
    return BatchJournal(tmp_path / "t.csv.parts", names, terms, fresh=fresh, reserve=0)


def table(journal: BatchJournal) -> list[tuple[int, int]]:
    return [(number, len(rows)) for number, rows in journal.rows()]


def test_rows_come_in_the_order_of_the_batch(tmp_path: Path, names: list[str]) -> None:
    with open_journal(tmp_path, names) as journal:
        journal.append(piece(names, 2))
        journal.append(piece(names, 1, last=False, rows=3))
        journal.append(piece(names, 0))
        journal.append(piece(names, 1, part=1, rows=2))
        assert table(journal) == [(0, 1), (1, 3), (1, 2), (2, 1)]
        assert journal.done == 3
        assert [row for _, rows in journal.rows() for row in rows if row["source"] == names[0]] == face_rows(
            names[0], [], 0, 1.0
        )


def test_what_is_done_is_found_again(tmp_path: Path, names: list[str]) -> None:
    with open_journal(tmp_path, names) as journal:
        for each in (piece(names, 2), piece(names, 1, last=False), piece(names, 1, part=1)):
            journal.append(each)
    with open_journal(tmp_path, names) as journal:
        assert [journal.is_done(number) for number in range(3)] == [False, True, True]
        assert table(journal) == [(1, 1), (1, 1), (2, 1)]
        journal.append(piece(names, 0))
        assert table(journal) == [(0, 1), (1, 1), (1, 1), (2, 1)]


def test_another_order_and_fewer_files_find_their_rows(tmp_path: Path, names: list[str]) -> None:
    with open_journal(tmp_path, names) as journal:
        journal.append(piece(names, 0))
        journal.append(piece(names, 2))
    with open_journal(tmp_path, [names[2], names[1]]) as journal:
        assert [journal.is_done(number) for number in range(2)] == [True, False]
        assert table(journal) == [(0, 1)]


def test_a_film_that_was_not_read_to_its_end_is_known(tmp_path: Path, names: list[str]) -> None:
    with open_journal(tmp_path, names) as journal:
        journal.append(piece(names, 1, last=False, rows=5))
        journal.append(piece(names, 0))
        journal.append(piece(names, 1, part=1, last=False, rows=6))
    with open_journal(tmp_path, names) as journal:
        assert not journal.is_done(1)
        assert table(journal) == [(0, 1)]
        begun = journal.begun(1)
        assert begun is not None
        assert (begun.steps, begun.parts) == (7, 2)
        assert list(begun.answers()) == [[], []]
        assert [journal.begun(number) for number in (0, 2)] == [None, None]
        journal.append(piece(names, 1, part=2))
        assert table(journal) == [(0, 1), (1, 5), (1, 6), (1, 1)]
        assert journal.begun(1) is None
    with open_journal(tmp_path, names) as journal:
        assert table(journal) == [(0, 1), (1, 5), (1, 6), (1, 1)]


def test_a_film_without_recorded_answers_begins_anew(tmp_path: Path, names: list[str]) -> None:
    with open_journal(tmp_path, names) as journal:
        journal.append(piece(names, 1, last=False)._replace(steps=0, answers="[]"))
    with open_journal(tmp_path, names) as journal:
        assert journal.begun(1) is None


def test_a_film_that_begins_anew_is_not_in_the_table_twice(tmp_path: Path, names: list[str]) -> None:
    with open_journal(tmp_path, names) as journal:
        journal.append(piece(names, 1, last=False, rows=5))
        journal.append(piece(names, 1, last=False))
        journal.append(piece(names, 1, part=1))
        assert table(journal) == [(1, 1), (1, 1)]
    (tmp_path / "b.mkv").write_bytes(b"changed")
    with open_journal(tmp_path, names) as journal:
        journal.append(piece(names, 1, last=False, rows=5))
    (tmp_path / "b.mkv").write_bytes(b"changed again")
    with open_journal(tmp_path, names) as journal:
        assert journal.begun(1) is None


def test_a_file_that_changed_or_vanished_is_not_done(tmp_path: Path, names: list[str]) -> None:
    with open_journal(tmp_path, names) as journal:
        for number in range(3):
            journal.append(piece(names, number))
        (tmp_path / "a.jpg").write_bytes(b"another size")
        found = (tmp_path / "b.mkv").stat()
        os.utime(tmp_path / "b.mkv", ns=(found.st_atime_ns, found.st_mtime_ns + 10**9))
        (tmp_path / "c.jpg").unlink()
        assert [journal.is_done(number) for number in range(3)] == [False, False, False]


def test_what_failed_is_kept_and_tried_again(tmp_path: Path, names: list[str]) -> None:
    with open_journal(tmp_path, names) as journal:
        journal.append(piece(names, 0, failed=True))
        assert table(journal) == [(0, 1)]
        assert not journal.is_done(0)


def test_a_torn_end_is_cut_off(tmp_path: Path, names: list[str]) -> None:
    with open_journal(tmp_path, names) as journal:
        journal.append(piece(names, 0))
    whole = (tmp_path / "t.csv.parts" / ROWS).read_bytes()
    more = whole + encode_rows(face_rows(names[1], []))
    for torn in (whole[: len(whole) // 2], whole[:-1], more, more + b"\0" * 100, whole + whole[:-9]):
        (tmp_path / "t.csv.parts" / ROWS).write_bytes(torn)
        with open_journal(tmp_path, names) as journal:
            kept = journal.is_done(0)
            journal.append(piece(names, 2))
            assert table(journal) == [(0, 1)] * kept + [(2, 1)]
            assert kept == (len(torn) >= len(whole))


@pytest.mark.parametrize(
    ("whole", "damaged"),
    [
        (b'"status":"no face"', b'"status:"no face"'),
        (b'"piece":[', b'"piecf":['),
        (b'"piece":[0,1,0,', b'"piece":[0,1,0,"x",'),
        (b'"piece":[0,1,0,', b'"piece":[0,1,0,99999999999999999999999,'),
        (b'"piece":[0,1,0,', b'"piece":[0,1,'),
        (b'"unsure":null,', b""),
        (b'"face":null', b'"face":"x"'),
        (b'"confidence":null', b'"confidence":NaN'),
        (b'"confidence":null', b'"confidence":1e999'),
        (b'"reason":null', b'"reason":"\\ud800"'),
        (b'"status":"no face"', b'"status":"odd"'),
        (b'"status":"no face"', b'"status":"ok"'),
        (b'"source":', b'"sourc_":'),
        (b'"source":', b'"source":[],"sourc_":'),
        (b'"frame":', b'"x":' + b"[" * 100_000 + b',"frame":'),
        (b"{", b"\0\0\0\n{"),
    ],
)
def test_a_damaged_line_loses_its_own_file_alone(whole: bytes, damaged: bytes, tmp_path: Path, names: list[str]) -> None:
    rows = tmp_path / "t.csv.parts" / ROWS
    with open_journal(tmp_path, names) as journal:
        for number in (1, 0, 2):
            journal.append(piece(names, number))
    first, rest = rows.read_bytes().split(b"\n", 1)
    assert whole in first
    rows.write_bytes(first.replace(whole, damaged, 1) + b"\n" + rest)
    with open_journal(tmp_path, names) as journal:
        # Where the end of a piece is lost, so is the beginning of the next one
        assert table(journal) == ([(2, 1)] if b"piecf" in damaged else [(0, 1), (2, 1)])
        assert journal.damaged == 1
        journal.append(piece(names, 1))
        assert (1, 1) in table(journal)
    with open_journal(tmp_path, names) as journal:
        assert (journal.is_done(1), journal.is_done(2)) == (True, True)


@pytest.mark.parametrize(("line", "left"), [(0, 0), (1, 0), (2, 1), (3, 1), (5, 2)])
def test_a_damaged_piece_of_a_film_ends_what_is_known_of_it(line: int, left: int, tmp_path: Path, names: list[str]) -> None:
    rows = tmp_path / "t.csv.parts" / ROWS
    with open_journal(tmp_path, names) as journal:
        for part in range(3):
            journal.append(piece(names, 1, part=part, last=part == 2, rows=2))
        journal.append(piece(names, 2))
    lines = rows.read_bytes().split(b"\n")
    lines[line] = lines[line].replace(b":", b";", 1)
    rows.write_bytes(b"\n".join(lines))
    with open_journal(tmp_path, names) as journal:
        begun = journal.begun(1)
        assert (0 if begun is None else begun.parts) == left
        assert (journal.is_done(1), journal.is_done(2), journal.damaged) == (False, True, 1)
        for part in range(left, 3):
            journal.append(piece(names, 1, part=part, last=part == 2, rows=2))
        assert table(journal) == [(1, 2), (1, 2), (1, 2), (2, 1)]
    with open_journal(tmp_path, names) as journal:
        assert table(journal) == [(1, 2), (1, 2), (1, 2), (2, 1)]


def test_a_torn_end_is_not_called_damaged(tmp_path: Path, names: list[str]) -> None:
    with open_journal(tmp_path, names) as journal:
        journal.append(piece(names, 1, last=False, rows=3))
    rows = tmp_path / "t.csv.parts" / ROWS
    whole = rows.read_bytes()
    for torn in (whole[:-1], whole[:-40], whole[: len(whole) // 2], whole + b"\0" * 100):
        rows.write_bytes(torn)
        with open_journal(tmp_path, names) as journal:
            assert journal.damaged == 0


def test_other_programs_can_read_it_at_any_moment(tmp_path: Path, names: list[str]) -> None:
    with open_journal(tmp_path, names) as journal:
        journal.append(piece(names, 0))
        journal.append(piece(names, 2))
        rows = decode_rows((tmp_path / "t.csv.parts" / ROWS).read_bytes())
        assert [(row["source"], row["status"]) for row in rows] == [(names[0], "no face"), (names[2], "no face")]


@pytest.mark.parametrize("change", [{"network": "other"}, {"--every": 2.0}, {"settings": "b"}])
def test_rows_of_other_settings_are_not_mixed(change: dict[str, Any], tmp_path: Path, names: list[str]) -> None:
    with open_journal(tmp_path, names) as journal:
        journal.append(piece(names, 0))
    what = "other settings" if "settings" in change else f"another {next(iter(change))}"
    with pytest.raises(UsageError, match=f"was begun with {what}: --restart begins anew"):
        open_journal(tmp_path, names, TERMS | change)
    with open_journal(tmp_path, names, TERMS | change, fresh=True) as journal:
        assert table(journal) == []


def test_one_process_at_a_time_writes(tmp_path: Path, names: list[str]) -> None:
    with open_journal(tmp_path, names), pytest.raises(UsageError, match="is in use"):
        open_journal(tmp_path, names)
    open_journal(tmp_path, names).close()


def test_a_damaged_or_missing_manifest_is_said(tmp_path: Path, names: list[str]) -> None:
    with open_journal(tmp_path, names) as journal:
        journal.append(piece(names, 0))
    place = tmp_path / "t.csv.parts" / MANIFEST
    for damaged in (b"", b"[]", b"\xff", b"[" * 60_000, b" " * 10**6 + b"{}"):
        place.write_bytes(damaged)
        with pytest.raises(UsageError, match="is damaged: --restart"):
            open_journal(tmp_path, names)
    place.unlink()
    with pytest.raises(UsageError, match="lacks its manifest"):
        open_journal(tmp_path, names)


def test_what_else_has_the_name_of_a_part_of_it_is_said(tmp_path: Path, names: list[str]) -> None:
    folder = tmp_path / "t.csv.parts"
    (folder / ROWS).mkdir(parents=True)
    with pytest.raises(EmodjError, match=f"cannot remove .*{ROWS}"):
        open_journal(tmp_path, names, fresh=True)
    (folder / MANIFEST).write_text(json.dumps(TERMS), encoding="utf-8")
    with pytest.raises(EmodjError, match=f"cannot write .*{ROWS}"):
        open_journal(tmp_path, names)
    (folder / ROWS).rmdir()
    (folder / MANIFEST).unlink()
    (folder / MANIFEST).mkdir()
    with pytest.raises(UsageError, match="is damaged: --restart"):
        open_journal(tmp_path, names)
    with pytest.raises(EmodjError, match=f"cannot remove .*{MANIFEST}"):
        open_journal(tmp_path, names, fresh=True)
    (folder / MANIFEST).rmdir()
    open_journal(tmp_path, names).close()


@pytest.mark.posix
def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path, names: list[str]) -> None:
    folder = tmp_path / "t.csv.parts"
    folder.mkdir()
    (folder / MANIFEST).write_text(json.dumps(TERMS), encoding="utf-8")
    os.mkfifo(folder / ROWS)
    with pytest.raises(EmodjError, match=f"cannot write .*{ROWS}"):
        open_journal(tmp_path, names)
    (folder / MANIFEST).unlink()
    os.mkfifo(folder / MANIFEST)
    with pytest.raises(UsageError, match="is damaged: --restart"):
        open_journal(tmp_path, names)
    open_journal(tmp_path, names, fresh=True).close()


def test_an_error_at_its_start_leaves_nothing_open(tmp_path: Path, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with open_journal(tmp_path, names) as journal:
        journal.append(piece(names, 0))
    with monkeypatch.context() as patched:
        patched.setattr("json.loads", interrupt)
        with pytest.raises(KeyboardInterrupt):
            open_journal(tmp_path, names)
    with open_journal(tmp_path, names) as journal:
        assert journal.is_done(0)


def test_only_the_owner_may_read_it(tmp_path: Path, names: list[str]) -> None:
    with open_journal(tmp_path, names) as journal:
        journal.append(piece(names, 0))
    if os.name != "nt":
        assert [(tmp_path / "t.csv.parts" / name).stat().st_mode & 0o077 for name in (MANIFEST, ROWS)] == [0, 0]
    assert {file.name for file in (tmp_path / "t.csv.parts").iterdir()} <= {MANIFEST, ROWS, LOCK}


def test_a_disk_that_is_nearly_full_ends_it_before_it_is_full(tmp_path: Path, names: list[str]) -> None:
    free = shutil.disk_usage(tmp_path).free
    with BatchJournal(tmp_path / "p", names, TERMS, reserve=2 * free) as journal:
        with pytest.raises(EmodjError, match="is nearly full, make room; what was read is kept"):
            journal.append(piece(names, 0))
        assert journal.done == 0


def test_a_stamp_is_that_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"xyz")
    assert stamp_of(str(tmp_path / "a")).size == 3
    assert stamp_of(str(tmp_path / "none")) == Stamp() == stamp_of("a\0b")


def test_the_manifest_says_what_the_rows_were_read_with(tmp_path: Path, names: list[str]) -> None:
    open_journal(tmp_path, names).close()
    assert json.loads((tmp_path / "t.csv.parts" / MANIFEST).read_bytes()) == TERMS
