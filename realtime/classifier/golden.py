"""Golden crops: faces whose answers are recorded with a network, so that a machine on which it answers otherwise is noticed."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from realtime.classifier.crops import crop_faces, to_batch
from realtime.domain import CROP_SIDE, EXPRESSIONS, by_expression

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from realtime.classifier.runtime import Classifier
    from realtime.domain import Batch, Box, Image

SMILE_PREFIX = "smile"
"""Beginning of the name of every crop that any sound network calls happy."""

RENDERED = "drawn by emodj, MIT"
DIGITS = 6


@dataclass(frozen=True, slots=True)
class SourceCrop:
    """One crop as the network reads it.

    Attributes:
        name: unique within a contract.
        source: where it comes from and its licence.
        pixels: 48×48 grey, one byte each, row by row.

    Raises:
        ValueError: not 48×48 bytes.
    """

    name: str
    source: str
    pixels: bytes

    def __post_init__(self) -> None:
        if len(self.pixels) != CROP_SIDE**2:
            raise ValueError(f"the crop {self.name!r} has {len(self.pixels)} pixels, not {CROP_SIDE}×{CROP_SIDE}")


@dataclass(frozen=True, slots=True)
class GoldenCrop:
    """A crop and what the network answered when its contract was written: seven probabilities in the order of `Expression`."""

    crop: SourceCrop
    answer: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.answer) != len(EXPRESSIONS):
            raise ValueError(f"the crop {self.crop.name!r} has {len(self.answer)} probabilities, not {len(EXPRESSIONS)}")


def to_golden_batch(crops: Iterable[SourceCrop]) -> Batch:
    """The crops as (n, 48, 48, 1) float32 in 0..1."""
    pixels = b"".join(crop.pixels for crop in crops)
    return to_batch(np.frombuffer(pixels, np.uint8).reshape(-1, CROP_SIDE, CROP_SIDE))


def record_answers(classifier: Classifier, crops: Iterable[SourceCrop]) -> tuple[GoldenCrop, ...]:
    """Let the classifier answer the crops, to six decimals."""
    crops = tuple(crops)
    rows = classifier.classify(to_golden_batch(crops))
    return tuple(GoldenCrop(crop, tuple(round(float(p), DIGITS) for p in row)) for crop, row in zip(crops, rows, strict=True))


def differences(classifier: Classifier, recorded: Sequence[GoldenCrop]) -> dict[str, float]:
    """By how much the classifier answers each crop otherwise than recorded, by its name: the largest of seven differences."""
    now = record_answers(classifier, (golden.crop for golden in recorded))
    return {
        golden.crop.name: float(np.abs(np.subtract(golden.answer, answer.answer)).max())
        for golden, answer in zip(recorded, now, strict=True)
    }


def to_document(golden: GoldenCrop) -> dict[str, Any]:
    """The golden crop as JSON knows it: pixels in base64, probabilities by name."""
    crop = golden.crop
    pixels = base64.b64encode(crop.pixels).decode()
    return {"name": crop.name, "source": crop.source, "pixels": pixels, "answer": by_expression(golden.answer)}


def from_document(document: Mapping[str, Any]) -> GoldenCrop:
    """Undo `to_document`. Raises `ValueError`, `TypeError` or `KeyError` on what it did not write."""
    pixels = base64.b64decode(document["pixels"], validate=True)
    answer = tuple(float(document["answer"][expression.value]) for expression in EXPRESSIONS)
    return GoldenCrop(SourceCrop(str(document["name"]), str(document["source"]), pixels), answer)


def crop_from_image(name: str, source: str, image: Image, box: Box, side_ratio: float) -> SourceCrop:
    """Cut a golden crop out of a picture (height, width, 3) uint8 BGR as the pipeline would."""
    [crop] = crop_faces(image, [box], side_ratio)
    return SourceCrop(name, source, np.rint(crop * 255).astype(np.uint8).tobytes())


def render_crops() -> tuple[SourceCrop, ...]:
    """Crops that need no photograph: two drawn faces and a ramp from black to white. What they look like is of no account."""
    ramp = np.tile(np.linspace(0, 255, CROP_SIDE).astype(np.uint8), (CROP_SIDE, 1))
    pictures = {"drawn-mouth-up": _drawn(mouth_up=True), "drawn-mouth-down": _drawn(mouth_up=False), "ramp": ramp}
    return tuple(SourceCrop(name, RENDERED, picture.tobytes()) for name, picture in pictures.items())


def _drawn(*, mouth_up: bool) -> NDArray[np.uint8]:
    face = np.full((CROP_SIDE, CROP_SIDE), 60, np.uint8)
    cv2.ellipse(face, (24, 24), (18, 23), 0, 0, 360, 190, -1, cv2.LINE_AA)
    for x in (16, 32):
        cv2.ellipse(face, (x, 19), (4, 2), 0, 0, 360, 40, -1, cv2.LINE_AA)
        cv2.line(face, (x - 5, 13), (x + 5, 13), 80, 2, cv2.LINE_AA)
    cv2.line(face, (24, 22), (23, 29), 130, 2, cv2.LINE_AA)
    if mouth_up:
        cv2.ellipse(face, (24, 33), (9, 6), 0, 0, 180, 60, 2, cv2.LINE_AA)
    else:
        cv2.ellipse(face, (24, 40), (9, 6), 0, 180, 360, 60, 2, cv2.LINE_AA)
    return face
