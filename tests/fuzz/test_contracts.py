"""Contracts and architectures as an attacker would write them: each one is read, or refused with one sentence."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.classifier.architecture_file import parse_architecture
from realtime.classifier.contract import read_contract
from realtime.classifier.network_files import read_network_files
from realtime.errors import AssetError
from tests.support.places import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONTRACT = json.loads((MODELS / "emotiondetector.contract.json").read_bytes())
ARCHITECTURE = json.loads((MODELS / "emotiondetector.json").read_bytes())

HOSTILE: list[Any] = [
    None, True, False, 0, -1, 10**4, 10**400, -(10**18), 1e308, float("nan"), float("inf"), "", "x", "\x1b]52;c;aGk=\x07",
    "9" * 10**4, [], [[]], {}, {"": {}}, {"class_name": "Lambda", "config": {}}, [1] * 20_000, "os.system",
    "\ud800", "../../etc",
]  # fmt: skip

values = st.sampled_from(HOSTILE) | st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places(node: Any, limit: int) -> list[list[Any]]:
    """The paths of the first `limit` parts of a document, from its top down."""
    found: list[list[Any]] = []
    level: list[tuple[list[Any], Any]] = [([], node)]
    while level and len(found) < limit:
        path, part = level.pop(0)
        keys = list(part) if isinstance(part, dict) else range(len(part)) if isinstance(part, list) else ()
        for key in keys:
            found.append([*path, key])
            level.append(([*path, key], part[key]))
    return found[:limit]


def changed(document: Any, path: list[Any], value: Any) -> Any:
    """A copy of a document with another value at one place."""
    document = copy.deepcopy(document)
    part = document
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return document


def sentence_of(read: Callable[[], object]) -> str:
    """The refusal, one line of readable length; empty if there was none."""
    try:
        read()
    except AssetError as error:
        return str(error)
    return ""


def check_sentence(sentence: str) -> None:
    assert "\n" not in sentence
    assert "\x1b" not in sentence
    assert len(sentence) < 700


@given(st.sampled_from(places(CONTRACT, 120)), values)
def test_a_contract_with_another_value_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, place: list[Any], value: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.contract.json"
    path.write_text(json.dumps(changed(CONTRACT, place, value)), encoding="utf-8")
    check_sentence(sentence_of(lambda: read_contract(path)))


@given(st.sampled_from(places(ARCHITECTURE, 600)), values)
def test_an_architecture_with_another_value_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, place: list[Any], value: Any
) -> None:
    data = json.dumps(changed(ARCHITECTURE, place, value)).encode()
    check_sentence(sentence_of(lambda: parse_architecture(data, tmp_path_factory.getbasetemp() / "net.json")))


@given(st.binary(max_size=200), st.integers(0, 2000))
def test_any_bytes_in_place_of_a_file_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, place: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    whole = (MODELS / "emotiondetector.contract.json").read_bytes()
    contract, saved = folder / "bytes.contract.json", folder / "bytes.keras"
    contract.write_bytes(whole[:place] + data + whole[place + len(data) :])
    saved.write_bytes(b"PK\x03\x04" + data)
    check_sentence(sentence_of(lambda: read_contract(contract)))
    assert sentence_of(lambda: read_network_files(saved))


@pytest.mark.parametrize("text", ["[" * 10**6, '{"a":' * 10**6, "1" * 10**6, '"' + "\\" * 10**6, "{" + '"a":1,' * 10**6])
def test_texts_that_exhaust_a_parser_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deep.contract.json"
    path.write_text(text, encoding="utf-8")
    check_sentence(sentence_of(lambda: read_contract(path)))
    assert sentence_of(lambda: read_contract(path))
    assert sentence_of(lambda: parse_architecture(text.encode(), path))
