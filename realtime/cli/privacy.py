"""`emodj privacy`: the promise, the folders that hold something, and the proof."""

from __future__ import annotations

import shlex
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import json_option
from realtime.errors import EmodjError
from realtime.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from realtime.privacy.events import Event
    from realtime.privacy.places import Place
    from realtime.privacy.proof import Command, Proof, Step, Watcher
    from realtime.session.documents import Document

PROMISE = (
    "Pictures, faces and moods stay in the memory of this computer; nothing of them is sent.",
    "Files are written only by keys, options, commands and settings that say so; music.learn, on by default, counts thumbs.",
    "Other computers are asked only by commands, options and keys that name a service or a link.",
    "What emodj keeps for you lies in the folders below. A login and a key can be read by you alone.",
    "emodj privacy --prove runs a picture and a session under watch, and prints what they wrote and connected to.",
)
"""The promise in five lines; the README has the details."""
OWN = "command"
"""Name of a command that the person chose."""
_MOST_LISTED = 8


@click.command(
    # What stands behind the first word belongs to the command that is watched
    context_settings={"allow_interspersed_args": False},
    epilog="""\b
Examples:
  emodj privacy                                  the promise, and where your files lie
  emodj privacy --prove                          a picture and a session under watch
  emodj privacy --prove --window --song          also a window, and a silent song
  emodj privacy --prove image photo.jpg          your own command under watch
""",
)
@click.option("--prove", is_flag=True, default=None, help="Run emodj under watch; print what it wrote and connected to.")
@click.option("--window", is_flag=True, default=None, help="With --prove: also a session in a window, for a second.")
@click.option("--song", is_flag=True, default=None, help="With --prove: also play a silent song.")
@click.option(
    "--watch",
    type=click.Choice(["strace", "namespace", "audit"]),
    help="With --prove: what watches; without this option the best that works here.",
)
@json_option
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[COMMAND...]")
@common_options
@pass_context
def privacy(
    context: Context,
    prove: bool | None,
    window: bool | None,
    song: bool | None,
    watch: str | None,
    as_json: bool | None,
    command: tuple[str, ...],
) -> None:
    """Print what emodj promises and where your files lie, or prove it.

    With --prove, emodj runs a sample picture and a sample session in other processes, with your settings, and watches them.
    COMMAND is a command line of emodj to watch instead. The status is 1 if a file was written or a connection made, or if a
    command failed.
    """
    if not prove:
        if command:
            raise click.UsageError(f"{command[0]} is watched with --prove alone: write --prove before it")
        if window or song or watch:
            raise click.UsageError("--window, --song and --watch belong to --prove")
        _print_promise(context, as_json=bool(as_json))
        return
    if command and (window or song):
        raise click.UsageError("--window and --song are for the samples: leave them out, or the command")
    _prove(context, command, window=bool(window), song=bool(song), watch=watch, as_json=bool(as_json))


def _print_promise(context: Context, *, as_json: bool) -> None:
    from realtime.cli.output import print_document
    from realtime.privacy.places import list_places

    places = list_places()
    if as_json:
        print_document(places_document(places), indent=2)
        return
    for line in PROMISE:
        click.echo(line)
    click.echo()
    if not places:
        context.remark("this user has no home folder, and so emodj keeps nothing")
    width = max((len(place.holds) for place in places), default=0)
    for place in places:
        click.echo(f"{place.holds:<{width}}  {printable(str(place.path))}  {_content(place)}")


def _content(place: Place) -> str:
    if not place.exists:
        return "(not there)"
    names = [*map(printable, place.names[:_MOST_LISTED]), *["…"] * (len(place.names) > _MOST_LISTED)]
    return f"({', '.join(names) or 'nothing of emodj'})"


def _prove(context: Context, arguments: tuple[str, ...], *, window: bool, song: bool, watch: str | None, as_json: bool) -> None:
    from realtime.cli.output import print_document
    from realtime.privacy.proof import Command, Watcher, choose_watcher

    watcher = choose_watcher(None if watch is None else Watcher(watch))
    if window:
        from realtime.app.window import check_display

        check_display()
    if arguments:
        proof = _watch_all(context, [Command(OWN, arguments)], watcher, context.config, quiet=as_json)
    else:
        from realtime.privacy.samples import sample_commands

        with _samples_folder() as folder:
            settings = _write_settings(context, Path(folder))
            commands = sample_commands(Path(folder), window=window, song=song)
            proof = _watch_all(context, commands, watcher, settings, quiet=as_json)
    if as_json:
        print_document(proof_document(proof), indent=2)
    else:
        for line in proof_report(proof):
            click.echo(line)
    if not proof.kept:
        raise EmodjError(_what_broke(proof))


