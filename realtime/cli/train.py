"""`emodj train`: train a network on pictures of faces."""

from __future__ import annotations

import hashlib
import os
import shlex
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TextIO

import click
from click.core import ParameterSource

from realtime.cli.console import is_terminal
from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import NumberRange, require_network_file, require_parts
from realtime.errors import EmodjError, UsageError
from realtime.printable import printable
from realtime.storage import resources

if TYPE_CHECKING:
    from realtime.training.recipe import Epoch, Recipe


DEFAULT_TEACHER_SHARE = 0.5
"""Weight of the teachers without --teacher-share."""
_PATH = click.Path(path_type=Path)
_POSITIVE = NumberRange(0, min_open=True)
_SHARE = NumberRange(0, 1)


@click.command(
    epilog="""\b
Examples:
  emodj train fer2013.npz --run runs/first
  emodj train fer2013.npz --run runs/first --resume
  emodj train faces/ --architecture transfer --weights imagenet
""",
)
@click.argument("data", type=_PATH)
@click.option(
    "--run",
    type=_PATH,
    default=Path("runs/train"),
    show_default=True,
    metavar="DIR",
    help="Folder of the run, with all its files.",
)
@click.option(
    "--resume", is_flag=True, default=None, help="Continue from the checkpoint in DIR, as if the run had not stopped."
)
@click.option(
    "--architecture", type=click.Choice(["compact", "ancestor", "transfer"]), default="compact", show_default=True,
    help="transfer: MobileNetV2 and EfficientNetB0, frozen; its accuracy was not measured.",
)  # fmt: skip
@click.option(
    "--weights", metavar="imagenet|none|DIR", help="Weights of transfer's frozen parts.  [default: imagenet, downloaded]"
)
@click.option("--epochs", type=click.IntRange(1), help="Maximum number of epochs.  [default: 70; transfer: 20]")
@click.option("--batch-size", type=click.IntRange(1), help="Faces in a batch.  [default: 128]")
@click.option(
    "--learning-rate", type=_POSITIVE, help="Peak learning rate of SGD; transfer: of Adam.  [default: 0.1; transfer: 0.0002]"
)
@click.option("--mixup", type=NumberRange(0), help="Strength of mixup; 0: none.  [default: 0.2; transfer: 0]")
@click.option("--label-share", type=_SHARE, help="Weight of the label, 0 to 1; the crowd's votes get the rest.  [default: 0.4]")
@click.option("--balance/--no-balance", default=None, help="Give rare expressions more weight.  [default: only for transfer]")
@click.option(
    "--patience", type=click.IntRange(0), metavar="N",
    help="Stop after N epochs without a lower tuning loss, and keep the best one. 0: never.  [default: 0; transfer: 3]",
)  # fmt: skip
@click.option("--start", type=_PATH, metavar="NAME.json", help="Start from the weights of a pair.")
@click.option(
    "--teacher", "teachers", type=_PATH, multiple=True, metavar="PATH",
    help="A pair to learn from, or a .npy of its answers on the Training part; several are averaged.",
)  # fmt: skip
@click.option("--teacher-share", type=_SHARE, help="Weight of the teachers, 0 to 1.  [default: 0.5]")
@click.option(
    "--bfloat16", is_flag=True, default=None, help="Multiply in bfloat16: faster on processors that can, slower on others."
)
@click.option("--seed", type=click.IntRange(0), help="Seed of all random numbers.  [default: 1]")
@common_options
@pass_context
def train(
    context: Context,
    data: Path,
    run: Path,
    resume: bool | None,
    architecture: str,
    start: Path | None,
    teachers: tuple[Path, ...],
    teacher_share: float | None,
    **chosen: Any,
) -> None:
    """Train a network on DATA, faces in folders or FER-2013 as .csv or .npz, with the crowd's votes if it has them.

    The network learns from the Training part, and is tuned on PublicTest or, without it, on a tenth of Training;
    PrivateTest is not used. The run folder gets a checkpoint and a line of history in each epoch, and at the end the pair,
    corrected for the class prior and calibrated, with a report. emodj writes nothing outside the run folder.
    """
    from realtime.training.recipe import PRESETS

    if architecture != "transfer" and chosen["weights"]:
        raise UsageError(f"--weights is for --architecture transfer: leave it out for {architecture}, or see --start")
    if architecture == "transfer" and start:
        raise UsageError("--start is for the other architectures: transfer starts from ImageNet (--weights)")
    if teacher_share is not None and not teachers:
        raise UsageError("--teacher-share needs a --teacher")
    recipe = replace(PRESETS[architecture], **{name: value for name, value in chosen.items() if value is not None})
    if teachers:
        recipe = replace(recipe, teacher_share=DEFAULT_TEACHER_SHARE if teacher_share is None else teacher_share)
    _check_folder(run, resume=bool(resume))
    try:
        _train(context, recipe, data, run, start, teachers)
    except KeyboardInterrupt:
        _print_how_to_continue(context, run)
        raise
    except OSError as error:
        raise EmodjError(
            f"cannot write into {run} ({error.strerror or error}): --resume continues from its last checkpoint"
        ) from error


