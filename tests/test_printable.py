"""Text from outside is safe to print."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.printable import escape_json, printable, without_secrets


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


# Without "…", so that a removed secret cannot form another one
SECRETS = st.lists(st.text("abcdefghABCDEFGH0123456789-_", min_size=5, max_size=40), max_size=5)


@given(SECRETS, st.lists(st.text(max_size=10), min_size=6, max_size=6))
def test_no_secret_remains(secrets: list[str], between: list[str]) -> None:
    text = "".join(part + secret for part, secret in zip(between, [*secrets, ""], strict=False))
    left = without_secrets(text, [*secrets, None])
    assert not [secret for secret in secrets if secret in left]


def test_secret_within_another_leaves_no_rest() -> None:
    assert without_secrets("a 12345678 b 12345 c", ["12345", "12345678"]) == "a … b … c"


def test_short_texts_are_no_secrets() -> None:
    assert without_secrets("the id of a list", [None, "", "id", "list"]) == "the id of a list"
