from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from realtime.app.window_state import WindowState
from tests.support.live import run_live
from tests.support.waiting import until
from tests.support.x11 import Screen

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="another system has no X server")
def test_without_an_x_server_a_window_counts_as_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":999999")
    state = WindowState("emodj")
    assert not state.minimised
    state.close()
    state.close()


@pytest.mark.window
def test_a_window_of_another_program_is_not_meant(
    clip: Path, display: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", display)
    state = WindowState("emodj")
    with run_live(display, tmp_path, "--source", str(clip)) as emodj, Screen(display) as screen:
        screen.minimise(emodj.window)
        until(lambda: not screen.is_visible(emodj.window))
        assert emodj.process.pid != os.getpid()
        assert not state.minimised
    state.close()
