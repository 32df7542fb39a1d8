"""glibc's heap, where its habits cost time or memory that a small board lacks; other C libraries go on as they do.

The constants are those of mallopt(3).
"""

from __future__ import annotations

import contextlib
import ctypes

KEPT_BYTES = 16 << 20
"""So much of what was given up stays with the process: enough for one look at two megapixels after another to take
hardly a page anew (200 instead of 1,600), and no more memory stays resident than by glibc's own habit; with 24 MB
another 10 MB does. Counted by getrusage's ru_minflt and VmRSS over 24 drawn sheets."""

LARGEST_BYTES = 32 << 20
"""Larger blocks come from the system and go back to it at once, as a picture of 48 megapixels should: the most that
mallopt takes."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def share() -> None:
    """Let all threads share one heap.

    glibc gives each thread an arena of its own, and every arena keeps what it once needed: a tenth of the daemon's
    memory, which a board with 512 MB wants back.
    """
    _call("mallopt", _M_ARENA_MAX, 1)


def keep_pictures() -> None:
    """Let the next look at a picture have the pages of the one before: to take them anew is a seventh of its time."""
    _call("mallopt", _M_MMAP_THRESHOLD, LARGEST_BYTES)
    _call("mallopt", _M_TRIM_THRESHOLD, KEPT_BYTES)


def give_back() -> None:
    """Let the system have all that is free, after work that needed much and won't be done again soon."""
    _call("malloc_trim", 0)


def _call(function: str, *numbers: int) -> None:
    with contextlib.suppress(AttributeError, OSError):
        getattr(ctypes.CDLL(None), function)(*numbers)
