"""CredentialStore and Token: real files."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime import reading
from realtime.errors import EmodjError, UsageError
from realtime.music.spotify.credentials import ClientIdFile, CredentialStore, Token
from realtime.music.spotify.errors import ErrorKind, SpotifyError
from realtime.storage import atomic
from tests.support.rights import unprivileged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = Token("0123456789abcdef0123456789abcdef", "BQaccess", "AQrefresh", 1_800_000_000.0, "one two")
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)


@pytest.fixture
def file(tmp_path: Path) -> CredentialStore:
    return CredentialStore(tmp_path / "new" / "folder" / "token.json")


@pytest.fixture
def open_umask() -> Iterator[None]:
    """A user whose new files everybody can read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def write_raw(file: CredentialStore, content: bytes) -> None:
    """Write any content as a private login file."""
    file.path.parent.mkdir(parents=True, exist_ok=True)
    file.path.write_bytes(content)
    file.path.chmod(0o600)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_file_is_in_the_configuration_folder(home: Path) -> None:
    assert home in CredentialStore().path.parents
    assert CredentialStore().path.name == "spotify-token.json"


@pytest.mark.usefixtures("homeless")
def test_a_user_without_a_home_has_no_login() -> None:
    file = CredentialStore()
    assert (file.load(), file.version(), file.delete(), file.log_out()) == (None, None, False, False)
    assert ClientIdFile().load() is None
    for save in (lambda: file.save(TOKEN), lambda: ClientIdFile().save("c" * 32)):
        with pytest.raises(UsageError, match=r"^this user has no home folder: set HOME to the path of one$"):
            save()


def test_a_pipe_in_the_place_of_a_login_is_refused(file: CredentialStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIPE_TIMEOUT_S", 0.05)
    file.path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(file.path, 0o600)
    with pytest.raises(SpotifyError, match=r"^cannot read your Spotify login \S+ \(the pipe gave nothing for 0\.05 seconds\)$"):
        file.load()


def test_store_without_a_login_is_empty(file: CredentialStore) -> None:
    assert (file.load(), file.version(), file.delete()) == (None, None, False)


@given(st.builds(Token, TEXT, TEXT, TEXT, st.floats(0, 9e10), st.text("ab- "), st.none() | st.booleans()))
def test_saved_token_is_loaded_unchanged(tmp_path_factory: pytest.TempPathFactory, token: Token) -> None:
    file = CredentialStore(tmp_path_factory.getbasetemp() / "round trip" / "token.json")
    file.save(token)
    assert file.load() == token
    assert [path.name for path in file.path.parent.iterdir()] == ["token.json"]


@pytest.mark.usefixtures("open_umask")
def test_file_is_private_under_any_umask(file: CredentialStore) -> None:
    file.save(TOKEN)
    assert mode(file.path) == 0o600
    file.save(replace(TOKEN, access="another"))
    assert mode(file.path) == 0o600


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o644, 0o660, 0o666, 0o610, 0o601])
def test_file_readable_by_others_is_refused(file: CredentialStore, bits: int) -> None:
    file.save(TOKEN)
    file.path.chmod(bits)
    with pytest.raises(SpotifyError, match=rf"^others can read your Spotify login \S+ \(mode {bits:o}\): emodj spotify logout"):
        file.load()
    file.path.chmod(0o400)
    assert file.load() == TOKEN


def document(**changes: object) -> bytes:
    """A valid login with some changes; fields that are None are left out."""
    return json.dumps({name: value for name, value in (asdict(TOKEN) | changes).items() if value is not None}).encode()


DAMAGED: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"BQsecret",
    "half": document()[:-20],
    "a list": b"[" + document() + b"]",
    "text": b'"BQsecret"',
    "a number": b"1",
    "null": b"null",
    "no UTF-8": b"\xff\xfe" + document(),
    "deep": b"[" * 60_000,
    "huge": document(scope="a" * 2**17),
    "a huge number": document().replace(b"1800000000.0", b"9" * 5000),
    **{f"without {name}": document(**{name: None}) for name in ("client_id", "access", "refresh", "expires_at", "scope")},
    **{f"empty {name}": document(**{name: ""}) for name in ("client_id", "access", "refresh", "expires_at")},
    **{f"{name} is a number": document(**{name: 7}) for name in ("client_id", "access", "refresh", "scope", "premium")},
    **{f"{name} is a list": document(**{name: ["x"]}) for name in ("access", "expires_at", "scope", "premium")},
    **{f"expires_at is {number}": document(expires_at=number) for number in (True, -1, 1e12, float("inf"), float("nan"))},
    **{
        f"{name} goes on in another line": document(**{name: "BQsecret\r\nCookie: a"})
        for name in ("client_id", "access", "refresh")
    },
    "letters that no header can hold": document(access="BQsecret♥"),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_damaged_file_raises_without_repeating_its_content(file: CredentialStore, content: bytes) -> None:
    write_raw(file, content)
    with pytest.raises(SpotifyError) as caught:
        file.load()
    assert str(caught.value) == f"your Spotify login {file.path} is damaged: emodj spotify logout, then login again"
    assert caught.value.kind is ErrorKind.LOGGED_OUT
    assert file.delete()
    assert file.load() is None


