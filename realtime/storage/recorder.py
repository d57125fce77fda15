"""Thread that records a session as the screen shows it: the newest picture, at a fixed rate."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Self

from realtime.storage.append_file import RESERVE
from realtime.storage.film import Film

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from realtime.domain import Image

MAX_CATCH_UP_S = 2.0
"""Longest delay that a film makes up for. A longer one (a disk that hung, a computer that slept) is cut out of the film."""

JOIN_S = 2.0
"""How long closing waits for the disk."""

_ROUNDING = 1e-9
"""Pictures; absorbs the rounding of floats where a picture is due exactly now."""


class FramePacer:
    """Counts the pictures that are due, so that a second of the clock is a second of the film.

    Args:
        fps: pictures a second, above zero.
    """

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._start_s: float | None = None
        self._count = 0

    def take_due(self, now_s: float) -> int:
        """The number of pictures that bring the film up to `now_s`; they count as written from here on."""
        if self._start_s is None:
            self._start_s = now_s
        behind_s = now_s - self._start_s - self._count / self._fps
        if behind_s > MAX_CATCH_UP_S:
            self._start_s += behind_s
            behind_s = 0.0
        due = max(int(behind_s * self._fps + _ROUNDING) + (behind_s >= -_ROUNDING), 0)
        self._count += due
        return due

    def wait_s(self, now_s: float) -> float:
        """Seconds from `now_s` until the next picture is due."""
        if self._start_s is None:
            return 0.0
        return max(self._start_s + self._count / self._fps - now_s, 0.0)


class Recorder:
    """Writes the newest picture in a thread, so that the caller of `submit` never waits for the disk.

    While no new picture comes, the last one is repeated. A failure ends the recording, not the session: see `problem`.

    Args:
        path: path of the new file, ending in .mkv.
        fps: pictures a second, above zero.
        clock: seconds; never falls.
        reserve: bytes that stay free on the disk.
    """

    def __init__(self, path: Path, *, fps: float, clock: Callable[[], float] = time.monotonic, reserve: int = RESERVE) -> None:
        self.path = path
        self._fps = fps
        self._clock = clock
        self._reserve = reserve
        self._pacer = FramePacer(fps)
        self._changed = threading.Condition()
        self._newest: Image | None = None
        self._fresh = self._stopped = False
        self._problem: str | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Create the file and start the thread.

        Raises:
            UsageError: as for `Film`.
            EmodjError: as for `Film`.
        """
        film = Film(self.path, fps=self._fps, reserve=self._reserve)
        # A daemon: a disk that never answers must not keep the process alive
        self._thread = threading.Thread(target=self._run, args=(film,), name="recorder", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, image: Image) -> None:
        """Record a picture; it replaces a picture that the thread has not taken yet. Never waits.

        Args:
            image: (height, width, 3) uint8 BGR; it must not change from here on.
        """
        with self._changed:
            self._newest = image
            self._fresh = True
            self._changed.notify_all()

    def problem(self) -> str | None:
        """Why the recording has ended early; returned once, then None."""
        with self._changed:
            problem, self._problem = self._problem, None
            return problem

    def close(self) -> None:
        """Write the last picture if it is new, and close the file; safe to call twice."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(JOIN_S)

    def _run(self, film: Film) -> None:
        try:
            while not film.ended:
                picture = self._wait_for_picture()
                if picture is None:
                    return
                image, times = picture
                if image is None:
                    film.repeat(times)
                else:
                    film.write(image, times)
                self._store_problem(film)
        finally:
            film.close()
            self._store_problem(film)

    def _store_problem(self, film: Film) -> None:
        with self._changed:
            self._problem = film.problem() or self._problem

    def _wait_for_picture(self) -> tuple[Image | None, int] | None:
        """Wait until pictures are due: the picture, None for the last one again, and how many times; None at the end."""
        with self._changed:
            while not self._stopped:
                if self._newest is None:
                    self._changed.wait()
                    continue
                times = self._pacer.take_due(self._clock())
                if times:
                    return self._take_picture(times)
                self._changed.wait(self._pacer.wait_s(self._clock()))
            # The last picture is written although it is not due yet
            if not self._fresh:
                return None
            return self._take_picture(1)

    def _take_picture(self, times: int) -> tuple[Image | None, int]:
        fresh, self._fresh = self._fresh, False
        return self._newest if fresh else None, times
