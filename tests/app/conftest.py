"""Clips for sessions in a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support import clips

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.domain import Image


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Path:
    """The astronaut for an hour."""
    path = tmp_path_factory.mktemp("clip") / "clip.mov"
    return clips.write_clip(path, [], [clips.scene(step, astronaut) for step in range(clips.STEPS)])


@pytest.fixture(scope="session")
def leaving(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Path:
    """The astronaut for a second, then an empty scene for the rest of an hour."""
    path = tmp_path_factory.mktemp("leaving") / "leaving.mov"
    first = [clips.scene(step, astronaut) for step in range(clips.RATE)]
    return clips.write_clip(path, first, [clips.scene(step, None) for step in range(clips.STEPS)])
