"""The off switch of the network: an environment variable with which emodj asks no hub of networks and no TMDb."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OFFLINE_VARIABLE = "EMODJ_OFFLINE"


def explain_offline(whom: str, environment: Mapping[str, str] = os.environ) -> str | None:
    """Why nobody may be asked, in one sentence; None if the variable is not set, empty or 0.

    Args:
        whom: who would be asked: "TMDb".
        environment: environment variables.
    """
    if environment.get(OFFLINE_VARIABLE, "") in {"", "0"}:
        return None
    return f"{OFFLINE_VARIABLE} in your environment forbids emodj to ask {whom}: unset it first"
