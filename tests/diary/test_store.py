from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.diary.entry import MOST_NOTE, DiaryEntry
from realtime.diary.store import FILE_NAME, FORM, Diary, NewerDiaryError
from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError, UsageError
from tests.support.diaries import EVENING, diary_entry
from tests.support.places import ROOT
from tests.support.rights import unprivileged

if TYPE_CHECKING:
    from pathlib import Path

ENTRIES = st.builds(
    diary_entry,
    st.sampled_from([None, *EXPRESSIONS]),
    st.datetimes(timezones=st.just(EVENING.tzinfo)),
    seconds=st.floats(0, 1e6),
    source=st.sampled_from(["camera", "file", "stream"]),
    mood_source=st.sampled_from(["faces", "hand"]),
    shares=st.one_of(st.none(), st.sampled_from([diary_entry(each).shares for each in EXPRESSIONS])),
    music=st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]))),
    movies=st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=3).map(tuple),
    note=st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
)


class Kept:
    """A diary in a folder, and the sentences that it said."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self.diary = Diary(self.said.append, folder)
        self.path = folder / FILE_NAME


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "data" / "diary")


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        for statement in statements:
            file.execute(statement)


def test_nothing_is_made_before_the_first_line(kept: Kept, tmp_path: Path) -> None:
    assert kept.diary.entries() == []
    kept.diary.check()
    assert kept.diary.add_note("rain") is None
    kept.diary.wipe()
    assert list(tmp_path.iterdir()) == []


def test_the_file_belongs_to_the_data_of_the_person(home: Path) -> None:
    diary = Diary(print)
    assert home in diary.path.parents
    assert diary.path.name == "diary.sqlite"


@settings(max_examples=25)
@given(st.lists(ENTRIES, max_size=4))
def test_lines_come_back_as_they_were_in_the_order_of_time(
    tmp_path_factory: pytest.TempPathFactory, lines: list[DiaryEntry]
) -> None:
    kept = Kept(tmp_path_factory.mktemp("lines") / "diary")
    for line in lines:
        kept.diary.add(line)
    assert kept.diary.entries() == sorted(lines, key=lambda entry: entry.started)
    assert kept.said == []


@pytest.mark.posix
def test_only_the_owner_can_read_it_whatever_the_umask_is(kept: Kept) -> None:
    old = os.umask(0)
    try:
        kept.diary.add(diary_entry())
        with closing(sqlite3.connect(kept.path, isolation_level=None)) as file:
            file.execute("BEGIN IMMEDIATE")
            file.execute("UPDATE session SET note = 'x'")
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in kept.path.parent.iterdir()}
            file.execute("ROLLBACK")
    finally:
        os.umask(old)
    assert modes == {"diary.sqlite": 0o600, "diary.sqlite-journal": 0o600, "diary.lock": 0o600}
    assert stat.S_IMODE(kept.path.parent.stat().st_mode) == 0o700


@pytest.mark.posix
def test_rights_that_others_have_are_taken_back(kept: Kept) -> None:
    kept.diary.add(diary_entry())
    kept.path.chmod(0o644)
    kept.path.parent.chmod(0o755)
    assert len(kept.diary.entries()) == 1
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.path.parent.stat().st_mode) == 0o700


def test_a_note_goes_to_the_last_session_and_below_its_other_notes(kept: Kept) -> None:
    late = diary_entry(Expression.SAD, EVENING + timedelta(hours=2))
    kept.diary.add(late)
    kept.diary.add(diary_entry())
    assert kept.diary.add_note("rain") == late
    kept.diary.add_note("new songs")
    assert [entry.note for entry in kept.diary.entries()] == ["", "rain\nnew songs"]
    with pytest.raises(UsageError, match="write a shorter one"):
        kept.diary.add_note("x" * MOST_NOTE)
    assert kept.diary.entries()[1].note == "rain\nnew songs"


WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from realtime.diary.store import Diary
from tests.support.diaries import diary_entry

diary = Diary(print, Path(sys.argv[1]))
for number in range(20):
    diary.add(diary_entry(note=f"{sys.argv[2]} {number}"))
"""


