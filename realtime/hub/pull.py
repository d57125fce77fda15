"""Fetch a release of a network, or the file of YuNet. What was fetched is checked before anything of it reaches the disk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.classifier.contract import MAX_CONTRACT_BYTES, parse_contract, read_contract
from realtime.classifier.loading import open_compiled, warn_about_smiles
from realtime.errors import AssetError, EmodjError, ServiceError
from realtime.faces import yunet
from realtime.hub import release
from realtime.hub.transfer import RemoteFile
from realtime.storage import atomic

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtime.hub.release import Release, ReleaseName
    from realtime.hub.transfer import Fetched, Hub

    Notify = Callable[[str], None]

YUNET = RemoteFile(
    "opencv/face_detection_yunet",
    "3cc26e7f1014a5ee5d74a42acee58bafc9d0a310",
    yunet.FILE_NAME,
    yunet.MAX_FILE_BYTES,
    "get the file elsewhere, and name its path in faces.yunet_model",
)
"""YuNet's file, as its publisher has put it on the Hugging Face Hub. Its digest is known, so no server has to be trusted."""

_REMEDY = "tell those who published it"


def pull_network(hub: Hub, name: ReleaseName, networks: Path, *, shipped: Path, notify: Notify) -> Release:
    """Fetch a release of a network and keep it, if it passes all checks.

    The contract must be for this version of emodj, with the same classes and input; the compiled network must be the one of
    the contract, and answer its golden crops as recorded.

    Args:
        hub: where it is fetched.
        name: of the release.
        networks: folder of all releases; it is made if it is missing.
        shipped: contract of the network that comes with emodj; its smiling golden crops test every other network.
        notify: gets sentences for the user: what is fetched, and what is odd.

    Raises:
        AssetError: it fails a check, or is too large. Nothing of it is kept.
        ServiceError: the hub refuses or cannot be reached, or gives a file of another commit.
        UsageError: the folder of all releases cannot be read.
        EmodjError: it is there already, or the disk refuses.
    """
    if release.look_at_place(networks, name) is not None:
        raise _already_there(networks, name)
    notify(f"{name}: fetching at most {release.MAX_RELEASE_BYTES / 10**6:g} MB from {hub.address}")
    contract = _fetch(hub, name, release.CONTRACT, MAX_CONTRACT_BYTES, notify)
    commit = _check_commit(hub, name, contract, name.revision.lower() if _is_commit(name.revision) else None)
    # A branch or a tag can move between two requests
    pinned = release.ReleaseName(name.repository, contract.commit or name.revision)
    terms = parse_contract(contract.data, f"{name}/{release.CONTRACT}", _REMEDY)
    if not terms.golden:
        raise AssetError(f"the contract of {name} has no golden crops, so its network cannot be checked: {_REMEDY}")
    card = _fetch(hub, pinned, release.CARD, release.MAX_CARD_BYTES, notify)
    commit = _check_commit(hub, name, card, commit)
    rest = release.MAX_RELEASE_BYTES - len(contract.data) - len(card.data)
    compiled = _fetch(hub, pinned, release.COMPILED, rest, notify)
    _check_commit(hub, name, compiled, commit)
    path = Path(str(name)) / release.COMPILED
    warn_about_smiles(path, open_compiled(compiled.data, terms, path, remedy=_REMEDY), read_contract(shipped), notify)
    files = {release.COMPILED: compiled.data, release.CONTRACT: contract.data, release.CARD: card.data}
    today = datetime.now(UTC).date().isoformat()
    try:
        return release.keep_release(networks, name, files, contract.commit, today)
    except FileExistsError as error:
        raise _already_there(networks, name) from error


def pull_yunet(hub: Hub, path: Path, *, notify: Notify) -> None:
    """Fetch the file of YuNet, 232,589 bytes, and keep it if its digest is the known one.

    Args:
        hub: where it is fetched.
        path: where it is kept; the folder is made if it is missing. Another file there is replaced.
        notify: gets sentences for the user.

    Raises:
        AssetError: it is another file. Nothing of it is kept.
        ServiceError: the hub refuses or cannot be reached.
        EmodjError: the disk refuses.
    """
    notify(f"{yunet.FILE_NAME}: fetching 0.2 MB from {hub.address}, {YUNET.repository} (MIT licence)")
    data = hub.fetch(YUNET, lambda _: None).data
    yunet.check_digest(data, str(YUNET), "try again, or check your network")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EmodjError(f"cannot make the folder {path.parent} ({error.strerror or error}): check its rights") from error
    atomic.write({path: data}, advice="free some space, or check its folder")


def _fetch(hub: Hub, name: ReleaseName, path: str, most: int, notify: Notify) -> Fetched:
    # What is fetched, and how much, is said before it is read
    def announce(size: int | None) -> None:
        notify(f"{name}: {path}" if size is None else f"{name}: {path}, {size / 10**6:.2g} MB")

    return hub.fetch(RemoteFile(name.repository, name.revision, path, most), announce)


def _is_commit(revision: str) -> bool:
    return release.COMMIT.fullmatch(revision.lower()) is not None


def _check_commit(hub: Hub, name: ReleaseName, fetched: Fetched, commit: str | None) -> str | None:
    """Compare the commit of a file, where the hub names it, with the one that it must have; returns what is known of it now."""
    if commit is not None and fetched.commit not in {None, commit}:
        raise ServiceError(
            f"{hub.host} gives a file of {name} at the commit {fetched.commit}, not {commit}: try again, or check that you "
            "trust this hub"
        )
    return commit or fetched.commit


def _already_there(networks: Path, name: ReleaseName) -> EmodjError:
    other = release.name_in_other_case(networks, name)
    if other is not None:
        return EmodjError(
            f"{other} is there already, and this disk does not tell upper from lower case in {name}: remove {other} first"
        )
    return EmodjError(f"{name} is there already: `emodj model use {name}` uses it; to fetch it anew, remove it first")
