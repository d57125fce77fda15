"""The result of a session as Markdown (pure)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from realtime.domain import percentages
from realtime.session.summary_text import ABOUT, describe_summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from realtime.session.summary import Summary
    from realtime.session.summary_text import LinkedText

_BAR = 20
# Marks with a meaning inside a line (CommonMark 0.31.2), and what GitHub turns into a link without any mark
_MARKS = re.compile(r"([\\`*_\[\]<>|~&#@]|(?<=:)//|(?<=www)\.)", re.IGNORECASE)
# What would start a list or underline a heading at the start of a line
_START = re.compile(r"^(\d*)([-+=.)])")


def summary_markdown(summary: Summary, when: datetime | None = None) -> str:
    """Write the result of a session as Markdown (CommonMark, with a table as GitHub has it).

    Args:
        summary: the result.
        when: day of the session in local time; None leaves it out.
    """
    return "\n".join(_lines(summary, when)) + "\n"


def _lines(summary: Summary, when: datetime | None) -> Iterator[str]:
    text = describe_summary(summary, when)
    yield f"# {text.heading}"
    for paragraph in filter(None, (text.when, text.detail)):
        yield from ("", _escape(paragraph))
    if text.phases:
        yield from ("", "## Mood over time", "", *(f"- {_escape(phase)}" for phase in text.phases))
    if text.shares:
        yield from ("", "## What the faces looked like", "", "| expression | share | |", "|---|---:|---|")
        percents = percentages([share for _, share in text.shares])
        for (expression, share), percent in zip(text.shares, percents, strict=True):
            yield f"| {expression.value} | {percent}% | {'█' * round(_BAR * share)} |"
    if text.music:
        yield from ("", "## Music", "", *_links(text.music))
    if text.movies:
        yield from ("", f"## {_escape(text.movies_heading)}", "", *_links(text.movies))
    if text.fact is not None:
        fact, source = text.fact
        yield from ("", "## A fact", "", f"> {_escape(fact)}", ">", f"> {_escape(source)}")
    yield from ("", ABOUT)


def _links(entries: Sequence[LinkedText]) -> Iterator[str]:
    for entry in entries:
        title = _escape(entry.title)
        named = title if entry.url is None else f"[{title}](<{entry.url}>)"
        yield f"- {named}" + (f", {_escape(entry.about)}" if entry.about else "")


def _escape(text: str) -> str:
    return _START.sub(r"\1\\\2", _MARKS.sub(r"\\\1", text))
