"""Context and options of every command: verbosity, and the configuration file."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar

import click
from click.exceptions import NoArgsIsHelpError

from realtime.printable import printable
from realtime.storage import resources

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

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
        interrupted: whether Ctrl-C, or another signal, asks the command to end.
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
            _print_lines(sentence)

    def stop_if_interrupted(self) -> None:
        """End the command if a library has swallowed Ctrl-C during its import. Call it after the last import.

        Raises:
            KeyboardInterrupt: Ctrl-C, or another signal, asks the command to end.
        """
        if self.interrupted:
            raise KeyboardInterrupt

    @contextmanager
    def remarks_stop(self, sentence: str) -> Generator[None]:
        """Within a block that leaves no result behind, answer Ctrl-C, or another signal, with a remark before it goes on."""
        try:
            yield
        except KeyboardInterrupt:
            self.remark(sentence)
            raise

    def print_error(self, error: EmodjError) -> None:
        """Print what failed, as a sentence on stderr; with `-vv` the traceback, too."""
        if self.verbosity > 1:
            _echo(_printable_traceback(error))
        _print_lines(*error.lines)


def print_click_error(error: click.ClickException) -> None:
    """Print an error of click. It may contain an argument, whose line ends and escape sequences start nothing here."""
    if not isinstance(error, NoArgsIsHelpError):
        # click declares it final; nobody reads it after this
        setattr(error, "message", printable(error.message))  # noqa: B010
    error.show()


def _print_lines(sentence: str, *more: str) -> None:
    _echo("\n".join([f"emodj: {printable(sentence)}", *map(printable, more)]) + "\n")


def _echo(text: str) -> None:
    """Print on stderr. Where that is a closed terminal or a full disk, nothing can be told, and the command goes on."""
    try:
        click.echo(text, nl=False, err=True)
    except OSError:
        discard(sys.stderr)


def discard(stream: TextIO) -> None:
    """Send a stream to the null device: the interpreter flushes it once more when it exits, and that must not fail."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def _printable_traceback(error: BaseException) -> str:
    """The traceback with its causes; the message of each of them is one line, whatever line ends it contains."""
    return "".join(_printable_part(part) for part in traceback.format_exception(error))


def _printable_part(part: str) -> str:
    """A part of a traceback: a frame has lines of source, a message has one line, with line ends before and after it."""
    if part.startswith('  File "'):
        return printable(part, keep="\n")
    text = part.strip("\n")
    before, _, after = part.partition(text)
    return f"{before}{printable(text)}{after}"


class _Printable(logging.Formatter):
    """Makes log records safe to print: they contain file names and titles from outside."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name in the library
        return printable(super().formatMessage(record))


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
