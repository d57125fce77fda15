"""Options and arguments that several commands share, and their checks."""

from __future__ import annotations

import os
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realtime.errors import UsageError
from realtime.music.planner import Strategy

if TYPE_CHECKING:
    from realtime.config.schema import Settings
    from realtime.domain import Expression
    from realtime.training.dataset import Dataset


class NumberRange(click.FloatRange):
    """A range of numbers that refuses `nan`, which is neither below nor above the ends of any range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Convert the text of an option; raises `click.BadParameter` if it is no number of the range."""
        number = float(super().convert(value, param, ctx))
        if isnan(number):
            self.fail(f"{value!r} is not a valid number.", param, ctx)
        return number


STRATEGY = click.Choice([strategy.value for strategy in Strategy])

_SEED_COUNT = 2**32
_FOLDERS = {"training": "train", "public": "validation", "private": "test"}
_USAGES = {"training": "Training", "public": "PublicTest", "private": "PrivateTest"}

json_option = click.option(
    "--json", "as_json", is_flag=True, default=None, help="Print one JSON document: docs/reference/json.md."
)

seed_option = click.option("--seed", type=click.IntRange(0), metavar="S", help="The same number draws the same again.")

summary_option = click.option(
    "--summary",
    "kept",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep the summary in a new file: FILE.html to look at, FILE.md or FILE.json.",
)


face_option = click.option(
    "--face", metavar="NAME", help="Correct the face, if it is the only one, by a face at rest that emodj calibrate keeps."
)


def require_network_file(path: Path) -> None:
    """Check that a network which a command line names is there: its fault is one of the command, not one of a network.

    Raises:
        UsageError: no file has this name, or it is a folder.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name the .json of a network")
    if not os.path.lexists(path):
        raise UsageError(f"no such file: {path}")


def draw_seed(seed: int | None) -> int:
    """The seed of an option; a random one if the option is not given."""
    import secrets

    return secrets.randbelow(_SEED_COUNT) if seed is None else seed


def with_strategy(settings: Settings, name: str | None) -> Settings:
    """Replace the strategy of the settings by that of an option, if the option is given."""
    return settings if name is None else replace(settings, music=replace(settings.music, strategy=Strategy(name)))


# ParamType is generic since click 8.4 only, and emodj also runs with 8.2
class _MoodName(click.ParamType):  # pyright: ignore[reportMissingTypeArgument]
    """Reads the name of an expression, in any case."""

    name = "mood"

    def convert(self, value: str | Expression, param: click.Parameter | None, ctx: click.Context | None) -> Expression:
        """The expression of that name.

        Raises:
            click.BadParameter: no expression has that name; the sentence suggests the nearest one.
        """
        from realtime.music.songs import parse_expression

        if not isinstance(value, str):
            return value
        try:
            return parse_expression(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


MOOD = _MoodName()
"""The type of an argument that names a mood, in any case: `happy` and `HAPPY` are the same."""


def require_parts(images: Dataset, parts: tuple[str, ...], data: Path) -> None:
    """Check that a data set has images in each of some parts.

    Args:
        images: the data set.
        parts: names of the parts, of "training", "public" and "private".
        data: path of the data set, for the sentence.

    Raises:
        UsageError: a part has no image; the sentence says where the images of that part belong.
    """
    from realtime.training.formats import dataset_kind

    for part in parts:
        if not len(images.part(part)):
            places = {
                "folder": f": put them into {data / _FOLDERS[part]}, one folder a class",
                "table": f": no row of it has the Usage {_USAGES[part]}",
                "archive": "",
            }
            raise UsageError(f"{data} has no image in its {part} part{places[dataset_kind(data)]}")
