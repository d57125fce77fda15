"""The DJ of a tab: the browser reports what it plays, and gets what its player shall do.

It plays songs of one's own alone. A link is only named, and Spotify, whose buttons are the same in all tabs, is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from realtime.music.commands import DjAct, MusicKind, PlayerCommand, PlayingMusic
from realtime.music.planner import name_mood
from realtime.page.offers import offer_list
from realtime.printable import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtime.music.planner import Plan
    from realtime.page.offers import Shelf
    from realtime.page.visits import Visit
    from realtime.session.documents import Document

MOST_COUNTED = 10**9
"""Songs, orders and steps that a browser may count to."""
MOST_CHARACTERS = 300
"""Characters of a sentence that a browser may send; it is cut there."""
_KINDS = {kind.value: kind for kind in (MusicKind.NOTHING, MusicKind.SONGS, MusicKind.LINK, MusicKind.OTHER)}


@dataclass(frozen=True, slots=True)
class PlayerReport:
    """What the player of a tab reports.

    Attributes:
        on: whether the DJ is on.
        playing: what plays.
        step: step of the journey of its latest order that plays, from 0.
        chosen: whether a person has chosen other music by hand since the last report.
        skipped: whether a person has gone to another song since the last report.
    """

    on: bool
    playing: PlayingMusic
    step: int
    chosen: bool
    skipped: bool


def read_report(asked: dict[str, Any]) -> PlayerReport:
    """Read a report.

    Raises:
        ValueError: a field is missing or has no such value; the message says which.
    """
    kind = asked.get("playing")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"playing is one of {', '.join(_KINDS)}")
    song, order, step = (_count(asked, name) for name in ("song", "order", "step"))
    failure = asked.get("failure")
    if not isinstance(failure, str):
        raise ValueError("failure is a text")  # noqa: TRY004 - a value from outside
    playing = PlayingMusic(
        _KINDS[kind],
        song,
        _flag(asked, "paused"),
        order=order,
        failed=_count(asked, "failed"),
        failure=one_line(failure[:MOST_CHARACTERS]),
    )
    return PlayerReport(_flag(asked, "on"), playing, step, _flag(asked, "chosen"), _flag(asked, "skipped"))


def lead_music(visit: Visit, shelf: Shelf, report: PlayerReport, now_s: float) -> Document:
    """Let the DJ of a visit decide on a report; a tab reports once a second.

    Args:
        visit: of the tab that reports.
        shelf: music to play.
        report: what the tab plays.
        now_s: time of a monotonic clock, seconds.

    Returns:
        Whether the DJ is on; `act`, the value of a `DjAct`, null without a decision; `number`, which the tab reports as `order`
        once the first of `lists` plays, or as `failed` if it cannot be played; `said`, the reason as a sentence; the mood; and
        the lists to play, one for each step of a journey.
    """
    session = visit.session
    turned = session.handle_key("a", now_s) if report.on is not session.dj_on else None
    if report.skipped:
        session.note_skip()
    if report.chosen:
        session.note_choice()
    _note_step(visit, report)
    command = session.lead_music(now_s, report.playing, watching=visit.is_watched(now_s))
    if command is None and isinstance(turned, PlayerCommand):
        # Music that has faded goes on when the DJ is turned off
        command = turned
    order = None if command is None else command.dj
    if order is not None and order.plan is not None:
        visit.dj_plan = order.number, order.plan
    steps = [] if order is None else list(_steps(order.plan))
    said, mood = next(reversed(session.take_dj_sentences()), None), session.mood()
    said_only = None if said is None else DjAct.SUGGEST.value
    return {
        "on": session.dj_on,
        "act": said_only if order is None else order.act.value,
        "number": 0 if order is None else order.number,
        "said": said,
        "mood": None if mood is None else name_mood(mood),
        "lists": [{"list": offer_list(shelf, step.best, visit.songs), "title": step.best.title} for step in steps],
    }


def _note_step(visit: Visit, report: PlayerReport) -> None:
    """Let the journey of the session follow the player, which takes a step at the end of a song."""
    if visit.dj_plan is None or visit.dj_plan[0] != report.playing.order:
        return
    playing = next((plan for number, plan in enumerate(_steps(visit.dj_plan[1])) if number == report.step), None)
    if playing is not None:
        visit.session.set_now_playing(None, playing)


def _steps(plan: Plan | None) -> Iterator[Plan]:
    while plan is not None:
        yield plan
        plan = plan.next_step


def _flag(asked: dict[str, Any], name: str) -> bool:
    value = asked.get(name)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is true or false")  # noqa: TRY004 - a value from outside
    return value


def _count(asked: dict[str, Any], name: str) -> int:
    value = asked.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_COUNTED:
        raise ValueError(f"{name} is a number from 0 to {MOST_COUNTED}")
    return value