def _samples_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="emodj-", ignore_cleanup_errors=True)
    except OSError as error:
        raise EmodjError(f"there is no folder for the sample film ({error.strerror or error})") from error


def _write_settings(context: Context, folder: Path) -> Path:
    """Write the settings of the person for the samples: their mood is nobody's, and does not belong into a diary."""
    from realtime.config.files import dump_toml

    settings = context.settings()
    file = folder / "config.toml"
    try:
        file.write_text(dump_toml(replace(settings, diary=replace(settings.diary, keep=False))), encoding="utf-8")
    except OSError as error:
        raise EmodjError(f"the settings for the samples cannot be written ({error.strerror or error})") from error
    return file


def _watch_all(context: Context, commands: Sequence[Command], watcher: Watcher, config: Path | None, *, quiet: bool) -> Proof:
    """Watch the commands in order, and print a line before each: the first one takes some seconds.

    `config` is a file of settings that wins over the others, for the watched commands.
    """
    from realtime.config.locations import CONFIG_VARIABLE
    from realtime.privacy.proof import BY, SEEN, Proof, watch_command

    if not quiet:
        click.echo(f"watched by {BY[watcher]}:")
        click.echo(f"{SEEN[watcher]}")
        click.echo()
    settings = {} if config is None else {CONFIG_VARIABLE: str(config)}
    steps: list[Step] = []
    for command in commands:
        if not quiet:
            click.echo(f"{command.name:<8} emodj {printable(shlex.join(command.arguments))}")
        steps.append(watch_command(command, watcher, settings))
        context.stop_if_interrupted()
    return Proof(watcher, tuple(steps))


def proof_report(proof: Proof) -> Iterator[str]:
    """The lines below the commands: what was connected and written, and what stayed on this computer."""
    from realtime.privacy.events import Kind
    from realtime.privacy.proof import NOT_COUNTED

    yield ""
    yield f"{_count(proof)}"
    for kind, word in ((Kind.CONNECTED, "connected"), (Kind.WRITTEN, "written"), (Kind.LOCAL, "local")):
        for what in proof.of(kind):
            yield f"  {word:<9}  {printable(what)}"
    yield f"not counted: {NOT_COUNTED}"


def _count(proof: Proof) -> str:
    from realtime.privacy.events import Kind

    connections, files = len(proof.of(Kind.CONNECTED)), len(proof.of(Kind.WRITTEN))
    return f"{connections} connection{'s' * (connections != 1)}, {files} file{'s' * (files != 1)} written"


def _what_broke(proof: Proof) -> str:
    failed = [f"{step.command.name} ended with status {step.status}: {step.message}" for step in proof.steps if step.status]
    own = any(step.command.name == OWN for step in proof.steps)
    what = "this command is not without a trace" if own else "this is not what emodj promises of pictures and sessions"
    return "; ".join([f"{what}: {_count(proof)}"] * _broke(proof) + failed)


def _broke(proof: Proof) -> bool:
    from realtime.privacy.events import Kind

    return bool(proof.of(Kind.CONNECTED) or proof.of(Kind.WRITTEN))


def places_document(places: Sequence[Place]) -> Document:
    """Document of `emodj privacy --json`."""
    from realtime.session.documents import SCHEMA

    return {
        "schema": SCHEMA,
        "promise": list(PROMISE),
        "folders": [
            {"holds": place.holds, "path": str(place.path), "exists": place.exists, "names": list(place.names)}
            for place in places
        ],
    }


def proof_document(proof: Proof) -> Document:
    """Document of `emodj privacy --prove --json`."""
    from realtime.privacy.events import Kind
    from realtime.privacy.proof import BY, NOT_COUNTED, SEEN
    from realtime.session.documents import SCHEMA

    def named(events: Sequence[Event], kind: Kind) -> list[str]:
        return [event.what for event in events if event.kind is kind]

    return {
        "schema": SCHEMA,
        "kept": proof.kept,
        "watcher": proof.watcher.value,
        "watched_by": BY[proof.watcher],
        "native_code": SEEN[proof.watcher],
        "not_counted": NOT_COUNTED,
        "steps": [
            {
                "name": step.command.name,
                "arguments": list(step.command.arguments),
                "status": step.status,
                "connections": named(step.events, Kind.CONNECTED),
                "written": named(step.events, Kind.WRITTEN),
                "local": named(step.events, Kind.LOCAL),
            }
            for step in proof.steps
        ],
    }
