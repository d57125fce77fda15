"""The threshold from the settings or from the contract of the network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from realtime.app.build import unsure_below
from realtime.classifier.contract import UNSURE_BELOW, Contract, contract_path, pair_digest, write_contract_file
from realtime.config.files import load_settings
from realtime.storage import resources

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.config.schema import Settings


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A pair with invalid content: only the digest of its bytes is used."""
    path = tmp_path / "net.json"
    path.write_text("{}", encoding="utf-8")
    path.with_suffix(".h5").write_bytes(b"weights")
    return path


def settings(threshold: float | None = None) -> Settings:
    shipped = load_settings([resources.shipped_config()])
    return replace(shipped, faces=replace(shipped.faces, unsure_below=threshold))


@pytest.mark.parametrize(
    ("chosen", "own", "threshold"),
    [(None, 0.7, 0.7), (0.2, 0.7, 0.2), (0.0, 0.7, 0.0), (None, 0.0, 0.0), (None, None, UNSURE_BELOW), (0.2, None, 0.2)],
)
def test_the_threshold_of_the_settings_wins_over_that_of_the_network(
    pair: Path, chosen: float | None, own: float | None, threshold: float
) -> None:
    write_contract_file(contract_path(pair), Contract(pair_digest(pair), pair_digest(pair), unsure_below=own))
    assert unsure_below(settings(chosen), pair) == threshold


def test_a_pair_without_a_contract_has_the_default_threshold(pair: Path) -> None:
    assert unsure_below(settings(), pair) == UNSURE_BELOW == 0.55


def test_the_contract_of_another_pair_is_ignored(pair: Path) -> None:
    write_contract_file(contract_path(pair), Contract(pair_digest(pair), pair_digest(pair), unsure_below=0.7))
    pair.with_suffix(".h5").write_bytes(b"other weights")
    assert unsure_below(settings(), pair) == UNSURE_BELOW
