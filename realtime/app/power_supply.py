"""Whether this computer runs on its battery or with its battery saver on, as its system says.

psutil would say the first, but takes the battery of a wireless mouse for the computer's own, and does not know the saver.
"""

from __future__ import annotations

import ctypes
import logging
import re
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import ClassVar

from realtime.reading import read_file

log = logging.getLogger(__name__)

SUPPLIES = Path("/sys/class/power_supply")
"""Linux: a folder for each battery and each plug (Documentation/ABI/testing/sysfs-class-power of the kernel)."""

PROFILE = Path("/sys/firmware/acpi/platform_profile")
"""Linux: "low-power" while the power saver of the desktop is on (Documentation/ABI/testing/sysfs-platform_profile)."""

PMSET = "/usr/bin/pmset"
PMSET_TIMEOUT_S = 5.0

_MOST_BYTES = 2**16
"""A file there is as large as a page of memory, whatever it holds."""

_NO_BATTERY, _UNKNOWN = 128, 255
"""Bits of `BatteryFlag`, and the value of a field that Windows does not know."""


class PowerReason(Enum):
    """Why power is worth saving."""

    BATTERY = "on battery"
    SAVER = "the battery saver is on"


class PowerStatus(ctypes.Structure):
    """SYSTEM_POWER_STATUS of winbase.h."""

    _fields_: ClassVar = [
        ("line", ctypes.c_uint8),
        ("battery", ctypes.c_uint8),
        ("percent", ctypes.c_uint8),
        ("saver", ctypes.c_uint8),
        ("left_s", ctypes.c_uint32),
        ("full_s", ctypes.c_uint32),
    ]


def read_power(platform: str = sys.platform) -> PowerReason | None:
    """Ask the system; it may take some tenths of a second.

    Args:
        platform: as in `sys.platform`.

    Returns:
        Why power is worth saving; None on mains, for a computer without a battery, and where the system does not say.
    """
    try:
        if platform.startswith("linux"):
            return read_supplies(SUPPLIES, PROFILE)
        if platform == "win32":
            return _ask_windows()
        if platform == "darwin":
            return reason_on_mac(_pmset("-g", "batt"), _pmset("-g"))
    except (OSError, AttributeError, ValueError, subprocess.SubprocessError) as error:
        log.info("the system does not say whether it runs on battery: %r", error)
    return None


def read_supplies(supplies: Path, profile: Path) -> PowerReason | None:
    """Read what Linux says, by the rule of systemd's `on_ac_power`: a battery that discharges, and no plug that gives power.

    Args:
        supplies: `SUPPLIES`, or a folder like it.
        profile: `PROFILE`, or a file like it.

    Raises:
        OSError: the folder cannot be listed, for another reason than that there is none.
    """
    if not supplies.is_dir():
        return None
    found = [each for each in supplies.iterdir() if _field(each, "scope") != "Device"]
    batteries = [each for each in found if _field(each, "type") == "Battery" and _field(each, "present") != "0"]
    if not batteries:
        return None
    plugged = any(_field(each, "type") != "Battery" and _field(each, "online") not in {"", "0"} for each in found)
    if not plugged and any(_field(each, "status") == "Discharging" for each in batteries):
        return PowerReason.BATTERY
    return PowerReason.SAVER if _text(profile) == "low-power" else None


def reason_on_windows(line: int, battery: int, saver: int) -> PowerReason | None:
    """What the fields `ACLineStatus`, `BatteryFlag` and `SystemStatusFlag` of Windows mean."""
    if battery == _UNKNOWN or battery & _NO_BATTERY:
        return None
    return PowerReason.BATTERY if line == 0 else PowerReason.SAVER if saver == 1 else None


def reason_on_mac(battery: str, settings: str) -> PowerReason | None:
    """What the answers of `pmset -g batt` and `pmset -g` mean."""
    if "InternalBattery" not in battery:
        return None
    if "'Battery Power'" in battery:
        return PowerReason.BATTERY
    # Macs with a high power mode call it powermode, and the low one 1
    return PowerReason.SAVER if re.search(r"^\s*(lowpowermode|powermode)\s+1\b", settings, re.MULTILINE) else None


def _field(supply: Path, name: str) -> str:
    return _text(supply / name)


def _text(path: Path) -> str:
    try:
        return read_file(path, _MOST_BYTES).decode("ascii", "replace").strip()
    except OSError:
        # A device need not have each of the fields, and may be unplugged meanwhile
        return ""


def _ask_windows() -> PowerReason | None:
    if sys.platform != "win32":
        return None
    status = PowerStatus()
    if not ctypes.windll.kernel32.GetSystemPowerStatus(ctypes.byref(status)):
        return None
    return reason_on_windows(status.line, status.battery, status.saver)


def _pmset(*arguments: str) -> str:
    done = subprocess.run([PMSET, *arguments], timeout=PMSET_TIMEOUT_S, check=True, capture_output=True)
    return done.stdout.decode("utf-8", "replace")
