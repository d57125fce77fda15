"""The parts of a live session, built as `emodj live` builds them, with the settings that emodj comes with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.app.build import build_frame_reader, build_vote
from realtime.cli.context import Context
from realtime.config.files import load_settings
from realtime.session.state import Session
from realtime.storage import resources

if TYPE_CHECKING:
    from realtime.config.schema import Settings
    from realtime.faces.pipeline import FrameReader


def shipped_settings() -> Settings:
    """The settings without those of whoever runs this."""
    return load_settings([resources.shipped_config()])


def frame_reader(settings: Settings) -> FrameReader:
    """What reads the frames of a session."""
    return build_frame_reader(settings, Context(quiet=True))


def session(settings: Settings, *, mirrored: bool = True) -> Session:
    """The state of a session; `mirrored` as for a camera."""
    vote = build_vote(settings)
    return Session(vote, settings.playlists, mirrored=mirrored, bars=settings.window.bars, info=settings.window.info)
