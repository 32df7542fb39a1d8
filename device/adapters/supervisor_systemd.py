"""systemd's notify protocol: ready, status, watchdog, stopping.

Source:
    sd_notify(3) and sd_watchdog_enabled(3).
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

log = logging.getLogger(__name__)


class SystemdSupervisor:
    """Tells systemd how the daemon is; silent where there is no NOTIFY_SOCKET.

    Args:
        environ: The environment systemd gave: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # An abstract name is written with "@", and begins with a zero byte on the wire.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._watchdog_seconds = _watchdog_seconds(environ)

    @property
    def watchdog_seconds(self) -> float | None:
        """How long systemd waits for a ping before it restarts us; None when it does not."""
        return self._watchdog_seconds

    def ready(self) -> None:
        """The button can be pressed."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`; line breaks become spaces, they would begin another assignment."""
        self._send("STATUS=" + " ".join(text.split()))

    def ping(self) -> None:
        """The loop has just turned."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """We are on our way out."""
        self._send("STOPPING=1")

    def _send(self, assignment: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.setblocking(False)
                sender.sendto(assignment.encode("utf-8", "replace"), self._address)
        except (OSError, ValueError) as error:
            log.debug("systemd was not told %s: %s", assignment, error)


def _watchdog_seconds(environ: Mapping[str, str]) -> float | None:
    """None also when the watchdog is another process's, or its time is no positive number."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    text = environ.get("WATCHDOG_USEC", "")
    return int(text) / 1e6 if text.isdecimal() and int(text) else None
