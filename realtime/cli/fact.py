"""`emodj fact`: print a fact about faces, feelings and music."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from realtime.cli.context import common_options
from realtime.cli.options import MOOD, draw_seed, json_option, seed_option

if TYPE_CHECKING:
    from realtime.domain import Expression
    from realtime.facts import Fact
    from realtime.session.documents import Document


@click.command(
    epilog="""\b
Examples:
  emodj fact
  emodj fact surprise
  emodj fact --seed 7 --json""",
)
@click.argument("mood", metavar="[NAME]", type=MOOD, required=False)
@seed_option
@json_option
@common_options
def fact(mood: Expression | None, seed: int | None, as_json: bool | None) -> None:
    """Print a fact about faces, feelings and music, and the study that found it.

    NAME is angry, disgust, fear, happy, neutral, sad or surprise; without NAME, the fact is about any of them or about none.
    """
    from realtime.cli.output import print_document
    from realtime.facts import draw_fact, read_facts

    used_seed = draw_seed(seed)
    found = draw_fact(read_facts(), mood, used_seed)
    if as_json:
        print_document(document(found, used_seed), indent=2)
    else:
        click.echo(found.text)
        click.echo(found.source)


def document(fact: Fact, seed: int) -> Document:
    """The document of `emodj fact --json`; `mood` is null if the fact is about no mood in particular."""
    from realtime.session.documents import SCHEMA

    return {
        "schema": SCHEMA,
        "mood": None if fact.mood is None else fact.mood.value,
        "fact": fact.text,
        "source": fact.source,
        "seed": seed,
    }
