"""The examples of docs/guide/python.md run, and print the text below them."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

import realtime
from tests.support.places import ASTRONAUT, MODELS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.domain import Image

PAGE = (ROOT / "docs" / "guide" / "python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```python\n(.+?)^```\n(?:\n```\n(.+?)^```$)?", PAGE, re.MULTILINE | re.DOTALL)
FRAMES, RATE = 3, 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all files that the examples name."""
    place = tmp_path_factory.mktemp("examples")
    shutil.copy(ASTRONAUT, place / "photo.jpg")
    for file in MODELS.glob("emotiondetector.*"):
        shutil.copy(file, place / file.name.replace("emotiondetector", "mine"))
    image: Image = np.asarray(cv2.imread(str(ASTRONAUT)), np.uint8)
    writer = cv2.VideoWriter(str(place / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), RATE, image.shape[1::-1])
    for _ in range(FRAMES):
        writer.write(image)
    writer.release()
    return place


@pytest.mark.parametrize(("program", "printed"), EXAMPLES, ids=range(1, len(EXAMPLES) + 1))
def test_an_example_prints_the_text_below_it(
    program: str, printed: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    exec(compile(program, "python.md", "exec"), {"__name__": "__main__"})  # noqa: S102 - it is our page
    assert capsys.readouterr() == (printed, "")


def test_every_example_is_run() -> None:
    assert len(EXAMPLES) == PAGE.count("```python")


def test_every_public_name_is_in_the_table_of_names() -> None:
    table = PAGE.partition("## Names")[2]
    documented = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]+)\|", table, re.MULTILINE)))
    assert sorted(documented) == sorted(realtime.__all__)
