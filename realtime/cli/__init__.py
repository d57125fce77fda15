"""The command line. `main` alone turns errors into a sentence and a status."""

from __future__ import annotations

import errno
import importlib
import os
import signal
import sys
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING

import click

from realtime.cli.context import Context, common_options
from realtime.errors import EmodjError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from types import FrameType

INTERRUPTED = 130
BROKEN = EmodjError.status
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}

COMMANDS = {
    "image": ("realtime.cli.image", "Read the expressions in pictures."),
    "live": ("realtime.cli.live", "Read the expressions on camera, with the mood of the session."),
    "mood": ("realtime.cli.mood", "Print music that fits a mood."),
    "play": ("realtime.cli.play", "Play the music files for a mood."),
    "songs": ("realtime.cli.songs", "Recommend songs for a mood."),
    "playlists": ("realtime.cli.playlists", "Show, or check, which music belongs to which mood."),
    "spotify": ("realtime.cli.spotify", "Control Spotify with an account of your own."),
    "cameras": ("realtime.cli.cameras", "List the cameras of this computer."),
    "config": ("realtime.cli.config", "Show the settings and where they come from."),
    "train": ("realtime.cli.train", "Train a network (needs TensorFlow)."),
    "evaluate": ("realtime.cli.evaluate", "Measure a network (needs TensorFlow)."),
    "model": ("realtime.cli.model", "Look at the network, or compile one."),
}


class _Closed(Exception):  # noqa: N818 - no error: nobody reads on
    """Whoever read our stdout has gone."""


class _Commands(click.Group):
    """Imports a command only when it is called, so that help and a typing error cost nothing."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # Here help and version are printed
        with _nobody_reading_on():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        with _nobody_reading_on():
            return super().invoke(ctx)


@contextmanager
def _nobody_reading_on() -> Generator[None]:
    """Say it with an exception that click does not turn into a status of its own."""
    try:
        yield
    except BrokenPipeError as error:
        raise _Closed from error


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

emodj says what an expression looks like, not what somebody feels. Pictures stay on this computer.""",
)
@click.version_option(package_name="emodj", message="emodj %(version)s")
@common_options
def emodj() -> None:
    """Expressions on camera or in a picture, and a playlist that fits."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status; docs/reference/exit-status.md lists what it means."""
    _quiet_libraries()
    _open_what_was_closed()
    context = Context()
    try:
        with _remembered_ctrl_c(context):
            status = emodj.main(None if arguments is None else list(arguments), "emodj", standalone_mode=False, obj=context)
            sys.stdout.flush()
    except EmodjError as error:
        context.complain(error)
        return error.status
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (_Closed, BrokenPipeError):
        _discard_stdout()
        return 0
    except OSError as error:
        # What fails at a path is said where it fails; this is the disk that our output is sent to
        if error.filename is not None or error.errno not in _FULL:
            raise
        _discard_stdout()
        context.complain(EmodjError(f"cannot write the results ({error.strerror})"))
        return BROKEN
    return status if isinstance(status, int) else 0


@contextmanager
def _remembered_ctrl_c(context: Context) -> Generator[None]:
    """Ctrl-C raises as ever, and is noted: a library that is being imported may swallow what was raised in it."""

    def pressed(_number: int, _frame: FrameType | None) -> None:
        context.interrupted = True
        raise KeyboardInterrupt

    # A shell can wish that Ctrl-C be ignored, and somebody who calls `main` has a handler of his own
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, pressed)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _discard_stdout() -> None:
    """The interpreter flushes once more at its end, and must find somebody who listens."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_what_was_closed() -> None:
    """A shell can start us with closed streams (`>&-`): the next file that is opened would take their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))
    if isinstance(sys.stdout, TextIOWrapper):
        # A title or a file name that the terminal has no letters for is no reason to fail
        sys.stdout.reconfigure(errors="backslashreplace")


def _quiet_libraries() -> None:
    """OpenCV and FFmpeg report on stderr what we say in a sentence; they read these when they are loaded."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("QT_LOGGING_RULES", "*=false")
