"""The login on disk: real files."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import EmodjError
from realtime.music.spotify.credentials import CredentialStore, Token
from realtime.music.spotify.errors import ErrorKind, SpotifyError

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
    """A person who lets everybody read what they make."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_kept_with_the_settings_of_its_person(home: Path) -> None:
    assert home in CredentialStore().path.parents
    assert CredentialStore().path.name == "spotify-token.json"


def test_where_nobody_is_logged_in_there_is_nothing(file: CredentialStore) -> None:
    assert (file.load(), file.version(), file.delete()) == (None, None, False)


@given(st.builds(Token, TEXT, TEXT, TEXT, st.floats(0, 9e10), st.text("ab- "), st.none() | st.booleans()))
def test_what_is_saved_is_what_is_loaded(tmp_path_factory: pytest.TempPathFactory, token: Token) -> None:
    file = CredentialStore(tmp_path_factory.getbasetemp() / "round trip" / "token.json")
    file.save(token)
    assert file.load() == token
    assert [path.name for path in file.path.parent.iterdir()] == ["token.json"]


@pytest.mark.usefixtures("open_umask")
def test_nobody_else_can_read_it_whatever_the_umask_says(file: CredentialStore) -> None:
    file.save(TOKEN)
    assert mode(file.path) == 0o600
    file.save(replace(TOKEN, access="another"))
    assert mode(file.path) == 0o600


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o644, 0o660, 0o666, 0o610, 0o601])
def test_one_that_others_can_read_is_refused(file: CredentialStore, bits: int) -> None:
    file.save(TOKEN)
    file.path.chmod(bits)
    with pytest.raises(SpotifyError, match=rf"^others can read your Spotify login \S+ \(mode {bits:o}\): emodj spotify logout"):
        file.load()
    file.path.chmod(0o400)
    assert file.load() == TOKEN


def document(**changes: object) -> bytes:
    """A login that would do, but for the changes; what is None is left out."""
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
def test_a_damaged_one_is_told_and_not_repeated(file: CredentialStore, content: bytes) -> None:
    file.path.write_bytes(content)
    with pytest.raises(SpotifyError) as caught:
        file.load()
    assert str(caught.value) == f"your Spotify login {file.path} is damaged: emodj spotify logout, then login again"
    assert caught.value.kind is ErrorKind.LOGGED_OUT
    assert file.delete()
    assert file.load() is None


@pytest.mark.parametrize("premium", [True, False, None])
def test_what_was_not_known_yet_may_be_missing(file: CredentialStore, premium: bool | None) -> None:  # noqa: FBT001
    file.path.write_bytes(document(premium=premium))
    assert file.load() == replace(TOKEN, premium=premium)


def test_what_a_later_emodj_adds_is_left_alone(file: CredentialStore) -> None:
    file.path.write_bytes(document(more="unknown"))
    assert file.load() == TOKEN


def test_a_folder_in_its_place_is_told(file: CredentialStore) -> None:
    (file.path / "kept").mkdir(parents=True)
    with pytest.raises(SpotifyError, match=r"^cannot read your Spotify login .*\(Is a directory\)$"):
        file.load()
    with pytest.raises(EmodjError, match=r"^cannot write .*: make room, or make its folder yours$"):
        file.save(TOKEN)
    with pytest.raises(EmodjError, match=r"^cannot remove .*: remove it by hand$"):
        file.delete()
    assert [path.name for path in file.path.parent.iterdir()] == ["token.json"]


def test_a_file_in_place_of_its_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "emodj").write_text("no folder")
    file = CredentialStore(tmp_path / "emodj" / "token.json")
    with pytest.raises(EmodjError, match=r"^cannot write .*token\.json \((File exists|Not a directory)\): make room"):
        file.save(TOKEN)
    assert file.version() is None
    with pytest.raises(SpotifyError, match=r"\(Not a directory\)$"):
        file.load()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_keeps_the_old_login(file: CredentialStore) -> None:
    file.save(TOKEN)
    file.path.parent.chmod(0o500)
    try:
        with pytest.raises(EmodjError, match=r"^cannot write .*\(Permission denied\): make room, or make its folder yours$"):
            file.save(replace(TOKEN, access="another"))
        assert file.load() == TOKEN
    finally:
        file.path.parent.chmod(0o700)


def test_what_cannot_be_written_to_its_end_leaves_the_old_one_and_nothing_else(file: CredentialStore) -> None:
    file.save(TOKEN)
    endless: Any = 7  # no bytes: the disk has taken the first half when it comes to light
    with pytest.raises(TypeError):
        file.path.write_bytes(endless)
    assert file.load() == TOKEN
    assert [path.name for path in file.path.parent.iterdir()] == ["token.json"]


def test_each_login_has_a_stamp_of_its_own(file: CredentialStore) -> None:
    file.save(TOKEN)
    first = file.version()
    assert first == file.version()
    file.save(TOKEN)
    assert file.version() != first


def test_the_text_of_a_token_says_nothing() -> None:
    for text in (repr(TOKEN), str(TOKEN), f"{TOKEN}", repr([TOKEN])):
        assert not [secret for secret in (*TOKEN.secrets, TOKEN.scope) if secret in text]


def test_a_token_that_ends_within_the_minute_has_ended() -> None:
    assert TOKEN.lasts(TOKEN.expires_at - 61)
    assert not TOKEN.lasts(TOKEN.expires_at - 60)
    assert not TOKEN.lasts(TOKEN.expires_at + 1)


def test_a_token_knows_what_it_does_not_allow() -> None:
    assert TOKEN.missing(["two", "one"]) == []
    assert TOKEN.missing(["three", "one", "on"]) == ["three", "on"]
    assert replace(TOKEN, scope="").missing(["one"]) == ["one"]


def test_who_has_the_login_alone_keeps_others_waiting(
    file: CredentialStore, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.music.spotify.credentials._LOCKED_S", 0.01)
    caplog.set_level("INFO")
    file.save(TOKEN)
    with file.locked():
        assert caplog.text == ""
        # Another emodj waits, and goes on where the first one hangs
        with CredentialStore(file.path).locked():
            assert "not locked" in caplog.text
    caplog.clear()
    with CredentialStore(file.path).locked():
        assert caplog.text == ""


def test_where_nobody_is_logged_in_no_lock_is_left(file: CredentialStore) -> None:
    with file.locked():
        assert not file.path.parent.exists() or list(file.path.parent.iterdir()) == []


def test_where_nothing_can_be_locked_it_goes_on(file: CredentialStore, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    file.save(TOKEN)
    # In the place of the lock
    file.path.with_name(f"{file.path.name}.lock").mkdir()
    with file.locked():
        assert "not locked" in caplog.text
