"""Logs of sessions, as `emodj live --log` writes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realtime.domain import EXPRESSIONS, Box, Expression, Face, Mood
from realtime.session.documents import encode_line, frame_document

if TYPE_CHECKING:
    from collections.abc import Iterable

HAPPY, SAD = Expression.HAPPY, Expression.SAD


def probabilities(expression: Expression, share: float = 0.7) -> tuple[float, ...]:
    """Probabilities with one expression ahead."""
    return tuple(share if each is expression else (1 - share) / 6 for each in EXPRESSIONS)


def face(expression: Expression = HAPPY, track: int | None = 1, reason: str | None = None, side: int = 100) -> Face:
    """A face of a session."""
    return Face(Box(10, 10, side, side), probabilities(expression), track, reason)


def frame_line(time_s: float, *faces: Face, mood: Expression | None = HAPPY) -> bytes:
    """A line about a frame."""
    voted = None if mood is None else Mood(probabilities(mood), mood)
    return encode_line(frame_document(time_s, faces, voted))


def end_line(frames: int = 10, seconds: float = 1.0, **fields: Any) -> bytes:
    """The last line of a log."""
    shares = dict(zip((each.value for each in EXPRESSIONS), probabilities(HAPPY), strict=True))
    document = {
        "schema": 1,
        "mood": {"expression": "happy", "share": 0.7},
        "shares": shares,
        "frames": frames,
        "seconds": seconds,
        "playlist": {"title": "Bright and happy"},
        "mood_source": "faces",
        "mixed": False,
        **fields,
    }
    return json.dumps(document).encode() + b"\n"


def session_lines(frames: int = 300, rate: float = 30.0) -> Iterable[bytes]:
    """The lines of a session: first happy, then sad with a second person, some faces not sure."""
    for index in range(frames):
        if index < frames // 2:
            yield frame_line(index / rate, face(reason="too dark" if index % 10 == 0 else None))
        else:
            yield frame_line(index / rate, face(SAD), face(HAPPY, 2, side=50), mood=SAD)
    yield end_line(frames, (frames - 1) / rate)
