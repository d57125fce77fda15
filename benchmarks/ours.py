"""The parts of a live session, built as `emodj live` builds them, with the settings that emodj comes with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime import assets
from realtime.cli import running
from realtime.cli.context import Context
from realtime.config import load
from realtime.session import Session

if TYPE_CHECKING:
    from realtime.pipeline import FrameReader
    from realtime.settings import Settings


def shipped_settings() -> Settings:
    """The settings without those of whoever runs this."""
    return load([assets.config()])


def frame_reader(settings: Settings) -> FrameReader:
    """What reads the frames of a session."""
    return running.frame_reader(settings, Context(quiet=True))


def session(settings: Settings, *, mirrored: bool = True) -> Session:
    """The state of a session; `mirrored` as for a camera."""
    vote = running.vote(settings)
    return Session(vote, settings.playlists, mirrored=mirrored, bars=settings.window.bars, info=settings.window.info)
