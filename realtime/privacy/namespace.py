"""Leave the network: a network namespace of Linux without any network, for this process and those that it starts."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
from pathlib import Path

_NEW_USER = 0x10000000
_NEW_NETWORK = 0x40000000
"""Flags of unshare(2): CLONE_NEWUSER and CLONE_NEWNET."""


def leave_network() -> None:
    """Move this process into a network namespace of its own, where no address can be reached, not even that of this computer.

    Call it before a second thread starts.

    Raises:
        OSError: not Linux, or the system does not allow it.
    """
    if sys.platform != "linux":
        raise OSError("only Linux has network namespaces")
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    # Without rights of its own, a process gets a namespace of networks only within one of users
    if libc.unshare(_NEW_USER | _NEW_NETWORK) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    # The same user as before, by whom files are found and made
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    if {name for _, name in socket.if_nameindex()} - {"lo"}:
        raise OSError("the new namespace has a network")


def can_leave_network() -> bool:
    """Whether `leave_network` works here; tried in another process."""
    if sys.platform != "linux":
        return False
    command = [sys.executable, "-P", "-c", "from realtime.privacy.namespace import leave_network; leave_network()"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