@pytest.mark.parametrize("premium", [True, False, None])
def test_premium_may_be_missing(file: CredentialStore, premium: bool | None) -> None:  # noqa: FBT001
    write_raw(file, document(premium=premium))
    assert file.load() == replace(TOKEN, premium=premium)


def test_unknown_fields_are_ignored(file: CredentialStore) -> None:
    write_raw(file, document(more="unknown"))
    assert file.load() == TOKEN


def test_folder_in_place_of_the_file_raises(file: CredentialStore) -> None:
    (file.path / "kept").mkdir(parents=True)
    with pytest.raises(SpotifyError, match=r"^cannot read your Spotify login .*\(Is a directory\)$"):
        file.load()
    with pytest.raises(EmodjError, match=r"^cannot write .*: make room, or make its folder yours$"):
        file.save(TOKEN)
    with pytest.raises(EmodjError, match=r"^cannot remove .*: remove it by hand$"):
        file.delete()
    assert [path.name for path in file.path.parent.iterdir()] == ["token.json"]


def test_file_in_place_of_the_folder_raises(tmp_path: Path) -> None:
    (tmp_path / "emodj").write_text("no folder")
    file = CredentialStore(tmp_path / "emodj" / "token.json")
    with pytest.raises(EmodjError, match=r"^cannot write .*token\.json \((File exists|Not a directory)\): make room"):
        file.save(TOKEN)
    assert file.version() is None
    with pytest.raises(SpotifyError, match=r"\(Not a directory\)$"):
        file.load()


@unprivileged
def test_unwritable_folder_keeps_the_old_login(file: CredentialStore) -> None:
    file.save(TOKEN)
    file.path.parent.chmod(0o500)
    try:
        with pytest.raises(EmodjError, match=r"^cannot write .*\(Permission denied\): make room, or make its folder yours$"):
            file.save(replace(TOKEN, access="another"))
        assert file.load() == TOKEN
    finally:
        file.path.parent.chmod(0o700)


def test_interrupted_write_keeps_the_old_login(file: CredentialStore) -> None:
    file.save(TOKEN)
    # A number is no bytes, so that the write fails after the temporary file exists
    no_bytes: Any = 7
    with pytest.raises(TypeError):
        atomic.write({file.path: no_bytes}, private=True)
    assert file.load() == TOKEN
    assert [path.name for path in file.path.parent.iterdir()] == ["token.json"]


def test_each_login_has_a_new_version(file: CredentialStore) -> None:
    file.save(TOKEN)
    first = file.version()
    assert first == file.version()
    file.save(TOKEN)
    assert file.version() != first


def test_text_form_of_a_token_shows_no_secret() -> None:
    for text in (repr(TOKEN), str(TOKEN), f"{TOKEN}", repr([TOKEN])):
        assert not [secret for secret in (*TOKEN.secrets, TOKEN.scope) if secret in text]


def test_token_expires_a_minute_early() -> None:
    assert TOKEN.is_valid_at(TOKEN.expires_at - 61)
    assert not TOKEN.is_valid_at(TOKEN.expires_at - 60)
    assert not TOKEN.is_valid_at(TOKEN.expires_at + 1)


def test_missing_scopes_are_listed() -> None:
    assert TOKEN.missing_scopes(["two", "one"]) == []
    assert TOKEN.missing_scopes(["three", "one", "on"]) == ["three", "on"]
    assert replace(TOKEN, scope="").missing_scopes(["one"]) == ["one"]


def test_lock_makes_other_processes_wait(
    file: CredentialStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.music.spotify.credentials._LOCK_TIMEOUT_S", 0.01)
    caplog.set_level("INFO")
    file.save(TOKEN)
    with file.locked():
        assert caplog.text == ""
        # Another process waits, and continues without the lock
        with CredentialStore(file.path).locked():
            assert "not locked" in caplog.text
    caplog.clear()
    with CredentialStore(file.path).locked():
        assert caplog.text == ""


def test_no_lock_file_without_a_login(file: CredentialStore) -> None:
    with file.locked():
        assert not file.path.parent.exists() or list(file.path.parent.iterdir()) == []


def test_failed_lock_is_ignored(file: CredentialStore, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    file.save(TOKEN)
    # A folder in place of the lock file
    file.path.with_name(f"{file.path.name}.lock").mkdir()
    with file.locked():
        assert "not locked" in caplog.text
