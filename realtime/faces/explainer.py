"""Why a face has its label: the crop that the network got, and the parts of it that the answer depends on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from realtime.classifier.crops import crop_faces
from realtime.classifier.occlusion import explain_crop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.classifier.occlusion import Explanation
    from realtime.classifier.runtime import Classifier
    from realtime.domain import Batch, Face, Image, Probabilities
    from realtime.faces.calibration import Calibration


@dataclass(frozen=True, slots=True)
class FaceExplainer:
    """Explains the labels of single faces.

    Attributes:
        classifier: the network that read the faces.
        side_ratio: side of a crop as a multiple of the longer side of the detector's box.
    """

    classifier: Classifier
    side_ratio: float

    def explain(self, image: Image, face: Face, calibration: Calibration | None = None) -> Explanation:
        """Explain the label of a face.

        Args:
            image: (height, width, 3) uint8 BGR, in which the face was read.
            face: the face, with its label.
            calibration: the face at rest that corrected the label; None: none did, or it is not known any more.
        """

        def classify(batch: Batch) -> Probabilities:
            answers = self.classifier.classify(batch)
            return answers if calibration is None else np.array(list(map(calibration.apply, answers.tolist())), np.float32)

        explanation = explain_crop(face, crop_faces(image, [face.box], self.side_ratio), classify)
        return replace(explanation, calibrated=calibration is not None)


def largest_faces(faces: Sequence[Face], count: int) -> list[Face]:
    """The `count` faces with the largest boxes, in the order of `faces`."""
    largest = sorted(faces, key=lambda face: -face.box.area)[:count]
    return [face for face in faces if any(face is other for other in largest)]
