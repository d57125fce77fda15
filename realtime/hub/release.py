"""Releases of networks: their names, their files, and the folder of those that were fetched.

A release is three files in a repository of the hub, at a revision: the compiled network, its contract and its card. Fetched, it
is a folder of these files with a record of where they came from.
"""

from __future__ import annotations

import json
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from realtime.classifier.contract import contract_path, read_contract
from realtime.errors import AssetError, UsageError
from realtime.printable import quoted
from realtime.reading import read_file
from realtime.storage import atomic

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from realtime.classifier.contract import Contract

COMPILED, CONTRACT, CARD = "emotiondetector.tflite", "emotiondetector.contract.json", "README.md"
"""The files of a release. No other file of a repository is ever fetched."""

CARDS = ("card.md", "README.md")
"""File names of the model card in a folder; the first one with the digest of the network counts."""

MAX_CARD_BYTES = 10**6
MAX_RELEASE_BYTES = 32 * 10**6
"""Largest size of the three files together. Those of the network that comes with emodj have 5.8 MB."""

EVALUATION = "evaluation"
"""Where the contract of a release has the figures of its evaluation: below `about`."""

_RECORD = "release.json"
_MAX_RECORD_BYTES = 10**4
_MAX_NAME_LENGTH = 180
_SEPARATOR = "--"
COMMIT = re.compile(r"[0-9a-f]{40}")
"""A commit of a repository, in full."""

_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?"
_NAME = re.compile(f"({_PART})/({_PART})@({_PART})")


@dataclass(frozen=True, slots=True)
class ReleaseName:
    """Name of a release, `OWNER/NAME@REVISION`.

    Attributes:
        repository: `OWNER/NAME`.
        revision: a tag, a branch or a commit.
    """

    repository: str
    revision: str

    def __str__(self) -> str:
        return f"{self.repository}@{self.revision}"

    @property
    def folder_name(self) -> str:
        """The name of its folder. Names of two releases may differ in case alone, which some disks do not tell apart."""
        return str(self).replace("/", _SEPARATOR)


def parse_release_name(text: str) -> ReleaseName:
    """Parse `OWNER/NAME@REVISION`.

    Raises:
        UsageError: it is none; the sentence says how one is written.
    """
    match = _NAME.fullmatch(text)
    # The hub has no -- and no .. in a name; so the separator of a folder's name is the first --
    if match is None or ".." in text or _SEPARATOR in f"{match[1]}/{match[2]}" or len(text) > _MAX_NAME_LENGTH:
        raise UsageError(
            f"{quoted(text)} is not the name of a release: write OWNER/NAME@REVISION, with a tag, a branch or a commit as "
            "the revision, for example anna/faces@v1"
        )
    return ReleaseName(f"{match[1]}/{match[2]}", match[3])


@dataclass(frozen=True, slots=True)
class Release:
    """A release that was fetched.

    Attributes:
        name: its name.
        folder: of its files.
        commit: commit that the revision was when it was fetched, in hexadecimal; None if the hub did not say.
        terms: its contract; None if the release is damaged.
        problem: why it cannot be used, a sentence; None if that is not known of it.
    """

    name: ReleaseName
    folder: Path
    commit: str | None = None
    terms: Contract | None = None
    problem: str | None = None

    @property
    def network(self) -> Path:
        """Path of the compiled network, for the setting `network.pair`."""
        return self.folder / COMPILED


def release_folder(networks: Path, name: ReleaseName) -> Path:
    """The folder of a release below the folder of all of them."""
    return networks / name.folder_name


