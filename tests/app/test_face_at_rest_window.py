"""A face at rest in a real window: measured, asked about, used and forgotten by key `k`."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.live import LiveDriver
from tests.support.places import ROOT
from tests.support.rest_faces import write_rest_film
from tests.support.waiting import until
from tests.support.x11 import run_in_window

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.domain import Image

FRAMES = 600
"""Frames of the film: a minute."""
MEASURED = 90
"""Frames of a measurement of eight seconds, and some more."""


def wait_for_frames(emodj: LiveDriver, count: int) -> None:
    """Wait for so many more documents."""
    begun = len(emodj.lines)
    until(lambda: len(emodj.lines) >= begun + count)


def is_calibrated(emodj: LiveDriver) -> bool:
    """Whether the newest frame has one corrected face."""
    faces = emodj.lines[-1]["faces"]
    return len(faces) == 1 and faces[0].get("calibrated", False)


# Slow: a measurement takes eight seconds
@pytest.mark.window
def test_the_key_measures_asks_uses_and_forgets(astronaut: Image, display: str, tmp_path: Path) -> None:
    film = write_rest_film(tmp_path / "rest.mkv", astronaut, FRAMES)
    command = [sys.executable, "-m", "realtime", "live", "--source", str(film), "--jsonl"]
    environment = {"PYTHONPATH": str(ROOT)}
    with run_in_window(command, tmp_path, display=display, environment=environment, driver=LiveDriver) as emodj:
        emodj.wait_for_window()
        until(lambda: len(emodj.lines) > 5)
        emodj.press("k")
        wait_for_frames(emodj, MEASURED)
        assert not is_calibrated(emodj), "it asks before it uses the result"
        emodj.press("k")
        until(lambda: is_calibrated(emodj))
        emodj.press("k")
        until(lambda: not is_calibrated(emodj))
        assert emodj.leave("q") == 0
        assert emodj.lines[-1]["calibrated"] is True
        assert emodj.lines[-1]["mood"]["expression"] == "neutral"


@pytest.mark.window
def test_the_command_ends_by_itself_and_prints_the_result(astronaut: Image, display: str, tmp_path: Path) -> None:
    film = write_rest_film(tmp_path / "rest.mkv", astronaut, FRAMES)
    command = [sys.executable, "-m", "realtime", "calibrate", "--source", str(film), "--seconds", "3"]
    environment = {"PYTHONPATH": str(ROOT)}
    with run_in_window(command, tmp_path, display=display, environment=environment, driver=LiveDriver) as emodj:
        emodj.wait_for_window()
        assert emodj.finish() == 0
        counts, words = emodj.output.splitlines()
        assert re.fullmatch(r"neutral in \d+ of \d+ pictures before, in \d+ after", counts)
        assert words.startswith("happy is turned down to ")


@pytest.mark.window
def test_escape_stops_the_command(astronaut: Image, display: str, tmp_path: Path) -> None:
    film = write_rest_film(tmp_path / "rest.mkv", astronaut, FRAMES)
    command = [sys.executable, "-m", "realtime", "calibrate", "--source", str(film), "--seconds", "60"]
    environment = {"PYTHONPATH": str(ROOT)}
    with run_in_window(command, tmp_path, display=display, environment=environment, driver=LiveDriver) as emodj:
        emodj.wait_for_window()
        assert emodj.leave("Escape") == 1
        assert emodj.stderr.endswith("emodj: nothing was measured: it was stopped before its end\n")
