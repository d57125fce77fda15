"""Public functions for programs: faces of pictures, video files, streams and cameras, their mood, and music that fits.

Import these names from `realtime` itself; `docs/guide/python.md` shows how. A wrong argument raises `TypeError` or
`ValueError`, anything else that fails an `EmodjError`. Nothing is printed: remarks, such as that a camera is lost, are warnings
of the logger `realtime`. The settings of the process stay as they are, but for stderr, which is dropped while a network loads.
OpenCV and the network are loaded by the first call that needs them.
"""

from __future__ import annotations

import inspect
import logging
import os
import re
import threading
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import cache, lru_cache
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from realtime.app.build import (
    build_face_reader,
    build_frame_reader,
    build_playlists,
    build_recommender,
    build_session,
    build_source,
    connect_face_at_rest,
    load_batch_readers,
)
from realtime.storage import resources

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from realtime.batch.rows import Row
    from realtime.config.schema import FaceSettings, NetworkSettings, Settings
    from realtime.domain import Expression, Face, Frame, Image, Mood
    from realtime.music.planner import Plan, Strategy
    from realtime.session.state import Session

log = logging.getLogger("realtime")

StrPath: TypeAlias = str | os.PathLike[str]
Picture: TypeAlias = StrPath | bytes | NDArray[np.uint8]
"""A picture's path, the bytes of its file, or its pixels: uint8 of shape (height, width) grey, (height, width, 3) BGR or
(height, width, 4) BGRA, whose alpha is left out."""

SHARED_READERS = 4
"""Number of readers that `read_faces` keeps loaded; the least recently used one is dropped first."""

_LOADING = threading.RLock()
"""Held while a network is loaded. stderr of the process is redirected meanwhile, because LiteRT writes a message to it; two
threads at once could leave it redirected."""
_of_thread = threading.local()
"""The readers of `read_rows`: they are not for two threads at once."""
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{2,4}$")


def load_settings(path: StrPath | None = None, *, user: bool = False) -> Settings:
    """Load settings: those that come with emodj, and those of a TOML file, which win key by key.

    Args:
        path: the file, which sets only what differs; None for no file.
        user: also read the files that the command line reads: the user's file before `path`, and without `path` the file that
            `EMODJ_CONFIG` names. No other function reads them.

    Raises:
        UsageError: a file cannot be read, or has an unknown key or a bad value; the sentence names all faults of all files.
    """
    from realtime.config import files, locations

    shipped, own = resources.shipped_config(), None if path is None else Path(path)
    if user:
        return files.load_settings(locations.config_files(shipped, own))
    return files.load_settings([shipped] if own is None else [shipped, own])


class PictureReader:
    """Reads the faces of pictures with a detector and a network that are loaded once.

    Threads may share a reader, which reads one picture at a time. For several pictures at once, each thread needs its reader.

    Args:
        network: path of a network as Keras saves it, a `NAME.json` with `NAME.h5` beside it or a `NAME.keras`, or of a
            compiled one, a `NAME.tflite` with `NAME.contract.json`; None for that of the settings.
        settings: None for those that come with emodj.

    Raises:
        ValueError: the path of the network does not end in `.json`, `.keras` or `.tflite`.
        AssetError: the network or a cascade cannot be used.
        EmodjError: the network has to be compiled first, and TensorFlow is missing or cannot do it.
    """

    def __init__(self, *, network: StrPath | None = None, settings: Settings | None = None) -> None:
        chosen = _with_network(settings, network)
        with _LOADING:
            self._faces = build_face_reader(chosen, chosen.faces.image, log.warning)
        self._lock = threading.Lock()

    def read(self, picture: Picture) -> tuple[Face, ...]:
        """Faces of a picture from left to right; arguments and errors as for `read_faces`."""
        image = _to_image(picture)
        with self._lock:
            return self._faces.read(image)


