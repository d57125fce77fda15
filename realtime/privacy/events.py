"""What a watched process did: a file written, an address connected to, or something on this computer alone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING

from realtime.privacy.sockets import serves_screen_or_sound

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(Enum):
    """Whether an event breaks the promise."""

    WRITTEN = "written"
    CONNECTED = "connected"
    LOCAL = "local"
    """Neither a file nor a connection to somewhere: a device, the screen, the sound and what its server keeps."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that a process did.

    Attributes:
        kind: whether it breaks the promise.
        what: a path, `HOST:PORT`, or a few words.
    """

    kind: Kind
    what: str


_SHARED_MEMORY = PurePath("/dev/shm")  # noqa: S108 - compared, not written


@dataclass(frozen=True, slots=True)
class SoundServer:
    """The files that the library of the sound server keeps by itself, as the README says: PulseAudio's and JACK's.

    Attributes:
        folder: the folder of settings of the person.
        temporary: the folder of temporary files.
    """

    folder: PurePath
    temporary: PurePath

    def owns(self, path: PurePath) -> bool:
        """Whether a path is one of these files, or a folder that is made for them."""
        above = (path, *path.parents)
        if path == self.folder or self.folder / "pulse" in above:
            return True
        return any(part.parent == self.temporary and part.name.startswith("pulse-") for part in above) or any(
            part.parent == _SHARED_MEMORY and part.name.startswith(("pulse-", "jack")) for part in above
        )


def written_event(path: PurePath, sound: SoundServer | None) -> Event | None:
    """The event of a path that was made, changed, removed or opened for writing; None for the null device.

    Args:
        path: absolute.
        sound: what a sound server keeps; None where no song was played, so that nothing is excused.
    """
    place = path.as_posix()
    if place == "/dev/null":
        return None
    if sound is not None and sound.owns(path):
        return Event(Kind.LOCAL, f"file of the sound server {path}")
    # What lies in shared memory is a file until the computer is turned off
    if place.startswith("/dev/") and _SHARED_MEMORY not in path.parents:
        return Event(Kind.LOCAL, f"device {path}")
    if place.startswith("/proc/"):
        return Event(Kind.LOCAL, f"file of the kernel {path}")
    return Event(Kind.WRITTEN, str(path))


def address_event(host: str, port: int, *, listens: bool = False) -> Event:
    """The event of an internet address that was connected, sent or listened to; also of this computer.

    A program on this computer, such as a name server or a proxy, may pass on what it gets.
    """
    return Event(Kind.CONNECTED, f"{'listened at ' if listens else ''}{f'[{host}]' if ':' in host else host}:{port}")


def socket_event(path: str, environment: Mapping[str, str] | None = None) -> Event:
    """The event of a socket of this computer, which has a path or a name instead of an address.

    Those of the screen and the sound are local. A program behind another one, such as the name service, may pass on what it
    gets.

    Args:
        path: of the socket; an abstract name begins with `@`.
        environment: variables of the process that connects; None: those of this process.
    """
    known = serves_screen_or_sound(path, os.environ if environment is None else environment)
    return Event(Kind.LOCAL if known else Kind.CONNECTED, f"socket {path}")


def in_order(events: list[Event]) -> tuple[Event, ...]:
    """The events without repetitions, in the order in which they came."""
    return tuple(dict.fromkeys(events))
