"""Child processes for measurements, live sources for them, and a virtual screen for their windows."""

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
STOP_TIMEOUT_S = 10.0
"""Seconds that a child may take to end after SIGTERM."""


def module_command(module: str, *arguments: str) -> list[str]:
    """Build the command line that runs a module with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def child_environment(display: str | None = None) -> dict[str, str]:
    """Build the environment of a child: FFmpeg opens a live source by its filter description, settings are the shipped ones.

    Children keep their compiled bytecode, as an installed emodj does.
    """
    left_out = {"DISPLAY", "EMODJ_CONFIG", "PYTHONDONTWRITEBYTECODE"}
    variables = {name: value for name, value in os.environ.items() if name not in left_out}
    variables |= {
        "OPENCV_FFMPEG_CAPTURE_OPTIONS": "input_format;lavfi",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OPENCV_LOG_LEVEL": "ERROR",
    }
    if display:
        variables |= {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    return variables


def run_child(command: list[str], env: Mapping[str, str]) -> str:
    """Run a child to its end and return its stdout.

    Raises:
        EmodjError: the child failed.
    """
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise EmodjError(f"{' '.join(command[2:4])} ended with status {done.returncode}: {last}")
    return done.stdout


def read_numbers(command: list[str], env: Mapping[str, str]) -> dict[str, float]:
    """Run a child and parse the last line of its stdout, a JSON object of numbers.

    Raises:
        EmodjError: the child failed.
    """
    return json.loads(run_child(command, env).splitlines()[-1])


@contextmanager
def live_source(scene: Scene) -> Generator[str]:
    """Yield a live source of 30 frames a second: the description of a clip that FFmpeg plays in a loop, in real time."""
    with tempfile.TemporaryDirectory() as folder:
        clip = write_clip(scene, Path(folder) / "clip.avi")
        yield f"movie={clip}:loop=0,setpts=N/30/TB,realtime"


@contextmanager
def virtual_screen() -> Generator[str]:
    """Start a virtual screen with a window manager; yields its DISPLAY.

    Raises:
        DisplayError: the tools are not installed, or they do not start.
    """
    missing = [tool for tool in SCREEN_TOOLS if shutil.which(tool) is None]
    if missing:
        raise DisplayError(f"a window needs {' and '.join(missing)}: install xvfb and openbox")
    with ExitStack() as stack:
        read, write = os.pipe()
        command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
        stack.enter_context(start_process(command, pass_fds=(write,)))
        os.close(write)
        with os.fdopen(read) as answer:
            number = answer.readline().strip()
        if not number:
            raise DisplayError("Xvfb did not start: does it run by hand?")
        display = f":{number}"
        stack.enter_context(start_process(["openbox"], env=os.environ | {"DISPLAY": display}))
        yield display


@contextmanager
def start_process(
    command: list[str], *, env: Mapping[str, str] | None = None, pass_fds: tuple[int, ...] = (), cwd: Path | None = None
) -> Generator[subprocess.Popen[bytes]]:
    """Start a process whose output is dropped, and end it."""
    null = subprocess.DEVNULL
    process = subprocess.Popen(command, env=env, pass_fds=pass_fds, cwd=cwd, stdout=null, stderr=null)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