def _check_folder(run: Path, *, resume: bool) -> None:
    from realtime.training import checkpoint

    shipped = resources.models_folder().resolve()
    if shipped in (run.resolve(), *run.resolve().parents):
        raise UsageError(f"{run} is the folder of the shipped network, which a run must not touch: choose another with --run")
    epochs = checkpoint.count_saved_epochs(run)
    if epochs and not resume:
        raise UsageError(
            f"{run} holds a run already, after epoch {epochs}: add --resume to continue, or choose another folder with --run"
        )
    if resume and not epochs:
        raise UsageError(f"{run} holds no checkpoint to continue from: leave --resume out, or choose another folder with --run")


def _train(context: Context, recipe: Recipe, data: Path, run: Path, start: Path | None, teachers: tuple[Path, ...]) -> None:
    from realtime.app.build import shipped_pair
    from realtime.classifier import contract, keras_pair
    from realtime.classifier.keras_process import KerasProcess
    from realtime.classifier.network_files import read_network_files
    from realtime.training import dataset, distillation, export, run_folder
    from realtime.training.export import PAIR
    from realtime.training.formats import read_dataset
    from realtime.training.recipe import best_epoch
    from realtime.training.split import split_tuning
    from realtime.training.trainer import train_network

    if recipe.architecture == "transfer" and recipe.weights == "imagenet":
        # The person asks for this download, and Keras finds an earlier one there
        os.environ.setdefault("KERAS_HOME", str(Path("~/.keras").expanduser()))
    for network in [*([start] if start else []), *(each for each in teachers if each.suffix == ".json")]:
        require_network_file(network)
    images = read_dataset(data)
    require_parts(images, ("training",), data)
    training, tuning = split_tuning(images, recipe.seed)
    missing = set(dataset.missing_expressions(dataset.select_faces(training))) - set(dataset.missing_expressions(tuning))
    if missing:
        raise UsageError(f"{data} has no face labelled {', '.join(sorted(missing))} to learn from, only in its validation part")
    initial = teacher_output = None
    if start:
        # In a process of its own first: a file of other people must not take this one along. It is read once, since another
        # program may change it in between
        files = read_network_files(start)
        with KerasProcess(files):
            initial = keras_pair.load_network(files)
        recipe = replace(recipe, start=_digest(initial.get_weights()))
    if teachers:
        part = images.part("training")
        teacher_output = distillation.read_teachers(teachers, part)[distillation.training_rows(images, recipe.seed)]
        recipe = replace(recipe, teacher=_digest([teacher_output]))
    keras_pair.import_tensorflow("training")
    run_folder.prepare_folder(run)
    contract.read_contract(contract.contract_path(shipped_pair()))
    context.stop_if_interrupted()
    with Progress(context, recipe.epochs, sys.stderr) as progress:
        trained, history = train_network(
            recipe, training, tuning, run, progress.report, initial, teacher_output, step=progress.step
        )
    if recipe.patience and len(history) < recipe.epochs:
        context.remark(f"no lower tuning loss in {recipe.patience} epochs: epoch {best_epoch(history) + 1} is kept")
    context.remark("the last epoch is done: calibration and report take minutes on many faces")
    correction = export.calibrate(trained, recipe, training, tuning, teacher_output)
    if correction is None:
        context.remark(
            f"{recipe.architecture} ends in a mean, into which no calibration can be folded: the network stays uncalibrated"
        )
    commands = _commands(data, run / PAIR, public=len(images.part("public")) > 0)
    pair = export.export(trained, recipe, correction, history, images, tuning, run, name=data.name, commands=commands)
    click.echo(printable(str(pair)))


