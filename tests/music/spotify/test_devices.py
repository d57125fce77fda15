"""Which device is played on, as a table."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from realtime.music.spotify.remote_player import best_device, device_name, is_usable

Row = dict[str, Any]


def device(name: str, **more: object) -> Row:
    return {
        "id": name.lower().replace(" ", "-"),
        "name": name,
        "type": "Speaker",
        "is_active": False,
        "is_restricted": False,
    } | more


ACTIVE = device("Active", is_active=True)
COMPUTER = device("Desk", type="Computer")
SPEAKER = device("Kitchen speaker")
RESTRICTED = device("Car", is_active=True, is_restricted=True)


@pytest.mark.parametrize(
    ("devices", "wanted", "used", "expected"),
    [
        ([], "", None, None),
        ([SPEAKER], "", None, SPEAKER),
        ([SPEAKER, COMPUTER, ACTIVE], "", None, ACTIVE),
        ([SPEAKER, COMPUTER, ACTIVE], "", "desk", ACTIVE),
        ([SPEAKER, COMPUTER], "", None, COMPUTER),
        ([SPEAKER, COMPUTER], "", "kitchen-speaker", SPEAKER),
        ([SPEAKER, COMPUTER, ACTIVE], "KITCHEN", None, SPEAKER),
        ([SPEAKER, COMPUTER, ACTIVE], "speaker", "desk", SPEAKER),
        ([SPEAKER, COMPUTER, ACTIVE], "cellar", None, ACTIVE),
        ([SPEAKER, COMPUTER], "cellar", None, COMPUTER),
        ([RESTRICTED], "", None, None),
        ([RESTRICTED, SPEAKER], "", None, SPEAKER),
        ([RESTRICTED, SPEAKER], "Car", "car", SPEAKER),
        (
            [
                device("No id", id=None),
                device("Empty", id=""),
                device("Number", id=7),
                device("Path", id="../me"),
                device("Long", id="a" * 201),
            ],
            "",
            None,
            None,
        ),
        ([{}], "", None, None),
        ([{"id": "x"}], "anything", None, {"id": "x"}),
        ([device("STRASSE"), ACTIVE], "straße", None, device("STRASSE")),
    ],
)
def test_the_best_device(devices: list[Row], wanted: str, used: str | None, expected: Row | None) -> None:
    assert [best_device(order, wanted, used) for order in permutations(devices)] == [expected for _ in permutations(devices)]


def test_of_equals_the_first_counts() -> None:
    twins = [device("A"), device("B")]
    assert best_device(twins) is twins[0]


@pytest.mark.parametrize(
    ("row", "expected"),
    [(ACTIVE, True), (RESTRICTED, False), ({}, False), ({"id": "x"}, True), ({"id": "x", "is_restricted": None}, True)],
)
def test_what_can_be_used(row: Row, expected: bool) -> None:  # noqa: FBT001
    assert is_usable(row) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Kitchen", "Kitchen"),
        ("Anna's\n\x1b[31m phone", "Anna's �[31m phone"),
        *((nothing, "a device without a name") for nothing in ("", " ", None, 7, ["x"])),
    ],
)
def test_a_device_has_a_name_that_can_be_shown(name: object, expected: str) -> None:
    assert device_name({"name": name}) == expected


def test_a_device_that_says_no_name_has_one() -> None:
    assert device_name({}) == "a device without a name"
