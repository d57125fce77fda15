import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import Expression, Image
from realtime.overlay.shapes import blend_mask, icon, rounded_rect
from realtime.overlay.text import Mask, line_height, text_mask
from realtime.overlay.widgets import (
    BAR_BACKGROUND,
    BRIGHT,
    DIM,
    EXPRESSION_COLOURS,
    KEY_COLOUR,
    PLATE,
    PLATE_OPACITY,
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


def blank(height: int = 200, width: int = 400, value: int = 255) -> Image:
    return np.full((height, width, 3), value, np.uint8)


def test_contrast_follows_wcag() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((118, 118, 118), (255, 255, 255)) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("ink", [BRIGHT, DIM])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_text_on_a_plate_has_enough_contrast_over_any_image(ink: Colour, value: int) -> None:
    canvas = blank(value=value)
    plate = Card(((Gap(9),),), 20).paint(canvas, 10, 10)
    blue, green, red = canvas[plate.top + plate.height // 2, plate.left + plate.width // 2].tolist()
    assert contrast(ink, (blue, green, red)) >= 4.5


def test_text_on_a_key_has_enough_contrast() -> None:
    assert contrast(BRIGHT, KEY_COLOUR) >= 4.5


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_red_dot_on_a_plate_has_enough_contrast_over_any_image(value: int) -> None:
    canvas = blank(value=value)
    plate = Card(((Gap(9),),), 20).paint(canvas, 10, 10)
    blue, green, red = canvas[plate.top + plate.height // 2, plate.left + plate.width // 2].tolist()
    # WCAG requires a contrast of 3:1 for graphics
    assert contrast(RED, (blue, green, red)) >= 3
    assert RED not in EXPRESSION_COLOURS.values()


def test_the_expression_colours_are_those_of_okabe_and_ito() -> None:
    published = {"#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7"}
    assert {f"#{red:02X}{green:02X}{blue:02X}" for blue, green, red in EXPRESSION_COLOURS.values()} == published
    assert set(EXPRESSION_COLOURS) == set(Expression)


def test_a_card_paints_only_its_plate() -> None:
    cells: tuple[Cell, ...] = (
        KeyCap("space"),
        Word("freeze"),
        Bar(0.5, DIM, 4),
        Dot(DIM),
        Icon("volume"),
        TabStop(20),
        Word("é", bold=True),
    )
    canvas = blank()
    plate = Card((cells, (Bar(1, DIM, 3),)), 14).paint(canvas, 20, 30)
    outside = np.ones(canvas.shape[:2], bool)
    outside[plate.top : plate.bottom, plate.left : plate.right] = False
    assert (canvas[outside] == 255).all()
    assert (canvas[~outside] != 255).any()


@pytest.mark.parametrize(("share", "filled"), [(0, 0), (0.25, 25), (1, 100), (7, 100), (-1, 0)])
def test_a_bar_is_as_long_as_its_share(share: float, filled: int) -> None:
    canvas = blank()
    colour = (0, 0, 255)
    plate = Card(((Bar(share, colour, 10),),), 10, padding=(0, 0)).paint(canvas, 0, 0)
    row = canvas[plate.height // 2, :100]
    assert int((row == colour).all(axis=1).sum()) == pytest.approx(filled, abs=2)


ANY_CELL = st.one_of(
    st.builds(Word, st.sampled_from(["happy", "93%", "", "初恋"]), st.sampled_from([BRIGHT, DIM]), st.booleans(), st.just(3)),
    st.builds(KeyCap, st.sampled_from(["q", "space"])),
    st.builds(Bar, st.floats(-1, 2), st.just(RED), st.sampled_from([0.01, 2, 4.2])),
    st.builds(Dot, st.just(RED)),
    st.builds(Icon, st.sampled_from(["play", "volume"])),
    st.builds(Gap, st.floats(0, 2)),
    st.builds(TabStop, st.floats(0, 9)),
)


@given(
    rows=st.lists(st.lists(ANY_CELL, max_size=5).map(tuple), min_size=1, max_size=3).map(tuple),
    size=st.integers(5, 30),
    left=st.integers(-40, 200),
    top=st.integers(-40, 100),
)
def test_a_card_is_its_plate_and_its_cells_blended_one_after_the_other(
    rows: tuple[tuple[Cell, ...], ...], size: int, left: int, top: int
) -> None:
    painted, expected = (np.random.default_rng(3).integers(0, 256, (120, 260, 3), np.uint8) for _ in range(2))
    plate = Card(rows, size).paint(painted, left, top)
    blend_mask(expected, rounded_rect(plate.width, plate.height, round(0.35 * size), PLATE_OPACITY), left, top, PLATE)
    row_top = top + round(0.2 * size)
    for row in rows:
        x, row_height = left + round(0.5 * size), Card((row,), size, padding=(0, 0)).size_px()[1]
        start = x
        for cell in row:
            if isinstance(cell, TabStop):
                x = max(x, start + round(cell.at * size))
                continue
            width = Card(((cell,),), size, padding=(0, 0)).size_px()[0]
            for mask, ink, offset in shapes_of(cell, size, width):
                blend_mask(expected, mask, x + offset, row_top + (row_height - mask.shape[0]) // 2, ink)
            x += width + round(0.4 * size)
        row_top += row_height
    assert np.array_equal(painted, expected)


def shapes_of(cell: Cell, size: int, width: int) -> list[tuple[Mask, Colour, int]]:
    """Masks of a cell in the order of painting, with their colours and their distances from its left end."""
    match cell:
        case Word(text, colour, bold):
            mask = text_mask(text, size, bold=bold)
            return [(mask, colour, width - mask.shape[1])]
        case KeyCap(text):
            mask = text_mask(text, round(0.85 * size), bold=True)
            cap = rounded_rect(width, round(1.3 * size), round(0.3 * size))
            return [(cap, KEY_COLOUR, 0), (mask, BRIGHT, (width - mask.shape[1]) // 2)]
        case Bar(share, colour):
            height, filled = max(2, round(0.4 * size)), round(min(1.0, max(0.0, share)) * width)
            bars = (width, BAR_BACKGROUND), (filled, colour)
            return [(rounded_rect(length, height, height // 2), ink, 0) for length, ink in bars if length]
        case Dot(colour):
            return [(rounded_rect(width, width, width // 2), colour, 0)]
        case Icon(name, colour):
            return [(icon(name, width), colour, 0)]
        case _:
            return []


def test_a_tab_stop_aligns_rows() -> None:
    colour = (0, 0, 255)
    canvas = blank()
    Card(tuple((Word(text), TabStop(6), Bar(1, colour, 4)) for text in ("i", "surprise")), 16).paint(canvas, 0, 0)
    coloured = (canvas == colour).all(axis=2)
    middle = line_height(16) + 3
    upper, lower = (int(np.flatnonzero(half.any(axis=0))[0]) for half in (coloured[:middle], coloured[middle:]))
    assert upper == lower > 90


def test_min_width_aligns_words_right() -> None:
    right_ends = list[int]()
    for text in ("1%", "100%"):
        canvas = blank(value=0)
        Card(((Word(text, min_width=8),),), 20).paint(canvas, 0, 0)
        right_ends.append(int(np.flatnonzero((canvas > 150).all(axis=2).any(axis=0))[-1]))
    assert abs(right_ends[0] - right_ends[1]) <= 1


def test_a_card_over_the_edge_is_clipped() -> None:
    canvas = blank(20, 20)
    Card(((Word("happy"),),), 30).paint(canvas, -10, -10)
    assert canvas.shape == (20, 20, 3)
    assert (canvas != 255).any()


def test_a_plate_has_its_opacity() -> None:
    canvas = blank()
    plate = Card(((Gap(3),),), 20).paint(canvas, 0, 0)
    pixel = canvas[plate.height // 2, plate.width // 2]
    expected = [round((255 * (255 - PLATE_OPACITY) + part * PLATE_OPACITY) / 255) for part in PLATE]
    assert pixel.tolist() == expected
