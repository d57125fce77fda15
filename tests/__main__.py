"""Every check, the same for people and for CI: `uv run --locked python -m tests`. Further arguments go to pytest.

With `--all`, as every night, also the slow tests with networks and sessions of full size, and coverage.
With `--fuzz MINUTES`, only the tests that read damaged input, for about so long together.
"""

import argparse
import compileall
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from io import TextIOWrapper
from pathlib import Path

ROOT = Path(__file__).parent.parent
COVERAGE = ["--cov", "--cov-report=term:skip-covered"]
"""It doubles the time of tests of pure Python (`time pytest tests/session tests/mood tests/overlay`)."""

ONE_THREAD = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
"""There are as many processes as cores: more threads of TensorFlow would wait for each other."""

CHECKS = {
    # The longest first: all run side by side, and the lines of one check after each other
    "tests": [
        [
            "pytest",
            "--numprocesses=auto",
            "--dist=loadscope",
            "--no-loadscope-reorder",
        ],
    ],
    "types": [
        ["basedpyright"],
        # The code of emodj alone, for the systems that it was not written on
        ["basedpyright", "--pythonplatform", "Windows", "realtime"],
        ["basedpyright", "--pythonplatform", "Darwin", "realtime"],
    ],
    "lint": [["ruff", "check", "."]],
    "format": [["ruff", "format", "--check", "."]],
    "imports": [["lint-imports"]],
}


def main() -> int:
    """Run all checks side by side; 1 if any failed."""
    if isinstance(sys.stdout, TextIOWrapper):
        # The terminal of Windows may lack a line
        sys.stdout.reconfigure(errors="replace")
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests", allow_abbrev=False, add_help=False)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("-m", dest="marks", default="")
    parser.add_argument("--fuzz", type=float, metavar="MINUTES")
    given, own = parser.parse_known_args()
    # As uv compiles the libraries: no process of a test has to do it again
    compileall.compile_dir(ROOT / "realtime", quiet=1)
    if given.fuzz is not None:
        return fuzz(given.fuzz, own)
    marks = [f"({given.marks})"] if given.marks else []
    marks += [] if given.all else ["not nightly"]
    own = [*(COVERAGE if given.all else []), *(["-m", " and ".join(marks)] if marks else []), *own]
    started = time.monotonic()
    failed: list[str] = []
    with tempfile.TemporaryDirectory() as output:
        running: dict[str, Future[int]] = {}
        with ThreadPoolExecutor(len(CHECKS)) as pool:
            for name, lines in CHECKS.items():
                commands = [[*line, *(own if name == "tests" else [])] for line in lines]
                sys.stdout.write("".join(f"── {name}: {' '.join(command)}\n" for command in commands))
                # The tests print directly; the output of each other check is printed after its end
                running[name] = pool.submit(run_commands, commands, None if name == "tests" else Path(output) / name)
            sys.stdout.flush()
            for name in reversed(running):
                status = running[name].result()
                printed = Path(output) / name
                sys.stdout.write(printed.read_text(encoding="utf-8", errors="replace") if printed.exists() else "")
                sys.stdout.write(
                    f"── {name}: {'passed' if status == 0 else 'FAILED'} after {time.monotonic() - started:.0f} s\n"
                )
                sys.stdout.flush()
                failed += [] if status == 0 else [name]
    sys.stdout.write(f"── {'failed: ' + ', '.join(failed) if failed else 'all checks passed'}\n")
    return 1 if failed else 0


def run_commands(commands: list[list[str]], output: Path | None) -> int:
    """Run the commands one after another, all of them, and return the first exit status that is not 0.

    Args:
        commands: lines of arguments; each begins with a program of this environment.
        output: the file that gets stdout and stderr; None to print directly.
    """
    folder = Path(sys.executable).parent
    statuses: list[int] = []
    with nullcontext() if output is None else output.open("wb") as stream:
        for program, *arguments in commands:
            line = [str(folder / program), *arguments]
            statuses.append(subprocess.call(line, cwd=ROOT, stdout=stream, stderr=stream, env=os.environ | ONE_THREAD))
    return next((status for status in statuses if status), 0)


def fuzz(minutes: float, own: list[str]) -> int:
    """Run the tests in `tests/fuzz/` one after the other; they share the time. Returns the status of pytest."""
    environment = os.environ | ONE_THREAD | {"EMODJ_FUZZ_UNTIL": str(time.time() + 60 * minutes)}
    command = [str(Path(sys.executable).parent / "pytest"), "tests/fuzz", *own]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
