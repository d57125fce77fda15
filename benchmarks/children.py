"""Processes of their own for what is measured, and a screen for their windows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.scene import write_clip
from realtime.errors import DisplayError, EmodjError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from benchmarks.scene import Scene

ROOT = Path(__file__).parent.parent
SCREEN_TOOLS = ("Xvfb", "openbox")
END_S = 10.0
"""How long a child may take to end when it is told to."""


def python(module: str, *arguments: str) -> list[str]:
    """The command line of a module, for this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def environment(display: str | None = None) -> dict[str, str]:
    """That of a child: FFmpeg reads a live source by its description, settings are those that emodj comes with."""
    own = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "EMODJ_CONFIG"}}
    own |= {"OPENCV_FFMPEG_CAPTURE_OPTIONS": "input_format;lavfi", "TF_CPP_MIN_LOG_LEVEL": "3", "OPENCV_LOG_LEVEL": "ERROR"}
    if display:
        own |= {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    return own


def run(command: list[str], env: Mapping[str, str]) -> str:
    """Run a child to its end; returns what it printed.

    Raises:
        EmodjError: it failed.
    """
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise EmodjError(f"{' '.join(command[2:4])} ended with status {done.returncode}: {last}")
    return done.stdout


def numbers(command: list[str], env: Mapping[str, str]) -> dict[str, float]:
    """Run a child whose last line is a JSON object of numbers.

    Raises:
        EmodjError: it failed.
    """
    return json.loads(run(command, env).splitlines()[-1])


@contextmanager
def live_clip(scene: Scene) -> Generator[str]:
    """A live source of 30 frames a second, without a camera: a clip that FFmpeg plays over and over, at its pace."""
    with tempfile.TemporaryDirectory() as folder:
        clip = write_clip(scene, Path(folder) / "clip.avi")
        yield f"movie={clip}:loop=0,setpts=N/30/TB,realtime"


@contextmanager
def screen() -> Generator[str]:
    """A virtual screen with a window manager on it; yields its DISPLAY.

    Raises:
        DisplayError: the tools are not installed, or do not start.
    """
    missing = [tool for tool in SCREEN_TOOLS if shutil.which(tool) is None]
    if missing:
        raise DisplayError(f"a window needs {' and '.join(missing)}: install xvfb and openbox")
    with ExitStack() as stack:
        read, write = os.pipe()
        command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
        stack.enter_context(_started(command, pass_fds=(write,)))
        os.close(write)
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        if not number:
            raise DisplayError("Xvfb did not start: does it run by hand?")
        display = f":{number}"
        stack.enter_context(_started(["openbox"], env=os.environ | {"DISPLAY": display}))
        yield display


@contextmanager
def _started(
    command: list[str], *, env: Mapping[str, str] | None = None, pass_fds: tuple[int, ...] = ()
) -> Generator[subprocess.Popen[bytes]]:
    null = subprocess.DEVNULL
    process = subprocess.Popen(command, env=env, pass_fds=pass_fds, stdout=null, stderr=null)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
