"""`emodj model`: show, check, compile, fetch or publish a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.app.build import shipped_pair
from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.model_releases import list_, pull, push, remove, use
from realtime.cli.options import require_network_file
from realtime.cli.output import print_document
from realtime.errors import AssetError, UsageError
from realtime.printable import printable

if TYPE_CHECKING:
    from realtime.classifier.contract import Contract
    from realtime.session.documents import Document


@click.group()
@common_options
def model() -> None:
    """Show, check, compile, fetch or publish a network."""


for command in (list_, pull, use, remove, push):
    model.add_command(command)


@model.command("show", short_help="Print the contract and the card of the network.")
@click.option("--json", "as_json", is_flag=True, default=None, help="Print one JSON document.")
@common_options
@pass_context
def show(context: Context, as_json: bool | None) -> None:
    """Print the contract of the network that the settings name: digests, crop rule and golden crops.

    Then the model card beside the network, with training and figures; without a card, the description in the contract.
    """
    from realtime.classifier import contract
    from realtime.hub.release import find_card

    pair = context.settings().network.pair or shipped_pair()
    terms = contract.read_contract(contract.contract_path(pair))
    fits = _fits(pair, terms)
    card = find_card(pair.parent, terms.pair_digest)
    if as_json:
        print_document(_document(pair, terms, card, fits=fits), indent=1)
        return
    click.echo(f"network      {printable(str(pair))}")
    click.echo(f"sha256       {terms.pair_digest}" + ("" if fits else "  (does not fit)"))
    click.echo(f"compiled     {terms.compiled_digest}")
    if terms.quantised_digest is not None:
        click.echo(f"in 8 bits    {terms.quantised_digest}")
    click.echo(f"crop         {terms.side_ratio:g} × the detector's box")
    if terms.unsure_below is not None:
        own = "" if terms.unsure_below.neutral is None else f", neutral below {terms.unsure_below.neutral:g}"
        click.echo(f"unsure       below {terms.unsure_below.common:g}{own}")
    click.echo(f"golden crops {printable(', '.join(golden.crop.name for golden in terms.golden))}")
    click.echo()
    click.echo(printable(card or json.dumps(terms.about, indent=1, ensure_ascii=False), keep="\n\t"), nl=card is None)


@model.command("check", short_help="Check whether pair, compiled network and contract fit.")
@click.argument("pair", type=click.Path(path_type=Path), metavar="[NAME.json]", required=False)
@common_options
@pass_context
def check(context: Context, pair: Path | None) -> int:
    """Check whether a pair, its compiled network and its contract fit each other; without a name, those of the settings.

    NAME.tflite names a compiled network without its pair, such as a fetched one.

    emodj compares the digests, the answers to the golden crops with the recorded ones and, if TensorFlow is installed, the
    answers of the pair with those of the compiled network, within 1e-4. The status is 5 if a comparison fails.
    """
    from realtime.training.verify import verify

    if pair is not None:
        require_network_file(pair)
    words = {True: "ok", False: "failed", None: "skipped"}
    checks = verify(pair or context.settings().network.pair or shipped_pair())
    for item in checks:
        click.echo(f"{item.subject:18s} {words[item.passed]:8s} {printable(item.finding)}")
    return AssetError.status if any(item.passed is False for item in checks) else 0


@model.command("compile", short_help="Compile a pair (needs TensorFlow).")
@click.argument("pair", type=click.Path(path_type=Path), metavar="NAME.json")
@common_options
def compile_(pair: Path) -> None:
    """Compile a pair, NAME.json and NAME.h5, and write its contract beside it (needs TensorFlow).

    The golden crops are those of its present contract or, without one, of the shipped network.
    """
    from realtime.classifier import contract
    from realtime.classifier.loading import write_contract

    require_network_file(pair)
    if contract.is_compiled(pair):
        raise UsageError(f"{pair} is compiled already: name the .json of a pair")
    existing = contract.contract_path(pair)
    golden = contract.read_contract(existing if existing.exists() else contract.contract_path(shipped_pair())).golden
    terms = write_contract(pair, crops=[item.crop for item in golden])
    click.echo(printable(str(contract.compiled_path(pair))))
    click.echo(f"sha256 {terms.compiled_digest}", err=True)


def _fits(pair: Path, terms: Contract) -> bool:
    """Whether a pair, or a compiled network without one, has the digest of its contract."""
    from realtime.classifier import contract
    from realtime.classifier.network_files import pair_digest

    if not contract.is_compiled(pair):
        return terms.pair_digest == pair_digest(pair)
    try:
        return terms.compiled_digest == contract.digest_of(contract.read_compiled(pair))
    except OSError as error:
        raise AssetError(f"{pair} cannot be read ({error.strerror or error}): fetch it again") from error


def _document(pair: Path, terms: Contract, card: str | None, *, fits: bool) -> Document:
    return {
        "schema": 1,
        "network": str(pair),
        "pair_sha256": terms.pair_digest,
        "fits": fits,
        "compiled_sha256": terms.compiled_digest,
        "quantised_sha256": terms.quantised_digest,
        "side_ratio": terms.side_ratio,
        "unsure_below": None if terms.unsure_below is None else terms.unsure_below.common,
        "neutral_unsure_below": None if terms.unsure_below is None else terms.unsure_below.neutral,
        "golden_crops": [golden.crop.name for golden in terms.golden],
        "about": dict(terms.about),
        "card": card,
    }
