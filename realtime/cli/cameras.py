"""`emodj cameras`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from realtime.cli.context import Context, common_options, pass_context

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from realtime.session.documents import Document
    from realtime.sources.cameras import Device


@click.command(
    epilog="""\b
Examples:
  emodj cameras
  emodj cameras --json
  emodj live --camera 2            by number
  emodj live --camera logitech     by a part of the name
""",
)
@click.option("--json", "as_json", is_flag=True, default=None, help="Print the list as JSON.")
@common_options
@pass_context
def cameras(context: Context, as_json: bool | None) -> None:
    """List the cameras of this computer: number, name and device.

    None is switched on for it. An empty list is an answer like any other, so the status is 0.
    """
    from realtime.cli.output import print_document
    from realtime.sources.cameras import list_cameras

    there = list_cameras()
    if as_json:
        print_document(document(there), indent=2)
    else:
        for line in lines(there):
            click.echo(line)
    if not there:
        context.remark("no camera was found: plug one in, or hand it on if this is a container or a virtual machine")


def lines(there: Sequence[Device]) -> Iterator[str]:
    """One for each camera, in columns."""
    names = [each.name or "(no name)" for each in there]
    longest = max(map(len, names), default=0)
    digits = max((len(str(each.index)) for each in there), default=0)
    for each, name in zip(there, names, strict=True):
        yield f"{each.index:>{digits}}  {name:<{longest}}  {each.path or ''}".rstrip()


def document(there: Sequence[Device]) -> Document:
    """The document of `emodj cameras --json`; name and path are null where there is none."""
    from realtime.session.documents import SCHEMA

    listed = [{"number": each.index, "name": each.name or None, "path": each.path} for each in there]
    return {"schema": SCHEMA, "cameras": listed}
