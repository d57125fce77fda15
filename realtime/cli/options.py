"""Options that several commands have."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from realtime.errors import UsageError
from realtime.music.planner import Strategy
from realtime.music.songs import parse_expression

if TYPE_CHECKING:
    from pathlib import Path

    from realtime.config.schema import Settings
    from realtime.domain import Expression
    from realtime.training.dataset import Dataset


STRATEGY = click.Choice([strategy.value for strategy in Strategy])


def with_strategy(settings: Settings, name: str | None) -> Settings:
    """The settings with the strategy that an option named, if it named one."""
    return settings if name is None else replace(settings, music=replace(settings.music, strategy=Strategy(name)))


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
            return parse_expression(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


MOOD = _MoodName()
"""`happy` and `HAPPY` alike."""
_FOLDERS = {"training": "train", "public": "validation", "private": "test"}
_ROWS = {"training": "Training", "public": "PublicTest", "private": "PrivateTest"}


def require_parts(images: Dataset, parts: tuple[str, ...], data: Path) -> None:
    """Make sure that the data have images of some parts.

    Raises:
        UsageError: they have not; the sentence says where the images of that part would be.
    """
    from realtime.training.formats import dataset_kind

    for part in parts:
        if not len(images.part(part)):
            places = {
                "folder": f": put them into {data / _FOLDERS[part]}, one folder a class",
                "table": f": no row of it has the Usage {_ROWS[part]}",
                "archive": "",
            }
            raise UsageError(f"{data} has no image in its {part} part{places[dataset_kind(data)]}")
