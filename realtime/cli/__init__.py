"""The command line. Only `main` turns an error into a sentence and an exit status."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING

import click

from realtime.cli.context import Context, common_options, discard, print_click_error
from realtime.cli.garbage import leave_garbage, without_collection
from realtime.cli.signals import EndSignals
from realtime.errors import EmodjError
from realtime.libraries import configure_opencv, explain_import_error
from realtime.storage.pipe import is_closed_pipe

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

FAILED = EmodjError.status
_DISK_ERRORS = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG, errno.EIO}
_TOO_MANY_FILES = {errno.EMFILE, errno.ENFILE}

COMMANDS = {
    "image": ("realtime.cli.image", "Read the expressions in pictures."),
    "batch": ("realtime.cli.batch", "Read many pictures and films into one table."),
    "live": ("realtime.cli.live", "Read the expressions on camera, with the mood of the session."),
    "calibrate": ("realtime.cli.calibrate", "Measure your face at rest, so that it is read as neutral."),
    "page": ("realtime.cli.page", "Open emodj as a page in the browser."),
    "mood": ("realtime.cli.mood", "Print music that fits a mood."),
    "play": ("realtime.cli.play", "Play the music files for a mood."),
    "songs": ("realtime.cli.songs", "Recommend songs for a mood."),
    "movies": ("realtime.cli.movies", "Recommend movies for a mood."),
    "feedback": ("realtime.cli.feedback", "Show, reset or export your thumbs."),
    "fact": ("realtime.cli.fact", "Print a fact about faces, feelings and music."),
    "report": ("realtime.cli.report", "Draw what a session or a film showed."),
    "diary": ("realtime.cli.diary", "Keep one line a session, if you turn that on."),
    "playlists": ("realtime.cli.playlists", "Show, or check, which music belongs to which mood."),
    "spotify": ("realtime.cli.spotify", "Control Spotify with your own account."),
    "cameras": ("realtime.cli.cameras", "List the cameras of this computer."),
    "config": ("realtime.cli.config", "Show the settings and where they come from."),
    "privacy": ("realtime.cli.privacy", "Print what emodj promises and keeps, or prove it."),
    "train": ("realtime.cli.train", "Train a network (needs TensorFlow)."),
    "evaluate": ("realtime.cli.evaluate", "Measure a network (needs TensorFlow)."),
    "model": ("realtime.cli.model", "Show, check, compile, fetch or publish a network."),
}


class _StdoutClosed(Exception):  # noqa: N818 - no error: the reader wants no more
    """The program that read our stdout has closed the pipe."""


class _Commands(click.Group):
    """Imports the module of a command only when that command runs, so that help and usage errors load no heavy library."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        with without_collection():
            module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # click prints help and version in this call
        with _detect_closed_stdout():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        with _detect_closed_stdout():
            try:
                return super().invoke(ctx)
            except ImportError as error:
                # Commands import heavy libraries late, wherever they need them
                raise EmodjError(explain_import_error(error)) from error


@contextmanager
def _detect_closed_stdout() -> Generator[None]:
    """Turn the error of a closed pipe, which click would convert into an exit status, into `_StdoutClosed`."""
    try:
        yield
    except OSError as error:
        if is_closed_pipe(error):
            raise _StdoutClosed from error
        raise


@click.command(
    "emodj",
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  emodj live                            the camera, in a window; h shows the keys
  emodj image photo.jpg                 one picture
  emodj image holiday/ --json           a folder of them, as JSON
  emodj live --source clip.mkv --no-window --jsonl

emodj says what an expression looks like, not what a person feels. Pictures stay on this computer.""",
)
@click.version_option(package_name="emodj", message="emodj %(version)s")
@common_options
def emodj() -> None:
    """Expressions on camera or in a picture, and a playlist that fits."""


def run() -> int:
    """Run the command line of a process that ends next, and return its exit status."""
    status = main()
    leave_garbage()
    return status


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status; docs/reference/exit-status.md lists what it means."""
    configure_opencv()
    stdout_closed = _reopen_closed_streams()
    context = Context()
    signals = EndSignals(context)
    try:
        with signals.handled():
            status = emodj.main(None if arguments is None else list(arguments), "emodj", standalone_mode=False, obj=context)
            sys.stdout.flush()
    except EmodjError as error:
        context.print_error(error)
        return error.status
    except click.ClickException as error:
        print_click_error(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return signals.status
    except _StdoutClosed:
        discard(sys.stdout)
        return signals.status if context.interrupted else 0
    except OSError as error:
        return _end_by(error, context, signals, stdout_closed=stdout_closed)
    return status if isinstance(status, int) else 0


def _end_by(error: OSError, context: Context, signals: EndSignals, *, stdout_closed: bool) -> int:
    """Print what the system refused, and return the exit status; a bug keeps its traceback."""
    if error.errno in _TOO_MANY_FILES:
        context.print_error(
            EmodjError("this system lets emodj open no more files: raise the limit, for example ulimit -n 1024")
        )
        return FAILED
    if stdout_closed and error.errno == errno.EBADF:
        discard(sys.stdout)
        context.print_error(EmodjError("cannot write the results: the standard output is closed"))
        return FAILED
    # An error with a path is reported where it occurs. Without a path, it is what stdout is connected to
    closed = is_closed_pipe(error)
    if not closed and (error.filename is not None or error.errno not in _DISK_ERRORS):
        raise error
    discard(sys.stdout)
    if context.interrupted:
        # The terminal is closed, and nobody reads a sentence
        return signals.status
    if closed:
        return 0
    context.print_error(EmodjError(f"cannot write the results ({error.strerror})"))
    return FAILED


def _reopen_closed_streams() -> bool:
    """Connect streams that a shell has closed (`>&-`) to the null device: the next opened file would get their descriptor.

    Results that nobody can read must not look like a success: a closed stdout takes nothing, as for every command of a shell.

    Returns:
        Whether stdout was closed.
    """
    stdout_closed = sys.stdout is None  # pyright: ignore[reportUnnecessaryComparison] - Python has no stream for it then
    for name, mode, access in (("stdin", "r", os.O_RDWR), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_RDWR)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, access), mode, encoding="utf-8"))
    if isinstance(sys.stdout, TextIOWrapper):
        # The encoding of the terminal may lack a letter of a title or a file name: printing must not fail
        sys.stdout.reconfigure(errors="backslashreplace")
    return stdout_closed
