"""Make docs/training.ipynb: the cells of docs/training.py, with the outputs of one execution.

    python scripts/make_notebook.py fer2013.npz --drawn drawn.npz

Without data the notebook sketches small faces, and --out says where the result goes. The file is written if every cell ran. The
script fails if a cell fails, or if a cell writes to stderr, such as a warning. No picture of the data is in the result.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

# Read while jupyter_core is imported: it would warn that its folders are about to move
os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from traitlets.config import Config

ROOT = Path(__file__).parent.parent
SOURCE, RESULT = ROOT / "docs" / "training.py", ROOT / "docs" / "training.ipynb"


def read_source(path: Path) -> nbformat.NotebookNode:
    """Read a percent file as a notebook without outputs. Cells are numbered, so that equal files give equal notebooks."""
    notebook = jupytext.read(path, fmt="py:percent")
    notebook.metadata = nbformat.from_dict({"kernelspec": notebook.metadata["kernelspec"]})
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell["metadata"] = nbformat.NotebookNode()
    return notebook


def execute(notebook: nbformat.NotebookNode, variables: dict[str, str]) -> list[str]:
    """Execute all cells in a new kernel, in place, and return what they wrote to stderr.

    Args:
        notebook: result of `read_source`.
        variables: environment variables of the kernel.

    Raises:
        CellExecutionError: a cell raised an exception.
    """
    client = NotebookClient(
        notebook,
        timeout=None,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(ROOT)}},
        # Other programs of this computer cannot listen
        config=Config({"KernelManager": {"transport_encryption": "auto"}}),
    )
    # Jupyter and IPython keep histories and connection files in the home of the person
    with tempfile.TemporaryDirectory(prefix="emodj-notebook-", ignore_cleanup_errors=True) as folder:
        own = dict.fromkeys(("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"), folder)
        client.execute(env={**os.environ, **own, **variables})
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output["text"] for output in outputs if output.get("name") == "stderr"]


def main() -> int:
    """Make the notebook; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?", help="FER-2013 as .npz or .csv, or folders of faces")
    parser.add_argument("--drawn", type=Path, help="file of scripts/draw_faces.py")
    parser.add_argument("--epochs", type=int, default=6, help="most epochs of the run")
    parser.add_argument("--faces", type=int, default=3000, help="faces to learn from; 0: all")
    parser.add_argument("--out", type=Path, help="file to write; docs/training.ipynb if there are data")
    options = parser.parse_args()
    if options.out is None and options.data is None:
        parser.error("without DATA, --out is needed: docs/training.ipynb shows the figures of FER-2013")
    for path in (options.data, options.drawn):
        if path and not path.exists():
            parser.error(f"{path} does not exist")
    notebook = read_source(SOURCE)
    with tempfile.TemporaryDirectory(prefix="emodj-run-", ignore_cleanup_errors=True) as run:
        variables = {
            "NOTEBOOK_DATA": str(options.data.absolute()) if options.data else "",
            "NOTEBOOK_DRAWN": str(options.drawn.absolute()) if options.drawn else "",
            "NOTEBOOK_EPOCHS": str(options.epochs),
            "NOTEBOOK_FACES": str(options.faces),
            "NOTEBOOK_RUN": run,
        }
        try:
            warnings = execute(notebook, variables)
        except CellExecutionError as error:
            print(error, file=sys.stderr)
            return 1
    nbformat.write(notebook, options.out or RESULT)
    for text in warnings:
        print(f"a cell wrote to stderr: {text}", file=sys.stderr)
    return 1 if warnings else 0


if __name__ == "__main__":
    sys.exit(main())
