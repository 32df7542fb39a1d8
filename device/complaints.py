"""The latest of what the daemon has complained of in its log, for programs that cannot read the journal."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

MOST_KEPT = 20
"""A page shows no more, and whoever wants more reads the journal."""

MOST_LETTERS = 300
"""Of a message: a path and a reason take half of them."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One or more equal messages in a row.

    Attributes:
        time: Of the latest, ISO 8601 in UTC to the second.
        level: "warning", "error" or "critical".
        message: As in the log.
        count: How often it came in a row.
    """

    time: str
    level: str
    message: str
    count: int = 1


class Complaints(logging.Handler):
    """Keeps the latest warnings and errors that reach it; from any thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._kept: deque[Complaint] = deque(maxlen=MOST_KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message; logging calls this with the lock held."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds")
        level, message = record.levelname.lower(), record.getMessage()[:MOST_LETTERS]
        count = 1
        if self._kept and (self._kept[-1].level, self._kept[-1].message) == (level, message):
            count += self._kept.pop().count
        self._kept.append(Complaint(time, level, message, count))

    def as_json(self) -> list[dict[str, Any]]:
        """All that are kept, the latest first."""
        self.acquire()
        try:
            kept = list(self._kept)
        finally:
            self.release()
        return [asdict(complaint) for complaint in reversed(kept)]
