"""The files of a release of one's own. Nothing is uploaded here: that needs an account."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from realtime.classifier.contract import parse_contract, read_contract
from realtime.errors import AssetError, EmodjError
from realtime.hub.pull import pull_network
from realtime.hub.push import release_files, upload, write_folder
from realtime.hub.release import CARD, COMPILED, CONTRACT, ReleaseName, evaluation_of
from realtime.hub.transfer import Hub
from tests.support.places import MODELS

if TYPE_CHECKING:
    from tests.support.hub_server import FakeHub

NAME = ReleaseName("anna/faces", "v1")
DIGEST = json.loads((MODELS / CONTRACT).read_bytes())["pair_sha256"]


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A copy of the folder of the shipped network; the path of its `.json`."""
    return Path(shutil.copytree(MODELS, tmp_path / "models")) / "emotiondetector.json"


def without_evaluation(pair: Path) -> None:
    """Take the figures out of the contract."""
    path = pair.with_suffix(".contract.json")
    document = json.loads(path.read_bytes())
    del document["about"]["private_test"]
    path.write_text(json.dumps(document), encoding="utf-8")


def evaluate(folder: Path, digest: str = DIGEST, **figures: Any) -> Path:
    """Write what `emodj evaluate --out` writes."""
    folder.mkdir()
    group = {"images": 40, "accuracy": 0.75, "macro_f1": 0.5, "confusion": [[1]], "recall": None} | figures
    for name, document in (
        ("settings.json", {"network": {"sha256": digest}, "data": {"name": "faces"}}),
        ("report.json", {"part": "private", "figures": {"original labels": group}}),
    ):
        (folder / name).write_text(json.dumps(document), encoding="utf-8")
    (folder / "card.md").write_text(f"# Model card\n\n{digest}\n", encoding="utf-8")
    return folder


def head_of(card: str) -> dict[str, Any]:
    """The head of a card; each of its values is JSON."""
    start, head, _ = card.split("---\n", 2)
    assert start == ""
    return {key: json.loads(value) for key, value in (line.split(": ", 1) for line in head.splitlines())}


def test_the_files_are_network_contract_and_card(pair: Path) -> None:
    files = release_files(pair, NAME, report=None, licence="mit")
    assert set(files) == {COMPILED, CONTRACT, CARD}
    assert files[COMPILED] == pair.with_suffix(".tflite").read_bytes()
    published, own = parse_contract(files[CONTRACT], "contract", ""), read_contract(MODELS / CONTRACT)
    assert (published.quantised_digest, own.quantised_digest is None) == (None, False), "a release has no quantised form"
    assert (published.golden, published.compiled_digest, published.side_ratio) == (
        own.golden,
        own.compiled_digest,
        own.side_ratio,
    )
    assert evaluation_of(published) == evaluation_of(own)
    card = files[CARD].decode()
    head = head_of(card)
    assert (head["license"], head["library_name"], head["pipeline_tag"]) == ("mit", "litert", "image-classification")
    assert "litert" in head["tags"]
    (model,) = head["model-index"]
    figures = own.about["private_test"]
    assert [result["metrics"][0] for result in model["results"]] == [
        {"type": "accuracy", "value": group["accuracy"]} for group in figures.values() if isinstance(group, dict)
    ]
    # What it must not be used for, and the data, are those of the card
    for text in ("It is not for work, school", "FER-2013", "`emodj model pull anna/faces@v1`".strip("`"), DIGEST):
        assert text in card


def test_the_figures_are_those_of_the_report(pair: Path, tmp_path: Path) -> None:
    without_evaluation(pair)
    files = release_files(pair, NAME, report=evaluate(tmp_path / "report"), licence="mit")
    about = parse_contract(files[CONTRACT], "contract", "").about
    # Neither tables nor what could not be measured
    figures = {"images": 40, "accuracy": 0.75, "macro_f1": 0.5}
    assert about["evaluation"] == {"part": "private", "data": "faces", "original labels": figures}
    (result,) = head_of(files[CARD].decode())["model-index"][0]["results"]
    assert result["dataset"] == {"name": "faces, private part, original labels", "type": "faces", "split": "private"}
    assert result["metrics"] == [{"type": "accuracy", "value": 0.75}, {"type": "f1", "value": 0.5}]


@pytest.mark.parametrize("kind", ["none", "another network", "no card", "no figures"])
def test_without_an_evaluation_nothing_is_laid(pair: Path, tmp_path: Path, kind: str) -> None:
    without_evaluation(pair)
    folder = tmp_path / "report"
    if kind == "none":
        folder.mkdir()
    else:
        evaluate(
            folder, DIGEST[::-1] if kind == "another network" else DIGEST, **({"images": 0} if kind == "no figures" else {})
        )
    if kind == "no card":
        (folder / "card.md").unlink()
    with pytest.raises(AssetError, match=r"evaluation"):
        release_files(pair, NAME, report=folder, licence="mit")


def test_a_network_that_does_not_fit_is_not_laid(pair: Path) -> None:
    compiled = pair.with_suffix(".tflite")
    compiled.write_bytes(compiled.read_bytes() + b"!")
    with pytest.raises(AssetError, match=r"is not the compiled network .*: run `emodj model compile"):
        release_files(pair, NAME, report=None, licence="mit")
    compiled.unlink()
    with pytest.raises(AssetError, match=r"cannot be read"):
        release_files(pair, NAME, report=None, licence="mit")
    pair.with_suffix(".contract.json").unlink()
    with pytest.raises(AssetError, match="has no contract that fits"):
        release_files(pair, NAME, report=None, licence="mit")


def test_what_is_laid_can_be_fetched(pair: Path, hub: FakeHub, tmp_path: Path) -> None:
    hub.publish(NAME.repository, release_files(pair, NAME, report=None, licence="mit"))
    kept = pull_network(Hub(hub.address), NAME, tmp_path / "networks", shipped=MODELS / CONTRACT, notify=lambda _: None)
    assert kept.terms is not None
    assert "clear majority" in evaluation_of(kept.terms)


def test_a_release_can_be_laid_again(pair: Path, tmp_path: Path) -> None:
    write_folder(tmp_path / "first", release_files(pair, NAME, report=None, licence="mit"))
    again = release_files(tmp_path / "first" / COMPILED, ReleaseName("bob/faces", "v2"), report=None, licence="other")
    card = again[CARD].decode()
    assert head_of(card)["license"] == "other"
    assert card.count("pipeline_tag") == 1


def test_a_folder_is_written_whole_and_never_over_another(tmp_path: Path) -> None:
    write_folder(tmp_path / "new" / "folder", {CARD: b"card"})
    assert [path.read_bytes() for path in (tmp_path / "new" / "folder").iterdir()] == [b"card"]
    with pytest.raises(EmodjError, match="is there already: choose another folder"):
        write_folder(tmp_path / "new", {CARD: b"card"})


def test_an_upload_needs_a_token_and_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for switch in ("HF_HUB_DISABLE_TELEMETRY", "HF_HUB_DISABLE_UPDATE_CHECK", "HF_HUB_DISABLE_XET"):
        monkeypatch.setenv(switch, "0")
    with pytest.raises(EmodjError, match=r"needs HF_TOKEN .* that may write to anna/faces"):
        upload("https://huggingface.co", NAME, {}, None)
    with pytest.raises(EmodjError, match=r"needs the library huggingface_hub: pip install 'emodj\[hub\]'"):
        upload("https://huggingface.co", NAME, {}, "hf_token")
