"""The notebook runs on small faces, and the committed copy with its outputs is made from the same cells."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from realtime.training.sketches import sketch_dataset
from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# jupyter_core reads it while it is imported, and would warn that its folders are about to move
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")

import jupytext
import nbformat

SCRIPT = ROOT / "scripts" / "make_notebook.py"
SOURCE, COMMITTED = ROOT / "docs" / "training.py", ROOT / "docs" / "training.ipynb"
MOST_BYTES = 600_000

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="needs TensorFlow: pip install 'emodj[train]'"
)


def read(path: Path) -> Any:
    return jupytext.read(path, fmt="py:percent") if path.suffix == ".py" else nbformat.read(path, as_version=4)


def cells(notebook: Any) -> list[tuple[str, str]]:
    return [(cell["cell_type"], cell["source"]) for cell in notebook["cells"]]


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


def printed(notebook: Any) -> str:
    return "".join(output["text"] for output in outputs(notebook) if output["output_type"] == "stream")


def measured_network(notebook: Any) -> str:
    """SHA-256 of the network that the figures are about."""
    return printed(notebook).partition("emotiondetector.json, SHA-256 ")[2].split()[0]


def make(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command: Sequence[str] = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)


def write_drawn(path: Path) -> Path:
    """A file of drawn faces, with sketches in place of the drawings."""
    faces = sketch_dataset(24, seed=2)
    count = np.arange(len(faces))
    strength = np.where(faces.labels == 4, 0, 0.3 + count % 10 / 10).astype(np.float16)
    attribute = (count % 7 / 7).astype(np.float16)
    identity = count.astype(np.int32)
    np.savez_compressed(
        path, images=faces.images, labels=faces.labels, strength=strength, identity=identity, skin=attribute, age=attribute
    )
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook, executed on sketched faces for one epoch. Half a minute: TensorFlow is imported twice."""
    folder = tmp_path_factory.mktemp("notebook")
    result = folder / "made.ipynb"
    done = make("--epochs", "1", "--drawn", write_drawn(folder / "drawn.npz"), "--out", result)
    # A warning of a cell, or of what it calls, fails the script too
    assert done.returncode == 0, done.stderr
    return read(result)


@needs_tensorflow
def test_every_cell_runs_on_sketched_faces(made: Any) -> None:
    nbformat.validate(made)
    code = [cell for cell in made["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert cells(made) == cells(read(SOURCE))


@needs_tensorflow
def test_it_says_that_the_faces_are_sketched_and_what_it_measured(made: Any) -> None:
    text = printed(made)
    assert "No data are given: the faces are sketched." in text
    assert sketch_dataset().fingerprint() in text
    assert "98 pictures to learn from" in text
    assert "drawn.npz: 168 faces of 168 persons" in text
    assert "1,452,840 parameters" in text
    assert "clear majority, 1" in text
    assert "JPEG of quality 10" in text
    assert "emotiondetector.tflite" in text
    assert "largest difference of a probability" in text


@needs_tensorflow
def test_it_shows_plots_and_faces(made: Any) -> None:
    shown = [kind for output in outputs(made) for kind in output.get("data", {})]
    # Counts, agreement, weights, curves, confusion, reliability, coverage, damage, strength
    assert shown.count("image/png") == 9
    # Sketches, views, drawn faces
    assert shown.count("image/jpeg") == 3


def test_a_failing_cell_fails_the_script_and_nothing_is_written(tmp_path: Path) -> None:
    data, out = tmp_path / "faces.csv", tmp_path / "made.ipynb"
    data.write_text("emotion,pixels\n", encoding="utf-8")
    done = make(data, "--out", out)
    assert done.returncode == 1
    assert "faces.csv has no column Usage" in done.stderr
    assert not out.exists()


def test_missing_data_are_found_before_anything_runs(tmp_path: Path) -> None:
    done = make(tmp_path / "missing.npz")
    assert done.returncode == 2
    assert "missing.npz does not exist" in done.stderr


def test_a_run_without_data_does_not_replace_the_committed_notebook() -> None:
    done = make()
    assert done.returncode == 2
    assert "--out is needed" in done.stderr


def test_a_warning_in_a_cell_is_found(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    header = SOURCE.read_text(encoding="utf-8").split("# %%")[0]
    source.write_text(header + "# %%\nimport warnings\n\nwarnings.warn('this is late', stacklevel=1)\n", encoding="utf-8")
    program = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1]); import make_notebook as made; "
        "print(*made.execute(made.read_source(pathlib.Path(sys.argv[2])), {}))"
    )
    command = [sys.executable, "-c", program, str(SCRIPT.parent), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "UserWarning: this is late" in done.stdout


def test_the_drawn_faces_of_the_notebook_are_those_that_training_leaves_out() -> None:
    path = ROOT / "scripts" / "distillation" / "drawn.py"
    learned = path.read_text(encoding="utf-8")
    source = SOURCE.read_text(encoding="utf-8")
    assert "HELD_OUT = 8\n" in learned
    assert 'drawn["identity"] % 8 == 0' in source
    assert "FULL_STRENGTH = 0.8\n" in learned
    assert 'drawn["strength"] >= 0.8' in source


def test_the_committed_notebook_is_made_from_the_percent_file() -> None:
    assert cells(read(COMMITTED)) == cells(read(SOURCE)), "run scripts/make_notebook.py: docs/training.py has changed"


def test_the_percent_file_has_no_outputs() -> None:
    assert not outputs(read(SOURCE))
    assert "base64" not in SOURCE.read_text(encoding="utf-8")


def test_the_committed_notebook_is_about_the_shipped_network() -> None:
    shipped = json.loads((ROOT / "models" / "emotiondetector.contract.json").read_text(encoding="utf-8"))
    digest = measured_network(read(COMMITTED))
    assert digest == shipped["pair_sha256"], "run scripts/make_notebook.py: the network has changed"


def test_the_committed_notebook_has_all_outputs_and_stays_small() -> None:
    notebook = read(COMMITTED)
    nbformat.validate(notebook)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [each for each in outputs(notebook) if each["output_type"] == "error" or each.get("name") == "stderr"]
    # The folders of the computer that it was made on are nobody's business
    assert str(ROOT) not in printed(notebook)
    assert COMMITTED.stat().st_size < MOST_BYTES
