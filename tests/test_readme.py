"""What the README says is what the program does."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import click
import pytest

from realtime import cli, errors
from realtime.overlay.draw import KEYS
from tests.support.places import ASTRONAUT, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> Iterator[click.Command]:
    def inside(command: click.Command) -> Iterator[click.Command]:
        yield command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None
                yield from inside(found)

    return inside(cli.emodj)


def test_every_option_that_it_names_exists() -> None:
    known = {name for command in commands() for option in command.params for name in (*option.opts, *option.secondary_opts)}
    # Those of pip and uv in the two commands
    known |= {"--quiet", "--locked"}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README))
    assert named
    assert named <= known, named - known


def test_every_command_is_in_it() -> None:
    for name in cli.COMMANDS:
        assert f"emodj {name}" in README


def test_every_key_of_the_help_is_in_its_table() -> None:
    table = README[README.index("| key | does |") : README.index("`--no-window`")]
    for key in KEYS:
        for name in key.names:
            assert f"`{name}`" in table or name in {"space", "Esc", *"23456"}, name
        assert key.does.split(";")[0].replace("’", "'") in table, key.does


def test_every_status_is_in_its_table() -> None:
    table = {int(number) for number in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    raised = {
        error.status for error in vars(errors).values() if isinstance(error, type) and issubclass(error, errors.EmodjError)
    }
    assert table == raised | {0, 7, 130}


def test_its_example_is_what_comes_out(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert cli.main(["image", str(ASTRONAUT.relative_to(ROOT))]) == 0
    assert capsys.readouterr().out in README


def keys(value: object) -> set[str]:
    """Of a document, at any depth."""
    if isinstance(value, dict):
        return set(value) | {key for inside in value.values() for key in keys(inside)}
    return {key for inside in value for key in keys(inside)} if isinstance(value, list) else set()


@pytest.mark.parametrize("command", ["mood sad --strategy journey", "songs fear", "playlists", "playlists check sad"])
def test_its_documents_of_music_have_the_keys_that_are_printed(
    command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "songs.m3u8").write_text("https://example.org/song\n", encoding="utf-8")
    (tmp_path / "mine.toml").write_text('[playlists.sad]\npath = "songs.m3u8"\n', encoding="utf-8")
    assert cli.main([*command.split(), "--json", "--config", str(tmp_path / "mine.toml")]) == 0
    text = README[README.index(f"$ emodj {command.removesuffix(' sad')}") :]
    described = set(re.findall(r'"(\w+)":', re.split(r"\n(?:\$|```)", text)[0]))
    printed = keys(json.loads(capsys.readouterr().out))
    # Of the seven moods the README names one, and a choice is described above
    assert described <= printed if command == "playlists" else described == printed


def test_its_document_has_the_keys_that_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["image", "--json", str(ASTRONAUT)]) == 0
    described = README[README.index('{"schema": 1, "images"') :].split("```")[0]
    assert set(re.findall(r'"(\w+)":', described)) == keys(json.loads(capsys.readouterr().out))


def test_the_figures_are_those_of_the_shipped_network() -> None:
    about = json.loads((ROOT / "models" / "emotiondetector.contract.json").read_text(encoding="utf-8"))["about"]
    assert f"{about['parameters']:,} parameters" in README
    groups = ("original labels", "without copies of training", "clear majority")
    rows = re.findall(r"^\|[^|]+\| ([\d,]+) \| ([\d.]+)% \| ([\d.]+)% \| ([\d.]+)% \|", README, re.MULTILINE)
    measured = [
        (f"{figures['images']:,}", *(f"{100 * figures[name]:.1f}" for name in ("accuracy", "macro_f1", "mean_recall")))
        for figures in (about["private_test"][group] for group in groups)
    ]
    for said, real in zip(rows, measured, strict=True):
        assert said[0] == real[0]
        # The contract is rounded to four digits, and so a tenth may round the other way
        assert all(abs(float(one) - float(other)) < 0.11 for one, other in zip(said[1:], real[1:], strict=True))