def list_releases(networks: Path) -> list[Release]:
    """List the releases that were fetched, by name; also those that are damaged.

    Raises:
        UsageError: the folder cannot be read.
    """
    try:
        folders = sorted(path for path in networks.iterdir() if path.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(networks, error) from error
    names = [(_name_of_folder(folder), folder) for folder in folders]
    return [_read_release(name, folder) for name, folder in names if name is not None]


def find_release(networks: Path, name: ReleaseName) -> Release | None:
    """Find a release that was fetched; None if it was not.

    Raises:
        UsageError: the folder of all releases cannot be read.
    """
    status = look_at_place(networks, name)
    if status is None or not stat.S_ISDIR(status.st_mode) or name_in_other_case(networks, name) is not None:
        return None
    return _read_release(name, release_folder(networks, name))


def look_at_place(networks: Path, name: ReleaseName) -> os.stat_result | None:
    """The status of what has the place of a release; None if nothing is there.

    Raises:
        UsageError: the folder of all releases cannot be read.
    """
    try:
        return release_folder(networks, name).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        # `Path.exists` is False for it in some versions of Python, and raises it in others
        raise _unreadable(networks, error) from error


def name_in_other_case(networks: Path, name: ReleaseName) -> str | None:
    """The release that has the folder of another one, where a disk does not tell upper from lower case; else None."""
    kept = _recorded_name(release_folder(networks, name))
    return kept if kept is not None and kept != str(name) and kept.lower() == str(name).lower() else None


def keep_release(networks: Path, name: ReleaseName, files: Mapping[str, bytes], commit: str | None, date: str) -> Release:
    """Keep the files of a release: all of them or none.

    Args:
        networks: folder of all releases; it is made if it is missing.
        name: of the release.
        files: the three files by their names, checked.
        commit: as in `Release`.
        date: today, `2026-11-28`.

    Raises:
        FileExistsError: the release is there already.
        EmodjError: the disk refuses.
    """
    folder = release_folder(networks, name)
    record = json.dumps({"schema": 1, "name": str(name), "commit": commit, "date": date}, indent=1) + "\n"
    atomic.create_folder(folder, {**files, _RECORD: record.encode()}, advice="free some space, or check its folder")
    return _read_release(name, folder)


def evaluation_of(terms: Contract) -> dict[str, Mapping[str, Any]]:
    """The figures of the evaluation that a contract has, by the group of images; empty if it has none.

    A group has "images", "accuracy" and more, as in `evaluation.report_document`. Other entries are left out.
    """
    for key in (EVALUATION, "private_test"):
        found = terms.about.get(key)
        if isinstance(found, dict):
            return {str(name): group for name, group in found.items() if isinstance(group, dict) and _has_figures(group)}
    return {}


def find_card(folder: Path, digest: str) -> str | None:
    """The text of the model card in a folder: a card is about a network if it contains its digest. None without one."""
    for name in CARDS:
        try:
            text = read_file(folder / name, MAX_CARD_BYTES).decode("utf-8", errors="replace").replace("\r\n", "\n")
        except OSError:
            continue
        if digest in text:
            return text
    return None


def _parse_commit(value: object) -> str | None:
    if value is None or (isinstance(value, str) and COMMIT.fullmatch(value)):
        return value
    raise ValueError("no commit")


def _has_figures(group: Mapping[str, Any]) -> bool:
    images = group.get("images")
    shares = [group.get(name) for name in ("accuracy", "macro_f1")]
    return _is_number(images) and images > 0 and all(_is_number(share) and 0 <= share <= 1 for share in shares)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _name_of_folder(folder: Path) -> ReleaseName | None:
    try:
        return parse_release_name(folder.name.replace(_SEPARATOR, "/", 1))
    except UsageError:
        return None


def _unreadable(networks: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot read the folder {networks}: {error.strerror or error}")


def _recorded_name(folder: Path) -> str | None:
    """The name that the record of a release has; None without one."""
    try:
        found = json.loads(read_file(folder / _RECORD, _MAX_RECORD_BYTES))["name"]
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return None
    return found if isinstance(found, str) else None


def _read_release(name: ReleaseName, folder: Path) -> Release:
    try:
        record = json.loads(read_file(folder / _RECORD, _MAX_RECORD_BYTES))
        if record["name"] != str(name):
            return Release(name, folder, problem=f"{folder / _RECORD} is of another release")
        return Release(name, folder, _parse_commit(record["commit"]), read_contract(contract_path(folder / COMPILED)))
    except AssetError as error:
        return Release(name, folder, problem=str(error))
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return Release(name, folder, problem=f"{folder / _RECORD} is missing or damaged")
