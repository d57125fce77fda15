"""`emodj train`, `emodj evaluate` and `emodj model`: the commands about the network itself."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.parts import shipped_pair
from realtime.errors import EmodjError, UsageError

if TYPE_CHECKING:
    from realtime.training.dataset import Dataset
    from realtime.training.fit import Epoch, Recipe

PAIR = "emotiondetector.json"
_data = click.argument("data", type=click.Path(path_type=Path))


@click.command(
    epilog="""\b
Example:
  emodj train fer2013.npz --run runs/first
""",
)
@_data
@click.option("--run", type=click.Path(path_type=Path), default=Path("runs/train"), show_default=True, metavar="DIR")
@click.option("--architecture", type=click.Choice(["compact", "ancestor"]), default="compact", show_default=True)
@click.option("--epochs", type=click.IntRange(1), default=70, show_default=True)
@click.option("--batch-size", type=click.IntRange(1), default=128, show_default=True)
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), default=0.1, show_default=True)
@click.option("--mixup", type=click.FloatRange(0), default=0.2, show_default=True, help="How much faces are mixed; 0: not.")
@click.option("--start", type=click.Path(path_type=Path), metavar="NAME.json", help="Go on from the weights of a pair.")
@click.option("--bfloat16", is_flag=True, help="Multiply in bfloat16: faster on processors that can, slower on others.")
@click.option("--seed", type=int, default=1, show_default=True)
@common_options
@pass_context
def train(
    context: Context,
    data: Path,
    run: Path,
    architecture: str,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    mixup: float,
    start: Path | None,
    bfloat16: bool,
    seed: int,
) -> None:
    """Train a network on DATA, FER-2013 with the crowd's votes as one .npz file.

    Learns from the Training part and tunes on PublicTest; PrivateTest is not looked at. The run folder gets a
    checkpoint an epoch: the same command goes on where it was stopped. At its end the pair lies there, corrected for
    the class prior and calibrated; nothing outside the run folder is touched.
    """
    from realtime import network
    from realtime.training import dataset
    from realtime.training.fit import Recipe

    images = dataset.read(data)
    _need_parts(images, ("training", "public"), data)
    begun = None if start is None else network.load_pair(start)
    digest = "" if begun is None else hashlib.sha256(b"".join(weight.tobytes() for weight in begun.get_weights())).hexdigest()
    recipe = Recipe(architecture, epochs, batch_size, learning_rate, mixup=mixup, bfloat16=bfloat16, seed=seed, start=digest)
    try:
        _train(recipe, images, run, context, begun)
    except OSError as error:
        raise EmodjError(
            f"cannot write into {run} ({error.strerror or error}): the run goes on from its last checkpoint"
        ) from error


def _train(recipe: Recipe, images: Dataset, run: Path, context: Context, start: Any) -> None:
    from realtime import network
    from realtime.training import calibrate, dataset
    from realtime.training.fit import fit, predict

    def report(epoch: Epoch) -> None:
        left = (recipe.epochs - epoch.number) * epoch.seconds / 60
        figures = f"loss {epoch.loss:.3f}, tuning accuracy {epoch.accuracy:.1%}"
        context.remark(f"epoch {epoch.number} of {recipe.epochs}: {figures}, {left:.0f} min left")

    training, tuning = images.part("training"), images.part("public")
    trained = fit(recipe, training, tuning, run, report, start)
    prior = dataset.targets(dataset.trainable(training), recipe.label_share, recipe.smoothing).mean(axis=0)
    correction = calibrate.choose(predict(trained, tuning.images), prior.astype(float), tuning)
    network.fold(trained, correction.temperature, np.array(correction.bias, np.float32))
    network.save_pair(trained, run / PAIR)
    settings = {"recipe": asdict(recipe), "correction": asdict(correction)}
    (run / "settings.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    click.echo(str(run / PAIR))


@click.command(
    epilog="""\b
Example:
  emodj evaluate fer2013.npz --model runs/first/emotiondetector.json --json
""",
)
@_data
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
    _need_parts(images, (part,), data)
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


def _need_parts(images: Dataset, parts: tuple[str, ...], data: Path) -> None:
    for part in parts:
        if not len(images.part(part)):
            raise UsageError(f"{data} has no image in its {part} part")


def _share(value: float, *, digits: int = 0) -> str:
    """A figure that does not exist, such as the recall of an expression that nobody has, is a dash."""
    return f"{value:.{digits}%}" if math.isfinite(value) else "–"


def _finite(value: Any) -> Any:
    """JSON knows no NaN: a figure that does not exist is null."""
    if isinstance(value, dict):
        return {key: _finite(inside) for key, inside in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


@click.group()
@common_options
def model() -> None:
    """Look at the network, or compile one."""


@model.command("show", short_help="Print the contract of the network.")
@common_options
@pass_context
def show(context: Context) -> None:
    """Print the contract of the network that the settings name: digests, crop rule, training, figures."""
    from realtime import contract

    pair = context.settings().network.pair or shipped_pair()
    terms = contract.read(contract.contract_path(pair))
    click.echo(f"network      {pair}")
    click.echo(
        f"sha256       {terms.pair_digest}" + ("" if terms.pair_digest == contract.pair_digest(pair) else "  (does not fit)")
    )
    click.echo(f"compiled     {terms.compiled_digest}")
    click.echo(f"crop         {terms.side_ratio:g} × the detector's box")
    click.echo(f"golden crops {', '.join(golden.crop.name for golden in terms.golden)}")
    click.echo(json.dumps(terms.about, indent=1, ensure_ascii=False))


@model.command("compile", short_help="Compile a pair (needs TensorFlow).")
@click.argument("pair", type=click.Path(path_type=Path), metavar="NAME.json")
@common_options
def compile_(pair: Path) -> None:
    """Compile a pair, NAME.json and NAME.h5, and write its contract beside it (needs TensorFlow).

    The golden crops are those of the shipped network.
    """
    from realtime import contract

    own = contract.contract_path(pair)
    golden = contract.read(own if own.exists() else contract.contract_path(shipped_pair())).golden
    terms = contract.seal(pair, crops=[item.crop for item in golden])
    click.echo(str(contract.compiled_path(pair)))
    click.echo(f"sha256 {terms.compiled_digest}", err=True)
