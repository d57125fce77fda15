import csv
import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime.classifier.architectures import CONFIDENCE_HEAD, build_network
from realtime.classifier.keras_pair import LOGITS, import_tensorflow, predict
from realtime.errors import EmodjError, UsageError
from realtime.training import trainer
from realtime.training.augment import augment
from realtime.training.dataset import Dataset
from realtime.training.recipe import Epoch, Recipe, best_epoch
from realtime.training.trainer import Trainer, predict_probabilities, train_network
from tests.support.tiny_network import NAME, doubting, introduce
from tests.support.torn_files import knowing

# Keras 3.15 reads its variables in the way of NumPy 1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning")

Build = Callable[..., Dataset]
FinishedRun = tuple[Path, Any, list[Epoch]]
HAPPY, SAD = 3, 5
LABELS = [*range(7), *[HAPPY, SAD] * 28, HAPPY]
RECIPE = Recipe(NAME, epochs=2, batch_size=16)
ONE_STEP = Recipe(NAME, epochs=1, batch_size=16, momentum=0.0, ema_decay=0.0)


class StoppedError(Exception):
    pass


def weights(network: Any) -> list[Any]:
    return [np.array(weight) for weight in network.get_weights()]


def load_arrays(run: Path, name: str) -> list[Any]:
    """The arrays of one kind in a run's checkpoint, in their order."""
    with np.load(run / "checkpoint.npz") as archive:
        count = sum(key.startswith(f"{name}_") for key in archive.files)
        return [archive[f"{name}_{index}"] for index in range(count)]


def are_equal(ours: list[Any], theirs: list[Any]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(ours, theirs, strict=True))


def ignore(_: Epoch) -> None:
    pass


def stop(_: Epoch) -> None:
    raise StoppedError


@pytest.fixture(scope="module", autouse=True)
def register_network() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        introduce(patch)
        patch.setattr(trainer, "BATCH_NORM_BATCHES", 8)
        yield


@pytest.fixture(scope="module")
def easy(people: Build) -> Dataset:
    """Bright noise looks happy, dark noise sad or rarely something else."""
    rng = np.random.default_rng(1)
    images = rng.integers(0, 60, (64, 48, 48)) + np.where(np.array(LABELS) == HAPPY, 180, 10)[:, None, None]
    return people(LABELS, images=images.astype(np.uint8))


@pytest.fixture(scope="module")
def few(easy: Dataset) -> Dataset:
    """Images for one step."""
    return easy.select(np.arange(64) < 16)


