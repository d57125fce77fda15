import resource
import signal
from pathlib import Path

import pytest

from realtime.errors import EmodjError, UsageError
from realtime.training import checkpoint
from realtime.training.recipe import Epoch, Recipe

EPOCH = Epoch(1, 1.5, 1.25, 0.5, 2.0, 0.1)


def test_a_folder_without_a_checkpoint_has_no_saved_epochs(tmp_path: Path) -> None:
    assert checkpoint.count_saved_epochs(tmp_path) == 0
    assert checkpoint.count_saved_epochs(tmp_path / "missing") == 0
    (tmp_path / "file").touch()
    assert checkpoint.count_saved_epochs(tmp_path / "file" / "run") == 0
    assert checkpoint.restore_checkpoint(tmp_path, Recipe(), "data", {}) == []


def test_a_saved_checkpoint_can_be_counted_and_restored(tmp_path: Path) -> None:
    checkpoint.save_checkpoint(tmp_path, Recipe(), "data", {}, [EPOCH])
    assert checkpoint.count_saved_epochs(tmp_path) == 1
    assert checkpoint.restore_checkpoint(tmp_path, Recipe(), "data", {}) == [EPOCH]
    assert (tmp_path / "history.csv").read_text(encoding="utf-8") == (
        "epoch,loss,tuning_loss,accuracy,seconds,learning_rate\n1,1.5,1.25,0.5,2.0,0.1\n"
    )
    with pytest.raises(UsageError, match="another recipe"):
        checkpoint.restore_checkpoint(tmp_path, Recipe(seed=2), "data", {})
    with pytest.raises(UsageError, match="other data"):
        checkpoint.restore_checkpoint(tmp_path, Recipe(), "others", {})


def test_a_damaged_checkpoint_is_reported_before_a_run(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.npz").write_bytes(b"no archive")
    with pytest.raises(UsageError, match=r"checkpoint\.npz is damaged: delete it"):
        checkpoint.count_saved_epochs(tmp_path)


def test_a_full_disk_keeps_the_previous_checkpoint(tmp_path: Path) -> None:
    checkpoint.save_checkpoint(tmp_path, Recipe(), "data", {}, [EPOCH])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(EmodjError, match=r"^cannot write .*checkpoint\.npz and .*history\.csv \(File too large\)"):
            checkpoint.save_checkpoint(tmp_path, Recipe(), "data", {}, [EPOCH, EPOCH])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert checkpoint.restore_checkpoint(tmp_path, Recipe(), "data", {}) == [EPOCH]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.npz", "history.csv"]
