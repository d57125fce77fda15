from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.sources.film_files import FilmFacts, Mirror, is_raw_stream, read_film_facts
from realtime.sources.opening import open_video
from realtime.sources.video import VideoSource
from tests.support.clips import SIZE
from tests.support.films import encode, film_bytes, write_film
from tests.support.mirrored import IDENTITY, box, marked, matrix, track, write_mirrored

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("track", "movie", "corners"),
    [
        # The level of the corners: upper left, upper right, lower left, lower right
        (matrix(-1, 0, 0, 1), IDENTITY, (10, 240, 120, 120)),
        (matrix(1, 0, 0, -1), IDENTITY, (120, 120, 240, 10)),
        (matrix(0, 1, 1, 0), IDENTITY, (240, 120, 10, 120)),
        (matrix(0, -1, -1, 0), IDENTITY, (120, 10, 120, 240)),
        # Turned by OpenCV, and not mirrored at all
        (matrix(-1, 0, 0, -1), IDENTITY, (120, 120, 10, 240)),
        (matrix(-1, 0, 0, 1), matrix(-1, 0, 0, 1), (240, 10, 120, 120)),
        (IDENTITY, matrix(-1, 0, 0, 1), (10, 240, 120, 120)),
    ],
    ids=["left-right", "up-down", "diagonal", "other-diagonal", "half-turn", "twice", "movie"],
)
def test_a_mirrored_film_is_shown_as_it_is_meant(track: bytes, movie: bytes, corners: tuple[int, ...], tmp_path: Path) -> None:
    with open_video(str(write_mirrored(tmp_path / "film.mov", track, movie))) as source:
        frame = source.read()
    assert frame is not None
    image = frame.image
    found = [float(image[row, column].mean()) for row in (50, -50) for column in (50, -50)]
    assert found == pytest.approx(corners, abs=6)
    is_lying = track[:4] == bytes(4)
    assert image.shape[:2] == (SIZE if is_lying else SIZE[::-1])


@pytest.mark.parametrize(
    ("pose", "corners"),
    [
        ((180, 0), (10, 240, 120, 120)),
        ((180, 180), (120, 120, 240, 10)),
        ((-180, 90), (240, 120, 10, 120)),
        ((180, -90), (120, 10, 120, 240)),
        # Turned by OpenCV
        ((0, 180), (120, 120, 10, 240)),
        # Not a flat picture
        ((90, 0), (240, 10, 120, 120)),
    ],
)
def test_a_mirrored_matroska_film_is_shown_as_it_is_meant(
    pose: tuple[float, float], corners: tuple[int, ...], tmp_path: Path
) -> None:
    with open_video(str(write_film(tmp_path / "film.mkv", [marked()], [0], pose=pose))) as source:
        frame = source.read()
    assert frame is not None
    found = [float(frame.image[row, column].mean()) for row in (50, -50) for column in (50, -50)]
    assert found == pytest.approx(corners, abs=6)


@pytest.mark.parametrize(
    ("times_ms", "length_ms", "times_s"),
    [
        ([0, 40, 80], 3000, [0, 0.04, 0.08, 3.0]),
        ([5000, 5040, 5080], 8000, [0, 0.04, 0.08, 3.0]),
        # Usual steps to the end; a length that is too short; and none
        ([0, 40, 80], 120, [0, 0.04, 0.08]),
        ([0, 40, 80], 50, [0, 0.04, 0.08]),
        ([0, 40, 80], None, [0, 0.04, 0.08]),
        # A jump that is not believed
        ([0, 40, 2_000_000], 2_003_000, [0, 0.04, 0.04 + 1 / 30, 3.04 + 1 / 30]),
    ],
)
def test_the_last_frame_of_a_matroska_film_is_shown_to_its_end(
    times_ms: list[int], length_ms: float | None, times_s: list[float], tmp_path: Path
) -> None:
    pictures = [np.full((48, 64, 3), 40 * index, np.uint8) for index in range(1, 4)]
    path = write_film(tmp_path / "film.mkv", pictures, times_ms, length_ms=length_ms)
    with open_video(str(path)) as source:
        assert [frame.time_s for frame in iter(source.read, None)] == pytest.approx(times_s, abs=0.02)
    # A film that is cut off ends earlier
    path.write_bytes(path.read_bytes()[:-9])
    assert read_film_facts(str(path)).end_s is None


