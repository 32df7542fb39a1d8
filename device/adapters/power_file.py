"""Switching off by a request in the runtime folder, which a systemd path unit watches.

The daemon itself has no right to switch off: the unit that sees the file has (product.md, "Files on the Pi").
"""

from __future__ import annotations

import os

from device.config import DaemonConfig
from device.errors import PowerError

REQUEST = "poweroff"


class FilePower:
    """Writes the request beside its place and renames it, so that nobody sees half of it.

    Args:
        config: Its `runtime` is the folder.
    """

    def __init__(self, config: DaemonConfig) -> None:
        self._request = config.runtime / REQUEST

    def power_off(self) -> None:
        """Ask the machine to switch off. Raises PowerError."""
        beside = self._request.with_name(f".{REQUEST}.{os.getpid()}")
        try:
            beside.write_text("requested by digitbox\n", encoding="utf-8")
            beside.replace(self._request)
        except OSError as error:
            raise PowerError(
                f"{self._request}: the request to switch off cannot be written ({error.strerror}); "
                "is the folder there, and may this user write to it?"
            ) from error
