"""Where a frame changed since it was last scanned: a new face can only be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.domain import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from realtime.domain import Image

    Cells = NDArray[np.float32]

CELLS = 64
"""Number of cells along the longer side of a frame. The smallest face that a session looks for covers four by four."""
MIN_LEVELS, MAX_LEVELS = 2.0, 6.0
"""A cell whose mean differs by more grey levels has changed; between the two, the noise of the frame selects the value."""
NOISE_FACTOR = 6.0
"""The same in standard deviations of the noise, which is taken from the quieter half of the cells."""
MIN_CHANGED = 4
"""A cell counts if so many of the nine cells around it have changed: noise changes single cells."""
KNOWN_MARGIN = 0.5
"""Hair and ears of a known face move with it: no new face is expected so near to it, in sides of its box."""
MARGIN = 0.5
"""Margin of a changed area, in its longer side: a part of a face may change where the rest is as it was."""
MIN_MARGIN = 3
"""The least margin, cells."""
MOST_OF_FRAME = 0.6
"""An area that is a larger share of the frame is not worth a search for its edges."""


class ScannedCells:
    """What each part of a frame looked like when it was last scanned."""

    def __init__(self) -> None:
        self._cells: Cells | None = None
        self._now: Cells | None = None

    def clear(self) -> None:
        """Forget the frames before."""
        self._cells = None

    def note_whole(self, image: Image) -> None:
        """The whole frame (height, width, 3) uint8 BGR is scanned."""
        self._cells = _shrink(image)

    def find_changed(self, image: Image, known: Sequence[Box]) -> Box | None:
        """The part of a frame that changed since it was last scanned, known faces left out; None if nothing did.

        The caller scans it. What has not been scanned yet, or most of the frame, gives the whole frame.

        Args:
            image: (height, width, 3) uint8 BGR.
            known: boxes of known faces, in pixels of `image`.
        """
        height, width = image.shape[:2]
        whole = Box(0, 0, width, height)
        now = _shrink(image)
        if self._cells is None or self._cells.shape != now.shape:
            self._cells = now
            return whole
        across, down = width / now.shape[1], height / now.shape[0]
        changed = _changed_cells(np.abs(now - self._cells))
        for box in known:
            reach = KNOWN_MARGIN * max(box.width, box.height)
            changed[
                max(0, int((box.top - reach) / down)) : max(0, int((box.bottom + reach) / down) + 1),
                max(0, int((box.left - reach) / across)) : max(0, int((box.right + reach) / across) + 1),
            ] = False
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        if not rows.size:
            return None
        margin = max(MIN_MARGIN, round(MARGIN * max(rows[-1] - rows[0], columns[-1] - columns[0])))
        top, bottom = max(0, int(rows[0]) - margin), min(now.shape[0], int(rows[-1]) + margin + 1)
        left, right = max(0, int(columns[0]) - margin), min(now.shape[1], int(columns[-1]) + margin + 1)
        if (bottom - top) * (right - left) > MOST_OF_FRAME * now.size:
            self._cells = now
            return whole
        self._cells[top:bottom, left:right] = now[top:bottom, left:right]
        first, end = (int(left * across), int(top * down)), (round(right * across), round(bottom * down))
        return Box(*first, end[0] - first[0], end[1] - first[1])


def _shrink(image: Image) -> Cells:
    """Mean grey of each cell, float32 0..255."""
    height, width = image.shape[:2]
    side = max(1.0, max(height, width) / CELLS)
    size = (max(1, round(width / side)), max(1, round(height / side)))
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def _changed_cells(differences: Cells) -> NDArray[np.bool_]:
    # Half of the cells of a frame mostly show a wall. The median of a normal distribution's lower half is .32 deviations
    noise = float(np.quantile(differences, 0.25)) / 0.32
    changed = differences > min(MAX_LEVELS, max(MIN_LEVELS, NOISE_FACTOR * noise))
    around = cv2.blur(changed.astype(np.float32), (3, 3), borderType=cv2.BORDER_REPLICATE) * 9
    return (around > MIN_CHANGED - 0.5) & changed
