"""Damaged contracts of networks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from realtime.classifier.contract import contract_path, read_contract
from realtime.storage import resources
from tests.fuzz.rounds import fuzz

if TYPE_CHECKING:
    from pathlib import Path

TOKENS = (b"null", b"true", b"NaN", b"Infinity", b"-0", b"[]", b"{}", b'"side_ratio":', b"\\ud800", b'""', b"1e308")


def test_contract(tmp_path: Path) -> None:
    path = tmp_path / "contract.json"
    shipped = json.loads(contract_path(resources.models_folder() / "emotiondetector.json").read_bytes())
    small = {name: value[:1] if isinstance(value, list) else value for name, value in shipped.items()}

    def check(data: bytes) -> None:
        path.write_bytes(data)
        read_contract(path)

    fuzz(check, [json.dumps(shipped).encode(), json.dumps(small, indent=1).encode()], TOKENS)
