"""Names of releases, and the folder of those that were fetched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from realtime.classifier.contract import Contract, read_contract
from realtime.errors import UsageError
from realtime.hub.release import (
    CARD,
    COMPILED,
    CONTRACT,
    Release,
    ReleaseName,
    evaluation_of,
    find_card,
    find_release,
    keep_release,
    list_releases,
    name_in_other_case,
    parse_release_name,
)
from realtime.storage.atomic import remove_folder
from tests.support.places import MODELS

if TYPE_CHECKING:
    from pathlib import Path

FILES = {name: (MODELS / name).read_bytes() for name in (COMPILED, CONTRACT, CARD)}
COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = ReleaseName("anna/faces", "v1")


def keep(networks: Path, name: ReleaseName = NAME) -> Release:
    return keep_release(networks, name, FILES, COMMIT, "2026-11-28")


@pytest.mark.parametrize(
    ("text", "repository", "revision"),
    [
        ("anna/faces@v1", "anna/faces", "v1"),
        ("Anna_2/my.faces-x@v1.0.2--b", "Anna_2/my.faces-x", "v1.0.2--b"),
        (f"a/b@{COMMIT}", "a/b", COMMIT),
    ],
)
def test_a_name_has_an_owner_a_name_and_a_revision(text: str, repository: str, revision: str) -> None:
    name = parse_release_name(text)
    assert name == ReleaseName(repository, revision)
    assert str(name) == text
    assert "/" not in name.folder_name


@pytest.mark.parametrize(
    "text",
    [
        *("", "anna/faces", "faces@v1", "anna/faces@", "/faces@v1", "anna/@v1", "anna/faces@v1@v2", "a/b/c@v1"),
        *("../faces@v1", "anna/..@v1", "anna/faces@..", "anna/faces@../..", "anna/faces@a..b", "anna/faces@refs/pr/1"),
        *("anna/faces@v1 ", "anna/fa ces@v1", "anna/faces@v1\n", "anna/faces@v%31", "anna\\faces@v1", "anna/fäces@v1"),
        *("anna--x/faces@v1", "anna/faces--x@v1", ".anna/faces@v1", "anna/faces.@v1", "anna/faces@v1.", "-a/b@c"),
        *("https://huggingface.co/anna/faces@v1", f"anna/faces@{'v' * 200}", "anna/faces@v1?x=1", "anna/faces@v1#x"),
    ],
)
def test_another_text_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not the name of a release: write OWNER/NAME@REVISION, .*anna/faces@v1$"):
        parse_release_name(text)


def test_a_release_that_was_kept_is_found_and_listed(tmp_path: Path) -> None:
    networks = tmp_path / "data" / "networks"
    assert list_releases(networks) == []
    assert find_release(networks, NAME) is None
    kept = keep(networks)
    other = keep(networks, ReleaseName("bob/faces", "v1"))
    assert (kept.name, kept.commit, kept.problem) == (NAME, COMMIT, None)
    assert kept.terms == read_contract(MODELS / CONTRACT)
    assert {path: (kept.folder / path).read_bytes() for path in FILES} == FILES
    assert kept.network.read_bytes() == FILES[COMPILED]
    assert list_releases(networks) == [kept, other]
    assert find_release(networks, NAME) == kept
    # Nothing but whole releases
    assert sorted(path.name for path in networks.iterdir()) == ["anna--faces@v1", "bob--faces@v1"]


def test_a_release_is_never_replaced(tmp_path: Path) -> None:
    keep(tmp_path)
    with pytest.raises(FileExistsError):
        keep_release(tmp_path, NAME, FILES | {CARD: b"another card"}, COMMIT, "2026-11-28")
    assert [path.name for path in tmp_path.iterdir()] == ["anna--faces@v1"]
    assert (tmp_path / "anna--faces@v1" / CARD).read_bytes() == FILES[CARD]


def test_other_folders_and_files_are_no_releases(tmp_path: Path) -> None:
    for name in ("notes", ".emodj-0123456789abcdef.part", "anna--faces"):
        (tmp_path / name).mkdir()
    (tmp_path / "anna--faces@v2").write_bytes(b"")
    assert list_releases(tmp_path) == []
    with pytest.raises(UsageError, match="cannot read the folder"):
        list_releases(tmp_path / "anna--faces@v2")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (CONTRACT, b"{"),
        (CONTRACT, None),
        ("release.json", None),
        ("release.json", b"[]"),
        ("release.json", b'{"commit": null}'),
        ("release.json", b'{"name": "anna/faces@v1", "commit": "HEAD"}'),
        ("release.json", b'{"name": "anna/faces@v1", "commit": ["0"]}'),
        ("release.json", b"[" * 5000),
    ],
)
def test_a_damaged_release_is_listed_with_the_reason(tmp_path: Path, path: str, content: bytes | None) -> None:
    folder = keep(tmp_path).folder
    if content is None:
        (folder / path).unlink()
    else:
        (folder / path).write_bytes(content)
    (release,) = list_releases(tmp_path)
    assert (release.name, release.terms) == (NAME, None)
    assert release.problem is not None
    assert path in release.problem


def test_a_folder_that_has_another_name_is_not_the_release(tmp_path: Path) -> None:
    folder = keep(tmp_path).folder
    # As a disk that does not tell upper from lower case finds it
    folder.rename(folder.with_name("Anna--faces@v1"))
    other = ReleaseName("Anna/faces", "v1")
    assert find_release(tmp_path, other) is None
    assert name_in_other_case(tmp_path, other) == str(NAME)
    (release,) = list_releases(tmp_path)
    assert release.problem is not None
    assert "is of another release" in release.problem
    (tmp_path / "Anna--faces@v1").rename(tmp_path / "bob--faces@v1")
    assert name_in_other_case(tmp_path, ReleaseName("bob/faces", "v1")) is None
    found = find_release(tmp_path, ReleaseName("bob/faces", "v1"))
    assert found is not None
    assert found.terms is None


@pytest.mark.posix
def test_a_folder_of_releases_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    # A name that no disk takes: the administrator, who may run the tests, can read every folder
    with pytest.raises(UsageError, match=r"^cannot read the folder .*: File name too long"):
        find_release(tmp_path / ("n" * 300), NAME)


def test_a_removed_release_is_gone(tmp_path: Path) -> None:
    folder = keep(tmp_path).folder
    remove_folder(folder)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError):
        remove_folder(folder)


@pytest.mark.posix
def test_a_link_is_removed_and_its_target_stays(tmp_path: Path) -> None:
    folder = keep(tmp_path / "elsewhere").folder
    (tmp_path / "networks").mkdir()
    (tmp_path / "networks" / folder.name).symlink_to(folder)
    remove_folder(tmp_path / "networks" / folder.name)
    assert list((tmp_path / "networks").iterdir()) == []
    assert (folder / COMPILED).exists()


def test_the_figures_of_the_shipped_contract_are_found() -> None:
    figures = evaluation_of(read_contract(MODELS / CONTRACT))
    about = json.loads(FILES[CONTRACT])["about"]["private_test"]
    assert set(figures) == {"original labels", "without copies of training", "clear majority"}
    assert figures["clear majority"] == about["clear majority"]


@pytest.mark.parametrize(
    "group",
    [
        {},
        {"images": 10, "accuracy": 0.5},
        {"images": 10, "accuracy": 1.5, "macro_f1": 0.5},
        {"images": 10, "accuracy": None, "macro_f1": 0.5},
        {"images": 10, "accuracy": "0.5", "macro_f1": 0.5},
        {"images": 0, "accuracy": 0.5, "macro_f1": 0.5},
        {"images": True, "accuracy": 0.5, "macro_f1": 0.5},
        [10, 0.5, 0.5],
    ],
)
def test_groups_that_have_no_figures_are_left_out(group: Any) -> None:
    right = {"images": 10, "accuracy": 0.5, "macro_f1": 0.4}
    assert evaluation_of(Contract("", "", about={"evaluation": {"a": group, "b": right, "part": "private"}})) == {"b": right}
    assert evaluation_of(Contract("", "", about={"evaluation": "good"})) == {}


def test_a_card_is_about_the_network_whose_digest_it_has(tmp_path: Path) -> None:
    assert find_card(tmp_path, "a" * 64) is None
    (tmp_path / "card.md").write_text("b" * 64, encoding="utf-8")
    (tmp_path / "README.md").write_bytes(b"# Card\r\n" + b"a" * 64)
    assert find_card(tmp_path, "a" * 64) == "# Card\n" + "a" * 64
    assert find_card(tmp_path, "c" * 64) is None
