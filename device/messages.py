"""What the loop is told: events, and what the daemon's own parts have to say; and the jobs that tell it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from device.domain import Device
from device.events import AssumptionBroken, Event
from device.phrases import Phrase
from device.ports import Answer
from device.protocol import Request

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """This device's adapter is open now."""

    device: Device
    adapter: Any
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """Another program has asked for something."""

    request: Request
    answer: Answer


@dataclass(frozen=True, slots=True)
class Told:
    """What was asked for in this turn has been found out."""

    turn: int
    phrase: Phrase


Message = Event | Opened | Told | Asked

Post = Callable[[Message], None]
"""Lets the loop know of something; from any thread, and from signal handlers."""

Job = Callable[[], Message | None]
"""What a worker runs; what it returns is posted."""


def guarded(job: Job) -> Job:
    """A job whose unforeseen errors end the process, for the supervisor to start a fresh one."""

    def run() -> Message | None:
        try:
            return job()
        except Exception:
            log.exception("this is a mistake in digitbox; please report it")
            return AssumptionBroken()

    return run
