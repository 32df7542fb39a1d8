"""How often somebody may ask: a bucket of tokens each (Turner 1986, "leaky bucket as a meter")."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST_BUCKETS = 1000
"""Those asked for longest ago are forgotten: an address can be made up, memory can't."""


class Limit:
    """At most `burst` at once, and `each_second` in the long run, for each name.

    Args:
        burst: At least 1.
        each_second: Above 0.
        monotonic: A clock.
    """

    def __init__(self, burst: float, each_second: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._each_second = each_second
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, name: str) -> bool:
        """Whether once more is within the limit; if so, it counts."""
        now = self._monotonic()
        with self._lock:
            tokens, then = self._buckets.pop(name, (self._burst, now))
            tokens = min(self._burst, tokens + (now - then) * self._each_second)
            allowed = tokens >= 1.0
            self._buckets[name] = (tokens - 1.0 if allowed else tokens, now)
            if len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)
        return allowed
