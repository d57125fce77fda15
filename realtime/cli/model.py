"""`emodj model`: look at the network, or compile one."""

from __future__ import annotations

import json
from pathlib import Path

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.parts import shipped_pair


@click.group()
@common_options
def model() -> None:
    """Look at the network, or compile one."""


@model.command("show", short_help="Print the contract of the network.")
@common_options
@pass_context
def show(context: Context) -> None:
    """Print the contract of the network that the settings name: digests, crop rule, training, figures."""
    from realtime import contract

    pair = context.settings().network.pair or shipped_pair()
    terms = contract.read(contract.contract_path(pair))
    click.echo(f"network      {pair}")
    click.echo(
        f"sha256       {terms.pair_digest}" + ("" if terms.pair_digest == contract.pair_digest(pair) else "  (does not fit)")
    )
    click.echo(f"compiled     {terms.compiled_digest}")
    click.echo(f"crop         {terms.side_ratio:g} × the detector's box")
    click.echo(f"golden crops {', '.join(golden.crop.name for golden in terms.golden)}")
    click.echo(json.dumps(terms.about, indent=1, ensure_ascii=False))


@model.command("compile", short_help="Compile a pair (needs TensorFlow).")
@click.argument("pair", type=click.Path(path_type=Path), metavar="NAME.json")
@common_options
def compile_(pair: Path) -> None:
    """Compile a pair, NAME.json and NAME.h5, and write its contract beside it (needs TensorFlow).

    The golden crops are those of the shipped network.
    """
    from realtime import contract

    own = contract.contract_path(pair)
    golden = contract.read(own if own.exists() else contract.contract_path(shipped_pair())).golden
    terms = contract.seal(pair, crops=[item.crop for item in golden])
    click.echo(str(contract.compiled_path(pair)))
    click.echo(f"sha256 {terms.compiled_digest}", err=True)
