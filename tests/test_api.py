"""The public functions for programs."""

from __future__ import annotations

import ast
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import platformdirs
import pytest

import realtime
from realtime import (
    EXPRESSIONS,
    Box,
    Cause,
    EmodjError,
    Expression,
    FaceStream,
    FrameResult,
    Mood,
    PictureReader,
    SourceError,
    Strategy,
    UsageError,
    api,
    load_settings,
    mood_of,
    music_for,
    read_faces,
    start_session,
    watch,
)
from tests.support.places import ASTRONAUT, MODELS, ROOT
from tests.support.streams import NetworkCamera, moving, open_handles, streaming
from tests.support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from realtime.domain import Face, Image

FRAMES, RATE = 6, 10


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory, astronaut: Image) -> Path:
    path = tmp_path_factory.mktemp("watched") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), RATE, astronaut.shape[1::-1])
    for _ in range(FRAMES):
        writer.write(astronaut)
    writer.release()
    return path


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A copy of the shipped network under another name."""
    for file in MODELS.glob("emotiondetector.*"):
        shutil.copy(file, tmp_path / file.name.replace("emotiondetector", "mine"))
    return tmp_path / "mine.json"


@pytest.fixture
def camera(astronaut: Image) -> Iterator[tuple[NetworkCamera, str]]:
    """A live source and its address."""
    served = NetworkCamera(moving(cv2.resize(astronaut, (256, 256)).astype(np.uint8, copy=False)))
    with streaming(served) as address:
        yield served, f"http://{address}/live.mjpg"


lists_open_files = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system lists no open files")


def capture_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "capture"]


# Public names


def test_every_public_name_can_be_imported_and_is_listed() -> None:
    assert realtime.__all__ == sorted(set(realtime.__all__), key=lambda name: (not name.isupper(), name[0].islower(), name))
    assert all(getattr(realtime, name) is not None for name in realtime.__all__)
    assert set(realtime.__all__) <= set(dir(realtime))


def test_type_checkers_see_the_same_names_in_the_same_places() -> None:
    tree = ast.parse((ROOT / "realtime" / "__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    typed = {name.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for name in node.names}
    assert all(getattr(realtime, name) is getattr(import_module(str(module)), name) for name, module in typed.items())
    assert sorted(typed) == sorted(realtime.__all__)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'realtime' has no attribute 'read_feces'"):
        _ = realtime.read_feces  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]


# Pictures


def kinds() -> dict[str, Callable[[Image], Any]]:
    return {
        "text": lambda _: str(ASTRONAUT),
        "path": lambda _: ASTRONAUT,
        "bytes": lambda _: ASTRONAUT.read_bytes(),
        "BGR": lambda image: image,
        "grey": lambda image: cv2.cvtColor(image, cv2.COLOR_BGR2GRAY),
        "grey with an axis": lambda image: cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None],
        "BGRA": lambda image: np.dstack([image, np.zeros(image.shape[:2], np.uint8)]),
        "a view": lambda image: np.ascontiguousarray(image[:, ::-1])[:, ::-1],
        "RGB turned": lambda image: np.ascontiguousarray(image[..., ::-1])[..., ::-1],
    }


@pytest.mark.parametrize("kind", kinds())
def test_a_picture_is_a_path_bytes_or_pixels(kind: str, astronaut: Image) -> None:
    (face,) = read_faces(kinds()[kind](astronaut))
    assert face.expression is Expression.HAPPY
    assert not face.unsure
    assert face.track is None
    assert face.box.overlap(Box(174, 64, 101, 101)) > 0.8


def test_a_picture_without_faces_gives_none() -> None:
    assert read_faces(np.zeros((99, 120, 3), np.uint8)) == ()


@pytest.mark.parametrize(
    ("picture", "error", "sentence"),
    [
        (np.zeros((9, 9, 3)), TypeError, r"^a picture is an array of uint8, 0\.\.255, not float64$"),
        (None, TypeError, r"not NoneType$"),
        ([[0]], TypeError, r"not list$"),
        (np.zeros((9, 9, 2), np.uint8), ValueError, r"not \(9, 9, 2\)$"),
        (np.zeros(9, np.uint8), ValueError, r"not \(9,\)$"),
        (np.zeros((2, 9, 9, 3), np.uint8), ValueError, r"not \(2, 9, 9, 3\)$"),
        (np.zeros((0, 9, 3), np.uint8), ValueError, r"not \(0, 9, 3\)$"),
        ("none.jpg", UsageError, r"^no such file: none\.jpg$"),
        (b"", EmodjError, r"^the picture is empty$"),
        (b"no picture", EmodjError, r"^the picture is not a picture that can be read"),
    ],
)
def test_an_invalid_picture_is_an_error(picture: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        read_faces(picture)


def test_pixels_are_not_changed(astronaut: Image) -> None:
    image = astronaut.copy()
    image.flags.writeable = False
    assert len(read_faces(image)) == 1


def count_loadings(log: pytest.LogCaptureFixture) -> int:
    return len([record for record in log.records if record.getMessage().startswith("expressions are read by")])


def test_the_network_is_loaded_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "realtime")
    # Other tests have loaded it
    api._shared_reader.cache_clear()  # pyright: ignore[reportPrivateUsage]
    blank = np.zeros((50, 50, 3), np.uint8)
    threads = [threading.Thread(target=read_faces, args=(blank,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count_loadings(caplog) == 1
    reader = PictureReader()
    reader.read(blank)
    reader.read(blank)
    assert count_loadings(caplog) == 2


class ExclusiveDetector:
    """A detector that records whether two threads used it at the same time."""

    def __init__(self) -> None:
        self.shared = False
        self._free = threading.Lock()

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        del near
        if not self._free.acquire(blocking=False):
            self.shared = True
            return []
        for _ in range(10):
            # OpenCV releases the lock of the interpreter, as in the real detector
            cv2.GaussianBlur(image, (31, 31), 0)
        self._free.release()
        return [Box(174, 64, 101, 101)]


def test_threads_may_share_a_reader(astronaut: Image) -> None:
    reader, detector = PictureReader(), ExclusiveDetector()
    reader._faces = replace(reader._faces, detector=detector)  # pyright: ignore[reportPrivateUsage]
    found: list[tuple[Face, ...]] = []

    def read() -> None:
        found.extend(reader.read(astronaut) for _ in range(2))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not detector.shared
    assert len(found) == 6
    assert set(found) == {found[0]}


# Network and settings


def test_another_network_reads_the_faces(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pair.parent)
    for network in (pair, "mine.json"):
        (face,) = read_faces(ASTRONAUT, network=network)
        assert face.expression is Expression.HAPPY
    (face,) = PictureReader(network=pair).read(ASTRONAUT)
    assert face.expression is Expression.HAPPY


def test_a_network_that_changed_is_loaded_anew(pair: Path) -> None:
    (face,) = read_faces(ASTRONAUT, network=pair)
    assert not face.unsure
    contract = pair.with_suffix(".contract.json")
    contract.write_text(json.dumps(json.loads(contract.read_bytes()) | {"unsure_below": 1.0}), encoding="utf-8")
    # The clock of a disk may be coarse
    os.utime(contract, ns=(1, 1))
    (face,) = read_faces(ASTRONAUT, network=pair)
    assert face.reason == "low confidence"


def test_a_missing_or_invalid_network_is_an_error(pair: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^a network is named by its \.json, .* or its \.tflite, not 'mine\.h5'$"):
        read_faces(ASTRONAUT, network="mine.h5")
    with pytest.raises(ValueError, match=r"named by its \.json"):
        watch(0, network="mine.h5")
    pair.with_suffix(".h5").unlink()
    for network in (pair, tmp_path / "none.json"):
        with pytest.raises(realtime.AssetError, match="cannot be read"):
            read_faces(ASTRONAUT, network=network)
        with pytest.raises(realtime.AssetError, match="cannot be read"):
            PictureReader(network=network)


def test_settings_are_those_of_emodj_and_of_the_file_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[faces]\nunsure_below = 1.0\n", encoding="utf-8")
    settings = load_settings(path)
    assert settings.faces.unsure_below == 1
    assert replace(settings, faces=load_settings().faces) == load_settings()
    (face,) = read_faces(ASTRONAUT, settings=settings)
    assert face.unsure
    path.write_text("[faces]\nunsure = 1.0\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"unknown key faces\.unsure"):
        load_settings(str(path))


def test_the_settings_of_the_user_are_read_on_request_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = platformdirs.user_config_path("emodj") / "config.toml"
    own.parent.mkdir(parents=True)
    own.write_text("[mood]\nlead = 0.5\ndwell_s = 9\n", encoding="utf-8")
    named = tmp_path / "named.toml"
    named.write_text("[mood]\nlead = 0.25\n", encoding="utf-8")
    shipped = load_settings()
    assert shipped.mood.lead not in {0.25, 0.5}
    assert load_settings(user=True).mood == replace(shipped.mood, lead=0.5, dwell_s=9)
    assert load_settings(named, user=True).mood == replace(shipped.mood, lead=0.25, dwell_s=9)
    monkeypatch.setenv("EMODJ_CONFIG", str(named))
    assert load_settings() == shipped
    assert load_settings(user=True).mood.lead == 0.25


# Mood and music


def test_the_mood_of_one_picture_and_of_several() -> None:
    faces = read_faces(ASTRONAUT)
    mood = mood_of(faces)
    assert mood is not None
    assert (mood.leader, mood.source) == (Expression.HAPPY, "faces")
    assert mood_of(faces, ()) == mood
    assert mood_of(()) is None


def test_music_fits_a_mood_an_expression_or_its_name() -> None:
    happy = music_for("happy")
    assert happy is not None
    assert (happy.strategy, happy.best.title) == (Strategy.MATCH, "Bright and happy")
    assert music_for(" Happy ") == music_for(Expression.HAPPY) == music_for(Mood.by_hand(Expression.HAPPY)) == happy
    lifting = music_for(Expression.SAD, "lift")
    assert lifting is not None
    assert lifting == music_for("sad", Strategy.LIFT)
    assert lifting.strategy is Strategy.LIFT
    assert music_for(None) is None


def test_music_is_that_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "songs").mkdir()
    path = tmp_path / "mine.toml"
    path.write_text(
        '[music]\nstrategy = "lift"\n[playlists]\nsad = []\n[[playlists.happy]]\ntitle = "Mine"\npath = "songs"\n',
        encoding="utf-8",
    )
    settings = load_settings(path)
    lifting, matching = music_for("sad", settings=settings), music_for("happy", "match", settings=settings)
    assert lifting is not None
    assert lifting.strategy is Strategy.LIFT
    assert matching is not None
    assert (matching.best.title, matching.best.place) == ("Mine", (tmp_path / "songs").as_uri())
    assert music_for("sad", "match", settings=settings) is None


def test_an_unknown_mood_or_strategy_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"^unknown mood 'hapy': did you mean happy\?"):
        music_for("hapy")
    with pytest.raises(ValueError, match=r"^unknown strategy 'lft': known are match, lift, journey$"):
        music_for("happy", "lft")


def test_a_session_without_a_source_counts_faces() -> None:
    session, faces = start_session(), read_faces(ASTRONAUT)
    assert session.mood() is None
    for second in range(3):
        session.add_frame(faces, second)
    summary = session.summary()
    assert (summary.frames, summary.seconds) == (3, 2)
    assert summary.plan == music_for("happy")
    session.handle_key("6", 3.0)
    assert session.mood() == Mood.by_hand(Expression.SAD)
    assert session.handle_key("q", 3.0) is realtime.Action.QUIT


# A file


@pytest.mark.parametrize("kind", [Path, str, Path.as_uri])
def test_every_frame_of_a_file_is_read_in_order(kind: Callable[[Path], Path | str], clip: Path) -> None:
    results = list(watch(kind(clip)))
    assert [result.frame.index for result in results] == list(range(FRAMES))
    assert [result.frame.time_s for result in results] == pytest.approx([index / RATE for index in range(FRAMES)])
    frame, faces, mood = results[-1]
    assert (frame.image.shape, frame.image.dtype) == ((512, 512, 3), np.uint8)
    assert [(face.track, face.expression) for face in faces] == [(1, Expression.HAPPY)]
    assert mood is not None
    assert mood.leader is Expression.HAPPY


@lists_open_files
def test_a_file_is_closed_at_its_end(clip: Path) -> None:
    before = open_handles()
    stream = watch(clip)
    assert open_handles() == before, "nothing is opened before the first frame"
    for _, faces, _ in stream:
        assert len(faces) == 1
        assert str(clip) in open_handles()
    assert str(clip) not in open_handles()
    assert list(stream) == []
    stream.close()
    assert stream.session.summary().frames == FRAMES


@lists_open_files
def test_a_file_is_closed_where_its_block_is_left_early(clip: Path) -> None:
    with watch(clip) as stream:
        next(stream)
    assert str(clip) not in open_handles()
    assert list(stream) == []
    with pytest.raises(ZeroDivisionError), watch(clip) as stream:
        _ = 1 / (next(stream).frame.index)
    assert str(clip) not in open_handles()


@lists_open_files
def test_a_file_is_closed_when_its_stream_goes_out_of_scope(clip: Path) -> None:
    for _ in watch(clip):
        break
    assert str(clip) not in open_handles()


def test_a_stream_that_was_closed_before_its_first_frame_opens_nothing(tmp_path: Path) -> None:
    with watch(tmp_path / "none.avi") as stream:
        pass
    assert list(stream) == []


def test_a_second_loop_continues_after_the_first(clip: Path) -> None:
    with watch(clip) as stream:
        for result in stream:
            if result.frame.index == 1:
                break
        assert [result.frame.index for result in stream] == list(range(2, FRAMES))


def test_the_keys_of_the_session_work_within_a_loop(clip: Path) -> None:
    moods: list[Mood | None] = []
    with watch(clip) as stream:
        for result in stream:
            moods.append(result.mood)
            if result.frame.index == 1:
                stream.session.handle_key("1", result.frame.time_s)
            if result.frame.index == 3:
                stream.session.handle_key("space", result.frame.time_s)
    assert moods[2:] == [Mood.by_hand(Expression.ANGRY)] * (FRAMES - 2)
    assert stream.session.frozen
    assert stream.session.summary().frames == 4


def test_network_and_settings_hold_for_a_stream(pair: Path, clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[faces]\nunsure_below = 1.0\n", encoding="utf-8")
    *_, (_, faces, mood) = watch(clip, network=pair, settings=load_settings(path))
    assert [face.unsure for face in faces] == [True]
    assert mood is None
    pair.with_suffix(".h5").unlink()
    with pytest.raises(realtime.AssetError):
        next(watch(clip, network=pair))


# Invalid sources


@pytest.mark.parametrize(
    ("source", "error", "sentence"),
    [
        ("none.mp4", UsageError, r"^no such file: none\.mp4$"),
        (Path("none"), UsageError, r"^no such file: none$"),
        ("notes.txt", SourceError, r"^notes\.txt cannot be opened as a video"),
        ("notes", SourceError, r"^notes cannot be opened as a video"),
        (9999, SourceError, "^camera 9999 cannot be opened"),
        ("9999", SourceError, "^camera 9999 cannot be opened"),
        ("no camera has this name", SourceError, '^no camera is called "no camera has this name"'),
    ],
)
def test_a_source_that_cannot_be_opened_is_an_error_in_the_loop(
    source: Any, error: type[EmodjError], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("notes.txt", "notes"):
        (tmp_path / name).write_text("no video\n", encoding="utf-8")
    with watch(source) as stream, pytest.raises(error, match=sentence) as caught:
        next(stream)
    assert list(stream) == []
    if isinstance(caught.value, SourceError) and "camera" in sentence:
        assert caught.value.cause is Cause.ABSENT
    assert not capture_threads()


@pytest.mark.parametrize("source", [None, b"clip.avi", 1.5, np.zeros((9, 9, 3), np.uint8)])
def test_an_invalid_source_is_a_type_error(source: Any) -> None:
    with pytest.raises(TypeError, match=r"^a source is a number, a name, a path or a URL, not "):
        watch(source)


# A live source


def test_the_newest_frames_of_a_live_source_come_with_their_time(camera: tuple[NetworkCamera, str]) -> None:
    _, url = camera
    results: list[FrameResult] = []
    with watch(url) as stream:
        for result in stream:
            results.append(result)
            if result.mood is not None and len(results) >= 3:
                break
        assert capture_threads()
    assert not capture_threads()
    times = [result.frame.time_s for result in results]
    indices = [result.frame.index for result in results]
    assert times == sorted(set(times))
    assert indices == sorted(set(indices))
    # In some of these pictures the cascade also sees a face on her chest, right of the true one
    assert results[-1].faces[0].track == 1


def test_a_live_source_is_closed_when_its_stream_goes_out_of_scope(camera: tuple[NetworkCamera, str]) -> None:
    for _ in watch(camera[1]):
        break
    assert not capture_threads()


def start_loop(stream: FaceStream, got_frame: threading.Event) -> threading.Thread:
    """Run the loop in a thread; `got_frame` is set after its first frame."""

    def loop() -> None:
        for _ in stream:
            got_frame.set()

    thread = threading.Thread(target=loop)
    thread.start()
    assert got_frame.wait(PATIENCE_S)
    return thread


@pytest.mark.parametrize("stalls", [False, True])
def test_another_thread_can_end_the_loop_even_without_frames(camera: tuple[NetworkCamera, str], *, stalls: bool) -> None:
    served, url = camera
    stream = watch(url)
    thread = start_loop(stream, threading.Event())
    if stalls:
        served.stall()
    stream.close()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert list(stream) == []
    # ClosingHandler does not wait for a read that hangs in FFmpeg
    served.go_on()
    until(lambda: not capture_threads())


class ClosingHandler(logging.Handler):
    """Closes the stream during `next`, as a signal handler may, when its source is lost.

    On a busy machine a slow start is a warning, too.
    """

    def __init__(self, stream: FaceStream) -> None:
        super().__init__()
        self.losses: list[str] = []
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if "gives no more frames" in message:
            self.losses.append(message)
            self._stream.close()


def test_a_lost_source_is_a_warning_and_a_log_handler_may_close_the_stream(camera: tuple[NetworkCamera, str]) -> None:
    served, url = camera
    stream = watch(url)
    handler = ClosingHandler(stream)
    next(stream)
    served.absent = True
    served.drop()
    logging.getLogger("realtime").addHandler(handler)
    try:
        assert all(isinstance(result, FrameResult) for result in stream)
    finally:
        logging.getLogger("realtime").removeHandler(handler)
    assert len(handler.losses) == 1
    assert not capture_threads()


# The process


STATE = """
import logging, os, random, signal, sys, threading, warnings
import cv2, numpy, PIL.Image
from realtime import *

