"""The report of a table of a batch: how many faces look like what, by film and by folder, and why some are not sure (pure)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from realtime.domain import EXPRESSIONS, Expression, percentages, ranked
from realtime.printable import one_line
from realtime.session.html_page import draw_face
from realtime.session.summary_html import draw_shares

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MOST_PLACES = 2000
"""Films and folders that are kept apart; further ones are counted together."""
MOST_SHOWN = 40
MOST_REASONS = 16
OTHERS = "others"
_LEADS = 2 / 3
"""The two largest shares are named if the first of them is smaller."""


@dataclass(slots=True)
class PlaceCounts:
    """Counts of a film, or of the pictures of a folder.

    Attributes:
        looked: sure faces by their expression.
        faces: rows of faces, sure or not.
        empty: pictures or frames without a face.
        errors: rows with an error.
    """

    looked: Counter[Expression] = field(default_factory=Counter[Expression])
    faces: int = 0
    empty: int = 0
    errors: int = 0


@dataclass(slots=True)
class TableReport:
    """What a table holds.

    Attributes:
        name: of its file, without the folder; text from outside.
        whole: counts of all rows.
        places: counts by the path of a film, or by "pictures in FOLDER".
        reasons: faces that are not sure, by reason.
    """

    name: str
    whole: PlaceCounts = field(default_factory=PlaceCounts)
    places: dict[str, PlaceCounts] = field(default_factory=dict[str, PlaceCounts])
    reasons: Counter[str] = field(default_factory=Counter[str])

    def add_all(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Count rows with the columns of a batch.

        Raises:
            ValueError: an expression is unknown.
        """
        for row in rows:
            place = self._place(row)
            for counts in (self.whole, place):
                _count(counts, row)
            if row["unsure"]:
                reason = str(row["reason"])
                self.reasons[reason if reason in self.reasons or len(self.reasons) < MOST_REASONS else OTHERS] += 1

    @property
    def shares(self) -> tuple[float, ...] | None:
        """Share of each expression among the faces that are sure; None without one."""
        total = self.whole.looked.total()
        return tuple(self.whole.looked[each] / total for each in EXPRESSIONS) if total else None

    def _place(self, row: Mapping[str, Any]) -> PlaceCounts:
        source = str(row["source"])
        if row["frame"] is None:
            folder = max(source.rpartition("/")[0], source.rpartition("\\")[0], key=len)
            source = f"pictures in {folder or 'this folder'}"
        if source not in self.places and len(self.places) >= MOST_PLACES:
            source = OTHERS
        return self.places.setdefault(source, PlaceCounts())


def _count(counts: PlaceCounts, row: Mapping[str, Any]) -> None:
    match row["status"]:
        case "ok":
            counts.faces += 1
            if not row["unsure"]:
                counts.looked[Expression(row["expression"])] += 1
        case "no face":
            counts.empty += 1
        case _:
            counts.errors += 1


def table_heading(found: TableReport) -> str:
    """One sentence on a table, without a full stop."""
    if found.shares is None:
        return "No face was seen clearly enough"
    first, second = ranked(found.shares)[:2]
    both = second[1] > 0 and first[1] < _LEADS
    return f"Most faces looked {first[0].value}" + (f" or {second[0].value}" if both else "")


def draw_table(found: TableReport, *, alone: bool) -> Iterator[str]:
    """The parts of a page, as HTML.

    Args:
        found: the report.
        alone: whether the page has no other report.
    """
    level, shares = "h1" if alone else "h2", found.shares
    leader = None if shares is None else ranked(shares)[0][0]
    yield f"<header>{draw_face(leader)}<div><{level}>{escape(table_heading(found))}</{level}>"
    yield f'<p class="dim name"><bdi>{escape(one_line(found.name))}</bdi>: {escape(_amounts(found.whole))}</p></div></header>'
    yield from draw_shares(() if shares is None else ranked(shares))
    shown = sorted(found.places.items(), key=lambda item: -(item[1].faces + item[1].empty + item[1].errors))
    yield "<section><h2>By film and folder</h2>"
    names = ("source", "faces", "looked", "not sure", "no face", "errors")
    yield from _rows(names, (_place_row(*item) for item in shown[:MOST_SHOWN]))
    if len(shown) > MOST_SHOWN:
        yield f'<p class="source">{len(shown) - MOST_SHOWN:,} more, with fewer rows each.</p>'
    yield '<p class="source">Each frame of a film counts: a face that is seen for long counts often.</p></section>'
    unsure = found.reasons.total()
    if found.whole.faces:
        yield f"<section><h2>Not sure: {unsure / found.whole.faces:.0%} of the faces</h2>"
        reasons = found.reasons.most_common()
        percents = percentages([count / found.whole.faces for _, count in reasons])
        rows = (
            (one_line(reason), f"{count:,}", f"{percent}%") for (reason, count), percent in zip(reasons, percents, strict=True)
        )
        if found.reasons:
            yield from _rows(("reason", "faces", "of all faces"), rows)
        yield "</section>"


def _amounts(counts: PlaceCounts) -> str:
    parts = [f"{counts.faces:,} face{'s' * (counts.faces != 1)}"]
    if counts.empty:
        parts.append(f"{counts.empty:,} picture{'s' * (counts.empty != 1)} or frame{'s' * (counts.empty != 1)} without one")
    if counts.errors:
        parts.append(f"{counts.errors:,} error{'s' * (counts.errors != 1)}")
    return ", ".join(parts)


def _place_row(name: str, counts: PlaceCounts) -> tuple[str, ...]:
    sure = counts.looked.total()
    ordered = counts.looked.most_common()
    percents = percentages([count / sure for _, count in ordered]) if sure else []
    looked = ", ".join(f"{each.value} {percent}%" for (each, _), percent in zip(ordered[:2], percents, strict=False)) or "–"
    unsure = f"{(counts.faces - sure) / counts.faces:.0%}" if counts.faces else "–"
    return one_line(name), f"{counts.faces:,}", looked, unsure, f"{counts.empty:,}", f"{counts.errors:,}"


def _rows(names: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    yield f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>'
    for first, *others in rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in others)
        yield f'<tr><th scope="row"><bdi>{escape(first)}</bdi></th>{cells}</tr>'
    yield "</tbody></table></div>"
