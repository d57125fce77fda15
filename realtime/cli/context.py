"""What every command has: how much to say, and which settings hold."""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from realtime.printable import printable
from realtime.storage import resources

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.config.schema import Settings
    from realtime.errors import EmodjError


log = logging.getLogger(__name__)
Command = TypeVar("Command", bound="Callable[..., object]")


@dataclass(slots=True)
class Context:
    """One run of the command line.

    Attributes:
        verbosity: 0, or how many `-v` were given.
        quiet: whether remarks on stderr are left out; errors are not.
        config: the file that `--config` named.
        interrupted: whether Ctrl-C was pressed.
    """

    verbosity: int = 0
    quiet: bool = False
    config: Path | None = None
    interrupted: bool = False

    def settings(self) -> Settings:
        """Read the settings.

        Raises:
            UsageError: with every fault of every file.
        """
        from realtime.config.files import load_settings

        files = self.sources()
        log.info("settings from %s", ", ".join(map(str, files)))
        return load_settings(files)

    def sources(self) -> list[Path]:
        """The files that settings come from; later ones win."""
        from realtime.config.locations import config_files

        return config_files(resources.shipped_config(), self.config)

    def remark(self, sentence: str) -> None:
        """Say something on stderr that is neither data nor an error."""
        if not self.quiet:
            _say(sentence)

    def stop_if_interrupted(self) -> None:
        """Call it once everything is imported.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed while a library was imported that kept it to itself.
        """
        if self.interrupted:
            raise KeyboardInterrupt

    def complain(self, error: EmodjError) -> None:
        """Say what failed; with `-vv` also where."""
        if self.verbosity > 1:
            traceback.print_exception(error)
        _say(str(error))


def _say(sentence: str) -> None:
    click.echo(f"emodj: {printable(sentence, keep=chr(10))}", err=True)


class _Printable(logging.Formatter):
    """File names and titles come from anywhere."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record), keep="\n")


pass_context = click.make_pass_decorator(Context, ensure=True)


def common_options(command: Command) -> Command:
    """Options that are understood before and after the name of a command."""

    def verbose(ctx: click.Context, _option: click.Parameter, value: int) -> None:
        context = ctx.ensure_object(Context)
        context.verbosity = max(context.verbosity, value)
        if context.verbosity:
            level = logging.INFO if context.verbosity == 1 else logging.DEBUG
            handler = logging.StreamHandler()
            handler.setFormatter(_Printable("%(name)s: %(message)s"))
            logging.basicConfig(level=logging.WARNING, handlers=[handler])
            logging.getLogger("realtime").setLevel(level)

    def quiet(ctx: click.Context, _option: click.Parameter, value: bool | None) -> None:
        context = ctx.ensure_object(Context)
        context.quiet = context.quiet or bool(value)

    def config(ctx: click.Context, _option: click.Parameter, value: Path | None) -> None:
        context = ctx.ensure_object(Context)
        context.config = value or context.config

    options = [
        click.option(
            "-v", "--verbose", count=True, expose_value=False, callback=verbose, help="Say more; -vv: tracebacks too."
        ),
        click.option(
            "-q", "--quiet", is_flag=True, default=None, expose_value=False, callback=quiet, help="No remarks, errors only."
        ),
        click.option(
            "--config",
            type=click.Path(path_type=Path),
            expose_value=False,
            callback=config,
            metavar="FILE",
            help="Settings that win over the others (also EMODJ_CONFIG).",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command
