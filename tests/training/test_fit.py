import itertools
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime.errors import EmodjError, UsageError
from realtime.network import answers, build, tensorflow
from realtime.training.augment import augment
from realtime.training.dataset import Dataset
from realtime.training.fit import Epoch, Recipe, fit, predict

# Keras 3.15 reads its variables in the way of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

Build = Callable[..., Dataset]
HAPPY, SAD = 3, 5
RECIPE = Recipe(epochs=2, batch_size=16)
ONE_STEP = Recipe(epochs=1, batch_size=16, momentum=0.0, ema_decay=0.0)


class StoppedError(Exception):
    pass


def weights(network: Any) -> list[Any]:
    return [np.array(weight) for weight in network.get_weights()]


def kept(run: Path, name: str) -> list[Any]:
    """The arrays of one kind in a run's checkpoint, in their order."""
    with np.load(run / "checkpoint.npz") as archive:
        count = sum(key.startswith(f"{name}_") for key in archive.files)
        return [archive[f"{name}_{index}"] for index in range(count)]


def same(ours: list[Any], theirs: list[Any]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))


def ignore(_: Epoch) -> None:
    pass


@pytest.fixture(scope="module")
def easy(people: Build) -> Dataset:
    """Bright noise looks happy, dark noise sad."""
    labels = [HAPPY, SAD] * 32
    dice = np.random.default_rng(1)
    images = dice.integers(0, 60, (64, 48, 48)) + np.where(np.array(labels) == HAPPY, 180, 10)[:, None, None]
    return people(labels, images=images.astype(np.uint8))


@pytest.fixture(scope="module")
def unbroken(easy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any], list[Epoch]]:
    """A whole run: its folder, the weights that it delivered, what it reported."""
    run = tmp_path_factory.mktemp("runs") / "a" / "b"
    reported: list[Epoch] = []
    network = fit(RECIPE, easy, easy, run, reported.append)
    return run, weights(network), reported


def test_a_run_learns_and_says_how_it_goes(unbroken: tuple[Path, list[Any], list[Epoch]]) -> None:
    run, _, reported = unbroken
    assert [epoch.number for epoch in reported] == [1, 2]
    assert all(np.isfinite(epoch.loss) and epoch.seconds > 0 and 0 <= epoch.accuracy <= 1 for epoch in reported)
    assert reported[1].loss < reported[0].loss - 0.1
    assert sorted(path.name for path in run.iterdir()) == ["checkpoint.npz", "history.json"]
    history = json.loads((run / "history.json").read_text(encoding="utf-8"))
    assert history.pop("data_sha256")
    assert history == {"recipe": asdict(RECIPE), "epochs": [asdict(epoch) for epoch in reported]}


def test_a_run_delivers_the_averaged_weights(unbroken: tuple[Path, list[Any], list[Epoch]], easy: Dataset) -> None:
    run, delivered, reported = unbroken
    average = kept(run, "average")
    learned = [not weight.name.startswith("moving_") for weight in build("compact").weights]
    assert same(list(itertools.compress(delivered, learned)), list(itertools.compress(average, learned)))
    raw = kept(run, "network")[: len(average)]
    assert not any(np.array_equal(one, other) for one, other in zip(average, raw, strict=False) if one.ndim > 1)
    network = build("compact")
    network.set_weights(delivered)
    said = predict(network, easy.images).argmax(axis=1)
    assert np.mean(said == easy.labels) == reported[-1].accuracy


def test_the_learning_rate_ends_on_the_cosine(unbroken: tuple[Path, list[Any], list[Epoch]]) -> None:
    iterations, rate, *_ = kept(unbroken[0], "optimizer")
    assert iterations == 8
    # Four steps of warm-up, then the last of four steps: three quarters of the way down to a thousandth
    assert rate == pytest.approx(RECIPE.learning_rate * (0.001 + 0.999 * (1 + np.cos(0.75 * np.pi)) / 2), rel=1e-5)


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(
    unbroken: tuple[Path, list[Any], list[Epoch]], easy: Dataset, tmp_path: Path
) -> None:
    def stop(_: Epoch) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        fit(RECIPE, easy, easy, tmp_path, stop)
    whole, delivered, reported = unbroken
    # At the end of the warm-up epoch
    assert kept(tmp_path, "optimizer")[1] == np.float32(RECIPE.learning_rate)
    resumed: list[Epoch] = []
    network = fit(RECIPE, easy, easy, tmp_path, resumed.append)
    assert [(epoch.number, epoch.loss, epoch.accuracy) for epoch in resumed] == [(2, reported[1].loss, reported[1].accuracy)]
    assert same(weights(network), delivered)
    for name in ("network", "optimizer", "average"):
        assert same(kept(tmp_path, name), kept(whole, name))


def test_a_finished_run_is_not_trained_again(
    unbroken: tuple[Path, list[Any], list[Epoch]], easy: Dataset, tmp_path: Path
) -> None:
    run, delivered, _ = unbroken
    shutil.copytree(run, tmp_path / "run")
    again: list[Epoch] = []
    network = fit(RECIPE, easy, easy, tmp_path / "run", again.append)
    assert not again
    assert same(weights(network), delivered)


def test_another_recipe_in_the_same_folder_is_refused(
    unbroken: tuple[Path, list[Any], list[Epoch]], easy: Dataset, tmp_path: Path
) -> None:
    shutil.copytree(unbroken[0], tmp_path / "run")
    before = (tmp_path / "run" / "checkpoint.npz").read_bytes()
    with pytest.raises(UsageError, match="holds a run of another recipe"):
        fit(replace(RECIPE, learning_rate=0.02), easy, easy, tmp_path / "run", ignore)
    assert (tmp_path / "run" / "checkpoint.npz").read_bytes() == before


