"""Figures of a benchmark with the bars that they should reach, as the rows of one table."""

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
    """One row of the table.

    Attributes:
        name: what was measured.
        value: number that is compared with the bars: a ratio to the reference, or a figure without a reference.
        must: bar that `value` has to reach; None without a bar.
        moonshot: better bar, which `value` should reach.
        more_is_better: whether `value` has to be above its bars; else below.
        ours: our figure with its unit; empty if it is `value`.
        reference: figure of the reference, with its unit.
        spread: range of `value` over the turns.
        unit: unit of `value`; empty for a ratio.
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
        """Name of the best bar that is reached; "NO" if none is, "-" without bars."""
        if self.must is None or self.moonshot is None:
            return "-"
        return "moonshot" if self.reaches(self.moonshot) else "must" if self.reaches(self.must) else "NO"

    def cells(self) -> tuple[str, ...]:
        """Format the row, in the order of `HEADINGS`."""
        own = self.ours or f"{self.value:.4g}{self.unit}"
        ratio = f"{format_ratio(self.value)}{f' ({self.spread})' if self.spread else ''}" if self.ours else "-"
        bars = ("-" if bar is None else format_ratio(bar) if self.ours else f"{bar:.4g}{self.unit}" for bar in self._bars())
        return (self.name, own, self.reference, ratio, *bars, self.met)

    def _bars(self) -> tuple[float | None, float | None]:
        return self.must, self.moonshot


def format_ratio(value: float) -> str:
    """Format a ratio; below one half as a fraction 1/x, which is easier to read."""
    return f"1/{1 / value:.3g}" if 0 < value <= 0.5 else f"{value:.3g}"


def figure_of_turns(name: str, pairs: Sequence[tuple[float, float]], *, unit: str, **bars: float | bool) -> Figure:
    """Summarise several turns: the median of their ratios, and the lowest and the highest one.

    Args:
        name: what was measured.
        pairs: our figure and the one of the reference, for each turn.
        unit: unit of both.
        bars: `must`, `moonshot`, `more_is_better`.
    """
    ratios = sorted(own / other for own, other in pairs)
    own, other = (median(column) for column in zip(*pairs, strict=True))
    return Figure(
        name,
        median(ratios),
        ours=f"{own:.4g}{unit}",
        reference=f"{other:.4g}{unit}",
        spread=f"{format_ratio(ratios[0])} to {format_ratio(ratios[-1])}",
        **bars,  # pyright: ignore[reportArgumentType] - the names are those of the fields
    )


def format_table(found: Sequence[Figure]) -> str:
    """Format the figures as a table with a heading."""
    rows = [HEADINGS, *(figure.cells() for figure in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def build_parser(description: str | None, *, seconds: float) -> argparse.ArgumentParser:
    """Build the parser with the options of every benchmark."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--seconds", type=float, default=seconds, help="how long to measure, about (default: %(default)g)")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures into a file, too")
    return options


def print_report(measure: Callable[[], list[Figure]], path: Path | None) -> int:
    """Measure, print the table, and write it as JSON if a path is given; returns the exit status."""
    _warn_if_busy()
    try:
        found = measure()
    except EmodjError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return error.status
    print(format_table(found))
    if path:
        document = [asdict(figure) | {"met": figure.met} for figure in found]
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


def _warn_if_busy() -> None:
    cores, load = os.cpu_count() or 1, os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > cores / 2:
        print(f"benchmarks: this machine is busy ({load:.1f} on {cores} cores); this affects every figure", file=sys.stderr)
