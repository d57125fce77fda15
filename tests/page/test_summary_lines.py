"""The lines of the page are those that `emodj live` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.app.build import build_page, shipped_settings
from realtime.cli.output import summary_report
from realtime.domain import Box, Face
from realtime.page.summary_lines import line_documents
from tests.support.summaries import replaced_summary

if TYPE_CHECKING:
    from realtime.session.state import Session

HAPPY = Face(Box(0, 0, 10, 10), (0, 0, 0, 1, 0, 0, 0), track=1)
SAD = Face(Box(50, 0, 10, 10), (0, 0, 0, 0, 0, 1, 0), track=2)


def new_session() -> Session:
    return build_page(shipped_settings(), lambda _: None, in_network=False).new_session()


def words(session: Session) -> list[str]:
    """The lines as a terminal has them, without links."""
    return [f"{line['name']:<8}{line['text']}" for line in line_documents(session.summary())]


def printed(session: Session) -> list[str]:
    """What the terminal prints, without links."""
    return [line for line in summary_report(session.summary()) if not line.startswith("https://")]


def test_a_session_with_a_mood() -> None:
    session = new_session()
    for second in range(3):
        session.add_frame([HAPPY], second)
    assert words(session) == printed(session)
    music = next(line for line in line_documents(session.summary()) if line["name"] == "music")
    assert music["url"].startswith("https://")


def test_movies_of_another_mood_are_not_shown_as_those_of_the_mood() -> None:
    lines = line_documents(replaced_summary())
    shown = [f"{line['name']:<8}{line['text']}" for line in lines]
    assert shown == [line for line in summary_report(replaced_summary()) if not line.startswith("https://")]
    assert "movies  for happy, the nearest mood with movies" in shown


def test_faces_that_disagree() -> None:
    session = new_session()
    for second in range(10):
        session.add_frame([HAPPY, SAD], second)
    assert words(session) == printed(session)
    assert any(line.startswith("mood    mixed") for line in words(session))


def test_a_mood_by_hand() -> None:
    session = new_session()
    session.handle_key("6", 0.0)
    assert words(session) == printed(session)
    assert "mood    sad, chosen by hand" in words(session)


def test_without_a_face_and_without_a_camera() -> None:
    session = new_session()
    assert words(session)[-1] == "mood    none: the camera was not on; a picture by itself is no session"
    session.add_frame([], 0.0)
    assert words(session)[-1] == "mood    none: no face was seen clearly enough"
