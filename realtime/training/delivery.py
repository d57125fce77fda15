"""What a run ends with: the pair, corrected and calibrated, and a report of it on the part that it was tuned on."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime import assets, contract, network
from realtime.domain import EXPRESSIONS
from realtime.training import calibrate, evaluate, runfolder, sureness
from realtime.training.fit import predict
from realtime.training.goal import goal, prior

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from realtime.training.calibrate import Correction
    from realtime.training.dataset import Dataset
    from realtime.training.recipe import Epoch, Recipe

PAIR = "emotiondetector.json"


def corrected(
    trained: Any, recipe: Recipe, training: Dataset, tuning: Dataset, lesson: NDArray[np.float32] | None
) -> Correction | None:
    """Choose a correction on the tuning part and fold it into the network, in place; teach it how sure it may be, if it can.

    Returns:
        The correction; None for `transfer`, which ends in a mean of two softmaxes: no layer of it could take one.
    """
    if recipe.architecture == "transfer":
        return None
    # A network that someone taught to doubt before is judged without it
    sureness.forget(trained)
    _, wanted = goal(recipe, training, lesson)
    # A photo that it has learned from says nothing of how sure it may be
    fresh = tuning.where(~tuning.copy_of_training)
    chosen = fresh if len(fresh) else tuning
    correction = calibrate.choose(predict(trained, chosen.images), prior(recipe, wanted), chosen)
    network.fold(trained, correction.temperature, np.array(correction.bias, np.float32))
    if not sureness.teachable(trained):
        return correction
    # It was tempered before, so that what it is taught lies about one, in the middle of what it can say
    degree, limit = doubting(trained, training, chosen, recipe.seed)
    bias = tuple(each / degree for each in correction.bias)
    return replace(correction, temperature=correction.temperature * degree, bias=bias, unsure_below=limit)


def doubting(trained: Any, training: Dataset, tuning: Dataset, seed: int) -> tuple[float, float]:
    """Teach a network how sure of each face it may be and fold in the temperature that is right then, in place.

    Args:
        trained: Keras network that `sureness.teachable` says can be taught, corrected for the prior.
        training: images to learn that from.
        tuning: images, never learned from, to choose on.
        seed: of all that is random.

    Returns:
        The temperature, and the threshold below which a face is unsure, 0..1.
    """
    sureness.teach(trained, training, seed)
    degree, limit = calibrate.temper(predict(trained, tuning.images), tuning)
    network.fold(trained, degree, np.zeros(len(EXPRESSIONS), np.float32))
    return degree, limit


def deliver(
    trained: Any,
    recipe: Recipe,
    correction: Correction | None,
    history: Sequence[Epoch],
    images: Dataset,
    tuning: Dataset,
    run: Path,
    *,
    name: str,
    commands: tuple[str, str | None],
) -> Path:
    """Write pair, contract and report into the run's folder and return the path of the pair, which then runs as it is.

    Args:
        trained: the Keras network.
        recipe: of the run.
        correction: what was folded into it, if anything was.
        history: all epochs.
        images: the whole data.
        tuning: the part that the report measures.
        run: the folder, which exists.
        name: of the data.
        commands: the command line that gave the result, and the one that prints the report again, if there is any.

    Raises:
        EmodjError: a file cannot be written, or TensorFlow cannot compile the network.
    """
    pair = run / PAIR
    network.save_pair(trained, pair)
    count = int(trained.count_params())
    said = predict(trained, tuning.images)
    chosen, right = calibrate.judges(tuning)
    threshold = calibrate.threshold(said[chosen], right[chosen]) if correction is None else correction.unsure_below
    rows = evaluate.robustness(lambda crops: predict(trained, crops), tuning, threshold)
    part = "public" if len(images.part("public")) else "held out"
    document = evaluate.document(tuning, said, part=part, threshold=threshold, parameters=count, robustness=rows)
    settings = runfolder.settings(
        command=commands[0],
        measure=commands[1],
        data=evaluate.facts(images, name),
        network={"name": pair.name, "sha256": contract.pair_digest(pair), "parameters": count},
        recipe=asdict(recipe),
        correction=None if correction is None else asdict(correction),
        seed=recipe.seed,
    )
    runfolder.write(run, document, settings, history=[asdict(epoch) for epoch in history])
    about = {key: settings[key] for key in ("date", "command", "recipe", "correction", "versions")} | {"data": name}
    shipped = contract.read(contract.contract_path(assets.models() / PAIR))
    crops = [golden.crop for golden in shipped.golden]
    contract.seal(pair, crops=crops, about=about, side_ratio=shipped.side_ratio, unsure_below=threshold)
    return pair
