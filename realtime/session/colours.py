"""Colours of the expressions, the same on every screen and in every document.

They are those of Okabe and Ito, "Color Universal Design" (2008, https://jfly.uni-koeln.de/color/): readers with any common
colour deficiency can distinguish them. No screen gives information by colour alone.
"""

from realtime.domain import Expression

RGB: dict[Expression, tuple[int, int, int]] = {
    Expression.ANGRY: (213, 94, 0),  # vermilion
    Expression.DISGUST: (0, 158, 115),  # bluish green
    Expression.FEAR: (204, 121, 167),  # reddish purple
    Expression.HAPPY: (240, 228, 66),  # yellow
    Expression.NEUTRAL: (86, 180, 233),  # sky blue
    Expression.SAD: (0, 114, 178),  # blue
    Expression.SURPRISE: (230, 159, 0),  # orange
}
"""Red, green and blue of each expression, 0..255."""


def hex_colour(expression: Expression) -> str:
    """The colour as CSS writes it: "#f0e442"."""
    red, green, blue = RGB[expression]
    return f"#{red:02x}{green:02x}{blue:02x}"
