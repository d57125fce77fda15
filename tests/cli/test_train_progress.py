from __future__ import annotations

import io
import os
import re
import struct
import termios
from contextlib import contextmanager
from fcntl import ioctl
from typing import TYPE_CHECKING, TextIO

import pytest

from realtime.cli.context import Context
from realtime.cli.train import Progress
from realtime.training.recipe import Epoch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

END = "\x04"
"""Written last: after it, all earlier output has arrived."""

FIRST = Epoch(1, 1.5, 1.4, 0.25, 60.0, 0.1)
LAST = Epoch(2, 1.25, 1.2, 0.5, 60.0, 0.1)


@contextmanager
def terminal() -> Generator[tuple[TextIO, Callable[[], str]]]:
    """A terminal of 100 columns: its stream for the program, and a function that returns all its output."""
    parent_fd, child_fd = os.openpty()
    ioctl(child_fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with os.fdopen(child_fd, "w", encoding="utf-8") as stream:

        def shown() -> str:
            # A read may return a part of the marker only
            stream.write(END)
            stream.flush()
            output = b""
            while not output.endswith(END.encode()):
                output += os.read(parent_fd, 100_000)
            return output.decode().removesuffix(END)

        yield stream, shown
    os.close(parent_fd)


def run(progress: Progress, begin: int = 0) -> None:
    """Two epochs of two steps, as `train_network` reports them."""
    for number, epoch in list(enumerate((FIRST, LAST)))[begin:]:
        for index, loss in enumerate((epoch.loss + 0.5, epoch.loss - 0.5)):
            if progress.step is not None:
                progress.step(number, index, 2, loss)
        progress.report(epoch)


def test_without_a_terminal_each_epoch_is_a_line_and_steps_are_not_reported(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    with Progress(Context(), 2, stream) as progress:
        assert progress.step is None
        run(progress)
    assert capsys.readouterr().err.splitlines() == [
        "emodj: epoch 1 of 2, loss 1.500, tuning accuracy 25.0%, 1 min left",
        "emodj: epoch 2 of 2, loss 1.250, tuning accuracy 50.0%, 0 min left",
    ]
    assert not stream.getvalue()


def test_on_a_terminal_a_bar_has_the_running_loss_and_the_last_accuracy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with terminal() as (stream, shown):
        with Progress(Context(), 2, stream) as progress:
            run(progress)
        output = shown()
    assert "epoch 1 of 2, loss 2.000  [" in output
    assert "epoch 1 of 2, loss 1.500, tuning accuracy 25.0%" in output
    assert "epoch 2 of 2, loss 1.750, tuning accuracy 25.0%" in output
    last = re.split(r"[\r\n]+", output.split("epoch 2 of 2, loss 1.250, tuning accuracy 50.0%")[-1])[0]
    assert "100%" in last
    assert output.rstrip().endswith("\x1b[?25h"), "the cursor is back"
    assert capsys.readouterr().err == "", "and no line beside it"


def test_a_resumed_run_counts_the_remaining_steps() -> None:
    with terminal() as (stream, shown):
        with Progress(Context(), 2, stream) as progress:
            assert progress.step is not None
            progress.step(1, 0, 2, 1.0)
        output = shown()
    assert " 50%" in output
    assert "epoch 2 of 2, loss 1.000  [" in output


def test_a_stopped_run_restores_the_cursor() -> None:
    with terminal() as (stream, shown):
        context = Context(interrupted=True)
        with pytest.raises(KeyboardInterrupt), Progress(context, 2, stream) as progress:
            run(progress)
        output = shown()
    assert "epoch 1 of 2" in output
    assert "epoch 2 of 2" not in output
    assert output.rstrip().endswith("\x1b[?25h")


def test_quiet_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal() as (stream, shown):
        with Progress(Context(quiet=True), 2, stream) as progress:
            assert progress.step is None
            run(progress)
        stream.write(".")
        assert shown() == "."
    assert capsys.readouterr().err == ""
