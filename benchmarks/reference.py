"""The reference: the loop of our ancestors, and their way to read one picture.

Serial: `haarcascade_frontalface_default` with 1.3 and 5 on the whole grey frame, then Keras `predict` once for each face,
then boxes and labels drawn. The network has the preset `ancestor`, with random weights: how fast it is does not depend on
them.

Run by the other benchmarks as a process of its own. It imports nothing of emodj, which the ancestors had not.
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
    """One face: its box in pixels, and what it is called."""

    left: int
    top: int
    width: int
    height: int
    label: str
    probability: float


class Reference:
    """The ancestors' loop over one frame.

    Args:
        network: of Keras; reads (1, 48, 48, 1) grey in 0..1.
    """

    def __init__(self, network: Any) -> None:
        # With the wheel of OpenCV, whose types say nothing of it
        folder: str = cv2.data.haarcascades  # pyright: ignore[reportAttributeAccessIssue]
        self._cascade = cv2.CascadeClassifier(f"{folder}haarcascade_frontalface_default.xml")
        self._network = network

    def read(self, image: NDArray[np.uint8]) -> list[Answer]:
        """Find, classify and draw the faces of a frame (BGR), into the frame."""
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


def load(json_path: Path) -> Any:
    """Read a pair the ancestors' way: `NAME.json` and the weights in `NAME.h5`."""
    import keras

    network = keras.models.model_from_json(json_path.read_text(encoding="utf-8"))
    network.load_weights(json_path.with_suffix(".h5"))
    return network


def save(json_path: Path) -> None:
    """Write an untrained pair of the preset `ancestor`.

    Raises:
        EmodjError: TensorFlow is not installed.
    """
    from realtime.classifier.architectures import build_network
    from realtime.classifier.keras_pair import save_pair

    save_pair(build_network("ancestor"), json_path)


def run(network: Any, source: str, seconds: float, *, window: bool) -> dict[str, float]:
    """Read a live source at the loop's own pace; what it did in so many seconds after the first frame, a warm-up."""
    reference = Reference(network)
    capture = camera.PacedCamera(source) if source.endswith(camera.SUFFIX) else cv2.VideoCapture(source, cv2.CAP_FFMPEG)
    _step(reference, capture, window=window)
    began, used = time.monotonic(), time.process_time()
    frames = 0
    while time.monotonic() - began < seconds and _step(reference, capture, window=window):
        frames += 1
    wall, cpu = time.monotonic() - began, time.process_time() - used
    capture.release()
    return {"wall_s": wall, "cpu_s": cpu, "analysed": frames, "peak_kib": peak_kib()}


def _step(reference: Reference, capture: cv2.VideoCapture | camera.PacedCamera, *, window: bool) -> bool:
    ok, image = capture.read()
    if not ok:
        return False
    reference.read(image.astype(np.uint8, copy=False))
    if window:
        cv2.imshow(TITLE, image)
        cv2.waitKey(1)
    return True


def peak_kib() -> int:
    """Most memory that this process ever had resident, KiB (Linux)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    """Read a picture or a live source and print what came of it, as JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("source", help="a picture, or with --seconds a live source as FFmpeg names it")
    options.add_argument("--pair", type=Path, required=True, help="NAME.json with NAME.h5 beside it")
    options.add_argument("--seconds", type=float, default=0.0)
    options.add_argument("--window", action="store_true")
    given = options.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    network = load(given.pair)
    if given.seconds:
        print(json.dumps(run(network, given.source, given.seconds, window=given.window)))
        return
    image = cv2.imread(given.source)
    if image is None:
        raise SystemExit(f"{given.source} cannot be read")
    print(json.dumps(Reference(network).read(image.astype(np.uint8, copy=False))))


if __name__ == "__main__":
    main()
