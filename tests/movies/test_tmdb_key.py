"""The key of TMDb: real files."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from realtime import reading
from realtime.errors import EmodjError, UsageError
from realtime.movies.tmdb import TmdbKeyError
from realtime.movies.tmdb_key import MAX_KEY_BYTES, TmdbKey, TmdbKeyFile, find_key, parse_key
from tests.support.tmdb_server import TOKEN

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> TmdbKeyFile:
    return TmdbKeyFile(tmp_path / "new" / "tmdb-token")


def write_raw(file: TmdbKeyFile, content: bytes) -> None:
    file.path.parent.mkdir(parents=True, exist_ok=True)
    file.path.write_bytes(content)
    file.path.chmod(0o600)


def test_a_key_that_is_kept_is_found_again(file: TmdbKeyFile) -> None:
    assert (file.load(), file.delete()) == (None, False)
    file.save(TOKEN)
    assert file.load() == TmdbKey(TOKEN, f"in {file.path}")
    assert [path.name for path in file.path.parent.iterdir()] == ["tmdb-token"]
    assert (file.delete(), file.load()) == (True, None)


@pytest.mark.posix
def test_the_file_is_private_under_any_umask(file: TmdbKeyFile) -> None:
    before = os.umask(0)
    try:
        file.save(TOKEN)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


@pytest.mark.posix
@pytest.mark.parametrize("bits", [0o640, 0o604, 0o644, 0o660, 0o610, 0o601])
def test_a_file_that_others_can_read_is_refused(file: TmdbKeyFile, bits: int) -> None:
    file.save(TOKEN)
    file.path.chmod(bits)
    with pytest.raises(TmdbKeyError, match=rf"^others can read your TMDb key \S+ \(mode {bits:o}\): emodj movies logout"):
        file.load()
    file.path.chmod(0o400)
    assert file.load() is not None


@pytest.mark.parametrize("content", [b"", b"secret", b"\xff\xfe" + TOKEN.encode("utf-16-le"), b"a.b.\xc3\xa9", b"a.b.c\nd.e.f"])
def test_a_damaged_file_raises_without_its_content(file: TmdbKeyFile, content: bytes) -> None:
    write_raw(file, content)
    with pytest.raises(TmdbKeyError) as caught:
        file.load()
    assert str(caught.value) == f"your TMDb key {file.path} is damaged: emodj movies logout, then login again"


def test_a_file_that_is_too_large_raises(file: TmdbKeyFile) -> None:
    write_raw(file, b"a" * (MAX_KEY_BYTES + 1))
    with pytest.raises(
        TmdbKeyError, match=r"^cannot read your TMDb key \S+ \(it is larger than 4096 bytes\): emodj movies logout"
    ):
        file.load()


@pytest.mark.posix
def test_a_pipe_in_place_of_the_file_raises(file: TmdbKeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PIPE_TIMEOUT_S", 0.05)
    file.path.parent.mkdir(parents=True)
    os.mkfifo(file.path, 0o600)
    with pytest.raises(TmdbKeyError, match=r"\(the pipe gave nothing for 0\.05 seconds\)"):
        file.load()


@pytest.mark.posix
def test_a_folder_in_place_of_the_file_raises(file: TmdbKeyFile) -> None:
    (file.path / "kept").mkdir(parents=True)
    with pytest.raises(TmdbKeyError, match=r"^cannot read your TMDb key .*\(Is a directory\)"):
        file.load()
    with pytest.raises(EmodjError, match=r"^cannot write .*: make room, or make its folder yours$"):
        file.save(TOKEN)
    with pytest.raises(EmodjError, match=r"^cannot remove .*: remove it by hand$"):
        file.delete()


@pytest.mark.usefixtures("homeless")
def test_a_user_without_a_home_has_no_key() -> None:
    assert (TmdbKeyFile().load(), TmdbKeyFile().delete(), find_key()) == (None, False, None)
    with pytest.raises(UsageError, match=r"^this user has no home folder"):
        TmdbKeyFile().save(TOKEN)


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    assert find_key() is None
    TmdbKeyFile().save(TOKEN)
    assert home in TmdbKeyFile().path.parents
    assert find_key() == TmdbKey(TOKEN, f"in {TmdbKeyFile().path}")
    monkeypatch.setenv("TMDB_TOKEN", " a.b.c\n")
    assert find_key() == TmdbKey("a.b.c", "in TMDB_TOKEN")
    monkeypatch.setenv("TMDB_TOKEN", "  ")
    assert find_key() == TmdbKey(TOKEN, f"in {TmdbKeyFile().path}")


def test_a_bad_variable_raises_without_its_content(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMDB_TOKEN", "secret♥")
    with pytest.raises(TmdbKeyError, match=r"^TMDB_TOKEN is no key of TMDb: copy the API Read Access Token") as caught:
        find_key()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "secret", "a.b", "a.b.c.d", "a.b.c d", "a..c", "a.b.c\r\nCookie: x", "ä.b.c", "a.b." + "c" * 5000]
)
def test_other_texts_are_no_keys(text: str) -> None:
    with pytest.raises(
        UsageError, match=r"^this text is no key of TMDb: copy the API Read Access Token from https://"
    ) as caught:
        parse_key(text, "this text")
    assert "secret" not in str(caught.value)


def test_the_short_key_of_tmdb_is_known() -> None:
    with pytest.raises(
        UsageError, match=r"^this text is the API Key of TMDb, and emodj needs the longer text beside it"
    ) as caught:
        parse_key("0123456789abcdef0123456789ABCDEF", "this text")
    assert "0123" not in str(caught.value)


def test_the_text_form_of_a_key_does_not_show_it() -> None:
    key = TmdbKey(TOKEN, "in TMDB_TOKEN")
    for text in (repr(key), str(key), f"{key}", repr([key])):
        assert TOKEN not in text
