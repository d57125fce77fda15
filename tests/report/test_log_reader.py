from __future__ import annotations

import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import Expression
from realtime.report.log_reader import LONGEST_LINE, MOST_EVENTS, PART_TRACKS, LogReader
from realtime.report.observations import Moment, MusicChange, Observation, SessionEnd
from tests.support.logs import SAD, end_line, face, frame_line, probabilities, session_lines


def read(data: bytes) -> tuple[list[Observation], LogReader]:
    reader = LogReader(BytesIO(data))
    return list(reader.observations()), reader


def moments(data: bytes) -> list[Moment]:
    return [each for each in read(data)[0] if isinstance(each, Moment)]


def test_a_frame_has_its_faces_and_the_mood() -> None:
    (moment,) = moments(frame_line(0.5, face(SAD, 3, "too dark", 81), mood=SAD))
    (reading,) = moment.faces
    assert moment.time_s == 0.5
    assert moment.mood == (SAD, "faces")
    assert (reading.track, reading.reason, reading.confidence, reading.size) == (3, "too dark", 0.7, 9)
    assert reading.probabilities == pytest.approx(probabilities(SAD))


def test_a_frame_stands_for_the_time_since_the_frame_before_as_in_the_vote() -> None:
    found = moments(b"".join(map(frame_line, (0, 0.1, 0.3, 9, 9, 9.5))))
    assert [each.seconds for each in found] == pytest.approx([1 / 30, 0.1, 0.2, 1, 1 / 30, 0.5])


def test_the_last_line_is_the_result() -> None:
    (end,), _ = read(end_line(frames=7, seconds=2))
    assert isinstance(end, SessionEnd)
    assert (end.mood, end.frames, end.seconds, end.music) == ((Expression.HAPPY, "faces"), 7, 2, "Bright and happy")
    assert end.shares == pytest.approx(probabilities(Expression.HAPPY))


def test_moods_may_be_mixed_by_hand_or_absent() -> None:
    lines = [json.loads(frame_line(0, mood=None)) for _ in range(3)]
    lines[1] |= {"mixed": True, "mood_source": "faces"}
    lines[2] |= {"mood": {"expression": "sad", "share": 1}, "mood_source": "hand"}
    found = moments("\n".join(map(json.dumps, lines)).encode())
    assert [each.mood for each in found] == [None, (None, "faces"), (SAD, "hand")]


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe\n",
        b"{\n",
        b"[]\n",
        b"7\n",
        b'{"schema": 1, "t": NaN, "faces": []}\n',
        b'{"schema": 1, "t": -1, "faces": []}\n',
        b'{"schema": 1, "t": 1e300, "faces": []}\n',
        b'{"schema": 1, "t": true, "faces": []}\n',
        b'{"schema": 1, "t": "1", "faces": []}\n',
        b'{"schema": 1, "t": ' + b"9" * 5000 + b', "faces": []}\n',
        b'{"schema": 1, "t": 1, "faces": {}}\n',
        b'{"schema": 1, "t": 1, "faces": [7]}\n',
        b'{"schema": 1, "t": 1, "faces": [{}]}\n',
        b'{"schema": 1, "t": 1, "faces": [], "mood": 7}\n',
        b'{"schema": 1, "t": 1, "faces": [], "mood": {"expression": "merry"}}\n',
        b'{"schema": 1, "t": 1, "faces": [], "mood": {"expression": []}}\n',
        b"[" * 100_000 + b"\n",
        b'{"schema": 1, "frames": -1, "seconds": 1}\n',
        b'{"schema": 1, "frames": 1, "seconds": "x"}\n',
        b'{"schema": 1, "frames": 1, "seconds": 1, "shares": {"happy": 1}}\n',
        frame_line(1, face()).replace(b'"width": 100', b'"width": 0'),
        frame_line(1, face()).replace(b'"width": 100', b'"width": 1e400'),
        frame_line(1, face()).replace(b"0.7", b"7.0"),
        frame_line(1, face()).replace(b'"track": 1', b'"track": 1.5'),
        frame_line(1, face()).replace(b'"reason": null', b'"reason": []'),
    ],
    ids=str,
)
def test_a_damaged_line_is_left_out_and_counted(line: bytes) -> None:
    observations, reader = read(frame_line(0, face()) + line + frame_line(1, face()))
    assert (len(observations), reader.known, reader.broken, reader.unknown) == (2, 2, 1, 0)


