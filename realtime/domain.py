"""Box, Frame, Face, Mood and Expression: the values that every stage shares, frozen and checked when they are built."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# In quotes: a command that reads no picture starts without NumPy
Image: TypeAlias = "NDArray[np.uint8]"
"""An image of shape (height, width, 3), uint8 0..255, channels in BGR order. A consumer never writes to it."""

Batch: TypeAlias = "NDArray[np.float32]"
"""Face crops of shape (n, 48, 48, 1), float32 grey in 0..1: the input of the network."""

Probabilities: TypeAlias = "NDArray[np.float32]"
"""Probabilities of shape (n, 7), float32 in 0..1. Each row sums to one and has the order of `Expression`."""

CROP_SIDE = 48
"""Side of a face crop in pixels, as in FER-2013 (Goodfellow et al. 2013, arXiv:1307.0414)."""

LOW_CONFIDENCE = "low confidence"
"""Reason of a face whose confidence is below the threshold. `faces.quality` has the other reasons."""

SUM_TOLERANCE = 1e-3
"""Largest error of the sum of seven probabilities or shares."""


class Expression(Enum):
    """Expression of a face. The alphabetical order of the members defines the order of the network's outputs."""

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
    """Rectangle in pixels of its frame. `right` and `bottom` are exclusive.

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
    def centre(self) -> tuple[float, float]:
        """Centre of the box, (x, y) in pixels."""
        return self.left + self.width / 2, self.top + self.height / 2

    @property
    def area(self) -> int:
        """Number of pixels in the box."""
        return self.width * self.height

    def overlap(self, other: "Box") -> float:
        """Intersection over union of two boxes, 0..1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        return width * height / (self.area + other.area - width * height)

    def moved(self, right: int, down: int) -> "Box":
        """The same box, so many pixels further right and down."""
        return Box(self.left + right, self.top + down, self.width, self.height)

    def mirrored(self, frame_width: int) -> "Box":
        """The same box after its frame of `frame_width` pixels is flipped left to right."""
        return Box(frame_width - self.right, self.top, self.width, self.height)

    def scaled(self, factor: float) -> "Box":
        """The same box after its frame is resized by `factor`, above 0. Numbers are rounded, sides are 1 pixel or more."""
        left, top = round(self.left * factor), round(self.top * factor)
        return Box(left, top, max(1, round(self.width * factor)), max(1, round(self.height * factor)))


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One image of a source.

    Attributes:
        image: BGR pixels.
        index: number of the frame in its source, from 0.
        time_s: `time.monotonic()` when a live source delivered the frame, else its position in the file; seconds.
        stretch: number of the unbroken stretch of the source, from 0. A new one begins after an outage and after a pause.
            Between two stretches no time passes for tracks and votes.
        held: whether the source shows the frame before for longer, and this is that frame again, at a later time.
    """

    image: Image
    index: int
    time_s: float
    stretch: int = 0
    held: bool = False


@dataclass(frozen=True, slots=True)
class FaceReading:
    """What the network says of the face in one frame alone, neither smoothed nor calibrated.

    Attributes:
        probabilities: seven numbers in the order of `Expression`.
        brightness: mean brightness of the face, 0..1.
        size: longer side of the face as a share of the frame's height.
    """

    probabilities: tuple[float, ...]
    brightness: float
    size: float


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a frame, with its expression.

    Attributes:
        box: position in pixels of the unmirrored frame.
        probabilities: seven numbers in the order of `Expression`.
        track: number of the person in a session; None in a still picture.
        reason: why the expression is not reliable, in one or two words that the user reads; None if it is reliable.
        label: the expression that label hysteresis chose; None without hysteresis.
        calibrated: whether the probabilities are corrected by a face at rest (`faces.calibration`).
        reading: the network's answer to this frame alone; None in a still picture, and if the frame does not show the face
            clearly. It does not count in a comparison.

    Raises:
        ValueError: not seven numbers in 0..1 that sum to one within 1e-3.
    """

    box: Box
    probabilities: tuple[float, ...]
    track: int | None = None
    reason: str | None = None
    label: Expression | None = None
    calibrated: bool = False
    reading: FaceReading | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        _check_distribution(self.probabilities)

    @property
    def expression(self) -> Expression:
        """The label, else the most probable expression; of equal ones the first."""
        return self.label or top(self.probabilities)

    @property
    def confidence(self) -> float:
        """Probability of `expression`, 0..1."""
        return self.probabilities[EXPRESSIONS.index(self.expression)]

    @property
    def unsure(self) -> bool:
        """Whether the expression is unreliable."""
        return self.reason is not None

    def ranked(self) -> list[tuple[Expression, float]]:
        """All seven expressions with their probabilities, the most probable first."""
        return ranked(self.probabilities)


