"""What the contract suites share: settings to change, and a clock that is moved by hand."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from device import config
from device.config import Config


class Clock:
    """Monotonic seconds that pass only when told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """The moment."""
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        """Let time go on."""
        self.seconds += seconds


@pytest.fixture
def clock():
    """A clock of the test's own."""
    return Clock()


@pytest.fixture(scope="session")
def settings() -> Config:
    """The shipped defaults; tests replace what they are about."""
    return config.load()


@pytest.fixture
def file_size_limit():
    """A disk that is full: as a context, no file can grow beyond so many bytes."""

    @contextmanager
    def limited(size_bytes: int) -> Iterator[None]:
        former = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, former[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, former)

    return limited
