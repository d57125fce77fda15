from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.domain import EXPRESSIONS
from realtime.music.commands import PlayerCommand
from realtime.session.keyboard_layouts import latin_key
from realtime.session.keymap import (
    BINDINGS,
    PLAYER_BINDINGS,
    Action,
    Binding,
    Group,
    KeyHint,
    MoodByHand,
    SessionAction,
    ViewToggle,
    find_binding,
    help_rows,
    player_hints,
    player_rows,
    window_hints,
)

KEYS = [key for binding in BINDINGS for key in binding.keys]


def test_no_key_is_bound_twice() -> None:
    assert [key for key, count in Counter(KEYS).items() if count > 1] == []
    assert set(KEYS) == {*"1234567" + "0rscmbeifvdkpal.n,yxz-+h?q", "space", "escape"}


@pytest.mark.parametrize("binding", BINDINGS, ids=lambda binding: binding.keys[0])
def test_each_key_finds_its_binding_in_either_case(binding: Binding) -> None:
    assert binding.keys
    for key in binding.keys:
        assert find_binding(key) is binding
        assert find_binding(key.upper()) is binding


def test_each_effect_has_one_binding() -> None:
    effects = [binding.effect for binding in BINDINGS]
    assert len(set(effects)) == len(effects)
    expected = [*Action, *SessionAction, *ViewToggle, *map(MoodByHand, EXPRESSIONS), MoodByHand(None)]
    assert {effect for effect in effects if not isinstance(effect, PlayerCommand)} == set(expected)


def test_the_moods_are_numbered_in_the_order_of_the_network() -> None:
    bound = [find_binding(str(number)) for number in range(1, 8)]
    assert [binding and binding.effect for binding in bound] == [MoodByHand(expression) for expression in EXPRESSIONS]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("=", "+"),
        ("й", "q"),
        ("Й", "q"),
        ("ю", "."),
        ("м", "v"),
        ("Я", "z"),
        ("ω", "v"),
        ("ג", "d"),
        ("ر", "v"),
        ("ی", "d"),
        ("ת", ","),
        ("۳", "3"),
    ],
)
def test_a_key_of_another_layout_finds_the_binding_in_its_place(typed: str, key: str) -> None:
    binding = find_binding(typed)
    assert binding is not None
    assert binding is find_binding(key)


@given(st.one_of(st.text(max_size=6), st.characters()))
def test_a_key_has_a_binding_only_if_the_table_has_its_latin_key(typed: str) -> None:
    binding = find_binding(typed)
    if typed != "=":
        assert (binding is not None) == (latin_key(typed) in KEYS)
    assert binding is None or binding in BINDINGS


def test_the_help_shows_each_key_once_with_its_description() -> None:
    rows = [row for group in Group for row in help_rows(group)]
    shown = {key: row.does for row in rows for key in row.keys}
    assert sum(len(row.keys) for row in rows) == len(shown) == len(KEYS)
    for binding in BINDINGS:
        for key in binding.keys:
            assert shown["Esc" if key == "escape" else key] == binding.does


def test_consecutive_bindings_with_one_description_share_a_row() -> None:
    music = {row.does: row.keys for row in help_rows(Group.MUSIC)}
    assert list(music) == [
        "play what fits the mood",
        "match, lift or journey",
        "pause, shuffle",
        "next, previous song",
        "like, dislike",
        "volume",
    ]
    assert (music["next, previous song"], music["volume"]) == (("n", ","), ("-", "+"))


def test_the_hints_of_the_window_end_with_help_and_quit() -> None:
    assert window_hints() == (
        KeyHint("1-7", "mood"),
        KeyHint("space", "freeze"),
        KeyHint("v", "movies"),
        KeyHint("p", "play"),
        KeyHint("a", "DJ"),
        KeyHint("l", "lift"),
        KeyHint("h", "help"),
        KeyHint("q", "quit"),
    )


def test_the_hints_of_the_player_have_every_key_of_songs() -> None:
    assert "   ".join(f"{hint.keys} {hint.word}" for hint in player_hints()) == (
        ". pause   z shuffle   n next   , previous   y like   x dislike   - + volume   q quit"
    )
    commands = {binding.effect for binding in BINDINGS if isinstance(binding.effect, PlayerCommand)}
    assert {binding.effect for binding in PLAYER_BINDINGS} == {
        *commands,
        Action.QUIT,
        SessionAction.LIKE,
        SessionAction.DISLIKE,
    }


def test_the_help_of_the_player_has_rows_of_the_help_panel() -> None:
    assert set(player_rows()) <= {row for group in Group for row in help_rows(group)}
    assert {key for row in player_rows() for key in row.keys} == {*".n,yxz-+q", "Esc"}


def test_each_hint_belongs_to_a_binding() -> None:
    words = {binding.hint for binding in BINDINGS} - {None}
    assert {hint.word for hint in (*window_hints(), *player_hints())} == words
    for hint in (*window_hints(), *player_hints()):
        # A range of digits, or keys with a space between them
        for key in {hint.keys[0], hint.keys[-1]} if hint.keys[0].isdigit() else hint.keys.split():
            binding = find_binding(key)
            assert binding is not None
            assert binding.hint == hint.word