def test_two_processes_write_at_once_and_no_line_is_lost(kept: Kept) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(kept.path.parent), name],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for name in ("one", "two")
    ]
    assert [writer.communicate()[0] for writer in writers] == [b"", b""]
    assert [writer.returncode for writer in writers] == [0, 0]
    notes = sorted(entry.note for entry in kept.diary.entries())
    assert notes == sorted(f"{name} {number}" for name in ("one", "two") for number in range(20))


KILLED = """
import os, sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("PRAGMA cache_size = 1")
file.execute("BEGIN IMMEDIATE")
for number in range(2000):
    file.execute("INSERT INTO session SELECT NULL, started, seconds, source, mood, mood_source, angry, disgust, fear, happy, "
                 "neutral, sad, surprise, music, movies, note FROM session WHERE id = 1")
os._exit(9)
"""


def test_a_crash_in_the_middle_leaves_no_half_line(kept: Kept) -> None:
    kept.diary.add(diary_entry())
    assert subprocess.run([sys.executable, "-c", KILLED, str(kept.path)], check=False).returncode == 9
    assert kept.path.with_name(f"{FILE_NAME}-journal").exists()
    assert kept.diary.entries() == [diary_entry()]
    kept.diary.add(diary_entry(None))
    assert len(kept.diary.entries()) == 2
    assert kept.said == []


def test_a_crash_right_after_the_file_was_made_leaves_an_empty_diary(kept: Kept) -> None:
    kept.path.parent.mkdir(parents=True)
    kept.path.touch()
    assert kept.diary.entries() == []
    kept.diary.add(diary_entry())
    assert len(kept.diary.entries()) == 1
    assert kept.said == []


def damage_head(path: Path) -> None:
    path.write_bytes(b"no diary at all\n" * 900)


def damage_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3000:] = b"\xff" * 3000
    path.write_bytes(data)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def drop_table(path: Path) -> None:
    change(path, "DROP TABLE session")


def drop_column(path: Path) -> None:
    change(path, "ALTER TABLE session DROP COLUMN note")


def make_foreign(path: Path) -> None:
    change(path, "PRAGMA application_id = 7")


@pytest.mark.parametrize("damage", [damage_head, damage_middle, cut_off, drop_table, drop_column, make_foreign])
def test_a_damaged_file_is_set_aside_and_said_and_a_new_one_begins(kept: Kept, damage: object) -> None:
    assert callable(damage)
    for _ in range(30):
        kept.diary.add(diary_entry())
    damage(kept.path)
    data = kept.path.read_bytes()
    kept.diary.add(diary_entry(Expression.SAD))
    aside = kept.path.with_name("diary-damaged-1.sqlite")
    assert kept.said == [f"your diary {kept.path} is damaged: it is kept as {aside.name} beside it, and a new one begins"]
    assert aside.read_bytes() == data
    assert kept.diary.entries() == [diary_entry(Expression.SAD)]
    # The next one gets another name
    damage_head(kept.path)
    assert kept.diary.entries() == []
    assert sorted(path.name for path in kept.diary.files()) == ["diary-damaged-1.sqlite", "diary-damaged-2.sqlite"]


def test_a_file_of_a_newer_emodj_stays_as_it_is(kept: Kept) -> None:
    kept.diary.add(diary_entry())
    change(kept.path, f"PRAGMA user_version = {FORM + 1}")
    data = kept.path.read_bytes()
    for call in (kept.diary.check, kept.diary.entries, lambda: kept.diary.add(diary_entry()), lambda: kept.diary.add_note("x")):
        with pytest.raises(NewerDiaryError, match=r"was written by a newer emodj \(form 2, this one knows 1\): update emodj"):
            call()
    assert kept.path.read_bytes() == data
    kept.diary.wipe()
    assert not kept.path.exists()


