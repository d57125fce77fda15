"""One picture or film in, its rows out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from realtime.batch.reading import iterate_rows
from tests.support.batch_readers import load_fake, write_clip, write_picture
from tests.support.films import write_film

if TYPE_CHECKING:
    from pathlib import Path

READERS = load_fake(lambda _: None)


def rows_of(path: Path | str, every_s: float | None = None, remarks: list[str] | None = None) -> list[dict[str, Any]]:
    said = [] if remarks is None else remarks
    return [row for some in iterate_rows(str(path), READERS, every_s=every_s, notify=said.append) for row in some]


def test_a_picture_has_a_row_for_its_face(tmp_path: Path) -> None:
    (row,) = rows_of(write_picture(tmp_path / "a.png"))
    assert (row["source"], row["status"], row["expression"], row["left"]) == (str(tmp_path / "a.png"), "ok", "happy", 10)
    assert (row["frame"], row["time_s"], row["track"]) == (None, None, None)


def test_a_black_picture_has_a_row_and_a_remark(tmp_path: Path) -> None:
    remarks: list[str] = []
    (row,) = rows_of(write_picture(tmp_path / "a.png", (0, 0, 0)), remarks=remarks)
    assert row["status"] == "no face"
    assert remarks == [f"{tmp_path / 'a.png'} is one colour throughout"]


def test_every_frame_of_a_film_has_a_row_with_its_time_and_track(tmp_path: Path) -> None:
    rows = rows_of(write_clip(tmp_path / "a.avi", 5))
    assert [(row["frame"], row["time_s"], row["track"]) for row in rows] == [(n, n / 10, 1) for n in range(5)]


def test_some_frames_of_a_film_are_read_as_pictures(tmp_path: Path) -> None:
    rows = rows_of(write_clip(tmp_path / "a.avi", 10), every_s=0.3)
    assert [(row["frame"], row["time_s"], row["track"]) for row in rows] == [(n, n / 10, None) for n in (0, 3, 6, 9)]


def test_a_frame_that_is_shown_for_long_is_read_at_each_moment(tmp_path: Path) -> None:
    pictures = [np.full((64, 64, 3), value, np.uint8) for value in (40, 90)]
    film = write_film(tmp_path / "a.mkv", pictures, [0, 2000])
    rows = rows_of(film, every_s=1.0)
    assert [(row["frame"], row["time_s"]) for row in rows] == [(0, 0.0), (0, 1.0), (1, 2.0)]
    # Every frame: a frame is one row, however long it is shown
    assert [(row["frame"], row["time_s"]) for row in rows_of(film)] == [(0, 0.0), (1, 2.0)]


def test_a_film_goes_on_without_rows_between_two_moments(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "a.avi", 6)
    steps = list(iterate_rows(str(film), READERS, every_s=1.0, notify=print))
    assert [len(step) for step in steps] == [1, 0, 0, 0, 0, 0]


def test_a_black_film_has_an_error_after_its_frames(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mkv", [np.zeros((64, 64, 3), np.uint8)] * 3, [0, 100, 200])
    rows = rows_of(film)
    assert [row["status"] for row in rows] == ["no face", "no face", "no face", "error"]
    assert "black" in rows[-1]["error"]


def test_a_film_is_known_by_its_content_and_by_its_name(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "a.avi", 2)
    assert [row["frame"] for row in rows_of(film.rename(tmp_path / "film"))] == [0, 1]
    # The first bytes of such a stream are those of a JPEG
    stream = tmp_path / "a.mjpeg"
    picture = cv2.imencode(".jpg", np.full((64, 64, 3), 80, np.uint8))[1].tobytes()
    stream.write_bytes(picture * 3)
    assert [row["frame"] for row in rows_of(stream)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.jpg", b"", "is empty"),
        ("a.jpg", b"no picture", "is not a picture that can be read"),
        ("a.jpg", b"\xff\xd8\xff", "is damaged"),
        ("a.mp4", b"no film", "cannot be opened as a video"),
        ("a", b"no file of that kind", "cannot be opened as a video"),
        ("a", b"8BPS", "Photoshop"),
    ],
)
def test_what_cannot_be_read_is_an_error_of_its_file(name: str, content: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    (row,) = rows_of(tmp_path / name)
    assert row["status"] == "error"
    assert row["error"].startswith(str(tmp_path / name))
    assert sentence in row["error"]


def test_a_missing_file_a_folder_and_a_url_are_errors(tmp_path: Path) -> None:
    assert rows_of(tmp_path / "none.jpg")[0]["error"] == f"no such file: {tmp_path / 'none.jpg'}"
    assert "is a folder" in rows_of(tmp_path)[0]["error"]
    assert "`emodj live` reads streams" in rows_of("https://host/film.mp4")[0]["error"]
    assert rows_of("a\0b")[0]["error"].startswith("cannot read a\0b")


@pytest.mark.posix
@pytest.mark.parametrize("name", ["pipe.jpg", "pipe.mkv", "pipe"])
def test_a_pipe_is_refused_at_once(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / name)
    assert "a pipe or a device, which may never end" in rows_of(tmp_path / name)[0]["error"]
    assert "a pipe or a device, which may never end" in rows_of("/dev/zero")[0]["error"]


def test_an_error_names_the_file_as_the_table_does(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff")
    (row,) = next(iterate_rows("photos/a.jpg", READERS, every_s=None, notify=print, path=str(tmp_path / "a.jpg")))
    assert row["error"].startswith("photos/a.jpg is damaged")
    assert str(tmp_path) not in row["error"]


def test_an_error_of_a_library_is_an_error_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise LookupError("first line\nsecond line")

    monkeypatch.setattr(type(READERS.pictures.detector), "detect", fail)
    (row,) = rows_of(write_picture(tmp_path / "a.png"))
    assert row["error"] == f"{tmp_path / 'a.png'} cannot be read (LookupError: first line)"
