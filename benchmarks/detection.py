"""How many faces are found, and how many boxes are none, beside the search of the reference: clips and photos.

Faces and pictures come from `../shared/video` and `../shared/faces`; without them there is nothing to measure. Ours is the
reader of a live session on every frame of each clip, and the search of `emodj image` on each photo. The reference is
`haarcascade_frontalface_default` with scaleFactor 1.3 and minNeighbors 5 on the full grey frame.

A box counts as found when it overlaps (intersection over union) by 0.4 the square that a Haar detector would draw about
a known face. R is the recall of all faces, R8 of those of at least 1/8 of the picture's height, P the precision; a box on a
face that nobody should be charged for counts neither way. Times are processor time, on clips with tracking and the
network, on photos of the search alone.

The settings were chosen on one half, every second file by name from the second on; the other half was
reported, and three thresholds were raised once after both had been seen.
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
MATCH = 0.4
PART = 8
BARS = {"clips": ((8, 0.98), (18, 0.99)), "photos": ((5, 0.95), (12, 0.97))}


@dataclass(frozen=True, slots=True)
class Known:
    """A picture whose faces are known: squares as a Haar detector draws them, and which of them are large enough."""

    frame: Frame
    faces: list[Box]
    large: list[bool]
    ignored: list[Box] = field(default_factory=list[Box])


@dataclass(slots=True)
class Score:
    """What a search found, summed over pictures."""

    faces: int = 0
    found: int = 0
    large: int = 0
    large_found: int = 0
    false: int = 0
    pictures: int = 0
    seconds: float = 0.0
    worst: float = 0.0

    def add(self, other: Score) -> None:
        """Count the pictures of the other, too."""
        for name in ("faces", "found", "large", "large_found", "false", "pictures", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.worst = max(self.worst, other.worst)

    @property
    def recall(self) -> float:
        """Of the large faces, 0..1."""
        return self.large_found / max(1, self.large)

    @property
    def precision(self) -> float:
        """Share of the boxes that are faces, 0..1."""
        return self.found / max(1, self.found + self.false)

    def cells(self) -> tuple[str, ...]:
        """R, R8, P and false boxes, milliseconds a picture and at worst."""
        times = (f"{1000 * self.seconds / max(1, self.pictures):.1f}", f"{1000 * self.worst:.0f}")
        recalls = (f"{self.found / max(1, self.faces):.3f}", f"{self.recall:.3f}" if self.large else "-")
        return (*recalls, f"{self.precision:.3f}", str(self.false), *times)


def drawn(x: float, y: float, width: float, height: float) -> Box:
    """The square that a Haar detector would draw about the tight box of a face."""
    side = 0.955 * height
    left, top = x + width / 2 - side / 2, y + height / 2 - 0.013 * height - side / 2
    return Box(round(left), round(top), max(1, round(side)), max(1, round(side)))


def clip(name: str, facts: dict[str, list[list[list[float]]]]) -> Iterator[Known]:
    """The frames of a clip."""
    capture = cv2.VideoCapture(str(SHARED / "video" / name))
    for index, tight in enumerate(facts["frames"]):
        there, image = capture.read()
        if not there:
            break
        frame = Frame(image.astype("uint8", copy=False), index, index / float(facts["fps"]))  # pyright: ignore[reportArgumentType]
        yield Known(frame, [drawn(*box) for box in tight], [box[3] * PART >= image.shape[0] for box in tight])
    capture.release()


def photo(path: Path, rows: Sequence[dict[str, str]]) -> Known:
    """A photo."""
    image = cv2.imread(str(path))
    if image is None:
        raise SystemExit(f"cannot read {path}")
    known: list[Box] = []
    ignored: list[Box] = []
    large: list[bool] = []
    for row in rows:
        box = drawn(*(float(row[key]) for key in ("x", "y", "w", "h")))
        (ignored if row["ignore"] == "1" else known).append(box)
        if row["ignore"] != "1":
            large.append(float(row["h"]) * PART >= image.shape[0])
    return Known(Frame(image.astype("uint8", copy=False), 0, 0), known, large, ignored)


def scored(known: Known, boxes: Sequence[Box], seconds: float) -> Score:
    """Give each box the face that it overlaps most, the best pair first."""
    pairs = [(box.overlap(face), row, owner) for row, box in enumerate(boxes) for owner, face in enumerate(known.faces)]
    owners: dict[int, int] = {}
    for overlap, row, owner in sorted(pairs, reverse=True):
        if overlap >= MATCH and row not in owners and owner not in owners.values():
            owners[row] = owner
    left = [box for row, box in enumerate(boxes) if row not in owners]
    false = sum(all(box.overlap(other) < MATCH for other in known.ignored) for box in left)
    large_found = sum(known.large[owner] for owner in owners.values())
    return Score(len(known.faces), len(owners), sum(known.large), large_found, false, 1, seconds, seconds)


def searched(find: Callable[[Frame], Sequence[Box]], pictures: Sequence[Known]) -> Score:
    """What a search finds in pictures, in their order."""
    total = Score()
    for known in pictures:
        start = time.process_time()
        boxes = find(known.frame)
        total.add(scored(known, boxes, time.process_time() - start))
    return total


def reference() -> Callable[[Frame], list[Box]]:
    """The search of the reference."""
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"))

    def find(frame: Frame) -> list[Box]:
        found = cascade.detectMultiScale(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), 1.3, 5)
        return [Box(*map(int, square)) for square in found]

    return find


def session(settings: Settings) -> Callable[[Frame], list[Box]]:
    """What reads the frames of one session."""
    reader = ours.frame_reader(settings)
    return lambda frame: [face.box for face in reader.read(frame)]


def pictures(settings: Settings) -> Callable[[Frame], list[Box]]:
    """The search in pictures."""
    detector = build.build_detector(settings.faces, settings.faces.image)
    return lambda frame: detector.detect(frame.image)


def clips_measured(settings: Settings) -> Iterator[tuple[str, Score, Score]]:
    """Name, ours and the reference, clip by clip."""
    facts = json.loads((SHARED / "video" / "boxes.json").read_text(encoding="utf-8"))
    for name in sorted(facts):
        frames = list(clip(name, facts[name]))
        yield name, searched(session(settings), frames), searched(reference(), frames)


def photos_measured(settings: Settings) -> Iterator[tuple[str, Score, Score]]:
    """Name, ours and the reference, photo by photo."""
    rows: dict[str, list[dict[str, str]]] = {}
    with (SHARED / "faces" / "boxes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["file"], []).append(row)
    own, other = pictures(settings), reference()
    for path in sorted((SHARED / "faces" / "photos").iterdir()):
        known = [photo(path, rows.get(path.name, []))]
        yield path.name, searched(own, known), searched(other, known)


def measure(settings: Settings) -> list[Figure]:
    """Both, printed in detail, and the figures that have bars."""
    lines: list[Sequence[str]] = [("", "", "R", "R8", "P", "false", "ms", "worst")]
    found: list[Figure] = []
    for kind, measured in (("clips", clips_measured(settings)), ("photos", photos_measured(settings))):
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
        figures.of_turns(
            f"{kind}: processor time a picture",
            [(1000 * own.seconds / own.pictures, 1000 * other.seconds / other.pictures)],
            unit=" ms",
        ),
    ]


def main() -> int:
    """Measure and print; returns the exit status."""
    options = figures.parser(__doc__, seconds=0)
    options.add_argument("--yunet", action="store_true", help="measure the second detector instead of the cascades")
    arguments = options.parse_args()
    if not (SHARED / "video" / "boxes.json").is_file() or not (SHARED / "faces" / "boxes.csv").is_file():
        print(f"nothing to measure: {SHARED} has no pictures with known faces")
        return 0
    settings = shipped_settings()
    if arguments.yunet:
        settings = replace(settings, faces=replace(settings.faces, detector="yunet", yunet_model=YUNET))
    return figures.report(lambda: measure(settings), arguments.json)


if __name__ == "__main__":
    sys.exit(main())
