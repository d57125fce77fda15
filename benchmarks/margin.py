"""Choose `side_ratio`: the side of a crop as a multiple of the side of the detector's box.

    python -m benchmarks.margin [--model NAME.json] [--detector live|image]

The network was trained on the crops of FER-2013, so a face should fill our crops as it fills those. Measured on FER-2013, the
side is about 1.0 times the height of a tight box around the face, the distance of the eyes is 36% of the side, and the eyes
lie at 38% of its height. Faces come from `../shared/faces`: photos with tight boxes, and YuNet for the eyes. Without them
the benchmark measures nothing.

The table has a row for each ratio. Over the detected faces that look at the camera: side by height of the face, distance and
height of the eyes by side. Over all detected faces: mean confidence, the share above the threshold of the network, and the
share with the same label as at one ratio smaller and one larger. The chosen ratio is nearest to FER-2013, by the sum of the
log errors of side and eye distance. The network does not decide, since its confidence is high on bad crops, too.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import cv2
import numpy as np

from benchmarks.detection import MIN_IOU, SHARED, YUNET, haar_square
from benchmarks.ours import print_note
from realtime.app import build
from realtime.app.build import shipped_settings
from realtime.classifier.contract import contract_path, read_contract
from realtime.classifier.crops import crop_faces, crop_square
from realtime.storage import resources
from realtime.training.metrics import answered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from realtime.domain import Box, Image
    from realtime.faces.pipeline import FaceReader

    Answers = NDArray[np.float32]

RATIOS = tuple(round(0.8 + 0.05 * step, 2) for step in range(13))
EYE_DISTANCE = 0.36
EYE_HEIGHT = 0.38
MAX_YAW = 0.2
"""Largest yaw of a face that looks at the camera, so that the distance of its eyes is not foreshortened."""

MIN_EYE_SCORE = 0.8


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """Detected face that matches an annotated face.

    Attributes:
        image: the picture.
        box: box of the detector.
        height: height of the tight box around the face, pixels.
        eyes: both eyes as (x, y) in pixels of the picture; None if the face looks elsewhere or its eyes were not detected.
    """

    image: Image
    box: Box
    height: float
    eyes: tuple[tuple[float, float], tuple[float, float]] | None


def detect_faces(reader: FaceReader) -> Iterator[DetectedFace]:
    """Detect the faces of all photos; yields those that match the annotated face that they overlap most."""
    rows: dict[str, list[dict[str, str]]] = {}
    with (SHARED / "faces" / "boxes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["file"], []).append(row)
    landmarks = cv2.FaceDetectorYN.create(str(YUNET), "", (320, 320), MIN_EYE_SCORE)
    for name, known in sorted(rows.items()):
        image = cv2.imread(str(SHARED / "faces" / "photos" / name))
        if image is None:
            raise SystemExit(f"cannot read {name} of {SHARED / 'faces' / 'photos'}")
        pixels = image.astype(np.uint8, copy=False)
        squares = [haar_square(*(float(row[key]) for key in ("x", "y", "w", "h"))) for row in known]
        eyes = list(_detect_eyes(landmarks, pixels))
        for box in reader.detector.detect(pixels):
            overlap, row, about = max(
                ((box.overlap(place), row, place) for row, place in zip(known, squares, strict=True)),
                key=lambda match: match[0],
            )
            if overlap >= MIN_IOU and row["ignore"] != "1":
                pair = next((pair for pair in eyes if all(_contains(eye, about) for eye in pair)), None)
                facing = abs(float(row["yaw"] or 1)) <= MAX_YAW
                yield DetectedFace(pixels, box, float(row["h"]), pair if facing else None)


def _detect_eyes(detector: cv2.FaceDetectorYN, image: Image) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    height, width = image.shape[:2]
    detector.setInputSize((width, height))
    found = detector.detect(image)[1]
    for row in [] if found is None else found:
        # A row holds the box, then right eye and left eye, (x, y) each
        yield (float(row[4]), float(row[5])), (float(row[6]), float(row[7]))


def _contains(point: tuple[float, float], box: Box) -> bool:
    return box.left <= point[0] < box.right and box.top <= point[1] < box.bottom


def classify_faces(reader: FaceReader, found: Sequence[DetectedFace]) -> Answers:
    """Classify the faces, cropped as the reader crops them: probabilities (n, 7)."""
    return np.concatenate([reader.classifier.classify(crop_faces(face.image, [face.box], reader.side_ratio)) for face in found])


def measure_geometry(found: Sequence[DetectedFace], ratio: float) -> tuple[float, float, float]:
    """Side by height of the face, distance and height of the eyes by side: medians over the faces with eyes."""
    sides, apart, down = list[float](), list[float](), list[float]()
    for face in found:
        if face.eyes is not None:
            area = crop_square(face.box, ratio)
            (right_x, right_y), (left_x, left_y) = face.eyes
            sides.append(area.width / face.height)
            apart.append(math.hypot(left_x - right_x, left_y - right_y) / area.width)
            down.append(((right_y + left_y) / 2 - area.top) / area.height)
    return median(sides), median(apart), median(down)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=resources.models_folder() / "emotiondetector.json")
    parser.add_argument("--detector", choices=["live", "image"], default="live", help="whose boxes (default: live)")
    options = parser.parse_args()
    missing = [str(path) for path in (SHARED / "faces" / "boxes.csv", YUNET) if not path.is_file()]
    if missing:
        print(f"margin: nothing to measure without {' and '.join(missing)}: see benchmarks/README.md", file=sys.stderr)
        return 1
    settings = shipped_settings()
    settings = replace(settings, network=replace(settings.network, pair=options.model))
    search = settings.faces.live if options.detector == "live" else settings.faces.image
    reader = build.build_face_reader(settings, search, print_note)
    found = list(detect_faces(reader))
    looking = sum(face.eyes is not None for face in found)
    print(f"{len(found)} faces found, {looking} of them look at the camera; FER-2013 has 1.00, {EYE_DISTANCE}, {EYE_HEIGHT}")
    print("\n".join(format_table(reader, found)))
    chosen = min(RATIOS, key=lambda ratio: geometry_error(found, ratio))
    present = read_contract(contract_path(options.model)).side_ratio if contract_path(options.model).exists() else 1.0
    print(f"chosen: {chosen:.2f}, which comes nearest; the contract of {options.model.name} has {present:.2f}")
    return 0


def format_table(reader: FaceReader, found: Sequence[DetectedFace]) -> Iterator[str]:
    """Yield the heading and a line for each ratio."""
    probabilities = [classify_faces(replace(reader, side_ratio=ratio), found) for ratio in RATIOS]
    names = [each.argmax(axis=1) for each in probabilities]
    heads = ("ratio", "side/height", "eyes apart", "eyes down", "confidence", "answered", "nearer", "wider")
    yield "".join(f"{head:>12}" for head in heads)
    for index, ratio in enumerate(RATIOS):
        sure = probabilities[index].max(axis=1)
        geometric = [f"{value:.3f}" for value in measure_geometry(found, ratio)]
        network = [f"{sure.mean():.3f}", f"{answered(probabilities[index], reader.unsure_below).mean():.1%}"]
        steps = (index - 1, index + 1)
        same = [f"{(names[index] == names[other]).mean():.0%}" if 0 <= other < len(names) else "-" for other in steps]
        yield "".join(f"{cell:>12}" for cell in (f"{ratio:.2f}", *geometric, *network, *same))


def geometry_error(found: Sequence[DetectedFace], ratio: float) -> float:
    """Sum of the log errors of side and eye distance against FER-2013, 0 or more."""
    side, apart, _ = measure_geometry(found, ratio)
    return abs(math.log(side)) + abs(math.log(apart / EYE_DISTANCE))


if __name__ == "__main__":
    sys.exit(main())
