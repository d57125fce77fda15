"""Which pictures paths name, how they are read, and where annotated ones go."""

from __future__ import annotations

import threading
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np
import pytest

from realtime.app import build
from realtime.app.stills import PictureInput, PictureTarget, StillsReader, find_inputs
from realtime.errors import AssetError, UsageError
from realtime.faces.haar import HaarDetector
from realtime.storage import resources

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from realtime.domain import Box, Image
    from realtime.faces.pipeline import Detector, FaceReader

BLACK = np.zeros((8, 8, 3), np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a picture, a text, and a picture one folder further down."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("b.jpg", "notes.txt", "deep/a.png"):
        (tmp_path / "in" / name).touch()
    return tmp_path / "in"


def test_inputs_come_in_their_order_with_folders_opened(folder: Path) -> None:
    said = list[str]()
    found = list(find_inputs(["x.jpg", str(folder), "-"], recursive=True, notify=said.append))
    assert [(item.path, item.name) for item in found] == [
        ("x.jpg", Path("x.jpg")),
        (str(folder / "b.jpg"), Path("b.jpg")),
        (str(folder / "deep" / "a.png"), Path("deep/a.png")),
        ("-", Path("stdin.png")),
    ]
    assert len(said) == 1
    assert said[0].startswith(f"{folder}: ")
    assert ".txt" in said[0]


def test_folders_inside_are_left_out_unless_they_are_asked_for(folder: Path) -> None:
    found = list(find_inputs([str(folder)], recursive=False, notify=lambda _: None))
    assert [item.name for item in found] == [Path("b.jpg")]


def test_an_empty_path_is_not_the_current_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (item,) = find_inputs([""], recursive=False, notify=lambda _: None)
    assert (item.path, str(item.error)) == ("", "an empty path names no picture")


@pytest.mark.parametrize(
    ("output", "inputs", "sentence"),
    [
        ("", ["a.jpg"], "--output is empty"),
        ("out.jpg", ["a.jpg", "b.jpg"], "out.jpg is one file and there are 2 pictures"),
        ("out.doc", ["a.jpg"], r"cannot write out.doc: a picture's name ends in \.jpg"),
    ],
)
def test_a_place_that_cannot_take_the_pictures_is_refused(output: str, inputs: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        PictureTarget(output, inputs, force=False)


@pytest.mark.parametrize(
    ("output", "written"), [("out/", "out/deep/a.png"), ("out", "out/deep/a.png"), ("one.webp", "one.webp")]
)
def test_a_picture_is_written_into_a_folder_that_is_made_or_to_its_name(
    output: str, written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # What cannot be written in its own format becomes PNG
    PictureTarget(output, ["a.heic"], force=False).write(Path("deep/a.heic"), BLACK)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / written]


def test_neither_an_input_nor_a_picture_of_this_run_is_replaced(tmp_path: Path) -> None:
    read = tmp_path / "a.png"
    read.write_bytes(b"mine")
    target = PictureTarget(f"{tmp_path}/", [str(read)], force=True)
    with pytest.raises(UsageError, match="is a picture that is read, and is never replaced"):
        target.write(Path("a.png"), BLACK)
    target.write(Path("b.png"), BLACK)
    with pytest.raises(UsageError, match="was written for another picture of the same name"):
        target.write(Path("b.png"), BLACK)
    assert read.read_bytes() == b"mine"


def test_the_network_is_loaded_while_the_first_picture_is_searched_and_once_for_all(portrait: Path) -> None:
    settings, loaded, said = build.shipped_settings(), list[bool](), list[str]()
    searching = threading.Event()

    class Search(HaarDetector):
        def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
            searching.set()
            return super().detect(image, near)

    def build_detector() -> Detector:
        shipped = resources.cascades_folder() / settings.faces.live.cascade
        return Search(shipped, search_size=(640, 640), scale_factor=1.2, min_neighbors=3, min_face=36)

    def load(detector: Callable[[], Detector]) -> FaceReader:
        loaded.append(searching.wait(10))
        return build.build_face_reader(settings, settings.faces.image, said.append, detector)

    reader = StillsReader(build_detector, load, build.build_playlists(settings, said.append), settings.music.strategy)
    for _ in range(2):
        reader.read(PictureInput(str(portrait), Path("a.jpg")))
    assert (loaded, said, reader.failures) == ([True], [], [])
    first, second = reader.pictures
    assert [face.expression.value for face in first.faces] == ["happy"]
    assert first == second


def test_the_detector_is_built_while_the_first_picture_is_read(portrait: Path) -> None:
    settings, built = build.shipped_settings(), threading.Event()

    class Patient(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            assert built.wait(10)
            return super().read(size)

    def build_detector() -> Detector:
        built.set()
        return build.build_detector(settings.faces, settings.faces.image)

    def load(detector: Callable[[], Detector]) -> FaceReader:
        return build.build_face_reader(settings, settings.faces.image, lambda _: None, detector)

    music = build.build_playlists(settings, lambda _: None)
    reader = StillsReader(build_detector, load, music, settings.music.strategy, stdin=Patient(portrait.read_bytes()))
    reader.read(PictureInput("-", Path("-")))
    assert [len(picture.faces) for picture in reader.pictures] == [1]


def test_nothing_is_built_for_a_path_that_is_an_error_already() -> None:
    settings = build.shipped_settings()
    missing = PictureInput("no.png", Path("no.png"), UsageError("no.png is missing"))

    def fail(*_: object) -> NoReturn:
        raise AssertionError

    reader = StillsReader(fail, fail, build.build_playlists(settings, lambda _: None), settings.music.strategy)
    reader.read(missing)
    assert [str(error) for error in reader.failures] == ["no.png is missing"]


def test_a_detector_that_cannot_be_built_is_an_error_of_the_run(portrait: Path) -> None:
    settings = build.shipped_settings()

    def build_detector() -> Detector:
        raise AssetError("no cascade")

    def load(detector: Callable[[], Detector]) -> FaceReader:
        return build.build_face_reader(settings, settings.faces.image, lambda _: None, detector)

    reader = StillsReader(build_detector, load, build.build_playlists(settings, lambda _: None), settings.music.strategy)
    reader.read(PictureInput("no.png", Path("no.png")))
    assert [str(error) for error in reader.failures] == ["no such file: no.png"], "the picture's own error comes first"
    with pytest.raises(AssetError, match="no cascade"):
        reader.read(PictureInput(str(portrait), Path("a.jpg")))


def test_a_detector_whose_memory_did_not_suffice_is_built_again(portrait: Path) -> None:
    settings, builds = build.shipped_settings(), list[int]()

    def build_detector() -> Detector:
        builds.append(1)
        if len(builds) == 1:
            raise MemoryError
        return build.build_detector(settings.faces, settings.faces.image)

    def load(detector: Callable[[], Detector]) -> FaceReader:
        return build.build_face_reader(settings, settings.faces.image, lambda _: None, detector)

    reader = StillsReader(build_detector, load, build.build_playlists(settings, lambda _: None), settings.music.strategy)
    for _ in range(3):
        reader.read(PictureInput(str(portrait), Path("a.jpg")))
    assert [len(picture.faces) for picture in reader.pictures] == [0, 1, 1]
    assert (len(reader.failures), len(builds)) == (1, 2)
