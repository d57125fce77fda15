"""Faces at rest that are kept: where, and how a session or a picture uses one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtime.errors import UsageError
from realtime.printable import quoted
from realtime.storage.user_folders import state_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from realtime.config.schema import Settings
    from realtime.faces.calibration import Calibration
    from realtime.faces.pipeline import FaceReader, FrameReader
    from realtime.session.state import Session

    Notify = Callable[[str], None]


def kept_faces_folder() -> Path:
    """The folder of kept faces at rest, which need not exist. Raises `NoHomeError` for a user without a home."""
    return state_folder() / "faces"


def check_face(name: str) -> None:
    """Check that a face at rest of that name is kept.

    Raises:
        UsageError: there is none, or it is no name.
        EmodjError: its folder cannot be read.
    """
    from realtime.faces.kept_face import is_kept

    if not is_kept(kept_faces_folder(), name):
        raise UsageError(f"no face at rest is kept as {quoted(name)}: emodj calibrate --name {quoted(name)} measures one")


def with_kept_face(faces: FaceReader, name: str, notify: Notify) -> FaceReader:
    """The same reader, which corrects the only face of a picture by a kept face at rest; as it is where that does not apply."""
    from dataclasses import replace

    return replace(faces, calibration=load_calibration(name, faces.network, notify))


def load_calibration(name: str, network: str, notify: Notify) -> Calibration | None:
    """Load a kept face at rest, at half strength, since it is of another day; `notify` says that, or why it is not used.

    Args:
        name: under which it is kept.
        network: SHA-256 of the compiled network.
        notify: says a sentence that is neither data nor an error.

    Raises:
        UsageError: there is no such face, or it is no name.
        EmodjError: its file cannot be read.
    """
    from realtime.faces.calibration import KEPT_STRENGTH
    from realtime.faces.kept_face import DamagedFaceError, NewerFaceError, read_face

    check_face(name)
    try:
        face = read_face(kept_faces_folder(), name)
    except (DamagedFaceError, NewerFaceError) as error:
        notify(str(error))
        return None
    if face is None:
        return None
    shown = f"the face at rest {quoted(name)} of {face.day}"
    if face.network != network:
        notify(f"{shown} was measured with another network, and is not used: measure it anew with emodj calibrate")
        return None
    notify(f"calibrated with {shown}, at half strength, while one face is in view")
    return face.calibration.scaled(KEPT_STRENGTH)


def connect_face_at_rest(
    session: Session, reader: FrameReader, settings: Settings, notify: Notify, face: str | None = None
) -> None:
    """Let a session measure faces at rest with the network of a reader, and use a kept one.

    Args:
        session: gets the correction; its loop hands it to the reader.
        reader: of its frames.
        settings: in force; that a face which they name is not kept is only said.
        notify: says a sentence that is neither data nor an error.
        face: name of a kept face; None for that of the settings.

    Raises:
        UsageError: there is no face of the name `face`.
        EmodjError: its file cannot be read.
    """
    session.rest.use_network(reader.neutral)
    name = face if face is not None else settings.faces.calibration
    if face is None and not name:
        return
    try:
        session.rest.use(load_calibration(name, reader.network, notify))
    except UsageError as error:
        if face is not None:
            raise
        notify(f"faces.calibration: {error}")
