"""Whether a session saves power: as its settings say, or while the computer runs on its battery."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from realtime.app.power_supply import PowerReason, read_power
from realtime.app.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

ASK_S = 30.0
"""Least seconds between two questions to the system: some batteries take a tenth of a second to answer."""

LOOK_S = 0.1
"""Seconds between two looks at the faces while power is saved: a third of the analyses of a usual camera."""

PICTURE_S = 1 / 15
"""Seconds between two pictures that a window shows while power is saved."""


class PowerPolicy:
    """Decides when to ask the system, and whether to save. Pure.

    Args:
        fixed: True saves always, False never; None while the system names a reason.

    Attributes:
        saving: whether to save now; never before the first answer, unless it is fixed.
    """

    def __init__(self, fixed: bool | None) -> None:  # noqa: FBT001 - one of three values
        self.saving = bool(fixed)
        self.asks_system = fixed is None
        self._asked_s: float | None = None
        self._reason: PowerReason | None = None
        self._said = False

    def is_due(self, now_s: float) -> bool:
        """Whether the system is to be asked at `now_s`; if so, the next time is `ASK_S` later at the earliest."""
        if not self.asks_system or (self._asked_s is not None and now_s - self._asked_s < ASK_S):
            return False
        self._asked_s = now_s
        return True

    def answer(self, reason: PowerReason | None) -> None:
        """Take the system's answer: why power is worth saving; None if it is not."""
        if self.asks_system:
            self._reason, self.saving = reason, reason is not None

    def take_sentence(self) -> str | None:
        """Sentence for the person, once in a session, when the system's answer was the first to save; else None."""
        if self._said or self._reason is None:
            return None
        self._said = True
        return f"{self._reason.value}: emodj looks at the faces about {1 / LOOK_S:.0f} times a second (--power full: as usual)"


@dataclass(frozen=True, slots=True)
class _Answer:
    reason: PowerReason | None


class PowerWatch:
    """Asks the system in a thread of its own, and follows a policy. The other methods are for one thread, and never wait.

    Args:
        policy: when to ask, and what follows.
        read: asks the system.
    """

    def __init__(self, policy: PowerPolicy, read: Callable[[], PowerReason | None] = read_power) -> None:
        self._policy = policy
        self._read = read
        self._worker: Worker[None, _Answer] | None = None

    def __enter__(self) -> Self:
        if self._policy.asks_system:
            self._worker = Worker("power", self._ask).__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        if self._worker is not None:
            self._worker.__exit__()

    def saving(self, now_s: float) -> bool:
        """Whether to save at `now_s`, seconds of a monotonic clock; asks the system anew if that is due."""
        if self._worker is not None:
            answer = self._worker.result()
            if answer is not None:
                self._policy.answer(answer.reason)
            if self._policy.is_due(now_s):
                self._worker.submit(None)
        return self._policy.saving

    def take_sentence(self) -> str | None:
        """As of `PowerPolicy`."""
        return self._policy.take_sentence()

    def _ask(self, _task: None) -> _Answer:
        try:
            return _Answer(self._read())
        except Exception as error:  # noqa: BLE001 - a system that answers oddly must not end a session
            log.info("the system does not say whether it runs on battery: %r", error)
            return _Answer(None)
