"""`emodj train`: a network from pictures of faces."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.needs import need_parts
from realtime.errors import EmodjError

if TYPE_CHECKING:
    from realtime.training.dataset import Dataset
    from realtime.training.fit import Epoch, Recipe

PAIR = "emotiondetector.json"


@click.command(
    epilog="""\b
Example:
  emodj train fer2013.npz --run runs/first
""",
)
@click.argument("data", type=click.Path(path_type=Path))
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
    need_parts(images, ("training", "public"), data)
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
