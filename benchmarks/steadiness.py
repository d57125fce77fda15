"""How steady labels and numbers are on a composed clip whose truth is known, beside those without smoothing.

Every ten seconds the face changes expression, amid sensor noise and small movement. All that is called out more often than
that is wrong, "not sure" as well. The reference labels the same frames one by one: Haar as the ancestors set it, our network,
its most probable expression. A third reader shows what smoothing alone does, without labels that are held.

Settings were tuned on other seeds than the ones that are measured here.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from statistics import median
from typing import TYPE_CHECKING

import cv2
import numpy as np

from benchmarks.clips import SHOWN_AT, Clip, framed, stills
from benchmarks.figures import Figure, parser, report
from benchmarks.ours import remark
from benchmarks.reference import MIN_NEIGHBORS, SCALE_FACTOR
from benchmarks.scene import RATE
from realtime.app import build
from realtime.app.build import build_labels, build_tracker, shipped_settings
from realtime.domain import Box, Frame
from realtime.errors import EmodjError
from realtime.faces.pipeline import FaceReader, FrameReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.clips import Still
    from realtime.config.schema import Settings
    from realtime.domain import Batch, Expression, Face, Image, Probabilities

SEEDS = (1, 2, 3)
SECONDS = 180.0
CLEAR = 0.6
"""An expression takes part if the network names it with so much confidence where nothing moves."""

NOT_SURE = "not sure"
NAMES = ("ours", "smoothed only", "reference")


@dataclass(slots=True)
class Seen:
    """What a reader called the face, frame by frame.

    Attributes:
        labels: None where no face was found.
        tracks: the numbers that it gave out.
    """

    labels: list[str | None] = field(default_factory=list)
    tracks: set[int] = field(default_factory=set)

    def add(self, faces: Sequence[Face]) -> None:
        """Take a frame."""
        self.tracks |= {face.track for face in faces if face.track is not None}
        face = person(faces)
        self.labels.append(None if face is None else NOT_SURE if face.unsure else face.expression.value)


@dataclass(frozen=True, slots=True)
class Score:
    """How a reader did on one clip.

    Attributes:
        wrong: changes of the label beyond the true ones.
        delays_s: from the first frame that changes to the first one with the new label; the rest of the clip if it never came.
        tracks: numbers that were given out.
        not_sure: share of frames with a face that was called nothing.
        missed: share of frames without a face.
    """

    wrong: int
    delays_s: list[float]
    tracks: int
    not_sure: float
    missed: float

    @property
    def p95_s(self) -> float:
        """The delay that one change in twenty exceeds."""
        return float(np.quantile(self.delays_s, 0.95)) if self.delays_s else 0.0


class HaarDefault:
    """Finds faces as the ancestors did: in each whole frame."""

    def __init__(self) -> None:
        # With the wheel of OpenCV, whose types say nothing of it
        folder: str = cv2.data.haarcascades  # pyright: ignore[reportAttributeAccessIssue]
        self._cascade = cv2.CascadeClassifier(f"{folder}haarcascade_frontalface_default.xml")

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        """Faces of the whole frame, wherever they were before."""
        del near
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        return [Box(*map(int, hit)) for hit in self._cascade.detectMultiScale(grey, SCALE_FACTOR, MIN_NEIGHBORS)]


def person(faces: Sequence[Face]) -> Face | None:
    """The face where the person is; what was taken for a face elsewhere counts by its number alone."""
    x, y = SHOWN_AT
    here = (face for face in faces if face.box.left < x < face.box.right and face.box.top < y < face.box.bottom)
    return max(here, key=lambda face: face.box.area, default=None)


def score(seen: Seen, truth: Sequence[str]) -> Score:
    """Hold what was called out against what was shown."""
    starts = [0, *(index for index in range(1, len(truth)) if truth[index] != truth[index - 1])]
    wrong, delays = 0, list[float]()
    before: str | None = None
    for start, end in zip(starts, [*starts[1:], len(truth)], strict=True):
        part = seen.labels[start:end]
        called = [label for label in part if label is not None]
        changes = sum(one != other for one, other in zip([before, *called], called, strict=False)) - (before is None)
        arrives = next((index for index, label in enumerate(part) if label == truth[start]), None)
        wrong += changes - (arrives is not None and before not in {None, truth[start]})
        if start:
            delays.append((end - start if arrives is None else arrives) / RATE)
        before = called[-1] if called else before
    found = [label for label in seen.labels if label is not None]
    count = len(seen.labels)
    return Score(wrong, delays, len(seen.tracks), found.count(NOT_SURE) / max(1, len(found)), (count - len(found)) / count)


def clear_stills(reader: FaceReader) -> tuple[list[Still], list[Expression]]:
    """The expressions that the network tells apart, and what it calls them.

    Raises:
        EmodjError: it tells fewer than two apart.
    """
    kept: dict[Expression, tuple[float, Still]] = {}
    for still in stills():
        faces = reader.read(np.clip(framed(still.image.astype(np.float32)), 0, 255).astype(np.uint8))
        face = person(faces)
        said = f"{face.expression.value} {face.confidence:.2f}" if face else "no face found"
        taken = face is not None and face.confidence >= CLEAR and face.confidence > kept.get(face.expression, (0.0,))[0]
        print(f"{still.name}: {said}{'' if taken else ' (left out: not clear, or another one is clearer)'}")
        if face is not None and taken:
            kept[face.expression] = (face.confidence, still)
    if len(kept) <= 1:
        raise EmodjError("the network tells no two of the drawn expressions apart: draw others in benchmarks/clips.py")
    return [still for _, still in kept.values()], list(kept)


class SeenOnce:
    """Looks once at each frame for two readers that look at the same places.

    Args:
        faces: who looks.
    """

    def __init__(self, faces: FaceReader) -> None:
        self._faces = faces
        self._image: Image | None = None
        self._found: list[Box] = []
        self._said: Batch | None = None

    def detect(self, image: Image, near: Sequence[Box] = ()) -> list[Box]:
        """What was found in this very picture before, else what is found now."""
        if image is not self._image:
            self._image, self._found, self._said = image, self._faces.detector.detect(image, near), None
        return list(self._found)

    def classify(self, batch: Batch, /) -> Probabilities:
        """The same for what is read from its crops."""
        if self._said is None:
            self._said = self._faces.classifier.classify(batch)
        return self._said


def run(faces: FaceReader, settings: Settings, clip: Clip, names: Sequence[Expression]) -> dict[str, Score]:
    """Read a clip in the three ways."""
    once = SeenOnce(faces)
    shared = replace(faces, detector=once, classifier=once)
    readers = {"ours": _reader(shared, settings, held=True), "smoothed only": _reader(shared, settings, held=False)}
    reference = replace(faces, detector=HaarDefault(), unsure_below=0.0, gate=_ungated)
    seen = {name: Seen() for name in NAMES}
    truth: list[str] = []
    for index, image in enumerate(clip.frames()):
        frame = Frame(image, index, index / RATE)
        truth.append(names[clip.shown(index)].value)
        for name, reader in readers.items():
            seen[name].add(reader.read(frame))
        seen["reference"].add(reference.read(image))
    return {name: score(found, truth) for name, found in seen.items()}


def _ungated(_crops: Batch, squares: Sequence[Box], _width: int, _height: int) -> list[str | None]:
    """The reference asks its network about every crop."""
    return [None] * len(squares)


def _reader(faces: FaceReader, settings: Settings, *, held: bool) -> FrameReader:
    labels = build_labels(settings, faces.unsure_below) if held else None
    return FrameReader(faces, build_tracker(settings), labels, hold_s=settings.tracking.hold_s)


def figures(seeds: Sequence[int], seconds: float) -> list[Figure]:
    """The rows of the table, the worst of all seeds in each; what each seed gave is printed before.

    Raises:
        EmodjError: the network or the cascade cannot be used, or no two expressions are told apart.
    """
    settings = shipped_settings()
    faces = build.build_face_reader(settings, settings.faces.live, remark)
    kept, names = clear_stills(faces)
    found = [run(faces, settings, Clip(kept, seed, seconds=seconds), names) for seed in seeds]
    for seed, scores in zip(seeds, found, strict=True):
        print(f"seed {seed}:", "; ".join(f"{name} {_said(scores[name])}" for name in NAMES))
    own, smoothed, reference = ([scores[name] for scores in found] for name in NAMES)
    length = f"of {seconds:g} s, the worst of {len(seeds)} seeds"
    changes = f"label changes beyond the true ones {length}"
    wrong, late = max(one.wrong for one in own), max(one.p95_s for one in own)
    other_wrong, other_late = max(one.wrong for one in reference), max(one.p95_s for one in reference)
    other_missed = max(one.missed for one in reference)
    return [
        Figure(changes, wrong, 2, 0, more_is_better=False, reference=str(other_wrong)),
        Figure(f"{changes}, smoothed only", max(one.wrong for one in smoothed)),
        Figure("delay of the new label, p95", late, 0.8, 0.4, more_is_better=False, reference=f"{other_late:.2f} s", unit=" s"),
        Figure("delay of the new label, p95, smoothed only", max(one.p95_s for one in smoothed), unit=" s"),
        Figure("track ids used", max(one.tracks for one in own), 1, 1, more_is_better=False),
        Figure('frames called "not sure"', max(one.not_sure for one in own)),
        Figure("frames without a face", max(one.missed for one in own), reference=f"{other_missed:.2g}"),
    ]


def _said(one: Score) -> str:
    delays = one.delays_s or [0.0]
    late = f"{median(delays):.2f} / {one.p95_s:.2f} / {max(delays):.2f} s"
    return f"{one.wrong} wrong changes, delay p50 / p95 / max {late}, {one.tracks} ids, {one.not_sure:.2%} not sure"


def main() -> int:
    """Measure and print."""
    options = parser(__doc__, seconds=SECONDS)
    options.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="of the clips (default: 1 2 3)")
    given = options.parse_args()
    return report(lambda: figures(given.seeds, given.seconds), given.json)


if __name__ == "__main__":
    sys.exit(main())
