"""One setting of a person's file changes; every other character stays."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.config.edit import write_setting, write_text_setting
from realtime.errors import EmodjError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

PAIR = ("network", "pair")
NEW = "~/networks/é/new.tflite"


def edited(file: Path, text: str, value: str = NEW) -> str:
    file.write_bytes(text.encode())
    write_text_setting(file, PAIR, value)
    return file.read_bytes().decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f'[network]\npair = "{NEW}"\n'),
        ("[network]", f'[network]\npair = "{NEW}"\n'),
        ("[network] # mine\n\n[music]\n", f'[network] # mine\npair = "{NEW}"\n\n[music]\n'),
        ('[network]\npair = "old" # why\n', f'[network]\npair = "{NEW}" # why\n'),
        ("[network]\n  pair='old'\n", f'[network]\n  pair="{NEW}"\n'),
        ('network = {pair = "old"}\n', f'network = {{pair = "{NEW}"}}\n'),
        ('network.pair = "a \\" # b"\n', f'network.pair = "{NEW}"\n'),
        ("# mine\n[music]\nvolume = 0.5", f'# mine\n[music]\nvolume = 0.5\n\n[network]\npair = "{NEW}"\n'),
        ("[music]\r\nvolume = 0.5\r\n", f'[music]\r\nvolume = 0.5\r\n\r\n[network]\r\npair = "{NEW}"\r\n'),
        ('[network]\r\npair = "old"\r\n', f'[network]\r\npair = "{NEW}"\r\n'),
        ('# pair = "old"\n[network]\n# pair = "x"\n', f'# pair = "old"\n[network]\npair = "{NEW}"\n# pair = "x"\n'),
    ],
)
def test_one_line_changes(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "config.toml"
    assert edited(file, before) == after
    # The same again changes nothing
    assert edited(file, after) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[diary]\nkeep = true\n"),
        ("[diary]\nkeep = false # why\n", "[diary]\nkeep = true # why\n"),
        ("diary.keep=false\n", "diary.keep=true\n"),
        ("diary = {keep = false}\n", "diary = {keep = true}\n"),
        ('[network]\npair = "false"\n', '[network]\npair = "false"\n\n[diary]\nkeep = true\n'),
    ],
)
def test_a_switch_changes_alone(tmp_path: Path, before: str, after: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(before)
    write_setting(file, ("diary", "keep"), value=True)
    assert file.read_text() == after
    write_setting(file, ("diary", "keep"), value=False)
    assert file.read_text() == after.replace("true", "false")


@pytest.mark.parametrize(
    "text",
    [
        "network = {}\n",
        '[network]\npair = """\nold"""\n',
        '["network"]\n"pair" = "old"\n',
        "[network]\npair = 7\n",
        "network = 7\n",
    ],
)
def test_a_line_of_another_form_is_left_to_its_person(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    with pytest.raises(UsageError, match=r'does not edit: write pair = "~/networks/é/new\.tflite" below \[network\]'):
        edited(file, text)
    assert file.read_text(encoding="utf-8") == text


@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "[network]\n",
                    "[music]\n",
                    'pair = "a"\n',
                    "# [network]\n",
                    'title = "pair = 1"\n',
                    "\n",
                    "[[playlists.sad]]\n",
                ),
                *('network.pair = "b"\n', "x = '''\n[network]\npair = 'c'\n'''\n", "[ network ]\n", "[network.more]\n"),
            ]
        ),
        max_size=6,
    )
)
def test_nothing_else_ever_changes(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    text = "".join(lines)
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    file = tmp_path_factory.mktemp("edit") / "config.toml"
    try:
        after = tomllib.loads(edited(file, text))
    except UsageError:
        assert file.read_bytes().decode() == text
        return
    assert after["network"].pop("pair") == NEW
    section = before.get("network", {})
    section.pop("pair", None)
    assert after == before | {"network": section}


def test_a_file_that_does_not_exist_is_made(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "config.toml"
    write_text_setting(file, PAIR, "a\\b.json")
    assert tomllib.loads(file.read_text(encoding="utf-8")) == {"network": {"pair": "a\\b.json"}}


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not valid TOML"):
        edited(tmp_path / "config.toml", "network")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EmodjError, match="cannot make the folder"):
        write_text_setting(tmp_path / "file" / "config.toml", PAIR, NEW)


@pytest.mark.posix
def test_a_link_is_left_to_its_person(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_bytes(b"")
    (tmp_path / "config.toml").symlink_to(tmp_path / "real.toml")
    with pytest.raises(UsageError, match=r"is a link, which emodj does not replace: write pair = "):
        write_text_setting(tmp_path / "config.toml", PAIR, NEW)


@pytest.mark.posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664])
def test_a_file_keeps_its_rights(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"")
    file.chmod(mode)
    write_text_setting(file, PAIR, NEW)
    assert file.stat().st_mode & 0o777 == mode
