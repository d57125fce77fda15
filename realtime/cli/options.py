"""Options that several commands have."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from realtime.playlists import Strategy

if TYPE_CHECKING:
    from realtime.settings import Settings

STRATEGY = click.Choice([strategy.value for strategy in Strategy])


def with_strategy(settings: Settings, name: str | None) -> Settings:
    """The settings with the strategy that an option named, if it named one."""
    return settings if name is None else replace(settings, music=replace(settings.music, strategy=Strategy(name)))
