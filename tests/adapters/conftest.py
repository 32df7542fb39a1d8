"""What the contract suites share: settings to change."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from device import config
from device.adapters.tflite import RUNTIMES
from device.config import Config


@pytest.fixture(params=RUNTIMES)
def runtime(request, monkeypatch) -> str:
    """Each of the two runtimes in turn, as if the other were not installed."""
    pytest.importorskip(request.param, reason=f"{request.param} is not installed")
    for other in set(RUNTIMES) - {request.param}:
        monkeypatch.setitem(sys.modules, other, None)
    return str(request.param)


@pytest.fixture
def runtimes(monkeypatch) -> Iterator[str]:
    """Both runtimes in turn, each as if the other were not installed, for what must be the same in both."""
    return _in_turn(monkeypatch)


def _in_turn(monkeypatch) -> Iterator[str]:
    for name in RUNTIMES:
        pytest.importorskip(name, reason=f"{name} is not installed")
        with monkeypatch.context() as context:
            for other in set(RUNTIMES) - {name}:
                context.setitem(sys.modules, other, None)
            yield name


@pytest.fixture(scope="session")
def settings() -> Config:
    """The shipped defaults; tests replace what they are about."""
    return config.load()
