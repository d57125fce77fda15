from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS, Box, Expression, Face, Image, Mood
from realtime.music.planner import Strategy
from realtime.music.songs import NowPlaying
from realtime.overlay.draw import annotate, draw
from realtime.overlay.widgets import EXPRESSION_COLOURS, RED, forget_layers
from realtime.session.recommendations import RecommendedMovies
from realtime.session.view import ViewState
from tests.support.lists import FACTS, make_recommender
from tests.support.places import ASTRONAUT

HAPPY = (0.01, 0.01, 0.01, 0.93, 0.01, 0.01, 0.02)
MOOD = Mood(HAPPY, Expression.HAPPY)
BARE = ViewState(hints=False, bars=False)
SIZES = [(1, 1), (2, 3), (10, 2000), (2000, 10), (20, 20), (240, 320), (640, 480), (480, 640), (1080, 1920)]


def picture(height: int, width: int) -> Image:
    return np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)


def flat(height: int = 480, width: int = 640) -> Image:
    return np.full((height, width, 3), 128, np.uint8)


def changed_area(before: Image, after: Image) -> Box:
    """The smallest box around every pixel that differs."""
    rows, columns = np.nonzero((before != after).any(axis=2))
    left, top = int(columns.min()), int(rows.min())
    return Box(left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1)


def colour_area(image: Image, expression: Expression) -> Box:
    """The smallest box around every pixel of the expression's colour."""
    rows, columns = np.nonzero((image == EXPRESSION_COLOURS[expression]).all(axis=2))
    left, top = int(columns.min()), int(rows.min())
    return Box(left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1)


SONG = NowPlaying("First Love – 初恋", "宇多田ヒカル", 3, 12, shuffled=True, volume=0.6)
LONG_SONG = NowPlaying("A Title That Goes on and on Until Nobody Reads It " * 2, "The Orchestra of Long Names " * 3, 3, 100_000)


