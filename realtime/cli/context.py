"""Context and options of every command: verbosity, and the configuration file."""

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


SOME_FAILED = 7
"""Exit status if some of several inputs failed, and others did not."""

log = logging.getLogger(__name__)
Command = TypeVar("Command", bound="Callable[..., object]")


@dataclass(slots=True)
class Context:
    """One run of the command line.

    Attributes:
        verbosity: 0, or how many `-v` were given.
        quiet: whether to leave out remarks on stderr; errors are printed all the same.
        config: the file that `--config` names; None without it.
        interrupted: whether a person has pressed Ctrl-C.
    """

    verbosity: int = 0
    quiet: bool = False
    config: Path | None = None
    interrupted: bool = False

    def settings(self) -> Settings:
        """Read the settings.

        Raises:
            UsageError: a file has faults; the sentence lists all faults of all files.
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
        """Print a sentence on stderr that is neither data nor an error; nothing with `--quiet`."""
        if not self.quiet:
            _print_sentence(sentence)

    def stop_if_interrupted(self) -> None:
        """End the command if a library has swallowed Ctrl-C during its import. Call it after the last import.

        Raises:
            KeyboardInterrupt: a person has pressed Ctrl-C.
        """
        if self.interrupted:
            raise KeyboardInterrupt

    def print_error(self, error: EmodjError) -> None:
        """Print what failed, as a sentence on stderr; with `-vv` the traceback, too."""
        if self.verbosity > 1:
            traceback.print_exception(error)
        _print_sentence(str(error))


def _print_sentence(sentence: str) -> None:
    click.echo(f"emodj: {printable(sentence, keep=chr(10))}", err=True)


class _Printable(logging.Formatter):
    """Makes log records safe to print: they contain file names and titles from outside."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record), keep="\n")


pass_context = click.make_pass_decorator(Context, ensure=True)


def common_options(command: Command) -> Command:
    """Add the options that may stand before and after the name of a command."""

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
