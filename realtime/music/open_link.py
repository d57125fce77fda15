"""Open a link in the Spotify app if it runs, else in the browser, else report why not. Needs no account and no API."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import quote, urlsplit, urlunsplit

from realtime.music.links import spotify_uri
from realtime.music.spotify.desktop_app import open_in_app, start_command

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

LAUNCH_TIMEOUT_S = 4.0
"""Longest wait for the program that starts the browser, in seconds; meanwhile the music thread handles no key."""

# Runs in a separate process: a browser must not write into the documents on stdout, block the window, or end with the
# Ctrl-C that ends emodj.
_BROWSER_SCRIPT = """
import os, shutil, subprocess, sys, webbrowser

def named(browser):
    try:
        return webbrowser.get(browser).open(sys.argv[1])
    except webbrowser.Error:
        return False

# If the user names a browser, use no other one: webbrowser.open() would try the next
names = [name for name in os.environ.get("BROWSER", "").split(os.pathsep) if name]
if names:
    sys.exit(0 if any(map(named, names)) else 1)
# webbrowser.open() reports success even if these programs fail; their exit status tells the truth
for starter in (["xdg-open"], ["gio", "open"]):
    if sys.platform.startswith("linux") and shutil.which(starter[0]):
        sys.exit(subprocess.call([*starter, sys.argv[1]]))
sys.exit(0 if webbrowser.open(sys.argv[1]) else 1)
"""

_WINDOWS_LAUNCHERS = ("wslview", "powershell.exe")


@dataclass(frozen=True, slots=True)
class OpenResult:
    """Result of opening a link.

    Attributes:
        where: the program that got the link; None if the link was not opened. "browser" means that a browser was started:
            whether it shows the page is unknown.
        why: reason why the link was not opened, in words that continue "not opened: "; empty if it was opened.
    """

    where: Literal["app", "browser"] | None
    why: str = ""

    @property
    def opener(self) -> str:
        """The program that got the link, in words that continue "handed to "."""
        return "the Spotify app" if self.where == "app" else "the browser"


@dataclass(frozen=True, slots=True)
class Desktop:
    """Facts on this computer that decide how a link is opened.

    Attributes:
        platform: value of `sys.platform`.
        environment: environment variables of this process.
        windows_launcher: program that opens a link in Windows, on Linux within Windows (WSL); None elsewhere.
    """

    platform: str
    environment: Mapping[str, str]
    windows_launcher: str | None = None

    @classmethod
    def detect(cls) -> Self:
        """Read the facts from this process."""
        programs = (name for name in _WINDOWS_LAUNCHERS if shutil.which(name)) if _is_wsl() else iter(())
        return cls(sys.platform, os.environ, next(programs, None))

    @property
    def is_remote(self) -> bool:
        """Whether the user works on another computer, through SSH: music must not start in a room without the user."""
        return bool(self.environment.get("SSH_CONNECTION")) and not self.has_screen

    @property
    def has_screen(self) -> bool:
        """Whether Linux has a display, X11 or Wayland."""
        return bool(self.environment.get("DISPLAY") or self.environment.get("WAYLAND_DISPLAY"))

    def browser_command(self, url: str) -> list[str] | OpenResult:
        """The command line that opens a link in the browser, or a result with the reason why no browser can be used."""
        browser = [sys.executable, "-I", "-c", _BROWSER_SCRIPT, url]
        # A named browser has priority: an editor connected through SSH names one that opens the link on the user's computer
        if self.environment.get("BROWSER"):
            return browser
        if self.is_remote:
            return OpenResult(None, "the screen belongs to another computer than this terminal")
        if self.windows_launcher == "wslview":
            return ["wslview", ascii_link(url)]
        if self.windows_launcher is not None:
            # ascii_link leaves no apostrophe, so the link cannot end the quotes; within them & and $ are plain characters
            return [self.windows_launcher, "-NoProfile", "-NonInteractive", "-Command", f"Start-Process '{ascii_link(url)}'"]
        # Without a display only a text browser could start, and it would take over the terminal.
        # macOS and Windows (which the tests do not run) always have a display.
        if self.platform.startswith("linux") and not self.has_screen:
            return OpenResult(None, "there is no screen here")
        return browser


def open_link(url: str) -> OpenResult:
    """Open a link. Not for the thread of the window: it blocks for up to 2 s for the app and 4 s for the browser.

    On macOS it blocks for up to a minute the first time, while the person is asked whether emodj may control Spotify.

    Args:
        url: link as `links.parse_link` returns it.
    """
    here = Desktop.detect()
    uri = spotify_uri(url)
    # An app that received the link may open it late, without an answer: the browser must not open it a second time
    if uri is not None and not here.is_remote and open_in_app(uri):
        return OpenResult("app")
    command = here.browser_command(url)
    opened = command if isinstance(command, OpenResult) else _run_launcher(command)
    if opened.why:
        log.info("%s not opened: %s", url, opened.why)
    return opened


def start_spotify(uri: str) -> bool:
    """Start the Spotify app of this computer. Blocks for up to 4 s.

    Args:
        uri: `spotify:KIND:ID` that the app shows.

    Returns:
        False if this computer has no Spotify app, has no display, or the user works on another computer.
    """
    here = Desktop.detect()
    if here.is_remote or (here.platform.startswith("linux") and not here.has_screen):
        return False
    if here.platform == "win32":
        # On Windows a link starts the app too
        return open_in_app(uri)
    command = start_command(uri)
    return command is not None and _run_launcher(command).where is not None


def ascii_link(url: str) -> str:
    """The same link in ASCII, without characters that have a meaning within a command: quotes, `;`, `$`."""
    parts = urlsplit(url)
    host = parts.netloc
    # A host name that is too long for IDNA is quoted below
    with suppress(UnicodeError):
        host = host if host.isascii() else host.encode("idna").decode()
    host, safe = quote(host, safe=":[]"), "/:@!&()*+,=?%~[]"
    return urlunsplit((parts.scheme, host, quote(parts.path, safe), quote(parts.query, safe), quote(parts.fragment, safe)))


def _run_launcher(command: list[str]) -> OpenResult:
    try:
        completed = subprocess.run(
            command,
            timeout=LAUNCH_TIMEOUT_S,
            check=False,
            env=_child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        # Some launchers are the browser itself, and end when the user closes it
        return OpenResult("browser")
    # ValueError: the locale of this process cannot encode a letter of the link
    except (OSError, ValueError) as error:
        log.info("%s: %s", command[0], error)
        return OpenResult(None, "no browser could be started")
    return OpenResult("browser") if completed.returncode == 0 else OpenResult(None, "no browser could be started")


def _child_environment() -> dict[str, str]:
    """The environment without the entries that OpenCV adds for the Qt in its wheel: they break a browser with another Qt."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("QT_QPA_")}
    folders = [folder for folder in inherited.pop("LD_LIBRARY_PATH", "").split(":") if folder and "/cv2/" not in folder]
    return inherited | ({"LD_LIBRARY_PATH": ":".join(folders)} if folders else {})


def _is_wsl() -> bool:
    """Whether this is Linux within Windows (WSL), which Python's `webbrowser` does not support (cpython#89752)."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return "microsoft" in Path("/proc/version").read_text(encoding="utf-8", errors="replace").lower()
    except OSError:
        return False
