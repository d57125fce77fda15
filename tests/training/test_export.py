from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.classifier.architectures import CONFIDENCE_HEAD
from realtime.classifier.keras_pair import LOGITS
from realtime.training import export, metrics
from realtime.training.calibration import choose_temperature, reference_labels
from realtime.training.dataset import Dataset
from realtime.training.recipe import Epoch, Recipe
from realtime.training.trainer import predict_probabilities, train_network
from tests.support.tiny_network import doubting, introduce
from tests.support.torn_files import disputed, knowing

# Keras 3.15 reads its variables in the way of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

RECIPE = Recipe("doubting")


def test_a_run_ends_with_a_trained_confidence_head_and_a_calibration(crowd: Dataset) -> None:
    network = knowing()
    correction = export.calibrate(network, RECIPE, crowd, crowd, None)
    assert correction is not None
    probabilities, is_disputed = predict_probabilities(network, crowd.images), disputed(crowd)
    assert probabilities.max(axis=1)[is_disputed].mean() < 0.6
    assert probabilities.max(axis=1)[~is_disputed].mean() > 0.9
    clear, majority = reference_labels(crowd)
    assert metrics.calibration_error(probabilities[clear], majority[clear]) < 0.05
    temperature, threshold = choose_temperature(probabilities, crowd)
    assert temperature == pytest.approx(1, abs=0.05), "no other temperature would be better"
    assert correction.unsure_below == pytest.approx(threshold, abs=0.011)


def test_the_correction_contains_all_that_was_folded_in(crowd: Dataset) -> None:
    network = knowing()
    kernel, bias = (np.array(weight) for weight in network.get_layer(LOGITS).get_weights())
    correction = export.calibrate(network, RECIPE, crowd, crowd, None)
    assert correction is not None
    now = network.get_layer(LOGITS).get_weights()
    np.testing.assert_allclose(now[0], kernel / correction.temperature, rtol=1e-5)
    np.testing.assert_allclose(now[1], bias / correction.temperature + np.array(correction.bias), rtol=1e-4, atol=1e-5)


def test_an_earlier_confidence_head_does_not_affect_the_correction(crowd: Dataset) -> None:
    fresh, doubtful = knowing(), knowing()
    last = doubtful.get_layer(CONFIDENCE_HEAD[1])
    last.set_weights([np.random.default_rng(1).normal(size=(64, 1)), np.array([-2.0])])
    corrections = [export.calibrate(network, RECIPE, crowd, crowd, None) for network in (fresh, doubtful)]
    assert corrections[0] == corrections[1]
    np.testing.assert_array_equal(predict_probabilities(fresh, crowd.images), predict_probabilities(doubtful, crowd.images))


def test_a_resumed_run_ends_with_the_same_network(crowd: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    introduce(monkeypatch, "doubting", doubting)
    recipe = Recipe("doubting", epochs=2, batch_size=64)

    def stop(_: Epoch) -> None:
        raise KeyboardInterrupt

    def finish_run(run: Path) -> list[NDArray[np.float32]]:
        network, _ = train_network(recipe, crowd, crowd, run, lambda _: None)
        assert export.calibrate(network, recipe, crowd, crowd, None) is not None
        return [np.array(weight) for weight in network.get_weights()]

    with pytest.raises(KeyboardInterrupt):
        train_network(recipe, crowd, crowd, tmp_path / "broken", stop)
    for one, other in zip(finish_run(tmp_path / "broken"), finish_run(tmp_path / "whole"), strict=True):
        np.testing.assert_array_equal(one, other)
