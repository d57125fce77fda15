from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import pytest

from realtime.app import power_supply
from realtime.app.power_supply import PowerReason, read_power, read_supplies, reason_on_mac, reason_on_windows

if TYPE_CHECKING:
    from pathlib import Path

BATTERY = {"type": "Battery", "present": "1", "status": "Discharging"}
CHARGING = BATTERY | {"status": "Charging"}
PLUG = {"type": "Mains", "online": "1"}
UNPLUGGED = PLUG | {"online": "0"}
MOUSE = {"type": "Battery", "scope": "Device", "present": "1", "status": "Discharging"}
USB_C = {"type": "USB", "online": "1"}
NO_USB_C = {"type": "USB", "online": "0"}
USB_C_OUT = {"type": "USB", "scope": "Device", "online": "1"}
EMPTY_BAY = BATTERY | {"present": "0"}


def read(folder: Path, *supplies: dict[str, str], profile: str | None = None) -> PowerReason | None:
    """Read a folder that is like the one of the kernel: each file ends with a line break."""
    for number, supply in enumerate(supplies):
        (folder / "supplies" / str(number)).mkdir(parents=True)
        for name, text in supply.items():
            (folder / "supplies" / str(number) / name).write_text(f"{text}\n", encoding="ascii")
    if profile is not None:
        (folder / "profile").write_text(f"{profile}\n", encoding="ascii")
    return read_supplies(folder / "supplies", folder / "profile")


@pytest.mark.parametrize(
    "supplies",
    [
        (BATTERY, UNPLUGGED),
        (BATTERY,),
        (BATTERY, UNPLUGGED, NO_USB_C),
        # A second battery that waits for its turn
        (BATTERY | {"status": "Not charging"}, BATTERY, UNPLUGGED),
        # Older drivers have no file for it
        ({"type": "Battery", "status": "Discharging"}, UNPLUGGED),
        (BATTERY | {"scope": "System"}, UNPLUGGED, MOUSE),
        # A port that feeds a phone is no plug
        (BATTERY, UNPLUGGED, USB_C_OUT),
    ],
)
def test_a_battery_that_discharges_without_a_plug_is_a_reason(tmp_path: Path, supplies: tuple[dict[str, str], ...]) -> None:
    assert read(tmp_path, *supplies, profile="balanced") is PowerReason.BATTERY


@pytest.mark.parametrize(
    "supplies",
    [
        (),
        (PLUG,),
        (CHARGING, PLUG),
        (BATTERY | {"status": "Full"}, PLUG),
        (BATTERY | {"status": "Not charging"}, UNPLUGGED),
        # A weak plug: the battery helps
        (BATTERY, PLUG),
        (BATTERY, UNPLUGGED, USB_C),
        # Some plugs say that they are on in another way
        (BATTERY, PLUG | {"online": "2"}),
        # A desktop computer with a wireless mouse
        (MOUSE,),
        (MOUSE, UNPLUGGED),
        (EMPTY_BAY, UNPLUGGED),
        ({"type": "UPS", "status": "Discharging"},),
        ({},),
    ],
)
def test_mains_and_a_computer_without_a_battery_are_no_reason(tmp_path: Path, supplies: tuple[dict[str, str], ...]) -> None:
    assert read(tmp_path, *supplies, profile="performance") is None


def test_the_saver_is_a_reason_where_there_is_a_battery(tmp_path: Path) -> None:
    assert read(tmp_path / "laptop", CHARGING, PLUG, profile="low-power") is PowerReason.SAVER
    assert read(tmp_path / "empty", BATTERY, UNPLUGGED, profile="low-power") is PowerReason.BATTERY
    assert read(tmp_path / "desktop", PLUG, profile="low-power") is None


def test_a_computer_without_the_folder_has_no_battery(tmp_path: Path) -> None:
    assert read_supplies(tmp_path / "none", tmp_path / "none") is None


def test_files_that_say_nothing_of_use_are_no_reason(tmp_path: Path) -> None:
    supply = tmp_path / "supplies" / "BAT0"
    supply.mkdir(parents=True)
    (supply / "type").write_bytes(b"\xff\xfe")
    (supply / "status").mkdir()
    (supply / "online").write_text("9" * 2**17)
    assert read_supplies(tmp_path / "supplies", tmp_path / "profile") is None


def test_linux_is_asked_where_its_kernel_says_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(tmp_path, BATTERY)
    monkeypatch.setattr(power_supply, "SUPPLIES", tmp_path / "supplies")
    assert read_power("linux") is PowerReason.BATTERY
    monkeypatch.setattr(power_supply, "SUPPLIES", tmp_path / "none")
    assert read_power("linux") is None


@pytest.mark.parametrize(
    ("line", "battery", "saver", "reason"),
    [
        (0, 1, 0, PowerReason.BATTERY),
        (0, 4, 1, PowerReason.BATTERY),
        (1, 8, 0, None),
        (1, 1, 1, PowerReason.SAVER),
        # Windows does not know the line
        (255, 1, 0, None),
        # A desktop computer, also with Energy saver on; and one whose state is not known
        (1, 128, 0, None),
        (1, 128, 1, None),
        (0, 255, 0, None),
    ],
)
def test_the_fields_of_windows(line: int, battery: int, saver: int, reason: PowerReason | None) -> None:
    assert reason_on_windows(line, battery, saver) is reason


def test_the_structure_of_windows_has_its_size() -> None:
    assert ctypes.sizeof(power_supply.PowerStatus) == 12


ON_BATTERY = (
    "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=21758051)\t85%; discharging; 5:02 remaining present: true\n"
)
ON_MAINS = "Now drawing from 'AC Power'\n -InternalBattery-0 (id=21758051)\t100%; charged; 0:00 remaining present: true\n"
MAC_MINI = "Now drawing from 'AC Power'\n"
SETTINGS = "System-wide power settings:\nCurrently in use:\n standby              1\n {}         {}\n sleep                1\n"


@pytest.mark.parametrize(
    ("battery", "name", "value", "reason"),
    [
        (ON_BATTERY, "lowpowermode", 0, PowerReason.BATTERY),
        (ON_MAINS, "lowpowermode", 0, None),
        (ON_MAINS, "lowpowermode", 1, PowerReason.SAVER),
        (ON_MAINS, "powermode", 1, PowerReason.SAVER),
        (ON_MAINS, "powermode", 2, None),
        (MAC_MINI, "lowpowermode", 1, None),
        ("", "lowpowermode", 1, None),
    ],
)
def test_the_answers_of_macos(battery: str, name: str, value: int, reason: PowerReason | None) -> None:
    assert reason_on_mac(battery, SETTINGS.format(name, value)) is reason


@pytest.mark.parametrize("platform", ["win32", "darwin", "sunos5"])
def test_a_system_that_cannot_be_asked_is_no_reason(platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power_supply, "PMSET", str(tmp_path / "none"))
    if platform != power_supply.sys.platform:
        assert read_power(platform) is None


def test_macos_is_asked_by_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "pmset"
    command.write_text(f"#!/bin/sh\ncat <<END\n{ON_BATTERY}END\n")
    command.chmod(0o755)
    monkeypatch.setattr(power_supply, "PMSET", str(command))
    assert read_power("darwin") is PowerReason.BATTERY
    command.write_text("#!/bin/sh\nexit 1\n")
    assert read_power("darwin") is None
