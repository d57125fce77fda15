"""How much of a picture belongs to a crop: chooses `side_ratio`, the side of a crop as a multiple of the detector's box.

    python -m benchmarks.margin [--model NAME.json] [--detector live|image]

The network was trained on FER-2013's crops, so a face should fill ours as it fills those: a side of about 1.0 times the height
of a tight box about the face, with eyes that are 36% of the side apart and lie at 38% of its height (measured on FER-2013).
Faces come from `../shared/faces`: photos with tight boxes, and YuNet for the eyes. Without them there is nothing to measure.

For each ratio, over the faces that are found and look at the camera: side by height of the face, distance and height of the
eyes by side, and over all that are found: mean confidence, the share that is surer than the network's threshold, and the share
called the same as a step nearer and a step wider. The ratio that is chosen comes nearest to FER-2013 in the side and in the
distance of the eyes, by the sum of how far each is off; the network has no say, since it is sure of much that it does not see.
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

from benchmarks.detection import MATCH, SHARED, YUNET, drawn
from benchmarks.ours import remark
from realtime.app import build
from realtime.app.build import shipped_settings
from realtime.classifier.contract import contract_path, read_contract
from realtime.classifier.crops import crop_faces, crop_square
from realtime.storage import resources

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from realtime.domain import Box, Image
    from realtime.faces.pipeline import FaceReader

    Answers = NDArray[np.float32]

RATIOS = tuple(round(0.8 + 0.05 * step, 2) for step in range(13))
EYES_APART = 0.36
EYES_DOWN = 0.38
FACING = 0.2
"""Largest yaw of a face whose eyes are as far apart as they look."""

SUREST_EYES = 0.8


@dataclass(frozen=True, slots=True)
class Found:
    """A face that was found where one is known to be.

    Attributes:
        image: its picture.
        box: of the detector.
        height: of the tight box about the face, pixels.
        eyes: both, as (x, y) in pixels of the picture; None of a face that looks elsewhere, or whose eyes were not found.
    """

    image: Image
    box: Box
    height: float
    eyes: tuple[tuple[float, float], tuple[float, float]] | None


def faces(reader: FaceReader) -> Iterator[Found]:
    """The faces of all photos that the detector finds, each with the known face that it overlaps most."""
    rows: dict[str, list[dict[str, str]]] = {}
    with (SHARED / "faces" / "boxes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["file"], []).append(row)
    landmarks = cv2.FaceDetectorYN.create(str(YUNET), "", (320, 320), SUREST_EYES)
    for name, known in sorted(rows.items()):
        image = cv2.imread(str(SHARED / "faces" / "photos" / name))
        if image is None:
            raise SystemExit(f"cannot read {name} of {SHARED / 'faces' / 'photos'}")
        pixels = image.astype(np.uint8, copy=False)
        squares = [drawn(*(float(row[key]) for key in ("x", "y", "w", "h"))) for row in known]
        eyes = list(_eyes(landmarks, pixels))
        for box in reader.detector.detect(pixels):
            overlap, row, about = max(
                ((box.overlap(place), row, place) for row, place in zip(known, squares, strict=True)),
                key=lambda match: match[0],
            )
            if overlap >= MATCH and row["ignore"] != "1":
                pair = next((pair for pair in eyes if all(_inside(eye, about) for eye in pair)), None)
                facing = abs(float(row["yaw"] or 1)) <= FACING
                yield Found(pixels, box, float(row["h"]), pair if facing else None)


def _eyes(detector: cv2.FaceDetectorYN, image: Image) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    height, width = image.shape[:2]
    detector.setInputSize((width, height))
    found = detector.detect(image)[1]
    for row in [] if found is None else found:
        # Box, then right eye and left eye, (x, y) each
        yield (float(row[4]), float(row[5])), (float(row[6]), float(row[7]))


def _inside(point: tuple[float, float], box: Box) -> bool:
    return box.left <= point[0] < box.right and box.top <= point[1] < box.bottom


def answers(reader: FaceReader, found: Sequence[Found]) -> Answers:
    """What the network says of the faces (n, 7), cut as the reader cuts."""
    return np.concatenate([reader.classifier.classify(crop_faces(face.image, [face.box], reader.side_ratio)) for face in found])


def geometry(found: Sequence[Found], ratio: float) -> tuple[float, float, float]:
    """Side by height of the face, distance and height of the eyes by side: each the median of the faces that look ahead."""
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
    reader = build.build_face_reader(settings, search, remark)
    found = list(faces(reader))
    looking = sum(face.eyes is not None for face in found)
    print(f"{len(found)} faces found, {looking} of them look at the camera; FER-2013 has 1.00, {EYES_APART}, {EYES_DOWN}")
    print("\n".join(table(reader, found)))
    chosen = min(RATIOS, key=lambda ratio: off(found, ratio))
    present = read_contract(contract_path(options.model)).side_ratio if contract_path(options.model).exists() else 1.0
    print(f"chosen: {chosen:.2f}, which comes nearest; the contract of {options.model.name} has {present:.2f}")
    return 0


def table(reader: FaceReader, found: Sequence[Found]) -> Iterator[str]:
    """A line for each ratio."""
    said = [answers(replace(reader, side_ratio=ratio), found) for ratio in RATIOS]
    names = [each.argmax(axis=1) for each in said]
    heads = ("ratio", "side/height", "eyes apart", "eyes down", "confidence", "answered", "nearer", "wider")
    yield "".join(f"{head:>12}" for head in heads)
    for index, ratio in enumerate(RATIOS):
        sure = said[index].max(axis=1)
        geometric = [f"{value:.3f}" for value in geometry(found, ratio)]
        network = [f"{sure.mean():.3f}", f"{(sure >= reader.unsure_below).mean():.1%}"]
        steps = (index - 1, index + 1)
        same = [f"{(names[index] == names[other]).mean():.0%}" if 0 <= other < len(names) else "-" for other in steps]
        yield "".join(f"{cell:>12}" for cell in (f"{ratio:.2f}", *geometric, *network, *same))


def off(found: Sequence[Found], ratio: float) -> float:
    """How far side and distance of the eyes are from those of FER-2013, 0 for not at all."""
    side, apart, _ = geometry(found, ratio)
    return abs(math.log(side)) + abs(math.log(apart / EYES_APART))


if __name__ == "__main__":
    sys.exit(main())
