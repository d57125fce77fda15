"""The nouns that every stage shares. Values are frozen and checked once, when they are built."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""A picture of shape (height, width, 3), uint8 0..255, channels in BGR order. A consumer never writes to it."""

Batch = NDArray[np.float32]
"""Crops of shape (n, 48, 48, 1), float32 grey in 0..1: what the network reads."""

Probabilities = NDArray[np.float32]
"""Rows of shape (n, 7), float32 in 0..1, each summing to one, in the order of `Expression`."""

CROP_SIDE = 48
"""Side in pixels of the square that the network reads (FER-2013, Goodfellow et al. 2013, arXiv:1307.0414)."""

LOW_CONFIDENCE = "low confidence"
"""Why a face is unsure whose best expression is less probable than the threshold; `quality` knows other reasons."""

SUM_TOLERANCE = 1e-3


class Expression(Enum):
    """What a face looks like. The order, alphabetical, is the order of the network's outputs; nothing else defines it."""

    ANGRY = "angry"
    DISGUST = "disgust"
    FEAR = "fear"
    HAPPY = "happy"
    NEUTRAL = "neutral"
    SAD = "sad"
    SURPRISE = "surprise"


EXPRESSIONS: tuple[Expression, ...] = tuple(Expression)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of its frame; `right` and `bottom` are exclusive.

    Raises:
        ValueError: width or height is below one.
    """

    left: int
    top: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a box needs a size above zero, not {self.width}x{self.height}")

    @property
    def right(self) -> int:
        """First column to the right of the box."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """First row below the box."""
        return self.top + self.height

    @property
    def area(self) -> int:
        """Number of pixels."""
        return self.width * self.height

    def overlap(self, other: "Box") -> float:
        """Intersection over union of the two, 0..1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        return width * height / (self.area + other.area - width * height)

    def mirrored(self, frame_width: int) -> "Box":
        """The same box in the frame flipped left to right, `frame_width` pixels wide."""
        return Box(frame_width - self.right, self.top, self.width, self.height)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    Attributes:
        image: BGR pixels.
        index: counts frames of this source from 0.
        time_s: `time.monotonic()` when it was grabbed from a live source, else its position in the file; seconds.
        stretch: counts the unbroken stretches of the source from 0: one more when a camera came back, or was let go on.
            Between two stretches no time passes for tracks and votes.
    """

    image: Image
    index: int
    time_s: float
    stretch: int = 0


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a frame and what it looks like.

    Attributes:
        box: where, in pixels of the unmirrored frame.
        probabilities: seven numbers in the order of `Expression`.
        track: number of the person within a session, None on a single picture.
        reason: why the expression is not to be relied on, in a word or two for people; None if it is.
        held: what the face is called where a steadier choice was made than the most probable expression of the moment.

    Raises:
        ValueError: not seven numbers in 0..1 that sum to one within 1e-3.
    """

    box: Box
    probabilities: tuple[float, ...]
    track: int | None = None
    reason: str | None = None
    held: Expression | None = None

    def __post_init__(self) -> None:
        _check_shares(self.probabilities)

    @property
    def expression(self) -> Expression:
        """What the face is called: the one that is held, else the most probable expression; of equals the first."""
        return self.held or EXPRESSIONS[self.probabilities.index(max(self.probabilities))]

    @property
    def confidence(self) -> float:
        """Probability of `expression`, 0..1."""
        return self.probabilities[EXPRESSIONS.index(self.expression)]

    @property
    def unsure(self) -> bool:
        """Whether the expression is not to be relied on."""
        return self.reason is not None

    def ranked(self) -> list[tuple[Expression, float]]:
        """All seven, most probable first."""
        return sorted(zip(EXPRESSIONS, self.probabilities, strict=True), key=lambda pair: -pair[1])


@dataclass(frozen=True, slots=True)
class Mood:
    """What the faces of a session, or of one picture, look like together.

    Attributes:
        shares: share of the vote of each expression, 0..1, summing to one, in the order of `Expression`.
        leader: the expression that the mood is called by; None while none leads.
        source: whether faces voted or a person chose.

    Raises:
        ValueError: not seven numbers in 0..1 that sum to one within 1e-3.
    """

    shares: tuple[float, ...]
    leader: Expression | None
    source: Literal["faces", "hand"] = "faces"

    def __post_init__(self) -> None:
        _check_shares(self.shares)

    @property
    def share(self) -> float:
        """The leader's share of the vote, 0 while none leads."""
        return 0.0 if self.leader is None else self.shares[EXPRESSIONS.index(self.leader)]


def by_expression(values: tuple[float, ...]) -> Mapping[str, float]:
    """Name the seven numbers: `{"angry": .1, …}`, in the order of `Expression`."""
    return {expression.value: value for expression, value in zip(EXPRESSIONS, values, strict=True)}


def _check_shares(values: tuple[float, ...]) -> None:
    if len(values) != len(EXPRESSIONS):
        raise ValueError(f"expected {len(EXPRESSIONS)} numbers, one an expression, not {len(values)}")
    # A float32 softmax may round to a little above one, never below zero; NaN fails the first comparison
    if not all(0 <= value <= 1 + SUM_TOLERANCE for value in values):
        raise ValueError(f"each number must lie in 0..1: {values}")
    if abs(sum(values) - 1) > SUM_TOLERANCE:
        raise ValueError(f"the numbers must sum to 1, not {sum(values):.4f}")
