"""A thread that runs one device's calls one after another, and that can be given up when a call hangs.

Python cannot kill a thread: a hung call is left behind with its thread, and a fresh thread takes the jobs that
follow. Should the call come back after all, its result is discarded.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

Message = TypeVar("Message")

_IDLE_SECONDS = 60.0
"""Every wait has a limit; an idle worker turns once a minute."""


@dataclass(frozen=True, slots=True)
class _Job(Generic[Message]):
    run: Callable[[], Message | None]
    limit_seconds: float
    discard: Callable[[Message | None], None]


@dataclass(slots=True, eq=False)
class _Lane(Generic[Message]):
    """One thread and its jobs; `due` is the monotonic moment at which the job under way is overdue."""

    jobs: queue.SimpleQueue[_Job[Message] | None] = field(default_factory=queue.SimpleQueue)
    due: float | None = None
    abandoned: bool = False


class Worker(Generic[Message]):
    """Runs jobs in order; what a job returns is posted, unless the worker gave the job up.

    Args:
        name: Of the thread, for logs.
        post: Takes the messages; callable from any thread.
        monotonic: The clock, in seconds.
    """

    def __init__(self, name: str, post: Callable[[Message], None], monotonic: Callable[[], float]) -> None:
        self._name = name
        self._post = post
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._lane: _Lane[Message] | None = None
        self._stuck: list[threading.Thread] = []
        self._thread: threading.Thread | None = None

    @property
    def stuck(self) -> int:
        """How many given-up calls have not come back yet."""
        self._stuck = [thread for thread in self._stuck if thread.is_alive()]
        return len(self._stuck)

    def submit(
        self,
        run: Callable[[], Message | None],
        *,
        limit_seconds: float,
        discard: Callable[[Message | None], None] = lambda _: None,
    ) -> None:
        """Queue a job.

        Args:
            run: The job; it handles its own errors and returns a message to post, or None.
            limit_seconds: From its beginning, how long it may take.
            discard: Called on the job's thread, in place of posting, when the job was given up meanwhile.
        """
        with self._lock:
            if self._lane is None:
                self._lane = _Lane()
                self._thread = threading.Thread(target=self._work, args=(self._lane,), name=self._name, daemon=True)
                self._thread.start()
            self._lane.jobs.put(_Job(run, limit_seconds, discard))

    @property
    def busy(self) -> bool:
        """Whether a job is under way."""
        with self._lock:
            return self._lane is not None and self._lane.due is not None

    def overdue(self) -> bool:
        """Whether the job under way has exceeded its limit."""
        with self._lock:
            return self._lane is not None and self._lane.due is not None and self._monotonic() >= self._lane.due

    def abandon(self) -> None:
        """Give up the job under way, and forget those behind it."""
        with self._lock:
            if self._lane is not None and self._thread is not None:
                self._lane.abandoned = True
                self._lane.jobs.put(None)
                self._stuck.append(self._thread)
                self._lane = self._thread = None

    def finish(self, limit_seconds: float) -> bool:
        """Let the queued jobs end; False when they did not within the limit."""
        with self._lock:
            lane, thread = self._lane, self._thread
            self._lane = self._thread = None
        if lane is None or thread is None:
            return True
        lane.jobs.put(None)
        thread.join(limit_seconds)
        return not thread.is_alive()

    def _work(self, lane: _Lane[Message]) -> None:
        while not lane.abandoned:
            try:
                job = lane.jobs.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                continue
            if job is None:
                return
            lane.due = self._monotonic() + job.limit_seconds
            message = job.run()
            with self._lock:
                lane.due = None
                kept = not lane.abandoned
            if not kept:
                log.info("%s: a call that had been given up has come back", self._name)
                job.discard(message)
            elif message is not None:
                self._post(message)
