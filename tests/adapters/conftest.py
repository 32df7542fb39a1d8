"""What the contract suites share: settings to change."""

from __future__ import annotations

import pytest

from device import config
from device.config import Config


@pytest.fixture(scope="session")
def settings() -> Config:
    """The shipped defaults; tests replace what they are about."""
    return config.load()
