"""The page on the architecture names the rooms and threads that exist, and the modules of its walks exist."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.support.places import ROOT

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


@pytest.mark.parametrize(("name", "walk"), WALKS, ids=[name for name, _ in WALKS])
def test_a_walk_passes_through_modules_that_exist(name: str, walk: str) -> None:
    modules = set(re.findall(r"\b([a-z]+(?:/[a-z_]+)+)\b", walk))
    assert len(modules) >= 5, name
    missing = [module for module in modules if not ((PACKAGE / f"{module}.py").exists() or (PACKAGE / module).is_dir())]
    assert not missing


def test_the_threads_are_those_that_the_code_names() -> None:
    table = PAGE.split("## Threads", 1)[1].split("\n## ", 1)[0]
    named = set(re.findall(r"^\| (\w+) \|", table, re.MULTILINE)) - {"name", "main"}
    code = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    started = set(re.findall(r"name=\"(\w+)\", daemon|(?:Worker|OutputThread)\(\s*\"(\w+)\"", code))
    assert named == {first or second for first, second in started}
