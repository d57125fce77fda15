"""The documents that emodj prints as JSON. A schema may gain fields, it never loses or changes one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realtime.domain import by_expression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Face, Mood
    from realtime.music.planner import Plan
    from realtime.session.state import Summary

SCHEMA = 1
_DIGITS = 4

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AnalysedPicture:
    """What was found in one picture.

    Attributes:
        path: as it was given, "-" for the standard input.
        width: of the upright picture, pixels; None if it could not be read.
        height: likewise.
        faces: from left to right.
        mood: of all its faces together.
        plan: what music fits it.
        error: why there is no result, or why the annotated picture was not written.
    """

    path: str
    width: int | None = None
    height: int | None = None
    faces: tuple[Face, ...] = ()
    mood: Mood | None = None
    plan: Plan | None = None
    error: str | None = None


def encode_line(document: Document, *, indent: int | None = None) -> bytes:
    """A document in UTF-8 with its line end; on one line without `indent`."""
    text = json.dumps(document, ensure_ascii=False, indent=indent) + "\n"
    # A file name may hold bytes that are no text: JSON has an escape for what Python reads them as
    return text.encode(errors="backslashreplace")


def pictures_document(found: Sequence[AnalysedPicture]) -> Document:
    """The document of `emodj image --json`."""
    return {"schema": SCHEMA, "images": [_picture(picture) for picture in found]}


def frame_document(time_s: float, faces: Sequence[Face], mood: Mood | None) -> Document:
    """A line of `emodj live --jsonl`; `time_s` counts from the first frame."""
    lines = [{**_face(face), "track": face.track} for face in faces]
    return {"schema": SCHEMA, "t": round(time_s, _DIGITS), "faces": lines, "mood": _mood(mood), **_about(mood)}


def summary_document(session: Summary) -> Document:
    """The document of `emodj live --json`, and the last line of `--jsonl`."""
    return {
        "schema": SCHEMA,
        "mood": _mood(session.mood),
        "shares": None if session.shares is None else _seven(session.shares),
        "frames": session.frames,
        "seconds": round(session.seconds, _DIGITS),
        "playlist": _playlist(session.plan),
        **_about(session.mood),
    }


def _picture(picture: AnalysedPicture) -> Document:
    return {
        "path": picture.path,
        "width": picture.width,
        "height": picture.height,
        "faces": [_face(face) for face in picture.faces],
        "mood": _mood(picture.mood),
        "playlist": _playlist(picture.plan),
        "error": picture.error,
        **_about(picture.mood),
    }


def _face(face: Face) -> Document:
    box = {"left": face.box.left, "top": face.box.top, "width": face.box.width, "height": face.box.height}
    return {
        "box": box,
        "expression": face.expression.value,
        "confidence": round(face.confidence, _DIGITS),
        "probabilities": _seven(face.probabilities),
        "unsure": face.unsure,
        "reason": face.reason,
    }


def _mood(mood: Mood | None) -> Document | None:
    if mood is None or mood.leader is None:
        return None
    return {"expression": mood.leader.value, "share": round(mood.share, _DIGITS)}


def _about(mood: Mood | None) -> Document:
    """Who made the mood, also where none leads; mixed is a mood of faces that disagree, unlike none at all."""
    return {
        "mood_source": None if mood is None else mood.source,
        "mood_shares": None if mood is None else _seven(mood.shares),
        "mixed": mood is not None and mood.leader is None,
    }


def _playlist(plan: Plan | None) -> Document | None:
    """What fits best, and by which strategy; music on this computer has a `file:` link."""
    if plan is None:
        return None
    wanted = {"valence": round(plan.wanted.valence, _DIGITS), "arousal": round(plan.wanted.arousal, _DIGITS)}
    best = plan.best
    return {"title": best.title, "url": best.place, "strategy": plan.strategy.value, "why": plan.why, "wanted": wanted}


def _seven(values: tuple[float, ...]) -> Document:
    return {name: round(value, _DIGITS) for name, value in by_expression(values).items()}
