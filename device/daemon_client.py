"""Asks the daemon over its socket: one connection a question, a limit on everything."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from device.errors import DigitboxError
from device.protocol import Request, written

ANSWER_SECONDS = 21.0
"""The daemon itself gives up after 20 and says why."""

CONNECT_SECONDS = 1.0
"""A socket of the same machine answers at once or not at all."""

MOST_ANSWER_BYTES = 4_000_000
"""The largest answer, a JPEG 1920 pixels wide, takes a quarter of it; 500 readings take a twentieth."""

MOST_CONTENT_BYTES = 8_000_000


class DaemonError(DigitboxError, OSError):
    """The daemon is not there, did not answer in time, or refused; the text is for a person."""


class DaemonClient:
    """What the pages know of the daemon.

    Args:
        path: Of its socket.
        answer_seconds: How long an answer may take.
    """

    def __init__(self, path: Path, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._path = path
        self._answer_seconds = answer_seconds

    def ask(self, request: Request) -> Mapping[str, Any]:
        """The answer's fields. Raises DaemonError."""
        return self.ask_for_content(request)[0]

    def ask_for_content(self, request: Request) -> tuple[Mapping[str, Any], bytes]:
        """The answer's fields and what follows them, such as a picture. Raises DaemonError."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(CONNECT_SECONDS)
                connection.connect(str(self._path))
                connection.settimeout(self._answer_seconds)
                connection.sendall(written(request))
                fields, content = _received(connection)
        except TimeoutError as error:
            raise DaemonError("the box does not answer; try again, or restart digitbox") from error
        except OSError as error:
            raise DaemonError(
                f"the box is not running ({error.strerror or error}); start it with: systemctl start digitbox"
            ) from error
        if "error" in fields:
            raise DaemonError(str(fields["error"]))
        return fields, content


def _received(connection: socket.socket) -> tuple[Mapping[str, Any], bytes]:
    with connection.makefile("rb") as file:
        line = file.readline(MOST_ANSWER_BYTES)
        try:
            fields = json.loads(line)
            length = int(fields.get("bytes", 0))
        except (ValueError, AttributeError, TypeError) as error:
            raise DaemonError("the box hung up without an answer; try again") from error
        if not 0 <= length <= MOST_CONTENT_BYTES:
            raise DaemonError(f"the box announced {length} bytes; is it of the same version?")
        content = file.read(length)
        if len(content) < length:
            raise DaemonError("the box hung up within its answer; try again")
        return fields, content
