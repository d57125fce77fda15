from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.overlay.layers import LayerCache, Layers, Stamp, merge_stamps

if TYPE_CHECKING:
    from realtime.domain import Image

HEIGHT, WIDTH = 24, 32


def noise(height: int, width: int, seed: int) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@st.composite
def stamps(pick: st.DrawFn) -> Stamp:
    height, width = pick(st.integers(1, 12)), pick(st.integers(1, 12))
    left, top = pick(st.integers(-4, WIDTH)), pick(st.integers(-4, HEIGHT))
    pixels = noise(height, width, pick(st.integers(0, 1000)))
    if pick(st.booleans()):
        return Stamp.of_picture(pixels, left, top)
    return Stamp.of_mask(pixels[:, :, 0], left, top, pick(st.sampled_from([(0, 0, 0), (26, 20, 16), (250, 250, 250)])))


def stamp_of(seed: int) -> Layers:
    return (Stamp.of_mask(noise(10, 10, seed)[:, :, 0], 0, 0, (1, 2, 3)),)


@given(st.lists(stamps(), max_size=8), st.integers(-8, 8), st.integers(-8, 8))
def test_merged_stamps_look_like_one_after_the_other(drawn: list[Stamp], left: int, top: int) -> None:
    one_by_one, merged = noise(HEIGHT, WIDTH, 5), noise(HEIGHT, WIDTH, 5)
    for stamp in drawn:
        stamp.blend(one_by_one, left, top)
    layers = merge_stamps(drawn)
    for layer in layers:
        layer.blend(merged, left, top)
    assert np.array_equal(one_by_one, merged)
    assert len(layers) <= len(drawn)


def test_stamps_side_by_side_become_one_and_stamps_above_each_other_do_not() -> None:
    ink = np.full((4, 4), 200, np.uint8)
    left, right, above = (Stamp.of_mask(ink, place, 0, (9, 9, 9)) for place in (0, 4, 2))
    assert len(merge_stamps([left, right])) == 1
    assert len(merge_stamps([left, right, above])) == 2


@given(
    value=st.integers(0, 255),
    opacity=st.integers(0, 255),
    part=st.integers(0, 255),
    height=st.integers(1, 5),
    width=st.integers(1, 40),
)
def test_a_pixel_is_the_rounded_sum_of_both_parts(value: int, opacity: int, part: int, height: int, width: int) -> None:
    canvas = np.full((height, width, 3), value, np.uint8)
    Stamp.of_mask(np.full((height, width), opacity, np.uint8), 0, 0, (part, part, part)).blend(canvas, 0, 0)
    expected = round(value * (255 - opacity) / 255) + round(part * opacity / 255)
    assert (canvas == min(255, expected)).all()


def test_a_picture_hides_what_lies_below() -> None:
    canvas, pixels = noise(HEIGHT, WIDTH, 1), noise(6, 7, 2)
    Stamp.of_picture(pixels, 3, 2).blend(canvas, 1, 1)
    assert np.array_equal(canvas[3:9, 4:11], pixels)


def test_an_empty_shape_paints_nothing() -> None:
    canvas = noise(HEIGHT, WIDTH, 1)
    before = canvas.copy()
    Stamp.of_mask(np.zeros((0, 5), np.uint8), 0, 0, (1, 2, 3)).blend(canvas, 2, 2)
    assert np.array_equal(canvas, before)


def test_what_is_kept_is_not_made_again() -> None:
    cache, made = LayerCache(), list[int]()

    def make() -> Layers:
        made.append(1)
        return stamp_of(1)

    assert cache.get("a", make) is cache.get("a", make)
    assert len(made) == 1
    cache.clear()
    assert cache.kept_bytes == 0
    cache.get("a", make)
    assert len(made) == 2


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(0, 3000))
def test_memory_stays_below_its_bound(contents: list[int], most_bytes: int) -> None:
    cache = LayerCache(most_bytes)
    for content in contents:
        assert np.array_equal(cache.get(content, lambda: stamp_of(content))[0].ink, stamp_of(content)[0].ink)  # noqa: B023
        assert cache.kept_bytes <= most_bytes


def test_the_layers_used_last_are_kept() -> None:
    cache = LayerCache(2 * 600)
    first = cache.get("first", lambda: stamp_of(1))
    cache.get("second", lambda: stamp_of(2))
    cache.get("first", lambda: stamp_of(1))
    cache.get("third", lambda: stamp_of(3))
    assert cache.get("first", lambda: stamp_of(1)) is first
    assert cache.kept_bytes == 2 * 600


@pytest.mark.parametrize("threads", [4])
def test_several_threads_can_use_it(threads: int) -> None:
    cache = LayerCache(5 * 600)
    wrong = list[int]()

    def use(seed: int) -> None:
        for content in np.random.default_rng(seed).integers(0, 9, 300).tolist():
            if not np.array_equal(cache.get(content, lambda: stamp_of(content))[0].ink, stamp_of(content)[0].ink):  # noqa: B023
                wrong.append(content)

    running = [threading.Thread(target=use, args=(seed,)) for seed in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert not wrong
    assert cache.kept_bytes <= 5 * 600
