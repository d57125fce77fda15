"""Choice of the device to play on."""

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
    ("devices", "preferred", "last_used", "expected"),
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
def test_the_best_device(devices: list[Row], preferred: str, last_used: str | None, expected: Row | None) -> None:
    assert [best_device(order, preferred, last_used) for order in permutations(devices)] == [
        expected for _ in permutations(devices)
    ]


def test_first_of_equal_devices_is_chosen() -> None:
    twins = [device("A"), device("B")]
    assert best_device(twins) is twins[0]


@pytest.mark.parametrize(
    ("row", "expected"),
    [(ACTIVE, True), (RESTRICTED, False), ({}, False), ({"id": "x"}, True), ({"id": "x", "is_restricted": None}, True)],
)
def test_usable_devices(row: Row, expected: bool) -> None:  # noqa: FBT001
    assert is_usable(row) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Kitchen", "Kitchen"),
        ("Anna's\n\x1b[31m phone", "Anna's �[31m phone"),
        *((nothing, "a device without a name") for nothing in ("", " ", None, 7, ["x"])),
    ],
)
def test_device_name_is_printable(name: object, expected: str) -> None:
    assert device_name({"name": name}) == expected


def test_nameless_device_gets_a_name() -> None:
    assert device_name({}) == "a device without a name"
