"""A person's face at rest: which expressions the network sees in it beside neutral, and offsets that turn them down. Pure.

Faces at rest differ and resemble expressions (Zebrowitz et al. 2010, doi 10.1037/a0017990), so the network reads some of
them as sad or happy in every frame. An offset is added to the log probability of each expression. It compares the mean log
probability of this face with that of clear neutral faces, the reference of the network, and is relative to neutral. It only
turns down what speaks louder, beside neutral, than it does in other people's neutral faces: the odds of no expression
against neutral ever rise.

A neutral picture of the same person helps action-unit networks (Feng and de Sa 2024, arXiv:2409.00240). The offsets, the
shrinkage and the cap are our own; `python -m benchmarks.calibration` measures what they change.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from realtime.domain import EXPRESSIONS, Expression, top

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.domain import Face, FaceReading

LogMeans: TypeAlias = tuple[float, ...]
"""Mean log probabilities, seven numbers at or below 0 in the order of `Expression`."""

LEAST = 3e-4
"""A probability below this counts as this. On ten clips of faces at rest, 1e-6 also turns down happy on a clip where every
frame is neutral already, and 1e-3 gains less on the one clip that needs it: `python -m benchmarks.calibration --floors`."""

SHRINKAGE = 15
"""Offsets are multiplied by N / (N + 15), N being the number of readings: few readings prove little."""

MOST = 1.0
"""Largest offset downwards. On PublicTest, sad turned down by 1 costs 18 of 100 sad faces; 1.5 costs 20 and gains no more."""

KEPT_STRENGTH = 0.5
"""Factor for offsets of another day. With the features of a neutral photo of another day subtracted, 64 of 100 answers to press
photos were right and not 72; at half strength 71."""

MIN_READINGS = 20
"""Fewest readings of a measurement."""

MIN_CLEAR_SHARE = 0.5
"""Least share of the pictures that must show the face clearly."""

MAX_CROWDED_SHARE = 0.1
"""Largest share of the pictures with several faces: the detector finds a false face now and then."""

MIN_TRACK_SHARE = 0.8
"""Least share of the readings that must belong to one track."""

EXPRESSIVE = 0.6
"""A reading with an expression above this was not at rest. Sad, angry and disgust do not count: a face at rest often resembles
them, and that is what the measurement is for."""

LOOKS_AT_REST = frozenset({Expression.NEUTRAL, Expression.SAD, Expression.ANGRY, Expression.DISGUST})

LIGHT_FACTOR = 1.5
"""The light has changed if the mean brightness of the face differs by this factor. The log odds of clear neutral faces of
PublicTest against neutral change by .3 (mean size) at two thirds of their brightness, by .6 at 1.5 times, and by 1.3 at twice:
more than any offset. `python -m benchmarks.calibration --data fer2013.npz` measures it."""

SIZE_FACTOR = 2.0
"""The distance has changed if the side of the face differs by this factor. The same log odds change by .9 if the faces are
shrunk to half their side, 24 pixels, and by .6 at two thirds. A face of more than 48 pixels loses less."""

NEUTRAL = EXPRESSIONS.index(Expression.NEUTRAL)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Offsets for one face at rest.

    Attributes:
        offsets: seven numbers in -1..0 to add to log probabilities, in the order of `Expression`; that of neutral is 0.
        brightness: mean brightness of the face during the measurement, 0..1; None if it is not known.
        size: side of the face during the measurement as a share of the picture's height; None if it is not known.

    Raises:
        ValueError: not seven numbers in -1..0, or neutral has an offset.
    """

    offsets: tuple[float, ...]
    brightness: float | None = None
    size: float | None = None

    def __post_init__(self) -> None:
        if len(self.offsets) != len(EXPRESSIONS):
            raise ValueError(f"expected {len(EXPRESSIONS)} offsets, one an expression, not {len(self.offsets)}")
        # NaN fails the comparison
        if not all(-MOST <= offset <= 0 for offset in self.offsets):
            raise ValueError(f"each offset must lie in {-MOST:g}..0: {self.offsets}")
        if self.offsets[NEUTRAL]:
            raise ValueError("neutral has no offset")

    @property
    def changes(self) -> bool:
        """Whether any expression is turned down."""
        return any(self.offsets)

    def scaled(self, strength: float) -> Calibration:
        """The same offsets times `strength`, 0..1, without the light and the distance of their measurement."""
        return Calibration(tuple(offset * strength for offset in self.offsets))

    def apply(self, probabilities: Sequence[float]) -> tuple[float, ...]:
        """Seven probabilities times exp(offset), which sum to one again."""
        weighted = [share * math.exp(offset) for share, offset in zip(probabilities, self.offsets, strict=True)]
        total = math.fsum(weighted)
        # All of the probability may be of expressions that are turned down, never of none at all
        return tuple(share / total for share in weighted)


@dataclass(frozen=True, slots=True)
class RestSample:
    """What one picture of a measurement shows.

    Attributes:
        faces: number of faces.
        reading: the network's answer to the only face; None without a face, with several, or if it cannot be read.
        track: number of this face.
        reason: why it cannot be read; None if it can.
    """

    faces: int
    reading: FaceReading | None = None
    track: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RestResult:
    """Result of a measurement.

    Attributes:
        calibration: the offsets.
        count: number of readings.
        neutral_before: number of readings whose most probable expression is neutral.
        neutral_after: the same of the same readings with the offsets.
    """

    calibration: Calibration
    count: int
    neutral_before: int
    neutral_after: int


