import numpy as np
import pytest

from realtime.domain import Expression, Image
from realtime.overlay.text import line_height
from realtime.overlay.widgets import (
    BRIGHT,
    CAP,
    DIM,
    EXPRESSION_COLOURS,
    PLATE,
    PLATE_COVER,
    RED,
    Bar,
    Card,
    Cell,
    Colour,
    Dot,
    Gap,
    Icon,
    KeyCap,
    TabStop,
    Word,
)


def luminance(colour: Colour) -> float:
    """Relative luminance, WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    blue, green, red = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (part / 255 for part in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def white(height: int = 200, width: int = 400, value: int = 255) -> Image:
    return np.full((height, width, 3), value, np.uint8)


def test_contrast_is_measured_as_the_standard_says() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("ink", [BRIGHT, DIM])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_text_keeps_its_contrast_on_a_plate_over_any_picture(ink: Colour, value: int) -> None:
    canvas = white(value=value)
    plate = Card(((Gap(9),),), 20).paint(canvas, 10, 10)
    blue, green, red = canvas[plate.top + plate.height // 2, plate.left + plate.width // 2].tolist()
    assert contrast(ink, (blue, green, red)) >= 4.5


def test_the_letters_on_a_key_keep_their_contrast() -> None:
    assert contrast(BRIGHT, CAP) >= 4.5


@pytest.mark.parametrize("value", [0, 128, 255])
def test_the_red_of_a_dot_stands_out_from_its_plate_over_any_picture(value: int) -> None:
    canvas = white(value=value)
    plate = Card(((Gap(9),),), 20).paint(canvas, 10, 10)
    blue, green, red = canvas[plate.top + plate.height // 2, plate.left + plate.width // 2].tolist()
    # What is no text needs 3:1
    assert contrast(RED, (blue, green, red)) >= 3
    assert RED not in EXPRESSION_COLOURS.values()


def test_the_seven_colours_are_those_of_okabe_and_ito() -> None:
    published = {"#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"}
    assert {f"#{red:02X}{green:02X}{blue:02X}" for blue, green, red in EXPRESSION_COLOURS.values()} == published
    assert set(EXPRESSION_COLOURS) == set(Expression)


def test_a_card_stays_on_its_plate() -> None:
    cells: tuple[Cell, ...] = (
        KeyCap("space"),
        Word("freeze"),
        Bar(0.5, DIM, 4),
        Dot(DIM),
        Icon("volume"),
        TabStop(20),
        Word("é", bold=True),
    )
    canvas = white()
    plate = Card((cells, (Bar(1, DIM, 3),)), 14).paint(canvas, 20, 30)
    outside = np.ones(canvas.shape[:2], bool)
    outside[plate.top : plate.bottom, plate.left : plate.right] = False
    assert (canvas[outside] == 255).all()
    assert (canvas[~outside] != 255).any()


@pytest.mark.parametrize(("share", "filled"), [(0, 0), (0.25, 25), (1, 100), (7, 100), (-1, 0)])
def test_a_bar_is_as_long_as_its_share(share: float, filled: int) -> None:
    canvas = white()
    colour = (0, 0, 255)
    plate = Card(((Bar(share, colour, 10),),), 10, padding=(0, 0)).paint(canvas, 0, 0)
    row = canvas[plate.height // 2, :100]
    assert int((row == colour).all(axis=1).sum()) == pytest.approx(filled, abs=2)


def test_a_tab_lines_up_rows_of_different_words() -> None:
    colour = (0, 0, 255)
    canvas = white()
    Card(tuple((Word(text), TabStop(6), Bar(1, colour, 4)) for text in ("i", "surprise")), 16).paint(canvas, 0, 0)
    found = (canvas == colour).all(axis=2)
    middle = line_height(16) + 3
    upper, lower = (int(np.flatnonzero(half.any(axis=0))[0]) for half in (found[:middle], found[middle:]))
    assert upper == lower > 90


def test_room_puts_words_flush_right() -> None:
    ends = list[int]()
    for text in ("1%", "100%"):
        canvas = white(value=0)
        Card(((Word(text, room=8),),), 20).paint(canvas, 0, 0)
        ends.append(int(np.flatnonzero((canvas > 150).all(axis=2).any(axis=0))[-1]))
    assert abs(ends[0] - ends[1]) <= 1


def test_a_card_may_hang_over_the_edge() -> None:
    canvas = white(20, 20)
    Card(((Word("happy"),),), 30).paint(canvas, -10, -10)
    assert canvas.shape == (20, 20, 3)
    assert (canvas != 255).any()


def test_a_plate_covers_as_much_as_it_says() -> None:
    canvas = white()
    plate = Card(((Gap(3),),), 20).paint(canvas, 0, 0)
    seen = canvas[plate.height // 2, plate.width // 2]
    expected = [round((255 * (255 - PLATE_COVER) + part * PLATE_COVER) / 255) for part in PLATE]
    assert seen.tolist() == expected
