"""How far a training run is: a bar on a terminal, else a line an epoch."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self, TextIO

import click

if TYPE_CHECKING:
    from realtime.cli.context import Context
    from realtime.training.recipe import Epoch


class Progress:
    """Says how a run goes, for the time of a `with` block.

    Args:
        context: says the lines, and whether anything is to be said.
        epochs: of the whole run.
        stream: where a bar is drawn, if it is a terminal.
    """

    def __init__(self, context: Context, epochs: int, stream: TextIO) -> None:
        self._context, self._epochs, self._stream = context, epochs, stream
        self._drawn = stream.isatty() and not context.quiet
        self._open = ExitStack()
        self._bar: Any = None
        self._sum = 0.0
        self._accuracy = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # The cursor comes back, and what is said next has a line of its own
        self._open.close()

    @property
    def step(self) -> Any:
        """For `fit`: what is called after each step; None where no bar is drawn, and no step is waited for."""
        return self._step if self._drawn else None

    def report(self, epoch: Epoch) -> None:
        """For `fit`: called after each epoch.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed while a library kept it to itself.
        """
        self._context.stop_if_interrupted()
        self._accuracy = f", tuning accuracy {epoch.accuracy:.1%}"
        if self._bar is not None:
            self._bar.label = self._label(epoch.number, epoch.loss)
            self._bar.render_progress()
            return
        left = (self._epochs - epoch.number) * epoch.seconds / 60
        self._context.remark(f"{self._label(epoch.number, epoch.loss)}, {left:.0f} min left")

    def _label(self, number: int, loss: float) -> str:
        return f"epoch {number} of {self._epochs}, loss {loss:.3f}{self._accuracy}"

    def _step(self, epoch: int, index: int, steps: int, loss: Any) -> None:
        if self._bar is None:
            # Of the steps that are left, since those before a checkpoint say nothing of the time
            bar = click.progressbar(length=(self._epochs - epoch) * steps, file=self._stream, width=0)
            self._bar = self._open.enter_context(bar)
        self._sum = float(loss) + (self._sum if index else 0.0)
        self._bar.label = self._label(epoch + 1, self._sum / (index + 1))
        self._bar.update(1)