def state():
    umask = os.umask(0)
    os.umask(umask)
    logger = logging.getLogger("realtime")
    return {
        "environment": dict(os.environ),
        "umask": umask,
        "folder": os.getcwd(),
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "logging": [(list(each.handlers), each.level, each.propagate, each.disabled) for each in (logging.root, logger)],
        "logging off": logging.root.manager.disable,
        "warnings": list(warnings.filters),
        "OpenCV": (cv2.getNumThreads(), cv2.useOptimized(), cv2.utils.logging.getLogLevel()),
        "Pillow": PIL.Image.MAX_IMAGE_PIXELS,
        "random": (random.getstate(), numpy.random.get_state()[1].tolist(), numpy.geterr()),
        "hooks": (sys.excepthook, threading.excepthook, sys.stdout, sys.stderr, sys.path[:]),
        "stderr": os.fstat(2).st_ino,
        "threads": threading.enumerate(),
    }

before = state()
photo, clip, folder = sys.argv[1:]
faces = read_faces(photo)
PictureReader(network=folder + "/mine.json").read(open(photo, "rb").read())
with watch(clip) as stream:
    for result in stream:
        assert state()["threads"] == before["threads"]
assert stream.session.summary().plan == music_for(mood_of(faces))
try:
    next(watch(9999))
except SourceError:
    pass
after = state()
assert len(faces) == 1 and result.faces
assert not {"click", "tensorflow", "spotipy"} & set(sys.modules)
print([name for name in before if after[name] != before[name]])
"""


def test_nothing_is_printed_and_the_state_of_the_process_is_unchanged(pair: Path, clip: Path) -> None:
    command = [sys.executable, "-c", STATE, ASTRONAUT, clip, pair.parent]
    # OpenCV prints on stderr that the camera is missing
    environment = os.environ | {"OPENCV_LOG_LEVEL": "SILENT"}
    environment.pop("TF_CPP_MIN_LOG_LEVEL", None)
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("[]\n", "", 0)


def test_all_expressions_are_in_the_order_of_the_probabilities() -> None:
    (face,) = read_faces(ASTRONAUT)
    assert dict(zip(EXPRESSIONS, face.probabilities, strict=True))[face.expression] == face.confidence
