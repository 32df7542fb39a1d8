"""What a Linux machine knows of itself."""

from __future__ import annotations

import os
import re
from pathlib import Path

from device import __version__

_MEMORY = Path("/proc/meminfo")


class LinuxMachine:
    """The machine the daemon runs on.

    Args:
        runtime: Folder whose file `network` holds the address, written by a unit that may see the network.
        state: Folder on the disk whose free space counts.
    """

    def __init__(self, runtime: Path, state: Path) -> None:
        self._runtime = runtime
        self._state = state

    @property
    def version(self) -> str:
        """Of digitbox."""
        return __version__

    def network_address(self) -> str | None:
        """Its first address, or None while it has none."""
        try:
            words = (self._runtime / "network").read_text(encoding="ascii", errors="replace").split()
        except OSError:
            return None
        return words[0] if words else None

    def free_bytes(self) -> int | None:
        """Space that is left for what the box keeps; None where nobody knows."""
        folder = self._state
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        try:
            disk = os.statvfs(folder)
        except OSError:
            return None
        return disk.f_bavail * disk.f_frsize

    def available_memory_bytes(self) -> int | None:
        """Memory that new work could have without swapping (proc(5), MemAvailable); None where nobody knows."""
        try:
            found = re.search(r"^MemAvailable:\s+(\d+) kB", _MEMORY.read_text(encoding="ascii"), re.MULTILINE)
        except OSError:
            return None
        return int(found[1]) * 1024 if found else None
