"""Every error that emodj raises on purpose.

    EmodjError                status 1: anything else that failed and has a sentence
    ├── UsageError            status 2: an option, a configuration, a path that does not exist
    ├── SourceError           status 4: camera, video or picture that gives no frames
    ├── AssetError            status 5: network, contract, cascade or font that cannot be used
    ├── DisplayError          status 6: no screen to open a window on
    └── ServiceError          status 8: a music service that refuses or cannot be reached

A library's own exception is translated where it is raised, with `from`, so that the cause stays readable with `-vv`.
A module may have a finer one for its own callers, who go on otherwise.
Each message says what failed, on which input, and what to try.
"""

from enum import Enum
from typing import ClassVar


class EmodjError(Exception):
    """Base of all: the message is one sentence for a person, `status` the exit status of the process."""

    status: ClassVar[int] = 1


class UsageError(EmodjError):
    """The person asked for something that cannot be: a bad value, an unknown key, a path that is not there."""

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
        cause: why, as far as it can be told.
    """

    status: ClassVar[int] = 4

    def __init__(self, message: str, cause: Cause = Cause.UNREADABLE) -> None:
        super().__init__(message)
        self.cause = cause


class AssetError(EmodjError):
    """A network, a contract, a cascade or a font is missing or does not fit."""

    status: ClassVar[int] = 5


class DisplayError(EmodjError):
    """There is no screen, or it does not answer."""

    status: ClassVar[int] = 6


class ServiceError(EmodjError):
    """A music service refuses what was asked of it, or cannot be reached."""

    status: ClassVar[int] = 8
