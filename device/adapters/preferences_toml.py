"""Preferences in a TOML file that is there whole or not at all."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from device.errors import PreferencesError
from device.preferences import Preferences

_HEAD = "# What was changed by voice or on the page; laid over /etc/digitbox/digitbox.toml. Delete it to start afresh."


class TomlPreferences:
    """The file that `device.config.preferred` reads.

    Args:
        path: Of the file; its folder is made if need be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, preferences: Preferences) -> None:
        """Keep them, durably: written beside, flushed to the disk, renamed. Raises PreferencesError."""
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in asdict(preferences).items()]
        beside = self._path.with_suffix(".part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("w", encoding="utf-8") as file:
                file.write("\n".join([_HEAD, "[speech]", *lines, ""]))
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
            _flush_folder(self._path.parent)
        except OSError as error:
            raise PreferencesError(f"{self._path}: cannot be written ({error.strerror}); is the disk full?") from error


def _flush_folder(folder: Path) -> None:
    """Let the new name reach the disk too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
