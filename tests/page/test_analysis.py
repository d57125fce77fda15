"""How large a picture may be, and how many of them are held at a time."""

from __future__ import annotations

import io
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

import anyio
import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from realtime.errors import EmodjError
from realtime.page.analysis import MAX_PICTURE_PIXELS, Analysis, PageReaders, UnsharedClassifier
from realtime.sources import images

if TYPE_CHECKING:
    from realtime.domain import Batch, Face, Image, Probabilities


JPEG = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes()


def png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Pillow.new("1", (width, height)).save(file, "PNG")
    return file.getvalue()


class SlowReader:
    """Finds no face; each search ends when it is released."""

    def __init__(self) -> None:
        self.begun, self.release = threading.Semaphore(0), threading.Semaphore(0)

    def read(self, _image: Image) -> tuple[Face, ...]:
        self.begun.release()
        self.release.acquire()
        return ()


def test_a_picture_is_decoded_when_the_search_of_the_one_before_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, decoded, meanwhile = SlowReader(), list[str](), list[str]()
    analysis = Analysis(lambda: PageReaders(reader, reader, None))  # type: ignore[arg-type]
    decode = images.decode_image

    def decode_and_note(data: bytes, name: str, *given: object, **named: object) -> Image:
        decoded.append(name)
        return decode(data, name, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(images, "decode_image", decode_and_note)

    async def read_two() -> None:
        async with anyio.create_task_group() as tasks:
            for name in ("one", "other"):
                tasks.start_soon(analysis.read_picture, png(8, 8), name, print)
            tasks.start_soon(analysis.preview, png(8, 8), "preview")
            await anyio.to_thread.run_sync(reader.begun.acquire)
            # All tasks have had turns to go as far as they can
            await anyio.wait_all_tasks_blocked()
            meanwhile.extend(decoded)
            reader.release.release(2)

    anyio.run(read_two)
    assert meanwhile == ["one"]
    assert sorted(decoded) == ["one", "other", "preview"]


def test_frames_are_read_while_the_search_of_a_picture_goes_on() -> None:
    pictures, frames, order = SlowReader(), SlowReader(), list[str]()
    frames.release.release(2)
    analysis = Analysis(lambda: PageReaders(pictures, frames, None))  # type: ignore[arg-type]

    async def read_picture() -> None:
        await analysis.read_picture(png(8, 8), "large.png", print)
        order.append("picture")

    async def read_all() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(read_picture)
            await anyio.to_thread.run_sync(pictures.begun.acquire)
            for index in range(2):
                await analysis.read_frame(frames, JPEG, index, index / 10, 0)  # type: ignore[arg-type]
                order.append("frame")
            pictures.release.release()

    anyio.run(read_all)
    assert order == ["frame", "frame", "picture"]


def test_the_network_is_used_by_one_thread_at_a_time() -> None:
    empty, seconds, done = np.zeros((1, 48, 48, 1), np.float32), list["Future[Probabilities]"](), list[bool]()

    class Network:
        def classify(self, batch: Batch, /) -> Probabilities:
            if not seconds:
                seconds.append(threads.submit(network.classify, empty))
                # Without the lock, the second call ends within this time
                wait(seconds, timeout=0.2)
                done.append(seconds[0].done())
            return np.zeros((len(batch), 7), np.float32)

    network = UnsharedClassifier(Network())
    with ThreadPoolExecutor(2) as threads:
        assert threads.submit(network.classify, empty).result().shape == (1, 7)
    assert done == [False]


@pytest.mark.parametrize("wanted", ["faces", "preview"])
def test_a_picture_of_too_many_pixels_is_refused_by_its_header(wanted: str) -> None:
    analysis = Analysis(lambda: pytest.fail("the reader is not asked"))
    side = int(MAX_PICTURE_PIXELS**0.5) + 1

    async def read() -> None:
        if wanted == "faces":
            await analysis.read_picture(png(side, side), "large.png", print)
        else:
            await analysis.preview(png(side, side), "large.png")

    with pytest.raises(EmodjError, match=f"large.png has {side}×{side} pixels, more than the 52 million .* `emodj image`"):
        anyio.run(read)
