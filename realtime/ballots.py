"""Votes of faces: who votes, how loud, and what the votes of the last seconds sum to."""

from __future__ import annotations

from collections import deque
from math import fsum, sqrt
from typing import TYPE_CHECKING, NamedTuple

from realtime.domain import EXPRESSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Face

_BUCKETS = 100
"""Votes leave the window in so many steps: its length is kept to a hundredth, and its memory does not grow with the rate."""

_UNIT = 2**60
"""Votes are counted in whole parts of a second, because taking floats away for hours would not undo adding them."""


class Voter(NamedTuple):
    """A sure face of one frame.

    Attributes:
        person: the face's track, or a number below 0 of its own in this frame.
        loudness: confidence times the root of the face's side; of two faces in a frame the larger and surer counts more.
        part: confidence times the face's part of the frame; the parts alone sum to one over the faces of the frame.
        probabilities: of the face, in the order of `Expression`.
    """

    person: int
    loudness: float
    part: float
    probabilities: tuple[float, ...]

    def ballot(self, seconds: float) -> list[int]:
        """What the face adds to the seven sums, if its frame stands for so many seconds."""
        return [int(_UNIT * seconds * self.part * share) for share in self.probabilities]


class Window:
    """The votes of the last seconds. A vote costs the same however long the window is.

    Attributes:
        persons: seven sums for each person who voted in the window, in the order of `Expression`, in parts of a second.
        all: the sums of all of them.

    Args:
        window_s: seconds, above 0.
    """

    def __init__(self, window_s: float) -> None:
        self._bucket_s = window_s / _BUCKETS
        self._buckets: deque[tuple[int, dict[int, list[int]]]] = deque()
        self.persons: dict[int, list[int]] = {}
        self.all = [0] * len(EXPRESSIONS)

    def move_on(self, now_s: float) -> None:
        """Drop what is too old at `now_s`, which does not fall, and make room for the votes of now."""
        index = int(now_s / self._bucket_s)
        while self._buckets and self._buckets[0][0] <= index - _BUCKETS:
            for person, votes in self._buckets.popleft()[1].items():
                for sums in (self.persons[person], self.all):
                    add(sums, [-each for each in votes])
                if not any(self.persons[person]):
                    del self.persons[person]
        if not self._buckets or self._buckets[-1][0] != index:
            self._buckets.append((index, {}))

    def add(self, person: int, ballot: Sequence[int]) -> None:
        """Count a vote of the time that `move_on` was told last."""
        for sums in (self._buckets[-1][1], self.persons):
            add(sums.setdefault(person, [0] * len(EXPRESSIONS)), ballot)
        add(self.all, ballot)


def voters(faces: Sequence[Face]) -> list[Voter]:
    """The sure faces of one frame; those without a track are told apart by their order from left to right."""
    sure = [face for face in faces if not face.unsure]
    strangers = [face for face in sure if face.track is None]
    strangers.sort(key=lambda face: (face.box.left, face.box.top, face.box.area, face.probabilities))
    persons = [(face.track, face) for face in sure if face.track is not None]
    persons += [(-number, face) for number, face in enumerate(strangers, 1)]
    # The root of the side is the fourth root of the area
    nearness = [sqrt(sqrt(face.box.area)) for _, face in persons]
    everybody = fsum(nearness)
    return [
        Voter(person, near * face.confidence, near / everybody * face.confidence, face.probabilities)
        for near, (person, face) in zip(nearness, persons, strict=True)
    ]


def add(sums: list[int], ballot: Sequence[int]) -> None:
    """Add a ballot to seven sums, in place."""
    for index, votes in enumerate(ballot):
        sums[index] += votes
