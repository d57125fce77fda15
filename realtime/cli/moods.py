"""The name of a mood as an argument or an option of a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from realtime.songs import mood_named

if TYPE_CHECKING:
    from realtime.domain import Expression


# Generic since click 8.4 only, and we run with 8.2
class _MoodName(click.ParamType):  # pyright: ignore[reportMissingTypeArgument]
    """Reads the name of an expression, in any case."""

    name = "mood"

    def convert(self, value: str | Expression, param: click.Parameter | None, ctx: click.Context | None) -> Expression:
        """The expression of that name.

        Raises:
            click.BadParameter: there is none; the sentence names the nearest one.
        """
        if not isinstance(value, str):
            return value
        try:
            return mood_named(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


MOOD = _MoodName()
"""`happy` and `HAPPY` alike."""
