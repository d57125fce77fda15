from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from realtime.diary.page import DiaryPage
from realtime.diary.store import Diary
from tests.support.diaries import EVENING
from tests.support.summaries import full_summary

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.usefixtures("home")
def test_a_line_begins_with_the_first_frame_and_not_when_the_source_was_waited_for() -> None:
    said: list[str] = []
    page = DiaryPage(said.append)
    assert Diary(said.append).entries() == []
    page.add(full_summary(), "camera", EVENING)
    (entry,) = Diary(said.append).entries()
    assert entry.started == EVENING
    assert said == ["one line is in the diary: emodj diary"]


def test_a_session_without_a_frame_begins_at_its_end(home: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    DiaryPage(print).add(full_summary(), "camera", None)
    (entry,) = Diary(print).entries()
    assert home in Diary(print).path.parents
    assert before <= entry.started <= datetime.now(UTC)
