"""The file of the thumbs: what it holds, who can read it, damage, and several writers."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Expression
from realtime.errors import EmodjError
from realtime.music.feedback import Feedback, FeedbackKey, Kind, Tally, Verdict
from realtime.music.feedback_file import MAX_BYTES, DamagedError, FeedbackFile, encode_feedback, parse_feedback
from tests.support.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

KEY = FeedbackKey(Expression.HAPPY, Kind.SONG, "0123456789abcdef")
LIKE = [(KEY, Verdict.LIKE)]

keys = st.builds(
    FeedbackKey,
    st.sampled_from([*EXPRESSIONS, None]),
    st.sampled_from(Kind),
    st.text("0123456789abcdef", min_size=16, max_size=16),
)
halves = st.integers(0, 2_000_000).map(lambda count: count / 2)


@pytest.fixture
def file(tmp_path: Path) -> FeedbackFile:
    return FeedbackFile(tmp_path / "state" / "emodj" / "feedback.json")


@given(st.dictionaries(keys, st.builds(Tally, halves, halves, st.integers(0, 2)), max_size=9))
def test_what_is_written_is_read_back(tallies: dict[FeedbackKey, Tally]) -> None:
    assert parse_feedback(encode_feedback(Feedback(tallies))).tallies == tallies


def test_there_is_no_file_until_there_is_something_to_keep(file: FeedbackFile) -> None:
    assert file.read() == (None, None)
    assert file.reset() == (0, None)
    kept, notice = file.add(LIKE, create=False)
    assert (kept.of(KEY), notice) == (Tally(1, 0), None)
    assert not file.path.parent.exists()


def test_the_file_has_counts_alone_and_only_its_owner_can_read_it(file: FeedbackFile) -> None:
    file.add(LIKE, create=True)
    document = json.loads(file.path.read_bytes())
    assert document == {
        "schema": 1,
        "counts": {"happy": {"song": {KEY.digest: {"likes": 1.0, "dislikes": 0.0, "downs": 0}}}},
    }
    if os.name == "posix":
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert {path.name for path in file.path.parent.iterdir()} <= {"feedback.json", "feedback.json.lock"}


def test_verdicts_are_added_to_those_of_other_processes(file: FeedbackFile) -> None:
    other = FeedbackFile(file.path)
    file.add(LIKE, create=True)
    other.add(LIKE, create=True)
    assert file.add(LIKE, create=False)[0].of(KEY) == Tally(3, 0)


def test_processes_that_write_at_the_same_time_lose_nothing(file: FeedbackFile) -> None:
    program = (
        "import sys; from pathlib import Path; from realtime.domain import Expression\n"
        "from realtime.music.feedback import FeedbackKey, Kind, Verdict\n"
        "from realtime.music.feedback_file import FeedbackFile\n"
        "key = FeedbackKey(Expression.HAPPY, Kind.SONG, '0123456789abcdef')\n"
        "for _ in range(25): FeedbackFile(Path(sys.argv[1])).add([(key, Verdict.LIKE)], create=True)\n"
    )
    command = [sys.executable, "-c", program, str(file.path)]
    running = [subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}) for _ in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    found, _ = file.read()
    assert found is not None
    assert found.of(KEY) == Tally(75, 0)


def test_a_reset_of_one_mood_keeps_the_others_and_the_last_deletes_the_file(file: FeedbackFile) -> None:
    sad = FeedbackKey(Expression.SAD, Kind.MOVIE, KEY.digest)
    lift = FeedbackKey(None, Kind.MUSIC, KEY.digest)
    file.add([*LIKE, (sad, Verdict.LIKE), (lift, Verdict.DISLIKE)], create=True)
    assert file.reset([Expression.HAPPY]) == (1, None)
    assert file.reset([None]) == (1, None)
    assert file.read()[0] == Feedback({sad: Tally(1, 0)})
    assert file.reset() == (1, None)
    assert not file.path.exists()


GOOD = {"likes": 1, "dislikes": 0, "downs": 0}


def content(**counts: object) -> bytes:
    return json.dumps({"schema": 1, "counts": {"happy": {"song": {KEY.digest: {**GOOD, **counts}}}}}).encode()


DAMAGED = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[]",
    b"null",
    b'{"schema": 0, "counts": {}}',
    b'{"schema": true, "counts": {}}',
    b'{"schema": "2", "counts": {}}',
    b'{"schema": 1}',
    b'{"schema": 1, "counts": []}',
    b'{"schema": 1, "counts": {"joy": {"song": {}}}}',
    b'{"schema": 1, "counts": {"happy": {"album": {}}}}',
    b'{"schema": 1, "counts": {"happy": {"song": {"../../etc": {}}}}}',
    b"[" * 100_000,
    content(likes=-1),
    content(likes="1"),
    content(likes=True),
    content(likes=0.3),
    content(likes=10**400),
    content(dislikes=None),
    content(downs=3),
    content(downs=1.0),
    content().replace(b'"likes": 1', b'"likes": NaN'),
    content().replace(b'"likes": 1', b'"likes": ' + b"9" * 5000),
]


@pytest.mark.parametrize("data", DAMAGED, ids=lambda data: repr(data[:60]))
def test_a_damaged_file_is_set_aside_and_said(file: FeedbackFile, data: bytes) -> None:
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(data)
    with pytest.raises(DamagedError):
        parse_feedback(data)
    found, notice = file.read()
    assert found is None
    assert str(file.path) in str(notice)
    assert "kept as feedback-damaged-1.json" in str(notice)
    assert file.path.with_name("feedback-damaged-1.json").read_bytes() == data
    assert file.read() == (None, None)


def test_a_file_of_a_newer_emodj_stays_as_it_is(file: FeedbackFile) -> None:
    file.path.parent.mkdir(parents=True)
    newer = b'{"schema": 2, "votes": []}'
    file.path.write_bytes(newer)
    for act in (file.read, file.reset, lambda: file.add(LIKE, create=True), lambda: file.add(LIKE, create=False)):
        with pytest.raises(EmodjError, match="were written by a newer emodj, and stay as they are: update emodj"):
            act()
    assert file.path.read_bytes() == newer
    assert not [*file.path.parent.glob("*damaged*")]


def test_a_reset_of_all_forgets_damaged_files_too(file: FeedbackFile) -> None:
    file.path.parent.mkdir(parents=True)
    file.path.write_bytes(b"{")
    assert file.read()[0] is None
    file.add(LIKE, create=True)
    copy, diary = file.path.with_name("feedback-damaged-1.json"), file.path.with_name("diary-damaged-1.sqlite")
    diary.write_bytes(b"")
    assert file.reset([Expression.SAD]) == (0, None)
    assert copy.exists()
    assert file.reset() == (1, f"damaged thumbs are deleted: {copy.name}")
    assert (file.path.exists(), copy.exists(), diary.exists()) == (False, False, True)
    for path in (copy, file.path):
        path.write_bytes(b"{")
        assert file.reset() == (0, f"damaged thumbs are deleted: {path.name}")
    assert file.reset() == (0, None)
    assert {path.name for path in file.path.parent.iterdir()} <= {"feedback.json.lock", diary.name}


@pytest.mark.posix
def test_a_place_that_the_system_refuses_is_said(tmp_path: Path) -> None:
    # As a folder that may not be entered, but also for root
    file = FeedbackFile(tmp_path / ("x" * 300) / "feedback.json")
    for act in (file.read, file.reset, lambda: file.add(LIKE, create=True), lambda: file.add(LIKE, create=False)):
        with pytest.raises(EmodjError, match="File name too long"):
            act()


def test_each_damaged_file_is_kept(file: FeedbackFile) -> None:
    file.path.parent.mkdir(parents=True)
    for number in (1, 2):
        file.path.write_bytes(b"%d" % number)
        assert file.add(LIKE, create=True)[1]
        assert file.path.with_name(f"feedback-damaged-{number}.json").read_bytes() == b"%d" % number


def test_a_file_that_is_too_large_is_set_aside_unread(file: FeedbackFile) -> None:
    file.path.parent.mkdir(parents=True)
    with file.path.open("wb") as sparse:
        sparse.truncate(MAX_BYTES + 1)
    assert "larger than" in str(file.read()[1])


def test_a_place_that_is_no_file_is_said(file: FeedbackFile) -> None:
    file.path.mkdir(parents=True)
    with pytest.raises(EmodjError, match="cannot read your thumbs"):
        file.read()
    with pytest.raises(EmodjError, match="cannot read your thumbs"):
        file.add(LIKE, create=True)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmodjError, match="cannot write"):
        FeedbackFile(tmp_path / "file" / "emodj" / "feedback.json").add(LIKE, create=True)