@dataclass(frozen=True, slots=True)
class Mood:
    """Mood of all faces of a session, or of one picture.

    Attributes:
        shares: share of each expression in the vote, 0..1, in the order of `Expression`; they sum to one.
        leader: the expression that names the mood; None if the mood is mixed.
        source: "faces" if the faces voted, "hand" if the user chose the mood.

    Raises:
        ValueError: not seven numbers in 0..1 that sum to one within 1e-3.
    """

    shares: tuple[float, ...]
    leader: Expression | None
    source: Literal["faces", "hand"] = "faces"

    def __post_init__(self) -> None:
        _check_distribution(self.shares)

    @classmethod
    def by_hand(cls, expression: Expression) -> "Mood":
        """The mood that a person chose: all of the vote for one expression."""
        return cls(tuple(float(each is expression) for each in EXPRESSIONS), expression, "hand")

    @property
    def share(self) -> float:
        """Share of the leader in the vote, 0..1; 0 if the mood is mixed."""
        return 0.0 if self.leader is None else self.shares[EXPRESSIONS.index(self.leader)]


def by_expression(values: tuple[float, ...]) -> Mapping[str, float]:
    """Map the name of each expression to its number, `{"angry": .1, …}`, in the order of `Expression`."""
    return {expression.value: value for expression, value in zip(EXPRESSIONS, values, strict=True)}


def ranked(values: Sequence[float]) -> list[tuple[Expression, float]]:
    """Pair each expression with its number, the largest first; of equal ones the first in the order of `Expression`.

    Raises:
        ValueError: not seven numbers.
    """
    return sorted(zip(EXPRESSIONS, values, strict=True), key=lambda pair: -pair[1])


def percentages(shares: Sequence[float]) -> list[int]:
    """Round shares that stand beside one another to whole per cent, so that they add to what their sum is rounded to.

    The method of largest remainders (Hamilton): each share is rounded down, and those that lose most get the per cent that are
    missing; of equal losses the larger share comes first, then the earlier one. No share moves by a whole per cent.

    Args:
        shares: 0 or more each; 1 is all.
    """
    exact = [100 * share for share in shares]
    rounded = [int(each) for each in exact]
    missing = round(sum(exact)) - sum(rounded)
    by_loss = sorted(range(len(exact)), key=lambda index: (round(rounded[index] - exact[index], 9), -exact[index]))
    for index in by_loss[:missing]:
        rounded[index] += 1
    return rounded


def ranked_percentages(values: Sequence[float]) -> list[tuple[Expression, float, int]]:
    """Each expression with its share and its `percentages`, in the order of `ranked`.

    Raises:
        ValueError: not seven numbers.
    """
    pairs = ranked(values)
    return [
        (name, share, percent) for (name, share), percent in zip(pairs, percentages([share for _, share in pairs]), strict=True)
    ]


def top(values: Sequence[float]) -> Expression:
    """The expression with the largest of seven numbers; of equal ones the first in the order of `Expression`."""
    return EXPRESSIONS[values.index(max(values))]


@dataclass(frozen=True, slots=True)
class Threshold:
    """How probable the best expression of a face must be. A less probable one makes the face "not sure".

    Attributes:
        common: of all expressions, 0..1.
        neutral: of neutral, 0..1; None for the common one. A strong expression that a network does not know looks neutral to
            it, so neutral may have to be more probable than the others.

    Raises:
        ValueError: a threshold is out of range.
    """

    common: float
    neutral: float | None = None

    def __post_init__(self) -> None:
        for value in (self.common, self.neutral):
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"the threshold of unsure faces must lie in 0..1, not {value:g}")

    def of(self, expression: Expression) -> float:
        """The threshold of an expression."""
        return self.neutral if expression is Expression.NEUTRAL and self.neutral is not None else self.common

    def is_reached(self, probabilities: Sequence[float]) -> bool:
        """Whether the best of seven probabilities reaches the threshold of its expression."""
        return max(probabilities) >= self.of(top(probabilities))


def _check_distribution(values: tuple[float, ...]) -> None:
    if len(values) != len(EXPRESSIONS):
        raise ValueError(f"expected {len(EXPRESSIONS)} numbers, one an expression, not {len(values)}")
    # Rounding may lift a float32 softmax a little above one, never below zero. NaN fails the first comparison
    if not all(0 <= value <= 1 + SUM_TOLERANCE for value in values):
        raise ValueError(f"each number must lie in 0..1: {values}")
    if abs(sum(values) - 1) > SUM_TOLERANCE:
        raise ValueError(f"the numbers must sum to 1, not {sum(values):.4f}")
