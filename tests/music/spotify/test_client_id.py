"""The client id on disk: real files."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from realtime.errors import UsageError
from realtime.music.spotify.credentials import ClientIdFile, CredentialStore, parse_client_id

if TYPE_CHECKING:
    from pathlib import Path

ID = "0123456789abcdef0123456789abcdef"


def test_it_is_kept_beside_the_login_for_its_person_alone() -> None:
    file = ClientIdFile()
    assert file.path.parent == CredentialStore().path.parent
    file.save(ID)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", [ID, f" {ID}\n", "ABCDEFghij" * 3 + "01"])
def test_a_client_id_may_have_blanks_around_it(text: str) -> None:
    assert parse_client_id(text, "--client-id") == text.strip()


@pytest.mark.parametrize("text", ["", " ", ID[1:], f"{ID}0", f"{ID[:-1]}-", "ä" * 32, "BQsecretsecret" * 9])
def test_what_is_no_client_id_is_told_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_client_id(text, "the client id of --client-id")
    assert str(caught.value) == (
        "the client id of --client-id is no client id: it has 32 letters and digits, see your app at "
        "developer.spotify.com/dashboard"
    )


def test_a_client_id_is_kept_between_logins(tmp_path: Path) -> None:
    file = ClientIdFile(tmp_path / "new" / "id")
    assert file.load() is None
    file.save(ID)
    assert file.load() == ID


@pytest.mark.parametrize("content", [b"", b"0123", b"\xff" * 32, b"0" * 33])
def test_a_kept_client_id_that_is_none_is_as_good_as_missing(tmp_path: Path, content: bytes) -> None:
    file = ClientIdFile(tmp_path / "id")
    file.path.write_bytes(content)
    assert file.load() is None
