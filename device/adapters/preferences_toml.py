"""Preferences in a TOML file that is there whole or not at all."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from device import config, durable
from device.errors import PreferencesError
from device.preferences import Preferences

_HEAD = "# What was changed by voice or on the page; laid over /etc/digitbox/digitbox.toml. Delete it to start afresh."


class TomlPreferences:
    """The file that `device.config.preferred` reads.

    Args:
        path: Of the file; its folder is made if need be.
        configured: What holds without the file: only what differs is kept, so that the installer can change the rest.
    """

    def __init__(self, path: Path, configured: Preferences) -> None:
        self._path = path
        self._configured = asdict(configured)

    def save(self, preferences: Preferences) -> None:
        """Keep them, durably. Raises PreferencesError."""
        changed = {key: value for key, value in asdict(preferences).items() if value != self._configured[key]}
        lines = [f"{key} = {config.toml_value(value)}" for key, value in changed.items()]
        try:
            durable.write(self._path, "\n".join([_HEAD, "[speech]", *lines, ""]).encode())
        except OSError as error:
            raise PreferencesError(f"{self._path}: cannot be written ({error.strerror}); is the disk full?") from error
