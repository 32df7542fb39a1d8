"""Whether the daemon's former run came to its own end: a file that lies there while it runs.

A daemon that was killed, hung or leaked is started again by systemd, and must say that it recovered. The file names
the boot, for pulling the plug is how such a box is switched off and nothing to make words about; so it need not survive
a power cut either, and is not synced.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""A number that the kernel draws at each boot: random(4)."""


class RunMark:
    """The file of one box.

    Args:
        path: Of the file; its folder is made if need be.
        boot_id: Where the number of this boot stands.
    """

    def __init__(self, path: Path, boot_id: Path = BOOT_ID) -> None:
        self._path = path
        self._boot_id = boot_id

    def begin(self) -> bool:
        """Set the mark; whether a former run of this boot left its own. A disk that is full only costs the words."""
        try:
            boot = self._boot_id.read_text(encoding="ascii")
            left = self._path.exists() and self._path.read_text(encoding="ascii", errors="replace") == boot
            if not left:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._path.write_text(boot, encoding="ascii")
        except OSError as error:
            log.warning("%s: cannot be written (%s); whether I recovered will not be said", self._path, error.strerror)
            return False
        if left:
            log.warning("the run before this one ended without being told to")
        return left

    def end(self) -> None:
        """Take it away, for this run ends as it should."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
