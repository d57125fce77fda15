from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.classifier.contract import Contract, read_contract, write_contract_file
from realtime.classifier.golden import GoldenCrop, SourceCrop, render_crops
from realtime.domain import Threshold
from realtime.errors import AssetError
from tests.support.contracts import REMOVED, change_json

texts = st.text(st.characters(exclude_categories=["Cs"]))
digests = st.text("0123456789abcdef", min_size=64, max_size=64)
goldens = st.builds(
    GoldenCrop, st.builds(SourceCrop, texts, texts, st.binary(min_size=2304, max_size=2304)), st.tuples(*[st.floats(0, 1)] * 7)
)
contracts = st.builds(
    Contract,
    pair_digest=digests,
    compiled_digest=digests,
    side_ratio=st.floats(0.1, 10),
    golden=st.lists(goldens, max_size=2, unique_by=lambda item: item.crop.name).map(tuple),
    about=st.dictionaries(texts, st.none() | st.integers(-(2**63), 2**63) | texts | st.lists(texts, max_size=2), max_size=3),
    unsure_below=st.none() | st.builds(Threshold, st.floats(0, 1), st.none() | st.floats(0, 1)),
    neutral=st.none() | st.tuples(*[st.floats(-100, 0)] * 7),
)


def nested(depth: int) -> Any:
    """An empty list inside a list inside a list, …"""
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A contract with golden crops."""
    crops = [SourceCrop("smile", "tests", bytes(2304)), *render_crops()]
    path = tmp_path / "net.contract.json"
    golden = tuple(GoldenCrop(crop, (1.0, *[0.0] * 6)) for crop in crops)
    write_contract_file(path, Contract("0" * 64, "1" * 64, 1.05, golden, {"data": "none"}))
    return path


@given(contracts)
def test_a_contract_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, contract: Contract) -> None:
    path = tmp_path_factory.getbasetemp() / "round.contract.json"
    write_contract_file(path, contract)
    assert read_contract(path) == contract


@pytest.mark.parametrize("ratio", [0.0, -1.0, 0.09, 10.1, 1e4, float("nan"), float("inf")])
def test_a_side_ratio_out_of_range_is_refused(ratio: float) -> None:
    with pytest.raises(ValueError, match="side of a crop"):
        Contract("", "", side_ratio=ratio)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_out_of_range_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="threshold of unsure faces"):
        Threshold(threshold)
    with pytest.raises(ValueError, match="threshold of unsure faces"):
        Threshold(0.5, threshold)


@pytest.mark.parametrize(
    ("where", "value", "sentence"),
    [
        (["golden"], REMOVED, "is damaged .it lacks 'golden'"),
        (["schema"], REMOVED, "is damaged .it lacks 'schema'"),
        (["schema"], 2, "its schema is not 1"),
        (["classes"], ["happy", "sad"], r"its classes is not \['angry'"),
        (["input_range"], [-1, 1], r"its input_range is not \[0, 1\]"),
        (["side_ratio"], "wide", "is damaged"),
        (["side_ratio"], 0, "is damaged"),
        (["unsure_below"], "often", "is damaged"),
        (["unsure_below"], 55, "is damaged .*must lie in 0..1, not 55"),
        (["neutral_unsure_below"], 0.8, "is damaged .*a threshold of neutral alone"),
        (["neutral_log_probabilities"], [0.0] * 6, "is damaged"),
        (["neutral_log_probabilities"], [0.5] * 7, "is damaged"),
        (["neutral_log_probabilities"], -1.0, "is damaged"),
        (["neutral_log_probabilities"], "neutral", "is damaged"),
        (["golden", 0, "pixels"], "AAAA", "is damaged .* has 3 pixels"),
        (["golden", 0, "pixels"], "?", "is damaged"),
        (["golden", 0, "answer", "happy"], REMOVED, "is damaged .it lacks 'happy'"),
        (["golden", 0, "answer", "happy"], float("nan"), "is damaged"),
        (["golden", 0, "answer", "happy"], 10**400, "is damaged .*a number of more than 15 digits is not a probability"),
        (["golden", 0, "answer", "happy"], True, "is damaged"),
        (["golden", 0, "name"], 3, "is damaged"),
        (["golden", 0, "name"], "n" * 2000, "is damaged .* at most 1000 characters"),
        (["golden", 0, "name"], "ramp", "is damaged .*two golden crops have the same name"),
        (["golden"], [{}] * 20_000, "is damaged .*20000 golden crops"),
        (["pair_sha256"], "abc", "is damaged .*'abc' is not a SHA-256"),
        (["compiled_sha256"], 3, "is damaged .*3 is not a SHA-256"),
        (["side_ratio"], 10**4, "is damaged .*the side of a crop must be 0.1 to 10 boxes, not 10000"),
        (["side_ratio"], 10**400, "is damaged .*a number of more than 15 digits"),
        (["side_ratio"], True, "is damaged"),
        (["side_ratio"], float("nan"), "is damaged .*NaN is not a number of JSON"),
        (["unsure_below"], 10**400, "is damaged"),
        (["about"], 3, "is damaged"),
        (["about", "digits"], 10**400, "is damaged .*its notes have a number of more than 15 digits"),
        (["about", "data"], nested(30), "is damaged .*its notes are nested too deeply"),
        (["about", "data"], float("inf"), "is damaged"),
    ],
)
def test_an_unusable_contract_is_refused_with_a_sentence(
    written: Path, where: list[str | int], value: Any, sentence: str
) -> None:
    change_json(written, where, value)
    with pytest.raises(AssetError, match=rf"net\.contract\.json.*{sentence}"):
        read_contract(written)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\x00", "[" * 10**5, '{"schema":' * 10**5, "9" * 10**4])
def test_a_file_that_is_no_contract_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "net.contract.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AssetError, match=r"net\.contract\.json is damaged"):
        read_contract(path)


def test_a_missing_contract_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"net\.contract\.json, .*No such file"):
        read_contract(tmp_path / "net.contract.json")


def test_a_contract_without_a_threshold_is_read(written: Path) -> None:
    change_json(written, ["unsure_below"], REMOVED)
    assert read_contract(written).unsure_below is None
