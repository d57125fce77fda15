"""Every error that emodj raises on purpose.

    EmodjError                status 1: any other failure that emodj explains in a sentence
    ├── UsageError            status 2: an option, a configuration, a path that does not exist
    ├── SourceError           status 4: camera, video or picture that gives no frames
    ├── AssetError            status 5: network, contract, cascade or font that cannot be used
    ├── DisplayError          status 6: no screen to open a window on
    └── ServiceError          status 8: a service on the network that refuses or cannot be reached

An exception of a library is translated where it is raised, with `from`, so that `-vv` still shows the cause.
A module may define a subclass for its callers, which catch it and continue in another way.
Each message says what failed, on which input, and what to try.
"""

from enum import Enum
from typing import ClassVar


class EmodjError(Exception):
    """Base class: the message is one sentence for a person, `status` is the exit status of the process.

    Args:
        sentence: what failed, on which input, and what to try.
        more: further lines below it, such as the faults of a file of settings.

    Attributes:
        lines: all of these. A line end within one of them comes from outside, such as a file name, and starts no new line.
    """

    status: ClassVar[int] = 1

    def __init__(self, sentence: str, *more: str) -> None:
        super().__init__("\n".join((sentence, *more)))
        self.lines = (sentence, *more)


class UsageError(EmodjError):
    """The input cannot be used: a bad value, an unknown key, a path that does not exist."""

    status: ClassVar[int] = 2


class Cause(Enum):
    """Why a source gives no frames."""

    ABSENT = "absent"
    BUSY = "busy"
    DENIED = "denied"
    LOST = "lost"
    UNREADABLE = "unreadable"


class SourceError(EmodjError):
    """A camera, a video or a stream gives no frames.

    Args:
        message: a sentence that says what to try.
        cause: why it gives no frames, as far as that is known.
    """

    status: ClassVar[int] = 4

    def __init__(self, message: str, cause: Cause = Cause.UNREADABLE) -> None:
        super().__init__(message)
        self.cause = cause


class BlackSourceError(SourceError):
    """Every picture of a source was black: nothing is known about faces."""


class AssetError(EmodjError):
    """A network, a contract, a cascade or a font is missing or cannot be used."""

    status: ClassVar[int] = 5


class DisplayError(EmodjError):
    """This computer has no screen, or the screen does not answer."""

    status: ClassVar[int] = 6


class ServiceError(EmodjError):
    """A service on the network refuses a request, or cannot be reached."""

    status: ClassVar[int] = 8
