from realtime.domain import Box
from realtime.faces.duplicates import remove_duplicates

FACE = Box(10, 10, 40, 40)


def test_the_first_box_of_each_face_stays() -> None:
    shifted, eye, beside = Box(15, 12, 40, 40), Box(20, 20, 8, 8), Box(60, 10, 40, 40)
    assert remove_duplicates([FACE, shifted, eye, beside]) == [FACE, beside]
    assert remove_duplicates([eye, FACE]) == [eye]
    assert remove_duplicates([]) == []
