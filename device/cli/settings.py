"""What commands run with: the configuration, and what the user has changed of it."""

from __future__ import annotations

from pathlib import Path

from device import config
from device.cli.output import complain
from device.config import Config
from device.errors import ConfigError


def in_force(path: Path | None) -> Config:
    """The configuration with the user's preferences laid over; what of them cannot be used is told on standard error.

    Raises:
        ConfigError: The configuration is wrong.
    """
    settings = config.installed(path)
    usable, mistakes = config.usable_preferences(settings.daemon.preferences)
    complain(ConfigError(mistakes), 0)
    return config.with_preferences(settings, usable)
