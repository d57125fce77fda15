from dataclasses import replace

import pytest

from realtime.training.recipe import PRESETS, Epoch, Recipe, best_epoch, is_over


def history(*losses: float) -> list[Epoch]:
    return [Epoch(number, 1.0, loss, 0.5, 1.0, 0.1) for number, loss in enumerate(losses, 1)]


def test_the_best_epoch_is_the_first_of_the_least_tuning_loss() -> None:
    assert best_epoch(history(3, 1, 2, 1)) == 1


@pytest.mark.parametrize(
    ("patience", "losses", "wanted"),
    [
        (0, [1, 2, 3, 4], False),
        (0, [5, 4, 3, 2, 1], True),
        (2, [], False),
        (2, [1, 2], False),
        (2, [1, 2, 3], True),
        (2, [1, 2, 0.5, 0.6], False),
        (2, [1, 1, 1], True),
    ],
)
def test_a_run_is_over_after_its_epochs_or_when_its_patience_ends(patience: int, losses: list[float], *, wanted: bool) -> None:
    assert is_over(Recipe(epochs=5, patience=patience), history(*losses)) is wanted


def test_each_architecture_has_a_recipe() -> None:
    assert all(recipe.architecture == name for name, recipe in PRESETS.items())
    assert PRESETS["compact"] == Recipe()
    assert PRESETS["ancestor"] == replace(Recipe(), architecture="ancestor")
    transfer = PRESETS["transfer"]
    assert (transfer.optimizer, transfer.learning_rate, transfer.patience, transfer.epochs) == ("adam", 2e-4, 3, 20)
    assert transfer.balance
