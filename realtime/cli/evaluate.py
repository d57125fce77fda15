"""`emodj evaluate`: what a network is worth."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.needs import need_parts
from realtime.cli.parts import shipped_pair


@click.command(
    epilog="""\b
Example:
  emodj evaluate fer2013.npz --model runs/first/emotiondetector.json --json
""",
)
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--model", "pair", type=click.Path(path_type=Path), metavar="NAME.json", help="The shipped one by default.")
@click.option("--part", type=click.Choice(["public", "private"]), default="private", show_default=True)
@click.option("--json", "as_json", is_flag=True, default=None, help="Print the report as JSON, with the confusion table.")
@common_options
@pass_context
def evaluate(context: Context, data: Path, pair: Path | None, part: str, as_json: bool | None) -> None:
    """Measure a network on the test part of DATA, single view.

    Against the original labels, the same without photos that are also in the training part, and against the clear
    majority of ten people.
    """
    from realtime import network
    from realtime.training import dataset
    from realtime.training.evaluate import report
    from realtime.training.fit import predict

    threshold = context.settings().faces.unsure_below
    images = dataset.read(data)
    need_parts(images, (part,), data)
    images = images.part(part)
    loaded = network.load_pair(pair or shipped_pair())
    figures = report(images, predict(loaded, images.images), threshold)
    if as_json:
        document = {"schema": 1, "part": part, "parameters": int(loaded.count_params()), "threshold": threshold}
        click.echo(json.dumps({**document, "figures": _finite(figures)}, indent=1, allow_nan=False))
        return
    click.echo(f"{loaded.count_params():,} parameters, {part} part, unsure below {threshold:.2f}")
    for group, values in figures.items():
        click.echo(f"\n{group}, {values['images']} images")
        for name in ("accuracy", "macro_f1", "mean_recall", "calibration_error", "answered", "right_of_answered"):
            click.echo(f"  {name.replace('_', ' '):18s} {_share(values[name], digits=1):>6s}")
        if "vote_calibration_error" in values:
            click.echo(f"  {'against votes':18s} {values['vote_calibration_error']:6.1%}")
        click.echo("  recall             " + ", ".join(f"{name} {_share(value)}" for name, value in values["recall"].items()))


def _share(value: float, *, digits: int = 0) -> str:
    """A figure that does not exist, such as the recall of an expression that nobody has, is a dash."""
    return f"{value:.{digits}%}" if math.isfinite(value) else "–"


def _finite(value: Any) -> Any:
    """JSON knows no NaN: a figure that does not exist is null."""
    if isinstance(value, dict):
        return {key: _finite(inside) for key, inside in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