def read_faces(picture: Picture, *, network: StrPath | None = None, settings: Settings | None = None) -> tuple[Face, ...]:
    """Read the faces of a picture.

    The first call loads the network, and later calls of the process reuse it until its files change. Threads may call at the
    same time, and then wait for each other.

    Args:
        picture: its path, the bytes of its file, or an array of its pixels: see `Picture`. A file is turned upright.
        network: as for `PictureReader`.
        settings: likewise.

    Returns:
        The faces from left to right, boxes in pixels of the upright picture; empty where there are none.

    Raises:
        TypeError: another type, or an array of another dtype.
        ValueError: an array of another shape, or without pixels; or as for `PictureReader`.
        UsageError: no such file.
        AssetError: the network or a cascade cannot be used.
        EmodjError: the file is no picture, damaged or too large; or as for `PictureReader`.
    """
    chosen = _with_network(settings, network)
    with _LOADING:
        reader = _shared_reader(chosen.network, chosen.faces, _change_times(chosen.network.pair))
    return reader.read(picture)


def read_rows(
    path: StrPath, *, every: float | None = None, network: StrPath | None = None, settings: Settings | None = None
) -> list[Row]:
    """Read a picture or a film as rows of a table, as `emodj batch` does; for Ray, Spark, Dask or a loop of your own.

    The first call of a thread loads the network, and its later calls reuse it until its files change.

    Args:
        path: of the file.
        every: seconds of a film from one frame that is read to the next, above 0; without tracks. None reads every frame.
        network: as for `PictureReader`.
        settings: likewise.

    Returns:
        A row for each face, or one for a picture or a frame without a face; a dictionary with a value for each of
        `ROW_COLUMNS`. A file that cannot be read gives a row with the status "error" and the sentence as `error`.

    Raises:
        ValueError: `every` is not above 0, or as for `PictureReader`.
        AssetError: the network or a cascade cannot be used.
        EmodjError: as for `PictureReader`.
    """
    from realtime.batch.reading import iterate_rows

    if every is not None and not 0 < every < inf:
        raise ValueError(f"every is a number of seconds above 0, not {every}")
    chosen = _with_network(settings, network)
    key = (chosen.network, chosen.faces, chosen.tracking, _change_times(chosen.network.pair))
    if getattr(_of_thread, "key", None) != key:
        with _LOADING:
            _of_thread.readers = load_batch_readers(chosen.network, chosen.faces, chosen.tracking, log.warning)
        _of_thread.key = key
    rows = iterate_rows(os.fspath(path), _of_thread.readers, every_s=every, notify=log.warning)
    return [row for some in rows for row in some]


def mood_of(*pictures: Sequence[Face]) -> Mood | None:
    """Mood of the faces of one picture, or of several pictures with equal weights; None if no face is sure."""
    from realtime.mood.vote import mood_of_pictures

    return mood_of_pictures(*pictures)


def music_for(
    mood: Mood | Expression | str | None, strategy: Strategy | str | None = None, *, settings: Settings | None = None
) -> Plan | None:
    """Choose the music that fits a mood.

    Args:
        mood: a mood, an expression or its name, "happy".
        strategy: "match", "lift" or "journey"; None for the strategy of the settings, "match" by default.
        settings: the music to choose from; None for the settings that come with emodj.

    Returns:
        A plan with `plan.best.title` and the link `plan.best.place`. None without a mood, or without music for it.

    Raises:
        ValueError: no such expression or strategy.
    """
    from realtime.domain import Expression, Mood
    from realtime.music.planner import Strategy, plan_music
    from realtime.music.songs import parse_expression

    settings = settings or _shipped_settings()
    if isinstance(mood, str):
        mood = parse_expression(mood)
    if isinstance(mood, Expression):
        mood = Mood.by_hand(mood)
    if isinstance(strategy, str) and strategy not in (names := [each.value for each in Strategy]):
        raise ValueError(f"unknown strategy {strategy!r}: known are {', '.join(names)}")
    wanted = settings.music.strategy if strategy is None else Strategy(strategy)
    return plan_music(build_playlists(settings, log.warning), mood, wanted)


