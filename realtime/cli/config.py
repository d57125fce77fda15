"""`emodj config`: print the settings, and the files that they come from."""

from __future__ import annotations

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.printable import escape_json, printable


@click.group(epilog="See also: the comments in the file that `config path` names first.")
@common_options
def config() -> None:
    """Show the settings and where they come from."""


@config.command("path")
@common_options
@pass_context
def path(context: Context) -> None:
    """Print the files that settings come from, one a line; later ones win.

    Your own file is listed even if it does not exist yet: create it at that path.
    """
    from realtime.config.locations import user_file
    from realtime.storage.user_folders import NoHomeError

    files = context.sources()
    try:
        if user_file() not in files:
            files.insert(1, user_file())
    except NoHomeError as error:
        context.remark(f"{error}, for settings of your own; or name their file with --config")
    for file in files:
        click.echo(printable(str(file)))


@config.command("show")
@common_options
@pass_context
def show(context: Context) -> None:
    """Print the effective settings, as TOML."""
    from realtime.config.files import dump_toml

    # TOML has the same escapes as JSON
    click.echo(escape_json(dump_toml(context.settings())), nl=False)
