"""A report in words and rows, for pages and pictures (pure). Text from outside is one line of printable characters here."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from realtime.domain import Expression, percentages, ranked_percentages
from realtime.printable import one_line
from realtime.report.log_reader import PART_TRACKS
from realtime.session.summary_text import clock_text, length_text, name_phase
from realtime.session.timeline import MoodPhase, join_phases

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from realtime.report.aggregate import PersonReport, SessionReport
    from realtime.report.observations import MusicChange
    from realtime.session.timeline import MoodKey, MoodSpan

MOST_PHASES = 8
"""Phases of the mood that are told in words: the longest ones."""
MOST_ROWS = 24
"""Rows of the table of the mood over time."""
MOST_SHOWN_PERSONS = 12
"""Persons that are drawn; the others are counted."""
NAMED_SHARE = 0.05
"""Smallest share that is named in a row."""
WHAT_IS_A_PERSON = (
    "A person has a number as long as the face is followed. Someone who leaves and comes back gets another number. "
    "emodj recognises nobody."
)
_DJ_WORDS = {
    "": "",
    "begin": "music begins",
    "next": "next, at the end of the song",
    "now": "other music at once",
    "stay": "no change after all",
    "fade": "the music fades",
    "resume": "the music goes on",
    "suggest": "would fit",
    "changed": "plays now",
    "failed": "could not be played",
    "mood": "",
    "step": "plays now",
}
"""What an event of the DJ is called (docs/reference/json.md); others are called by their names."""
_OPENED = "link opened"
MUSIC_STRIP = "When music of the DJ played"
"""Name of the strip of the music: a log does not say what a person plays by key."""
ABOUT = "Made by emodj on one computer. It says what an expression looks like, not what a person feels."


@dataclass(frozen=True, slots=True)
class InputReport:
    """The report of one input, and how it was read.

    Attributes:
        name: name of the input, without its folder; text from outside.
        report: what is known of it.
        broken: lines that were skipped because they are damaged.
        unknown: lines of a kind that this version does not know.
        is_log: whether the input is a log, whose last line is the end of the session.
    """

    name: str
    report: SessionReport
    broken: int = 0
    unknown: int = 0
    is_log: bool = True


def heading(report: SessionReport) -> str:
    """One sentence on the mood of a session, without a full stop."""
    match report.mood:
        case None:
            return "No face was seen clearly enough"
        case None, "hand" | "faces":
            return "The faces disagreed"
        case Expression() as leader, "hand":
            return f"A {leader.value} mood"
        case leader, _:
            return f"The faces looked {leader.value}"


def detail(report: SessionReport) -> str:
    """One more sentence on it: how large the shares are; empty without votes."""
    if report.shares is None:
        return ""
    words = name_shares(report.shares)
    by_hand = report.mood is not None and report.mood[1] == "hand"
    return f"The mood was chosen by hand. To emodj the faces looked {words}." if by_hand else f"In all votes together: {words}."


def length(report: SessionReport) -> str:
    """Length and frames of a session."""
    frames = "1 frame" if report.frames == 1 else f"{report.frames:,} frames"
    return f"{length_text(report.seconds)}, {frames} analysed"


def remarks(found: InputReport) -> Iterator[str]:
    """Yield sentences on what the report does not show."""
    if found.broken:
        lines = "1 line is" if found.broken == 1 else f"{found.broken:,} lines are"
        yield f"{lines} damaged or cut off, and left out."
    if found.unknown:
        lines = "1 line is" if found.unknown == 1 else f"{found.unknown:,} lines are"
        yield f"{lines} of a kind that this version of emodj does not know, and left out."
    if found.is_log and found.report.end is None:
        yield "The log has no last line with the result: the session was cut off, or still runs."
    if not found.report.spans and found.report.frames:
        if found.report.shares is None:
            yield "No face voted in it."
        else:
            yield "Only its result was read, and no line of a frame with a vote: there is no mood over time to draw."


def name_shares(shares: Sequence[float]) -> str:
    """Name the larger shares: "happy 75%, neutral 14%"."""
    named = [f"{name.value} {percent}%" for name, share, percent in ranked_percentages(shares) if share >= NAMED_SHARE]
    return ", ".join(named)


def name_mood(mood: MoodKey | None) -> str:
    """Name a mood: "happy", "mixed", "sad, by hand"; "none" without one."""
    return "none" if mood is None else name_phase(MoodPhase(0, 0, *mood))


def name_person(person: PersonReport) -> str:
    """Name a person by its number; in a file of several sessions, with the number of the session."""
    part, number = divmod(person.number, PART_TRACKS)
    return f"person {number}" if not part else f"person {number} of session {part + 1}"


def describe_phases(spans: Sequence[MoodSpan]) -> tuple[str, ...]:
    """The longest phases of the mood in words; empty if there is only one."""
    phases = join_phases(spans)
    if len(phases) < 2:  # noqa: PLR2004 - one phase is the whole session
        return ()
    longest = sorted(phases, key=lambda phase: phase.start_s - phase.end_s)[:MOST_PHASES]
    words = [_phase_words(phase) for phase in sorted(longest, key=lambda phase: phase.start_s)]
    if left := len(phases) - len(longest):
        words.append(f"and {left} shorter part{'s' if left > 1 else ''}")
    return tuple(words)


def time_rows(report: SessionReport) -> list[tuple[str, str, str]]:
    """Rows on the mood over time: from when to when, the mood, what the faces looked like."""
    spans = report.spans
    if not spans:
        return []
    step_s = max(report.seconds / MOST_ROWS, spans[0].end_s - spans[0].start_s)
    # Whole seconds read better, from where there are enough of them
    step_s = float(ceil(step_s)) if report.seconds > MOST_ROWS else step_s
    groups: dict[int, list[MoodSpan]] = {}
    for span in spans:
        groups.setdefault(int((span.start_s + span.end_s) / 2 / step_s), []).append(span)
    rows: list[tuple[str, str, str]] = []
    for index, group in sorted(groups.items()):
        longest: dict[tuple[Expression | None, str], float] = {}
        for span in group:
            key = span.leader, span.source
            longest[key] = longest.get(key, 0.0) + span.end_s - span.start_s
        leader, source = max(longest, key=lambda key: longest[key])
        rows.append(
            (
                f"{_time(index * step_s, step_s)} to {_time(min((index + 1) * step_s, report.seconds), step_s)}",
                name_mood((leader, "hand" if source == "hand" else "faces")),
                _mean_shares(group),
            )
        )
    return rows


def person_rows(report: SessionReport) -> list[tuple[str, str, str, str]]:
    """Rows on the persons that are drawn: name, when and how long it was seen, what it looked like, how much was not sure."""
    return [
        (
            name_person(person),
            f"{clock_text(person.first_s)} to {clock_text(person.last_s)}, {length_text(person.seconds)} in view",
            "never sure" if person.shares is None else name_shares(person.shares),
            f"{person.unsure:.0%}",
        )
        for person in report.persons[:MOST_SHOWN_PERSONS]
    ]


def shown_expressions(persons: Sequence[PersonReport]) -> list[Expression]:
    """The expressions in the strips of the persons that are drawn."""
    shown = {part.expression for person in persons[:MOST_SHOWN_PERSONS] for part in person.parts}
    return [expression for expression in Expression if expression in shown]


def more_persons(report: SessionReport) -> str:
    """A sentence on the persons that are not drawn; empty if there are none."""
    left = max(0, len(report.persons) - MOST_SHOWN_PERSONS) + report.others
    return f"{left} more number{'s' if left > 1 else ''}, each seen for a shorter time." if left else ""


def music_rows(report: SessionReport) -> list[tuple[str, str, str]]:
    """Rows on the music: when, what happened with which title, and why. An event that is not known is called by its name."""
    rows: list[tuple[str, str, str]] = []
    for change, label in _labelled(report.music):
        did = _OPENED if change.opened else _DJ_WORDS.get(change.what, change.what)
        title = label if change.plays else change.title
        rows.append((clock_text(change.time_s), one_line(": ".join(filter(None, [did, title]))), one_line(change.why)))
    return rows


def music_parts(report: SessionReport) -> list[tuple[float, float, str]]:
    """When music of the DJ played: start and end, in seconds since the first frame, and its title with the mood it was for.

    Each change of the music begins a new part: two moods of a person's own songs have one title.
    """
    parts: list[tuple[float, float, str]] = []
    start: tuple[float, str] | None = None
    for change, label in _labelled(report.music):
        if start is not None and (change.ends or change.plays):
            parts.append((start[0], change.time_s, start[1]))
            start = None
        if change.plays:
            start = change.time_s, label
    if start is not None:
        parts.append((start[0], report.seconds, start[1]))
    return parts


def _labelled(changes: Iterable[MusicChange]) -> Iterator[tuple[MusicChange, str]]:
    """Yield each change, and the title and mood of the music that plays or would play after it."""
    label, chosen = "", None
    for change in changes:
        if change.chooses:
            chosen = change
        elif change.plays and change.title:
            # The mood that the music was chosen for: the song before it may have gone on for minutes
            mood = change.mood if chosen is None or chosen.title != change.title else chosen.mood
            # The music of a later step of a journey is for a point between two moods
            mood = None if change.what == "step" else mood
            label, chosen = change.title if mood is None else f"{change.title} ({mood.value})", None
        # Music that goes on after a fade has the title that it had before
        yield change, label


def reason_rows(report: SessionReport) -> list[tuple[str, str, str, str]]:
    """Rows on "not sure": reason, time, share of the time of all faces, and when it was most."""
    rows: list[tuple[str, str, str, str]] = []
    for found, percent in zip(report.reasons, percentages([found.share for found in report.reasons]), strict=True):
        most = max(found.parts, key=lambda part: (part.amount, -part.start_s))
        when = f"most at {clock_text(most.start_s)}, {most.amount:.0%}"
        rows.append((one_line(found.reason), length_text(found.seconds), f"{percent}%", when))
    return rows


def _mean_shares(group: Sequence[MoodSpan]) -> str:
    sums, total_s = [0.0] * len(Expression), 0.0
    for span in group:
        if span.shares is not None:
            seconds = span.end_s - span.start_s
            total_s += seconds
            for index, share in enumerate(span.shares):
                sums[index] += seconds * share
    return name_shares([value / total_s for value in sums]) if total_s else "no face voted"


def _phase_words(phase: MoodPhase) -> str:
    return f"{clock_text(phase.start_s)} to {clock_text(phase.end_s)}: {name_phase(phase)}"


def _time(seconds: float, step_s: float) -> str:
    return clock_text(seconds) if step_s >= 1 else f"{seconds:.1f} s"
