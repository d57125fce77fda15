"""Thumbs of a running program: counted at once, kept when the disk may be waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from realtime.domain import Expression
from realtime.music.feedback import Feedback, FeedbackKey, Kind, Tally, Verdict
from realtime.music.feedback_book import RETRY_S, FeedbackBook
from realtime.music.feedback_file import FeedbackFile

if TYPE_CHECKING:
    from pathlib import Path

KEY = FeedbackKey(Expression.HAPPY, Kind.SONG, "0123456789abcdef")
OTHER = FeedbackKey(Expression.HAPPY, Kind.SONG, "f" * 16)
MOVIE = FeedbackKey(Expression.HAPPY, Kind.MOVIE, "0123456789abcdef")


@pytest.fixture
def file(tmp_path: Path) -> FeedbackFile:
    return FeedbackFile(tmp_path / "emodj" / "feedback.json")


def test_a_thumb_counts_at_once_and_is_kept_by_save(file: FeedbackFile) -> None:
    book = FeedbackBook(file, None)
    book.add(KEY, Verdict.LIKE)
    assert book.feedback.of(KEY) == Tally(1, 0)
    assert not file.path.exists()
    assert book.save() is None
    assert file.read()[0] == Feedback({KEY: Tally(1, 0)})


def test_songs_that_are_heard_or_skipped_leave_no_trace_of_a_person_who_gives_no_thumb(file: FeedbackFile) -> None:
    book = FeedbackBook(file, None)
    for verdict in (Verdict.HEARD, Verdict.SKIPPED):
        book.add(KEY, verdict)
        assert book.save() is None
    assert book.feedback == Feedback()
    assert not file.path.parent.exists()


@pytest.mark.parametrize(("verdict", "counted"), [(Verdict.HEARD, Tally(0.5, 0)), (Verdict.SKIPPED, Tally(0, 0.5))])
def test_they_count_from_the_first_thumb_on_without_those_before_it(
    file: FeedbackFile, verdict: Verdict, counted: Tally
) -> None:
    book = FeedbackBook(file, None)
    book.add(KEY, verdict)
    book.add(OTHER, Verdict.LIKE)
    assert book.feedback == Feedback({OTHER: Tally(1, 0)})
    book.add(KEY, verdict)
    assert book.feedback == Feedback({OTHER: Tally(1, 0), KEY: counted})
    book.save()
    assert file.read()[0] == book.feedback


def test_they_count_for_a_person_who_has_given_a_thumb_before(file: FeedbackFile) -> None:
    file.add([(OTHER, Verdict.LIKE)], create=True)
    book = FeedbackBook(file, file.read()[0])
    book.add(KEY, Verdict.SKIPPED)
    book.save()
    assert file.read()[0] == Feedback({OTHER: Tally(1, 0), KEY: Tally(0, 0.5)})


def test_a_reset_by_another_process_stays_a_reset(file: FeedbackFile) -> None:
    file.add([(OTHER, Verdict.LIKE)], create=True)
    book = FeedbackBook(file, file.read()[0])
    file.reset()
    book.add(KEY, Verdict.HEARD)
    assert book.save() is None
    assert file.read() == (None, None)


def test_a_song_with_a_thumb_does_not_count_again_when_it_ends(file: FeedbackFile) -> None:
    book = FeedbackBook(file, None)
    book.add(KEY, Verdict.DISLIKE)
    book.add(KEY, Verdict.SKIPPED)
    assert book.feedback.of(KEY) == Tally(0, 1, 1)
    book.add(KEY, Verdict.HEARD)
    assert book.feedback.of(KEY) == Tally(0.5, 1, 1)


def test_what_another_process_counts_is_known_after_the_next_save(file: FeedbackFile) -> None:
    book = FeedbackBook(file, None)
    file.add([(OTHER, Verdict.LIKE)], create=True)
    book.add(KEY, Verdict.LIKE)
    book.save()
    assert book.feedback == Feedback({OTHER: Tally(1, 0), KEY: Tally(1, 0)})


def test_a_thumb_of_the_play_before_does_not_count_for_the_next_one(file: FeedbackFile) -> None:
    book = FeedbackBook(file, None)
    book.add(KEY, Verdict.LIKE)
    # That play ends after a minute by a skip, which is no verdict
    book.begin_play(OTHER)
    book.begin_play(KEY)
    book.add(KEY, Verdict.HEARD)
    assert book.feedback.of(KEY) == Tally(1.5, 0)


def test_a_thumb_on_another_choice_leaves_that_on_the_song_that_plays(file: FeedbackFile) -> None:
    book = FeedbackBook(file, None)
    book.begin_play(KEY)
    book.add(KEY, Verdict.LIKE)
    book.add(MOVIE, Verdict.LIKE)
    book.add(KEY, Verdict.HEARD)
    assert book.feedback.of(KEY) == Tally(1, 0)


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_what_the_disk_refuses_is_said_and_kept_with_the_next_thumb(file: FeedbackFile) -> None:
    file.path.parent.write_text("")
    book = FeedbackBook(file, None)
    for _ in range(2):
        book.add(KEY, Verdict.LIKE)
        assert "your thumbs are not kept: cannot write" in str(book.save())
    assert book.feedback.of(KEY) == Tally(2, 0)
    file.path.parent.unlink()
    book.add(KEY, Verdict.LIKE)
    assert book.save() is None
    assert file.read()[0] == Feedback({KEY: Tally(3, 0)})


def test_what_the_disk_refuses_is_tried_again_after_a_while_and_said_once(file: FeedbackFile) -> None:
    file.path.parent.write_text("")
    clock = Clock()
    book = FeedbackBook(file, None, clock)
    book.add(KEY, Verdict.LIKE)
    assert book.save() is not None
    clock.now_s = RETRY_S
    assert book.save() is None
    file.path.parent.unlink()
    assert book.save() is None
    assert not file.path.exists()
    clock.now_s = 2 * RETRY_S
    assert book.save() is None
    assert file.read()[0] == Feedback({KEY: Tally(1, 0)})


def test_what_the_disk_refused_is_kept_at_the_end(file: FeedbackFile) -> None:
    file.path.parent.write_text("")
    book = FeedbackBook(file, None)
    book.add(KEY, Verdict.LIKE)
    assert book.save() is not None
    assert "your thumbs are not kept: cannot write" in str(book.save(at_end=True))
    file.path.parent.unlink()
    assert book.save(at_end=True) is None
    assert file.read()[0] == Feedback({KEY: Tally(1, 0)})