@given(st.integers(0, 400))
def test_a_log_that_was_cut_off_loses_its_last_line_alone(cut: int) -> None:
    whole = b"".join(session_lines(3))
    length = max(0, len(whole) - cut)
    observations, reader = read(whole[:length])
    complete, lines = whole[:length].count(b"\n"), len(whole[:length].splitlines())
    assert len(observations) in {complete, lines}
    assert reader.broken == lines - len(observations)


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([*session_lines(4)]))))
def test_no_line_of_any_kind_stops_the_reading(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    observations, reader = read(data)
    assert reader.read_bytes == len(data)
    assert len(observations) == reader.known
    assert len(observations) >= sum(line.endswith(b"}\n") for line in lines)


def test_a_line_without_an_end_is_not_read_whole() -> None:
    observations, reader = read(frame_line(0) + b'{"schema": 1, "t": "' + b"x" * (3 * LONGEST_LINE) + b'"}\n' + frame_line(1))
    assert (len(observations), reader.broken) == (2, 1)


def test_documents_of_another_kind_are_counted_and_left_out() -> None:
    data = b'{"schema": 1, "news": 7}\n{"schema": 2, "t": 1, "faces": []}\n{"schema": 1, "t": 1, "thumb": "up"}\n\n'
    observations, reader = read(data)
    assert not observations
    assert (reader.unknown, reader.broken) == (3, 0)


EVENT = {"t": 2.5, "what": "next", "mood": "happy", "why": "happy held", "title": "Song\x1b[31m\u202e", "url": None}


def with_dj(line: bytes, *events: object) -> bytes:
    return json.dumps({**json.loads(line), "dj": events}).encode() + b"\n"


def test_events_of_the_dj_are_read_from_frames_and_not_once_more_from_the_result() -> None:
    data = with_dj(frame_line(3, face()), EVENT) + with_dj(end_line(), EVENT, EVENT)
    changes = [each for each in read(data)[0] if isinstance(each, MusicChange)]
    assert changes == [MusicChange(2.5, "Song�[31m", "happy held", "next", Expression.HAPPY)]
    alone = [each for each in read(with_dj(end_line(), EVENT))[0] if isinstance(each, MusicChange)]
    assert alone == changes


def test_of_more_events_than_a_session_keeps_the_latest_are_read() -> None:
    events = [{**EVENT, "t": time_s, "mood": "calm"} for time_s in range(MOST_EVENTS + 5)]
    found = [each for each in read(with_dj(end_line(), *events))[0] if isinstance(each, MusicChange)]
    assert [each.time_s for each in found] == [*range(5, MOST_EVENTS + 5)]
    assert {each.mood for each in found} == {None}


OPENED = [
    {"kind": "link", "url": "https://open.spotify.com/playlist/1"},
    {"kind": "link", "what": "step"},
    # A log without the field
    {"url": "https://www.youtube.com/playlist?list=1"},
]
PLAYED = [
    {"kind": "spotify", "url": "https://open.spotify.com/playlist/1"},
    {"kind": "songs", "url": "file:///home/me/a.mp3"},
    # A log without the field
    {"url": "https://open.spotify.com/playlist/1"},
    {"url": "file:///home/me/a.mp3"},
    {"what": "next", "url": "https://www.youtube.com/playlist?list=1"},
]


def test_a_link_that_was_opened_is_told_from_music_that_plays() -> None:
    events = [{**EVENT, "what": "changed", **fields} for fields in (*OPENED, *PLAYED)]
    found = [each.opened for each in read(with_dj(end_line(), *events))[0] if isinstance(each, MusicChange)]
    assert found == [True] * len(OPENED) + [False] * len(PLAYED)


@pytest.mark.parametrize("events", [[7], [{}], [{**EVENT, "t": "x"}], [{**EVENT, "title": 7}], [{**EVENT, "t": 1e99}]], ids=str)
def test_damaged_events_spoil_their_line_alone(events: list[object]) -> None:
    observations, reader = read(with_dj(frame_line(1, face()), *events) + frame_line(2, face()))
    assert (len(observations), reader.broken) == (1, 1)


def test_sessions_in_one_file_follow_each_other_and_count_their_persons_anew() -> None:
    one = frame_line(0, face()) + frame_line(2, face()) + end_line(seconds=2)
    observations, _ = read(one + one)
    found = [each for each in observations if isinstance(each, Moment)]
    assert [each.time_s for each in found] == [0, 2, 2, 4]
    assert [each.faces[0].track for each in found] == [1, 1, PART_TRACKS + 1, PART_TRACKS + 1]


def test_a_time_that_falls_counts_as_the_latest() -> None:
    assert [each.time_s for each in moments(b"".join(map(frame_line, (0, 5, 1, 6))))] == [0, 5, 5, 6]
