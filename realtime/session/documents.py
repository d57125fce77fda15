"""JSON documents of pictures, frames and sessions. A schema may gain fields; it never loses or changes one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realtime.domain import by_expression
from realtime.printable import escape_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Face, Mood
    from realtime.facts import Fact
    from realtime.music.feedback import Tally
    from realtime.music.planner import Plan
    from realtime.session.dj import DjEvent
    from realtime.session.recommendations import RecommendedMovies
    from realtime.session.summary import Summary
    from realtime.session.timeline import MoodSpan

SCHEMA = 1
"""Version of the documents."""

_DIGITS = 4
"""Decimal places of a number."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AnalysedPicture:
    """Result of one picture.

    Attributes:
        path: path as the user gave it, "-" for the standard input.
        width: width of the upright picture in pixels; None if it could not be read.
        height: height of the upright picture in pixels; None if it could not be read.
        faces: faces from left to right.
        mood: mood of all faces together; None without a sure face.
        plan: music that fits the mood; None if there is none.
        error: why the result is missing, or why the annotated picture was not written; None without an error.
    """

    path: str
    width: int | None = None
    height: int | None = None
    faces: tuple[Face, ...] = ()
    mood: Mood | None = None
    plan: Plan | None = None
    error: str | None = None


def encode_line(document: Document, *, indent: int | None = None) -> bytes:
    """Encode a document in UTF-8 with a line end; without `indent` on one line."""
    # A file name may have bytes that are not UTF-8, which Python reads as surrogates, and codes that a terminal obeys
    return (escape_json(json.dumps(document, ensure_ascii=False, indent=indent)) + "\n").encode()


def pictures_document(pictures: Sequence[AnalysedPicture]) -> Document:
    """Document of `emodj image --json`."""
    return {"schema": SCHEMA, "images": [_picture_document(picture) for picture in pictures]}


def frame_document(time_s: float, faces: Sequence[Face], mood: Mood | None, dj: Sequence[DjEvent] = ()) -> Document:
    """One line of `emodj live --jsonl`; `time_s` is in seconds since the first frame.

    It has the field `dj` only if the DJ did something since the frame before.
    """
    tracked = [{**_face_document(face), "track": face.track} for face in faces]
    document = {"schema": SCHEMA, "t": round(time_s, _DIGITS), "faces": tracked, "mood": _mood_document(mood)}
    return {**document, **_mood_fields(mood), **({"dj": [_dj_document(event) for event in dj]} if dj else {})}


def summary_document(summary: Summary) -> Document:
    """Document of `emodj live --json`, and last line of `--jsonl`; it has the field `dj` only if the DJ was on."""
    return {
        "schema": SCHEMA,
        "mood": _mood_document(summary.mood),
        "shares": None if summary.shares is None else _named_values(summary.shares),
        "frames": summary.frames,
        "seconds": round(summary.seconds, _DIGITS),
        "playlist": _playlist_document(summary.plan),
        **_mood_fields(summary.mood),
        "movies": movies_document(summary.movies),
        "mood_used": mood_used_document(summary.movies),
        "fact": fact_document(summary.fact),
        "seed": summary.seed,
        **({} if summary.dj is None else {"dj": [_dj_document(event) for event in summary.dj]}),
        **_calibrated_field(calibrated=summary.calibrated),
    }


def kept_summary_document(summary: Summary) -> Document:
    """Document of `emodj live --summary FILE.json`: the document of the session, and the mood over time."""
    return {**summary_document(summary), "timeline": [_span_document(span) for span in summary.timeline]}


def movies_document(movies: RecommendedMovies | None) -> list[Document]:
    """The fields of recommended movies; an empty list without a mood, or without a movie for it."""
    if movies is None:
        return []
    plan = movies.plan
    return [
        {
            "title": movie.title,
            "year": movie.year,
            "genres": list(movie.genres),
            "country": movie.country,
            "url": link,
            **learnt_fields(learnt),
        }
        for movie, link, learnt in zip(plan.movies, movies.links, plan.learnt or [None] * len(plan.movies), strict=True)
    ]


def learnt_fields(tally: Tally | None) -> Document:
    """The field of the thumbs of a choice; none for a choice without thumbs."""
    return {} if tally is None else {"learnt": {"likes": tally.likes, "dislikes": tally.dislikes}}


def mood_used_document(movies: RecommendedMovies | None) -> str | None:
    """The mood whose movies are recommended, another one if the list has none for the mood; None without a movie."""
    return None if movies is None else movies.plan.mood_used.value


def fact_document(fact: Fact | None) -> Document | None:
    """The fields of a fact."""
    if fact is None:
        return None
    return {"mood": fact.mood and fact.mood.value, "fact": fact.text, "source": fact.source}


def _dj_document(event: DjEvent) -> Document:
    return {
        "t": round(event.seconds, _DIGITS),
        "what": event.what,
        "mood": event.mood and event.mood.leader and event.mood.leader.value,
        "why": event.why,
        "title": event.plan and event.plan.best.title,
        "url": event.plan and event.plan.best.place,
        **({} if event.kind is None else {"kind": event.kind.value}),
    }


def _span_document(span: MoodSpan) -> Document:
    return {
        "start": round(span.start_s, _DIGITS),
        "end": round(span.end_s, _DIGITS),
        "shares": None if span.shares is None else _named_values(span.shares),
        "expression": span.leader and span.leader.value,
        "mood_source": span.source,
    }


def _picture_document(picture: AnalysedPicture) -> Document:
    return {
        "path": picture.path,
        "width": picture.width,
        "height": picture.height,
        "faces": [_face_document(face) for face in picture.faces],
        "mood": _mood_document(picture.mood),
        "playlist": _playlist_document(picture.plan),
        "error": picture.error,
        **_mood_fields(picture.mood),
    }


def _face_document(face: Face) -> Document:
    box = {"left": face.box.left, "top": face.box.top, "width": face.box.width, "height": face.box.height}
    return {
        "box": box,
        "expression": face.expression.value,
        "confidence": round(face.confidence, _DIGITS),
        "probabilities": _named_values(face.probabilities),
        "unsure": face.unsure,
        "reason": face.reason,
        **_calibrated_field(calibrated=face.calibrated),
    }


def _calibrated_field(*, calibrated: bool) -> Document:
    """Only where it is true, so that other documents stay as they were before faces at rest could be measured."""
    return {"calibrated": True} if calibrated else {}


def _mood_document(mood: Mood | None) -> Document | None:
    if mood is None or mood.leader is None:
        return None
    return {"expression": mood.leader.value, "share": round(mood.share, _DIGITS)}


def _mood_fields(mood: Mood | None) -> Document:
    """Source and shares of the mood, also of a mixed one: it has shares but no leader, unlike a session without a mood."""
    return {
        "mood_source": None if mood is None else mood.source,
        "mood_shares": None if mood is None else _named_values(mood.shares),
        "mixed": mood is not None and mood.leader is None,
    }


def _playlist_document(plan: Plan | None) -> Document | None:
    """The music that fits best, and the strategy; music on this computer has a `file:` link."""
    if plan is None:
        return None
    wanted = {"valence": round(plan.target.valence, _DIGITS), "arousal": round(plan.target.arousal, _DIGITS)}
    best = plan.best
    return {
        "title": best.title,
        "url": best.place,
        "strategy": plan.strategy.value,
        "why": plan.why,
        "wanted": wanted,
        **learnt_fields(plan.learnt),
    }


def _named_values(values: tuple[float, ...]) -> Document:
    return {name: round(value, _DIGITS) for name, value in by_expression(values).items()}
