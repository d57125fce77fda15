"""Open a link: in the Spotify app where it answers, else in the browser, else nowhere. No account, no API."""

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

STARTER_S = 4.0
"""How long we wait for the browser's starter to end; meanwhile the music answers no key."""

# In a process of its own: a browser must not write into the documents on our stdout, hold our window,
# or be ended by the Ctrl-C that ends us.
_OPEN = """
import os, shutil, subprocess, sys, webbrowser

def named(browser):
    try:
        return webbrowser.get(browser).open(sys.argv[1])
    except webbrowser.Error:
        return False

# Where the person names a browser, no other is wanted, and webbrowser.open() would go on to the next
names = [name for name in os.environ.get("BROWSER", "").split(os.pathsep) if name]
if names:
    sys.exit(0 if any(map(named, names)) else 1)
# webbrowser.open() believes that these succeed, and they know better
for starter in (["xdg-open"], ["gio", "open"]):
    if sys.platform.startswith("linux") and shutil.which(starter[0]):
        sys.exit(subprocess.call([*starter, sys.argv[1]]))
sys.exit(0 if webbrowser.open(sys.argv[1]) else 1)
"""

_TO_WINDOWS = ("wslview", "powershell.exe")


@dataclass(frozen=True, slots=True)
class OpenResult:
    """What became of a link.

    Attributes:
        where: the app, the browser, or None for nowhere. "browser" says that it was started; nobody can tell whether the
            page is seen.
        why: why nowhere, in words that go on after "not opened: "; empty if it was opened.
    """

    where: Literal["app", "browser"] | None
    why: str = ""

    @property
    def opener(self) -> str:
        """Who took it, in words that go on after "handed to "."""
        return "the Spotify app" if self.where == "app" else "the browser"


@dataclass(frozen=True, slots=True)
class Desktop:
    """What decides how a link is opened here.

    Attributes:
        platform: as `sys.platform` has it.
        environment: the variables of this process.
        to_windows: the program that hands links to Windows; None where this is no Linux within Windows.
    """

    platform: str
    environment: Mapping[str, str]
    to_windows: str | None = None

    @classmethod
    def detect(cls) -> Self:
        """Of this process."""
        programs = (name for name in _TO_WINDOWS if shutil.which(name)) if _within_windows() else iter(())
        return cls(sys.platform, os.environ, next(programs, None))

    @property
    def is_remote(self) -> bool:
        """Whether the person sits at another computer: nothing may begin to play on a desk where nobody is."""
        return bool(self.environment.get("SSH_CONNECTION")) and not self.screen

    @property
    def screen(self) -> bool:
        """Whether there is a desktop, as far as Linux knows one."""
        return bool(self.environment.get("DISPLAY") or self.environment.get("WAYLAND_DISPLAY"))

    def command(self, url: str) -> list[str] | OpenResult:
        """The command line that opens a link in the browser, or why there is none."""
        browser = [sys.executable, "-I", "-c", _OPEN, url]
        # Whoever names a browser knows better: an editor that is connected from afar opens it on the near side
        if self.environment.get("BROWSER"):
            return browser
        if self.is_remote:
            return OpenResult(None, "the screen belongs to another computer than this terminal")
        if self.to_windows == "wslview":
            return ["wslview", ascii_link(url)]
        if self.to_windows is not None:
            # No apostrophe is left in the link, so it cannot end the quotes, and within them & and $ are plain characters
            return [self.to_windows, "-NoProfile", "-NonInteractive", "-Command", f"Start-Process '{ascii_link(url)}'"]
        # Without a screen it could only be a browser of text, which would take the terminal over.
        # macOS and Windows (not run by our tests) always have one.
        if self.platform.startswith("linux") and not self.screen:
            return OpenResult(None, "there is no screen here")
        return browser


def open_link(url: str) -> OpenResult:
    """Open a link. Takes 2 s at most for the app, and as long as the browser's starter does: not for the window's thread.

    Args:
        url: as `links.parse` returns it.
    """
    here = Desktop.detect()
    uri = spotify_uri(url)
    # An app that was told has the link, also if it says nothing: never the browser too
    if uri is not None and not here.is_remote and open_in_app(uri):
        return OpenResult("app")
    command = here.command(url)
    opened = command if isinstance(command, OpenResult) else _started(command)
    if opened.why:
        log.info("%s not opened: %s", url, opened.why)
    return opened


def start_spotify(uri: str) -> bool:
    """Start the Spotify app of this computer; False if there is none, or nobody sits here. May take 4 s.

    Args:
        uri: `spotify:KIND:ID`, which it shows.
    """
    here = Desktop.detect()
    if here.is_remote or (here.platform.startswith("linux") and not here.screen):
        return False
    if here.platform == "win32":
        # There a link starts the app too
        return open_in_app(uri)
    command = start_command(uri)
    return command is not None and _started(command).where is not None


def ascii_link(url: str) -> str:
    """The same link in ASCII and without the marks that end or begin something within a command: quotes, `;`, `$`."""
    parts = urlsplit(url)
    host = parts.netloc
    # A name that is too long for a host is quoted instead
    with suppress(UnicodeError):
        host = host if host.isascii() else host.encode("idna").decode()
    host, safe = quote(host, safe=":[]"), "/:@!&()*+,=?%~[]"
    return urlunsplit((parts.scheme, host, quote(parts.path, safe), quote(parts.query, safe), quote(parts.fragment, safe)))


def _started(command: list[str]) -> OpenResult:
    try:
        ended = subprocess.run(
            command,
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
        return OpenResult("browser")
    # ValueError: a link in letters that the locale of this process has no bytes for
    except (OSError, ValueError) as error:
        log.info("%s: %s", command[0], error)
        return OpenResult(None, "no browser could be started")
    return OpenResult("browser") if ended.returncode == 0 else OpenResult(None, "no browser could be started")


def _environment() -> dict[str, str]:
    """Ours without what OpenCV adds for the Qt in its wheel: a browser built on another Qt would not start with it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("QT_QPA_")}
    folders = [folder for folder in inherited.pop("LD_LIBRARY_PATH", "").split(":") if folder and "/cv2/" not in folder]
    return inherited | ({"LD_LIBRARY_PATH": ":".join(folders)} if folders else {})


def _within_windows() -> bool:
    """Whether this is Linux within Windows (WSL), which Python's own `webbrowser` knows nothing of (cpython#89752)."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return "microsoft" in Path("/proc/version").read_text(encoding="utf-8", errors="replace").lower()
    except OSError:
        return False
