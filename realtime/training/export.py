"""What a run ends with: the pair, corrected and calibrated, and a report of it on the part that it was tuned on."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.classifier import contract, keras_pair
from realtime.domain import EXPRESSIONS
from realtime.storage import resources
from realtime.training import calibration, confidence_head, evaluation, run_folder
from realtime.training.targets import build_targets, prior
from realtime.training.trainer import predict_probabilities

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from realtime.training.calibration import Calibration
    from realtime.training.dataset import Dataset
    from realtime.training.recipe import Epoch, Recipe

PAIR = "emotiondetector.json"


def calibrate(
    trained: Any, recipe: Recipe, training: Dataset, tuning: Dataset, lesson: NDArray[np.float32] | None
) -> Calibration | None:
    """Choose a correction on the tuning part and fold it into the network, in place; teach it how sure it may be, if it can.

    Returns:
        The correction; None for `transfer`, which ends in a mean of two softmaxes: no layer of it could take one.
    """
    if recipe.architecture == "transfer":
        return None
    # A network that someone taught to doubt before is judged without it
    confidence_head.reset_head(trained)
    _, wanted = build_targets(recipe, training, lesson)
    # A photo that it has learned from says nothing of how sure it may be
    fresh = tuning.where(~tuning.copy_of_training)
    chosen = fresh if len(fresh) else tuning
    correction = calibration.choose_correction(predict_probabilities(trained, chosen.images), prior(recipe, wanted), chosen)
    keras_pair.fold_calibration(trained, correction.temperature, np.array(correction.bias, np.float32))
    if not confidence_head.teachable(trained):
        return correction
    # It was tempered before, so that what it is taught lies about one, in the middle of what it can say
    degree, limit = teach_confidence(trained, training, chosen, recipe.seed)
    bias = tuple(each / degree for each in correction.bias)
    return replace(correction, temperature=correction.temperature * degree, bias=bias, unsure_below=limit)


def teach_confidence(trained: Any, training: Dataset, tuning: Dataset, seed: int) -> tuple[float, float]:
    """Teach a network how sure of each face it may be and fold in the temperature that is right then, in place.

    Args:
        trained: Keras network that `sureness.teachable` says can be taught, corrected for the prior.
        training: images to learn that from.
        tuning: images, never learned from, to choose on.
        seed: of all that is random.

    Returns:
        The temperature, and the threshold below which a face is unsure, 0..1.
    """
    confidence_head.train_head(trained, training, seed)
    degree, limit = calibration.choose_temperature(predict_probabilities(trained, tuning.images), tuning)
    keras_pair.fold_calibration(trained, degree, np.zeros(len(EXPRESSIONS), np.float32))
    return degree, limit


def export(
    trained: Any,
    recipe: Recipe,
    correction: Calibration | None,
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
    keras_pair.save_pair(trained, pair)
    count = int(trained.count_params())
    said = predict_probabilities(trained, tuning.images)
    chosen, right = calibration.judges(tuning)
    threshold = calibration.choose_threshold(said[chosen], right[chosen]) if correction is None else correction.unsure_below
    rows = evaluation.robustness(lambda crops: predict_probabilities(trained, crops), tuning, threshold)
    part = "public" if len(images.part("public")) else "held out"
    document = evaluation.report_document(tuning, said, part=part, threshold=threshold, parameters=count, robustness=rows)
    settings = run_folder.run_settings(
        command=commands[0],
        measure=commands[1],
        data=evaluation.facts(images, name),
        network={"name": pair.name, "sha256": contract.pair_digest(pair), "parameters": count},
        recipe=asdict(recipe),
        correction=None if correction is None else asdict(correction),
        seed=recipe.seed,
    )
    run_folder.write_report(run, document, settings, history=[asdict(epoch) for epoch in history])
    about = {key: settings[key] for key in ("date", "command", "recipe", "correction", "versions")} | {"data": name}
    shipped = contract.read_contract(contract.contract_path(resources.models_folder() / PAIR))
    crops = [golden.crop for golden in shipped.golden]
    contract.write_contract(pair, crops=crops, about=about, side_ratio=shipped.side_ratio, unsure_below=threshold)
    return pair
