"""Asks the daemon over its socket: one connection a question, a limit on everything; or follows what happens."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from device.errors import DigitboxError
from device.protocol import FollowAsked, Request, written

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
        with self._asked(request) as connection:
            try:
                fields, content = _received(connection)
            except OSError as error:
                raise _failed(error) from error
        if "error" in fields:
            raise DaemonError(str(fields["error"]))
        return fields, content

    def follow(self) -> News:
        """What happens from now on. Raises DaemonError."""
        return News(self._asked(FollowAsked()))

    def _asked(self, request: Request) -> socket.socket:
        """A connection on which the answer will come. Raises DaemonError."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(CONNECT_SECONDS)
            connection.connect(str(self._path))
            connection.settimeout(self._answer_seconds)
            connection.sendall(written(request))
        except OSError as error:
            connection.close()
            raise _failed(error) from error
        return connection


class News:
    """What the daemon tells those who follow it; a selector takes it.

    Args:
        connection: On which it was asked to be followed.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._begun = b""

    def fileno(self) -> int:
        """Of the connection."""
        return self._connection.fileno()

    def arrived(self) -> Iterator[Mapping[str, Any]]:
        """All that has come since; does not wait. An empty object only says that it is still there.

        Raises:
            DaemonError: It hung up, or sent something else.
        """
        with contextlib.suppress(BlockingIOError):
            while True:
                more = self._receive()
                *lines, self._begun = (self._begun + more).split(b"\n")
                yield from map(_told, lines)
                if len(self._begun) > MOST_ANSWER_BYTES:
                    raise DaemonError("the box sends a line without an end; is it of the same version?")

    def close(self) -> None:
        """Follow no more."""
        self._connection.close()

    def _receive(self) -> bytes:
        try:
            more = self._connection.recv(65536)
        except BlockingIOError:
            raise
        except OSError as error:
            raise _failed(error) from error
        if not more:
            raise DaemonError("the box hung up")
        return more


def _told(line: bytes) -> Mapping[str, Any]:
    try:
        fields = json.loads(line)
    except ValueError as error:
        raise DaemonError("the box sends no JSON; is it of the same version?") from error
    if not isinstance(fields, dict):
        raise DaemonError("the box sends no JSON object; is it of the same version?")
    if "error" in fields:
        raise DaemonError(str(fields["error"]))
    return fields


def _failed(error: OSError) -> DaemonError:
    if isinstance(error, DaemonError):
        return error
    if isinstance(error, TimeoutError):
        return DaemonError("the box does not answer; try again, or restart digitbox")
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return DaemonError("the box hung up, as it does when too many ask at once; try again in a moment")
    return DaemonError(f"the box is not running ({error.strerror or error}); start it with: systemctl start digitbox")


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
