"""Recall and precision of face detection on annotated clips and photos, compared with the reference detector.

Images and annotations come from `../shared/video` and `../shared/faces`; without them the benchmark measures nothing. Ours
is the frame reader of a live session on every frame of each clip, and the detector of `emodj image` on each photo. The
reference is `haarcascade_frontalface_default` with scaleFactor 1.3 and minNeighbors 5 on the full grey frame.

A detected box is a hit if its intersection over union with the expected Haar square of an annotated face is at least 0.4. R
is the recall of all faces, R8 the recall of faces with at least 1/8 of the picture's height, P the precision. A box on a
face that is annotated as ignored is neither a hit nor an error. Times are processor time: with tracking and the network on
clips, of detection alone on photos.

The settings were chosen on one half of the files (every second one by name, from the second on); the other half was only
reported. Later, three thresholds were raised once with the results of both halves known.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from benchmarks import figures, ours
from benchmarks.figures import Figure
from realtime.app import build
from realtime.app.build import shipped_settings
from realtime.domain import Box, Frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from realtime.config.schema import Settings

SHARED = Path(__file__).parent.parent.parent / "shared"
YUNET = SHARED / "faces" / "yunet" / "face_detection_yunet_2023mar.onnx"
MIN_IOU = 0.4
LARGE_DIVISOR = 8
BARS = {"clips": ((8, 0.98), (18, 0.99)), "photos": ((5, 0.95), (12, 0.97))}


@dataclass(frozen=True, slots=True)
class AnnotatedImage:
    """Image with annotated faces.

    Attributes:
        frame: the image.
        faces: expected Haar square of each face.
        large: for each face, whether it counts for R8.
        ignored: squares of faces that do not count.
    """

    frame: Frame
    faces: list[Box]
    large: list[bool]
    ignored: list[Box] = field(default_factory=list[Box])


@dataclass(slots=True)
class Score:
    """Counts and times of a detector, summed over pictures."""

    faces: int = 0
    found: int = 0
    large: int = 0
    large_found: int = 0
    false: int = 0
    pictures: int = 0
    seconds: float = 0.0
    max_seconds: float = 0.0

    def add(self, other: Score) -> None:
        """Add the counts of another score."""
        for name in ("faces", "found", "large", "large_found", "false", "pictures", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.max_seconds = max(self.max_seconds, other.max_seconds)

    @property
    def recall(self) -> float:
        """Recall of the large faces, 0..1."""
        return self.large_found / max(1, self.large)

    @property
    def precision(self) -> float:
        """Share of the boxes that are faces, 0..1."""
        return self.found / max(1, self.found + self.false)

    def cells(self) -> tuple[str, ...]:
        """Format R, R8, P, false boxes, and mean and largest milliseconds per picture."""
        times = (f"{1000 * self.seconds / max(1, self.pictures):.1f}", f"{1000 * self.max_seconds:.0f}")
        recalls = (f"{self.found / max(1, self.faces):.3f}", f"{self.recall:.3f}" if self.large else "-")
        return (*recalls, f"{self.precision:.3f}", str(self.false), *times)


def haar_square(x: float, y: float, width: float, height: float) -> Box:
    """Expected square of a Haar detector for the tight box of a face."""
    side = 0.955 * height
    left, top = x + width / 2 - side / 2, y + height / 2 - 0.013 * height - side / 2
    return Box(round(left), round(top), max(1, round(side)), max(1, round(side)))


def read_clip(name: str, facts: dict[str, list[list[list[float]]]]) -> Iterator[AnnotatedImage]:
    """Yield the frames of a clip with their annotations."""
    capture = cv2.VideoCapture(str(SHARED / "video" / name))
    for index, tight in enumerate(facts["frames"]):
        ok, image = capture.read()
        if not ok:
            break
        frame = Frame(image.astype("uint8", copy=False), index, index / float(facts["fps"]))  # pyright: ignore[reportArgumentType]
        yield AnnotatedImage(
            frame, [haar_square(*box) for box in tight], [box[3] * LARGE_DIVISOR >= image.shape[0] for box in tight]
        )
    capture.release()


def read_photo(path: Path, rows: Sequence[dict[str, str]]) -> AnnotatedImage:
    """Read a photo with its annotations."""
    image = cv2.imread(str(path))
    if image is None:
        raise SystemExit(f"cannot read {path}")
    known: list[Box] = []
    ignored: list[Box] = []
    large: list[bool] = []
    for row in rows:
        box = haar_square(*(float(row[key]) for key in ("x", "y", "w", "h")))
        (ignored if row["ignore"] == "1" else known).append(box)
        if row["ignore"] != "1":
            large.append(float(row["h"]) * LARGE_DIVISOR >= image.shape[0])
    return AnnotatedImage(Frame(image.astype("uint8", copy=False), 0, 0), known, large, ignored)


def score_image(known: AnnotatedImage, boxes: Sequence[Box], seconds: float) -> Score:
    """Match boxes to faces greedily, the largest overlap first, and count hits and false boxes."""
    pairs = [(box.overlap(face), row, owner) for row, box in enumerate(boxes) for owner, face in enumerate(known.faces)]
    owners: dict[int, int] = {}
    for overlap, row, owner in sorted(pairs, reverse=True):
        if overlap >= MIN_IOU and row not in owners and owner not in owners.values():
            owners[row] = owner
    left = [box for row, box in enumerate(boxes) if row not in owners]
    false = sum(all(box.overlap(other) < MIN_IOU for other in known.ignored) for box in left)
    large_found = sum(known.large[owner] for owner in owners.values())
    return Score(len(known.faces), len(owners), sum(known.large), large_found, false, 1, seconds, seconds)


def score_search(find: Callable[[Frame], Sequence[Box]], pictures: Sequence[AnnotatedImage]) -> Score:
    """Run a detector on pictures, in their order, and sum the scores."""
    total = Score()
    for known in pictures:
        start = time.process_time()
        boxes = find(known.frame)
        total.add(score_image(known, boxes, time.process_time() - start))
    return total


def reference_search() -> Callable[[Frame], list[Box]]:
    """Build the detector of the reference."""
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"))

    def find(frame: Frame) -> list[Box]:
        found = cascade.detectMultiScale(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), 1.3, 5)
        return [Box(*map(int, square)) for square in found]

    return find


def session_search(settings: Settings) -> Callable[[Frame], list[Box]]:
    """Build the frame reader of one live session."""
    reader = ours.build_frame_reader(settings)
    return lambda frame: [face.box for face in reader.read(frame)]


def picture_search(settings: Settings) -> Callable[[Frame], list[Box]]:
    """Build the detector of still pictures."""
    detector = build.build_detector(settings.faces, settings.faces.image)
    return lambda frame: detector.detect(frame.image)


def measure_clips(settings: Settings) -> Iterator[tuple[str, Score, Score]]:
    """Yield name, our score and the score of the reference, for each clip."""
    facts = json.loads((SHARED / "video" / "boxes.json").read_text(encoding="utf-8"))
    for name in sorted(facts):
        frames = list(read_clip(name, facts[name]))
        yield name, score_search(session_search(settings), frames), score_search(reference_search(), frames)


def measure_photos(settings: Settings) -> Iterator[tuple[str, Score, Score]]:
    """Yield name, our score and the score of the reference, for each photo."""
    rows: dict[str, list[dict[str, str]]] = {}
    with (SHARED / "faces" / "boxes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["file"], []).append(row)
    own, other = picture_search(settings), reference_search()
    for path in sorted((SHARED / "faces" / "photos").iterdir()):
        known = [read_photo(path, rows.get(path.name, []))]
        yield path.name, score_search(own, known), score_search(other, known)


def measure(settings: Settings) -> list[Figure]:
    """Measure clips and photos, print the details, and return the figures with bars."""
    lines: list[Sequence[str]] = [("", "", "R", "R8", "P", "false", "ms", "worst")]
    found: list[Figure] = []
    for kind, measured in (("clips", measure_clips(settings)), ("photos", measure_photos(settings))):
        sums = {name: (Score(), Score()) for name in ("all", "chosen on", "only reported")}
        for number, (name, own, other) in enumerate(measured):
            half = "chosen on" if number % 2 else "only reported"
            for total in (sums["all"], sums[half]):
                total[0].add(own)
                total[1].add(other)
            if kind == "clips":
                lines += [(name, "ours", *own.cells()), ("", "reference", *other.cells())]
        for name, (own, other) in sums.items():
            lines += [(f"{kind}, {name}", "ours", *own.cells()), ("", "reference", *other.cells())]
        found += _figures(kind, *sums["all"])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    return found


def _figures(kind: str, own: Score, other: Score) -> list[Figure]:
    musts, moonshots = BARS[kind]
    points = 100 * (own.recall - other.recall)
    return [
        Figure(f"{kind}: R8, points above the reference", points, musts[0], moonshots[0], reference=f"R8 {other.recall:.3f}"),
        Figure(f"{kind}: precision", own.precision, musts[1], moonshots[1], reference=f"{other.precision:.3f}"),
        figures.figure_of_turns(
            f"{kind}: processor time a picture",
            [(1000 * own.seconds / own.pictures, 1000 * other.seconds / other.pictures)],
            unit=" ms",
        ),
    ]


def main() -> int:
    """Measure and print; returns the exit status."""
    options = figures.build_parser(__doc__, seconds=0)
    options.add_argument("--yunet", action="store_true", help="measure the second detector instead of the cascades")
    arguments = options.parse_args()
    if not (SHARED / "video" / "boxes.json").is_file() or not (SHARED / "faces" / "boxes.csv").is_file():
        print(f"nothing to measure: {SHARED} has no pictures with known faces")
        return 0
    settings = shipped_settings()
    if arguments.yunet:
        settings = replace(settings, faces=replace(settings.faces, detector="yunet", yunet_model=YUNET))
    return figures.print_report(lambda: measure(settings), arguments.json)


if __name__ == "__main__":
    sys.exit(main())
