"""What a benchmark found, beside what it has to be, as lines of one table."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from realtime.errors import EmodjError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HEADINGS = ("figure", "ours", "reference", "ratio", "must", "moonshot", "met")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        name: what was measured.
        value: what is held against the bars: a ratio, or a figure that has no reference.
        must: what `value` has to reach, None where there is no bar.
        moonshot: what it would be good to reach.
        more_is_better: whether a value has to lie above its bars, not below.
        ours: our own figure, with its unit; empty if it is `value`.
        reference: that of the reference.
        spread: the range of `value` over the turns.
        unit: of `value`; none for a ratio.
    """

    name: str
    value: float
    must: float | None = None
    moonshot: float | None = None
    more_is_better: bool = True
    ours: str = ""
    reference: str = "-"
    spread: str = ""
    unit: str = ""

    def reaches(self, bar: float) -> bool:
        """Whether the value is as good as the bar."""
        return self.value >= bar if self.more_is_better else self.value <= bar

    @property
    def met(self) -> str:
        """The best bar that is reached."""
        if self.must is None or self.moonshot is None:
            return "-"
        return "moonshot" if self.reaches(self.moonshot) else "must" if self.reaches(self.must) else "NO"

    def cells(self) -> tuple[str, ...]:
        """The line, in the order of `HEADINGS`."""
        own = self.ours or f"{self.value:.4g}{self.unit}"
        ratio = f"{as_ratio(self.value)}{f' ({self.spread})' if self.spread else ''}" if self.ours else "-"
        bars = ("-" if bar is None else as_ratio(bar) if self.ours else f"{bar:.4g}{self.unit}" for bar in self._bars())
        return (self.name, own, self.reference, ratio, *bars, self.met)

    def _bars(self) -> tuple[float | None, float | None]:
        return self.must, self.moonshot


def as_ratio(value: float) -> str:
    """A number below one half as one over something: that is how it is said."""
    return f"1/{1 / value:.3g}" if 0 < value <= 0.5 else f"{value:.3g}"


def of_turns(name: str, pairs: Sequence[tuple[float, float]], *, unit: str, **bars: float | bool) -> Figure:
    """The figure of several turns: the median of their ratios, and the lowest and highest of them.

    Args:
        name: what was measured.
        pairs: ours and the reference's, of each turn.
        unit: of both.
        bars: `must`, `moonshot`, `more_is_better`.
    """
    ratios = sorted(own / other for own, other in pairs)
    own, other = (median(column) for column in zip(*pairs, strict=True))
    return Figure(
        name,
        median(ratios),
        ours=f"{own:.4g}{unit}",
        reference=f"{other:.4g}{unit}",
        spread=f"{as_ratio(ratios[0])} to {as_ratio(ratios[-1])}",
        **bars,  # pyright: ignore[reportArgumentType] - the names are those of the fields
    )


def table(found: Sequence[Figure]) -> str:
    """The lines, one below the other, in columns."""
    rows = [HEADINGS, *(figure.cells() for figure in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def parser(description: str | None, *, seconds: float) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--seconds", type=float, default=seconds, help="how long to measure, about (default: %(default)g)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures into a file, too")
    return options


def report(measure: Callable[[], list[Figure]], path: Path | None) -> int:
    """Measure, print the table, and write it as JSON if there is a path; returns the exit status."""
    _warn_if_busy()
    try:
        found = measure()
    except EmodjError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return error.status
    print(table(found))
    if path:
        document = [asdict(figure) | {"met": figure.met} for figure in found]
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


def _warn_if_busy() -> None:
    cores, load = os.cpu_count() or 1, os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > cores / 2:
        print(f"benchmarks: this machine is busy ({load:.1f} on {cores} cores), which is in every figure", file=sys.stderr)
