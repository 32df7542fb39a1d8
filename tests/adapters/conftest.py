"""What the contract suites share: settings to change."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from installed import need

from device import config
from device.adapters.tflite import RUNTIMES
from device.config import Config


@pytest.fixture(params=RUNTIMES)
def runtime(request, monkeypatch) -> str:
    """Each of the two runtimes in turn, as if the other were not installed."""
    _need(request.param)
    for other in set(RUNTIMES) - {request.param}:
        monkeypatch.setitem(sys.modules, other, None)
    return str(request.param)


@pytest.fixture
def runtimes(monkeypatch) -> Iterator[str]:
    """Both runtimes in turn, each as if the other were not installed, for what must be the same in both."""
    return _in_turn(monkeypatch)


def _need(runtime: str) -> None:
    if runtime.startswith("tflite_runtime") and sys.version_info >= (3, 12):
        pytest.skip("there is no tflite_runtime for this Python")
    need(runtime.partition(".")[0])


def _in_turn(monkeypatch) -> Iterator[str]:
    for name in RUNTIMES:
        _need(name)
        with monkeypatch.context() as context:
            for other in set(RUNTIMES) - {name}:
                context.setitem(sys.modules, other, None)
            yield name


@pytest.fixture(scope="session")
def settings() -> Config:
    """The shipped defaults; tests replace what they are about."""
    return config.load()
