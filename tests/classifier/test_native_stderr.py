import os
import subprocess
import sys

import pytest

from realtime.classifier.native_stderr import muted_stderr


def test_only_writes_inside_the_block_are_muted() -> None:
    program = """
import os, sys
from realtime.classifier.native_stderr import muted_stderr
sys.stderr.write("before ")
with muted_stderr():
    sys.stderr.write("from Python")
    os.write(2, b"from below Python")
sys.stderr.write("after")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == "before after"


def test_an_exception_passes_through_and_unmutes(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="travels"), muted_stderr():
        raise ValueError("it travels")
    os.write(2, b"shown")
    assert capfd.readouterr().err == "shown"


def test_no_descriptor_is_left_open() -> None:
    before = os.dup(2)
    os.close(before)
    for _ in range(3):
        with muted_stderr():
            pass
    after = os.dup(2)
    os.close(after)
    assert after == before


@pytest.mark.posix("needs a shell")
def test_a_process_without_stderr_is_no_error() -> None:
    program = "from realtime.classifier.native_stderr import muted_stderr\nwith muted_stderr():\n    print('fine')"
    script = 'exec "$0" -c "$1" 2>&-'
    done = subprocess.run(["sh", "-c", script, sys.executable, program], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "fine\n"
