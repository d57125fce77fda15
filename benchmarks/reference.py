"""Reference for the benchmarks: the serial loop of typical student projects, from which emodj descends.

Each step follows the other: `haarcascade_frontalface_default` with scale factor 1.3 and 5 neighbours on the whole grey
frame, then Keras `predict` once for each face, then boxes and labels drawn. The network has the architecture `ancestor` with
random weights, since the speed does not depend on them.

The other benchmarks run this module in a separate process. The loop imports nothing of emodj, so that its memory and its
start are those of such a project.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from benchmarks import camera

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCALE_FACTOR = 1.3
MIN_NEIGHBORS = 5
LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
GREEN = (0, 255, 0)
TITLE = "reference"


class Answer(NamedTuple):
    """One face: its box in pixels, its label and the probability of the label, 0..1."""

    left: int
    top: int
    width: int
    height: int
    label: str
    probability: float


class Reference:
    """Analyses one frame at a time.

    Args:
        network: Keras network that reads (1, 48, 48, 1) grey in 0..1.
    """

    def __init__(self, network: Any) -> None:
        # The OpenCV wheel contains this folder, but its type stubs lack it
        folder: str = cv2.data.haarcascades  # pyright: ignore[reportAttributeAccessIssue]
        self._cascade = cv2.CascadeClassifier(f"{folder}haarcascade_frontalface_default.xml")
        self._network = network

    def read(self, image: NDArray[np.uint8]) -> list[Answer]:
        """Detect and classify the faces of a frame (BGR), and draw them into the frame."""
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        answers: list[Answer] = []
        for x, y, width, height in self._cascade.detectMultiScale(grey, SCALE_FACTOR, MIN_NEIGHBORS):
            crop = cv2.resize(grey[y : y + height, x : x + width], (48, 48))
            row = self._network.predict(crop.reshape(1, 48, 48, 1) / 255.0, verbose=0)[0]
            label = LABELS[int(row.argmax())]
            cv2.rectangle(image, (x, y), (x + width, y + height), GREEN, 2)
            cv2.putText(image, label, (x, y - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.9, GREEN, 2)
            answers.append(Answer(int(x), int(y), int(width), int(height), label, float(row.max())))
        return answers


def load_network(json_path: Path) -> Any:
    """Load a pair with plain Keras: `NAME.json` and the weights in `NAME.h5`."""
    import keras

    network = keras.models.model_from_json(json_path.read_text(encoding="utf-8"))
    network.load_weights(json_path.with_suffix(".h5"))
    return network


def save_untrained_pair(json_path: Path) -> None:
    """Write an untrained pair of the architecture `ancestor`.

    Raises:
        EmodjError: TensorFlow is not installed.
    """
    from realtime.classifier.architectures import build_network
    from realtime.classifier.keras_pair import save_pair

    save_pair(build_network("ancestor"), json_path)


def run(network: Any, source: str, seconds: float, *, window: bool) -> dict[str, float]:
    """Analyse a live source as fast as the loop can; measures the given seconds after the first frame, which is a warm-up."""
    reference = Reference(network)
    capture = camera.PacedCamera(source) if source.endswith(camera.SUFFIX) else cv2.VideoCapture(source, cv2.CAP_FFMPEG)
    _read_frame(reference, capture, window=window)
    began, used = time.monotonic(), time.process_time()
    frames = 0
    while time.monotonic() - began < seconds and _read_frame(reference, capture, window=window):
        frames += 1
    wall, cpu = time.monotonic() - began, time.process_time() - used
    capture.release()
    return {"wall_s": wall, "cpu_s": cpu, "analysed": frames, "peak_kib": peak_kib()}


def _read_frame(reference: Reference, capture: cv2.VideoCapture | camera.PacedCamera, *, window: bool) -> bool:
    ok, image = capture.read()
    if not ok:
        return False
    reference.read(image.astype(np.uint8, copy=False))
    if window:
        cv2.imshow(TITLE, image)
        cv2.waitKey(1)
    return True


def peak_kib() -> int:
    """Peak resident memory of this process, KiB (Linux)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    """Analyse a picture or a live source, and print the results as JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("source", help="a picture, or with --seconds a live source as FFmpeg names it")
    options.add_argument("--pair", type=Path, required=True, help="NAME.json with NAME.h5 beside it")
    options.add_argument("--seconds", type=float, default=0.0)
    options.add_argument("--window", action="store_true")
    given = options.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    network = load_network(given.pair)
    if given.seconds:
        print(json.dumps(run(network, given.source, given.seconds, window=given.window)))
        return
    image = cv2.imread(given.source)
    if image is None:
        raise SystemExit(f"{given.source} cannot be read")
    print(json.dumps(Reference(network).read(image.astype(np.uint8, copy=False))))


if __name__ == "__main__":
    main()
