from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import PIL.features
import PIL.Image
import pytest

from realtime.errors import SourceError
from realtime.sources.animation import AnimationSource, open_animation
from realtime.sources.opening import open_video

if TYPE_CHECKING:
    from pathlib import Path

DURATIONS_MS = [100, 2000, 50, 700]
TIMES_S = [0, 0.1, 2.1, 2.15]
SUFFIXES = ["webp", pytest.param("avif", marks=pytest.mark.skipif(not PIL.features.check("avif"), reason="Pillow has no AVIF"))]


def grey(level: int) -> PIL.Image.Image:
    return PIL.Image.fromarray(np.full((48, 64, 3), level, np.uint8))


def animation(path: Path, durations_ms: list[int] = DURATIONS_MS) -> Path:
    first, *others = [grey(40 + 50 * index) for index in range(len(durations_ms))]
    first.save(path, save_all=True, append_images=others, duration=durations_ms, quality=90)
    return path


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_pictures_of_an_animation_have_its_times(suffix: str, tmp_path: Path) -> None:
    with open_video(str(animation(tmp_path / f"film.{suffix}"))) as source:
        assert isinstance(source, AnimationSource)
        frames = list(iter(source.read, None))
        assert source.read() is None
        assert source.remark is None
    # The last one is shown for long, so it comes once more when it is over
    assert [frame.time_s for frame in frames] == pytest.approx([*TIMES_S, 2.85])
    assert [frame.held for frame in frames] == [False] * 4 + [True]
    assert [frame.index for frame in frames[:4]] == [0, 1, 2, 3]
    assert [float(frame.image.mean()) for frame in frames[:4]] == pytest.approx([40, 90, 140, 190], abs=4)
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}


def test_an_animation_without_durations_is_said_to_be_one(tmp_path: Path) -> None:
    with open_video(str(animation(tmp_path / "film.webp", [0, 0, 0]))) as source:
        assert isinstance(source, AnimationSource)
        assert [frame.time_s for frame in iter(source.read, None)] == pytest.approx([0, 0.1, 0.2])
        assert source.remark == f"{tmp_path / 'film.webp'} states no durations: 10 pictures a second are assumed"


@pytest.mark.parametrize("suffix", ["webp", "png", "mkv"])
def test_a_still_picture_and_another_file_are_no_animation(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"picture.{suffix}"
    path.write_bytes(b"no picture") if suffix == "mkv" else grey(80).save(path)
    assert open_animation(str(path), "picture", 10_000) is None


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_damaged_animation_is_an_error_or_ends_early(suffix: str, tmp_path: Path) -> None:
    whole = animation(tmp_path / f"film.{suffix}").read_bytes()
    path = tmp_path / f"cut.{suffix}"
    counts: set[int] = set()
    for length in range(40, len(whole), 23):
        path.write_bytes(whole[:length])
        with suppress(SourceError), open_video(str(path)) as source:
            counts.add(len(list(iter(source.read, None))))
    assert max(counts, default=0) <= 5


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_animation_of_huge_pictures_is_not_read(suffix: str, tmp_path: Path) -> None:
    path = str(animation(tmp_path / f"film.{suffix}"))
    with pytest.raises(SourceError, match=r"^the film is too large, 64×48: emodj reads films of up to"):
        open_animation(path, "the film", 64 * 48 - 1)


def test_a_closed_animation_is_at_its_end(tmp_path: Path) -> None:
    source = open_animation(str(animation(tmp_path / "film.webp")), "the film", 10_000)
    assert source is not None
    source.skip()
    source.close()
    source.close()
    assert source.read() is None


@pytest.mark.parametrize("how", [{}, {"loop": 0}, {"comment": b"c" * 600}, {"loop": 0, "comment": b"words"}])
def test_each_picture_of_a_gif_without_durations_is_read(how: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "made.gif"
    grey(0).save(path, save_all=True, append_images=[grey(80), grey(160), grey(240)], **how)
    data = path.read_bytes()
    assert b"!\xf9" not in data[: data.index(b",\0\0\0\0")]
    with open_video(str(path)) as source:
        assert isinstance(source, AnimationSource)
        frames = [frame for frame in iter(source.read, None) if not frame.held]
        remark = source.remark
    assert [round(frame.time_s, 3) for frame in frames] == [0, 0.1, 0.2, 0.3]
    assert [int(frame.image.mean()) for frame in frames] == pytest.approx([0, 80, 160, 240], abs=4)
    assert remark is not None
    assert "states no durations: 10 pictures a second are assumed" in remark


def test_a_gif_of_one_picture_and_one_with_durations_are_left_to_ffmpeg(tmp_path: Path) -> None:
    one, timed = tmp_path / "one.gif", tmp_path / "timed.gif"
    grey(80).save(one)
    grey(80).save(timed, save_all=True, append_images=[grey(160)], duration=200)
    for path in (one, timed):
        assert open_animation(str(path), path.name, 10**6) is None
        with open_video(str(path)) as source:
            assert source.read() is not None


def test_durations_that_only_later_pictures_of_a_gif_have_count(tmp_path: Path) -> None:
    path = tmp_path / "mixed.gif"
    grey(0).save(path, save_all=True, append_images=[grey(120), grey(240)], duration=500)
    data = path.read_bytes()
    start = data.index(b"!\xf9\x04")
    path.write_bytes(data[:start] + data[start + 8 :])
    with open_video(str(path)) as source:
        times = [frame.time_s for frame in iter(source.read, None) if not frame.held]
    assert times == pytest.approx([0, 0.1, 0.5])
