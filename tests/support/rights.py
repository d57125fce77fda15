"""Whether the system refuses anything to the user who runs the tests."""

import os
import sys

import pytest

unprivileged = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0,
    reason="root may read and write everything, and the rights of Windows are others",
)
"""Marks a test that takes rights of a file away."""
