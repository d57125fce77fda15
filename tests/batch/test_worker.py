"""A film comes in pieces, and goes on from them with the same tracks, labels and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from realtime.app.build import load_batch_readers, shipped_settings
from realtime.batch import worker
from realtime.batch.journal import BatchJournal, Piece
from realtime.batch.rows import decode_rows
from realtime.batch.worker import read_pieces
from realtime.faces.haar import HaarDetector
from tests.support.batch_readers import load_fake, write_clip

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from realtime.batch.reading import BatchReaders
    from realtime.domain import Image


@pytest.fixture(scope="module")
def readers() -> BatchReaders:
    settings = shipped_settings()
    return load_batch_readers(settings.network, settings.faces, settings.tracking, print)


@pytest.fixture
def film(tmp_path: Path, astronaut: Image) -> str:
    """A face that moves, is away for a while, and comes back."""
    import cv2

    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (160, 120))
    face: np.ndarray[Any, Any] = cv2.resize(astronaut[30:210, 110:350], (160, 120))
    for index in range(30):
        shifted = face.copy()
        shifted[:, 2 * index :] = face[:, : face.shape[1] - 2 * index]
        writer.write(shifted if not 12 <= index < 16 else shifted // 8)
    writer.release()
    return str(path)


def rows_of(pieces: list[Piece]) -> list[dict[str, Any]]:
    return [row for piece in pieces for row in decode_rows(piece.lines)]


def test_a_long_film_comes_in_pieces_that_belong_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PIECE_ROWS", 7)
    film = str(write_clip(tmp_path / "f.avi", 30))
    pieces = [piece for piece in read_pieces(4, film, load_fake(print), None, print) if piece.lines]
    assert [piece.last for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert len(pieces) >= 5
    assert [piece.part for piece in pieces] == list(range(len(pieces)))
    assert [row["frame"] for row in rows_of(pieces)] == list(range(30))
    assert sum(piece.units for piece in pieces) == 30
    assert all(len(decode_rows(piece.lines)) <= 7 for piece in pieces)


@pytest.mark.parametrize("every_s", [None, 0.3])
@pytest.mark.parametrize("kept", [1, 2, 3])
def test_a_film_goes_on_as_if_it_had_never_been_ended(
    kept: int,
    every_s: float | None,
    readers: BatchReaders,
    film: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "PIECE_ROWS", 2 if every_s else 6)
    whole = [piece for piece in read_pieces(0, film, readers, every_s, print) if piece.lines]
    assert len(whole) > kept
    with BatchJournal(tmp_path / "p", [film], {}, reserve=0) as journal:
        for piece in whole[:kept]:
            journal.append(piece)
    searched: list[tuple[int, ...]] = []
    detect = HaarDetector.detect

    def counted(self: HaarDetector, image: Image, near: Any = ()) -> Any:
        searched.append(image.shape)
        return detect(self, image, near)

    monkeypatch.setattr(HaarDetector, "detect", counted)
    with BatchJournal(tmp_path / "p", [film], {}, reserve=0) as journal:
        begun = journal.begun(0)
        assert begun is not None
        for piece in read_pieces(0, film, readers, every_s, print, begun=begun):
            journal.append(piece)
        assert [row for _, rows in journal.rows() for row in rows] == rows_of(whole)
        assert journal.is_done(0)
    steps = whole[kept - 1].steps
    assert 0 < len(searched) <= 30 - steps, "what was searched before is not searched again"


def test_a_film_that_cannot_be_read_as_far_as_before_begins_anew(
    readers: BatchReaders, film: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "PIECE_ROWS", 6)
    whole = [piece for piece in read_pieces(0, film, readers, None, print) if piece.lines]
    with BatchJournal(tmp_path / "p", [film], {}, reserve=0) as journal:
        for piece in whole[:-1]:
            journal.append(piece)
        begun = journal.begun(0)
        assert begun is not None
        shorter = str(write_clip(tmp_path / "short.avi", 2))
        pieces = [piece for piece in read_pieces(0, shorter, readers, None, print, begun=begun) if piece.lines]
        assert [(piece.part, len(decode_rows(piece.lines))) for piece in pieces] == [(0, 2)]
