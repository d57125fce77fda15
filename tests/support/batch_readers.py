"""Readers for tests of a batch, without a network; pictures of some colours end or stop the process that reads them."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.batch import worker
from realtime.batch.reading import BatchReaders
from realtime.domain import Box, Threshold
from realtime.errors import AssetError
from realtime.faces.pipeline import FaceReader
from tests.support.fake_faces import HappyClassifier, make_frame_reader
from tests.support.gates import open_gate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from realtime.domain import Image
    from realtime.faces.pipeline import FrameReader

GREY, DEADLY, ENDLESS, DEADLY_ONCE = (90, 90, 90), (255, 0, 255), (255, 255, 0), (0, 255, 255)
SMALL_PIECE = 20
"""Rows of a film that `load_for_small_pieces` lets a process hand over at once."""
ONCE = "KILLED_ONCE_OF_THE_TEST"
"""Variable with the path of a file that is made before `DEADLY_ONCE` ends the process, and then saves the next one."""


class CornerDetector:
    """Finds one face in a corner of each picture, unless its colour asks for something else."""

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        """One box, or none in a black picture."""
        del near
        colour = tuple(map(int, image[0, 0]))
        if colour == DEADLY or (colour == DEADLY_ONCE and _is_first()):
            os.kill(os.getpid(), signal.SIGKILL)
        while colour == ENDLESS:
            signal.pause()
        return [Box(10, 10, 60, 60)] if any(colour) else []


def _is_first() -> bool:
    try:
        os.close(os.open(os.environ[ONCE], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def load_fake(notify: Callable[[str], None]) -> BatchReaders:
    """Readers that find one happy face in each picture and frame."""
    notify("fake readers are loaded")
    faces = FaceReader(CornerDetector(), HappyClassifier(), 1.0, Threshold(0.5), open_gate)

    def frames_with(wrap: Callable[[FaceReader], FaceReader]) -> FrameReader:
        wrapped = wrap(faces)
        return make_frame_reader(wrapped.detector, wrapped.classifier)

    return BatchReaders(faces, frames_with, "fake network")


def open_fake(model: bytes, notify: Callable[[str], None]) -> BatchReaders:
    """The same, as a worker of a cluster opens them."""
    assert model == b"network"
    return load_fake(notify)


def load_for_small_pieces(notify: Callable[[str], None]) -> BatchReaders:
    """The same, in a process that hands over the rows of a film some at a time; for a process of its own alone."""
    worker.PIECE_ROWS = SMALL_PIECE
    return load_fake(notify)


def refuse_to_load(notify: Callable[[str], None]) -> BatchReaders:
    """Readers whose network is damaged."""
    del notify
    raise AssetError("net.tflite is damaged")


def write_picture(path: Path, colour: tuple[int, int, int] = GREY) -> Path:
    """Write a PNG of 100×100 pixels in one BGR colour."""
    assert cv2.imwrite(str(path), np.full((100, 100, 3), colour, np.uint8))
    return path


def write_faces(folder: Path, portrait: Path, count: int) -> None:
    """Write pictures of a face that take a quarter of the time of the portrait, none of them equal to another."""
    face = cv2.resize(np.asarray(cv2.imread(str(portrait)), np.uint8), (130, 120))
    for number in range(count):
        assert cv2.imwrite(str(folder / f"{number:03}.png"), np.roll(face, number % 20, axis=1))


def write_clip(path: Path, frames: int, last: tuple[int, int, int] | None = None) -> Path:
    """Write an AVI of grey frames, ten a second, and a last one in a BGR colour, which is kept exactly."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*("MJPG" if last is None else "FFV1")), 10, (100, 100))
    for index in range(frames):
        writer.write(np.full((100, 100, 3), 60 + index % 100, np.uint8))
    if last is not None:
        writer.write(np.full((100, 100, 3), last, np.uint8))
    writer.release()
    return path