def sample_of(faces: Sequence[Face]) -> RestSample:
    """What a frame with these faces adds to a measurement."""
    if len(faces) != 1:
        return RestSample(len(faces))
    return RestSample(1, faces[0].reading, faces[0].track, faces[0].reason)


def find_refusal(samples: Sequence[RestSample], *, of_film: bool = False) -> str | None:
    """Why a measurement cannot be used, as a sentence; None if it can.

    Args:
        samples: of the measurement.
        of_film: whether they are of a film: then the sentence asks for another film, as nobody sits before a camera.
    """
    fault = _find_fault(samples)
    if fault is None:
        return None
    reason, advice = fault
    return f"{reason}: {'choose another film' if of_film else advice}"


def _find_fault(samples: Sequence[RestSample]) -> tuple[str, str] | None:
    """Why a measurement cannot be used, and what a person before the camera can do; None if it can be used."""
    seen = [sample for sample in samples if sample.faces]
    clear = [sample for sample in samples if sample.reading is not None]
    if not seen:
        return "no face was seen", "sit in view of the camera, in good light, and try again"
    if sum(sample.faces > 1 for sample in samples) > MAX_CROWDED_SHARE * len(samples):
        return "several faces were seen", "only one person can be measured at a time"
    if len(clear) < max(MIN_READINGS, MIN_CLEAR_SHARE * len(samples)):
        return _too_few(len(clear), samples), "sit in good light, and try again"
    tracks = [sample.track for sample in clear]
    if max(map(tracks.count, set(tracks))) < MIN_TRACK_SHARE * len(tracks):
        return "the face left the picture, or another one took its place", "stay in view, and try again"
    loud = [best for sample in clear if (best := _expressive(sample.reading)) is not None]
    if len(loud) > len(clear) / 2:
        name = max(set(loud), key=loud.count).value
        return f"the face looked {name} in most pictures", "look neutral, as when you read, and try again"
    return None


def measure(samples: Sequence[RestSample], reference: LogMeans) -> RestResult:
    """Compute the offsets of a face at rest.

    Args:
        samples: of one measurement that `find_refusal` does not refuse.
        reference: mean log probabilities of clear neutral faces, of the same network.

    Raises:
        ValueError: no sample has a reading.
    """
    readings = [sample.reading for sample in samples if sample.reading is not None]
    offsets = compute_offsets(log_means([reading.probabilities for reading in readings]), reference, len(readings))
    count = len(readings)
    brightness, size = (
        math.fsum(values) / count for values in zip(*((each.brightness, each.size) for each in readings), strict=True)
    )
    calibration = Calibration(offsets, brightness, size)
    before = sum(top(each.probabilities) is Expression.NEUTRAL for each in readings)
    after = sum(top(calibration.apply(each.probabilities)) is Expression.NEUTRAL for each in readings)
    return RestResult(calibration, count, before, after)


def compute_offsets(means: LogMeans, reference: LogMeans, count: int) -> tuple[float, ...]:
    """Seven offsets in -1..0 for a face whose `count` readings have these mean log probabilities."""
    shrinkage = count / (count + SHRINKAGE)
    neutral = reference[NEUTRAL] - means[NEUTRAL]
    quieter = [(expected - mean - neutral) * shrinkage for expected, mean in zip(reference, means, strict=True)]
    return tuple(0.0 if index == NEUTRAL else max(-MOST, min(0.0, each)) for index, each in enumerate(quieter))


def log_means(rows: Sequence[Sequence[float]]) -> LogMeans:
    """Mean log probabilities of rows of seven probabilities, each at least `LEAST`.

    Raises:
        ValueError: no row.
    """
    if not rows:
        raise ValueError("a mean needs at least one row")
    return tuple(math.fsum(math.log(max(share, LEAST)) for share in column) / len(rows) for column in zip(*rows, strict=True))


def describe_offsets(calibration: Calibration) -> str:
    """Say which expressions are turned down, and to what: "happy is turned down to 37%, sad to 71%"."""
    pairs = sorted(zip(calibration.offsets, EXPRESSIONS, strict=True), key=lambda pair: pair[0])
    shares = [(expression.value, f"{math.exp(offset):.0%}") for offset, expression in pairs if offset < 0]
    if not shares:
        return "nothing is turned down"
    (first, share), *others = shares
    return ", ".join([f"{first} is turned down to {share}", *(f"{name} to {part}" for name, part in others)])


def describe_result(result: RestResult) -> tuple[str, ...]:
    """Put a result into words: before and after on the same pictures, and what is turned down."""
    count, before, after = result.count, result.neutral_before, result.neutral_after
    if not result.calibration.changes:
        return (f"neutral in {before} of {count} pictures: nothing needs to be turned down",)
    return f"neutral in {before} of {count} pictures before, in {after} after", describe_offsets(result.calibration)


def _expressive(reading: FaceReading | None) -> Expression | None:
    """The expression of a reading that is not at rest; None if it is."""
    if reading is None or max(reading.probabilities) <= EXPRESSIVE:
        return None
    best = top(reading.probabilities)
    return None if best in LOOKS_AT_REST else best


def _too_few(clear: int, samples: Sequence[RestSample]) -> str:
    reasons = [sample.reason for sample in samples if sample.faces == 1 and sample.reading is None and sample.reason]
    why = f" ({max(set(reasons), key=reasons.count)})" if reasons else ""
    return f"the face was seen clearly in only {clear} of {len(samples)} pictures{why}"
