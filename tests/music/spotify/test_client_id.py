"""ClientIdFile and parse_client_id: real files."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from realtime.errors import UsageError
from realtime.music.spotify.credentials import ClientIdFile, CredentialStore, parse_client_id

if TYPE_CHECKING:
    from pathlib import Path

ID = "0123456789abcdef0123456789abcdef"


def test_file_is_private_and_beside_the_login() -> None:
    file = ClientIdFile()
    assert file.path.parent == CredentialStore().path.parent
    file.save(ID)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", [ID, f" {ID}\n", "ABCDEFghij" * 3 + "01"])
def test_spaces_around_a_client_id_are_ignored(text: str) -> None:
    assert parse_client_id(text, "--client-id") == text.strip()


@pytest.mark.parametrize("text", ["", " ", ID[1:], f"{ID}0", f"{ID[:-1]}-", "ä" * 32, "BQsecretsecret" * 9])
def test_invalid_client_id_raises_without_repeating_it(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_client_id(text, "the client id of --client-id")
    assert str(caught.value) == (
        "the client id of --client-id is no client id: a client id has 32 letters and digits, see your app at "
        "developer.spotify.com/dashboard"
    )


def test_client_id_is_kept_between_logins(tmp_path: Path) -> None:
    file = ClientIdFile(tmp_path / "new" / "id")
    assert file.load() is None
    file.save(ID)
    assert file.load() == ID


@pytest.mark.parametrize("content", [b"", b"0123", b"\xff" * 32, b"0" * 33])
def test_invalid_saved_client_id_counts_as_missing(tmp_path: Path, content: bytes) -> None:
    file = ClientIdFile(tmp_path / "id")
    file.path.write_bytes(content)
    assert file.load() is None
