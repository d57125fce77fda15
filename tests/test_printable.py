"""Text from outside is safe to print."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.printable import escape_json, printable


@pytest.mark.parametrize(
    ("character", "escaped"),
    [
        ("\x7f", "\\u007f"),
        ("\x80", "\\u0080"),
        ("\x85", "\\u0085"),
        # Begins a colour code, as ESC [ does
        ("\x9b", "\\u009b"),
        ("\x9f", "\\u009f"),
        ("\u2028", "\\u2028"),
        ("\u202e", "\\u202e"),
        ("\ufeff", "\\ufeff"),
        ("\udc80", "\\udc80"),
    ],
)
def test_what_a_terminal_obeys_is_escaped_in_json(character: str, escaped: str) -> None:
    text = escape_json(json.dumps({"name": f"a{character}b"}, ensure_ascii=False))
    assert text == f'{{"name": "a{escaped}b"}}'


@pytest.mark.parametrize("text", ["é", "\xa0", "日本", "א", "🙂", "नि", "a\u200db"])
def test_other_letters_stay_in_json(text: str) -> None:
    assert escape_json(json.dumps(text, ensure_ascii=False)) == f'"{text}"'


@given(st.text(st.characters(codec=None)))
def test_escaped_json_has_the_same_value_on_one_line(text: str) -> None:
    escaped = escape_json(json.dumps([text], ensure_ascii=False))
    assert json.loads(escaped) == [text]
    assert len(escaped.splitlines()) == 1
    assert escaped.encode()


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\x1b[31mb", "a\x85b", "a\u2028b", "a\u202eb", "a\udc80b"])
def test_printable_text_is_one_line_without_escape_sequences(text: str) -> None:
    shown = printable(text)
    assert shown.startswith("a�")
    assert shown.splitlines() == [shown]
    assert "\x1b" not in shown
