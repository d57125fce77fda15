"""Every check, the same for people and for CI: `uv run --locked python -m tests`. Further arguments go to pytest."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
CHECKS = {
    "lint": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["basedpyright"],
    "imports": ["lint-imports"],
    "tests": ["pytest", "--cov", "--cov-report=term:skip-covered"],
}


def main() -> int:
    """Run all checks, also after one that failed; 1 if any did."""
    folder = Path(sys.executable).parent
    failed: list[str] = []
    for name, (program, *arguments) in CHECKS.items():
        extra = sys.argv[1:] if name == "tests" else []
        started = time.monotonic()
        sys.stdout.write(f"── {name}: {program} {' '.join([*arguments, *extra])}\n")
        sys.stdout.flush()
        status = subprocess.run([str(folder / program), *arguments, *extra], cwd=ROOT, check=False).returncode
        sys.stdout.write(f"── {name}: {'passed' if status == 0 else 'FAILED'} in {time.monotonic() - started:.0f} s\n")
        failed += [] if status == 0 else [name]
    sys.stdout.write(f"── {'failed: ' + ', '.join(failed) if failed else 'all checks passed'}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
