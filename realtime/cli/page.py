"""`emodj page`: serve the page, and open it in the browser."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import STRATEGY, with_strategy

if TYPE_CHECKING:
    from realtime.music.feedback_book import FeedbackBook
    from realtime.page.server import PageAddress

_FILE = click.Path(path_type=Path)


@click.command(
    epilog="""\b
Examples:
  emodj page                            opens the browser; Ctrl-C ends it
  emodj page --no-open --port 8765      prints the link, and opens nothing
  emodj page --lan --cert page.pem --key page-key.pem
""",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Port of the page; without it, a free one.")
@click.option("--no-open", is_flag=True, default=None, help="Only print the link.")
@click.option("--strategy", type=STRATEGY, help="Music like the mood, music that lifts, or a journey from one to the other.")
@click.option("--lan", is_flag=True, default=None, help="Let other computers and phones of your network open it, by https.")
@click.option("--cert", type=_FILE, metavar="FILE", help="For --lan: the certificate, a PEM file.")
@click.option("--key", type=_FILE, metavar="FILE", help="For --lan: the private key of the certificate, a PEM file.")
@common_options
@pass_context
def page(
    context: Context,
    port: int,
    no_open: bool | None,
    strategy: str | None,
    lan: bool | None,
    cert: Path | None,
    key: Path | None,
) -> None:
    """Open emodj as a page in the browser: pictures, camera, mood and music.

    The page is served by this computer for this computer. Pictures and frames go from the browser to emodj, and nowhere
    else; nothing is saved. The printed link has a key that changes with each start.
    """
    if lan and (cert is None or key is None):
        raise click.UsageError(
            "--lan needs --cert and --key: without a certificate, browsers give no camera to a page of another computer"
        )
    if not lan and (cert is not None or key is not None):
        raise click.UsageError("--cert and --key are for --lan: leave them out, or add --lan")
    from realtime.app.build import build_page
    from realtime.page.routes import build_app
    from realtime.page.server import Certificate, PageAddress

    settings = with_strategy(context.settings(), strategy)
    certificate = None if cert is None or key is None else Certificate(cert, key)
    with ExitStack() as stack:
        address = stack.enter_context(PageAddress(port, certificate))
        parts = build_page(settings, context.remark, in_network=certificate is not None)
        if parts.spotify is not None:
            stack.callback(parts.spotify.close)
        if parts.book is not None:
            stack.callback(_keep_thumbs, parts.book, context)
        app = build_app(parts)
        context.stop_if_interrupted()
        _announce(address, context, opens=not no_open, in_network=certificate is not None)
        address.serve(app)


def _keep_thumbs(book: FeedbackBook, context: Context) -> None:
    """Keep the thumbs that the disk has refused until now."""
    if (problem := book.save(at_end=True)) is not None:
        context.remark(problem)


def _announce(address: PageAddress, context: Context, *, opens: bool, in_network: bool) -> None:
    """Print the links, and open one that works once. The socket is bound: a browser that is fast waits for the server."""
    from realtime.music.open_link import open_link

    for link in address.links:
        click.echo(link)
    sys.stdout.flush()
    if in_network:
        context.remark(
            "whoever has the link can use the page and hear your songs; tell everyone whom the camera sees that a program "
            "reads their expressions"
        )
    if opens:
        opened = open_link(address.opening_link)
        if opened.where is None:
            context.remark(f"not opened: {opened.why}; open the link yourself")
    context.remark("the page is open until you press Ctrl-C here")
