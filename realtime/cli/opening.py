"""Open the music that fits pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtime.cli.context import Context
    from realtime.documents import Picture
    from realtime.playlists import Playlists, Strategy


def open_together(
    music: Playlists,
    strategy: Strategy,
    found: Sequence[Picture],
    context: Context,
    *,
    as_json: bool,
    opens: bool,
    qr: bool,
) -> None:
    """Open the best link for the faces of all pictures together, or print its code, and name it where nobody did yet."""
    from realtime import mood
    from realtime.cli import report
    from realtime.cli.offering import offer
    from realtime.music.link import open_link
    from realtime.playlists import plan

    together = mood.of(*(picture.faces for picture in found))
    fitting = plan(music, together, strategy)
    if together is None:
        context.remark("no playlist to open: no face was seen clearly enough")
        return
    link = None if fitting is None else next((choice for choice in fitting.choices if choice.url), None)
    if fitting is None or link is None:
        context.remark("no playlist to open: your settings have no link for this mood, and emodj play plays songs")
        return
    if len(found) > 1 and not as_json:
        for line in ("", "all together", *report.mood(together, fitting)):
            click.echo(line)
    # A machine without a browser loses nothing: the link stands on a line of its own, where it does not already
    if as_json or qr or link != fitting.best:
        offer(link, fitting.why, qr=qr, err=as_json)
    if not opens:
        return
    opened = open_link(link.place)
    if opened.where is None:
        context.remark(f"not opened: {opened.why}; open the link yourself")
    else:
        context.remark(f"handed to {opened.taker}: {link.title}")
