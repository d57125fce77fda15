"""Figures of a report as plain text, for a terminal and for a file; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtime.domain import EXPRESSIONS
from realtime.training.evaluation import ORIGINAL_LABELS, WITHOUT_COPIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TITLES = {
    "accuracy": "accuracy",
    "macro_f1": "macro F1",
    "weighted_f1": "weighted F1",
    "mean_recall": "mean recall",
    "calibration_error": "calibration error",
    "vote_calibration_error": "against votes",
    "answered": "answered",
    "right_of_answered": "right of answered",
}
"""Titles of the figures of a group that are one number, in the order of the report."""

COLUMNS = ("precision", "recall", "f1")


def format_share(value: float | None, digits: int = 1) -> str:
    """Format a share (0..1) as per cent; None, such as the recall of an expression without faces, as a dash."""
    return "–" if value is None else f"{value:.{digits}%}"


def format_points(value: float | None) -> str:
    """Format a difference of shares (-1..1) as percentage points; None as a dash."""
    return "–" if value is None else f"{100 * value:.1f}"


def informative_groups(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Groups of a report without repetition: if the data have no copies, the group without copies equals the first one."""
    groups: dict[str, Mapping[str, Any]] = dict(document["figures"])
    if groups[WITHOUT_COPIES]["images"] == groups[ORIGINAL_LABELS]["images"]:
        del groups[WITHOUT_COPIES]
    return groups


def format_threshold(document: Mapping[str, Any]) -> str:
    """The threshold of a report: "0.54", or "0.54 (neutral 0.80)"."""
    neutral = document.get("neutral_threshold")
    return f"{document['threshold']:.2f}" + ("" if neutral is None else f" (neutral {neutral:.2f})")


def report_text(document: Mapping[str, Any]) -> str:
    """Format all figures of an `evaluation.report_document`, except confusion matrices and curves; with a final line end."""
    head = f"{document['parameters']:,} parameters, {document['part']} part, unsure below {format_threshold(document)}"
    blocks = [[head], *(_group_lines(name, values) for name, values in informative_groups(document).items())]
    if "robustness" in document:
        blocks.append(robustness_lines(document["robustness"]))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _group_lines(name: str, values: Mapping[str, Any]) -> list[str]:
    lines = [f"{name}, {values['images']:,} images"]
    lines += [f"  {title:18s} {format_share(values[key]):>6s}" for key, title in TITLES.items() if key in values]
    lines.append(f"  {'':12s}{'precision':>10s}{'recall':>10s}{'F1':>10s}{'support':>10s}")
    for expression in EXPRESSIONS:
        cells = "".join(f"{format_share(values[column][expression.value]):>10s}" for column in COLUMNS)
        lines.append(f"  {expression.value:12s}{cells}{values['support'][expression.value]:>10,}")
    return lines


def robustness_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Format the rows of `evaluation.measure_robustness` as a table, one line each."""
    lines = [f"{'damage':32s}{'accuracy':>10s}{'answered':>10s}{'right of those':>16s}{'fall':>7s}"]
    for row in rows:
        accuracy, answered, right = (format_share(row[key]) for key in ("accuracy", "answered", "right_of_answered"))
        lines.append(f"{row['way']:32s}{accuracy:>10s}{answered:>10s}{right:>16s}{format_points(row['fall']):>7s}")
    return lines