def _digest(arrays: list[Any]) -> str:
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def _print_how_to_continue(context: Context, run: Path) -> None:
    from realtime.training import checkpoint

    epochs = checkpoint.count_saved_epochs(run)
    if epochs:
        context.remark(f"stopped: {shlex.join([*_command(), '--resume'])} continues after epoch {epochs}")
    else:
        context.remark("stopped before the first checkpoint: --resume has nothing to continue from")


def _commands(data: Path, pair: Path, *, public: bool) -> tuple[str, str | None]:
    """The commands for the report: of this run, and to measure the result again; None if the data have no public part."""
    measure = ["emodj", "evaluate", data.name, "--model", pair.name, "--part", "public"]
    return shlex.join(_command(bare=True)), shlex.join(measure) if public else None


def _command(*, bare: bool = False) -> list[str]:
    """The words of this command line as typed, without --resume and the common options; `bare` leaves folders out of paths."""
    ctx = click.get_current_context()

    def word(value: Any) -> str:
        return value.name if bare and isinstance(value, Path) else str(value)

    words = ["emodj", "train", word(ctx.params["data"])]
    for option in ctx.command.params:
        typed = option.name in ctx.params and ctx.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        if not isinstance(option, click.Option) or not typed or option.name == "resume":
            continue
        value = ctx.params[str(option.name)]
        if option.is_flag:
            words.append(option.opts[0] if value else option.secondary_opts[0])
        else:
            words += [part for single in (value if option.multiple else [value]) for part in (option.opts[0], word(single))]
    return words


class Progress:
    """Reports the progress of a training run inside a `with` block: as a bar on a terminal, else as a line an epoch.

    Args:
        context: prints the lines; its `quiet` turns lines and bar off.
        epochs: number of epochs of the whole run.
        stream: gets the bar, if it is a terminal.
    """

    def __init__(self, context: Context, epochs: int, stream: TextIO) -> None:
        self._context, self._epochs, self._stream = context, epochs, stream
        self._shows_bar = is_terminal(stream) and not context.quiet
        self._bar_stack = ExitStack()
        self._bar: Any = None
        self._sum = 0.0
        self._accuracy = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Show the cursor again, and end the line of the bar
        self._bar_stack.close()

    @property
    def step(self) -> Any:
        """The callback for `train_network` after each step; None without a bar, so that training waits for no step."""
        return self._step if self._shows_bar else None

    def report(self, epoch: Epoch) -> None:
        """Report an epoch: the callback for `train_network` after each one.

        Raises:
            KeyboardInterrupt: a person has pressed Ctrl-C, and a library has swallowed the exception.
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
            # Only the steps that are left: those before a checkpoint would falsify the estimate of the time
            bar = click.progressbar(length=(self._epochs - epoch) * steps, file=self._stream, width=0)
            self._bar = self._bar_stack.enter_context(bar)
        self._sum = float(loss) + (self._sum if index else 0.0)
        self._bar.label = self._label(epoch + 1, self._sum / (index + 1))
        self._bar.update(1)
