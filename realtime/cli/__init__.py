"""The command line. Only `main` turns an error into a sentence and an exit status."""

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
FAILED = EmodjError.status
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}

COMMANDS = {
    "image": ("realtime.cli.image", "Read the expressions in pictures."),
    "live": ("realtime.cli.live", "Read the expressions on camera, with the mood of the session."),
    "mood": ("realtime.cli.mood", "Print music that fits a mood."),
    "play": ("realtime.cli.play", "Play the music files for a mood."),
    "songs": ("realtime.cli.songs", "Recommend songs for a mood."),
    "movies": ("realtime.cli.movies", "Recommend movies for a mood."),
    "fact": ("realtime.cli.fact", "Print a fact about faces, feelings and music."),
    "playlists": ("realtime.cli.playlists", "Show, or check, which music belongs to which mood."),
    "spotify": ("realtime.cli.spotify", "Control Spotify with your own account."),
    "cameras": ("realtime.cli.cameras", "List the cameras of this computer."),
    "config": ("realtime.cli.config", "Show the settings and where they come from."),
    "train": ("realtime.cli.train", "Train a network (needs TensorFlow)."),
    "evaluate": ("realtime.cli.evaluate", "Measure a network (needs TensorFlow)."),
    "model": ("realtime.cli.model", "Show, check or compile a network."),
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
            return super().invoke(ctx)


@contextmanager
def _detect_closed_stdout() -> Generator[None]:
    """Turn BrokenPipeError, which click would convert into an exit status, into `_StdoutClosed`."""
    try:
        yield
    except BrokenPipeError as error:
        raise _StdoutClosed from error


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status; docs/reference/exit-status.md lists what it means."""
    _silence_libraries()
    _reopen_closed_streams()
    context = Context()
    try:
        with _record_ctrl_c(context):
            status = emodj.main(None if arguments is None else list(arguments), "emodj", standalone_mode=False, obj=context)
            sys.stdout.flush()
    except EmodjError as error:
        context.print_error(error)
        return error.status
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (_StdoutClosed, BrokenPipeError):
        _discard_stdout()
        return 0
    except OSError as error:
        # An error with a path is reported where it occurs. Without a path, it is the disk that stdout is redirected to
        if error.filename is not None or error.errno not in _DISK_ERRORS:
            raise
        _discard_stdout()
        context.print_error(EmodjError(f"cannot write the results ({error.strerror})"))
        return FAILED
    return status if isinstance(status, int) else 0


@contextmanager
def _record_ctrl_c(context: Context) -> Generator[None]:
    """Let Ctrl-C raise as usual, and record it: a library may swallow an exception that is raised during its import."""

    def handle_sigint(_number: int, _frame: FrameType | None) -> None:
        context.interrupted = True
        raise KeyboardInterrupt

    # A shell can start emodj with Ctrl-C ignored, and a program that calls `main` can have its own handler
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, handle_sigint)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _discard_stdout() -> None:
    """Send stdout to the null device: the interpreter flushes stdout once more when it exits, and that must not fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _reopen_closed_streams() -> None:
    """Connect streams that a shell has closed (`>&-`) to the null device: the next opened file would get their descriptor."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))
    if isinstance(sys.stdout, TextIOWrapper):
        # The encoding of the terminal may lack a letter of a title or a file name: printing must not fail
        sys.stdout.reconfigure(errors="backslashreplace")


def _silence_libraries() -> None:
    """Silence OpenCV, FFmpeg and Qt on stderr: emodj reports these faults in a sentence. They read the variables on load."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("QT_LOGGING_RULES", "*=false")
