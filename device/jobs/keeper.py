"""A worker for what is kept beside the history: preferences, and pictures for learning."""

from __future__ import annotations

import logging
from collections.abc import Callable

from device.events import NotKept
from device.messages import Job, Message, Post, guarded
from device.worker import Worker

log = logging.getLogger(__name__)


class Keeper:
    """Writes one thing after another, so that a card that hangs is noticed and nobody waits for it.

    Args:
        post: Takes what the jobs return, and NotKept for one that hangs.
        monotonic: The clock, in seconds.
        limit_seconds: For one job.
    """

    def __init__(self, post: Post, monotonic: Callable[[], float], limit_seconds: float) -> None:
        self._post = post
        self._limit_seconds = limit_seconds
        self._worker: Worker[Message] = Worker("keeper", post, monotonic)

    def keep(self, job: Job) -> None:
        """Have a job written; it handles its own errors."""
        self._worker.submit(guarded(job), limit_seconds=self._limit_seconds)

    def look_after(self) -> None:
        """Give up the job under way when it has taken too long."""
        if self._worker.overdue():
            self._worker.abandon()
            log.warning("what was to be kept was not written within its limit")
            self._post(NotKept())

    def finish(self, limit_seconds: float) -> None:
        """Wait for all jobs, at most so long."""
        self._worker.finish(limit_seconds)
