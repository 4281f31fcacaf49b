"""How long a call waits for a database that another one holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

PAUSE = 0.2
"""Seconds between two attempts. A wait inside the driver could not be interrupted by Ctrl-C."""


def _to_nobody(_what: str) -> None:
    pass


@dataclass
class Patience:
    """Waits ``seconds`` in all, 0: not at all; ``tell`` is told once what for, before it waits."""

    seconds: float = 0
    tell: Callable[[str], None] = _to_nobody
    _end: float | None = field(default=None, init=False)

    def lasts(self, what: str) -> bool:
        """Wait a moment for ``what``; false, and no waiting, where the time is over."""
        now = time.monotonic()
        if self._end is None:
            self._end = now + self.seconds
            if self.seconds > 0:
                self.tell(f"waiting for {what}, {self.seconds:g} seconds at most")
        if now >= self._end:
            return False
        time.sleep(min(PAUSE, self._end - now))
        return True
