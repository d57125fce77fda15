"""Open a playlist's link in the browser; no account, no API."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

log = logging.getLogger(__name__)

STARTER_S = 20.0
"""How long we wait for the browser's starter to end."""

# In a process of its own: a browser must not write into the documents on our stdout, hold our window,
# or be ended by the Ctrl-C that ends us.
_OPEN = "import sys, webbrowser; sys.exit(0 if webbrowser.open(sys.argv[1]) else 1)"


def open_link(url: str) -> bool:
    """Open a link in the person's browser. Takes as long as the browser's starter does: not for the window's thread.

    Returns:
        False if nothing could be started; a True is no proof that a page is seen.
    """
    if _far_from_a_screen():
        log.info("no screen here, so no browser")
        return False
    try:
        started = subprocess.run(
            [sys.executable, "-I", "-c", _OPEN, url],
            timeout=STARTER_S,
            check=False,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        # Some starters are the browser itself, and end when the person closes it
        return True
    except OSError as error:
        log.info("no browser: %s", error)
        return False
    return started.returncode == 0


def _environment() -> dict[str, str]:
    """Ours without what OpenCV adds for the Qt in its wheel: a browser built on another Qt would not start with it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("QT_QPA_")}
    folders = [folder for folder in inherited.pop("LD_LIBRARY_PATH", "").split(":") if folder and "/cv2/" not in folder]
    return inherited | ({"LD_LIBRARY_PATH": ":".join(folders)} if folders else {})


def _far_from_a_screen() -> bool:
    """Whether a browser could only be one of text, which would take the terminal over."""
    if not sys.platform.startswith("linux") or os.environ.get("BROWSER"):
        return False
    return not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
