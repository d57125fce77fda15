from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from realtime.config.lines import KeyPath, key_lines
from tests.support.places import SHIPPED_CONFIG


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a = 1\n\nb = 2", ("b",), 3),
        ("# a = 0\r\n[s]\r\na = 1\r\n", ("s", "a"), 3),
        ("[s]\na = 1\n[s.t]\na = 2\n", ("s", "t", "a"), 4),
        ("[s.t]\na = 1\n[s]\nb = 2\n", ("s",), 1),
        ("[s.t]\na = 1\n[s]\nb = 2\n", ("s", "b"), 4),
        ("s.t.a = 1\ns.t.b = 2\n", ("s", "t", "b"), 2),
        ("s = {t = 1, u = 2}\nv = 1\n", ("v",), 2),
        ("\"a.b\" = 1\n'c d' = 2\n", ("c d",), 2),
        ("[ s . 'q\"' ]\n  a = 1\n", ("s", 'q"', "a"), 2),
        ("a = [\n  # ]\n  1,\n  ']',\n]\nb = 2\n", ("b",), 6),
        ("a = [[1],\n{b = ']'}]\nc = 2\n", ("c",), 3),
        ('a = """\nb = 1\n[c]\n"\\""""""\nb = 2\n', ("b",), 5),
        ("a = '''\nb = 1 \\'''''\nb = 2\n", ("b",), 3),
        ('a = "\\\\"  # "[\nb = 2\n', ("b",), 2),
        ("a = ''\nb = ''''''\nc = 1\n", ("c",), 3),
        ("[[s]]\na = 1\n[[s]]\na = 2\n", ("s", 1, "a"), 4),
        ("[[s]]\na = 1\n[[s]]\na = 2\n", ("s", 1), 3),
        ("[[s]]\n[s.t]\na = 1\n[[s]]\n[s.t]\na = 2\n", ("s", 1, "t", "a"), 6),
        ("[[s.t]]\n[[s.t]]\na = 1\n[s.u]\na = 3\n", ("s", "u", "a"), 5),
    ],
)
def test_a_key_has_the_line_that_it_begins_at(text: str, path: KeyPath, line: int) -> None:
    assert key_lines(text)[path] == line


def test_every_key_of_the_shipped_file_is_at_its_line() -> None:
    text = SHIPPED_CONFIG.read_text(encoding="utf-8")
    written = text.splitlines()
    lines = key_lines(text)
    settings = {path: line for path, line in lines.items() if " = " in written[line - 1]}
    assert len(settings) == sum(" = " in line and not line.startswith("#") for line in written)
    for path, line in settings.items():
        assert written[line - 1].startswith(f"{path[-1]} = ")
    assert len(set(settings.values())) == len(settings)


VALUES = st.recursive(
    st.text(st.sampled_from("ab ='\"\\[]{}#\n"), max_size=12) | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


@given(st.lists(st.lists(VALUES, min_size=1, max_size=4), min_size=1, max_size=4), st.booleans())
def test_no_value_hides_the_keys_after_it(sections: list[list[Any]], multiline: bool) -> None:  # noqa: FBT001 - hypothesis
    table = {f"s{at}": {f"k{at}_{key}": value for key, value in enumerate(values)} for at, values in enumerate(sections)}
    text = tomli_w.dumps(table, multiline_strings=multiline)
    written = text.split("\n")
    found = {path: written[line - 1] for path, line in key_lines(text).items()}
    for name, keys in table.items():
        assert found[name,] == f"[{name}]"
        for key in keys:
            assert found[name, key].startswith(f"{key} = ")


def test_the_depth_of_what_is_recorded_is_bounded() -> None:
    names = ".".join("a" * 1000)
    assert len(key_lines(f"[{names}]\n{names} = 1\n")) <= 8