@pytest.fixture(scope="module")
def finished_run(easy: Dataset, tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """A finished run: its folder, the returned network and the reported epochs."""
    run = tmp_path_factory.mktemp("runs") / "a" / "b"
    reported: list[Epoch] = []
    network, history = train_network(RECIPE, easy, easy, run, reported.append)
    assert history == reported
    return run, network, reported


def test_a_run_learns_and_reports_its_epochs(finished_run: FinishedRun) -> None:
    run, _, reported = finished_run
    assert [epoch.number for epoch in reported] == [1, 2]
    assert all(np.isfinite(epoch.loss) and epoch.seconds > 0 and 0 <= epoch.accuracy <= 1 for epoch in reported)
    assert reported[1].loss < reported[0].loss - 0.1
    assert sorted(path.name for path in run.iterdir()) == ["checkpoint.npz", "history.csv"]
    with (run / "history.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["epoch", "loss", "tuning_loss", "accuracy", "seconds", "learning_rate"]
    assert [[float(value) for value in row] for row in rows[1:]] == [list(asdict(epoch).values()) for epoch in reported]


def test_a_run_returns_the_averaged_weights(finished_run: FinishedRun, easy: Dataset) -> None:
    run, network, reported = finished_run
    delivered, average = weights(network), load_arrays(run, "average")
    learned = [not weight.name.startswith("moving_") for weight in network.weights]
    assert are_equal(list(itertools.compress(delivered, learned)), list(itertools.compress(average, learned)))
    raw = [array for array in load_arrays(run, "network") if array.ndim > 1]
    for one, other in zip([array for array in average if array.ndim > 1], raw, strict=True):
        assert not np.array_equal(one, other)
    probabilities = predict_probabilities(network, easy.images)
    assert np.mean(probabilities.argmax(axis=1) == easy.labels) == reported[-1].accuracy
    shares = 0.95 * np.eye(7)[easy.labels] + 0.05 / 7
    assert reported[-1].tuning_loss == pytest.approx(-np.mean(np.sum(shares * np.log(probabilities), axis=1)), rel=1e-4)


def test_the_learning_rate_ends_on_the_cosine(finished_run: FinishedRun) -> None:
    iterations, rate, *_ = load_arrays(finished_run[0], "optimizer")
    assert iterations == 8
    # Four steps of warm-up, then the last of four steps: three quarters of the way down to a thousandth
    assert rate == pytest.approx(RECIPE.learning_rate * (0.001 + 0.999 * (1 + np.cos(0.75 * np.pi)) / 2), rel=1e-5)
    assert [epoch.learning_rate for epoch in finished_run[2]] == [pytest.approx(RECIPE.learning_rate), pytest.approx(rate)]


PATIENT = replace(RECIPE, optimizer="adam", learning_rate=1e-3, patience=1, balance=True, teacher="theirs", teacher_share=0.5)


@pytest.mark.parametrize("recipe", [RECIPE, PATIENT], ids=["sgd", "adam with patience, balance and a teacher"])
def test_a_resumed_run_equals_an_uninterrupted_one(recipe: Recipe, easy: Dataset, tmp_path: Path) -> None:
    soft_labels = np.random.default_rng(2).dirichlet(np.ones(7), len(easy)).astype(np.float32) if recipe.teacher else None
    whole, whole_history = train_network(recipe, easy, easy, tmp_path / "uninterrupted", ignore, soft_labels=soft_labels)
    with pytest.raises(StoppedError):
        train_network(recipe, easy, easy, tmp_path / "interrupted", stop, soft_labels=soft_labels)
    resumed: list[Epoch] = []
    network, history = train_network(recipe, easy, easy, tmp_path / "interrupted", resumed.append, soft_labels=soft_labels)
    assert [epoch.number for epoch in resumed] == [2]
    assert [replace(epoch, seconds=0) for epoch in history] == [replace(epoch, seconds=0) for epoch in whole_history]
    assert are_equal(weights(network), weights(whole))
    for name in ("network", "optimizer", "average", "best"):
        assert are_equal(load_arrays(tmp_path / "interrupted", name), load_arrays(tmp_path / "uninterrupted", name))


def test_a_run_with_patience_ends_early_and_returns_its_best_epoch(easy: Dataset, few: Dataset, tmp_path: Path) -> None:
    # The tuning labels contradict the training labels, so an early epoch is the best
    wrong = replace(few, labels=(few.labels + 3) % 7, votes=np.roll(few.votes, 1, axis=0) * 0)
    recipe = replace(ONE_STEP, epochs=9, learning_rate=0.3, patience=2, mixup=0.0)
    network, history = train_network(recipe, easy, wrong, tmp_path, ignore)
    kept_epoch = best_epoch(history)
    assert len(history) == kept_epoch + 1 + 2 < 9
    assert min(epoch.tuning_loss for epoch in history) == history[kept_epoch].tuning_loss
    probabilities = predict_probabilities(network, wrong.images)
    shares = 0.95 * np.eye(7)[wrong.labels] + 0.05 / 7
    assert -np.mean(np.sum(shares * np.log(probabilities), axis=1)) == pytest.approx(history[kept_epoch].tuning_loss, rel=1e-4)
    again, same_history = train_network(recipe, easy, wrong, tmp_path, stop)
    assert same_history == history
    assert are_equal(weights(again), weights(network))


def test_steps_are_reported_as_they_end(few: Dataset, tmp_path: Path) -> None:
    reported: list[tuple[int, int, int, float]] = []

    def step(epoch: int, index: int, steps: int, loss: Any) -> None:
        reported.append((epoch, index, steps, float(loss)))

    history = train_network(replace(ONE_STEP, batch_size=4), few, few, tmp_path, ignore, step=step)[1]
    assert [row[:3] for row in reported] == [(0, index, 4) for index in range(4)]
    assert history[0].loss == pytest.approx(np.mean([row[3] for row in reported]), rel=1e-5)


def test_a_finished_run_is_not_trained_again(finished_run: FinishedRun, easy: Dataset, tmp_path: Path) -> None:
    run, delivered, reported = finished_run
    shutil.copytree(run, tmp_path / "run")
    network, history = train_network(RECIPE, easy, easy, tmp_path / "run", stop)
    assert history == reported
    assert are_equal(weights(network), weights(delivered))


def test_another_recipe_in_the_same_folder_is_refused(finished_run: FinishedRun, easy: Dataset, tmp_path: Path) -> None:
    shutil.copytree(finished_run[0], tmp_path / "run")
    before = (tmp_path / "run" / "checkpoint.npz").read_bytes()
    with pytest.raises(UsageError, match="holds a run of another recipe"):
        train_network(replace(RECIPE, learning_rate=0.02), easy, easy, tmp_path / "run", ignore)
    assert (tmp_path / "run" / "checkpoint.npz").read_bytes() == before


def test_a_nan_loss_is_reported(easy: Dataset, tmp_path: Path) -> None:
    with pytest.raises(EmodjError, match=r"loss of epoch 1 is not a number: try a learning rate below 1e\+30"):
        train_network(replace(RECIPE, learning_rate=1e30), easy, easy, tmp_path, ignore)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def one_step(tmp_path_factory: pytest.TempPathFactory) -> Callable[[float, Dataset], list[Any]]:
    def train(l2: float, training: Dataset) -> list[Any]:
        return weights(train_network(replace(ONE_STEP, l2=l2), training, training, tmp_path_factory.mktemp("step"), ignore)[0])

    return train


def test_decay_is_for_kernels_only(one_step: Callable[[float, Dataset], list[Any]], few: Dataset) -> None:
    import_tensorflow("testing").keras.utils.set_random_seed(ONE_STEP.seed)
    network = build_network(NAME)
    for name, start, without_decay, with_decay in zip(
        [weight.name for weight in network.weights], weights(network), one_step(0.0, few), one_step(0.1, few), strict=True
    ):
        if name.startswith("moving_"):
            continue
        # One step of gradient descent subtracts the rate times the gradient of the penalty, without averaging
        decay = ONE_STEP.learning_rate * 2 * 0.1 * start if name == "kernel" else np.zeros_like(start)
        np.testing.assert_allclose(without_decay - with_decay, decay, atol=1e-6, err_msg=name)
        assert not np.array_equal(without_decay, start), name


def test_batch_norm_statistics_fit_the_final_weights(finished_run: FinishedRun, easy: Dataset) -> None:
    # After so few steps a moving average would still be near its initial value
    network = finished_run[1]
    tf = import_tensorflow("testing")
    first = next(layer for layer in network.layers if isinstance(layer, tf.keras.layers.BatchNormalization))
    before = tf.keras.Model(network.inputs, network.layers[network.layers.index(first) - 1].output)
    inputs = np.concatenate(
        [before(augment(tf.cast(easy.images[..., None], tf.float32) / 255, tf.constant([5, i]))).numpy() for i in range(8)]
    )
    np.testing.assert_allclose(first.moving_variance.numpy(), inputs.var(axis=(0, 1, 2)), rtol=0.25)
    np.testing.assert_allclose(first.moving_mean.numpy(), inputs.mean(axis=(0, 1, 2)), atol=0.25 * inputs.std())


def test_a_run_can_start_from_the_weights_of_another(few: Dataset, tmp_path: Path) -> None:
    import_tensorflow("testing").keras.utils.set_random_seed(7)
    start_network = build_network(NAME)
    tiny_step = replace(ONE_STEP, learning_rate=1e-9, start="theirs")
    after = train_network(tiny_step, few, few, tmp_path / "on", ignore, start_network)[0]
    for weight, theirs, ours in zip(start_network.weights, weights(start_network), weights(after), strict=True):
        if not weight.name.startswith("moving_"):
            np.testing.assert_allclose(ours, theirs, atol=1e-6)
    with pytest.raises(UsageError, match="holds a run of another recipe"):
        train_network(replace(tiny_step, start="others"), few, few, tmp_path / "on", ignore, start_network)


def test_a_run_starts_only_from_its_own_architecture(easy: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the network to start from is no tiny"):
        train_network(RECIPE, easy, easy, tmp_path, ignore, build_network("ancestor"))
    assert not list(tmp_path.iterdir())


def test_images_without_a_face_are_not_trained_on(
    one_step: Callable[[float, Dataset], list[Any]], few: Dataset, people: Build
) -> None:
    images = np.concatenate([few.images, np.full((16, 48, 48), 255, np.uint8)])
    both = people([*LABELS[:16], *[0] * 16], images=images)
    votes = np.where(np.arange(32)[:, None] < 16, both.votes, 10 * np.eye(10, dtype=np.float32)[9])
    both = replace(both, votes=votes)
    assert are_equal(one_step(0.0, both), one_step(0.0, few))


@pytest.mark.parametrize("batch_size", [1, 2, 5, 512])
def test_predictions_do_not_depend_on_the_batches(easy: Dataset, batch_size: int) -> None:
    import_tensorflow("testing").keras.utils.set_random_seed(1)
    network = build_network(NAME)
    images = easy.images[:5]
    probabilities = predict_probabilities(network, images, batch_size)
    assert probabilities.shape == (5, 7)
    assert probabilities.dtype == np.float32
    crops = (images[..., None] / 255).astype(np.float32)
    np.testing.assert_allclose(probabilities, predict(network, crops), atol=1e-6)


def test_other_data_in_the_same_folder_are_refused(finished_run: FinishedRun, easy: Dataset, people: Build) -> None:
    other = people(LABELS, images=255 - easy.images)
    for training, tuning in ((other, easy), (easy, other)):
        with pytest.raises(UsageError, match="holds a run on other data"):
            train_network(RECIPE, training, tuning, finished_run[0], ignore)


@pytest.mark.parametrize("keep", [0, 10, 5000], ids=["empty", "a few bytes", "half"])
def test_a_damaged_checkpoint_is_reported(finished_run: FinishedRun, easy: Dataset, tmp_path: Path, keep: int) -> None:
    whole = (finished_run[0] / "checkpoint.npz").read_bytes()
    (tmp_path / "checkpoint.npz").write_bytes(whole[:keep])
    with pytest.raises(UsageError, match=r"checkpoint\.npz is damaged: delete it to begin anew"):
        train_network(RECIPE, easy, easy, tmp_path, ignore)


def test_the_confidence_head_is_reset_during_training(crowd: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    introduce(monkeypatch, "doubting", doubting)
    start = knowing()
    start.get_layer(CONFIDENCE_HEAD[1]).set_weights([np.ones((64, 1)), np.ones(1)])
    session = Trainer(Recipe("doubting", epochs=1, batch_size=64), crowd, start, None)
    before = [np.array(weight) for weight in session.network.get_layer(LOGITS).get_weights()]
    np.testing.assert_allclose(before[0], start.get_layer(LOGITS).get_weights()[0])
    session.run_epoch(0, None)
    assert not np.array_equal(session.network.get_layer(LOGITS).get_weights()[0], before[0])
    for weight in session.network.get_layer(CONFIDENCE_HEAD[1]).get_weights():
        assert not weight.any()
