from pathlib import Path

import pytest

from realtime.cli import output
from realtime.domain import EXPRESSIONS, Box, Expression, Face, Mood
from realtime.music.planner import Strategy, plan_music
from realtime.session.documents import AnalysedPicture
from realtime.session.summary import Summary
from tests.support.lists import PLAN, PLAYLISTS
from tests.support.summaries import replaced_summary

PROBABILITIES = (0.02, 0.01, 0.03, 0.75, 0.14, 0.03, 0.02)
FACE = Face(Box(0, 0, 10, 10), PROBABILITIES)
UNSURE = Face(Box(20, 0, 10, 10), (0.3, 0.0, 0.1, 0.2, 0.0, 0.4, 0.0), reason="low confidence")
MOOD = Mood(PROBABILITIES, Expression.HAPPY)


def test_a_picture_with_faces() -> None:
    picture = AnalysedPicture("photos/a.jpg", 640, 480, (FACE, UNSURE), MOOD, PLAN)
    assert list(output.picture_report(picture)) == [
        "photos/a.jpg  640×480, 2 faces",
        "    1  happy 75%  (then neutral 14%, fear 3%)",
        "    2  not sure (low confidence), perhaps sad 40%  (then angry 30%, happy 20%)",
        "mood    happy, 75%",
        "music   Bright and happy",
        "https://example.org/happy",
    ]


def test_a_picture_with_one_unclear_face() -> None:
    assert list(output.picture_report(AnalysedPicture("-", 3, 2, (UNSURE,)))) == [
        "-  3×2, 1 face",
        "    1  not sure (low confidence), perhaps sad 40%  (then angry 30%, happy 20%)",
        "mood    none: no face was seen clearly enough",
    ]


def test_an_unreadable_face_has_its_reason() -> None:
    dark = Face(FACE.box, PROBABILITIES, reason="too dark")
    _, line, _ = output.picture_report(AnalysedPicture("-", 3, 2, (dark,)))
    assert line == "    1  not sure (too dark), perhaps happy 75%  (then neutral 14%, fear 3%)"


def test_a_picture_without_faces() -> None:
    assert list(output.picture_report(AnalysedPicture("a.jpg", 640, 480))) == ["a.jpg  640×480, no face found"]


def test_a_picture_that_could_not_be_read_is_left_to_its_error() -> None:
    assert list(output.picture_report(AnalysedPicture("a.jpg", error="a.jpg is cut off"))) == []


def test_a_picture_that_was_read_and_not_written_is_reported_all_the_same() -> None:
    lines = list(output.picture_report(AnalysedPicture("a.jpg", 640, 480, (FACE,), MOOD, PLAN, "no room on the disk")))
    assert lines[-1] == PLAN.best.place


def test_faces_are_numbered_in_line() -> None:
    lines = list(output.picture_report(AnalysedPicture("crowd.jpg", 640, 480, (FACE,) * 12, MOOD, PLAN)))
    assert lines[0].endswith("12 faces")
    assert [line.split()[0] for line in lines[1:13]] == [str(number) for number in range(1, 13)]
    assert len({line.index("happy") for line in lines[1:13]}) == 1


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("Größe 顔.jpg", "Größe 顔.jpg"),
        ("a\nmood    happy", "a�mood    happy"),
        ("\x1b[31mred\x07.jpg", "�[31mred�.jpg"),
        ("caf\udce9.jpg", "caf�.jpg"),
    ],
)
def test_a_file_name_can_neither_upset_a_terminal_nor_forge_a_line(path: str, shown: str) -> None:
    (line,) = output.picture_report(AnalysedPicture(path, 1, 1))
    assert line == f"{shown}  1×1, no face found"
    assert line.encode()


def test_a_session() -> None:
    assert list(output.summary_report(Summary(MOOD, PROBABILITIES, 1234, 61.25, PLAN))) == [
        "faces   happy 75%, neutral 14%, fear 3%, sad 3%, angry 2%, surprise 2%, disgust 1%",
        "length  61.2 s, 1234 frames analysed",
        "mood    happy, 75%",
        "music   Bright and happy",
        "https://example.org/happy",
    ]


