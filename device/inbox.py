"""What comes to the daemon's loop: messages and passed deadlines, in the order in which they happened."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable

from device.events import Deadline, DeadlinePassed
from device.messages import Message


class Inbox:
    """Messages with the moments at which they came, and the deadlines that wait among them.

    `post` may be called from any thread and from signal handlers, all else from the loop.

    Args:
        tick_seconds: The longest that `take` waits.
        monotonic: The clock, in seconds.
    """

    def __init__(self, tick_seconds: float, monotonic: Callable[[], float]) -> None:
        self._tick_seconds = tick_seconds
        self._monotonic = monotonic
        self._queue: queue.SimpleQueue[tuple[float, Message]] = queue.SimpleQueue()
        self._postponed: deque[tuple[float, Message]] = deque()
        self._deadlines: dict[Deadline, float] = {}
        self._taken_seconds = monotonic()

    @property
    def taken_seconds(self) -> float:
        """The monotonic moment at which that which was taken last happened."""
        return self._taken_seconds

    def post(self, message: Message) -> None:
        """Put in something that has happened now."""
        self._queue.put((self._monotonic(), message))

    def set_deadline(self, deadline: Deadline, seconds: float) -> None:
        """Let this deadline pass so long after that which was taken last."""
        self._deadlines[deadline] = self._taken_seconds + seconds

    def clear_deadline(self, deadline: Deadline) -> None:
        """Forget a deadline that may be set."""
        self._deadlines.pop(deadline, None)

    def take(self) -> Message | None:
        """The next message or passed deadline, in the order in which they happened; None after a quiet tick.

        A release that came in time must not turn into a hold because the loop was late to look.
        """
        deadline = min(self._deadlines, key=self._deadlines.__getitem__, default=None)
        due = None if deadline is None else self._deadlines[deadline]
        item = self._take_item(due)
        if deadline is not None and due is not None and due <= (item[0] if item else self._monotonic()):
            if item is not None:
                self._postponed.appendleft(item)
            del self._deadlines[deadline]
            self._taken_seconds = due
            return DeadlinePassed(deadline)
        if item is None:
            return None
        self._taken_seconds, message = item
        return message

    def drain(self) -> list[Message]:
        """All messages that are left, without waiting and without deadlines."""
        left = [message for _, message in self._postponed]
        self._postponed.clear()
        while not self._queue.empty():
            left.append(self._queue.get_nowait()[1])
        return left

    def _take_item(self, due: float | None) -> tuple[float, Message] | None:
        """What waits in the queue, or comes within a tick and before the next deadline."""
        if self._postponed:
            return self._postponed.popleft()
        wait = self._tick_seconds
        if due is not None:
            wait = min(wait, max(0.0, due - self._monotonic()))
        try:
            return self._queue.get(timeout=wait)
        except queue.Empty:
            return None
