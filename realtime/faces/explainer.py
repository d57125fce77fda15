"""Why a face has its label: the crop that the network got, and the parts of it that the answer depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from realtime.classifier.crops import crop_faces
from realtime.classifier.occlusion import explain_crop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.classifier.occlusion import Explanation
    from realtime.classifier.runtime import Classifier
    from realtime.domain import Face, Image


@dataclass(frozen=True, slots=True)
class FaceExplainer:
    """Explains the labels of single faces.

    Attributes:
        classifier: the network that read the faces.
        side_ratio: side of a crop as a multiple of the longer side of the detector's box.
    """

    classifier: Classifier
    side_ratio: float

    def explain(self, image: Image, face: Face) -> Explanation:
        """Explain the label of a face that was read in an image (height, width, 3) uint8 BGR."""
        return explain_crop(face, crop_faces(image, [face.box], self.side_ratio), self.classifier.classify)


def largest_faces(faces: Sequence[Face], count: int) -> list[Face]:
    """The `count` faces with the largest boxes, in the order of `faces`."""
    largest = sorted(faces, key=lambda face: -face.box.area)[:count]
    return [face for face in faces if any(face is other for other in largest)]
