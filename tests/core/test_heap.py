"""glibc's heap: what is asked of it, and what becomes of the pages of one look at the next."""

from __future__ import annotations

import subprocess
import sys

import pytest

from device import heap

ARRAYS = """
import resource, sys
import numpy as np
from device import heap

if sys.argv[1] == "kept":
    heap.keep_pictures()
begun = 0
for turn in range(20):
    if turn == 2:  # the first turns take what the later ones have
        begun = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    pictures = [np.ones(2_000_000, np.uint8) for _ in range(5)]
    del pictures
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - begun)
"""


def faults(how: str) -> int:
    """Page faults of eighteen turns that need ten megabytes each, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", ARRAYS, how], capture_output=True, text=True, check=True, timeout=60)
    return int(done.stdout)


def test_the_next_look_has_the_pages_of_the_one_before() -> None:
    """Hardly any is taken from the kernel once more."""
    assert 4 * faults("kept") < faults("given back")


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Musl has none of the three functions: nothing is raised."""

    class Bare:
        """A library without any of these functions."""

    asked: list[None] = []
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: asked.append(name) or Bare())
    for once in (heap.share, heap.keep_pictures, heap.give_back):
        once()
    assert len(asked) == 4
