"""Build the parts of a live session from settings, as `emodj live` does."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from realtime.app import build

if TYPE_CHECKING:
    from realtime.config.schema import Settings
    from realtime.faces.pipeline import FaceReader, FrameReader
    from realtime.session.state import Session


def print_note(sentence: str) -> None:
    """Print a note on stderr."""
    print(sentence, file=sys.stderr)


def build_face_reader(settings: Settings) -> FaceReader:
    """Build the reader of single frames."""
    return build.build_face_reader(settings, settings.faces.live, print_note)


def build_frame_reader(settings: Settings) -> FrameReader:
    """Build the reader of the frames of a session."""
    return build.build_frame_reader(settings, print_note, saves=True)


def build_session(settings: Settings, *, mirrored: bool = True) -> Session:
    """Build the state of a session; `mirrored` is true for a camera."""
    return build.build_session(
        settings, settings.playlists, build.build_recommender(settings, print_note, 0), mirrored=mirrored
    )
