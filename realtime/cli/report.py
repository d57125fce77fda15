"""What a command says to a person, in plain lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.cli.context import printable
from realtime.domain import EXPRESSIONS
from realtime.playlists import Strategy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.documents import Picture
    from realtime.domain import Face, Mood
    from realtime.playlists import Plan
    from realtime.session import Summary


LEAST_SHARE = 0.05
"""A smaller share of a mixed mood is left out: it is doubt about some face, not a face that looks like it."""


def picture(found: Picture) -> Iterator[str]:
    """The lines about one picture."""
    if found.width is None:
        return
    faces = "no face found" if not found.faces else "1 face" if len(found.faces) == 1 else f"{len(found.faces)} faces"
    yield f"{printable(found.path)}  {found.width}×{found.height}, {faces}"
    for number, face in enumerate(found.faces, 1):
        yield f"  {number:>3}  {_face(face)}"
    if found.faces:
        yield from mood(found.mood, found.plan)


def summary(session: Summary) -> Iterator[str]:
    """The lines at the end of a live session."""
    if session.shares is not None:
        ranked = sorted(zip(EXPRESSIONS, session.shares, strict=True), key=lambda pair: -pair[1])
        yield "faces   " + ", ".join(f"{expression.value} {share:.0%}" for expression, share in ranked)
    frames = "1 frame" if session.frames == 1 else f"{session.frames} frames"
    yield f"length  {session.seconds:.1f} s, {frames} analysed"
    yield from mood(session.mood, session.plan)


def mood(vote: Mood | None, plan: Plan | None) -> Iterator[str]:
    """The lines about a mood and what fits it."""
    if vote is None:
        yield "mood    none: no face was seen clearly enough"
        return
    ranked = sorted(zip(EXPRESSIONS, vote.shares, strict=True), key=lambda pair: -pair[1])
    if vote.leader is None:
        most = [f"{expression.value} {share:.0%}" for expression, share in ranked[:3] if share >= LEAST_SHARE]
        yield f"mood    mixed, the faces disagree: {', '.join(most)}"
    else:
        how = "chosen by hand" if vote.source == "hand" else f"{vote.share:.0%}"
        yield f"mood    {vote.leader.value}, {how}"
    if plan is not None:
        plain = plan.strategy is Strategy.MATCH and vote.leader is not None
        yield f"music   {plan.best.title}" + ("" if plain else f", {plan.why}")
        # Alone on its line, so that a terminal does not break it and a mouse can take it
        yield printable(plan.best.url or str(plan.best.path))


def _face(face: Face) -> str:
    (first, share), *others = face.ranked()
    rest = ", ".join(f"{expression.value} {value:.0%}" for expression, value in others[:2])
    name = f"not sure ({face.reason}), perhaps {first.value}" if face.unsure else first.value
    return f"{name} {share:.0%}  (then {rest})"
