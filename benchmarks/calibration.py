"""What a face at rest changes: on films of people at rest before and after, and what an offset costs everybody.

    python -m benchmarks.calibration --films FOLDER               films of one person each
    python -m benchmarks.calibration --data fer2013.npz           cost, light and distance
    python -m benchmarks.calibration --films FOLDER --floors      the least probability, for `faces.calibration.LEAST`

Each film is calibrated on its first part and counted on the rest, frame by frame, without smoothing. Nobody has labelled the
frames: a person who seems to be at rest may smile. The costs are those of the clear majorities of PublicTest, if the same
offset were used for everybody.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from realtime.app import build
from realtime.app.headless import frames_in_order
from realtime.classifier import contract
from realtime.classifier.runtime import open_classifier
from realtime.domain import EXPRESSIONS, Expression, Threshold
from realtime.errors import EmodjError
from realtime.faces import calibration
from realtime.faces.calibration import NEUTRAL, Calibration
from realtime.sources.opening import open_video
from realtime.training.evaluation import clear_majority
from realtime.training.formats import read_dataset
from realtime.training.neutral_reference import clear_neutral_faces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Answers = NDArray[np.float64]

SHARED = Path(__file__).parent.parent.parent / "shared"
FILMS = (".mkv", ".mp4", ".mov", ".avi")
PART = 0.5
"""Share of a film that it is calibrated on."""
MIN_READINGS = 10
FLOORS = (1e-6, 1e-4, 3e-4, 1e-3, 1e-2)
OFFSETS = (0.0, -0.5, -1.0, -1.5, -2.5)
GAINS = (0.33, 0.5, 0.67, 1.5, 2.0)
SHRINKS = (0.33, 0.5, 0.67)
BATCH = 200
HAPPY, SAD = EXPRESSIONS.index(Expression.HAPPY), EXPRESSIONS.index(Expression.SAD)


@dataclass(frozen=True, slots=True)
class Film:
    """Answers of the network to the only readable face of each frame: (n, 7)."""

    name: str
    answers: Answers


def read_films(folder: Path) -> Iterator[Film]:
    """Yield the answers to each film of a folder, by name."""
    settings = build.shipped_settings()
    reader = build.build_face_reader(settings, settings.faces.live, print)
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in FILMS):
        try:
            frames = list(frames_in_order(open_video(str(path))))
        except EmodjError as error:
            print(f"{path.name}: {error}")
            continue
        raws = [reader.detect_and_classify(frame.image, ()) for frame in frames]
        rows = [raw.probabilities[0] for raw in raws if len(raw.boxes) == 1 and raw.reasons[0] is None]
        if len(rows) >= 2 * MIN_READINGS:
            yield Film(path.stem, np.array(rows, np.float64))


def apply(answers: Answers, offsets: Answers) -> Answers:
    """Answers (n, 7) with offsets (7,), whatever their size."""
    weighted = answers * np.exp(offsets)
    return weighted / weighted.sum(axis=1, keepdims=True)


def share(answers: Answers, expression: int) -> float:
    """Share of the answers that are an expression."""
    return float(np.mean(answers.argmax(axis=1) == expression))


def are_sure(answers: Answers, unsure_below: Threshold) -> NDArray[np.bool_]:
    """Mask (n,) of the answers that reach the threshold of their expression."""
    return np.array([unsure_below.is_reached(row) for row in answers.tolist()], np.bool_)


def offsets_of(answers: Answers, reference: Answers, floor: float) -> Answers:
    """Offsets (7,) for answers, as `faces.calibration` computes them with another least probability."""
    means = np.log(np.maximum(answers, floor)).mean(axis=0)
    return np.array(calibration.compute_offsets(tuple(means), tuple(reference), len(answers)))


def print_films(films: list[Film], reference: Answers, unsure_below: Threshold, floor: float) -> None:
    """Print neutral, happy and sure shares of each film before and after."""
    print("film                      readings   neutral     happy       sure       turned down")
    for film in films:
        count = max(MIN_READINGS, round(PART * len(film.answers)))
        offsets = offsets_of(film.answers[:count], reference, floor)
        before = film.answers[count:]
        after = apply(before, offsets)
        sure = [float(np.mean(are_sure(rows, unsure_below))) for rows in (before, after)]
        pairs = [(share(before, which), share(after, which)) for which in (NEUTRAL, HAPPY)] + [(sure[0], sure[1])]
        shown = "  ".join(f"{one:4.0%}→{other:4.0%}" for one, other in pairs)
        words = calibration.describe_offsets(Calibration(tuple(offsets)))
        print(f"{film.name:26}{count:4}+{len(before):<4}  {shown}  {words}")


def print_cost(answers: Answers, truth: NDArray[np.int64], unsure_below: Threshold) -> None:
    """Print what an offset for sad, and one for happy, would cost if it were used for everybody."""
    for name, which in (("sad", SAD), ("happy", HAPPY)):
        print(f"\n{name} by   accuracy   {name} found   neutral found   answered   right of them")
        for offset in OFFSETS:
            after = apply(answers, np.array([offset if index == which else 0.0 for index in range(7)]))
            said, sure = after.argmax(axis=1), are_sure(after, unsure_below)
            right = said == truth
            found = [float(np.mean(said[truth == each] == each)) for each in (which, NEUTRAL)]
            cells = [f"{offset:6.1f}", f"{right.mean():8.2%}", f"{found[0]:9.3f}", f"{found[1]:13.3f}"]
            print("   ".join([*cells, f"{sure.mean():8.1%}", f"{right[sure].mean():12.1%}"]))


def classify(network: contract.Classifier, images: NDArray[np.uint8]) -> Answers:
    """Answers (n, 7) to faces (n, 48, 48)."""
    crops = images[..., None].astype(np.float32) / np.float32(255)
    return np.concatenate([network.classify(crops[row : row + BATCH]) for row in range(0, len(crops), BATCH)]).astype(
        np.float64
    )


def print_changes(network: contract.Classifier, faces: NDArray[np.uint8]) -> None:
    """Print how far the log odds of clear neutral faces against neutral move with light and distance."""

    def log_odds(images: NDArray[np.uint8]) -> Answers:
        logs = np.log(np.maximum(classify(network, images), calibration.LEAST))
        return logs - logs[:, [NEUTRAL]]

    def shrunk(factor: float) -> NDArray[np.uint8]:
        side = round(48 * factor)
        small = [cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA) for face in faces]
        return np.array([cv2.resize(face, (48, 48), interpolation=cv2.INTER_LINEAR) for face in small], np.uint8)

    others = [index for index in range(7) if index != NEUTRAL]
    before = log_odds(faces)
    print("\nclear neutral faces           mean change of log odds against neutral (of one face: mean size)")
    views = [(f"brightness × {gain:g}", np.clip(faces * gain, 0, 255).astype(np.uint8)) for gain in GAINS]
    views += [(f"48 pixels from {48 * factor:.0f}", shrunk(factor)) for factor in SHRINKS]
    for name, images in views:
        change = (log_odds(images) - before)[:, others]
        print(f"{name:30}{change.mean():+.2f} ({np.abs(change).mean():.2f})")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, help="folder of films of one person each")
    parser.add_argument("--data", type=Path, help="fer2013.npz")
    parser.add_argument("--floors", action="store_true", help="compare least probabilities; needs --data, too")
    options = parser.parse_args()
    pair = build.shipped_pair()
    terms = contract.read_contract(contract.contract_path(pair))
    network = open_classifier(contract.read_compiled(contract.compiled_path(pair)), num_threads=2)
    if terms.neutral is None:
        raise SystemExit("run scripts/neutral_reference.py first")
    limit = terms.unsure_below or Threshold(contract.UNSURE_BELOW)
    films = [] if options.films is None else list(read_films(options.films))
    if films:
        print_films(films, np.array(terms.neutral), limit, calibration.LEAST)
    if options.data is None:
        return
    images = read_dataset(options.data).part("public")
    answers = classify(network, images.images)
    neutral = clear_neutral_faces(images)
    if options.floors:
        for floor in FLOORS:
            print(f"\nleast probability {floor:g}")
            print_films(films, np.log(np.maximum(answers[neutral], floor)).mean(axis=0), limit, floor)
        return
    clear, majority = clear_majority(images)
    print_cost(answers[clear], majority[clear], limit)
    print_changes(network, images.images[neutral])


if __name__ == "__main__":
    main()
