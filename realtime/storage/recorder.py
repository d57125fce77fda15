"""The thread that records a session as it is shown: the newest picture, at a fixed rate, for as long as the session runs."""

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

MOST_BEHIND_S = 2.0
"""How far a film may fall behind and still catch up; what a disk hung or a computer slept beyond that is left out."""

JOIN_S = 2.0
"""How long closing waits for a disk."""


class Pace:
    """How many pictures are due, so that a second of the clock is a second of the film.

    Args:
        fps: pictures a second, above zero.
    """

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._begin_s: float | None = None
        self._count = 0

    def due(self, now_s: float) -> int:
        """How many pictures bring the film up to `now_s`; they count as written from here on."""
        if self._begin_s is None:
            self._begin_s = now_s
        behind_s = now_s - self._begin_s - self._count / self._fps
        if behind_s > MOST_BEHIND_S:
            self._begin_s += behind_s
            behind_s = 0.0
        due = max(int(behind_s * self._fps + _ROUNDING) + (behind_s >= -_ROUNDING), 0)
        self._count += due
        return due

    def next_s(self, now_s: float) -> float:
        """Seconds from `now_s` until a picture is due."""
        if self._begin_s is None:
            return 0.0
        return max(self._begin_s + self._count / self._fps - now_s, 0.0)


class Recorder:
    """Writes the newest picture in a thread of its own; whoever gives pictures never waits for the disk.

    Where no new picture comes, the last one is repeated. A failure ends the recording, not the session: `problem` tells.

    Args:
        path: of a file that does not exist, ending in .mkv.
        fps: pictures a second, above zero.
        clock: does not fall; seconds.
        reserve: bytes that are left free on the disk.
    """

    def __init__(self, path: Path, *, fps: float, clock: Callable[[], float] = time.monotonic, reserve: int = RESERVE) -> None:
        self.path = path
        self._fps = fps
        self._clock = clock
        self._reserve = reserve
        self._pace = Pace(fps)
        self._changed = threading.Condition()
        self._newest: Image | None = None
        self._fresh = self._stopped = False
        self._problem: str | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        """Create the file and begin.

        Raises:
            UsageError: as for `Film`.
            EmodjError: as for `Film`.
        """
        film = Film(self.path, fps=self._fps, reserve=self._reserve)
        # A disk that never answers must not keep the process alive
        self._thread = threading.Thread(target=self._run, args=(film,), name="recorder", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, image: Image) -> None:
        """Have a picture recorded, in place of one that was not begun; never waits.

        Args:
            image: (height, width, 3) uint8 BGR; nobody may change it from here on.
        """
        with self._changed:
            self._newest = image
            self._fresh = True
            self._changed.notify_all()

    def problem(self) -> str | None:
        """Why the recording has ended early, once; None if there is nothing new."""
        with self._changed:
            problem, self._problem = self._problem, None
            return problem

    def close(self) -> None:
        """Write what is left and close the file; safe to call twice."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(JOIN_S)

    def _run(self, film: Film) -> None:
        try:
            while not film.ended:
                picture = self._next()
                if picture is None:
                    return
                image, times = picture
                if image is None:
                    film.repeat(times)
                else:
                    film.write(image, times)
                self._tell(film)
        finally:
            film.close()
            self._tell(film)

    def _tell(self, film: Film) -> None:
        with self._changed:
            self._problem = film.problem() or self._problem

    def _next(self) -> tuple[Image | None, int] | None:
        """The picture to write, or None for the last one again, and how often; None at the end."""
        with self._changed:
            while not self._stopped:
                if self._newest is None:
                    self._changed.wait()
                    continue
                times = self._pace.due(self._clock())
                if times:
                    return self._taken(times)
                self._changed.wait(self._pace.next_s(self._clock()))
            # The last picture is not lost because its turn had not come
            if not self._fresh:
                return None
            return self._taken(1)

    def _taken(self, times: int) -> tuple[Image | None, int]:
        fresh, self._fresh = self._fresh, False
        return self._newest if fresh else None, times


_ROUNDING = 1e-9