def start_session(settings: Settings | None = None, *, seed: int = 0) -> Session:
    """Start a session without a source: `add_frame` counts the votes of faces, `mood` and `summary` return the result.

    A session is for one thread. `watch` has a session already.

    Args:
        settings: None for those that come with emodj.
        seed: 0 or more; another seed draws other movies and another fact for the summary.
    """
    settings = settings or _shipped_settings()
    recommender = build_recommender(settings, log.warning, seed)
    return build_session(settings, build_playlists(settings, log.warning), recommender, mirrored=False)


class FrameResult(NamedTuple):
    """Result for one frame.

    Attributes:
        frame: `frame.image` is (height, width, 3) uint8 BGR; copy it before you draw on it. `frame.time_s` is the position in a
            file, or `time.monotonic()` for a live source; seconds.
        faces: faces from left to right, with tracks.
        mood: mood of the session until now; None before the first vote.
    """

    frame: Frame
    faces: tuple[Face, ...]
    mood: Mood | None


class FaceStream:
    """Iterator over the results of a source, returned by `watch`.

    The first `next` opens the source. Its end, an error, `close` and the end of a `with` block close it. Then the iterator is
    exhausted.

    Attributes:
        session: session of the frames until now, for the thread that runs the loop. While the session is frozen, frames are
            read but do not vote.
    """

    def __init__(self, results: Generator[FrameResult], session: Session, stop: threading.Event) -> None:
        self.session = session
        self._results = results
        self._stop = stop
        # Reentrant: a signal handler may call `close` during `next`
        self._lock = threading.RLock()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> FrameResult:
        with self._lock:
            return next(self._results)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the source. Safe to call twice, and from another thread: the loop then ends after its current frame.

        If a driver hangs in a read, `close` returns after 2 seconds and the driver is closed when it returns.
        """
        self._stop.set()
        with self._lock:
            if inspect.getgeneratorstate(self._results) != inspect.GEN_RUNNING:
                self._results.close()


def watch(source: int | StrPath = 0, *, network: StrPath | None = None, settings: Settings | None = None) -> FaceStream:
    """Read the faces of a video file, a stream or a camera, frame by frame.

    Each frame of a file, or of a recording on a server, is read in order. Of a camera or a live stream the newest frame is read
    and older ones are dropped. A live source that is lost is opened again, with a warning of the logger `realtime`.

    Args:
        source: the number of a camera, from 0; a part of its name; the path of a file or a device; a URL. A string is a path if
            the path exists, or if it contains a separator or ends in a suffix such as `.mp4`; else it is a camera.
        network: as for `PictureReader`.
        settings: None for those that come with emodj. Size and rate of a camera and the tracking of faces are among them.

    Returns:
        An iterator over `FrameResult`, to be used in a `with` block. Iteration raises `UsageError` for a file that does not
        exist, `SourceError` for a source that cannot be opened or gives no frame, `AssetError` and `EmodjError` as
        `PictureReader` does.

    Raises:
        TypeError: the source is neither a number nor a string nor a path.
        ValueError: the path of the network does not end in `.json`, `.keras` or `.tflite`.
    """
    chosen, place = _with_source(_with_network(settings, network), source)
    session, stop = start_session(chosen), threading.Event()
    return FaceStream(_read_frames(chosen, place, session, stop), session, stop)


# Not a method: without a reference cycle, a stream that goes out of scope is closed at once
def _read_frames(settings: Settings, place: str | None, session: Session, stop: threading.Event) -> Generator[FrameResult]:
    from realtime.app.headless import newest_frames
    from realtime.faces.pipeline import EMPTY_SCAN_S
    from realtime.sources.film_frames import frames_in_order
    from realtime.sources.grabber import FrameGrabber
    from realtime.sources.health import BlackCheck

    with ExitStack() as stack:
        source = build_source(settings, place, stack, in_order=True, notify=log.warning)
        live = source.file is None
        with _LOADING:
            reader = build_frame_reader(settings, log.warning, empty_scan_s=EMPTY_SCAN_S if live else 0.0, saves=live)
        connect_face_at_rest(session, reader, settings, log.warning)
        frames: Iterable[Frame | None]
        if source.file is not None:
            frames = frames_in_order(source.file)
        else:
            grabber = FrameGrabber(source.open, opening=source.opening)
            frames = stack.enter_context(closing(newest_frames(grabber, log.warning)))
        check = BlackCheck()
        for frame in frames:
            if stop.is_set():
                return
            if frame is None:
                continue
            check.add(frame.image)
            reader.use(session.rest.calibration)
            faces = reader.read(frame)
            if not session.frozen:
                session.add_frame(faces, frame.time_s, frame.stretch, held=frame.held)
            if not frame.held:
                yield FrameResult(frame, faces, session.mood())
        if source.file is not None:
            check.raise_if_black(source.file.name)
            if source.file.remark is not None:
                log.warning("%s", source.file.remark)


def _with_source(settings: Settings, source: object) -> tuple[Settings, str | None]:
    """For a camera the settings that name it, and None; else the settings and the path or URL."""
    if isinstance(source, bool) or not isinstance(source, int | str | os.PathLike):
        raise TypeError(f"a source is a number, a name, a path or a URL, not {type(source).__name__}")
    if isinstance(source, os.PathLike) or (isinstance(source, str) and _is_place(source)):
        return settings, os.fspath(source)
    return replace(settings, camera=replace(settings.camera, device=str(source))), None


def _is_place(text: str) -> bool:
    return "/" in text or os.sep in text or _SUFFIX.search(text) is not None or Path(text).exists()


def _to_image(picture: object) -> Image:
    from realtime.sources.frame_pixels import to_bgr
    from realtime.sources.images import decode_image, read_image

    if isinstance(picture, str | os.PathLike):
        return read_image(os.fspath(picture), notify=log.warning)
    if isinstance(picture, bytes):
        return decode_image(picture, "the picture", log.warning)
    if not isinstance(picture, np.ndarray):
        raise TypeError(f"a picture is a path, the bytes of a file or an array of uint8, not {type(picture).__name__}")
    if picture.dtype != np.uint8:
        raise TypeError(f"a picture is an array of uint8, 0..255, not {picture.dtype}")
    if not picture.size or not (picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] in {1, 3, 4})):  # noqa: PLR2004
        raise ValueError(f"a picture has the shape (height, width) or (height, width, 3), not {picture.shape}")
    return to_bgr(np.ascontiguousarray(picture))


def _with_network(settings: Settings | None, network: StrPath | None) -> Settings:
    settings = settings or _shipped_settings()
    if network is None:
        return settings
    path = Path(network).absolute()
    if path.suffix.lower() not in {".json", ".keras", ".tflite"}:
        kinds = "its .json, with the .h5 beside it, its .keras, or its .tflite"
        raise ValueError(f"a network is named by {kinds}, not {os.fspath(network)!r}")
    return replace(settings, network=replace(settings.network, pair=path))


@cache
def _shipped_settings() -> Settings:
    return load_settings()


@lru_cache(maxsize=SHARED_READERS)
def _shared_reader(network: NetworkSettings, faces: FaceSettings, _changed: tuple[int, ...]) -> PictureReader:
    return PictureReader(settings=replace(_shipped_settings(), network=network, faces=faces))


def _change_times(pair: Path | None) -> tuple[int, ...]:
    """Change times of the files of a network, in nanoseconds: a network that was trained again is loaded again."""
    suffixes = (".json", ".h5", ".weights.h5", ".keras", ".contract.json", ".tflite")
    files = [] if pair is None else [pair.with_suffix(suffix) for suffix in suffixes]
    return tuple(file.stat().st_mtime_ns for file in files if file.exists())
