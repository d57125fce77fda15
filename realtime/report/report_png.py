"""A report as one picture: the plots of the page, with the words that they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.domain import Expression, ranked, ranked_percentages
from realtime.errors import UsageError
from realtime.overlay.text import line_height, text_width
from realtime.overlay.widgets import EXPRESSION_COLOURS
from realtime.printable import one_line
from realtime.report import report_text as text
from realtime.report.sheet import DIM, INK, LINE, MARGIN, PAPER, WIDTH, Sheet, mix
from realtime.session.summary_text import clock_text
from realtime.session.timeline import join_phases, split_runs, stack_areas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Image
    from realtime.overlay.shapes import Colour
    from realtime.report.aggregate import Part, SessionReport
    from realtime.report.report_text import InputReport

MOST_INPUTS = 16
"""Inputs of one picture: with more of them it would be longer than 30,000 pixels, which many programs refuse to show."""
MOST_MUSIC = 12
"""Events of the music that are listed in a picture."""

_LEFT, _RIGHT = MARGIN + 190, WIDTH - MARGIN - 150
"""Where lanes and bars begin and end."""
_AREA, _STRIP, _LANE = 260, 18, 22
_TEXT, _SMALL = 22, 18


def draw_report(inputs: Sequence[InputReport]) -> Image:
    """Draw reports below each other, on white; (height, 1200, 3) uint8 BGR.

    Raises:
        UsageError: there are more than `MOST_INPUTS`.
    """
    if len(inputs) > MOST_INPUTS:
        raise UsageError(f"a picture holds {MOST_INPUTS} sessions at most: write a page, FILE.html, for {len(inputs)}")
    sheet = Sheet()
    for number, found in enumerate(inputs):
        if number:
            sheet.skip(50)
            sheet.rectangle(MARGIN, WIDTH - MARGIN, 2, LINE)
            sheet.skip(40)
        _draw_input(sheet, found)
    sheet.skip(36)
    sheet.paragraph(text.ABOUT, _SMALL, colour=DIM)
    return sheet.picture()


def _draw_input(sheet: Sheet, found: InputReport) -> None:
    report = found.report
    sheet.paragraph(text.heading(report), 44, bold=True)
    sheet.skip(6)
    sheet.paragraph(f"{one_line(found.name)}: {text.length(report)}", _TEXT, colour=DIM)
    for words in (text.detail(report), *text.remarks(found)):
        sheet.paragraph(words, _TEXT, colour=DIM)
    _draw_timeline(sheet, report)
    _draw_shares(sheet, report)
    _draw_music(sheet, report)
    _draw_persons(sheet, report)
    _draw_reasons(sheet, report)


def _heading(sheet: Sheet, words: str) -> None:
    sheet.skip(34)
    sheet.paragraph(words, 26, bold=True)
    sheet.skip(8)


def _draw_timeline(sheet: Sheet, report: SessionReport) -> None:
    if not report.spans:
        return
    _heading(sheet, "Mood over time")
    sheet.reserve(_AREA + 2 * _STRIP)
    end_s = report.spans[-1].end_s
    scale = (WIDTH - 2 * MARGIN) / end_s
    sheet.rectangle(MARGIN, WIDTH - MARGIN, _AREA, mix(LINE, 0.3))
    order = [expression for expression, _ in ranked(report.shares)] if report.shares is not None else []
    for run in split_runs(report.spans):
        for expression, corners in stack_areas(run, order):
            points = [(MARGIN + time_s * scale, _AREA * (1 - share)) for time_s, share in corners]
            sheet.polygon(points, EXPRESSION_COLOURS[expression], PAPER)
    for phase in join_phases(report.spans):
        colour = DIM if phase.leader is None else EXPRESSION_COLOURS[phase.leader]
        sheet.rectangle(MARGIN + phase.start_s * scale, MARGIN + phase.end_s * scale, _STRIP, colour, down=_AREA + 8)
    sheet.skip(_AREA + 8 + _STRIP + 4)
    _times(sheet, MARGIN, WIDTH - MARGIN, end_s)
    _legend(sheet, report)
    phases = text.describe_phases(report.spans)
    if phases:
        sheet.skip(4)
        sheet.paragraph(";  ".join(phases), _SMALL, colour=DIM)


def _legend(sheet: Sheet, report: SessionReport) -> None:
    """Say which colour is which expression: the bars below have all seven, but a reader of the areas looks here."""
    shown = [expression for expression, _ in ranked(report.shares)] if report.shares is not None else list(Expression)
    named: list[tuple[str, Colour]] = [(expression.value, EXPRESSION_COLOURS[expression]) for expression in shown]
    if any(phase.leader is None for phase in join_phases(report.spans)):
        named.append(("mixed", DIM))
    sheet.reserve(line_height(_SMALL) + 8)
    left = MARGIN
    for name, colour in named:
        sheet.rectangle(left, left + _SMALL, _SMALL, colour, down=(line_height(_SMALL) - _SMALL) // 2 + 4)
        sheet.write(name, left + _SMALL + 8, _SMALL, down=4)
        left += _SMALL + 8 + text_width(name, _SMALL) + 28
    sheet.top += line_height(_SMALL) + 8


def _draw_shares(sheet: Sheet, report: SessionReport) -> None:
    if report.shares is None:
        return
    _heading(sheet, "What the faces looked like")
    for expression, share, percent in ranked_percentages(report.shares):
        _row(sheet, expression.value, f"{percent}%")
        sheet.rectangle(_LEFT, _RIGHT, _LANE, LINE, down=4)
        if share:
            sheet.rectangle(_LEFT, _LEFT + share * (_RIGHT - _LEFT), _LANE, EXPRESSION_COLOURS[expression], down=4)
        sheet.top += line_height(_TEXT) + 4


def _draw_music(sheet: Sheet, report: SessionReport) -> None:
    rows = text.music_rows(report)
    if not rows:
        return
    _heading(sheet, "Music")
    for when, title, why in rows[:MOST_MUSIC]:
        sheet.reserve(line_height(_TEXT))
        sheet.write(when, MARGIN, _TEXT, colour=DIM)
        sheet.write("; ".join(filter(None, [title, why])), MARGIN + 110, _TEXT)
        sheet.top += line_height(_TEXT)
    if len(rows) > MOST_MUSIC:
        sheet.paragraph(f"and {len(rows) - MOST_MUSIC} more", _TEXT, colour=DIM)


def _draw_persons(sheet: Sheet, report: SessionReport) -> None:
    if not report.persons:
        return
    _heading(sheet, "Each person")
    for (name, _, looked, _), person in zip(text.person_rows(report), report.persons, strict=False):
        _lane(sheet, name, looked.split(",")[0], person.parts, report.seconds)
    _times(sheet, _LEFT, _RIGHT, report.seconds)
    sheet.paragraph(f"{text.more_persons(report)} {text.WHAT_IS_A_PERSON}".strip(), _SMALL, colour=DIM)


def _draw_reasons(sheet: Sheet, report: SessionReport) -> None:
    if report.unsure is None:
        return
    _heading(sheet, f"Not sure: {report.unsure:.0%} of the time of all faces")
    for (reason, _, share, _), found in zip(text.reason_rows(report), report.reasons, strict=True):
        _lane(sheet, reason, share, found.parts, report.seconds)
    if report.reasons:
        _times(sheet, _LEFT, _RIGHT, report.seconds)


def _row(sheet: Sheet, name: str, value: str) -> None:
    sheet.reserve(line_height(_TEXT) + 4)
    sheet.write(name, MARGIN, _TEXT, width=_LEFT - MARGIN - 12)
    sheet.write_right(value, WIDTH - MARGIN, _TEXT, colour=DIM)


def _lane(sheet: Sheet, name: str, value: str, parts: Sequence[Part], seconds: float) -> None:
    _row(sheet, name, value)
    sheet.rectangle(_LEFT, _RIGHT, _LANE, LINE, down=4)
    scale = (_RIGHT - _LEFT) / seconds if seconds > 0 else 0.0
    for part in parts:
        colour: Colour = mix(INK, 0.15 + 0.85 * part.amount, LINE)
        if part.expression is not None:
            colour = EXPRESSION_COLOURS[part.expression]
        right = min(float(_RIGHT), _LEFT + part.end_s * scale)
        sheet.rectangle(_LEFT + part.start_s * scale, right, _LANE, colour, down=4)
    sheet.top += line_height(_TEXT) + 4


def _times(sheet: Sheet, left: int, right: int, seconds: float) -> None:
    sheet.reserve(line_height(_SMALL))
    sheet.write(clock_text(0), left, _SMALL, colour=DIM)
    sheet.write_right(clock_text(seconds), right, _SMALL, colour=DIM)
    sheet.top += line_height(_SMALL)
