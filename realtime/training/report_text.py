"""A report in plain text, for a terminal and for a file; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtime.domain import EXPRESSIONS
from realtime.training.evaluation import ALONE, LABELS

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
"""The figures of a group that are one number, in the order in which they are shown, and what they are called."""

COLUMNS = ("precision", "recall", "f1")


def share(value: float | None, digits: int = 1) -> str:
    """A share in per cent. One that does not exist, such as the recall of an expression that nobody has, is a dash."""
    return "–" if value is None else f"{value:.{digits}%}"


def points(value: float | None) -> str:
    """A fall, in points of a hundred."""
    return "–" if value is None else f"{100 * value:.1f}"


def shown(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The groups of a report that say something of their own: without copies in the data, leaving them out says nothing."""
    groups: dict[str, Mapping[str, Any]] = dict(document["figures"])
    if groups[ALONE]["images"] == groups[LABELS]["images"]:
        del groups[ALONE]
    return groups


def report_text(document: Mapping[str, Any]) -> str:
    """Every figure of an `evaluate.document` but confusion tables and curves, in lines that end in a line end."""
    head = f"{document['parameters']:,} parameters, {document['part']} part, unsure below {document['threshold']:.2f}"
    blocks = [[head], *(_group(name, values) for name, values in shown(document).items())]
    if "robustness" in document:
        blocks.append(spoilt(document["robustness"]))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _group(name: str, values: Mapping[str, Any]) -> list[str]:
    lines = [f"{name}, {values['images']:,} images"]
    lines += [f"  {title:18s} {share(values[key]):>6s}" for key, title in TITLES.items() if key in values]
    lines.append(f"  {'':12s}{'precision':>10s}{'recall':>10s}{'F1':>10s}{'support':>10s}")
    for expression in EXPRESSIONS:
        cells = "".join(f"{share(values[column][expression.value]):>10s}" for column in COLUMNS)
        lines.append(f"  {expression.value:12s}{cells}{values['support'][expression.value]:>10,}")
    return lines


def spoilt(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The lines of a table of `evaluate.robustness`."""
    lines = [f"{'damage':32s}{'accuracy':>10s}{'answered':>10s}{'right of those':>16s}{'fall':>7s}"]
    for row in rows:
        cells = f"{share(row['accuracy']):>10s}{share(row['answered']):>10s}{share(row['right_of_answered']):>16s}"
        lines.append(f"{row['way']:32s}{cells}{points(row['fall']):>7s}")
    return lines
