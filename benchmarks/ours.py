"""The parts of a live session, built as `emodj live` builds them, with the settings that emodj comes with."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from realtime.app import build

if TYPE_CHECKING:
    from realtime.config.schema import Settings
    from realtime.faces.pipeline import FaceReader, FrameReader
    from realtime.session.state import Session


def remark(sentence: str) -> None:
    """Say something that is no result."""
    print(sentence, file=sys.stderr)


def face_reader(settings: Settings) -> FaceReader:
    """Reads the faces of single frames of a session."""
    return build.build_face_reader(settings, settings.faces.live, remark)


def frame_reader(settings: Settings) -> FrameReader:
    """Reads the frames of a session."""
    return build.build_frame_reader(settings, remark)


def session(settings: Settings, *, mirrored: bool = True) -> Session:
    """The state of a session; `mirrored` as for a camera."""
    return build.build_session(settings, settings.playlists, mirrored=mirrored)
