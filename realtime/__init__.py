"""emodj: expressions on camera or in a picture, and a playlist that fits; everything on this computer.

The names of `__all__` are public, and each is imported at its first use. Everything else may change in any version.
"""

# Type checkers know the name; importing `typing` would cost time
TYPE_CHECKING = False
if TYPE_CHECKING:
    from realtime.api import (
        FaceStream,
        FrameResult,
        Picture,
        PictureReader,
        load_settings,
        mood_of,
        music_for,
        read_faces,
        read_rows,
        start_session,
        watch,
    )
    from realtime.batch.rows import ROW_COLUMNS
    from realtime.config.schema import Settings
    from realtime.domain import EXPRESSIONS, Box, Expression, Face, Frame, Mood
    from realtime.errors import AssetError, Cause, DisplayError, EmodjError, ServiceError, SourceError, UsageError
    from realtime.music.catalog import MusicChoice
    from realtime.music.commands import PlayerCommand
    from realtime.music.planner import Plan, Strategy
    from realtime.session.keymap import Action
    from realtime.session.state import Session
    from realtime.session.summary import Summary

__all__ = [
    "EXPRESSIONS",
    "ROW_COLUMNS",
    "Action",
    "AssetError",
    "Box",
    "Cause",
    "DisplayError",
    "EmodjError",
    "Expression",
    "Face",
    "FaceStream",
    "Frame",
    "FrameResult",
    "Mood",
    "MusicChoice",
    "Picture",
    "PictureReader",
    "Plan",
    "PlayerCommand",
    "ServiceError",
    "Session",
    "Settings",
    "SourceError",
    "Strategy",
    "Summary",
    "UsageError",
    "load_settings",
    "mood_of",
    "music_for",
    "read_faces",
    "read_rows",
    "start_session",
    "watch",
]

_NAMES_OF = {
    "realtime.api": (
        "FaceStream FrameResult Picture PictureReader load_settings mood_of music_for read_faces read_rows start_session watch"
    ),
    "realtime.batch.rows": "ROW_COLUMNS",
    "realtime.config.schema": "Settings",
    "realtime.domain": "EXPRESSIONS Box Expression Face Frame Mood",
    "realtime.errors": "AssetError Cause DisplayError EmodjError ServiceError SourceError UsageError",
    "realtime.music.catalog": "MusicChoice",
    "realtime.music.commands": "PlayerCommand",
    "realtime.music.planner": "Plan Strategy",
    "realtime.session.keymap": "Action",
    "realtime.session.state": "Session",
    "realtime.session.summary": "Summary",
}
_MODULE_OF = {name: module for module, names in _NAMES_OF.items() for name in names.split()}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
