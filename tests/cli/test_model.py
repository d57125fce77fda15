"""`emodj model`: show, check and compile."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import CompletedProcess

    Run = Callable[..., CompletedProcess[str]]

SHIPPED = ROOT / "models" / "emotiondetector.json"


@pytest.fixture
def bare(pair: Path) -> Path:
    """A copy of the pair without a model card."""
    pair.with_name("README.md").unlink(missing_ok=True)
    return pair


def test_show_prints_the_contract_of_the_network_that_the_settings_name(
    emodj: Run, bare: Path, settings: Callable[[str], Path]
) -> None:
    ended = emodj("model", "show")
    assert (ended.returncode, ended.stderr) == (0, "")
    contract = json.loads(SHIPPED.with_suffix(".contract.json").read_text(encoding="utf-8"))
    assert str(SHIPPED) in ended.stdout
    for name in ("pair_sha256", "compiled_sha256", "quantised_sha256"):
        assert contract[name] in ended.stdout
    assert "does not fit" not in ended.stdout
    config_file = settings(f"[network]\npair = '{bare}'\n")
    ended = emodj("model", "show", "--config", config_file)
    assert json.loads(ended.stdout[ended.stdout.index("\n{") :]) == contract["about"]
    with bare.with_suffix(".h5").open("ab") as weights:
        weights.write(b"!")
    other = emodj("model", "show", "--config", config_file)
    assert str(bare) in other.stdout
    assert "does not fit" in other.stdout


@pytest.mark.parametrize("name", ["README.md", "card.md"])
def test_show_prints_the_model_card_beside_the_network_if_it_has_its_digest(
    emodj: Run, bare: Path, settings: Callable[[str], Path], name: str
) -> None:
    config_file = settings(f"[network]\npair = '{bare}'\n")
    digest = json.loads(bare.with_suffix(".contract.json").read_text(encoding="utf-8"))["pair_sha256"]
    bare.with_name(name).write_text(f"# Of another network\n\n{digest[::-1]}\n", encoding="utf-8")
    assert "Of another network" not in emodj("model", "show", "--config", config_file).stdout
    bare.with_name(name).write_text(f"# Of this network\n\n{digest}\n", encoding="utf-8")
    assert emodj("model", "show", "--config", config_file).stdout.endswith(f"\n# Of this network\n\n{digest}\n")


def test_show_prints_no_control_character_of_card_notes_or_names(
    emodj: Run, bare: Path, settings: Callable[[str], Path]
) -> None:
    config_file = settings(f"[network]\npair = '{bare}'\n")
    path = bare.with_suffix(".contract.json")
    contract = json.loads(path.read_text(encoding="utf-8"))
    evil = "\x1b]52;c;aGk=\x07\x9b31m\u202e\r"
    contract["about"] = {evil: evil}
    contract["golden"][0]["name"] = f"crop{evil}"
    path.write_text(json.dumps(contract), encoding="utf-8")
    shown = emodj("model", "show", "--config", config_file).stdout
    bare.with_name("card.md").write_text(f"{contract['pair_sha256']}\n\tcard{evil}end\n", encoding="utf-8", newline="")
    shown += emodj("model", "show", "--config", config_file).stdout
    shown += emodj("model", "check", bare, "--config", config_file).stdout
    assert "\tcard�]52;c;aGk=��31m��end\n" in shown
    assert all(character.isprintable() or character in "\n\t" for character in shown)


def test_show_prints_one_document(emodj: Run, bare: Path, settings: Callable[[str], Path]) -> None:
    contract = json.loads(SHIPPED.with_suffix(".contract.json").read_text(encoding="utf-8"))
    config_file = settings(f"[network]\npair = '{bare}'\n")
    document = json.loads(emodj("model", "show", "--json", "--config", config_file).stdout)
    assert (document["schema"], document["network"], document["fits"], document["card"]) == (1, str(bare), True, None)
    assert document["pair_sha256"] == contract["pair_sha256"]
    assert document["about"] == contract["about"]
    assert document["golden_crops"] == [golden["name"] for golden in contract["golden"]]
    bare.with_name("card.md").write_text(contract["pair_sha256"], encoding="utf-8")
    document = json.loads(emodj("model", "show", "--json", "--config", config_file).stdout)
    assert document["card"] == contract["pair_sha256"]


def test_a_missing_network_is_status_2_where_a_command_names_it_and_5_where_the_settings_do(
    emodj: Run, tmp_path: Path, settings: Callable[[str], Path]
) -> None:
    for command in ("compile", "check"):
        ended = emodj("model", command, tmp_path / "missing.json")
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr == f"emodj: no such file: {tmp_path / 'missing.json'}\n"
    assert emodj("model", "show", "--config", settings("[network]\npair = 'missing.json'\n")).returncode == 5


def test_check_prints_a_line_for_each_comparison_and_ends_with_5_if_one_fails(
    emodj: Run, pair: Path, settings: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = emodj("model", "check")
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert [line[:18].strip() for line in lines] == ["pair", "compiled", "golden crops", "pair and compiled"]
    assert all(line[19:].startswith("ok") for line in lines)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    ended = emodj("model", "check", "--config", settings(f"[network]\npair = '{pair}'\n"))
    assert ended.returncode == 0
    assert "skipped  not compared" in ended.stdout
    with pair.with_suffix(".tflite").open("ab") as compiled:
        compiled.write(b"!")
    ended = emodj("model", "check", pair)
    assert (ended.returncode, ended.stderr) == (5, "")
    assert "compiled           failed" in ended.stdout


def test_a_compiled_network_is_not_compiled_again(emodj: Run, pair: Path) -> None:
    ended = emodj("model", "compile", pair.with_suffix(".tflite"))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "emotiondetector.tflite is compiled already: name the .json of a pair" in ended.stderr


def test_compile_writes_the_files_that_a_pair_needs_to_run(
    emodj: Run, pair: Path, portrait: Path, settings: Callable[[str], Path]
) -> None:
    for suffix in (".tflite", ".contract.json"):
        pair.with_suffix(suffix).unlink()
    ended = emodj("model", "compile", pair)
    assert ended.returncode == 0
    assert ended.stdout == f"{pair.with_suffix('.tflite')}\n"
    assert emodj("model", "check", pair).returncode == 0
    config_file = settings(f"[network]\npair = '{pair}'\n")
    ended = emodj("--config", config_file, "image", portrait, "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["images"][0]["faces"][0]["expression"] == "happy"


def test_the_shipped_network_has_its_card(emodj: Run) -> None:
    assert "# Model card: emotiondetector.json" in emodj("model", "show").stdout
