"""Calibrate, save, compile and report a trained network."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from realtime.classifier import contract, keras_pair
from realtime.classifier.loading import write_contract
from realtime.domain import EXPRESSIONS, Threshold
from realtime.storage import resources
from realtime.training import calibration, confidence_head, evaluation, run_folder
from realtime.training.neutral_reference import neutral_reference
from realtime.training.targets import build_targets, class_prior
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
    trained: Any, recipe: Recipe, training: Dataset, tuning: Dataset, soft_labels: NDArray[np.float32] | None
) -> Calibration | None:
    """Choose a correction on the tuning part, and fold it into the network, in place.

    If the network has a confidence head, the head is trained, too.

    Args:
        trained: Keras network, changed in place.
        recipe: recipe of the run.
        training: images that the network was trained on.
        tuning: images to choose the correction on.
        soft_labels: (n, 7) float32 probabilities of the teachers for the training images, or None.

    Returns:
        The correction. None for `transfer`: it ends in the mean of two softmaxes, and no layer of it can take a correction.
    """
    if recipe.architecture == "transfer":
        return None
    # The correction is chosen without the effect of a confidence head that was trained before
    confidence_head.reset_head(trained)
    _, targets = build_targets(recipe, training, soft_labels)
    # On photos that it was trained on, the network is too confident to choose a correction
    fresh = tuning.select(~tuning.copy_of_training)
    chosen = fresh if len(fresh) else tuning
    correction = calibration.choose_correction(
        predict_probabilities(trained, chosen.images), class_prior(recipe, targets), chosen
    )
    keras_pair.fold_calibration(trained, correction.temperature, np.array(correction.bias, np.float32))
    if not confidence_head.has_confidence_head(trained):
        return correction
    # With the temperature folded in first, the factors of the head lie near one, the middle of their range
    temperature, threshold = teach_confidence(trained, training, chosen, recipe.seed)
    bias = tuple(each / temperature for each in correction.bias)
    return replace(correction, temperature=correction.temperature * temperature, bias=bias, unsure_below=threshold)


def teach_confidence(trained: Any, training: Dataset, tuning: Dataset, seed: int) -> tuple[float, float]:
    """Train the confidence head and fold in a new temperature, in place.

    Args:
        trained: Keras network with a confidence head, corrected for the prior.
        training: images to train the head on.
        tuning: images to choose temperature and threshold on; never trained on.
        seed: seed of all random numbers, below 2**31.

    Returns:
        The temperature, and the confidence threshold below which a face is unsure, 0..1.
    """
    confidence_head.train_head(trained, training, seed)
    temperature, threshold = calibration.choose_temperature(predict_probabilities(trained, tuning.images), tuning)
    keras_pair.fold_calibration(trained, temperature, np.zeros(len(EXPRESSIONS), np.float32))
    return temperature, threshold


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
    """Write pair, compiled network, contract and report into the folder of the run; returns the path of the pair.

    Args:
        trained: Keras network.
        recipe: recipe of the run.
        correction: correction that was folded into the network; None if none was.
        history: all epochs.
        images: all parts of the data.
        tuning: part that the report measures.
        run: folder of the run, which exists.
        name: name of the data.
        commands: command line that produced the network, and the one that prints the report again; the second is None if
            no command can.

    Raises:
        EmodjError: a file cannot be written, or TensorFlow cannot compile the network.
    """
    pair = run / PAIR
    keras_pair.save_pair(trained, pair)
    count = int(trained.count_params())
    probabilities = predict_probabilities(trained, tuning.images)
    chosen, truth = calibration.reference_labels(tuning)
    threshold = (
        calibration.choose_threshold(probabilities[chosen], truth[chosen]) if correction is None else correction.unsure_below
    )
    rows = evaluation.measure_robustness(lambda crops: predict_probabilities(trained, crops), tuning, Threshold(threshold))
    part = "public" if len(images.part("public")) else "held out"
    document = evaluation.report_document(
        tuning, probabilities, part=part, threshold=Threshold(threshold), parameters=count, robustness=rows
    )
    settings = run_folder.run_settings(
        command=commands[0],
        measure=commands[1],
        data=evaluation.describe_dataset(images, name),
        network={"name": pair.name, "sha256": contract.pair_digest(pair), "parameters": count},
        recipe=asdict(recipe),
        correction=None if correction is None else asdict(correction),
        seed=recipe.seed,
    )
    run_folder.write_report(run, document, settings, history=[asdict(epoch) for epoch in history])
    about = {key: settings[key] for key in ("date", "command", "recipe", "correction", "versions")} | {"data": name}
    shipped = contract.read_contract(contract.contract_path(resources.models_folder() / PAIR))
    crops = [golden.crop for golden in shipped.golden]
    write_contract(
        pair,
        crops=crops,
        about=about,
        side_ratio=shipped.side_ratio,
        unsure_below=Threshold(threshold),
        neutral=neutral_reference(tuning, probabilities),
    )
    return pair
