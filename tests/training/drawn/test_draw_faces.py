from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import cv2
import numpy as np

from tests.support.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "draw_faces.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_script_writes_an_archive_and_a_contact_sheet(model_path: Path, tmp_path: Path) -> None:
    out, sheet = tmp_path / "drawn.npz", tmp_path / "sheet.png"
    ran = run(model_path, "--count", 14, "--jobs", 1, "--out", out, "--sheet", sheet)
    assert (ran.returncode, ran.stderr) == (0, "")
    with np.load(out) as archive:
        assert archive["images"].shape == (14, 48, 48)
    picture = cv2.imread(str(sheet), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    assert picture.shape == (7 * 96, 16 * 96)


def test_bad_input_is_refused_before_anything_is_drawn(model_path: Path, tmp_path: Path) -> None:
    nowhere = run(model_path, "--out", tmp_path / "no" / "drawn.npz")
    assert nowhere.returncode == 2
    assert "there is no folder" in nowhere.stderr
    other = tmp_path / "other.npz"
    np.savez(other, images=np.zeros(3))
    refused = run(other, "--out", tmp_path / "drawn.npz")
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"error: {other} cannot be read")
    assert len(refused.stderr.splitlines()) == 1
