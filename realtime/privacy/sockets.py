"""The sockets of this computer that a window or a song needs: those of the screen and of the sound. Pure.

Behind any other socket can be a service that asks the network, such as the name service or a container's engine.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_RUNTIME = r"(?:wayland-[\w.-]+|pipewire-\d+(?:-manager)?|pulse/native)"
"""Names of Wayland, PipeWire and PulseAudio within a folder of the login, `XDG_RUNTIME_DIR`."""
_KNOWN = re.compile(
    r"@?/tmp/\.(?:X11|ICE)-unix/[\w.-]+"
    rf"|/run/user/\d+/{_RUNTIME}"
    r"|(?:/var)?/run/pulse/native|/run/pipewire/pipewire-\d+(?:-manager)?|/tmp/pulse-\w+/native"
    r"|/(?:dev/shm|tmp)/jack[\w.-]*(?:/[\w.-]+){0,2}"
)
"""The places that the libraries of X11, Wayland, PulseAudio, PipeWire and JACK look at by themselves."""


def serves_screen_or_sound(path: str, environment: Mapping[str, str]) -> bool:
    """Whether a socket is one of X11, Wayland, PulseAudio, PipeWire or JACK.

    Args:
        path: of the socket; an abstract name begins with `@`.
        environment: variables of the process that connects; they can name other places.
    """
    if ".." in path.split("/"):
        return False
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/") and re.fullmatch(f"{re.escape(runtime.rstrip('/'))}/{_RUNTIME}", path):
        return True
    return _KNOWN.fullmatch(path) is not None or path in _named(environment)


def _named(environment: Mapping[str, str]) -> Iterator[str]:
    """The sockets that variables name: `WAYLAND_DISPLAY`, `PULSE_SERVER`, and folders of PulseAudio and PipeWire."""
    screen = environment.get("WAYLAND_DISPLAY", "")
    if screen:
        # A name alone lies in the folder of the login
        yield str(PurePosixPath(environment.get("XDG_RUNTIME_DIR") or "/", screen))
    for server in environment.get("PULSE_SERVER", "").split():
        # "{host}unix:/path": the server of one computer alone
        place = server.rpartition("}")[2].removeprefix("unix:")
        if place.startswith("/"):
            yield place
    for variable, name in (("PULSE_RUNTIME_PATH", "native"), ("PIPEWIRE_RUNTIME_DIR", "pipewire-0")):
        if environment.get(variable):
            yield f"{environment[variable].rstrip('/')}/{name}"