def test_a_loss_that_is_no_number_is_said_in_a_sentence(easy: Dataset, tmp_path: Path) -> None:
    with pytest.raises(EmodjError, match=r"loss of epoch 1 is not a number: try a learning rate below 1e\+30"):
        fit(replace(RECIPE, learning_rate=1e30), easy, easy, tmp_path, ignore)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def one_step(easy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Callable[[float, Dataset], list[Any]]:
    def train(l2: float, training: Dataset) -> list[Any]:
        return weights(fit(replace(ONE_STEP, l2=l2), training, easy, tmp_path_factory.mktemp("step"), ignore))

    return train


def test_decay_is_for_kernels_only(one_step: Callable[[float, Dataset], list[Any]], easy: Dataset) -> None:
    few = easy.where(np.arange(64) < 16)
    tensorflow("testing").keras.utils.set_random_seed(ONE_STEP.seed)
    network = build("compact")
    for name, start, free, held in zip(
        [weight.name for weight in network.weights], weights(network), one_step(0.0, few), one_step(0.1, few), strict=True
    ):
        if name.startswith("moving_"):
            continue
        # One step of plain descent takes off the rate times the penalty's gradient, and nothing averages it away
        pull = ONE_STEP.learning_rate * 2 * 0.1 * start if name == "kernel" else np.zeros_like(start)
        np.testing.assert_allclose(free - held, pull, atol=1e-6, err_msg=name)
        assert not np.array_equal(free, start), name


def test_batch_norm_expects_what_the_delivered_weights_make_of_the_pictures(easy: Dataset, tmp_path: Path) -> None:
    # So few steps leave a moving average near where it began
    network = fit(RECIPE, easy, easy, tmp_path, ignore)
    tf = tensorflow("testing")
    first = next(layer for layer in network.layers if isinstance(layer, tf.keras.layers.BatchNormalization))
    before = tf.keras.Model(network.inputs, network.layers[network.layers.index(first) - 1].output)
    seen = np.concatenate(
        [before(augment(tf.cast(easy.images[..., None], tf.float32) / 255, tf.constant([5, i]))).numpy() for i in range(8)]
    )
    np.testing.assert_allclose(first.moving_variance.numpy(), seen.var(axis=(0, 1, 2)), rtol=0.25)
    np.testing.assert_allclose(first.moving_mean.numpy(), seen.mean(axis=(0, 1, 2)), atol=0.25 * seen.std())


def test_a_run_can_go_on_from_the_weights_of_another(easy: Dataset, tmp_path: Path) -> None:
    tensorflow("testing").keras.utils.set_random_seed(7)
    begun = build("compact")
    few = easy.where(np.arange(64) < 16)
    barely = replace(ONE_STEP, learning_rate=1e-9, start="theirs")
    after = fit(barely, few, few, tmp_path / "on", ignore, begun)
    for weight, theirs, ours in zip(begun.weights, weights(begun), weights(after), strict=True):
        if not weight.name.startswith("moving_"):
            np.testing.assert_allclose(ours, theirs, atol=1e-6)
    with pytest.raises(UsageError, match="holds a run of another recipe"):
        fit(replace(barely, start="others"), few, few, tmp_path / "on", ignore, begun)


def test_a_run_goes_on_only_from_its_own_architecture(easy: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the network to start from is no compact"):
        fit(RECIPE, easy, easy, tmp_path, ignore, build("ancestor"))
    assert not list(tmp_path.iterdir())


def test_pictures_without_a_face_teach_nothing(
    one_step: Callable[[float, Dataset], list[Any]], easy: Dataset, people: Build
) -> None:
    images = np.concatenate([easy.images[:16], np.full((16, 48, 48), 255, np.uint8)])
    ballots = [{"happiness": 10}, {"sadness": 10}] * 8 + [{"NF": 10}] * 16
    both = people([HAPPY, SAD] * 8 + [0] * 16, ballots, images)
    assert same(one_step(2e-4, both), one_step(2e-4, easy.where(np.arange(64) < 16)))


@pytest.mark.parametrize("batch_size", [1, 2, 5, 512])
def test_predictions_do_not_depend_on_the_batches(easy: Dataset, batch_size: int) -> None:
    tensorflow("testing").keras.utils.set_random_seed(1)
    network = build("compact")
    images = easy.images[:5]
    said = predict(network, images, batch_size)
    assert said.shape == (5, 7)
    assert said.dtype == np.float32
    crops = (images[..., None] / 255).astype(np.float32)
    np.testing.assert_allclose(said, answers(network, crops), atol=1e-6)


def test_other_data_in_the_same_folder_are_refused(
    unbroken: tuple[Path, list[Any], list[Epoch]], easy: Dataset, people: Build
) -> None:
    other = people([HAPPY, SAD] * 32, images=255 - easy.images)
    with pytest.raises(UsageError, match="holds a run on other data"):
        fit(RECIPE, other, easy, unbroken[0], ignore)


@pytest.mark.parametrize("keep", [0, 10, 5000], ids=["empty", "a few bytes", "half"])
def test_a_damaged_checkpoint_is_said_in_a_sentence(
    unbroken: tuple[Path, list[Any], list[Epoch]], easy: Dataset, tmp_path: Path, keep: int
) -> None:
    whole = (unbroken[0] / "checkpoint.npz").read_bytes()
    (tmp_path / "checkpoint.npz").write_bytes(whole[:keep])
    with pytest.raises(UsageError, match=r"checkpoint\.npz is damaged: delete it to begin anew"):
        fit(RECIPE, easy, easy, tmp_path, ignore)


def test_data_without_a_face_are_refused(people: Build, easy: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no picture of a face"):
        fit(RECIPE, people([HAPPY] * 4, [{"NF": 10}] * 4), easy, tmp_path, ignore)
