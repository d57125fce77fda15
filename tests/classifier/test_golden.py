import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.classifier import golden
from realtime.classifier.contract import read_contract
from realtime.classifier.crops import crop_faces
from realtime.classifier.golden import GoldenCrop, SourceCrop
from realtime.domain import Box, Image
from realtime.faces.haar import HaarDetector
from tests.support.places import ROOT

PICTURE = ROOT / "tests" / "data" / "astronaut.jpg"
BOX = Box(175, 70, 100, 100)

crops = st.builds(SourceCrop, st.text(), st.text(), st.binary(min_size=2304, max_size=2304))
probabilities = st.tuples(*[st.floats(0, 1)] * 7)


@given(st.builds(GoldenCrop, crops, probabilities))
def test_a_golden_crop_is_equal_after_a_round_trip_through_json(item: GoldenCrop) -> None:
    assert golden.from_document(json.loads(json.dumps(golden.to_document(item)))) == item


def test_a_crop_from_a_picture_equals_that_of_the_pipeline() -> None:
    image = cv2.imread(str(PICTURE))
    assert image is not None
    image = image.astype(np.uint8)
    crop = golden.crop_from_image("smile-astronaut", "NASA, public domain", image, BOX, 1.05)
    np.testing.assert_array_equal(golden.to_golden_batch([crop]), crop_faces(image, [BOX], 1.05))


def test_the_rendered_crops_have_different_names_and_pixels() -> None:
    drawn = golden.render_crops()
    assert len({crop.name for crop in drawn}) == len({crop.pixels for crop in drawn}) == 3
    # Only a face that every network must call happy may have the prefix
    assert not any(crop.name.startswith(golden.SMILE_PREFIX) for crop in drawn)
    assert all(crop.source for crop in drawn)


def test_no_crops_make_an_empty_batch() -> None:
    assert golden.to_golden_batch([]).shape == (0, 48, 48, 1)


def test_wrong_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="'small' has 3 pixels"):
        SourceCrop("small", "nowhere", b"abc")
    with pytest.raises(ValueError, match="'grey' has 2 probabilities"):
        GoldenCrop(SourceCrop("grey", "nowhere", bytes(2304)), (0.5, 0.5))


def test_this_code_gives_the_shipped_crops(astronaut: Image) -> None:
    shipped = read_contract(ROOT / "models" / "emotiondetector.contract.json")
    cascade = ROOT / "cascades" / "haarcascade_frontalface_alt2.xml"
    detector = HaarDetector(cascade, search_size=(1280, 1280), scale_factor=1.1, min_neighbors=5, min_face=60)
    (box,) = detector.detect(astronaut)
    (smile, *drawn) = [item.crop for item in shipped.golden]
    assert drawn == list(golden.render_crops())
    assert smile == golden.crop_from_image("smile-astronaut", smile.source, astronaut, box, shipped.side_ratio)
