"""`emodj model pull`, `list`, `use`, `remove` and `push`: networks of a hub."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.app.build import pulled_yunet, shipped_pair
from realtime.cli.console import is_terminal
from realtime.cli.context import Context, common_options, pass_context
from realtime.cli.options import json_option, require_network_file
from realtime.cli.output import print_document
from realtime.errors import EmodjError, UsageError
from realtime.printable import printable, quoted
from realtime.storage.user_folders import networks_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from realtime.classifier.contract import Contract
    from realtime.config.schema import Settings
    from realtime.hub.release import Release, ReleaseName
    from realtime.session.documents import Document

BUILT_IN, YUNET, HAAR = "built-in", "yunet", "haar"
"""Names that stand for no release: the network that comes with emodj, and the two detectors."""

_PAIR, _DETECTOR = ("network", "pair"), ("faces", "detector")
_SHOWN_GROUPS = ("original labels", "clear majority")
_RELEASE = "OWNER/NAME@REVISION"


@click.command(short_help="Fetch a network, or YuNet, from a hub.")
@click.argument("name", metavar=f"{_RELEASE}|{YUNET}")
@common_options
@pass_context
def pull(context: Context, name: str) -> None:
    """Fetch a network from the Hugging Face Hub, check it and keep it: three files, 32 MB at most.

    The revision is a tag, a branch or a commit. A network is kept if it has the digest of its contract and answers the golden
    crops as recorded. It is not used before `emodj model use`.

    yunet is the detector YuNet (0.2 MB, MIT licence), which finds turned heads too: `emodj model use yunet`.

    EMODJ_OFFLINE=1 forbids it. HF_TOKEN is sent to the hub alone, and only for a private repository.
    """
    from realtime.classifier import contract
    from realtime.hub.pull import pull_network, pull_yunet
    from realtime.hub.release import parse_release_name
    from realtime.hub.transfer import open_hub

    if name == YUNET:
        place = pulled_yunet()
        pull_yunet(open_hub(), place, notify=context.remark)
        click.echo(printable(f"{place}: `emodj model use {YUNET}` uses it"))
        return
    wanted, networks = parse_release_name(name), networks_folder()
    shipped = contract.contract_path(shipped_pair())
    found = pull_network(open_hub(), wanted, networks, shipped=shipped, notify=context.remark)
    for line in _describe(found.terms, found.commit):
        click.echo(line)
    click.echo(printable(f"{found.folder}: `emodj model use {wanted}` uses it"))


@click.command("list", short_help="List the networks of this computer.")
@json_option
@common_options
@pass_context
def list_(context: Context, as_json: bool | None) -> None:
    """List the network that comes with emodj, and those that were fetched; a star marks the one in use.

    For each: the commit, the SHA-256 of the compiled network, and the figures that it was published with.
    """
    from realtime.hub.release import list_releases
    from realtime.storage.user_folders import NoHomeError

    settings = context.settings()
    try:
        releases = list_releases(networks_folder())
    except NoHomeError:
        releases = []
    rows = [_built_in_row(settings), *(_release_row(release, settings) for release in releases)]
    pair = settings.network.pair
    if pair is not None and not any(row["in_use"] for row in rows):
        rows.append(_row(str(pair), pair, None, None, None, in_use=True))
    if as_json:
        print_document({"schema": 1, "networks": rows, "detector": settings.faces.detector}, indent=2)
        return
    for row in rows:
        click.echo(printable(f"{'*' if row['in_use'] else ' '} {row['name']}"))
        for line in _row_lines(row):
            click.echo(printable(f"    {line}"))
    click.echo(f"faces are found by {settings.faces.detector}")


@click.command(short_help="Use a network, or a detector, from now on.")
@click.argument("name", metavar=f"{_RELEASE}|{BUILT_IN}|{YUNET}|{HAAR}")
@common_options
@pass_context
def use(context: Context, name: str) -> None:
    """Use a network that was fetched, the one that comes with emodj (built-in), or a detector (yunet, haar).

    This writes one line into your settings: network.pair, or faces.detector.
    """
    from realtime.config.edit import write_text_setting
    from realtime.config.locations import user_file

    key = _DETECTOR if name in {YUNET, HAAR} else _PAIR
    value = _value_of(context.settings(), name)
    file = user_file()
    is_written = bool(value) or file.exists()
    if is_written:
        write_text_setting(file, key, value)
    settings = context.settings()
    in_force = settings.faces.detector if key == _DETECTOR else settings.network.pair
    expected = value if key == _DETECTOR else Path(value).expanduser() if value else None
    if in_force != expected:
        context.remark(f"another file of settings, or EMODJ_CONFIG, sets {'.'.join(key)} too, and wins: emodj config path")
    if is_written:
        click.echo(printable(f'{".".join(key)} = "{value}" in {file}'))
    elif in_force == expected:
        click.echo(f"{BUILT_IN} is in use already")


def _value_of(settings: Settings, name: str) -> str:
    """The value of the setting for a network or a detector, which is checked before.

    Raises:
        UsageError: it is not on this computer.
        AssetError: it is damaged.
    """
    from realtime.classifier.contract import read_compiled
    from realtime.classifier.loading import open_compiled
    from realtime.errors import AssetError
    from realtime.faces.yunet import YuNetDetector
    from realtime.hub.release import find_release, parse_release_name

    if name == BUILT_IN:
        return ""
    if name in {YUNET, HAAR}:
        if name == YUNET:
            YuNetDetector(settings.faces.yunet_model or pulled_yunet(), search_side=320)
        return name
    wanted = parse_release_name(name)
    found = find_release(networks_folder(), wanted)
    if found is None:
        raise UsageError(f"{wanted} is not on this computer: `emodj model pull {wanted}` fetches it")
    remedy = f"`emodj model remove {wanted}`, then pull it again"
    if found.terms is None:
        raise AssetError(f"{wanted} cannot be used ({found.problem}): {remedy}")
    try:
        model = read_compiled(found.network)
    except OSError as error:
        raise AssetError(f"{found.network} cannot be read ({error.strerror or error}): {remedy}") from error
    open_compiled(model, found.terms, found.network, remedy=remedy)
    return _short_path(found.network)


def _short_path(path: Path) -> str:
    """A path for a settings file, below `~` where it is: the file also holds after the home has moved."""
    try:
        return f"~/{path.relative_to(Path.home()).as_posix()}"
    except (ValueError, RuntimeError):
        return path.as_posix()


@click.command(short_help="Remove a network that was fetched.")
@click.argument("name", metavar=f"{_RELEASE}|{YUNET}")
@common_options
@pass_context
def remove(context: Context, name: str) -> None:
    """Remove a network that was fetched, or the file of YuNet, from this computer. One that is in use stays."""
    from realtime.hub.release import name_in_other_case, parse_release_name, release_folder
    from realtime.storage.atomic import remove_folder

    if name == BUILT_IN:
        raise UsageError("the network that comes with emodj cannot be removed")
    settings = context.settings()
    if name == YUNET:
        _remove_yunet(settings)
    else:
        wanted = parse_release_name(name)
        networks = networks_folder()
        folder = release_folder(networks, wanted)
        if name_in_other_case(networks, wanted) is not None:
            raise _not_here(wanted)
        if settings.network.pair is not None and _real(folder) in _real(settings.network.pair).parents:
            raise UsageError(f"{wanted} is in use: `emodj model use {BUILT_IN}` first, then remove it")
        try:
            remove_folder(folder)
        except FileNotFoundError as error:
            raise _not_here(wanted) from error
    click.echo(f"{name} is removed")


def _not_here(name: ReleaseName) -> UsageError:
    return UsageError(f"{name} is not on this computer: `emodj model list` names those that are")


def _real(path: Path) -> Path:
    """A path without links: two paths may lead to one file. Other than `Path.resolve`, this raises nothing for a circle."""
    return Path(os.path.realpath(path))


def _remove_yunet(settings: Settings) -> None:
    place = pulled_yunet()
    if settings.faces.detector == YUNET and _real(settings.faces.yunet_model or place) == _real(place):
        raise UsageError(f"{YUNET} is in use: `emodj model use {HAAR}` first, then remove it")
    try:
        place.unlink()
    except FileNotFoundError as error:
        raise UsageError(f"{YUNET} is not on this computer") from error
    except OSError as error:
        raise EmodjError(f"cannot remove {place} ({error.strerror or error}): remove it by hand") from error


@click.command(short_help="Lay the files of a release, and upload them.")
@click.argument("name", metavar=_RELEASE)
@click.argument("pair", type=click.Path(path_type=Path), metavar="[NAME.json]", required=False)
@click.option(
    "--report",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Where `emodj evaluate --out` has written the evaluation (default: beside the network).",
)
@click.option("--licence", metavar="NAME", default="other", help="Licence of the network, such as mit (default: other).")
@click.option("--dry-run", is_flag=True, default=None, help="Write the files into --out, and upload nothing.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A new folder for the files of --dry-run (default: named after the release).",
)
@click.option("--yes", is_flag=True, default=None, help="Do not ask before the upload.")
@common_options
@pass_context
def push(
    context: Context,
    name: str,
    pair: Path | None,
    report: Path | None,
    licence: str,
    dry_run: bool | None,
    out: Path | None,
    yes: bool | None,
) -> None:
    """Publish a network as a release: compiled network, contract, and a card made of its evaluation.

    Without a name, it is the network of the settings. The repository must exist; REVISION becomes a tag. With --dry-run the
    files are written into a folder, and nothing is uploaded. An upload needs HF_TOKEN and pip install 'emodj[hub]', shows
    what it would upload, and asks.
    """
    from realtime.hub import push as publishing
    from realtime.hub.release import parse_release_name
    from realtime.hub.transfer import open_hub

    wanted = parse_release_name(name)
    if pair is not None:
        require_network_file(pair)
    chosen = pair or context.settings().network.pair or shipped_pair()
    files = publishing.release_files(chosen, wanted, report=report, licence=_licence(licence))
    for path, data in files.items():
        context.remark(f"{wanted}: {path}, {len(data) / 10**6:.2g} MB")
    if dry_run:
        folder = out or Path(wanted.folder_name)
        publishing.write_folder(folder, files)
        click.echo(printable(str(folder)))
        return
    if out is not None:
        raise UsageError("--out is for --dry-run")
    hub = open_hub()
    if not yes and not is_terminal(sys.stdin):
        raise UsageError("nobody can be asked here: --yes uploads without a question, and --dry-run only writes the files")
    publishing.open_library(wanted, hub.token)
    _confirm(f"upload these files to {hub.address}/{wanted.repository} as {wanted.revision}, for everybody to see?", yes=yes)
    commit = publishing.upload(hub.address, wanted, files, hub.token)
    click.echo(f"{wanted}, commit {printable(commit)}")


def _licence(text: str) -> str:
    if not text.isascii() or not text.replace("-", "").replace(".", "").isalnum():
        raise UsageError(f"--licence must be a short name such as mit or apache-2.0, not {quoted(text)}")
    return text.lower()


def _confirm(question: str, *, yes: bool | None) -> None:
    if not yes and not click.confirm(question, err=True):
        raise EmodjError("nothing was uploaded")


def _built_in_row(settings: Settings) -> Document:
    from realtime.classifier.contract import contract_path, read_contract

    pair = shipped_pair()
    in_use = settings.network.pair is None or _real(settings.network.pair) == _real(pair)
    return _row(BUILT_IN, pair, None, read_contract(contract_path(pair)), None, in_use=in_use)


def _release_row(release: Release, settings: Settings) -> Document:
    pair = settings.network.pair
    in_use = pair is not None and _real(pair) == _real(release.network)
    return _row(str(release.name), release.network, release.commit, release.terms, release.problem, in_use=in_use)


def _row(
    name: str, network: Path, commit: str | None, terms: Contract | None, problem: str | None, *, in_use: bool
) -> Document:
    from realtime.hub.release import evaluation_of

    groups = evaluation_of(terms) if terms else {}
    return {
        "name": name,
        "network": str(network),
        "in_use": in_use,
        "commit": commit,
        "compiled_sha256": terms.compiled_digest if terms else None,
        "pair_sha256": terms.pair_digest if terms else None,
        "figures": [_figures(group, values) for group, values in groups.items()],
        "error": problem,
    }


def _figures(group: str, values: Mapping[str, Any]) -> Document:
    return {"group": group, **{key: values[key] for key in ("images", "accuracy", "macro_f1")}}


def _row_lines(row: Document) -> list[str]:
    if row["error"] is not None:
        return [f"damaged   {row['error']}: `emodj model remove {row['name']}`"]
    lines = [f"commit    {row['commit']}"] if row["commit"] else []
    if row["compiled_sha256"]:
        lines.append(f"sha256    {row['compiled_sha256']}")
    lines += [
        f"figures   accuracy {figures['accuracy']:.1%}, macro-F1 {figures['macro_f1']:.1%} on {figures['images']:,} images "
        f"({figures['group']})"
        for figures in row["figures"]
        if figures["group"] in _SHOWN_GROUPS
    ]
    return lines


def _describe(terms: Contract | None, commit: str | None) -> list[str]:
    lines = _row_lines(_row("", Path(), commit, terms, None, in_use=False))
    return [printable(line) for line in lines]