@given(st.sampled_from(Mirror), st.integers(1, 4), st.integers(1, 4))
def test_a_mirror_is_its_own_inverse(mirror: Mirror, height: int, width: int) -> None:
    image = np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)
    assert np.array_equal(mirror.apply(mirror.apply(image)), image)
    assert mirror.apply(image).shape[:2] == ((width, height) if mirror.is_lying else (height, width))


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("is_long", [True, False])
def test_the_last_frame_of_a_track_of_pictures_has_a_duration(version: int, is_long: bool, tmp_path: Path) -> None:  # noqa: FBT001
    path = tmp_path / "film.mp4"
    tracks = track("soun", [(9, 7)]), track("vide", [(4, 40), (1, 2500)], version=version)
    path.write_bytes(box("ftyp", b"isom") + box("mdat", bytes(99), is_long=is_long) + box("moov", *tracks))
    assert read_film_facts(str(path)) == FilmFacts(Mirror.LEFT_RIGHT, 2.5, 5, videos=1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\0\0ftyp",
        box("ftyp") * 30_000,
        box("moov", b"\0\0\0\1trak"),
        box("moov", box("trak", box("mdia", box("mdhd", bytes(3))))),
        box("moov", box("trak", box("tkhd"))),
        box("moov", track("vide", [(1, 1)], timescale=0))[:-4],
        b"\x1a\x45\xdf\xa3\xff" + b"\x42\x86\x81\1" * 30_000,
        b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff\x15\x49\xa9\x66",
        b"\x1a\x45\xdf\xa3\x80\x44\x89\x81\0",
    ],
)
def test_a_damaged_file_states_nothing(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    facts = read_film_facts(str(path))
    assert (facts.last_s, facts.is_raw) == (None, False)


@given(st.binary(max_size=300))
def test_any_bytes_are_read(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.mp4"
    for head in (box("ftyp"), b"\x1a\x45\xdf\xa3\x80", b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\xff"):
        path.write_bytes(head + content)
        assert read_film_facts(str(path)).is_raw is False


@pytest.mark.parametrize(
    ("head", "is_raw"),
    [
        ("0000000167", True),
        ("00000109f0", True),
        ("0000000140", True),
        ("12000a0b", True),
        ("ffd8ffe0", True),
        # Sequences of MPEG-2 and MPEG-4, and a program stream
        ("000001b3", False),
        ("000001b0", False),
        ("000001ba", False),
        ("1a45dfa3", False),
        ("00000001", False),
        ("000000016d646174", False),
        ("", False),
    ],
)
def test_a_stream_without_a_container_is_known_by_its_first_bytes(head: str, is_raw: bool) -> None:  # noqa: FBT001
    assert is_raw_stream(bytes.fromhex(head)) == is_raw


def test_a_stream_without_times_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "film.mjpeg"
    path.write_bytes(b"".join(encode(np.full((48, 64, 3), 40 * index, np.uint8)) for index in range(1, 4)))
    for options, frame_s, is_remarked in (("", 1 / 25, True), ("framerate;10", 1 / 10, False)):
        monkeypatch.setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", options)
        with open_video(str(path)) as source:
            assert isinstance(source, VideoSource)
            assert [frame.time_s for frame in iter(source.read, None)] == pytest.approx([0, frame_s, 2 * frame_s])
            assert bool(source.remark) == is_remarked
            if source.remark:
                assert "25 frames a second are assumed" in source.remark
                assert "OPENCV_FFMPEG_CAPTURE_OPTIONS='framerate;30'" in source.remark


@pytest.mark.parametrize(("streams", "remarked"), [(1, False), (2, True)])
def test_a_film_with_a_second_video_stream_is_remarked(streams: int, remarked: bool, tmp_path: Path) -> None:  # noqa: FBT001
    path = write_film(tmp_path / "film.mkv", [marked()] * 3, [0, 40, 80], streams=streams)
    with open_video(str(path)) as source:
        assert isinstance(source, VideoSource)
        while source.read() is not None:
            pass
        assert ("has 2 video streams, and the first was read: `ffmpeg" in (source.remark or "")) is remarked


def test_a_film_that_is_cut_off_is_remarked(tmp_path: Path) -> None:
    # The second picture is whole, and the end of the third is missing
    whole = write_film(tmp_path / "film.mkv", [marked()] * 3, [0, 40, 80]).read_bytes()
    writer = cv2.VideoWriter(str(tmp_path / "film.avi"), cv2.CAP_OPENCV_MJPEG, cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for _ in range(20):
        writer.write(np.full((48, 64, 3), 90, np.uint8))
    writer.release()
    for name, data in (("film.mkv", whole), ("film.avi", (tmp_path / "film.avi").read_bytes())):
        for size, remarked in ((len(data), False), (len(data) - 300, True)):
            path = tmp_path / name
            path.write_bytes(data[:size])
            with open_video(str(path)) as source:
                assert isinstance(source, VideoSource)
                frames = len(list(iter(source.read, None)))
                assert frames > 1
                sentence = f"{path} is cut off: it was read up to there, and its end is missing"
                assert ((source.remark or "") == sentence) is remarked


@pytest.mark.parametrize(("length", "cut"), [(100, False), (101, True), (0, False)])
def test_a_movie_states_how_long_its_pictures_are(length: int, cut: bool, tmp_path: Path) -> None:  # noqa: FBT001
    path = tmp_path / "film.mp4"
    # A length of 0 is all that follows
    box = struct.pack(">I4s", length and length + 8, b"mdat") + bytes(100)
    path.write_bytes(struct.pack(">I4s4s", 12, b"ftyp", b"isom") + box)
    assert read_film_facts(str(path)).is_cut is cut


@pytest.mark.posix("OpenCV for Windows repeats the picture before")
def test_pictures_that_grow_are_shown_in_the_size_that_the_film_states(tmp_path: Path) -> None:
    small, large = np.full((48, 64, 3), 90, np.uint8), np.full((960, 1280, 3), 120, np.uint8)
    bodies = [encode(picture) for picture in (small, small, large, large, small)]
    path = tmp_path / "film.mkv"
    path.write_bytes(film_bytes(bodies, [0, 40, 80, 120, 160], 64, 48))
    with open_video(str(path)) as source:
        frames = list(iter(source.read, None))
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
    assert [float(frame.image.mean()) for frame in frames] == pytest.approx([90, 90, 120, 120, 90], abs=8)