@pytest.mark.parametrize(
    "column",
    ["started = 'x'", "mood = 'merry'", "movies = '7'", "movies = '['", "happy = 3", "source = x'ff'"]
    # Bytes that are no UTF-8, in a cell of text
    + [f"{name} = CAST(x'61ff62' AS TEXT)" for name in ("started", "source", "mood", "mood_source", "music", "movies", "note")],
)
def test_a_row_that_cannot_be_read_is_said_and_stays_in_the_file(kept: Kept, column: str) -> None:
    kept.diary.add(diary_entry())
    kept.diary.add(diary_entry(Expression.SAD))
    change(kept.path, f"UPDATE session SET {column} WHERE id = 1")  # noqa: S608
    assert kept.diary.entries() == [diary_entry(Expression.SAD)]
    assert kept.said == [f"1 line of your diary {kept.path} cannot be read, and left out here: the file keeps what it has"]
    with closing(sqlite3.connect(kept.path)) as file:
        assert file.execute("SELECT count(*) FROM session").fetchone() == (2,)


def test_notes_that_have_changed_meanwhile_stay(kept: Kept) -> None:
    kept.diary.add(diary_entry())
    ((number, _),) = kept.diary.sessions()
    kept.diary.add_note("rain")
    with pytest.raises(EmodjError, match="have changed meanwhile"):
        kept.diary.replace_note(number, "", "sun")
    assert [entry.note.split("\n")[-1] for entry in kept.diary.entries()] == ["rain"]


def test_wipe_leaves_nothing(kept: Kept) -> None:
    kept.diary.add(diary_entry(note="a secret of mine"))
    kept.diary.add(diary_entry())
    damage_head(kept.path)
    assert kept.diary.entries() == []
    kept.diary.add(diary_entry(note="another one"))
    kept.path.with_name(f"{FILE_NAME}-journal").write_bytes(b"old pages")
    kept.diary.wipe()
    assert not kept.path.parent.exists()


def test_wipe_deletes_files_of_the_diary_alone(kept: Kept) -> None:
    kept.diary.add(diary_entry())
    mine = kept.path.with_name("diary of my cat.txt")
    mine.write_text("mine")
    kept.diary.wipe()
    assert [path.name for path in kept.path.parent.iterdir()] == ["diary of my cat.txt"]


@pytest.mark.posix
def test_a_link_is_not_followed(kept: Kept, tmp_path: Path) -> None:
    kept.path.parent.mkdir(parents=True)
    (tmp_path / "other").write_text("of somebody")
    kept.path.symlink_to(tmp_path / "other")
    with pytest.raises(UsageError, match="is a link, which emodj does not follow"):
        kept.diary.add(diary_entry())
    assert (tmp_path / "other").read_text() == "of somebody"


def test_a_folder_in_the_place_of_the_file_is_said(kept: Kept) -> None:
    kept.path.mkdir(parents=True)
    with pytest.raises(UsageError, match="is no file"):
        kept.diary.add(diary_entry())


@unprivileged
def test_a_folder_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(EmodjError, match="make room, or make its folder yours"):
        Diary(print, closed / "diary").add(diary_entry())


FULL = """
import resource, sys
from pathlib import Path
from realtime.diary.store import Diary
from realtime.errors import EmodjError
from tests.support.diaries import diary_entry

diary = Diary(print, Path(sys.argv[1]))
diary.add(diary_entry())
size = diary.path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    for number in range(500):
        diary.add(diary_entry(note="x" * 1500))
except EmodjError as error:
    print(error, len(diary.entries()) == number + 1, diary.path.stat().st_size <= size)
"""


@pytest.mark.posix
def test_a_full_disk_loses_nothing_that_was_written(kept: Kept) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(kept.path.parent)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.startswith(f"cannot use your diary {kept.path}, ")
    assert done.stdout.endswith(" True True\n")


def test_times_keep_the_offset_that_they_had(kept: Kept) -> None:
    summer = replace(diary_entry(), started=datetime.fromisoformat("2026-07-01T23:30:00+05:30"))
    kept.diary.add(summer)
    (found,) = kept.diary.entries()
    assert found.started.isoformat() == "2026-07-01T23:30:00+05:30"
