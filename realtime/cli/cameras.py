"""`emodj cameras`: list the cameras of this computer."""

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

    No camera is switched on. The status is 0 for an empty list, too.
    """
    from realtime.cli.output import print_document
    from realtime.sources.cameras import list_cameras

    gaps: list[str] = []
    found = list_cameras(notify=gaps.append)
    if as_json:
        print_document(document(found), indent=2)
    else:
        for line in lines(found):
            click.echo(line)
    for sentence in gaps:
        context.remark(sentence)
    if not found and not gaps:
        context.remark("no camera was found: plug one in, or pass it through to this container or virtual machine")


def lines(devices: Sequence[Device]) -> Iterator[str]:
    """A line for each camera: number, name and device, in columns."""
    names = [device.name or "(no name)" for device in devices]
    longest = max(map(len, names), default=0)
    digits = max((len(str(device.index)) for device in devices), default=0)
    for device, name in zip(devices, names, strict=True):
        yield f"{device.index:>{digits}}  {name:<{longest}}  {device.path or ''}".rstrip()


def document(devices: Sequence[Device]) -> Document:
    """The document of `emodj cameras --json`; name and path are null if unknown."""
    from realtime.session.documents import SCHEMA

    rows = [{"number": device.index, "name": device.name or None, "path": device.path} for device in devices]
    return {"schema": SCHEMA, "cameras": rows}