def test_movies_of_another_mood_are_not_shown_as_those_of_the_mood() -> None:
    lines = [line for line in output.summary_report(replaced_summary()) if not line.startswith("fact")]
    start = lines.index("movies  for happy, the nearest mood with movies")
    assert all(line.startswith("        happy ") for line in lines[start + 1 : start + 4])


def test_a_session_without_faces() -> None:
    assert list(output.summary_report(Summary(None, None, 1, 0, None))) == [
        "length  0.0 s, 1 frame analysed",
        "mood    none: no face was seen clearly enough",
    ]


def test_a_mood_by_hand_has_no_share_and_is_printed_with_the_shares_of_faces() -> None:
    by_hand = Mood(tuple(float(expression is Expression.SAD) for expression in EXPRESSIONS), Expression.SAD, "hand")
    lines = list(output.summary_report(Summary(by_hand, PROBABILITIES, 2, 0.03, PLAN)))
    assert lines[0].startswith("faces   happy 75%")
    assert "mood    sad, chosen by hand" in lines


MIXED = Mood((0.02, 0.0, 0.01, 0.44, 0.1, 0.43, 0.0), None)


def test_a_mixed_mood_has_its_largest_shares_and_neutral_music() -> None:
    lines = [
        "mood    mixed, the faces disagree: happy 44%, sad 43%, neutral 10%",
        "music   neutral, for faces that disagree",
        "https://example.org/neutral",
    ]
    mixed = plan_music(PLAYLISTS, MIXED, Strategy.MATCH)
    assert list(output.summary_report(Summary(MIXED, PROBABILITIES, 2, 1, mixed)))[-3:] == lines
    assert list(output.picture_report(AnalysedPicture("a.jpg", 1, 1, (FACE, UNSURE), MIXED, mixed)))[-3:] == lines
    assert list(output.mood_report(MIXED, None)) == lines[:1]


def test_music_of_another_strategy_has_its_reason() -> None:
    lifted = plan_music(PLAYLISTS, MOOD, Strategy.LIFT)
    assert list(output.mood_report(MOOD, lifted))[1] == "music   happy, to lift happy"


def test_local_music_is_named_by_its_path() -> None:
    plan = plan_music(PLAYLISTS.with_library(Path("/my music"), {Expression.HAPPY}), MOOD, Strategy.MATCH)
    assert list(output.mood_report(MOOD, plan))[1:] == ["music   your own songs", str(Path("/my music"))]


def test_a_mixed_mood_leaves_out_small_shares() -> None:
    two = Mood((0.02, 0.0, 0.01, 0.47, 0.04, 0.46, 0.0), None)
    assert list(output.mood_report(two, None)) == ["mood    mixed, the faces disagree: happy 47%, sad 46%"]


def test_the_link_is_alone_on_its_line() -> None:
    for lines in (
        output.picture_report(AnalysedPicture("a.jpg", 1, 1, (FACE,), MOOD, PLAN)),
        output.summary_report(Summary(MOOD, PROBABILITIES, 2, 1, PLAN)),
    ):
        assert PLAN.best.place in list(lines)


def test_a_mood_without_a_list_has_no_link() -> None:
    lines = list(output.picture_report(AnalysedPicture("a.jpg", 1, 1, (FACE,), MOOD)))
    assert lines[-1] == "mood    happy, 75%"


def test_no_line_says_what_a_person_feels() -> None:
    pages = [
        *output.picture_report(AnalysedPicture("a.jpg", 1, 1, (FACE, UNSURE), MOOD, PLAN)),
        *output.summary_report(Summary(MOOD, PROBABILITIES, 2, 1, PLAN)),
        *output.mood_report(MIXED, PLAN),
    ]
    assert not any(word in line.lower() for line in pages for word in ("feel", "emotion", " is happy"))
