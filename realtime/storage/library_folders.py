"""Folders that libraries make without a request: Keras and Matplotlib keep settings and caches in the home of the person."""

from __future__ import annotations

import atexit
import os
import tempfile

_VARIABLES = ("KERAS_HOME", "MPLCONFIGDIR")
"""Environment variables that move `~/.keras`, and `~/.config/matplotlib` with its cache."""


def redirect_library_folders() -> None:
    """Move the folders of Keras and Matplotlib into a temporary folder, which is removed when the process ends.

    A variable that the person has set stays as it is. Each library reads its variable once, so this comes before its import.
    """
    absent = [name for name in _VARIABLES if name not in os.environ]
    if not absent:
        return
    folder = tempfile.TemporaryDirectory(prefix="emodj-", ignore_cleanup_errors=True)
    atexit.register(folder.cleanup)
    os.environ.update(dict.fromkeys(absent, folder.name))