def busy_view(face: Face) -> ViewState:
    return ViewState((face,), MOOD, notice="nothing is saved " * 30, info="29.8 fps · label 41 ms old", frozen=True)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_any_size_keeps_its_shape_and_the_input_is_unchanged(height: int, width: int) -> None:
    image = picture(height, width)
    image.flags.writeable = False
    before = image.copy()
    face = Face(Box(width // 4, height // 4, max(1, width // 3), max(1, height // 3)), HAPPY)
    drawings = [
        draw(image, view)
        for view in (
            ViewState(),
            busy_view(face),
            ViewState((face,), MOOD, help=True, notice="é"),
            ViewState((face,), None, mirrored=True),
        )
    ]
    for drawn in (*drawings, annotate(image, [face], MOOD), annotate(image, [], None)):
        assert drawn.shape == image.shape
        assert drawn.dtype == np.uint8
        assert not np.shares_memory(drawn, image)
    assert np.array_equal(image, before)


def test_an_array_view_of_a_larger_image_is_drawn() -> None:
    image = picture(300, 400)[::2, ::-2]
    assert draw(image, ViewState()).shape == (150, 200, 3)
    assert draw(image, ViewState(mirrored=True)).shape == (150, 200, 3)


def test_pixels_away_from_cards_and_boxes_are_unchanged() -> None:
    image = picture(480, 640)
    face = Face(Box(260, 200, 120, 120), HAPPY)
    drawn = draw(image, ViewState((face,), MOOD, hints=False, bars=False))
    assert np.array_equal(drawn[330:], image[330:])
    assert np.array_equal(drawn[:, 420:], image[:, 420:])
    assert np.array_equal(drawn[210:310, 270:370], image[210:310, 270:370])


def test_a_still_picture_without_mood_differs_only_around_its_face() -> None:
    image = flat()
    area = changed_area(image, annotate(image, [Face(Box(260, 200, 120, 120), HAPPY)], None))
    assert area.left >= 250
    assert area.right <= 480
    assert area.top >= 150
    assert area.bottom <= 420


def test_a_box_is_drawn_around_the_face() -> None:
    drawn = colour_area(
        draw(flat(), ViewState((Face(Box(100, 200, 120, 140), HAPPY),), None, bars=False, hints=False)), Expression.HAPPY
    )
    assert abs(drawn.left - 100) <= 3
    assert abs(drawn.top - 200) <= 3
    assert abs(drawn.right - 220) <= 3
    assert abs(drawn.bottom - 340) <= 3


def test_a_mirrored_view_mirrors_the_box_but_not_the_text() -> None:
    image = flat()
    face = Face(Box(100, 200, 120, 140), HAPPY)
    mirrored = draw(image, ViewState((face,), None, mirrored=True))
    assert abs(colour_area(mirrored, Expression.HAPPY).left - (640 - 220)) <= 3
    assert np.array_equal(mirrored, draw(image, ViewState((Face(face.box.mirrored(640), HAPPY),), None)))


def test_a_mirrored_view_flips_the_image() -> None:
    image = picture(100, 200)
    drawn = draw(image, ViewState((), None, mirrored=True, hints=False))
    assert np.array_equal(drawn[80:], image[80:, ::-1])


@pytest.mark.parametrize(("reason", "has_bars"), [("low confidence", True), ("too dark", False)])
def test_an_unreadable_face_has_no_bars(reason: str, *, has_bars: bool) -> None:
    face = Face(Box(260, 200, 120, 120), HAPPY, reason=reason)
    with_bars, without = (draw(flat(), ViewState((face,), None, bars=bars)) for bars in (True, False))
    assert has_bars is not np.array_equal(with_bars, without)


def test_the_box_of_an_unsure_face_is_dashed() -> None:
    sure, unsure = (
        draw(flat(), ViewState((Face(Box(260, 200, 120, 120), HAPPY, reason=reason),), None, hints=False, bars=False))
        for reason in (None, "low confidence")
    )
    bright = [(drawn[200, 272:368] > 200).any(axis=1).mean() for drawn in (sure, unsure)]
    assert bright[0] == 1
    assert bright[1] < 0.8


def test_a_label_at_the_upper_edge_moves_into_the_frame() -> None:
    image = flat()
    drawn = annotate(image, [Face(Box(200, 0, 200, 200), HAPPY)], None)
    assert (drawn[5:60, 210:390] != image[5:60, 210:390]).any()


@pytest.mark.parametrize(("left", "top"), [(0, 0), (540, 0), (0, 380), (540, 380), (270, 190)])
def test_a_label_is_complete_wherever_its_face_is(left: int, top: int) -> None:
    """A label that is cut off would leave less bright ink than the same label in the middle."""
    image = np.zeros((480, 640, 3), np.uint8)

    def ink(box: Box) -> int:
        drawn = annotate(image, [Face(box, HAPPY, reason="dark")], None)
        return int((drawn > 240).all(axis=2).sum())

    assert ink(Box(left, top, 100, 100)) == ink(Box(270, 190, 100, 100))


def test_labels_and_bars_do_not_cover_other_faces() -> None:
    image = flat()
    boxes = [Box(100, 150, 90, 90), Box(215, 150, 90, 90), Box(330, 150, 90, 90), Box(215, 290, 90, 90)]
    drawn = draw(image, ViewState(tuple(Face(box, HAPPY) for box in boxes), MOOD))
    for box in boxes:
        inside = np.s_[box.top + 8 : box.bottom - 8, box.left + 8 : box.right - 8]
        assert np.array_equal(drawn[inside], image[inside])


def test_the_mood_of_a_still_picture_covers_no_face() -> None:
    image = flat()
    faces = [Face(Box(0, 0, 320, 240), HAPPY)]
    with_mood, without = annotate(image, faces, MOOD), annotate(image, faces, None)
    area = changed_area(without, with_mood)
    assert area.left >= 320 or area.top >= 240


def test_each_field_of_the_view_changes_the_image() -> None:
    image = flat()
    face = Face(Box(260, 200, 120, 120), HAPPY)
    plain = draw(image, ViewState((face,), MOOD, hints=False, bars=False))
    for view in (
        ViewState((face,), MOOD, hints=True, bars=False),
        ViewState((face,), MOOD, hints=False, bars=True),
        ViewState((face,), MOOD, hints=False, bars=False, notice="nothing is saved"),
        ViewState((face,), MOOD, hints=False, bars=False, info="29.8 fps"),
        ViewState((face,), MOOD, hints=False, bars=False, frozen=True),
        ViewState((face,), None, hints=False, bars=False),
        ViewState((), MOOD, hints=False, bars=False),
    ):
        assert not np.array_equal(draw(image, view), plain)


def test_help_is_over_the_darkened_frame() -> None:
    image = flat()
    drawn = draw(image, ViewState(help=True))
    assert drawn[2, 2].tolist() == [64, 64, 64]
    assert (drawn[100:380, 100:540] > 200).any()


def test_hints_and_notice_are_in_the_lower_part() -> None:
    image = flat()
    base = draw(image, BARE)
    assert changed_area(base, draw(image, ViewState(bars=False))).top > 430
    assert changed_area(base, draw(image, ViewState(hints=False, bars=False, notice="nothing is saved"))).top > 430


def test_in_a_narrow_image_the_info_is_below_the_mood() -> None:
    image = flat(640, 200)
    area = changed_area(draw(image, BARE), draw(image, ViewState(hints=False, info="29.8 fps · label 41 ms old")))
    assert area.top > 30
    assert area.left >= 0


@pytest.mark.parametrize(("height", "width"), [(480, 640), (1080, 1920), (640, 480)])
def test_text_grows_with_the_shorter_side(height: int, width: int) -> None:
    image = flat(height, width)
    area = changed_area(image, draw(image, BARE))
    # "no mood yet" above "no face": about a tenth of the shorter side, whatever the size
    assert area.height == pytest.approx(0.125 * min(height, width), rel=0.25)


def test_equal_input_gives_an_equal_image() -> None:
    image = picture(240, 320)
    view = busy_view(Face(Box(100, 60, 90, 90), HAPPY))
    assert np.array_equal(draw(image, view), draw(image, view))


ANY_BOX = st.builds(
    Box, st.integers(-(10**9), 10**9), st.integers(-400, 400), st.integers(1, 10**9), st.integers(1, 500)
) | st.builds(Box, st.integers(-200, 300), st.integers(-200, 300), st.integers(1, 300), st.integers(1, 300))


@st.composite
def any_faces(pick: st.DrawFn) -> tuple[Face, ...]:
    weights = st.lists(st.integers(0, 9), min_size=7, max_size=7).filter(any)

    def one() -> Face:
        chosen = pick(weights)
        return Face(
            pick(ANY_BOX), tuple(weight / sum(chosen) for weight in chosen), reason=pick(st.sampled_from([None, "dark"]))
        )

    return tuple(one() for _ in range(pick(st.integers(0, 4))))


@settings(max_examples=60, deadline=None)
@given(
    faces=any_faces(),
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    mirrored=st.booleans(),
    notice=st.none() | st.text(alphabet=st.characters(), max_size=60),
)
def test_any_boxes_and_any_text_keep_the_shape(
    faces: tuple[Face, ...],
    height: int,
    width: int,
    mirrored: bool,  # noqa: FBT001 drawn by hypothesis
    notice: str | None,
) -> None:
    image = flat(height, width)
    assert draw(image, ViewState(faces, MOOD, mirrored=mirrored, notice=notice, info=notice)).shape == image.shape
    assert annotate(image, faces, Mood(MOOD.shares, None)).shape == image.shape
    assert (image == 128).all()


@settings(max_examples=60, deadline=None)
@given(
    views=st.lists(
        st.builds(
            ViewState,
            any_faces(),
            st.sampled_from([None, MOOD, Mood(MOOD.shares, None), Mood.by_hand(Expression.SAD)]),
            st.booleans(),
            bars=st.booleans(),
            hints=st.booleans(),
            notice=st.sampled_from([None, "picture saved", "nothing is saved " * 9]),
            info=st.sampled_from([None, "30 frames/s shown, 30 analysed, labels 41 ms old"]),
            help=st.booleans(),
            frozen=st.booleans(),
            trouble=st.sampled_from([None, "the camera does not answer: is it plugged in?"]),
            recording=st.booleans(),
            playing=st.sampled_from([None, SONG]),
            strategy=st.sampled_from([None, "lift"]),
            fact=st.sampled_from([None, FACTS[0]]),
        ),
        min_size=2,
        max_size=4,
    ),
    height=st.integers(1, 300),
    width=st.integers(1, 500),
)
def test_a_screen_drawn_after_others_is_the_one_drawn_first(views: list[ViewState], height: int, width: int) -> None:
    image = picture(height, width)
    one_after_the_other = [draw(image, view) for view in views]
    for view, drawn in zip(views, one_after_the_other, strict=True):
        forget_layers()
        assert np.array_equal(draw(image, view), drawn)


def test_a_face_outside_the_frame_is_not_drawn() -> None:
    image = flat()
    away = Face(Box(700, 100, 80, 80), HAPPY)
    assert np.array_equal(annotate(image, [away], None), image)


def test_a_photograph_keeps_its_face_visible() -> None:
    image = cv2.imread(str(ASTRONAUT))
    assert image is not None
    image = image.astype(np.uint8)
    box = Box(165, 52, 130, 150)
    drawn = draw(image, ViewState((Face(box, HAPPY),), MOOD))
    inside = np.s_[box.top + 8 : box.bottom - 8, box.left + 8 : box.right - 8]
    unchanged = float((drawn[inside] == image[inside]).all(axis=2).mean())
    assert unchanged > 0.75


def test_every_expression_has_a_box_in_its_colour() -> None:
    for expression in EXPRESSIONS:
        probabilities = tuple(0.94 if each is expression else 0.01 for each in EXPRESSIONS)
        drawn = annotate(flat(), [Face(Box(260, 200, 120, 120), probabilities)], None)
        assert colour_area(drawn, expression).width > 100


def test_bars_of_a_face_that_fills_the_frame_are_inside_it() -> None:
    image = flat()
    face = Face(Box(0, 0, 640, 480), HAPPY)
    for notice in (None, "nothing is saved"):
        without, with_bars = (draw(image, ViewState((face,), MOOD, bars=bars, notice=notice)) for bars in (False, True))
        area = changed_area(without, with_bars)
        assert area.width > 120
        assert area.top > 240


def test_a_still_picture_has_no_bars_over_its_face() -> None:
    image = flat()
    drawn = annotate(image, [Face(Box(0, 0, 640, 480), HAPPY)], None)
    assert np.array_equal(drawn[100:460, 20:620], image[100:460, 20:620])


TROUBLE = (
    "no new picture comes from Integrated Webcam (/dev/video0): is it still plugged in, and does no other program use it? "
    "· trying again in 4 s"
)
BLANK = np.zeros((480, 640, 3), np.uint8)
SMALL_AND_LARGE = [(120, 160), (240, 320), (480, 640), (1080, 1920), (640, 240)]


def bright_area(image: Image) -> Box:
    """The smallest box around every pixel as bright as text."""
    return changed_area(np.zeros_like(image), np.where((image > 200).all(axis=2, keepdims=True), image, np.uint8(0)))


def middle_plate(drawn: Image) -> Box:
    """Box of the plate in the middle of a darkened grey image."""
    height = drawn.shape[0]
    covered = (drawn != 51).any(axis=2)
    columns = np.flatnonzero(covered[height // 2])
    left, right = int(columns[0]), int(columns[-1]) + 1
    # A column of the plate without text
    column = covered[:, left + 2]
    top = bottom = height // 2
    while top > 0 and column[top - 1]:
        top -= 1
    while bottom < height and column[bottom]:
        bottom += 1
    return Box(left, top, right - left, bottom - top)


@pytest.mark.parametrize(("height", "width"), SMALL_AND_LARGE)
@pytest.mark.parametrize("recording", [False, True])
def test_trouble_is_a_sentence_in_the_middle_of_the_last_image(height: int, width: int, *, recording: bool) -> None:
    image = flat(height, width)
    drawn = draw(image, ViewState(hints=False, trouble=TROUBLE, recording=recording))
    # The last image is darkened, but visible
    assert drawn[-2, 2].tolist() == [51] * 3
    area = middle_plate(drawn)
    assert area.left + area.right == pytest.approx(width, abs=2)
    assert width * 0.4 < area.width < width
    assert area.top > 0
    assert area.bottom < height
    assert area.top + area.bottom == pytest.approx(height, abs=2)
    # Every line is complete: the plate is larger than the text on every side
    text = bright_area(drawn[area.top : area.bottom, area.left : area.right])
    assert text.left > 0
    assert text.right < area.width
    assert text.bottom < area.height


@pytest.mark.parametrize(("height", "width"), [(480, 640), (1080, 1920)])
def test_a_sentence_of_trouble_is_complete(height: int, width: int) -> None:
    image = flat(height, width)
    cut, whole = (draw(image, ViewState(trouble=text)) for text in (TROUBLE[:-1], TROUBLE))
    assert not np.array_equal(cut, whole)


@pytest.mark.parametrize("image", [BLANK, flat()], ids=["before the first picture", "over the last picture"])
def test_trouble_hides_faces_without_the_no_face_card(image: Image) -> None:
    face = Face(Box(260, 200, 120, 120), HAPPY)
    with_face, without = (draw(image, ViewState(faces, MOOD, trouble=TROUBLE)) for faces in ((face,), ()))
    assert np.array_equal(with_face, without)
    assert bright_area(with_face).width > 200
    # The mood card stays, and no card is below it
    assert not (without[40:180, :200] > 200).all(axis=2).any()


def test_without_trouble_nothing_is_darkened() -> None:
    for trouble in (None, ""):
        assert draw(flat(), ViewState(trouble=trouble))[240, 2].tolist() == [128] * 3


@pytest.mark.parametrize(("height", "width"), SMALL_AND_LARGE)
def test_no_card_covers_the_sentence_of_trouble(height: int, width: int) -> None:
    image = flat(height, width)
    bare = draw(image, ViewState(hints=False, trouble=TROUBLE))
    area = middle_plate(bare)
    full = draw(image, ViewState((), MOOD, trouble=TROUBLE, notice="one " * 60, info="30 frames/s shown", frozen=True))
    middle = np.s_[area.top : area.bottom, area.left + 1 : area.right - 1]
    assert np.array_equal(full[middle], bare[middle])


def test_trouble_is_below_the_open_help_unless_a_notice_is_shown() -> None:
    image = flat()
    plain, trouble, both = (
        draw(image, ViewState(help=True, trouble=trouble_text, notice=notice))
        for trouble_text, notice in ((None, None), (TROUBLE, None), (TROUBLE, "saved"))
    )
    area = changed_area(plain, trouble)
    assert area.top > 380
    assert area.width > 200
    assert np.array_equal(both, draw(image, ViewState(help=True, notice="saved")))


def test_trouble_and_frozen_are_both_shown() -> None:
    moving, frozen = (draw(flat(), ViewState((), MOOD, trouble=TROUBLE, frozen=state)) for state in (False, True))
    area = changed_area(moving, frozen)
    assert area.left > 500
    assert area.bottom < 60


@pytest.mark.parametrize(("height", "width"), SMALL_AND_LARGE)
@pytest.mark.parametrize(
    "view",
    [
        ViewState((), MOOD, recording=True),
        ViewState((Face(Box(0, 0, 600, 400), HAPPY),), MOOD, recording=True, frozen=True, info="30 frames/s shown"),
        ViewState((), None, help=True, recording=True, notice="one two three"),
        ViewState((), MOOD, trouble=TROUBLE, recording=True, frozen=True),
    ],
    ids=["calm", "busy", "help", "trouble"],
)
def test_the_recording_card_is_always_shown(height: int, width: int, view: ViewState) -> None:
    image = flat(height, width)

    def red(drawn: Image) -> int:
        return int((drawn[: height // 4, width // 2 :] == RED).all(axis=2).sum())

    assert red(draw(image, view)) > 10
    assert red(draw(image, replace(view, recording=False))) == 0


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 400),
    width=st.integers(1, 400),
    trouble=st.text(alphabet=st.characters(), min_size=1, max_size=200),
    recording=st.booleans(),
    helped=st.booleans(),
)
def test_any_trouble_fits_any_image(
    height: int,
    width: int,
    trouble: str,
    recording: bool,  # noqa: FBT001 drawn by hypothesis
    helped: bool,  # noqa: FBT001 drawn by hypothesis
) -> None:
    image = flat(height, width)
    view = ViewState((), MOOD, trouble=trouble, recording=recording, help=helped, notice=trouble, info=trouble)
    assert draw(image, view).shape == image.shape
    assert (image == 128).all()


@pytest.mark.parametrize(("height", "width"), [(240, 320), (480, 640), (640, 360), (1080, 1920), (2160, 3840)])
@pytest.mark.parametrize("song", [SONG, LONG_SONG])
def test_the_song_is_one_line_above_the_hints(height: int, width: int, song: NowPlaying) -> None:
    image = flat(height, width)
    without, with_song = (draw(image, ViewState((), MOOD, playing=playing)) for playing in (None, song))
    area = changed_area(without, with_song)
    assert area.top > 0.75 * height
    assert area.height < 0.1 * min(height, width)
    assert area.left > 0
    assert area.right < width
    assert area.left + area.right == pytest.approx(width, abs=2)
    hints = changed_area(draw(image, ViewState((), MOOD, hints=False)), without)
    assert area.bottom < hints.top


@pytest.mark.parametrize(("height", "width"), [(240, 320), (480, 640), (1080, 1920)])
@pytest.mark.parametrize("left", [0, 0.2, 0.6])
@pytest.mark.parametrize("top", [0, 0.3, 0.65])
def test_the_song_and_the_label_of_a_face_do_not_overlap(height: int, width: int, left: float, top: float) -> None:
    image = flat(height, width)
    face = Face(Box(int(left * width), int(top * height), int(0.3 * height), int(0.3 * height)), HAPPY)
    bare = draw(image, ViewState((), MOOD, hints=False, playing=LONG_SONG))
    song = changed_area(draw(image, ViewState((), MOOD, hints=False)), bare)
    drawn = draw(image, ViewState((face,), MOOD, hints=False, playing=LONG_SONG, bars=True))
    label = draw(image, ViewState((face,), MOOD, hints=False, bars=True))
    middle = np.s_[song.top + 4 : song.bottom - 4, song.left + 4 : song.right - 4]
    bright = (bare[middle] > 225).all(axis=2)
    assert (drawn[middle][bright] > 200).all()
    if top < 0.5:
        area = np.s_[: int(0.8 * height)]
        assert np.array_equal(drawn[area], label[area])


def test_the_song_is_shown_during_trouble_help_and_freeze() -> None:
    image = flat()
    for view in (
        ViewState(trouble=TROUBLE),
        ViewState(help=True),
        ViewState(help=True, notice="skipped a file"),
        ViewState(frozen=True),
    ):
        without, with_song = (draw(image, replace(view, playing=playing)) for playing in (None, SONG))
        area = changed_area(without, with_song)
        assert area.top > 370
        assert area.width > 200


@pytest.mark.parametrize(("height", "width"), SMALL_AND_LARGE)
def test_the_song_covers_no_line_of_the_help(height: int, width: int) -> None:
    image = flat(height, width)
    bare, with_song = (draw(image, ViewState(help=True, playing=playing)) for playing in (None, SONG))
    lines = (bare > 100).all(axis=2)
    assert np.array_equal(bare[lines], with_song[lines])


def test_a_notice_is_above_the_song() -> None:
    image = flat()
    song = changed_area(draw(image, BARE), draw(image, replace(BARE, playing=SONG)))
    notice = changed_area(draw(image, replace(BARE, playing=SONG)), draw(image, replace(BARE, playing=SONG, notice="saved")))
    assert notice.bottom < song.top


def test_paused_and_shuffled_songs_look_different() -> None:
    songs = [replace(SONG, paused=paused, shuffled=shuffled) for paused in (False, True) for shuffled in (False, True)]
    drawn = [draw(flat(), ViewState(playing=song)).tobytes() for song in songs]
    assert len(set(drawn)) == 4


def test_the_strategy_is_on_the_mood_card() -> None:
    without, with_word = (draw(flat(), ViewState((), MOOD, strategy=word)) for word in (None, "journey 2/4"))
    area = changed_area(without, with_word)
    assert area.left < 20
    assert area.right < 220
    assert area.bottom < 110


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 400),
    width=st.integers(1, 400),
    title=st.text(alphabet=st.characters(), max_size=60),
    artist=st.none() | st.text(alphabet=st.characters(), max_size=60),
    count=st.integers(0, 10**9),
    volume=st.floats(0, 1),
    helped=st.booleans(),
)
def test_any_song_fits_any_image(
    height: int,
    width: int,
    title: str,
    artist: str | None,
    count: int,
    volume: float,
    helped: bool,  # noqa: FBT001 drawn by hypothesis
) -> None:
    image = flat(height, width)
    song = NowPlaying(title, artist, count, count, paused=helped, shuffled=not helped, volume=volume)
    assert draw(image, ViewState((), MOOD, playing=song, strategy=title, help=helped)).shape == image.shape
    assert (image == 128).all()


# Movies and facts


def recommended() -> RecommendedMovies:
    movies = make_recommender().movies(MOOD, Strategy.MATCH, 5)
    assert movies is not None
    return movies


MOVIES = recommended()


@pytest.mark.parametrize(("height", "width"), [(240, 320), (480, 640), (640, 360), (1080, 1920)])
def test_movies_and_a_fact_lie_above_the_hints_in_the_lower_part(height: int, width: int) -> None:
    image, view = flat(height, width), ViewState(mood=MOOD, bars=False)
    plain = draw(image, view)
    movies = changed_area(plain, draw(image, replace(view, movies=MOVIES)))
    fact = changed_area(plain, draw(image, replace(view, fact=FACTS[0])))
    hints = changed_area(draw(image, replace(view, hints=False)), plain)
    for card in (movies, fact):
        assert height * 0.3 < card.top < card.bottom <= hints.top
        assert 0 < card.left < card.right < width
    both = changed_area(plain, draw(image, replace(view, fact=FACTS[0], movies=MOVIES)))
    assert both.bottom == fact.bottom
    assert both.height > movies.height + fact.height


@pytest.mark.parametrize("trouble", [None, "the camera is lost: check its cable"])
@pytest.mark.parametrize("width", [120, 320, 640])
@pytest.mark.parametrize("height", [90, 120, 180, 240, 480])
def test_a_card_of_movies_covers_no_card_at_the_top_and_no_trouble(height: int, width: int, trouble: str | None) -> None:
    image = flat(height, width)
    view, bare = ViewState(mood=MOOD, trouble=trouble), ViewState(mood=MOOD, trouble=trouble, hints=False)
    plain, full = (draw(image, each) for each in (view, replace(view, movies=MOVIES, fact=FACTS[0])))
    # All that is brighter than the frame belongs to a card; hints have their own place
    words = (draw(image, bare) > 200).all(axis=2)
    assert (plain == full)[words].all()


def test_the_open_help_hides_movies_and_fact() -> None:
    image, view = flat(), ViewState(mood=MOOD, help=True)
    assert (draw(image, view) == draw(image, replace(view, movies=MOVIES, fact=FACTS[0]))).all()


def test_a_small_image_has_fewer_movies() -> None:
    image, view = flat(200, 320), ViewState(mood=MOOD, bars=False)
    plain = draw(image, view)
    high, low = (changed_area(plain, draw(image, replace(view, movies=MOVIES, notice=words))) for words in (None, "a " * 160))
    assert (plain != draw(image, replace(view, movies=MOVIES))).any()
    assert low.top > 0 < high.top
