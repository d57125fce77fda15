"""The page on the architecture names the rooms and threads that exist, and every arrow of its walks is in the code."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.support.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "realtime"
WALKS = re.findall(r"^### (.+?)$.*?```mermaid\n(.*?)```", PAGE, re.MULTILINE | re.DOTALL)


def rooms() -> set[str]:
    """Folders and modules of the package, without those of Python itself."""
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    return folders | {path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("__")}


def layers() -> set[str]:
    """The rooms that the import contract puts into an order."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    (order,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    return {room.strip() for row in order for room in row.split("|")} - {"__main__"}


def test_the_table_of_rooms_holds_every_room() -> None:
    table = PAGE.split("## Rooms", 1)[1].split("\n## ", 1)[0]
    named = {name.removesuffix("/").removesuffix(".py") for name in re.findall(r"^\| `([\w./]+)` \|", table, re.MULTILINE)}
    assert named == rooms()
    assert layers() == rooms()


def arrows(walk: str) -> Iterator[tuple[str, str]]:
    """Every arrow of a mermaid flow chart, as the modules at its ends."""
    labels = {name: label.partition(":")[0] for name, label in re.findall(r'(\w+)\["?([^"\]]+)"?\]', walk)}
    bare = re.sub(r"-- [^>]+? -->", "-->", re.sub(r"\[[^\]]+\]", "", walk))
    for line in bare.splitlines():
        for heads, tails in pairwise(line.split("-->")):
            yield from ((labels[head.strip()], labels[tail.strip()]) for head in heads.split("&") for tail in tails.split("&"))


@cache
def imports_of(module: str) -> frozenset[str]:
    """What a module or folder of the package imports anywhere, for its types and inside of functions too."""
    place = PACKAGE / module
    found: set[str] = set()
    for path in place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return frozenset(found)


def imports(module: str, other: str) -> bool:
    """Whether one module or folder imports another."""
    name = "realtime." + other.replace("/", ".")
    return any(imported == name or imported.startswith(f"{name}.") for imported in imports_of(module))


@pytest.mark.parametrize(("name", "walk"), WALKS, ids=[name for name, _ in WALKS])
def test_every_arrow_of_a_walk_is_in_the_code(name: str, walk: str) -> None:
    drawn = list(arrows(walk))
    assert len(drawn) >= 5, name
    modules = {module for arrow in drawn for module in arrow} | {"app/build"}
    loose = [
        (head, tail)
        for head, tail in drawn
        if not (imports(head, tail) or imports(tail, head) or any(imports(by, head) and imports(by, tail) for by in modules))
    ]
    assert not loose


def test_the_threads_are_those_that_the_code_names() -> None:
    table = PAGE.split("## Threads", 1)[1].split("\n## ", 1)[0]
    named = set(re.findall(r"^\| (\w+) \|", table, re.MULTILINE)) - {"name", "main"}
    code = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    started = set(re.findall(r"name=\"(\w+)\", daemon|(?:Worker|OutputThread|BackgroundCall)\(\s*\"(\w+)\"", code))
    assert named == {first or second for first, second in started}
