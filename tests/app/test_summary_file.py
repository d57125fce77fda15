from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from realtime.app.summary_file import SummaryFile
from realtime.errors import EmodjError, UsageError
from realtime.session.summary_html import summary_html
from realtime.session.summary_markdown import summary_markdown
from tests.support.rights import unprivileged
from tests.support.summaries import full_summary, hostile_summary

if TYPE_CHECKING:
    from pathlib import Path

DAY = datetime(2026, 11, 3, 20, 15, tzinfo=UTC)


def test_the_suffix_chooses_the_format(tmp_path: Path) -> None:
    summary = full_summary()
    for name in ("a.html", "b.HTML", "c.md", "d.json"):
        assert SummaryFile(tmp_path / name).write(summary, DAY) == tmp_path / name
    for name in ("a.html", "b.HTML"):
        assert (tmp_path / name).read_text(encoding="utf-8") == summary_html(summary, DAY)
    assert (tmp_path / "c.md").read_text(encoding="utf-8") == summary_markdown(summary, DAY)
    document = json.loads((tmp_path / "d.json").read_bytes())
    assert (document["schema"], len(document["timeline"])) == (1, 4)


@pytest.mark.parametrize("name", ["a.html", "a.md", "a.json"])
def test_a_file_with_any_titles_is_utf_8(tmp_path: Path, name: str) -> None:
    SummaryFile(tmp_path / name).write(hostile_summary(), DAY)
    assert (tmp_path / name).read_text(encoding="utf-8")


def test_nothing_is_there_before_it_is_written(tmp_path: Path) -> None:
    file = SummaryFile(tmp_path / "a.html")
    assert list(tmp_path.iterdir()) == []
    file.write(full_summary(), DAY)
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


@pytest.mark.skipif(os.name == "nt", reason="on Windows a file has the rights of its folder")
def test_only_its_owner_can_read_a_file(tmp_path: Path) -> None:
    SummaryFile(tmp_path / "a.html").write(full_summary(), DAY)
    assert (tmp_path / "a.html").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["a.txt", "a", "-", ".html", "a.html.gz"])
def test_another_suffix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"choose a name for the summary that ends in \.html, \.json or \.md"):
        SummaryFile(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="exists already: choose another name for the summary"):
        SummaryFile(path)
    assert path.read_text(encoding="utf-8") == "mine"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.html").mkdir()
    with pytest.raises(UsageError, match="is a folder: add the name of a file for the summary"):
        SummaryFile(tmp_path / "a.html")


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder: "):
        SummaryFile(tmp_path / "missing" / "a.html")


@unprivileged
def test_a_folder_that_must_not_be_written_is_said_before_the_session(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(EmodjError, match="choose another place for the summary"):
        SummaryFile(folder / "a.html")


def test_a_file_that_appears_meanwhile_stays_and_the_summary_gets_another_name(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    file = SummaryFile(path)
    path.write_text("mine", encoding="utf-8")
    assert file.write(full_summary(), DAY) == tmp_path / "a-2.html"
    assert file.write(full_summary(), DAY) == tmp_path / "a-3.html"
    assert path.read_text(encoding="utf-8") == "mine"


def test_a_folder_that_is_gone_by_then_is_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = SummaryFile(folder / "a.html")
    folder.rmdir()
    with pytest.raises(EmodjError, match=r"cannot write .*: choose another place for the summary"):
        file.write(full_summary(), DAY)
