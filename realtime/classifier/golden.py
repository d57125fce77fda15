"""Golden crops: crops with recorded answers. They show whether a network gives the same answers on this computer."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from realtime.classifier.crops import crop_faces, to_batch
from realtime.domain import CROP_SIDE, EXPRESSIONS, by_expression
from realtime.printable import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from realtime.classifier.runtime import Classifier
    from realtime.domain import Batch, Box, Image

SMILE_PREFIX = "smile"
"""Prefix of the names of crops that every working network must call happy."""

RENDERED_SOURCE = "drawn by emodj, MIT"
_MAX_NAME_LENGTH = 1000
DIGITS = 6
"""Decimals of a recorded probability."""


@dataclass(frozen=True, slots=True)
class SourceCrop:
    """One crop without an answer.

    Attributes:
        name: name, unique in a contract.
        source: origin and licence.
        pixels: 48×48 grey values, one byte each, row by row.

    Raises:
        ValueError: not 48×48 bytes.
    """

    name: str
    source: str
    pixels: bytes

    def __post_init__(self) -> None:
        if len(self.pixels) != CROP_SIDE**2:
            raise ValueError(f"the crop {quoted(self.name)} has {len(self.pixels)} pixels, not {CROP_SIDE}×{CROP_SIDE}")


@dataclass(frozen=True, slots=True)
class GoldenCrop:
    """A crop with the recorded answer of the network.

    Attributes:
        crop: the crop.
        answer: seven probabilities in the order of `Expression`.

    Raises:
        ValueError: not seven probabilities.
    """

    crop: SourceCrop
    answer: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.answer) != len(EXPRESSIONS):
            raise ValueError(f"the crop {quoted(self.crop.name)} has {len(self.answer)} probabilities, not {len(EXPRESSIONS)}")


def to_golden_batch(crops: Iterable[SourceCrop]) -> Batch:
    """Turn n crops into a batch (n, 48, 48, 1) float32 in 0..1."""
    pixels = b"".join(crop.pixels for crop in crops)
    return to_batch(np.frombuffer(pixels, np.uint8).reshape(-1, CROP_SIDE, CROP_SIDE))


def record_answers(classifier: Classifier, crops: Iterable[SourceCrop]) -> tuple[GoldenCrop, ...]:
    """Classify crops and record the answers, rounded to six decimals."""
    crops = tuple(crops)
    rows = classifier.classify(to_golden_batch(crops))
    return tuple(GoldenCrop(crop, tuple(round(float(p), DIGITS) for p in row)) for crop, row in zip(crops, rows, strict=True))


def differences(classifier: Classifier, recorded: Sequence[GoldenCrop]) -> dict[str, float]:
    """Map the name of each crop to the largest difference of its seven probabilities from the recorded ones."""
    actual = record_answers(classifier, (golden.crop for golden in recorded))
    return {
        golden.crop.name: float(np.abs(np.subtract(golden.answer, other.answer)).max())
        for golden, other in zip(recorded, actual, strict=True)
    }


def to_document(golden: GoldenCrop) -> dict[str, Any]:
    """Convert a golden crop to JSON values: pixels in base64, probabilities by name."""
    crop = golden.crop
    pixels = base64.b64encode(crop.pixels).decode()
    return {"name": crop.name, "source": crop.source, "pixels": pixels, "answer": by_expression(golden.answer)}


def from_document(document: Mapping[str, Any]) -> GoldenCrop:
    """Convert the result of `to_document` back.

    Raises:
        ValueError, TypeError, KeyError: `to_document` did not write this document.
    """
    pixels = base64.b64decode(document["pixels"], validate=True)
    answer = tuple(_probability(document["answer"][expression.value]) for expression in EXPRESSIONS)
    name, source = document["name"], document["source"]
    if not isinstance(name, str) or not isinstance(source, str) or max(len(name), len(source)) > _MAX_NAME_LENGTH:
        raise ValueError(f"a golden crop has a name or a source that is no text of at most {_MAX_NAME_LENGTH} characters")
    return GoldenCrop(SourceCrop(name, source, pixels), answer)


def _probability(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{quoted(value)} is not a probability")
    return float(value)


def crop_from_image(name: str, source: str, image: Image, box: Box, side_ratio: float) -> SourceCrop:
    """Crop the face at `box` from an image (height, width, 3) uint8 BGR, as the pipeline does."""
    [crop] = crop_faces(image, [box], side_ratio)
    return SourceCrop(name, source, np.rint(crop * 255).astype(np.uint8).tobytes())


def render_crops() -> tuple[SourceCrop, ...]:
    """Render crops that need no photo: two drawn faces and a ramp from black to white. Their answers do not matter."""
    ramp = np.tile(np.linspace(0, 255, CROP_SIDE).astype(np.uint8), (CROP_SIDE, 1))
    pictures = {"drawn-mouth-up": _draw_face(mouth_up=True), "drawn-mouth-down": _draw_face(mouth_up=False), "ramp": ramp}
    return tuple(SourceCrop(name, RENDERED_SOURCE, picture.tobytes()) for name, picture in pictures.items())


def _draw_face(*, mouth_up: bool) -> NDArray[np.uint8]:
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
