"""`emodj evaluate`: measure a network on labelled faces."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realtime.app.build import shipped_pair, threshold, unsure_below
from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import require_network_file, require_parts
from realtime.cli.output import print_document
from realtime.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtime.domain import Threshold
    from realtime.training.dataset import Dataset
    from realtime.training.evaluation import Report

DEFAULT_PART = "private"


@click.command(
    epilog="""\b
Examples:
  emodj evaluate fer2013.npz --robustness --out report
  emodj evaluate fer2013.npz --model runs/first/emotiondetector.json --part public
  emodj evaluate faces/ --model other.keras --json
""",
)
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--model",
    "pair",
    type=click.Path(path_type=Path),
    metavar="NAME.json|.keras",
    help="The network; the shipped one by default.",
)
@click.option("--part", type=click.Choice(["public", "private"]), default=DEFAULT_PART, show_default=True)
@click.option(
    "--robustness", is_flag=True, default=None, help="Measure also on the same faces with twelve kinds of corruption."
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", help="Write the report, its charts and a model card into a folder."
)
@click.option("--json", "as_json", is_flag=True, default=None, help="Print the report as JSON, with the confusion tables.")
@common_options
@pass_context
def evaluate(
    context: Context,
    data: Path,
    pair: Path | None,
    part: str,
    robustness: bool | None,
    out: Path | None,
    as_json: bool | None,
) -> None:
    """Measure a network on the test part of DATA, faces in folders or FER-2013 as .csv or .npz, single view.

    emodj compares its answers with the labels, once on all photos and once without those that are also in the training
    part; if the data have votes, also with the clear majority of ten people.
    """
    from realtime.classifier.contract import is_compiled
    from realtime.training import report_text, run_folder
    from realtime.training.formats import read_dataset

    if pair is not None:
        require_network_file(pair)
    chosen = pair or shipped_pair()
    if is_compiled(chosen):
        raise UsageError(f"{chosen} is a compiled network: name the .json of its pair, which can be measured")
    images = read_dataset(data)
    require_parts(images, (part,), data)
    if out:
        run_folder.prepare_folder(out)
    limit = _threshold(context, chosen)
    with context.remarks_stop("stopped: the network was not measured"):
        document = _measure(chosen, images.part(part), part, limit, robustness=bool(robustness))
    for sentence in document["remarks"]:
        context.remark(sentence)
    if out:
        command = _command(data, pair, part, out, robustness=bool(robustness))
        _write(out, document, images, data, chosen, command)
    if as_json:
        print_document(document, indent=1)
    else:
        click.echo(report_text.report_text(document), nl=False)


def _threshold(context: Context, path: Path) -> Threshold:
    from realtime.classifier.network_files import SAVED_SUFFIX

    # A saved Keras network has no contract
    if path.suffix == SAVED_SUFFIX:
        return threshold(context.settings(), None)
    return unsure_below(context.settings(), path)


def _measure(path: Path, images: Dataset, part: str, threshold: Threshold, *, robustness: bool) -> Report:
    from realtime.classifier.keras_process import KerasProcess
    from realtime.training import evaluation

    with KerasProcess(path) as network:
        probabilities, count = network.predict_faces(images.images), network.parameters
        rows = evaluation.measure_robustness(network.predict_faces, images, threshold) if robustness else None
    return evaluation.report_document(images, probabilities, part=part, threshold=threshold, parameters=count, robustness=rows)


def _write(out: Path, document: Report, images: Dataset, data: Path, path: Path, command: str) -> None:
    from realtime.training import evaluation, run_folder

    digest, about = _identity(path)
    network = {"name": path.name, "sha256": digest, "parameters": document["parameters"]}
    settings = run_folder.run_settings(command=command, data=evaluation.describe_dataset(images, data.name), network=network)
    run_folder.write_report(out, document, settings, about=about)


def _identity(path: Path) -> tuple[str, Mapping[str, Any]]:
    """The digest of a network, and the description in its contract; empty if the contract is of another network."""
    from realtime.classifier import contract
    from realtime.classifier.network_files import SAVED_SUFFIX, pair_digest

    terms = None if path.suffix == SAVED_SUFFIX else contract.matching_contract(path)
    return pair_digest(path), terms.about if terms else {}


def _command(data: Path, pair: Path | None, part: str, out: Path, *, robustness: bool) -> str:
    """The command line for the report, without folders: a report may be published, and folders are private."""
    words = ["emodj", "evaluate", data.name]
    words += ["--model", pair.name] if pair else []
    words += ["--part", part] if part != DEFAULT_PART else []
    words += ["--robustness"] if robustness else []
    return shlex.join([*words, "--out", out.name])
