"""Plots of a report and of a training run as PNG, 800 pixels wide, in colours that colour-blind people can distinguish.

Only this module draws with matplotlib. It builds each figure without pyplot, so that no global state keeps the figure.
"""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, Any

from realtime.domain import EXPRESSIONS
from realtime.errors import EmodjError
from realtime.storage.library_folders import redirect_library_folders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH = 800
"""Width of a plot in pixels."""

BLUE, ORANGE, GRID = "#0072B2", "#D55E00", "#DDDDDD"
"""Blue and orange are from the palette of Okabe and Ito (2008)."""

MIDDLE = 0.5
"""Middle of an axis of shares."""

_DPI = 100
_DARK_CELL = 0.55
"""A cell with a larger share is so dark that its text is white."""


def require_matplotlib() -> None:
    """Check that matplotlib is installed, before long work that ends in a plot.

    Raises:
        EmodjError: matplotlib is not installed.
    """
    _canvas(100)


def draw_confusion(table: Sequence[Sequence[int]], title: str) -> bytes:
    """Draw a confusion matrix.

    Args:
        table: (7, 7) counts; rows are true classes, columns predicted classes, both in the order of `Expression`.
        title: title of the plot.

    Returns:
        A PNG, 800×740. The share of each cell in its row is its colour and its text, with the count below.
    """
    figure, axes = _canvas(740)
    totals = [sum(row) for row in table]
    shares = [[count / max(1, total) for count in row] for row, total in zip(table, totals, strict=True)]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [expression.value for expression in EXPRESSIONS]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), [f"{name}\n{total:,} faces" for name, total in zip(names, totals, strict=True)])
    for row, counts in enumerate(table):
        for column, count in enumerate(counts):
            share = shares[row][column]
            colour = "white" if share > _DARK_CELL else "black"
            middle = {"ha": "center", "color": colour}
            axes.text(column, row - 0.02, f"{share:.0%}" if totals[row] else "–", va="bottom", fontsize=15, **middle)
            axes.text(column, row + 0.10, f"{count:,}", va="top", fontsize=10, **middle)
    axes.set_xlabel("predicted expression")
    axes.set_ylabel("true expression", labelpad=8)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return _png(figure, axes, title)


def draw_reliability(bins: Sequence[Mapping[str, float]], error: float | None, title: str) -> bytes:
    """Draw a reliability diagram, accuracy by confidence, as a PNG of 800×640.

    Args:
        bins: result of `metrics.reliability`.
        error: calibration error, 0..1; None if it cannot be computed.
        title: title of the plot.
    """
    figure, axes = _canvas(640)
    faces = max(1, sum(int(row["images"]) for row in bins))
    # The second bar shows the share of all faces, so that a bin of three faces does not look like a result
    widths = [0.96 * (row["high"] - row["low"]) for row in bins]
    middles = [(row["high"] + row["low"]) / 2 for row in bins]
    axes.plot([0, 1], [0, 1], color="black", linestyle="--", zorder=3, label="perfect calibration")
    axes.bar(middles, [row["accuracy"] for row in bins], widths, color=BLUE, label="accuracy")
    shares = [row["images"] / faces for row in bins]
    axes.bar(middles, shares, [width / 2 for width in widths], color=ORANGE, label="share of the faces")
    axes.set_xlabel("confidence")
    _format_share_axes(axes, "xy")
    axes.set_ylim(0, 1)
    axes.set_xlim(0, 1)
    axes.legend(loc="upper left", fontsize=12, framealpha=0.9)
    return _png(figure, axes, title if error is None else f"{title}\ncalibration error {error:.1%}")


def draw_coverage(
    points: Sequence[Mapping[str, float]], at_threshold: tuple[float | None, float | None], threshold: str, title: str
) -> bytes:
    """Draw the accuracy of the answered faces by coverage, as a PNG of 800×640.

    Args:
        points: result of `metrics.coverage_curve`.
        at_threshold: share answered at the threshold, and share right of the answered, 0..1; None if it cannot be computed.
        threshold: the confidence below which a face is unsure, as text.
        title: title of the plot.
    """
    figure, axes = _canvas(640)
    axes.plot([row["answered"] for row in points], [row["right"] for row in points], color=BLUE, marker="o", linewidth=2)
    answered, right = at_threshold
    if answered is not None and right is not None:
        axes.plot([answered], [right], color=ORANGE, marker="D", markersize=12, linestyle="none")
        text = f"unsure below {threshold}:\n{answered:.0%} answered, {right:.1%} of those right"
        # The text stays inside the plot on either side of the point
        side, align = (-18, "right") if answered > MIDDLE else (18, "left")
        place = {"xytext": (side, -48), "textcoords": "offset points", "ha": align}
        axes.annotate(text, (answered, right), color=ORANGE, fontsize=13, **place)
    lowest = min((row["right"] for row in points), default=0)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(max(0, lowest - 0.15), 1.01)
    axes.set_xlabel("share of the faces answered, highest confidence first")
    axes.set_ylabel("share right of the answered")
    _format_share_axes(axes, "xy")
    return _png(figure, axes, title)


def draw_curves(history: Sequence[Mapping[str, Any]], title: str) -> bytes:
    """Draw loss and accuracy by epoch, one above the other, as a PNG of 800×740.

    Args:
        history: a row for each epoch: "number", "loss", and "accuracy" on the tuning part, 0..1.
        title: title of the plot.
    """
    figure, above = _canvas(740, rows=2)
    below = figure.axes[1]
    numbers = [row["number"] for row in history]
    marker = "o" if len(numbers) < WIDTH // 20 else ""
    for axes, key, colour, label in (
        (above, "loss", BLUE, "loss, training"),
        (below, "accuracy", ORANGE, "accuracy, tuning part"),
    ):
        axes.plot(numbers, [row[key] for row in history], color=colour, marker=marker, linewidth=2)
        axes.set_ylabel(label)
        axes.grid(visible=True, color=GRID)
        axes.locator_params(axis="x", integer=True)
    _format_share_axes(below, "y")
    below.set_xlabel("epoch")
    best = max(history, key=lambda row: row["accuracy"])
    below.set_title(f"best {best['accuracy']:.1%} in epoch {best['number']}", fontsize=12)
    return _png(figure, above, title)


def _canvas(height: int, rows: int = 1) -> tuple[Any, Any]:
    # On its first use matplotlib prints on stderr that it builds a font cache
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    redirect_library_folders()
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.layout_engine import ConstrainedLayoutEngine
    except ImportError as error:
        raise EmodjError("drawing a report needs matplotlib, which is not installed: pip install 'emodj[train]'") from error
    figure = Figure((WIDTH / _DPI, height / _DPI), dpi=_DPI, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    FigureCanvasAgg(figure)
    figure.subplots(rows, sharex=True)
    for axes in figure.axes:
        axes.tick_params(labelsize=12)
        axes.xaxis.label.set_fontsize(14)
        axes.yaxis.label.set_fontsize(14)
        axes.spines[["top", "right"]].set_visible(False)
    return figure, figure.axes[0]


def _format_share_axes(axes: Any, which: str) -> None:
    from matplotlib.ticker import PercentFormatter

    for name in which:
        getattr(axes, f"{name}axis").set_major_formatter(PercentFormatter(1))
    axes.grid(visible=True, color=GRID)
    axes.set_axisbelow(True)


def _png(figure: Any, axes: Any, title: str) -> bytes:
    axes.set_title(title, fontsize=15)
    data = io.BytesIO()
    # The version of matplotlib is left out, so that equal data give equal files
    figure.savefig(data, format="png", metadata={"Software": None})
    return data.getvalue()
